"""[switches.NAME] of seatline.toml: one Asterisk, where it is and what it serves (交换机设置)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioning.flows import source_text
from provisioning.settings_sftp import KEYS as _SFTP
from provisioning.settings_sftp import SftpSettings, sftp_of
from provisioning.settings_table import SettingsWrong, host_and_port, is_sip_address, only, texts
from provisioning.settings_witness import KEYS as _WITNESS
from provisioning.settings_witness import TEXTS as _WITNESS_TEXTS
from provisioning.settings_witness import WitnessSettings, witness_of

_TLS = "tls://"
_OF_SWITCH = {"ami", "user", "secret_file", "sites", "records", "sip", "ca_file", "sounds", "recordings"}


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


def switch_of(folder: Path, where: str, name: str, table: Any) -> SwitchSettings:
    at = f"{where}: [switches.{name}]"
    if not isinstance(table, dict):
        raise SettingsWrong(f"{at} is a table of settings")
    only(table, {*_OF_SWITCH, *_SFTP, *_WITNESS}, at)
    texts(
        table, ("ami", "user", "secret_file", "ca_file", "sounds", "recordings", *_SFTP, *_WITNESS_TEXTS), at
    )
    ami = table.get("ami", "")
    tls = ami.startswith(_TLS)
    listens = host_and_port(ami.removeprefix(_TLS))
    if listens is None:
        raise SettingsWrong(
            f'{at} needs ami = "host:port", like "127.0.0.1:5038"; "tls://host:5039" where it speaks TLS'
        )
    if "ca_file" in table and not tls:
        raise SettingsWrong(f'{at} ca_file is for TLS: write ami = "tls://{ami}", or leave it out')
    sip = table.get("sip")
    if sip is not None and not is_sip_address(sip):
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


def one_switch_each(switches: Mapping[str, SwitchSettings], where: str) -> None:
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
