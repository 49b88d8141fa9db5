"""The quick way of collecting: how much is tried again where lines are not plain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from pbx.cdr_plain import Plain, ReadHere
from provisioning.flows import collect_plain
from provisioning.flows.collect_plain import Pace, collect_plainly

GOOD = (
    b'"1","2","3","c","x","a","b","Dial","x","2025-07-31 15:59:59",,"2025-07-31 15:59:59",0,0,"FAILED",'
    b'"BILLING","pbx-1.%d","","","pbx-1.1",%d\n'
)
BLOCK = 64 * 1024


class Text:
    """A file that is these bytes."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self, offset: int, length: int) -> bytes:
        return self.content[offset : offset + length]


class Counting(ReadHere):
    """Counts the bytes that were looked at."""

    looked_at = 0

    def read(self, blocks: Iterable[bytes], kind: str) -> Iterator[tuple[bytes, Plain]]:
        for block, found in super().read(blocks, kind):
            self.looked_at += len(block)
            yield block, found


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect_plain, "BLOCK_BYTES", BLOCK)
    monkeypatch.setattr(collect_plain, "AGAIN", BLOCK // 16)
    monkeypatch.setattr(collect_plain, "STRETCH", BLOCK // 128)


def walked(content: bytes, refused: int = 0) -> tuple[int, int, int]:
    """How many bytes were looked at, kept and read carefully, the whole file long."""
    file, reader, pace = Text(content), Counting(), Pace()
    offset = kept = careful = 0

    def keep(end: int, lines: list[bytes], plain: Plain) -> bool:
        nonlocal kept
        if refused and any(number % refused == 0 for number in plain.sequences):
            return False
        kept += plain.size
        return True

    while True:
        reached = collect_plainly(file, offset, "csv", reader, keep, pace)
        if reached.careful is None:
            return reader.looked_at, kept, careful + file.size - reached.offset
        assert reached.careful > reached.offset >= offset
        offset = min(file.size, content.find(b"\n", reached.careful - 1) + 1 or file.size)
        careful += offset - reached.offset


@pytest.mark.parametrize("every", [3, 20, 100, 1000])
@pytest.mark.parametrize("odd", ["torn\n", "twice", "refused"])
def test_lines_that_are_not_plain_do_not_make_it_read_again_and_again(every: int, odd: str) -> None:
    """However often a line is not plain, a key comes twice or the ledger says no, what is looked at quickly
    stays within a few times the file: a duplicate in each thousand lines once took hours."""
    parts = []
    for number in range(1, 20_000):
        parts.append(GOOD % (number, number))
        if number % every == 0 and odd != "refused":
            parts.append(parts[-1] if odd == "twice" else odd.encode())
    content = b"".join(parts)
    looked_at, kept, careful = walked(content, every if odd == "refused" else 0)
    assert kept + careful == len(content)
    assert looked_at < 4 * len(content)


def test_after_one_odd_line_it_is_quick_again() -> None:
    """One odd line in a large file costs one careful stretch and no more."""
    good = b"".join(GOOD % (number, number) for number in range(20_000))
    half = good.index(b"\n", len(good) // 2) + 1
    looked_at, kept, careful = walked(good[:half] + b"torn\n" + good[half:])
    assert looked_at < len(good) + 3 * BLOCK
    assert careful < BLOCK // 64
    assert kept > len(good) - BLOCK // 64


@pytest.mark.parametrize("size", [BLOCK // 2, 5 * BLOCK])
def test_bytes_without_a_newline_are_passed_on(size: int) -> None:
    """A hole that a power loss left is left to who reads carefully, and the quick way goes on behind it."""
    rows = [GOOD % (number, number) for number in range(2500)]
    content = b"".join(rows) + b"\0" * size + b"\n" + b"".join(rows)
    _, kept, careful = walked(content)
    assert kept + careful == len(content)
    assert kept > len(content) - size - 3 * BLOCK
