"""The quick way of collecting: block by block, where every line is plainly a new record (批量入库)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pbx.cdr_file import Bytes
from pbx.cdr_plain import Plain, PlainReader

BLOCK_BYTES = 6 * 1024 * 1024
"""A transaction holds so much of a file."""
AGAIN = 512 * 1024
"""Behind a line that is not plain the first block is so small, and each one behind it twice as large."""
STRETCH = 64 * 1024
"""Behind a line that is not plain so many bytes are read carefully before the quick way is tried again; twice
as many each time that was in vain."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Where the quick way ends, and how far somebody has to read carefully; None: to the end."""

    offset: int
    careful: int | None


@dataclass(slots=True)
class Pace:
    """How much is tried at a time: as little as it takes to lose no time where lines are not plain."""

    size: int = 0
    """Bytes of the next block; 0: as many as a transaction holds."""
    stretch: int = 0

    def stopped(self, gained: int) -> None:
        """The quick way has come so many bytes far."""
        self.size = min(AGAIN, BLOCK_BYTES)
        self.stretch = min(2 * self.stretch, BLOCK_BYTES) if 0 <= gained < self.size else 0
        self.stretch = max(self.stretch, STRETCH)


def collect_plainly(
    file: Bytes,
    offset: int,
    kind: str,
    reader: PlainReader,
    keep: Callable[[int, list[bytes], Plain], bool],
    pace: Pace,
) -> Reached:
    """Hands over block after block from a place on, as long as each is plain and `keep` takes it."""
    begin = offset
    found = reader.read(blocks(file, offset, pace.size), kind)
    try:
        for block, plain in found:
            if plain.size:
                lines = block.split(b"\n", len(plain.starts))
                lines.pop()
                if not keep(offset + plain.size, lines, plain):
                    pace.stopped(offset - begin)
                    return Reached(offset, offset + max(len(block), pace.stretch))
                offset += plain.size
            if plain.size < len(block):
                pace.stopped(offset - begin)
                return Reached(offset, offset + pace.stretch)
    finally:
        close = getattr(found, "close", None)
        if close is not None:
            close()
    if file.size - offset >= BLOCK_BYTES:
        return Reached(offset, offset + BLOCK_BYTES)  # no newline in so much: behind it there may be
    return Reached(offset, None)


def blocks(file: Bytes, offset: int, size: int = 0) -> Iterator[bytes]:
    """The whole lines from a place on: as many at a time as a transaction holds, or `size` bytes at first and
    twice as many each time; none where there is not even one in as much as a transaction holds."""
    size = size or BLOCK_BYTES
    while True:
        block = file.read(offset, size)
        end = block.rfind(b"\n") + 1
        if end:
            yield block[:end]
            offset += end
        elif len(block) < size or size >= BLOCK_BYTES:
            return
        size = min(2 * size, BLOCK_BYTES)
