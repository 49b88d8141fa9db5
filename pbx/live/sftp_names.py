"""Which files of a folder on another machine are call records, and which were rotated away (远程文件)."""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Mapping, Sequence
from typing import Protocol

from pbx.live.files import Listing, generation_name

_BELOW = ("cdr-csv", "cdr-custom")
_PACKED = ".gz"


class Status(Protocol):
    """What a machine says of a file; None where it does not."""

    size: int | None
    permissions: int | None
    mtime: int | None


class Entry(Protocol):
    """A file of a folder."""

    filename: bytes | str
    attrs: Status


class Folders(Protocol):
    """The folders of a machine."""

    async def isdir(self, path: str) -> bool: ...

    async def exists(self, path: str) -> bool: ...

    async def stat(self, path: str) -> Status: ...

    async def readdir(self, path: str) -> Sequence[Entry]: ...


def is_meant(name: str) -> bool:
    """Whether a file of a folder is read: the copies that accountlogs=yes makes are not."""
    return name == "Master.csv" or name.endswith(".json")


async def sort_out(folders: Folders, folder: str) -> Listing:
    """The files of a folder, and of its cdr-csv and cdr-custom: those that are read, and the others."""
    taken: list[str] = []
    ignored: list[str] = []
    for place in (folder, *(posixpath.join(folder, below) for below in _BELOW)):
        if place != folder and not await folders.isdir(place):
            continue
        for name in sorted(await _files(folders, place)):
            (taken if is_meant(name) else ignored).append(posixpath.join(place, name))
    return Listing(tuple(taken), tuple(ignored))


async def rotated(folders: Folders, path: str) -> tuple[str, ...]:
    """What rotating has left beside a file, oldest first. A gzipped one beside which it still lies unpacked
    is being made, and is not among them."""
    folder, name = posixpath.split(path)
    named = generation_name(name)
    beside = await _files(folders, folder)
    found = [
        (written, entry)
        for entry, written in beside.items()
        if named.fullmatch(entry) and not (entry.endswith(_PACKED) and entry[: -len(_PACKED)] in beside)
    ]
    return tuple(posixpath.join(folder, entry) for _, entry in sorted(found))


async def _files(folders: Folders, folder: str) -> Mapping[str, int]:
    """When each file of a folder was last written, in seconds; links are followed."""
    found: dict[str, int] = {}
    for entry in await folders.readdir(folder or "."):
        name, status = str(entry.filename), entry.attrs
        if stat.S_ISLNK(status.permissions or 0):
            path = posixpath.join(folder, name)
            if not await folders.exists(path):
                continue
            status = await folders.stat(path)
        if stat.S_ISREG(status.permissions or 0) and name.isprintable():
            found[name] = status.mtime or 0
    return found
