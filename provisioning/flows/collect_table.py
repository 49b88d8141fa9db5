"""Collecting call records from a table of a database into the ledger, each exactly once (采集话单表)."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import NamedTuple, Protocol

from pbx.cdr import BrokenRecord, Cdr
from pbx.cdr_lines import Line, Reading
from pbx.cdr_row import OF_ITS_COLUMNS, ZoneUnknown, hours_off, is_local, record_of, went_through_latin9
from provisioning.flows.admit_records import HELD_BY_LEDGER, QUARANTINED, Verdict, admit
from provisioning.flows.collect_calls import CollectedFile, Source
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Ledger, Progress, RecordKey, SourceState
from provisioning.flows.source_text import SourceWrong, shown
from provisioning.flows.table_source import TableSource, table_source

KIND = "sql"
"""What a record that was read from a table is `seen` as."""
OVERLAP = 1000
"""Rows before the place where reading stopped that are read again: a row gets its number before it is
committed, so that one may come to light behind others that have higher ones."""
_TOLD = (Verdict.REPLAY, Verdict.BROKEN, Verdict.CONFLICT)
"""What a row that is read again was before, too."""
_NO_DIGEST = ""


class TableFault(FlowError):
    """A table that cannot be read now: which, and what its database says."""

    exit_code = 4


class TableRefused(FlowError):
    """A table that has to be mended first, or is not described as it is: what, where, how."""

    exit_code = 3


class Row(NamedTuple):
    """A row: its number, which only grows from row to row, and of each field its value."""

    number: int
    values: Mapping[str, object]


class ForeignTable(Protocol):
    """An opened table of call records. Everything may raise TableFault, opening it TableRefused too."""

    @property
    def counted(self) -> bool:
        """Whether its rows have numbers by which new ones are found; if not, all are read each time."""
        ...

    @property
    def zone(self) -> tzinfo | None:
        """The zone of times without one, where somebody said it."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What of its columns is not as it should be, and does not keep it from being read."""
        ...

    def highest(self) -> int:
        """The highest number of a row, 0 where there is none or they have none."""
        ...

    def portions(self, after: int) -> Iterator[Sequence[Row]]:
        """The rows with higher numbers, in their order, some thousands at a time. Nothing of the table is
        locked between two portions: a switch that cannot write drops its record."""
        ...


class ForeignTables(Protocol):
    """The databases there are (provisioning/store/foreign_records.py)."""

    def open(self, source: TableSource) -> AbstractContextManager[ForeignTable]: ...


def collect_table(
    source: Source, ledger: Ledger, tables: ForeignTables, now: datetime, progress: Progress
) -> CollectedFile:
    """Reads what a table has gained since the last time. Twice adds nothing.

    What cannot be reached is told in `error`, what has to be mended first in `refused`; what was read before
    that is in the ledger. What the ledger raises goes through.
    """
    name = shown(source.path)
    try:
        meant = table_source(source.path)
        name = meant.name
        with tables.open(meant) as table:
            return _Run(source.switch, meant, table, ledger, now, progress).collected()
    except TableFault as fault:
        return CollectedFile(switch=source.switch, path=name, kind=KIND, error=str(fault))
    except (TableRefused, SourceWrong) as fault:
        return CollectedFile(switch=source.switch, path=name, kind=KIND, refused=str(fault))


def examine_table(text: str, tables: ForeignTables) -> tuple[bool, tuple[str, ...]]:
    """Whether a table can be collected, and what there is to say of it; reads its newest rows."""
    try:
        meant = table_source(text)
        with tables.open(meant) as table:
            newest = next(iter(table.portions(max(0, table.highest() - OVERLAP))), ())
            _readings(meant, table, newest)
            return True, tuple(table.notes)
    except (TableFault, TableRefused, SourceWrong) as fault:
        return False, (str(fault),)


