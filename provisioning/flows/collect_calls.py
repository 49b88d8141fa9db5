"""Collecting call records from files into the ledger, each exactly once (采集话单)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pbx.cdr import BrokenRecord, Cdr
from pbx.cdr_file import head, lines, tail
from pbx.cdr_lines import Reading, kind_of, readings
from provisioning.flows.admit_records import HELD_BY_LEDGER, QUARANTINED, Verdict, admit
from provisioning.flows.follow_file import Part, RecordFile, RecordFiles, is_continued, parts, state_of
from provisioning.flows.ports import Ledger, Progress, SourceState

BATCH_LINES = 4000
KNOWN = 64
"""Bytes that must be alike before two files are taken for one; a record has more."""
BATCH_BYTES = 4 * 1024 * 1024
"""A transaction holds so many records and bytes at most; rows and offset are written together."""


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
        return sum(self.counts.get(v, 0) for v in (Verdict.REPLAY, Verdict.WITNESSED, Verdict.UPGRADED))

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
    sources: Iterable[Source], ledger: Ledger, files: RecordFiles, *, now: datetime, progress: Progress
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
        if not listing.taken:
            done.append(_failed(source, f"{source.path}: no Master.csv and no .json file is in this folder"))
        for path in listing.taken:
            meant.setdefault((source.switch, path), listing.ignored if path == listing.taken[0] else ())
    for (switch, path), ignored in _exact_first(meant):
        done.append(collect_file(Source(switch, path), ignored, ledger, files, now, progress))
    return Collected(tuple(done))


def unreadable(path: str, fault: OSError) -> str:
    """One sentence for a person: which source, what is wrong, how to mend it."""
    return f"{path}: {fault.strerror or fault}{_HINTS.get(type(fault), '')}"


_HINTS: Mapping[type[OSError], str] = {
    FileNotFoundError: "; a switch makes it with its first call record: is the path right?",
    PermissionError: "; give seatline the right to read it",
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
    ledger: Ledger,
    files: RecordFiles,
    now: datetime,
    progress: Progress,
) -> CollectedFile:
    switch, path = source.switch, source.path
    counts: Counter[Verdict] = Counter()
    notes = [f"not read, though beside it: {_some(ignored)}"] if ignored else []
    kind, waiting, error = "", 0, None
    held_by_ledger: dict[Verdict, str] = {}

    def keep(found: list[Reading], state: SourceState, size: int) -> None:
        records = [reading.result for reading in found if isinstance(reading.result, Cdr)]
        keys = tuple(dict.fromkeys((record.uniqueid, record.sequence) for record in records))
        batch, verdicts = admit(found, kind, ledger.stored(switch, keys) if keys else {}, state)
        for line in ledger.store(batch, at=now):
            verdict = Verdict(line.code)
            verdicts[HELD_BY_LEDGER[verdict]] -= 1
            verdicts[verdict] += 1
            held_by_ledger.setdefault(verdict, line.reason)
        if batch.held and not counts[Verdict.BROKEN] and not counts[Verdict.CONFLICT]:
            first = batch.held[0]
            notes.append(f"the first line in quarantine, at byte {first.offset}: {first.reason}")
        counts.update(verdicts)
        progress(f"{path}: {counts.total()} call records", state.offset, size)

    known = ledger.source(switch, path)
    try:
        if known is None:
            notes.extend(_older(source, ignored, ledger, files))
        for part in parts(path, known, files, notes.append):
            if known is None and (other := _owner(part.file, ledger.sources_of_others(switch))):
                error = (
                    f"{path}: its calls were collected as those of switch {other}; as switch {switch}'s they "
                    f"would count twice. Say --switch {other}, or give the switch that name in the settings"
                )
                break
            kind = kind_of(head(part.file))
            waiting = _read(source, part, kind, keep)
        if waiting:
            notes.append(f"the last {waiting} bytes wait for the end of their record")
    except OSError as fault:
        error = unreadable(path, fault)
    notes.extend(f"{counts[verdict]} in quarantine: {reason}" for verdict, reason in held_by_ledger.items())
    return CollectedFile(
        switch=switch,
        path=path,
        kind=kind,
        counts=MappingProxyType(counts),
        waiting_bytes=waiting,
        notes=tuple(notes),
        error=error,
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
    return next(
        (one.switch for one in others if one.prefix_length >= KNOWN and is_continued(file, one)), None
    )


def _read(
    source: Source, part: Part, kind: str, keep: Callable[[list[Reading], SourceState, int], None]
) -> int:
    """Hands the part's records over in batches, each with the state of the source after it; returns how
    many bytes at its end wait for their newline."""
    file, offset = part.file, part.offset
    for found in _batches(readings(lines(file, offset), kind, finished=part.finished)):
        offset = found[-1].line.end
        keep(found, state_of(source.switch, source.path, file, offset), file.size)
    rest = tail(file, offset)
    left = 0 if rest is None or not rest.raw.strip() else rest.end - rest.offset
    if rest is not None and left and part.finished:
        torn = BrokenRecord("torn", "the end of a rotated file has no newline: the record was torn")
        keep([Reading(rest, torn)], state_of(source.switch, source.path, file, rest.end), file.size)
        return 0
    if offset == 0:
        # Nothing yet, but the file is to be known again if it is rotated before the next run.
        keep([], state_of(source.switch, source.path, file, 0), file.size)
    return left


def _batches(found: Iterable[Reading]) -> Iterator[list[Reading]]:
    batch: list[Reading] = []
    size = 0
    for reading in found:
        batch.append(reading)
        size += len(reading.line.raw)
        if len(batch) >= BATCH_LINES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _some(names: tuple[str, ...], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
