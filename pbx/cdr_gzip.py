"""A gzipped file of call records as the bytes it was made of: rotated files are often packed (压缩话单)."""

from __future__ import annotations

import errno
import zlib
from collections import deque
from typing import Protocol

MAGIC = b"\x1f\x8b"
"""The first bytes of a gzipped file; no file of call records begins so."""
_BLOCK = 16 * 1024
"""Of these come 16 MiB at most, whoever packed them."""
_MEMBER = 31
"""zlib's word for one gzip member, whose length and checksum it compares at the end."""
_HEAD = 64 * 1024
_WINDOW = 24 * 1024 * 1024
"""So many bytes behind the place read last are kept: who reads a block ahead asks for former ones again."""

_NOTHING = 2**63
"""A place that no file reaches: whoever wants all from there on wants nothing kept."""


class DamagedArchive(OSError):
    """A gzipped file that ends too early, or whose checksum is wrong: none of its lines count."""


class Packed(Protocol):
    """The compressed bytes. Raises OSError."""

    def read(self, offset: int, length: int) -> bytes: ...


class Unpacked:
    """What a gzipped file holds, read from any place on; memory stays bounded whatever it holds.

    It is unpacked forwards only: to go back behind the last 24 MiB begins again. Before anything beyond the
    first 64 KiB is handed out all of it is unpacked once: an archive that is torn, or still being written,
    gives nothing but `DamagedArchive`. Bytes of another kind behind the last member are damage too; NULs,
    as a tape leaves them, are not.
    """

    def __init__(self, packed: Packed) -> None:
        self._packed = packed
        self._size: int | None = None
        self._head: bytes | None = None
        self._begin()

    @property
    def size(self) -> int:
        """Bytes of all it holds, known once it was unpacked and found whole."""
        if self._size is None:
            self._begin()
            while self._more(_NOTHING):
                pass
            self._size = self._place
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """The bytes from a place on, fewer where it ends before."""
        if offset + length <= _HEAD:
            return self._first()[offset : offset + length]
        if offset >= self.size:
            return b""
        if offset < self._kept_from:
            self._begin()
        while self._place < offset + length and self._more(offset):
            pass
        return self._piece(offset, length)

    def _first(self) -> bytes:
        if self._head is None:
            self._begin()
            while self._place < _HEAD and self._more(0):
                pass
            self._head = self._piece(0, _HEAD)
        return self._head

    def _begin(self) -> None:
        self._member = zlib.decompressobj(_MEMBER)
        self._between = True  # nothing of this member was unpacked yet
        self._input = b""
        self._packed_place = 0
        self._kept: deque[bytes] = deque()
        self._kept_from = self._place = 0

    def _more(self, wanted: int) -> bool:
        """Unpacks some more, and keeps all from the wanted place on; False at the end."""
        while True:
            if not self._input:
                self._input = self._packed.read(self._packed_place, _BLOCK)
                self._packed_place += len(self._input)
                if not self._input:
                    if self._between and self._packed_place:
                        return False
                    raise _damaged("it ends too early")
            if self._between:
                self._input = self._input.lstrip(b"\0")
                if not self._input:
                    continue
            try:
                out = self._member.decompress(self._input)
            except zlib.error as fault:
                raise _damaged(str(fault)) from None
            self._between = self._member.eof
            self._input = self._member.unused_data
            if self._between:
                self._member = zlib.decompressobj(_MEMBER)
            if out:
                self._keep(out, wanted)
                return True

    def _keep(self, out: bytes, wanted: int) -> None:
        self._kept.append(out)
        self._place += len(out)
        enough = min(wanted, self._place - _WINDOW)
        while self._kept_from + len(self._kept[0]) <= enough:
            self._kept_from += len(self._kept.popleft())

    def _piece(self, offset: int, length: int) -> bytes:
        found, place = bytearray(), self._kept_from
        for block in self._kept:
            end = place + len(block)
            if end > offset and place < offset + length:
                found += block[max(0, offset - place) : offset + length - place]
            place = end
        return bytes(found)


def _damaged(why: str) -> DamagedArchive:
    return DamagedArchive(
        errno.EBADMSG,
        f"this gzipped file is not whole ({why}): it is still being written, or was copied in part; "
        "nothing of it was collected",
    )
