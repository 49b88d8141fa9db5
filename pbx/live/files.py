"""Call-record files on disk: read from an offset, in whole lines, and followed when they are rotated."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from pbx.cdr_gzip import MAGIC, Unpacked
from pbx.live.birth import born

_AGE = r"[.-][0-9]+(-[0-9]+)*"
_PACKED = ".gz"
_SIGNED = 2**63 - 1
"""Some file systems number beyond what a database's integer holds."""
_FOLDERS = ("cdr-csv", "cdr-custom")


class NotAFile(OSError):
    """A folder, a pipe, a socket or a device stands where call records should be read."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a user's source means: the files to read, and what lies beside them and is not read."""

    taken: tuple[str, ...]
    ignored: tuple[str, ...] = ()


class RecordFile:
    """An open file of call records. It stays the same file when it is renamed meanwhile.

    A gzipped one, told by its first bytes, is what it holds, and `archived`: nobody writes to it any more.

    Opening raises FileNotFoundError, PermissionError, `NotAFile` or another OSError; it never waits for
    somebody to write into a pipe.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(self._descriptor)
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
            raise NotAFile(errno.EINVAL, f"this is {kind}, not a file of call records", path)
        self.inode = status.st_ino & _SIGNED
        self.device = status.st_dev & _SIGNED
        self.written = status.st_mtime_ns
        try:
            self.born = born(self._descriptor)
            self.archived = self._stored(0, len(MAGIC)) == MAGIC
        except BaseException:
            os.close(self._descriptor)
            raise
        self._unpacked = Unpacked(_Stored(self._stored)) if self.archived else None

    def __enter__(self) -> RecordFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    @property
    def size(self) -> int:
        """Bytes the file holds now; of a gzipped one, what they are unpacked."""
        return os.fstat(self._descriptor).st_size if self._unpacked is None else self._unpacked.size

    def read(self, offset: int, length: int) -> bytes:
        """The bytes from a place on, fewer where the file ends before."""
        if self._unpacked is None:
            return self._stored(offset, length)
        return self._unpacked.read(offset, length)

    def _stored(self, offset: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, offset)


@dataclass(frozen=True, slots=True)
class _Stored:
    """The bytes as they lie on the disk."""

    read: Callable[[int, int], bytes]


class RecordFiles:
    """The disk, as far as collecting call records needs it."""

    def listing(self, path: str) -> Listing:
        """The files a source means, by their absolute paths.

        A file means itself. A folder means Master.csv and the .json files in it and in its cdr-csv and
        cdr-custom folders, as below /var/log/asterisk; everything else is named as ignored: the copies that
        accountlogs=yes makes of each record above all.
        """
        place = Path(os.path.abspath(path))  # noqa: PTH100  (resolve() would follow links to another name)
        if not str(place).isprintable():
            raise OSError(errno.EILSEQ, "the name of the file cannot be written down", str(place))
        if not place.is_dir():
            return Listing((str(place),))
        taken: list[str] = []
        ignored: list[str] = []
        for folder in (place, *(place / name for name in _FOLDERS)):
            for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
                if entry.is_dir():
                    continue
                meant = entry.name == "Master.csv" or entry.suffix == ".json"
                (taken if meant else ignored).append(str(entry))
        return Listing(tuple(taken), tuple(ignored))

    def open(self, path: str) -> RecordFile:
        return RecordFile(path)

    def generations(self, path: str) -> tuple[str, ...]:
        """What rotating by rename has left beside the file, oldest first: Master.csv.1, Master.csv-20250801,
        Master-20250801.csv, and each of them gzipped.

        A gzipped one beside which it still lies unpacked is being made, and is not among them.
        """
        place = Path(path)
        named = generation_name(place.name)
        found: list[tuple[int, str]] = []
        for entry in place.parent.iterdir():
            if not named.fullmatch(entry.name):
                continue
            if entry.suffix == _PACKED and entry.with_suffix("").exists():
                continue
            try:
                status = entry.stat()
            except FileNotFoundError:
                continue
            if stat.S_ISREG(status.st_mode):
                found.append((status.st_mtime_ns, str(entry)))
        return tuple(name for _, name in sorted(found))

    def renamed(self, path: str, inode: int) -> str | None:
        """The file with that inode in the folder of `path`, whatever its name is now."""
        with os.scandir(Path(path).parent) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.inode() & _SIGNED == inode and entry.is_file(follow_symlinks=False):
                    return entry.path
        return None


def generation_name(name: str) -> re.Pattern[str]:
    """What a file of that name may be called after it was rotated, and gzipped."""
    stem, suffix = os.path.splitext(name)  # noqa: PTH122  (a name, no path)
    whole, dated = re.escape(name) + _AGE, re.escape(stem) + _AGE + re.escape(suffix)
    return re.compile(f"(?:{whole}|{dated})(?:{re.escape(_PACKED)})?")
