"""Settings: seatline.toml, the environment, and nothing else; secrets come from files or the environment."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioning.flows import source_text
from provisioning.flows.errors import FlowError
from provisioning.settings_nightly import NightlySettings, networks, nightly
from provisioning.settings_sftp import KEYS as _SFTP
from provisioning.settings_sftp import SftpSettings, sftp_of
from provisioning.settings_witness import KEYS as _WITNESS
from provisioning.settings_witness import TEXTS as _WITNESS_TEXTS
from provisioning.settings_witness import WitnessSettings, witness_of

DEFAULT_FILE = "seatline.toml"
DEFAULT_DATABASE = "sqlite:///seatline.db"
DEFAULT_LISTEN = "127.0.0.1:8080"
_TLS = "tls://"
_SIP_ADDRESS = r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?"
_URL = r"https?://([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?"
_MODEL = r"[a-z0-9][a-z0-9.-]*"
_OF_SWITCH = {"ami", "user", "secret_file", "sites", "records", "sip", "ca_file", "sounds", "recordings"}


class SettingsWrong(FlowError):
    """seatline.toml or the environment says something that cannot be meant."""

    exit_code = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchSettings:
    """One Asterisk: where its AMI listens, as whom we log in, which sites it serves, where its records lie.

    `sites` None means every site of the ledger. The secret is read when it is needed, and never kept here.
    Each of `records` is a source of call records: a file, a folder, or a URL like sftp://user@host/folder.
    `sip` is where its IADs register, host or host:port; None where nobody said. With `tls` its AMI is spoken
    to over TLS, and its certificate is believed by `ca_file`, or by what the machine trusts. `sounds` and
    `recordings` are the folders of its prompts and its recorded calls, as we see them.
    """

    name: str
    host: str
    port: int
    user: str = "provisioner"
    secret_file: Path | None = None
    sites: tuple[str, ...] | None = None
    records: tuple[str, ...] = ()
    sip: str | None = None
    tls: bool = False
    ca_file: Path | None = None
    sounds: Path | None = None
    recordings: Path | None = None
    sftp: SftpSettings = field(default_factory=SftpSettings)
    witness: WitnessSettings = field(default_factory=WitnessSettings)

    def serves(self, site: str) -> bool:
        return self.sites is None or site in self.sites


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


def secret_of(switch: SwitchSettings, environment: Mapping[str, str]) -> str:
    """The AMI secret of a switch: SEATLINE_SECRET_<NAME> first, then its secret_file."""
    variable = "SEATLINE_SECRET_" + switch.name.upper().replace("-", "_")
    if secret := environment.get(variable, "").strip():
        return secret
    if switch.secret_file is None:
        raise SettingsWrong(f"switch {switch.name} has no secret: set secret_file, or {variable}")
    return _secret_in(switch.secret_file, f"switch {switch.name}", variable)


def collector_secret(switch: SwitchSettings, environment: Mapping[str, str]) -> str:
    """The secret of the AMI user that watches calls: SEATLINE_COLLECTOR_SECRET_<NAME>, then its file."""
    variable = "SEATLINE_COLLECTOR_SECRET_" + switch.name.upper().replace("-", "_")
    if secret := environment.get(variable, "").strip():
        return secret
    file = switch.witness.secret_file
    if file is None:
        raise SettingsWrong(
            f"nobody may watch the calls of switch {switch.name}: set collector_secret_file to the secret of "
            f"its AMI user {switch.witness.collector!r} (manager.conf: read = cdr), or {variable}"
        )
    return _secret_in(file, f"switch {switch.name}", variable, key="collector_secret_file")


def sftp_passphrase(switch: str, sftp: SftpSettings, environment: Mapping[str, str]) -> str | None:
    """The passphrase of our SSH key: SEATLINE_SFTP_PASSPHRASE_<NAME> first, then its file; None without."""
    variable = "SEATLINE_SFTP_PASSPHRASE_" + switch.upper().replace("-", "_")
    if secret := environment.get(variable, "").strip():
        return secret
    if sftp.passphrase_file is None:
        return None
    return _secret_in(sftp.passphrase_file, f"switch {switch}", variable, key="sftp_passphrase_file")


def outside_secret(outside: OutsideSettings, environment: Mapping[str, str]) -> str:
    """The secret of the test telephone outside: SEATLINE_OUTSIDE_SECRET first, then its secret_file."""
    variable = "SEATLINE_OUTSIDE_SECRET"
    if secret := environment.get(variable, "").strip():
        return secret
    if outside.secret_file is None:
        raise SettingsWrong(f"[outside] has no secret: set secret_file, or {variable}")
    return _secret_in(outside.secret_file, "[outside]", variable)


def nightly_secret(
    file: Path | None, whose: str, variable: str, environment: Mapping[str, str], *, key: str
) -> str:
    """A secret of [nightly.mail] or [nightly.webhook]: the environment first, then its file."""
    if secret := environment.get(variable, "").strip():
        return secret
    if file is None:
        raise SettingsWrong(f"{whose} has no secret: set {key}, or {variable}")
    return _secret_in(file, whose, variable, key=key)


def _secret_in(file: Path, whose: str, variable: str, *, key: str = "secret_file") -> str:
    try:
        secret = file.read_text(encoding="utf-8-sig").strip()
        why = "it holds more than one line" if secret else "it is empty"
    except OSError as fault:
        secret, why = "", str(fault.strerror)
    except UnicodeDecodeError:
        secret, why = "", "it is no text"
    if secret and len(secret.splitlines()) == 1:
        return secret
    raise SettingsWrong(
        f"{whose}: {key} {file} cannot be used: {why}; mend {key} in seatline.toml, or set {variable}"
    )


def _settled(
    folder: Path, file: Path | None, content: Mapping[str, Any], environment: Mapping[str, str]
) -> Settings:
    where = str(file or "settings")
    _only(content, {"database_url", "switches", "serve", "iad_templates", "outside", "nightly"}, where)
    url = environment.get("SEATLINE_DATABASE_URL") or content.get("database_url", DEFAULT_DATABASE)
    switches = content.get("switches", {})
    if not isinstance(url, str):
        raise SettingsWrong(f"{where}: database_url is text, like {DEFAULT_DATABASE!r}")
    if not isinstance(switches, dict):
        raise SettingsWrong(f"{where}: switches is a table, one [switches.NAME] each")
    known = {name: _switch(folder, where, name, table) for name, table in switches.items()}
    _one_switch_each(known, where)
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


def _switch(folder: Path, where: str, name: str, table: Any) -> SwitchSettings:
    at = f"{where}: [switches.{name}]"
    if not isinstance(table, dict):
        raise SettingsWrong(f"{at} is a table of settings")
    _only(table, {*_OF_SWITCH, *_SFTP, *_WITNESS}, at)
    _texts(
        table, ("ami", "user", "secret_file", "ca_file", "sounds", "recordings", *_SFTP, *_WITNESS_TEXTS), at
    )
    ami = table.get("ami", "")
    tls = ami.startswith(_TLS)
    listens = _host_and_port(ami.removeprefix(_TLS))
    if listens is None:
        raise SettingsWrong(
            f'{at} needs ami = "host:port", like "127.0.0.1:5038"; "tls://host:5039" where it speaks TLS'
        )
    if "ca_file" in table and not tls:
        raise SettingsWrong(f'{at} ca_file is for TLS: write ami = "tls://{ami}", or leave it out')
    sip = table.get("sip")
    if sip is not None and not _is_sip_address(sip):
        raise SettingsWrong(
            f'{at} sip is where its IADs register, "host" or "host:port", like "192.0.2.10:5060"'
        )
    for key in ("sites", "records", "events"):
        values = table.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise SettingsWrong(f"{at} {key} is a list of text")
    return SwitchSettings(
        name=name,
        host=listens[0],
        port=listens[1],
        user=table.get("user", "provisioner"),
        secret_file=folder / table["secret_file"] if "secret_file" in table else None,
        sites=tuple(table["sites"]) if "sites" in table else None,
        records=tuple(_source(folder, at, text) for text in table.get("records", [])),
        sip=sip,
        tls=tls,
        ca_file=folder / table["ca_file"] if "ca_file" in table else None,
        sounds=folder / table["sounds"] if "sounds" in table else None,
        recordings=folder / table["recordings"] if "recordings" in table else None,
        sftp=sftp_of(folder, table),
        witness=witness_of(folder, table),
    )


def _source(folder: Path, at: str, text: str) -> str:
    """A URL as it stands; a file or folder by its path, from where seatline.toml lies."""
    if not source_text.scheme_of(text):
        return str(folder / text)
    try:
        source_text.parse(text)
    except source_text.SourceWrong as fault:
        raise SettingsWrong(f"{at} records: {fault}") from None
    return text


def _one_switch_each(switches: Mapping[str, SwitchSettings], where: str) -> None:
    """A site is on one switch: its seats would be registered at the operator by each."""
    serving: dict[str, str] = {}
    for switch in switches.values():
        for site in switch.sites or ():
            other = serving.setdefault(site, switch.name)
            if other != switch.name:
                raise SettingsWrong(
                    f"{where}: site {site} is in `sites` of [switches.{other}] and of "
                    f"[switches.{switch.name}]; leave it at the one that serves it"
                )


def _serve(folder: Path, at: str, table: Any) -> ServeSettings:
    if not isinstance(table, dict):
        raise SettingsWrong(f"{at} is a table of settings")
    _only(table, {"listen", "url", "certificate", "key", "metrics_from"}, at)
    _texts(table, ("url", "certificate", "key"), at)
    listen = _host_and_port(table.get("listen", DEFAULT_LISTEN))
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
    _texts(table, tuple(table), at)
    if wrong := [model for model in table if not re.fullmatch(_MODEL, model)]:
        raise SettingsWrong(f'{at} {wrong[0]!r} is no model, like "dinstar-dag2000"')
    return {model: folder / path for model, path in table.items()}


def _outside(folder: Path, at: str, table: Any) -> OutsideSettings:
    if not isinstance(table, dict):
        raise SettingsWrong(f"{at} is a table of settings")
    _only(table, {"number", "sip", "user", "secret_file", "answers"}, at)
    _texts(table, ("number", "user", "secret_file"), at)
    answers = table.get("answers", [])
    listed = answers if isinstance(answers, list) else [answers, None]
    numbers = [table["number"], *listed] if "number" in table else listed
    if not all(isinstance(number, str) and re.fullmatch("[0-9]{3,15}", number) for number in numbers):
        raise SettingsWrong(f'{at} number and answers are text of digits, like number = "13800138000"')
    if "sip" in table and not _is_sip_address(table["sip"]):
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
    found = _host_and_port(text)
    if found is None:
        raise SettingsWrong(
            f'{text!r} is no address to listen on; write "host:port", like "{DEFAULT_LISTEN}"'
        )
    return found


def _host_and_port(value: Any) -> tuple[str, int] | None:
    """The two of "host:port", an IPv6 address in brackets; None where that is not what it says."""
    host, _, port = str(value).rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        return None
    host = host[1:-1] if bracketed else host
    return (host, int(port)) if host and (bracketed or ":" not in host) else None


def _is_sip_address(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(_SIP_ADDRESS, value):
        return False
    return ":" not in value or _host_and_port(value) is not None


def _texts(table: Mapping[str, Any], keys: tuple[str, ...], at: str) -> None:
    for key in keys:
        if not isinstance(table.get(key, ""), str):
            raise SettingsWrong(f"{at} {key} is text")


def _only(table: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise SettingsWrong(
            f"{where}: unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )


def environment() -> Mapping[str, str]:
    """The process's environment."""
    return os.environ
