"""Reading one part of a file into the ledger, batch by batch, quickly where that is safe (逐批入库)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pbx.cdr import BrokenRecord, Cdr
from pbx.cdr_file import Bytes, Remembered, head, lines, tail
from pbx.cdr_lines import Reading, kind_of, readings
from pbx.cdr_plain import Plain, PlainReader
from provisioning.flows.admit_records import HELD_BY_LEDGER, Verdict, admit
from provisioning.flows.collect_plain import Pace, collect_plainly
from provisioning.flows.follow_file import Part, state_of
from provisioning.flows.ports import Ledger, Manifest, PlainBatch, Progress
from provisioning.flows.refuse_columns import ColumnGate

BATCH_LINES = 4000
BATCH_BYTES = 4 * 1024 * 1024
"""A transaction holds so many carefully read records and bytes at most; rows and offset go together."""


@dataclass(slots=True, kw_only=True)
class PartReader:
    """Reads the parts of one source, and counts what became of their lines."""

    switch: str
    path: str
    ledger: Ledger
    plain: PlainReader
    now: datetime
    progress: Progress
    kind: str = ""
    counts: Counter[Verdict] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    held_by_ledger: dict[Verdict, str] = field(default_factory=dict)

    def read(self, part: Part) -> int:
        """Stores the part's records in batches, each with the state of the source after it; returns how
        many bytes at its end wait for their newline."""
        self.kind = kind_of(head(part.file))
        offset, more, pace = part.offset, True, Pace()
        while more:
            quick = self._quickly(part, offset, pace)
            offset, more = self._carefully(part, *quick)
        rest = tail(part.file, offset)
        left = 0 if rest is None or not rest.raw.strip() else rest.end - rest.offset
        if rest is not None and left and part.finished:
            torn = BrokenRecord("torn", "the end of a rotated file has no newline: the record was torn")
            self._keep([Reading(rest, torn)], part, Remembered(part.file), offset, rest.end)
            return 0
        if offset == 0:
            # Nothing yet, but the file is to be known again if it is rotated before the next run.
            self._keep([], part, Remembered(part.file), 0, 0)
        return left

    def _quickly(self, part: Part, offset: int, pace: Pace) -> tuple[int, int | None]:
        """Stores what is plainly new or known; returns from where and how far to read carefully, None: to
        the end."""

        def keep(end: int, found: list[bytes], plain: Plain) -> bool:
            counts = {str(Verdict.NEW): len(found)}
            batch = PlainBatch(
                source=state_of(self.switch, self.path, part.file, end),
                kind=self.kind,
                manifest=Manifest(offset=end - plain.size, sha256=plain.sha256, counts=counts),
                lines=found,
                plain=plain,
            )
            told = self.ledger.store_plain(batch, at=self.now)
            if told is None:
                return False
            self._count(Counter({Verdict(verdict): told[verdict] for verdict in told}), end, part.file)
            return True

        reached = collect_plainly(part.file, offset, self.kind, self.plain, keep, pace)
        return reached.offset, reached.careful

    def _carefully(self, part: Part, offset: int, until: int | None) -> tuple[int, bool]:
        """Stores what is read line by line, up to a place or the end; returns where it stopped and whether
        there may be more."""
        file = Remembered(part.file)
        gate = ColumnGate(part.file, finished=part.finished)
        found = readings(lines(file, offset), self.kind, finished=part.finished)
        for some in _batches(gate.passed(found), until):
            begin, offset = offset, some[-1].line.end
            self._keep(some, part, file, begin, offset)
            if until is not None and offset >= until:
                return offset, True
        gate.check()
        return offset, False

    def _keep(self, found: list[Reading], part: Part, file: Remembered, begin: int, end: int) -> None:
        records = [reading.result for reading in found if isinstance(reading.result, Cdr)]
        keys = tuple(dict.fromkeys((record.uniqueid, record.sequence) for record in records))
        known = self.ledger.stored(self.switch, keys) if keys else {}
        state = state_of(self.switch, self.path, part.file, end)
        batch, verdicts = admit(found, self.kind, known, state, begin, file.sha256(begin, end))
        for line in self.ledger.store(batch, at=self.now):
            verdict = Verdict(line.code)
            verdicts[HELD_BY_LEDGER[verdict]] -= 1
            verdicts[verdict] += 1
            self.held_by_ledger.setdefault(verdict, line.reason)
        if batch.held and not self.counts[Verdict.BROKEN] and not self.counts[Verdict.CONFLICT]:
            first = batch.held[0]
            self.notes.append(f"the first line in quarantine, at byte {first.offset}: {first.reason}")
        self._count(verdicts, end, part.file)

    def _count(self, verdicts: Counter[Verdict], end: int, file: Bytes) -> None:
        """Counts first: to ask how large the file is may fail, and what is stored counts all the same."""
        self.counts.update(verdicts)
        self.progress(f"{self.path}: {self.counts.total()} call records", end, file.size)


def _batches(found: Iterable[Reading], until: int | None) -> Iterator[list[Reading]]:
    """The readings in batches; one ends where a place is reached."""
    batch: list[Reading] = []
    size = 0
    for reading in found:
        batch.append(reading)
        size += len(reading.line.raw)
        full = len(batch) >= BATCH_LINES or size >= BATCH_BYTES
        if full or (until is not None and reading.line.end >= until):
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
