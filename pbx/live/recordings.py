"""The folder in which a switch records calls, seen from outside (录音目录).

Each call is two files, `<site>/<day>/<unique id>.wav` and a note of the same name, `.txt`, which
dialplans/recording.conf writes before anybody rings. Links are never followed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HEADER = 44
"""Bytes of the header that Asterisk writes; it says how much follows only when the call is over."""
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFile:
    """One recording on disk. `path` is below the folder; `modified` in seconds since 1970.

    `whole`: its header says that it has been written to its end. `note` is what the dialplan wrote beside it,
    empty where there is none.
    """

    path: str
    size: int
    modified: float
    whole: bool
    milliseconds: int
    note: Mapping[str, str]


class RecordingFolder:
    """The recordings of one switch, as this machine sees them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def files(self) -> Iterator[RecordedFile]:
        """All recordings there are, by path. Raises OSError where the folder cannot be read."""
        for site in _sorted(self._folder, folders=True):
            for day in _sorted(site, folders=True):
                files = _sorted(day, folders=False)
                for file in files:
                    if file.suffix == ".wav":
                        with suppress(FileNotFoundError):
                            yield self._looked_at(file)

    def loose_notes(self) -> Iterator[tuple[str, float]]:
        """Notes without a recording, and when they were written: of calls that could not be recorded."""
        for site in _sorted(self._folder, folders=True):
            for day in _sorted(site, folders=True):
                for file in _sorted(day, folders=False):
                    if file.suffix == ".txt" and not file.with_suffix(".wav").exists():
                        yield str(file.relative_to(self._folder)), file.stat().st_mtime

    def read(self, path: str) -> bytes:
        """A recording, whole."""
        return b"".join(self._chunks(path))

    def digest(self, path: str) -> bytes:
        """The SHA-256 of a recording."""
        made = hashlib.sha256()
        for chunk in self._chunks(path):
            made.update(chunk)
        return made.digest()

    def remove(self, path: str) -> None:
        """Takes a recording and its note away, and their day's folder with the last of them."""
        file = self._folder / path
        for one in (file, file.with_suffix(".txt")):
            with suppress(FileNotFoundError):
                one.unlink()
        with suppress(OSError):  # it is not empty
            file.parent.rmdir()

    def free(self) -> float:
        """Which share of its disk is free."""
        disk = shutil.disk_usage(self._folder)
        return disk.free / disk.total

    def _chunks(self, path: str) -> Iterator[bytes]:
        handle = os.open(self._folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    def _looked_at(self, file: Path) -> RecordedFile:
        path = str(file.relative_to(self._folder))
        status = file.stat()
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as opened:
            head = opened.read(HEADER)
        told, second = _told(head)
        voice = max(0, status.st_size - HEADER)
        return RecordedFile(
            path=path,
            size=status.st_size,
            modified=status.st_mtime,
            whole=0 < voice <= told,
            milliseconds=voice * 1000 // second,
            note=_note(file.with_suffix(".txt")),
        )


def _told(head: bytes) -> tuple[int, int]:
    """How many bytes of voice a header says there are, and how many make a second."""
    if len(head) < HEADER or head[:4] != b"RIFF" or head[8:12] != b"WAVE" or head[36:40] != b"data":
        return 0, 16000
    (second,) = struct.unpack_from("<I", head, 28)
    (told,) = struct.unpack_from("<I", head, 40)
    return told, second or 16000


def _note(file: Path) -> Mapping[str, str]:
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return {}
    with os.fdopen(handle, "rb") as opened:
        words = opened.read(4096).decode("ascii", "replace").split()
    return {key: value for key, _, value in (word.partition("=") for word in words)}


def _sorted(folder: Path, *, folders: bool) -> list[Path]:
    """What lies in a folder, by name: folders alone or files alone, no links."""
    with os.scandir(folder) as found:
        kept = [
            Path(one.path)
            for one in found
            if (one.is_dir(follow_symlinks=False) if folders else one.is_file(follow_symlinks=False))
        ]
    return sorted(kept)
