"""Records glued together in one line: what stood before the torn place, and the whole ones behind it.

When a disk is full, Asterisk writes a part of a record and no newline; the next record follows on the same
line once there is room again. After a power loss the torn part may be NULs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pbx import cdr_csv, cdr_json
from pbx.cdr import BrokenRecord, Cdr

_JSON = re.compile(rb'\{"schema":"')
"""A quote inside a text has a backslash before it: so this stands at the beginning of a record only."""

_TEXT = rb'"[^"]*(?:""[^"]*)*"'
_ONE_TEXT = re.compile(_TEXT)
_MOMENT = rb'"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"'
_CSV = re.compile(
    rb'(?="[^"]*",'  # an accountcode never holds a quote
    + (_TEXT + b",") * 8
    + _MOMENT
    + rb",(?:"
    + _MOMENT
    + rb'|(?:"")?),'
    + _MOMENT
    + rb",-?[0-9]+,-?[0-9]+,"
    + (_TEXT + b",") * 2
    + rb'"(?:[^"]+-)?[0-9]+\.[0-9]+",'
    + (_TEXT + b",") * 3
    + rb"-?[0-9]+\r?\Z)"
)
"""A record to the line's end just as cdr_csv writes it: every text quoted, no number, the key of its form.

A quote inside a text is doubled: where one begins in a doubled pair, the quotes to the end of that text pair
up otherwise and the columns do not come out. So nothing that a caller says in a name looks like a record.
"""
_MOST = 64
"""Records in one line; a line of more is held whole."""


def pieces(raw: bytes, kind: str) -> list[tuple[int, Cdr | None]] | None:
    """The parts of a broken line by where they begin, in order, each with its record or None where it is
    torn; None where no record in it can be told for certain."""
    found = list(_SPLIT[kind](raw))
    if not any(record for _, record in found) or len(found) > _MOST:
        return None
    return found


def _json(raw: bytes) -> Iterator[tuple[int, Cdr | None]]:
    starts = [found.start() for found in _JSON.finditer(raw)]
    if not starts:
        return
    if starts[0] > 0:
        yield 0, None
    for start, end in zip(starts, (*starts[1:], len(raw)), strict=True):
        yield start, _whole(raw[start:end], cdr_json.parse)


def _csv(raw: bytes) -> Iterator[tuple[int, Cdr | None]]:
    """Only the last of them: the number at the end of one before it may have lost digits to the tearing.

    Nothing where one quoted text stands before it: this may be a record with quotes in its account code.
    """
    starts = [found.start() for found in _CSV.finditer(raw, raw.rfind(b"\0") + 1)]
    if len(starts) == 1 and starts[0] > 0 and not _ONE_TEXT.fullmatch(raw, 0, starts[0]):
        yield 0, None
        yield starts[0], _whole(raw[starts[0] :], cdr_csv.parse)


def _whole(raw: bytes, parse: Callable[[bytes], Cdr]) -> Cdr | None:
    try:
        return parse(raw)
    except BrokenRecord:
        return None


_SPLIT: dict[str, Callable[[bytes], Iterator[tuple[int, Cdr | None]]]] = {"csv": _csv, "json": _json}
