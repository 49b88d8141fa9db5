"""Many call records at a time, where every line is plainly one: past the careful parsers (话单快读).

What is taken here the careful parser takes too, with the same key, beginning and bytes; a test compares them.
Of anything unusual nothing is said here: the first such line is where the careful one has to go on.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import NamedTuple, Protocol

from pbx.cdr import DISPOSITIONS, FIELDS, SECOND, TIMES
from pbx.cdr_csv import instant
from pbx.cdr_json import SCHEMA

LONGEST = 4096
"""Bytes of a line that is taken here."""


class Plain(NamedTuple):
    """The lines from the beginning of a block that are plainly records, each with another key.

    `size` is how many bytes they are with their newlines, `sha256` the digest of those; `total` is the sum of
    the digests of the lines, a whole number below 2**256.
    """

    uniqueids: list[str]
    sequences: list[int]
    starts: list[int]
    size: int
    sha256: bytes
    total: int


class PlainReader(Protocol):
    """Who reads blocks of whole lines plainly, in order; ahead of who asks, if need be."""

    def read(self, blocks: Iterable[bytes], kind: str) -> Iterator[tuple[bytes, Plain]]: ...


class ReadHere:
    """Each block when it is asked for."""

    def read(self, blocks: Iterable[bytes], kind: str) -> Iterator[tuple[bytes, Plain]]:
        for block in blocks:
            yield block, plain(block, kind)


def plain(block: bytes, kind: str) -> Plain:
    """What can be taken from the beginning of these lines; `kind` is that of their file."""
    lines = block.split(b"\n")
    lines.pop()
    found = _finds(block, kind)
    if len(found) != len(lines):
        found = _first_of(lines, _strict(kind))
        del lines[len(found) :]
        block = block[: sum(map(len, lines)) + len(lines)]
    if not found or max(map(len, lines)) > LONGEST:
        return NOTHING
    uniqueids = [one[1] for one in found]
    sequences = [int(one[2]) for one in found]
    if len(set(uniqueids)) != len(found) and len(set(zip(uniqueids, sequences, strict=True))) != len(found):
        return NOTHING
    total = sum([int.from_bytes(_sha256(line).digest(), "big") for line in lines])
    return Plain(
        b"\n".join(uniqueids).decode("ascii").split("\n"),
        sequences,
        _instants([one[0] for one in found], kind),
        len(block),
        _sha256(block).digest(),
        total % 2**256,
    )


def _finds(block: bytes, kind: str) -> list[tuple[bytes, bytes, bytes]]:
    """What the lines hold, if they are as many as the lines.

    The quick pattern lets a newline pass inside a text, but each of its finds ends with one: where there are
    as many finds as newlines, no text holds one.
    """
    odd = b"\r" in block or b"\0" in block
    return (_strict if odd else _quick)(kind).findall(block)


NOTHING = Plain([], [], [], 0, bytes(32), 0)
_sha256 = hashlib.sha256


def _first_of(lines: list[bytes], pattern: re.Pattern[bytes]) -> list[tuple[bytes, bytes, bytes]]:
    taken: list[tuple[bytes, bytes, bytes]] = []
    for line in lines:
        found = pattern.fullmatch(line + b"\n")
        if found is None:
            break
        taken.append((found[1], found[2], found[3]))
    return taken


def _instants(texts: list[bytes], kind: str) -> list[int]:
    if kind == "json":
        return [int(text.replace(b".", b"")) for text in texts]
    return [(_DAYS[text[:10]] + _CLOCKS[text[10:]]) * SECOND for text in texts]


class _Days(dict[bytes, int]):
    """Seconds from 1970 to a day."""

    def __missing__(self, day: bytes) -> int:
        self[day] = found = instant("day", f"{day.decode('ascii')} 00:00:00") // SECOND
        return found


class _Clocks(dict[bytes, int]):
    """Seconds from midnight to a time of the day, behind its blank."""

    def __missing__(self, clock: bytes) -> int:
        self[clock] = found = int(clock[1:3]) * 3600 + int(clock[4:6]) * 60 + int(clock[7:9])
        return found


_DAYS, _CLOCKS = _Days(), _Clocks()


def says_no_more(line: bytes, known: bytes) -> bool:
    """Whether a line plainly tells the same call as one that is known, and knows it no better: the very same
    line, or one of Master.csv with the whole seconds of one of cdr_custom."""
    if line == known:
        return True
    if known[:1] != b"{" or line[:1] == b"{":
        return False
    here, there = _whole("csv").fullmatch(line), _whole("json").fullmatch(known)
    if here is None or there is None:
        return False
    mine, theirs = here.groups(), there.groups()
    return (
        mine[:_CLID] == theirs[:_CLID]
        and mine[_TIMED:] == theirs[_TIMED:]
        and mine[_CLID].replace(b'""', b'"') == theirs[_CLID].replace(b'\\"', b'"')
        and mine[_CLID + 1 : _BEGIN] == theirs[_CLID + 1 : _BEGIN]
        and all(map(_same_second, mine[_BEGIN:_TIMED], theirs[_BEGIN:_TIMED]))
    )


def _same_second(written: bytes | None, exact: bytes | None) -> bool:
    """Whether a time of Master.csv is that second; None: nobody answered."""
    if written is None or exact in (None, b"0.000000"):
        return written is None and exact in (None, b"0.000000")
    return _DAYS[written[:10]] + _CLOCKS[written[10:]] == int(exact[:-7])


_WHOLE = rb"-?[0-9]{1,9}"
_KEY = rb"[0-9A-Za-z._-]{1,100}"
_DISPOSITIONS = "|".join(sorted(DISPOSITIONS)).encode()
_DATE = (
    rb"20[0-9]{2}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)"
    rb"|(?:0[13578]|1[02])-31)"
)
"""Without the 29th of February, for which a calendar is needed."""
_TIME = _DATE + rb" (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_INSTANT = rb"[1-9][0-9]{9}\.[0-9]{6}"


_INSIDE = {
    "duration": _WHOLE,
    "billsec": _WHOLE,
    "sequence": _WHOLE,
    "disposition": _DISPOSITIONS,
    "uniqueid": _KEY,
}
"""What is alike in both kinds of file."""


def _csv_column(name: str, told: Collection[str]) -> bytes:
    text = rb'(?:[^"\n\r\0]++|"")*+' if name == "clid" else rb'[^"\n\r\0]*+'
    found = (b"(%b)" if name in told else b"(?:%b)") % (_TIME if name in TIMES else _INSIDE.get(name, text))
    if _INSIDE.get(name) is _WHOLE:
        return found
    return b'(?:"%b")?+' % found if name == "answer" else b'"%b"' % found


def _json_field(name: str, told: Collection[str]) -> bytes:
    text = rb'(?:[^"\\\n\r\0]++|\\")*+' if name == "clid" else rb'[^"\\\n\r\0]*+'
    instant = rb"%b|0\.000000" % _INSTANT if name == "answer" else _INSTANT
    found = (b"(%b)" if name in told else b"(?:%b)") % (instant if name in TIMES else _INSIDE.get(name, text))
    if name not in TIMES and _INSIDE.get(name) is not _WHOLE:
        found = b'"%b"' % found
    found = b',"%b":%b' % (name.encode(), found)
    return b"(?:%b)?+" % found if name == "answer" else found


def _line(kind: str, told: Collection[str]) -> bytes:
    """A plain line of that kind, with the fields that are asked for."""
    if kind == "csv":
        return b",".join(_csv_column(name, told) for name in FIELDS) + b"\r?+"
    return _HEAD + b"".join(_json_field(name, told) for name in FIELDS) + b"}\r?+"


_HEAD = re.escape(f'{{"schema":"{SCHEMA}"').encode()
_CLID, _BEGIN = FIELDS.index("clid"), FIELDS.index("start")
_TIMED = _BEGIN + len(TIMES)


@cache
def _strict(kind: str) -> re.Pattern[bytes]:
    """One plain line from its beginning to its end, with its start, uniqueid and sequence."""
    return re.compile(b"^" + _line(kind, ("start", "uniqueid", "sequence")) + b"\n", re.MULTILINE)


@cache
def _quick(kind: str) -> re.Pattern[bytes]:
    """The same for lines without NUL and carriage return, in half the time."""
    return re.compile(_strict(kind).pattern.replace(rb"\n\r\0]", b"]"), re.MULTILINE)


@cache
def _whole(kind: str) -> re.Pattern[bytes]:
    """A plain line without its newline, with all its fields."""
    return re.compile(_line(kind, FIELDS))


assert SECOND == 10**6
