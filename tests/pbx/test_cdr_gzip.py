"""Gzipped files of call records: read from any place, in bounded memory, and never when they are torn."""

from __future__ import annotations

import gzip
import random
import tracemalloc

import pytest

from pbx import cdr_gzip
from pbx.cdr_gzip import DamagedArchive, Unpacked


class Packed:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


def unpacked(data: bytes) -> Unpacked:
    return Unpacked(Packed(data))


def content(size: int) -> bytes:
    return random.Random(5).randbytes(size // 2).hex().encode()


def test_any_place_can_be_read():
    """Bytes come from any place of what was packed, forwards and backwards, in one member or several."""
    data = content(300_000)
    for packed in (gzip.compress(data), gzip.compress(data[:70_000]) + gzip.compress(data[70_000:])):
        file = unpacked(packed)
        for offset, length in (
            (0, 10),
            (299_990, 100),
            (5, 200_000),
            (100_000, 1),
            (0, 300_000),
            (300_000, 9),
        ):
            assert file.read(offset, length) == data[offset : offset + length]
        assert file.size == 300_000
    assert unpacked(gzip.compress(b"") + b"\0" * 100).read(0, 5) == b""
    assert unpacked(gzip.compress(b"abc") + b"\0" * 100).size == 3


@pytest.mark.parametrize("size", [100, 300_000])
def test_a_torn_archive_gives_nothing_but_its_name(size):
    """An archive cut anywhere, or with a wrong byte, is damaged: none of its records counts."""
    packed = gzip.compress(content(size))
    for cut in (len(packed) - 1, len(packed) - 8, len(packed) // 2, 3):
        with pytest.raises(DamagedArchive, match="not whole"):
            unpacked(packed[:cut]).read(0, 256 * 1024)
    wrong = bytearray(packed)
    wrong[-6] ^= 1
    with pytest.raises(DamagedArchive):
        unpacked(bytes(wrong)).read(0, 256 * 1024)
    with pytest.raises(DamagedArchive):
        unpacked(packed + b"something else").read(0, 256 * 1024)


def test_a_long_piece_comes_whole(monkeypatch):
    """A piece longer than what is kept behind it comes from its first byte on, and so does one before it."""
    monkeypatch.setattr(cdr_gzip, "_WINDOW", 100_000)
    data = b"".join(b"%08d" % number for number in range(300_000))
    file = unpacked(gzip.compress(data, 1))
    for offset in (100_000, 900_001, 100):
        assert file.read(offset, 1_500_000) == data[offset : offset + 1_500_000]


def test_memory_stays_bounded():
    """An archive that unpacks to far more than it is does not fill the memory."""
    packed = gzip.compress(bytes(60_000_000))
    file = unpacked(packed)
    tracemalloc.start()
    assert file.size == 60_000_000
    assert file.read(59_000_000, 10) == bytes(10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 96 * 1024 * 1024
