"""The folder of a switch's recordings, as this machine sees it (提示音目录).

<site>/<name>.wav are a customer's own, _zh, _en and _music those that go with us. The switch reads them, as
another user; only we write.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pbx.errors import Unreachable

_FILE, _FOLDER = 0o644, 0o755
"""Everybody on the machine may read what every caller hears."""


class SoundFolder:
    """The sounds of one switch. Raises Unreachable where the disk does not do what it is asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def held(self, group: str) -> Mapping[str, bytes]:
        """The files of a site or of a folder of ours, by their names; none where there is no such folder."""
        folder = self._folder / group
        try:
            if not folder.is_dir():
                return {}
            return {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file()}
        except OSError as fault:
            raise Unreachable(f"{folder} cannot be read: {fault.strerror}") from None

    def write(self, group: str, name: str, content: bytes) -> None:
        """Writes a file whole or not at all; calls that play the former one play it to its end."""
        target = self._folder / group / name
        part = target.with_name(f".{name}.{secrets.token_hex(4)}.part")
        try:
            if not self._folder.is_dir():
                raise Unreachable(f"{self._folder} is not there: make the folder, as `sounds` names it")
            target.parent.mkdir(exist_ok=True)
            target.parent.chmod(_FOLDER)
            try:
                part.write_bytes(content)
                part.chmod(_FILE)
                with part.open("rb") as written:
                    os.fsync(written.fileno())
                part.replace(target)
            finally:
                with suppress(FileNotFoundError):
                    part.unlink()
        except OSError as fault:
            raise Unreachable(f"{target} cannot be written: {fault.strerror}") from None

    def remove(self, group: str, name: str) -> bool:
        """Takes a file away; whether there was one."""
        try:
            (self._folder / group / name).unlink()
        except FileNotFoundError:
            return False
        except OSError as fault:
            raise Unreachable(f"{self._folder / group / name} cannot be removed: {fault.strerror}") from None
        return True
