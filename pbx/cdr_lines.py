"""From the lines of a file to call records, with the broken ones told apart and the rest unharmed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from pbx import cdr_csv, cdr_glued, cdr_json
from pbx.cdr import BrokenRecord, Cdr

LONGEST_LINE = 64 * 1024
"""Bytes of a line that are kept; no switch writes longer ones, so such a line is broken in any case."""
LONGEST_RECORD = 8 * 1024
MOST_LINES = 16
"""A record with newlines in its texts may take so many bytes and lines (Asterisk: 1024 bytes)."""
BOM = b"\xef\xbb\xbf"
PARSERS: dict[str, Callable[[bytes], Cdr]] = {"csv": cdr_csv.parse, "json": cdr_json.parse}
"""The two kinds of file: "csv" is Master.csv, "json" what cdr_custom writes on our switches."""


class Line(NamedTuple):
    """One line with its place: `raw` without the newline, at most 64 KiB; `end` is where the next begins."""

    offset: int
    raw: bytes
    end: int

    @property
    def whole(self) -> bool:
        """Whether `raw` is all of it."""
        return self.offset + len(self.raw) + 1 == self.end


class Reading(NamedTuple):
    """What was made of a line, or of several where a text has newlines: a record, or the reason why not."""

    line: Line
    result: Cdr | BrokenRecord


def kind_of(head: bytes) -> str:
    """The kind of file that begins so: "json" or "csv"."""
    return "json" if head.removeprefix(BOM)[:1] == b"{" else "csv"


def parse(raw: bytes) -> Cdr:
    """The record of a line of either kind, as the ledger keeps it: no line of Master.csv begins with "{"."""
    return cdr_json.parse(raw) if raw[:1] == b"{" else cdr_csv.parse(raw)


def readings(lines: Iterable[Line], kind: str, *, finished: bool = False) -> Iterator[Reading]:
    """Each record and each broken line, in order; blank lines are passed over.

    A line that ends inside a quoted text goes on in the next one, if the two make a record; if not, it
    alone is broken and the next line stands for itself: so a torn record never swallows those behind it.
    At the end of the lines such a beginning is left for later, unless the file is `finished`. Of a line that
    is broken the whole records glued to its end are told apart.
    """
    source, parse = iter(lines), PARSERS[kind]
    ahead: deque[Line] = deque()
    while (line := ahead.popleft() if ahead else next(source, None)) is not None:
        if line.raw in (b"", b"\r"):
            continue
        try:
            yield Reading(line, _parsed(line, parse))
        except BrokenRecord as fault:
            if not fault.unfinished:
                yield from _parted(line, fault, kind)
                continue
            joined = _with_next(line, fault, source, ahead, parse)
            if joined is None and not finished:
                return
            if joined is None or joined.result is fault:
                yield from _parted(line, fault, kind)
            else:
                yield joined


def _parted(line: Line, fault: BrokenRecord, kind: str) -> Iterator[Reading]:
    """The records that a broken line holds behind a torn one, and what was torn; all of it as broken, where
    no record in it can be told for certain."""
    parts = cdr_glued.pieces(line.raw, kind)
    if not parts or (line.end - line.offset) - len(line.raw) not in (0, 1):
        yield Reading(line, fault)
        return
    ends = (*(start for start, _ in parts[1:]), None)
    for (start, record), end in zip(parts, ends, strict=True):
        place = line.end if end is None else line.offset + end
        part = Line(line.offset + start, line.raw[start:end], place)
        yield Reading(part, record or _TORN)


_TORN = BrokenRecord("torn", "torn before its end, and the next record on the same line: was a disk full?")


def _parsed(line: Line, parse: Callable[[bytes], Cdr]) -> Cdr:
    if not line.whole:
        size = line.end - line.offset - 1
        raise BrokenRecord("long", f"a line of {size} bytes, of which {len(line.raw)} are kept")
    return parse(line.raw.removeprefix(BOM) if line.offset == 0 else line.raw)


def _with_next(
    first: Line,
    fault: BrokenRecord,
    source: Iterator[Line],
    ahead: deque[Line],
    parse: Callable[[bytes], Cdr],
) -> Reading | None:
    """The record that this line and the next ones make together, or that this one is broken by itself; then
    the next ones are left in `ahead`. None when the lines end before that can be told."""
    whole = first
    for used in range(MOST_LINES):
        if used == len(ahead):
            following = next(source, None)
            if following is None:
                return None
            ahead.append(following)
        whole = Line(first.offset, whole.raw + b"\n" + ahead[used].raw, ahead[used].end)
        if len(whole.raw) > LONGEST_RECORD:
            break
        try:
            record = _parsed(whole, parse)
        except BrokenRecord as still:
            if not still.unfinished:
                break
        else:
            for _ in range(used + 1):
                ahead.popleft()
            return Reading(whole, record)
    return Reading(first, fault)
