"""The quick way of collecting: block by block, where every line is plainly a new record (批量入库)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pbx.cdr_file import Bytes
from pbx.cdr_plain import Plain, PlainReader

BLOCK_BYTES = 8 * 1024 * 1024
"""A transaction holds so much of a file."""
STRETCH = 64 * 1024
"""Behind a line that is not plain so many bytes are read carefully before the quick way is tried again."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Where the quick way ends, and how far somebody has to read carefully; None: to the end."""

    offset: int
    careful: int | None


def collect_plainly(
    file: Bytes, offset: int, kind: str, reader: PlainReader, keep: Callable[[int, list[bytes], Plain], bool]
) -> Reached:
    """Hands over block after block from a place on, as long as each is plain and `keep` takes it."""
    found = reader.read(blocks(file, offset), kind)
    try:
        for block, plain in found:
            if plain.size:
                lines = block.split(b"\n", len(plain.starts))
                lines.pop()
                if not keep(offset + plain.size, lines, plain):
                    return Reached(offset, offset + len(block))
                offset += plain.size
            if plain.size < len(block):
                return Reached(offset, offset + STRETCH)
    finally:
        close = getattr(found, "close", None)
        if close is not None:
            close()
    return Reached(offset, None)


def blocks(file: Bytes, offset: int) -> Iterator[bytes]:
    """The whole lines from a place on, as many at a time as a transaction holds; none where there is not even
    one in so much."""
    while True:
        block = file.read(offset, BLOCK_BYTES)
        end = block.rfind(b"\n") + 1
        if not end:
            return
        yield block[:end]
        offset += end
