"""Settings: seatline.toml, the environment, and nothing else; secrets come from files or the environment."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioning.settings_nightly import NightlySettings, networks, nightly
from provisioning.settings_switch import SwitchSettings, one_switch_each, switch_of
from provisioning.settings_table import SettingsWrong, host_and_port, is_sip_address, only, texts

DEFAULT_FILE = "seatline.toml"
DEFAULT_DATABASE = "sqlite:///seatline.db"
DEFAULT_LISTEN = "127.0.0.1:8080"
_URL = r"https?://([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?"
_MODEL = r"[a-z0-9][a-z0-9.-]*"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Where `seatline serve` hands out IAD files, and how the devices reach it (设备取文件).

    `url` is what stands in a device's own configuration, without a slash at its end; None: devices are not
    told to fetch. With `certificate` and `key` it speaks HTTPS. `metrics_from` are the networks from which
    /metrics is answered, to anybody else it is not found; none: to nobody.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    url: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    metrics_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideSettings:
    """The far end of an acceptance's calls (验收外线): a telephone of the operator's that we play, registered
    as `number` at `sip` with the digest user `user`, and numbers that answer by themselves, each any call.
    """

    number: str | None = None
    sip: str | None = None
    user: str | None = None
    secret_file: Path | None = None
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings there are. `folder` is where seatline.toml lies; relative paths start from it.

    `iad_templates` are the folders of the user's own templates, by the model they are for.
    """

    folder: Path
    file: Path | None = None
    database_url: str = DEFAULT_DATABASE
    switches: Mapping[str, SwitchSettings] = field(default_factory=dict)
    serve: ServeSettings = ServeSettings()
    iad_templates: Mapping[str, Path] = field(default_factory=dict)
    outside: OutsideSettings = OutsideSettings()
    nightly: NightlySettings = field(default_factory=NightlySettings)

    @property
    def state(self) -> Path:
        """The folder for locks (one writer at a time)."""
        return self.folder / ".seatline"


def load(config: Path | None, environment: Mapping[str, str]) -> Settings:
    """Reads the settings; without a file the ledger is SQLite in the working folder. A BOM does no harm.

    Raises SettingsWrong for a named file that is missing, bad TOML, unknown keys and wrong kinds.
    """
    named = config or (Path(environment["SEATLINE_CONFIG"]) if environment.get("SEATLINE_CONFIG") else None)
    file = named or Path(DEFAULT_FILE)
    if not file.is_file():
        if named is not None:
            raise SettingsWrong(f"{file}: no such settings file; leave --config out to do without one")
        return _settled(Path.cwd(), None, {}, environment)
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise SettingsWrong(f"{file}: not valid TOML: {fault}") from fault
    except OSError as fault:
        raise SettingsWrong(f"{file}: cannot be read: {fault.strerror}") from fault
    return _settled(file.resolve().parent, file, content, environment)


def _settled(
    folder: Path, file: Path | None, content: Mapping[str, Any], environment: Mapping[str, str]
) -> Settings:
    where = str(file or "settings")
    only(content, {"database_url", "switches", "serve", "iad_templates", "outside", "nightly"}, where)
    url = environment.get("SEATLINE_DATABASE_URL") or content.get("database_url", DEFAULT_DATABASE)
    switches = content.get("switches", {})
    if not isinstance(url, str):
        raise SettingsWrong(f"{where}: database_url is text, like {DEFAULT_DATABASE!r}")
    if not isinstance(switches, dict):
        raise SettingsWrong(f"{where}: switches is a table, one [switches.NAME] each")
    known = {name: switch_of(folder, where, name, table) for name, table in switches.items()}
    one_switch_each(known, where)
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////") and url != "sqlite:///:memory:":
        url = f"sqlite:///{folder / url.removeprefix('sqlite:///')}"
    return Settings(
        folder=folder,
        file=file,
        database_url=url,
        switches=known,
        serve=_serve(folder, f"{where}: [serve]", content.get("serve", {})),
        iad_templates=_templates(folder, f"{where}: [iad_templates]", content.get("iad_templates", {})),
        outside=_outside(folder, f"{where}: [outside]", content.get("outside", {})),
        nightly=nightly(folder, f"{where}: [nightly]", content.get("nightly", {})),
    )


def _serve(folder: Path, at: str, table: Any) -> ServeSettings:
    if not isinstance(table, dict):
        raise SettingsWrong(f"{at} is a table of settings")
    only(table, {"listen", "url", "certificate", "key", "metrics_from"}, at)
    texts(table, ("url", "certificate", "key"), at)
    listen = host_and_port(table.get("listen", DEFAULT_LISTEN))
    if listen is None:
        raise SettingsWrong(f'{at} listen is "host:port", like "{DEFAULT_LISTEN}"')
    url = table.get("url")
    if url is not None and not re.fullmatch(_URL, url):
        raise SettingsWrong(f'{at} url is how devices reach us, like "https://prov.example.net"')
    if ("certificate" in table) != ("key" in table):
        raise SettingsWrong(f"{at} certificate and key are files that belong together: name both or none")
    return ServeSettings(
        host=listen[0],
        port=listen[1],
        url=url.rstrip("/") if url is not None else None,
        certificate=folder / table["certificate"] if "certificate" in table else None,
        key=folder / table["key"] if "key" in table else None,
        metrics_from=networks(f"{at} metrics_from", table.get("metrics_from", [])),
    )


def _templates(folder: Path, at: str, table: Any) -> Mapping[str, Path]:
    if not isinstance(table, dict):
        raise SettingsWrong(f'{at} is a table, "model" = "folder" each')
    texts(table, tuple(table), at)
    if wrong := [model for model in table if not re.fullmatch(_MODEL, model)]:
        raise SettingsWrong(f'{at} {wrong[0]!r} is no model, like "dinstar-dag2000"')
    return {model: folder / path for model, path in table.items()}


def _outside(folder: Path, at: str, table: Any) -> OutsideSettings:
    if not isinstance(table, dict):
        raise SettingsWrong(f"{at} is a table of settings")
    only(table, {"number", "sip", "user", "secret_file", "answers"}, at)
    texts(table, ("number", "user", "secret_file"), at)
    answers = table.get("answers", [])
    listed = answers if isinstance(answers, list) else [answers, None]
    numbers = [table["number"], *listed] if "number" in table else listed
    if not all(isinstance(number, str) and re.fullmatch("[0-9]{3,15}", number) for number in numbers):
        raise SettingsWrong(f'{at} number and answers are text of digits, like number = "13800138000"')
    if "sip" in table and not is_sip_address(table["sip"]):
        raise SettingsWrong(f'{at} sip is where the number registers, "host" or "host:port"')
    if "number" in table and not {"sip", "user"} <= table.keys():
        raise SettingsWrong(f"{at} a number of ours needs sip and user, and its secret")
    return OutsideSettings(
        number=table.get("number"),
        sip=table.get("sip"),
        user=table.get("user"),
        secret_file=folder / table["secret_file"] if "secret_file" in table else None,
        answers=tuple(answers),
    )


def listen_address(text: str) -> tuple[str, int]:
    """Host and port of a text like "0.0.0.0:8080" or "[::1]:8080"; SettingsWrong for any other."""
    found = host_and_port(text)
    if found is None:
        raise SettingsWrong(
            f'{text!r} is no address to listen on; write "host:port", like "{DEFAULT_LISTEN}"'
        )
    return found


def environment() -> Mapping[str, str]:
    """The process's environment."""
    return os.environ
