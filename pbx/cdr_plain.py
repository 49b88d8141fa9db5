"""Many call records at a time, where every line is plainly one: past the careful parsers (话单快读).

What is taken here the careful parser takes too, with the same key, beginning and bytes; a test compares them.
Of anything unusual nothing is said here: the first such line is where the careful one has to go on.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
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
    pattern = _LINES[kind]
    found: list[tuple[bytes, bytes, bytes]] = pattern.findall(block)
    lines = block.split(b"\n")
    lines.pop()
    if len(found) != len(lines):
        found = _first_of(lines, pattern)
        del lines[len(found) :]
        block = block[: sum(map(len, lines)) + len(lines)]
    if not found or max(map(len, lines)) > LONGEST:
        return NOTHING
    starts, uniqueids, sequences = zip(*found, strict=True)
    if len(set(zip(uniqueids, sequences, strict=True))) != len(found):
        return NOTHING
    total = 0
    for line in lines:
        total += int.from_bytes(_sha256(line).digest(), "big")
    return Plain(
        [text.decode("ascii") for text in uniqueids],
        list(map(int, sequences)),
        _instants(starts, kind),
        len(block),
        _sha256(block).digest(),
        total % 2**256,
    )


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


def _instants(texts: Iterable[bytes], kind: str) -> list[int]:
    if kind == "json":
        return [int(text.replace(b".", b"")) for text in texts]
    known: dict[bytes, int] = {}
    for text in set(texts):
        known[text] = instant("start", text.decode("ascii"))
    return [known[text] for text in texts]


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


def _csv_column(name: str) -> bytes:
    if name in TIMES:
        return {
            "start": b'"(' + _TIME + b')"',
            "answer": b'(?:"' + _TIME + b'")?+',
            "end": b'"' + _TIME + b'"',
        }[name]
    special = {
        "duration": _WHOLE,
        "billsec": _WHOLE,
        "disposition": b'"(?:' + _DISPOSITIONS + b')"',
        "uniqueid": b'"(' + _KEY + b')"',
        "sequence": b"(" + _WHOLE + b")",
        "clid": rb'"(?:[^"\n\r\0]++|"")*+"',
    }
    return special.get(name, rb'"[^"\n\r\0]*+"')


def _json_field(name: str) -> bytes:
    head = b',"' + name.encode() + b'":'
    if name in TIMES:
        return {
            "start": head + b"(" + _INSTANT + b")",
            "answer": b"(?:" + head + b"(?:" + _INSTANT + rb"|0\.000000))?+",
            "end": head + _INSTANT,
        }[name]
    special = {
        "duration": _WHOLE,
        "billsec": _WHOLE,
        "disposition": b'"(?:' + _DISPOSITIONS + b')"',
        "uniqueid": b'"(' + _KEY + b')"',
        "sequence": b"(" + _WHOLE + b")",
        "clid": rb'"(?:[^"\\\n\r\0]++|\\")*+"',
    }
    return head + special.get(name, rb'"[^"\\\n\r\0]*+"')


_HEAD = re.escape(f'{{"schema":"{SCHEMA}"').encode()
_LINES = {
    "csv": re.compile(b"^" + b",".join(map(_csv_column, FIELDS)) + b"\r?+\n", re.MULTILINE),
    "json": re.compile(
        b"^" + _HEAD + b"".join(map(_json_field, FIELDS)) + b"}\r?+\n",
        re.MULTILINE,
    ),
}
"""One plain line of each kind, from its beginning to its end, with its start, uniqueid and sequence."""
assert SECOND == 10**6
