"""[nightly] of seatline.toml: where reports go, and who is told when a night fails (夜间作业设置)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, cast

from provisioning.flows.errors import FlowError

Language = Literal["zh", "en"]
When = Literal["failure", "findings", "always"]
Security = Literal["starttls", "tls", "none"]

_SAFE_ADDRESS = r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,253}"
_URL = r"https?://[!-~]{1,2000}"
FORMATS = ("json", "dingtalk", "feishu", "slack", "wecom")
SIGNED = ("json", "dingtalk", "feishu")
PORTS: Mapping[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
_KEYS = {"reports", "keep_days", "language", "metrics", "tell", "mail", "webhook"}
_MAIL = {"smtp", "security", "from", "to", "user", "password_file", "ca_file"}
_WEBHOOK = {"url", "url_file", "format", "secret_file", "ca_file"}


class NightlyWrong(FlowError):
    """[nightly] says something that cannot be meant."""

    exit_code = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """By which server a mail goes out, from whom, to whom. The password is read when it is needed."""

    host: str
    port: int
    security: Security
    sender: str
    to: tuple[str, ...]
    user: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """An address that is told, and in whose manner. With a secret in its URL, the URL stands in a file; with
    `secret_file` what is sent is signed."""

    url: str | None = None
    url_file: Path | None = None
    manner: str = "json"
    secret_file: Path | None = None
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NightlySettings:
    """What becomes of a night's report. Reports hold numbers that were called: they go after `keep_days`."""

    reports: Path | None = None
    keep_days: int = 183
    language: Language = "zh"
    metrics: Path | None = None
    tell: When = "failure"
    mail: MailSettings | None = None
    webhook: WebhookSettings | None = None


def nightly(folder: Path, at: str, table: Any) -> NightlySettings:
    """The settings of that table; NightlyWrong for unknown keys and wrong kinds."""
    _table(table, _KEYS, at)
    _texts(table, ("reports", "language", "metrics", "tell"), at)
    keep = table.get("keep_days", 183)
    if type(keep) is not int or not 1 <= keep <= 3660:
        raise NightlyWrong(f"{at} keep_days is a number of days from 1 to 3660, like 183")
    return NightlySettings(
        reports=_file(folder, table, "reports"),
        keep_days=keep,
        language=cast("Language", _one_of(table, "language", ("zh", "en"), at)),
        metrics=_file(folder, table, "metrics"),
        tell=cast("When", _one_of(table, "tell", ("failure", "findings", "always"), at)),
        mail=_mail(folder, at.replace("nightly", "nightly.mail"), table["mail"]) if "mail" in table else None,
        webhook=(
            _webhook(folder, at.replace("nightly", "nightly.webhook"), table["webhook"])
            if "webhook" in table
            else None
        ),
    )


def _mail(folder: Path, at: str, table: Any) -> MailSettings:
    _table(table, _MAIL, at)
    _texts(table, ("smtp", "security", "from", "user", "password_file", "ca_file"), at)
    security = cast("Security", _one_of(table, "security", ("starttls", "tls", "none"), at))
    found = re.fullmatch(r"([A-Za-z0-9.-]{1,253})(?::([0-9]{1,5}))?", table.get("smtp", ""))
    if found is None or not 0 < int(found[2] or 1) < 65536:
        raise NightlyWrong(f'{at} needs smtp = "host" or "host:port", like "smtp.example.net:587"')
    to = table.get("to", [])
    addresses = [table.get("from", ""), *(to if isinstance(to, list) else [None])]
    wrong = [text for text in addresses if not isinstance(text, str) or not re.fullmatch(_SAFE_ADDRESS, text)]
    if wrong or len(addresses) < 2:
        raise NightlyWrong(
            f'{at} needs from = "seatline@example.net" and to = ["ops@example.net"], mail addresses'
        )
    if ("user" in table) != ("password_file" in table):
        raise NightlyWrong(f"{at} user and password_file belong together: name both or none")
    if "user" in table and security == "none":
        raise NightlyWrong(
            f'{at} the password would cross the network in clear: security = "starttls" or "tls"'
        )
    return MailSettings(
        host=found[1],
        port=int(found[2]) if found[2] else PORTS[security],
        security=security,
        sender=table["from"],
        to=tuple(to),
        user=table.get("user"),
        password_file=_file(folder, table, "password_file"),
        ca_file=_file(folder, table, "ca_file"),
    )


def _webhook(folder: Path, at: str, table: Any) -> WebhookSettings:
    _table(table, _WEBHOOK, at)
    _texts(table, ("url", "url_file", "format", "secret_file", "ca_file"), at)
    if ("url" in table) == ("url_file" in table):
        raise NightlyWrong(
            f"{at} needs one of url and url_file; a URL that holds a secret belongs in a file, url_file"
        )
    if "url" in table and not is_url(table["url"]):
        raise NightlyWrong(f'{at} url is an address like "https://alerts.example.net/seatline"')
    manner = _one_of(table, "format", FORMATS, at)
    if "secret_file" in table and manner not in SIGNED:
        raise NightlyWrong(f"{at} secret_file: {manner} knows no signature; only {', '.join(SIGNED)} do")
    return WebhookSettings(
        url=table.get("url"),
        url_file=_file(folder, table, "url_file"),
        manner=manner,
        secret_file=_file(folder, table, "secret_file"),
        ca_file=_file(folder, table, "ca_file"),
    )


def is_url(text: str) -> bool:
    """Whether a text is an address that a webhook may have."""
    return re.fullmatch(_URL, text) is not None


def _table(table: Any, known: set[str], at: str) -> None:
    if not isinstance(table, dict):
        raise NightlyWrong(f"{at} is a table of settings")
    if unknown := sorted(set(table) - known):
        raise NightlyWrong(
            f"{at}: unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )


def _texts(table: Mapping[str, Any], keys: tuple[str, ...], at: str) -> None:
    for key in keys:
        if not isinstance(table.get(key, ""), str):
            raise NightlyWrong(f"{at} {key} is text")


def _one_of(table: Mapping[str, Any], key: str, choices: tuple[str, ...], at: str) -> str:
    """The chosen one; the first of them where nothing is said."""
    chosen = str(table.get(key, choices[0]))
    if chosen not in choices:
        raise NightlyWrong(f"{at} {key} is one of {', '.join(choices)}, not {chosen!r}")
    return chosen


def _file(folder: Path, table: Mapping[str, Any], key: str) -> Path | None:
    return folder / table[key] if key in table else None


def networks(at: str, values: Any) -> tuple[str, ...]:
    """Networks as "192.0.2.0/24" or single addresses; NightlyWrong for anything else."""
    try:
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise ValueError
        return tuple(str(ip_network(value)) for value in values)
    except ValueError:
        raise NightlyWrong(f'{at} is a list of networks, like ["127.0.0.1", "192.0.2.0/24"]') from None
