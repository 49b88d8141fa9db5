"""A file of call records as bytes at places: its lines, and the digests by which it is known again.

Whatever can hand out bytes from a place on is such a file: one on a disk, in an archive, on another machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Protocol

from pbx.cdr_lines import LONGEST_LINE, Line

BLOCK = 256 * 1024
PREFIX = 4096
"""Bytes at the beginning of a file by which it is known again, at most."""
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

    Memory stays bounded whatever the file holds: of a line over 64 KiB the beginning is kept.
    """
    kept, start, place = bytearray(), offset, offset
    while block := file.read(place, BLOCK):
        begin = 0
        while (newline := block.find(b"\n", begin)) >= 0:
            raw = block[begin:newline] if not kept else bytes(kept) + block[begin:newline]
            end = place + newline + 1
            yield Line(start, raw[:LONGEST_LINE], end)
            kept.clear()
            start, begin = end, newline + 1
        kept += block[begin : begin + max(0, LONGEST_LINE - len(kept))]
        place += len(block)


def tail(file: Bytes, offset: int) -> Line | None:
    """What stands behind the last newline, of a file that nobody writes to any more."""
    rest = file.read(offset, LONGEST_LINE)
    return Line(offset, rest, file.size) if rest else None
