"""How another machine is talked to by SFTP: settings of a switch whose records lie there (SFTP 设置)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

KEYS = ("sftp_host_key", "sftp_known_hosts", "sftp_key_file", "sftp_passphrase_file")


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpSettings:
    """By what the machine is known to us, and we to it.

    `host_key` is the only key it may show, "ssh-ed25519 AAAA..."; without it, one of `known_hosts`.
    `key_file` is our private key; `passphrase_file` holds its passphrase, read when it is needed.
    """

    host_key: str | None = None
    known_hosts: Path | None = None
    key_file: Path | None = None
    passphrase_file: Path | None = None


def sftp_of(folder: Path, table: Mapping[str, str]) -> SftpSettings:
    """What a switch's settings say of SFTP; paths start from where seatline.toml lies, ~ is the home."""

    def place(key: str) -> Path | None:
        return folder / Path(table[key]).expanduser() if key in table else None

    return SftpSettings(
        host_key=table.get("sftp_host_key"),
        known_hosts=place("sftp_known_hosts"),
        key_file=place("sftp_key_file"),
        passphrase_file=place("sftp_passphrase_file"),
    )
