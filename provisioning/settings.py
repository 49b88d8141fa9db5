"""Settings: seatline.toml, the environment, and nothing else; secrets come from files or the environment."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioning.flows.errors import FlowError

DEFAULT_FILE = "seatline.toml"
DEFAULT_DATABASE = "sqlite:///seatline.db"


class SettingsWrong(FlowError):
    """seatline.toml or the environment says something that cannot be meant."""

    exit_code = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchSettings:
    """One Asterisk: where its AMI listens, as whom we log in, which sites it serves, where its records lie.

    `sites` None means every site of the ledger. The secret is read when it is needed, and never kept here.
    """

    name: str
    host: str
    port: int
    user: str = "provisioner"
    secret_file: Path | None = None
    sites: tuple[str, ...] | None = None
    records: tuple[Path, ...] = ()

    def serves(self, site: str) -> bool:
        return self.sites is None or site in self.sites


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings there are. `folder` is where seatline.toml lies; relative paths start from it."""

    folder: Path
    file: Path | None = None
    database_url: str = DEFAULT_DATABASE
    switches: Mapping[str, SwitchSettings] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        """The folder for locks (one writer at a time)."""
        return self.folder / ".seatline"


def load(config: Path | None, environment: Mapping[str, str]) -> Settings:
    """Reads the settings; without a file the ledger is SQLite in the working folder.

    Raises SettingsWrong for a named file that is missing, bad TOML, unknown keys and wrong kinds.
    """
    named = config or (Path(environment["SEATLINE_CONFIG"]) if environment.get("SEATLINE_CONFIG") else None)
    file = named or Path(DEFAULT_FILE)
    if not file.is_file():
        if named is not None:
            raise SettingsWrong(f"{file}: no such settings file; leave --config out to do without one")
        return _settled(Path.cwd(), None, {}, environment)
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise SettingsWrong(f"{file}: not valid TOML: {fault}") from fault
    except OSError as fault:
        raise SettingsWrong(f"{file}: cannot be read: {fault.strerror}") from fault
    return _settled(file.resolve().parent, file, content, environment)


def secret_of(switch: SwitchSettings, environment: Mapping[str, str]) -> str:
    """The AMI secret of a switch: SEATLINE_SECRET_<NAME> first, then its secret_file."""
    variable = "SEATLINE_SECRET_" + switch.name.upper().replace("-", "_")
    if environment.get(variable):
        return environment[variable]
    if switch.secret_file is None:
        raise SettingsWrong(f"switch {switch.name} has no secret: set secret_file, or {variable}")
    try:
        return switch.secret_file.read_text(encoding="utf-8").strip()
    except OSError as fault:
        raise SettingsWrong(f"{switch.secret_file}: cannot be read: {fault.strerror}") from fault


def _settled(
    folder: Path, file: Path | None, content: Mapping[str, Any], environment: Mapping[str, str]
) -> Settings:
    where = str(file or "settings")
    _only(content, {"database_url", "switches"}, where)
    url = environment.get("SEATLINE_DATABASE_URL") or content.get("database_url", DEFAULT_DATABASE)
    switches = content.get("switches", {})
    if not isinstance(url, str):
        raise SettingsWrong(f"{where}: database_url is text, like {DEFAULT_DATABASE!r}")
    if not isinstance(switches, dict):
        raise SettingsWrong(f"{where}: switches is a table, one [switches.NAME] each")
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////") and url != "sqlite:///:memory:":
        url = f"sqlite:///{folder / url.removeprefix('sqlite:///')}"
    return Settings(
        folder=folder,
        file=file,
        database_url=url,
        switches={name: _switch(folder, where, name, table) for name, table in switches.items()},
    )


def _switch(folder: Path, where: str, name: str, table: Any) -> SwitchSettings:
    at = f"{where}: [switches.{name}]"
    if not isinstance(table, dict):
        raise SettingsWrong(f"{at} is a table of settings")
    _only(table, {"ami", "user", "secret_file", "sites", "records"}, at)
    host, _, port = str(table.get("ami", "")).rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise SettingsWrong(f'{at} needs ami = "host:port", like "127.0.0.1:5038"')
    for key in ("user", "secret_file"):
        if not isinstance(table.get(key, ""), str):
            raise SettingsWrong(f"{at} {key} is text")
    for key in ("sites", "records"):
        values = table.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise SettingsWrong(f"{at} {key} is a list of text")
    return SwitchSettings(
        name=name,
        host=host,
        port=int(port),
        user=table.get("user", "provisioner"),
        secret_file=folder / table["secret_file"] if "secret_file" in table else None,
        sites=tuple(table["sites"]) if "sites" in table else None,
        records=tuple(folder / path for path in table.get("records", [])),
    )


def _only(table: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise SettingsWrong(
            f"{where}: unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )


def environment() -> Mapping[str, str]:
    """The process's environment."""
    return os.environ
