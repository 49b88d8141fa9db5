"""A file of call records as bytes at places: its lines, and the digests by which it is known again.

Whatever can hand out bytes from a place on is such a file: one on a disk, in an archive, on another machine.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from typing import Protocol

from pbx.cdr_lines import LONGEST_LINE, LONGEST_RECORD, Line

BLOCK = 256 * 1024
PREFIX = 4096
"""Bytes at the beginning of a file by which it is known again, at most."""
REMEMBERED = 64
"""Blocks of a file that are kept in memory for their digest, at most."""
TAIL = 256
"""Bytes before the place where reading goes on, by which it is known that nothing was cut off there."""


class Bytes(Protocol):
    """What can be read from a place on. Raises OSError."""

    @property
    def size(self) -> int:
        """Bytes it holds now."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """The bytes from a place on, fewer where it ends before; none at its end."""
        ...


class Remembered:
    """A file that is read from one place on, and remembers the last of it: to tell its digest in parts."""

    def __init__(self, file: Bytes) -> None:
        self._file = file
        self._kept: deque[tuple[int, bytes]] = deque()
        self._next: int | None = None

    @property
    def size(self) -> int:
        return self._file.size

    def read(self, offset: int, length: int) -> bytes:
        found = self._file.read(offset, length)
        if self._next in (None, offset):
            self._kept.append((offset, found))
            self._next = offset + len(found)
            if len(self._kept) > REMEMBERED:
                self._kept.popleft()
        return found

    def sha256(self, begin: int, end: int) -> bytes:
        """The digest of what was read between two places; what is forgotten already is read again."""
        digest = hashlib.sha256()
        while self._kept and self._kept[0][0] + len(self._kept[0][1]) <= begin:
            self._kept.popleft()
        for offset, found in (*self._kept, (end, b"")):
            while begin < min(offset, end):
                again = self._file.read(begin, min(BLOCK, min(offset, end) - begin))
                if not again:
                    return digest.digest()
                digest.update(again)
                begin += len(again)
            if begin < end and begin < offset + len(found):
                digest.update(found[begin - offset : end - offset])
                begin = min(end, offset + len(found))
        return digest.digest()


def head(file: Bytes, length: int = PREFIX) -> bytes:
    """The first bytes, fewer if the file has no more."""
    return file.read(0, length)


def prefix_sha256(file: Bytes, length: int) -> str:
    """The digest of the first `length` bytes; of fewer, if the file has been cut shorter."""
    return hashlib.sha256(head(file, length)).hexdigest()


def tail_sha256(file: Bytes, offset: int) -> str:
    """The digest of the last bytes before a place, at most 256; of fewer, if the file was cut there."""
    length = min(TAIL, offset)
    return hashlib.sha256(file.read(offset - length, length)).hexdigest()


def lines(file: Bytes, offset: int) -> Iterator[Line]:
    """The complete lines from a place on; what has no newline yet is left for later.

    Memory stays bounded whatever the file holds: of a line over 64 KiB the beginning is kept, and its last
    8 KiB are a line of their own, for a record may be glued to what a power loss left there.
    """
    kept, start, place = bytearray(), offset, offset
    while block := file.read(place, BLOCK):
        begin = 0
        while (newline := block.find(b"\n", begin)) >= 0:
            raw = block[begin:newline] if not kept else bytes(kept) + block[begin:newline]
            end = place + newline + 1
            if end - start > LONGEST_LINE + LONGEST_RECORD:
                last = end - 1 - LONGEST_RECORD
                yield Line(start, raw[:LONGEST_LINE], last)
                yield Line(last, file.read(last, LONGEST_RECORD), end)
            else:
                yield Line(start, raw[:LONGEST_LINE], end)
            kept.clear()
            start, begin = end, newline + 1
        kept += block[begin : begin + max(0, LONGEST_LINE - len(kept))]
        place += len(block)


def tail(file: Bytes, offset: int) -> Line | None:
    """What stands behind the last newline, of a file that nobody writes to any more."""
    rest = file.read(offset, LONGEST_LINE)
    return Line(offset, rest, file.size) if rest else None
