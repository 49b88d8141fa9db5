"""Collecting call records from files into the ledger, each exactly once (采集话单)."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pbx.cdr_plain import PlainReader, ReadHere
from provisioning.flows.admit_records import KNOWN_ALREADY, QUARANTINED, Verdict
from provisioning.flows.follow_file import (
    Listing,
    RecordFile,
    RecordFiles,
    first_seen,
    is_continued,
    parts,
)
from provisioning.flows.ports import Batch, Ledger, Progress, SourceState
from provisioning.flows.read_part import PartReader
from provisioning.flows.refuse_columns import ColumnsMissing

KNOWN = 64
"""Bytes that must be alike before two files are taken for one; a record has more."""
HERE = ReadHere()


@dataclass(frozen=True, slots=True)
class Source:
    """Where call records come from: a file or folder, and the switch that wrote it (话单来源)."""

    switch: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedFile:
    """What one file gave. `error` says why it could not be read to its end, None if it could.

    `waiting_bytes` at its end have no newline yet: the next run takes them.
    """

    switch: str
    path: str
    kind: str = ""
    counts: Mapping[Verdict, int] = field(default_factory=dict)
    waiting_bytes: int = 0
    notes: tuple[str, ...] = ()
    error: str | None = None
    refused: str | None = None
    """Why the rest of it is not taken, and how its switch has to be set; None if all was."""

    @property
    def read(self) -> int:
        """All of them: read = new + duplicate + quarantined, always."""
        return sum(self.counts.values())

    @property
    def new(self) -> int:
        return self.counts.get(Verdict.NEW, 0)

    @property
    def upgraded(self) -> int:
        return self.counts.get(Verdict.UPGRADED, 0)

    @property
    def conflicts(self) -> int:
        return self.counts.get(Verdict.CONFLICT, 0)

    @property
    def duplicate(self) -> int:
        return sum(self.counts.get(v, 0) for v in KNOWN_ALREADY)

    @property
    def quarantined(self) -> int:
        return sum(self.counts.get(verdict, 0) for verdict in QUARANTINED)

    @property
    def broken(self) -> int:
        return self.counts.get(Verdict.BROKEN, 0)

    def document(self) -> dict[str, Any]:
        return {
            "switch": self.switch,
            "path": self.path,
            "kind": self.kind,
            "read": self.read,
            "new": self.new,
            "duplicate": self.duplicate,
            "quarantined": self.quarantined,
            "conflicts": self.conflicts,
            "upgraded": self.upgraded,
            "waiting_bytes": self.waiting_bytes,
            "notes": list(self.notes),
            "error": self.error,
            "refused": self.refused,
        }


@dataclass(frozen=True, slots=True)
class Collected:
    """What a run of collecting did, by file and in all (采集结果)."""

    sources: tuple[CollectedFile, ...]

    @property
    def unreachable(self) -> tuple[CollectedFile, ...]:
        """What could not be read: exit code 4, though the others were collected."""
        return tuple(file for file in self.sources if file.error is not None)

    @property
    def refused(self) -> tuple[CollectedFile, ...]:
        """What a switch writes that is set otherwise: exit code 3, though the others were collected."""
        return tuple(file for file in self.sources if file.refused is not None)

    @property
    def conflicts(self) -> int:
        return sum(file.conflicts for file in self.sources)

    @property
    def quarantined(self) -> int:
        return sum(file.quarantined for file in self.sources)

    def document(self) -> dict[str, Any]:
        """What `collect --json` prints."""
        return {
            "sources": [file.document() for file in self.sources],
            "read": sum(file.read for file in self.sources),
            "new": sum(file.new for file in self.sources),
            "duplicate": sum(file.duplicate for file in self.sources),
            "quarantined": self.quarantined,
        }


def collect(
    sources: Iterable[Source],
    ledger: Ledger,
    files: RecordFiles,
    *,
    now: datetime,
    progress: Progress,
    plain: PlainReader = HERE,
) -> Collected:
    """Reads what each source has gained since the last time. Twice adds nothing; the order does not matter.

    A source that cannot be read is reported, the others go on. What the ledger raises goes through: each
    batch so far is stored whole with its offset, and the next run goes on from there.
    """
    done: list[CollectedFile] = []
    meant: dict[tuple[str, str], tuple[str, ...]] = {}
    for source in dict.fromkeys(sources):
        try:
            listing = files.listing(source.path)
        except OSError as fault:
            done.append(_failed(source, unreadable(source.path, fault)))
            continue
        taken = (*listing.taken, *_awaited(source.switch, listing, ledger))
        if not taken:
            done.append(_failed(source, f"{source.path}: no Master.csv and no .json file is in this folder"))
        for path in taken:
            meant.setdefault((source.switch, path), listing.ignored if path == taken[0] else ())
    found = [(Source(switch, path), ignored) for (switch, path), ignored in _exact_first(meant)]
    first = frozenset(source for source, _ in found if _noted_first(source, ledger, files, now))
    for source, ignored in found:
        done.append(collect_file(source, ignored, source in first, ledger, files, now, progress, plain))
    return Collected(tuple(done))


def _noted_first(source: Source, ledger: Ledger, files: RecordFiles, now: datetime) -> bool:
    """Notes a file that is seen for the first time before any is read: the run may be killed, and the file
    rotated away, before its first batch is stored. What cannot be read is told when it should be."""
    if ledger.source(source.switch, source.path) is not None:
        return False
    with suppress(OSError), files.open(source.path) as file:
        if _owner(file, ledger.sources_of_others(source.switch)) is None:
            ledger.store(Batch(source=first_seen(source.switch, source.path, file)), at=now)
            return True
    return False


def _awaited(switch: str, listing: Listing, ledger: Ledger) -> tuple[str, ...]:
    """Files of a folder that were collected before and that stand there rotated only: the switch has made no
    new ones yet, and what they got before they were rotated is still to be read."""
    names = dict.fromkeys(_ROTATED.sub("", name) for name in listing.ignored if _ROTATED.search(name))
    return tuple(
        name for name in names if name not in listing.taken and ledger.source(switch, name) is not None
    )


_ROTATED = re.compile(r"[.-][0-9]+(-[0-9]+)*(\.gz)?\Z")


def unreadable(path: str, fault: OSError) -> str:
    """One sentence for a person: which source, what is wrong, how to mend it."""
    hint = _HINTS.get(type(fault)) or _HINTS_BY_NUMBER.get(fault.errno or 0, "")
    return f"{path}: {fault.strerror or fault}{hint}"


_HINTS: Mapping[type[OSError], str] = {
    FileNotFoundError: "; a switch makes it with its first call record: is the path right?",
    PermissionError: "; give seatline the right to read it",
}
_HINTS_BY_NUMBER: Mapping[int, str] = {
    errno.ESTALE: "; the network folder was taken away and shared anew: mount it again",
    errno.EIO: "; the disk or the network folder fails: look at the kernel's log. The next run goes on here",
    errno.ENOTCONN: "; the network folder has lost its server: mount it again",
    errno.EHOSTDOWN: "; the server of the network folder does not answer",
    errno.ETIMEDOUT: "; the server of the network folder does not answer",
}


def _failed(source: Source, error: str) -> CollectedFile:
    return CollectedFile(switch=source.switch, path=source.path, error=error)


def _exact_first(
    meant: Mapping[tuple[str, str], tuple[str, ...]],
) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    """Microseconds before whole seconds: then Master.csv has only to confirm what is there."""
    yield from sorted(meant.items(), key=lambda item: not item[0][1].endswith(".json"))


def collect_file(
    source: Source,
    ignored: tuple[str, ...],
    first: bool,
    ledger: Ledger,
    files: RecordFiles,
    now: datetime,
    progress: Progress,
    plain: PlainReader,
) -> CollectedFile:
    switch, path = source.switch, source.path
    reader = PartReader(switch=switch, path=path, ledger=ledger, plain=plain, now=now, progress=progress)
    notes = reader.notes
    if ignored:
        notes.append(f"not read, though beside it: {_some(ignored)}")
    waiting, error, refused, reading = 0, None, None, ""
    known = ledger.source(switch, path)
    try:
        if first:
            notes.extend(_older(source, ignored, ledger, files))
        nothing_yet = known is None or known.offset == 0
        for part in parts(path, known, files, notes.append):
            if nothing_yet and (other := _owner(part.file, ledger.sources_of_others(switch))):
                error = (
                    f"{path}: its calls were collected as those of switch {other}; as switch {switch}'s they "
                    f"would count twice. Say --switch {other}, or give the switch that name in the settings"
                )
                break
            reading = part.file.path
            waiting = reader.read(part)
        if waiting:
            notes.append(f"the last {waiting} bytes wait for the end of their record")
    except OSError as fault:
        error = unreadable(path, fault) + ("" if path.endswith(reading) else f" (in {reading})")
    except ColumnsMissing as fault:
        refused = f"{path}: {fault}"
    for verdict, reason in reader.held_by_ledger.items():
        where = "in quarantine" if verdict in QUARANTINED else "known"
        notes.append(f"{reader.counts[verdict]} {where}: {reason}")
    return CollectedFile(
        switch=switch,
        path=path,
        kind=reader.kind,
        counts=MappingProxyType(reader.counts),
        waiting_bytes=waiting,
        notes=tuple(notes),
        error=error,
        refused=refused,
    )


def _older(source: Source, ignored: tuple[str, ...], ledger: Ledger, files: RecordFiles) -> Iterator[str]:
    """Says which rotated files lie beside one that is collected for the first time: they are not read."""
    older = tuple(
        name
        for name in files.generations(source.path)
        if name not in ignored and ledger.source(source.switch, name) is None
    )
    if older:
        yield f"older files lie beside it; if their calls are missing, collect them by name: {_some(older)}"


def _owner(file: RecordFile, others: Iterable[SourceState]) -> str | None:
    """The other switch under which this very file was collected; a few bytes could be anybody's."""
    return next((one.switch for one in others if one.offset >= KNOWN and is_continued(file, one)), None)


def _some(names: tuple[str, ...], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