@dataclass(slots=True)
class _Run:
    """One reading of one table: where it goes on, and what it found so far."""

    switch: str
    source: TableSource
    table: ForeignTable
    ledger: Ledger
    now: datetime
    progress: Progress
    counts: Counter[Verdict] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def collected(self) -> CollectedFile:
        """Reads it to its end, or as far as can be."""
        error = refused = None
        known = self.ledger.source(self.switch, self.source.name)
        if known is None:
            self.notes += self.table.notes
        try:
            self._read(known)
        except TableFault as fault:
            error = str(fault)
        except TableRefused as fault:
            refused = str(fault)
        return CollectedFile(
            switch=self.switch,
            path=self.source.name,
            kind=KIND,
            counts=MappingProxyType(self.counts),
            notes=tuple(self.notes),
            error=error,
            refused=refused,
        )

    def _read(self, known: SourceState | None) -> None:
        stopped, digest = (0, _NO_DIGEST) if known is None else (known.offset, known.tail_sha256)
        if not self.table.counted:
            stopped, digest = 0, _NO_DIGEST
        elif stopped and not self._is_continued(stopped, digest):
            self.notes.append(
                "it is not the table read before, its newest rows were taken out, or it is described "
                "otherwise now: read from its beginning"
            )
            stopped, digest = 0, _NO_DIGEST
        place = stopped
        highest = self.table.highest()
        for rows in self.table.portions(max(0, stopped - OVERLAP)):
            found = _readings(self.source, self.table, rows)
            again = [one for one in found if one.line.offset <= stopped]
            self._keep(again, self._state(place, digest), moved=False, told_before=True)
            if self.table.counted and rows[-1].number > place:
                place, digest = rows[-1].number, _digest(found[-1])
            self._keep(found[len(again) :], self._state(place, digest), moved=self.table.counted)
            self.progress(f"{self.source.name}: {self.counts.total()} call records", place, highest)

    def _is_continued(self, stopped: int, digest: str) -> bool:
        """Whether the row at which reading stopped is still there and says the same."""
        if self.table.highest() < stopped:
            return False
        first = next(iter(self.table.portions(stopped - 1)), ())
        return any(
            row.number == stopped and _digest(_reading(self.source, self.table, row)) == digest
            for row in first[:1]
        )

    def _keep(
        self, found: Sequence[Reading], state: SourceState, *, moved: bool, told_before: bool = False
    ) -> None:
        """Writes rows and the place after them in one transaction; nothing where there is nothing to write.

        Of rows that were read before only those count that were not there then.
        """
        if not found:
            return
        records = [one.result for one in found if isinstance(one.result, Cdr)]
        keys: tuple[RecordKey, ...] = tuple(dict.fromkeys((one.uniqueid, one.sequence) for one in records))
        stored = self.ledger.stored(self.switch, keys) if keys else {}
        batch, counts = admit(found, KIND, stored, state)
        if told_before:
            for verdict in _TOLD:
                counts.pop(verdict, None)
        elif batch.held and not self.counts[Verdict.BROKEN] and not self.counts[Verdict.CONFLICT]:
            first = batch.held[0]
            self.notes.append(f"the first row in quarantine, number {first.offset}: {first.reason}")
        if moved or batch.new or batch.upgraded or batch.witnessed or batch.held:
            for line in self.ledger.store(replace(batch, kind=KIND), at=self.now):
                verdict = Verdict(line.code)
                counts[HELD_BY_LEDGER[verdict]] -= 1
                if told_before:
                    continue
                counts[verdict] += 1
                if counts[verdict] == 1 and not self.counts[verdict]:
                    where = "in quarantine" if verdict in QUARANTINED else "known"
                    self.notes.append(f"{where}: {line.reason}")
        self.counts.update(counts)

    def _state(self, place: int, digest: str) -> SourceState:
        return SourceState(
            switch=self.switch,
            path=self.source.name,
            inode=0,
            offset=place,
            prefix_length=0,
            prefix_sha256=_NO_DIGEST,
            tail_sha256=digest,
        )


def _readings(source: TableSource, table: ForeignTable, rows: Sequence[Row]) -> list[Reading]:
    """What the rows are; TableRefused for what is wrong with all of them, not with one."""
    if not source.through_latin9 and any(went_through_latin9(row.values) for row in rows):
        raise TableRefused(
            f"{source.name}: its texts are UTF-8 that was taken for LATIN9: set encoding=UTF8 in "
            "cdr_pgsql.conf, and write &encoding=latin9 behind this source for the rows there are"
        )
    found = [_reading(source, table, row) for row in rows]
    for one in found:
        if isinstance(one.result, BrokenRecord) and one.result.code in OF_ITS_COLUMNS:
            raise TableRefused(f"{source.name}: {one.result}")
    _check_zone(source, rows, found)
    return found


def _reading(source: TableSource, table: ForeignTable, row: Row) -> Reading:
    try:
        record = record_of(row.values, table.zone, mended=source.through_latin9)
    except BrokenRecord as fault:
        raw = json.dumps(row.values, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace")
        return Reading(Line(row.number, raw, row.number + 1), fault)
    return Reading(Line(row.number, record.raw, row.number + 1), record)


def _check_zone(source: TableSource, rows: Sequence[Row], found: Sequence[Reading]) -> None:
    """Refuses times that nobody can place, and those that the unique ids show to be misplaced: a unique id
    begins with the second at which its channel was made."""
    homeless = [one.result for one in found if isinstance(one.result, ZoneUnknown)]
    if homeless:
        raise TableRefused(
            f"{source.name}: start, answer and end do not tell their zone: write &times=gmt behind this "
            "source where they are GMT, or &times=Asia/Shanghai where they are local; "
            f"{_guess({one.apart for one in homeless} - {None})}"
        )
    off = {
        hours_off(one.result)
        for row, one in zip(rows, found, strict=True)
        if isinstance(one.result, Cdr) and is_local(row.values)
    } - {None}
    if len(off) == 1 and (seconds := off.pop()):
        raise TableRefused(
            f"{source.name}: all its calls would begin {abs(seconds) / 3600:g} hours "
            f"{'after' if seconds > 0 else 'before'} their unique ids were made: its times are not in the "
            f"zone {source.times or 'that the table says'}; correct &times=, or usegmtime or timezone on the "
            "switch"
        )


def _digest(reading: Reading) -> str:
    return hashlib.sha256(reading.line.raw).hexdigest()


def _guess(apart: set[int | None]) -> str:
    if len(apart) != 1:
        return "the unique ids do not tell which"
    hours = (apart.pop() or 0) / 3600
    return "by the unique ids they are GMT" if not hours else f"by the unique ids they are GMT{hours:+g}"
