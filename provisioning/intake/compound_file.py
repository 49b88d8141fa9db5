"""The streams of a compound file, which an .xls or a password-protected workbook is (复合文档, OLE)."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from provisioning.intake.wrong import Wrong
from provisioning.intake.zip_parts import broken

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_IN_HEADER = 109
_ENTRY = 128
_SECTOR = 4096


@dataclass(frozen=True, slots=True)
class _Stream:
    first: int
    size: int


class CompoundFile:
    """The streams by their names. A chain that runs in a circle or out of the file is a broken file."""

    def __init__(self, content: bytes) -> None:
        if len(content) < 512 or not content.startswith(SIGNATURE):
            raise broken()
        self._content = content
        self._shift = content[30]
        if self._shift not in (9, 12):
            raise broken()
        self._sectors = max(
            0, (len(content) >> self._shift) - (0 if len(content) % (1 << self._shift) else 1)
        )
        self._cutoff, mini_first = struct.unpack_from("<II", content, 56)
        self._fat = self._table(self._fat_sectors())
        directory = self._chain(struct.unpack_from("<I", content, 48)[0], self._fat)
        self._streams = self._entries(directory)
        self._mini_fat = _whole_numbers(self._chain(mini_first, self._fat))
        self._mini = b""

    def __contains__(self, name: str) -> bool:
        return name in self._streams

    def read(self, name: str) -> bytes:
        """One stream; raises Wrong where it is cut off."""
        stream = self._streams.get(name)
        if stream is None:
            raise broken()
        large = stream.size >= self._cutoff
        found = self._chain(stream.first, self._fat) if large else self._small(stream)
        if len(found) < stream.size:
            raise broken()
        return found[: stream.size]

    def _sector(self, number: int) -> bytes:
        begin = (number + 1) << self._shift
        return self._content[begin : begin + (1 << self._shift)]

    def _fat_sectors(self) -> list[int]:
        """The sectors that hold the table of sectors."""
        found = [n for n in struct.unpack_from(f"<{_IN_HEADER}I", self._content, 76) if n < _FAT]
        following = struct.unpack_from("<I", self._content, 68)[0]
        seen: set[int] = set()
        while following < _FAT:
            if following in seen or following >= self._sectors:
                raise broken()
            seen.add(following)
            numbers = _whole_numbers(self._sector(following))
            found += [n for n in numbers[:-1] if n < _FAT]
            following = numbers[-1]
        return found

    def _table(self, sectors: list[int]) -> array[int]:
        if len(sectors) > self._sectors or any(number >= self._sectors for number in sectors):
            raise broken()
        return _whole_numbers(b"".join(self._sector(number) for number in sectors))

    def _chain(self, first: int, table: array[int]) -> bytes:
        return b"".join(self._sector(number) for number in _numbers(first, table, self._sectors))

    def _small(self, stream: _Stream) -> bytes:
        if not self._mini:
            self._mini = self._chain(self._streams[""].first, self._fat)
        numbers = _numbers(stream.first, self._mini_fat, len(self._mini) // 64 + 1)
        return b"".join(self._mini[number * 64 : number * 64 + 64] for number in numbers)

    def _entries(self, directory: bytes) -> Mapping[str, _Stream]:
        found: dict[str, _Stream] = {}
        for at in range(0, len(directory) - _ENTRY + 1, _ENTRY):
            length, kind = struct.unpack_from("<HB", directory, at + 64)
            first, size = struct.unpack_from("<II", directory, at + 116)
            name = directory[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", errors="replace")
            if kind == 2:
                found.setdefault(name, _Stream(first, size))
            elif kind == 5:
                found[""] = _Stream(first, size)
        if "" not in found:
            raise broken()
        return found


def _numbers(first: int, table: array[int], most: int) -> list[int]:
    """The chain of sectors from the first one on."""
    found: list[int] = []
    while first < _FAT:
        if len(found) >= most or first >= len(table):
            raise broken()
        found.append(first)
        first = table[first]
    return found


def _whole_numbers(content: bytes) -> array[int]:
    numbers = array("I")
    numbers.frombytes(content[: len(content) // 4 * 4])
    return numbers


def packed(name: str, stream: bytes) -> bytes:
    """A compound file of this one stream and nothing else."""
    stream += b"\0" * (-len(stream) % _SECTOR or _SECTOR)
    held = len(stream) // _SECTOR
    fats = 1
    while fats * (_SECTOR // 4) < fats + 1 + held:
        fats += 1
    if fats > _IN_HEADER:
        raise Wrong(
            "workbook-too-large", "the workbook is too large", "copy the number list alone into a new one"
        )
    begin = fats + 1
    chain = [*range(begin + 1, begin + held), _END]
    table = [_FAT] * fats + [_END] + chain
    table += [_FREE] * (fats * (_SECTOR // 4) - len(table))
    header = SIGNATURE + bytes(16) + struct.pack("<HHHHH", 0x3E, 4, 0xFFFE, 12, 6) + bytes(6)
    header += struct.pack("<9I", 1, fats, fats, 0, 4096, _END, 0, _END, 0)
    header += struct.pack(f"<{_IN_HEADER}I", *range(fats), *[_FREE] * (_IN_HEADER - fats))
    # The library wants the root to begin in some sector, although it holds nothing.
    entries = _entry("Root Entry", 5, begin, 0, child=1) + _entry(name, 2, begin, len(stream))
    directory = entries.ljust(_SECTOR, b"\0")
    return b"".join((header.ljust(_SECTOR, b"\0"), struct.pack(f"<{len(table)}I", *table), directory, stream))


def _entry(name: str, kind: int, first: int, size: int, child: int = _FREE) -> bytes:
    written = (name + "\0").encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII16sIQQIQ",
        *(written, len(written), kind, 1, _FREE, _FREE, child, bytes(16), 0, 0, 0, first, size),
    )
