"""One call record of Asterisk, parsed strictly, with its raw text kept (话单)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, make_dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from pbx.errors import Malformed

SECOND = 1_000_000
"""Microseconds."""
EARLIEST = 631_152_000 * SECOND
"""1990-01-01 GMT. A record from before was written with a clock that had never been set."""
LATEST = 253_370_764_800 * SECOND
"""9999-01-01 GMT, where days and months end to be countable."""
DISPOSITIONS = frozenset(("ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION", "CANCEL", "UNKNOWN"))
"""What became of a call, as Asterisk writes it (cdr.c, ast_cdr_disp2str)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cdr:
    """A call record; the fields keep Asterisk's own names and, in Master.csv, this order.

    start, answer and end are microseconds since 1970 GMT, answer None if nobody answered. `exact` says that
    they are known to the microsecond (cdr_custom), else to the second (Master.csv); `billsec` and `duration`
    are Asterisk's truncated whole seconds. `raw` is the line as it was read, without its newline.
    """

    accountcode: str
    src: str
    dst: str
    dcontext: str
    clid: str
    channel: str
    dstchannel: str
    lastapp: str
    lastdata: str
    start: int
    answer: int | None
    end: int
    duration: int
    billsec: int
    disposition: str
    amaflags: str
    uniqueid: str
    userfield: str
    peeraccount: str
    linkedid: str
    sequence: int
    exact: bool
    raw: bytes


FIELDS = tuple(name for name in Cdr.__slots__ if name not in ("exact", "raw"))
"""The 21 columns of Master.csv, in order."""
TIMES = ("start", "answer", "end")
_COMPARED = (*TIMES, *(name for name in FIELDS if name not in TIMES))
_CONTENT = attrgetter(*_COMPARED[len(TIMES) :])


class BrokenRecord(Malformed):
    """A line that is no call record: it is held, never guessed at (坏话单).

    `code` is stable and names what is wrong. `unfinished` says that the line ends inside a quoted text: a
    caller's name may hold a newline, which Asterisk does not escape; then the next line goes on with it.
    """

    def __init__(self, code: str, reason: str, *, unfinished: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.unfinished = unfinished


def differences(one: Cdr, other: Cdr) -> tuple[str, ...]:
    """The fields in which two records of one key tell another call; none for the same call.

    Times are compared at whole seconds when one of the two knows no more. The raw text does not matter:
    it differs between the two kinds of file, and between line ends.
    """
    whole = one.exact is not other.exact
    here, there = payload(one, whole=whole), payload(other, whole=whole)
    if here == there:
        return ()
    return tuple(name for name, mine, yours in zip(_COMPARED, here, there, strict=True) if mine != yours)


def payload(record: Cdr, *, whole: bool = False) -> tuple[str | int | None, ...]:
    """All that a record says, without its raw text; with `whole`, times in seconds as in Master.csv."""
    times = (record.start, record.answer, record.end)
    if whole:
        times = (record.start // SECOND, _second(record.answer), record.end // SECOND)
    texts: tuple[str | int, ...] = _CONTENT(record)
    return (*times, *texts)


def agrees(one: Cdr, other: Cdr) -> bool:
    """Whether two records of one key tell the same call: a replay, or the same from another source."""
    return not differences(one, other)


def clock_apart(one: Cdr, other: Cdr) -> int:
    """By how many seconds all times of two records differ alike, 0 if they do not: another time zone."""
    apart = {
        (_second(getattr(one, name)) or 0) - (_second(getattr(other, name)) or 0)
        for name in TIMES
        if getattr(one, name) is not None or getattr(other, name) is not None
    }
    return apart.pop() if len(apart) == 1 else 0


def readable(line: bytes) -> str:
    """The text of a line. Bytes that are not UTF-8 become \\xff-like text, so that no call is lost to them:
    Asterisk cuts a caller's name at 79 bytes, through the middle of a Chinese character if need be.

    Raises BrokenRecord for NUL, which no switch writes and a disk leaves after a power loss.
    """
    if b"\0" in line:
        raise BrokenRecord("nul", "NUL bytes in the line: the disk lost what was written there")
    return line.decode("utf-8", "backslashreplace")


def checked(
    columns: Sequence[str], *, start: int, answer: int | None, end: int, raw: bytes, exact: bool
) -> Cdr:
    """The record of these texts in the order of FIELDS and of these times, if they can be one; BrokenRecord
    names the first that cannot."""
    known = answer is None or EARLIEST <= answer < LATEST
    if not (known and EARLIEST <= start < LATEST and EARLIEST <= end < LATEST):
        raise _clock_not_set(start, answer, end)
    accountcode, src, dst, dcontext, clid, channel, dstchannel, lastapp, lastdata = columns[:9]
    duration, billsec, disposition, amaflags, uniqueid, userfield, *rest = columns[12:]
    peeraccount, linkedid, sequence = rest
    if disposition not in DISPOSITIONS:
        raise BrokenRecord("disposition", f"{disposition[:40]!r} is not a disposition of Asterisk")
    if not uniqueid:
        raise BrokenRecord("key", "uniqueid is empty, so the record has no key")
    return _made(
        accountcode,
        src,
        dst,
        dcontext,
        clid,
        channel,
        dstchannel,
        lastapp,
        lastdata,
        start,
        answer,
        end,
        _short("duration", duration),
        _short("billsec", billsec),
        disposition,
        amaflags,
        uniqueid,
        userfield,
        peeraccount,
        linkedid,
        _number("sequence", sequence),
        exact,
        raw,
    )


_Draft: Any = make_dataclass("_Draft", Cdr.__slots__, slots=True)


def _made(*values: object) -> Cdr:
    """A record of these values, in order. Its own constructor goes around the lock on every field, one after
    the other, and takes as long as all the rest; a draft has no lock, and becomes a record as it is."""
    draft = _Draft(*values)
    draft.__class__ = Cdr
    record: Cdr = draft
    return record


def _clock_not_set(*instants: int | None) -> BrokenRecord:
    wrong = (
        name
        for name, instant in zip(TIMES, instants, strict=True)
        if instant is not None and not EARLIEST <= instant < LATEST
    )
    return BrokenRecord("time", f"{next(wrong)} is outside 1990 to 9998: the clock of the switch was not set")


_NUMBER = re.compile(r"-?[0-9]{1,10}")


def _number(name: str, text: str) -> int:
    """A whole number as Asterisk prints it (%d): negative after a clock step, or past 2**31 records."""
    if _NUMBER.fullmatch(text):
        number = int(text)
        if -(2**31) <= number < 2**31:
            return number
    raise BrokenRecord("number", f"{name} is {text[:40]!r}, not a whole number")


_short = lru_cache(maxsize=4096)(_number)
"""The same for numbers that come again and again, as the seconds of a call do."""


def _second(instant: int | None) -> int | None:
    return None if instant is None else instant // SECOND
