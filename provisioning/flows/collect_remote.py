"""Collecting call records from other machines: a connection that breaks is made anew (远程采集话单)."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol
from urllib.parse import quote

from pbx.host_fault import HostFault
from provisioning.flows.collect_calls import CollectedFile, Source, collect
from provisioning.flows.follow_file import RecordFile, RecordFiles
from provisioning.flows.ports import Ledger, Progress
from provisioning.flows.source_text import SourceUrl, SourceWrong, parse, shown

PAUSES = (1.0, 2.0)
"""Seconds before each further try, where the fault may pass."""
_HOME = "/~/"
_UNQUOTED = "/~:@+,=-._"


class HostFiles(RecordFiles, Protocol):
    """The files of one machine, by its own paths; `fault` says what has gone wrong with all of it."""

    fault: HostFault | None


Connect = Callable[[str, SourceUrl], AbstractContextManager[HostFiles]]
"""A session with the machine of an address, for a switch. Raises HostFault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteWorld:
    """What collecting from other machines needs of the world."""

    connect: Connect
    pause: Callable[[float], None]


def collect_remote(
    sources: Sequence[Source], ledger: Ledger, world: RemoteWorld, *, now: datetime, progress: Progress
) -> Iterator[CollectedFile]:
    """Reads the sources machine by machine. What is wrong with a machine is said of each of its sources in
    the same words; the other machines are read."""
    hosts: dict[str, list[Source]] = {}
    for source in sources:
        url = parse(source.path)
        hosts.setdefault(host_of(url), []).append(Source(source.switch, address(url)))
    for host, own in hosts.items():
        yield from _collect_host(host, tuple(dict.fromkeys(own)), ledger, world, now, progress)


def check(source: Source) -> None:
    """Raises SourceWrong where the address does not say which file or folder of which machine."""
    if wrong := _wrong(parse(source.path)):
        raise SourceWrong(f"{shown(source.path)}: {wrong}")


def _wrong(url: SourceUrl) -> str | None:
    if not url.host or not url.user:
        return "say which machine, and as whom: sftp://user@host/folder"
    if url.path in ("", "/"):
        return "say which file or folder: sftp://user@host/var/log/asterisk; /~/ is the user's home"
    return "an address of SFTP ends with its path; write %3F for a question mark" if url.query else None


def host_of(url: SourceUrl) -> str:
    """The machine and the user, always in the same words: they are part of what a source is known by."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    port = "" if url.port in (None, 22) else f":{url.port}"
    return f"{url.scheme}://{quote(url.user or '', safe='')}@{host}{port}"


def address(url: SourceUrl) -> str:
    """The file or folder in the words the ledger knows it by, whatever a user wrote."""
    return host_of(url) + _quoted(url.path)


def _quoted(path: str) -> str:
    return quote(path.rstrip("/"), safe=_UNQUOTED)


def _collect_host(
    host: str,
    sources: Sequence[Source],
    ledger: Ledger,
    world: RemoteWorld,
    now: datetime,
    progress: Progress,
) -> Iterable[CollectedFile]:
    """All of one machine. A fault that may pass is tried again, as long as more comes or a try is left."""
    found: dict[str, CollectedFile] = {}
    pauses = iter(PAUSES)
    while True:
        fault, got = _once(host, sources, ledger, world, now, progress)
        if got is not None:
            found = {path: file for path, file in found.items() if file.read or not _is_of(host, file)}
            for file in got:
                found[file.path] = _together(found[file.path], file) if file.path in found else file
        if fault is None:
            return found.values()
        pause = PAUSES[0] if any(file.read for file in got or ()) else next(pauses, None)
        if pause is None or not fault.passing:
            return _all_failed(host, sources, found, str(fault.strerror))
        progress(f"{host}: {fault.strerror}; trying again")
        world.pause(pause)


def _once(
    host: str,
    sources: Sequence[Source],
    ledger: Ledger,
    world: RemoteWorld,
    now: datetime,
    progress: Progress,
) -> tuple[HostFault | None, tuple[CollectedFile, ...] | None]:
    """What is wrong with the machine, and what one connection gave; None where there was none."""
    try:
        with world.connect(sources[0].switch, parse(sources[0].path)) as files:
            got = collect(sources, ledger, OfHost(host, files), now=now, progress=progress).sources
            fault = files.fault
    except HostFault as refused:
        return refused, None
    if fault is None:
        return None, got
    why = str(fault.strerror)
    return fault, tuple(_of_host(host, file, why) if why in (file.error or "") else file for file in got)


def _of_host(host: str, file: CollectedFile, why: str) -> CollectedFile:
    """The file, with what is wrong with its machine."""
    return dataclasses.replace(file, error=f"{host}: {why}")


def _is_of(host: str, file: CollectedFile) -> bool:
    """Whether its machine is what is wrong with a file."""
    return file.error is not None and file.error.startswith(f"{host}: ")


def _all_failed(
    host: str, sources: Sequence[Source], found: dict[str, CollectedFile], why: str
) -> Iterable[CollectedFile]:
    """What was found of a machine that was given up, in the words of its last fault."""
    unseen = [CollectedFile(switch=one.switch, path=one.path, error=f"{host}: {why}") for one in sources]
    seen = [_of_host(host, file, why) if _is_of(host, file) else file for file in found.values()]
    return seen or unseen


def _together(before: CollectedFile, after: CollectedFile) -> CollectedFile:
    """What two tries gave of one file."""
    return dataclasses.replace(
        after,
        kind=after.kind or before.kind,
        counts=MappingProxyType(Counter(before.counts) + Counter(after.counts)),
        notes=tuple(dict.fromkeys((*before.notes, *after.notes))),
    )


@dataclass(frozen=True, slots=True)
class _Listing:
    taken: tuple[str, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfHost:
    """A machine's files by their addresses, under which the ledger knows them."""

    host: str
    files: HostFiles

    def listing(self, path: str) -> _Listing:
        listing = self.files.listing(self._own(path))
        return _Listing(self._addresses(listing.taken), self._addresses(listing.ignored))

    def open(self, path: str) -> AbstractContextManager[RecordFile]:
        return self.files.open(self._own(path))

    def generations(self, path: str) -> tuple[str, ...]:
        return self._addresses(self.files.generations(self._own(path)))

    def renamed(self, path: str, inode: int) -> str | None:
        return None

    def _own(self, address: str) -> str:
        path = parse(address).path
        return path.removeprefix(_HOME) if path.startswith(_HOME) else path

    def _addresses(self, paths: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.host + _quoted(path if path.startswith("/") else _HOME + path) for path in paths)
