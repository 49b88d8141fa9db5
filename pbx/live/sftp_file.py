"""One file of call records on another machine: its bytes at places, read ahead (远程话单文件)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, TypeVar

from pbx.cdr_gzip import MAGIC, Unpacked
from pbx.live.sftp_names import Status

_T = TypeVar("_T")

_QUESTION = 32 * 1024
"""Bytes asked for at once: every server gives so many."""
_BLOCK = 1024 * 1024
"""Bytes fetched together, and as many ahead of them while somebody reads on."""
_SMALL = 64 * 1024
"""Who wants less than this looks at a head or a tail, and does not read on."""


class Handle(Protocol):
    """A file that the machine has opened for us; a read gives what a server gives at once, and no more."""

    async def read(self, size: int, offset: int) -> bytes: ...

    async def stat(self) -> Status: ...

    async def close(self) -> None: ...


class _Ask(Protocol):
    """Waits for an answer of the machine."""

    def __call__(self, work: Coroutine[Any, Any, _T]) -> _T: ...


class _Begin(Protocol):
    """Asks the machine without waiting."""

    def __call__(self, work: Coroutine[Any, Any, _T]) -> Future[_T]: ...


class _Wait(Protocol):
    def __call__(self, answer: Future[_T]) -> _T: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How the machine is asked; all of them raise OSError."""

    ask: _Ask
    begin: _Begin
    wait: _Wait


class RemoteFile:
    """An open file of call records. It stays the same file when it is renamed meanwhile.

    SFTP tells no inode, no device and no birth: they are 0, and the file is known again by its bytes. Only
    while it is empty, and has none, its inode is when it was last written, in seconds: an empty file with
    another one has been written to or replaced.
    """

    def __init__(self, path: str, handle: Handle, status: Status, line: Line) -> None:
        self.path = path
        self._handle = handle
        self._line = line
        self._ahead: tuple[int, Future[bytes]] | None = None
        self._block = (0, b"")
        self.inode = 0 if status.size else status.mtime or 0
        self.device = self.born = 0
        self.written = (status.mtime or 0) * 1_000_000_000
        self.archived = self._stored(0, len(MAGIC)) == MAGIC
        self._unpacked = Unpacked(_Stored(self._stored)) if self.archived else None

    def __enter__(self) -> RemoteFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._line.ask(self._handle.close())
        except OSError:
            return  # it was read; that the machine is gone now will be said by the next question

    @property
    def size(self) -> int:
        """Bytes the file holds now; of a gzipped one, what they are unpacked."""
        if self._unpacked is not None:
            return self._unpacked.size
        return self._line.ask(self._handle.stat()).size or 0

    def read(self, offset: int, length: int) -> bytes:
        """The bytes from a place on, fewer where the file ends before; never more than 1 MiB at once, so that
        what came of a slow machine is stored before the rest comes."""
        if self._unpacked is not None:
            return self._unpacked.read(offset, length)
        return self._stored(offset, min(length, _BLOCK))

    def _stored(self, offset: int, length: int) -> bytes:
        if length < _SMALL and not self._holds(offset, length):
            return self._line.ask(_fetched(self._handle, offset, length))
        found = bytearray()
        while len(found) < length and (piece := self._piece(offset + len(found), length - len(found))):
            found += piece
        return bytes(found)

    def _holds(self, offset: int, length: int) -> bool:
        start, block = self._block
        return start <= offset and offset + length <= start + len(block)

    def _piece(self, offset: int, length: int) -> bytes:
        start, block = self._block
        if not start <= offset < start + len(block):
            start, block = self._block = offset, self._next(offset)
        return block[offset - start : offset - start + length]

    def _next(self, offset: int) -> bytes:
        """The block from there on, which was asked for already where somebody reads on."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[0] == offset:
            block = self._line.wait(ahead[1])
        else:
            block = self._line.ask(_fetched(self._handle, offset, _BLOCK))
        if len(block) == _BLOCK:
            self._ahead = (offset + _BLOCK, self._line.begin(_fetched(self._handle, offset + _BLOCK, _BLOCK)))
        return block


@dataclass(frozen=True, slots=True)
class _Stored:
    """The bytes as they lie on the other machine."""

    read: Callable[[int, int], bytes]


async def _fetched(handle: Handle, offset: int, length: int) -> bytes:
    """Bytes from a place on, without a gap. The library's own reading of many parts at once fills with NULs
    what a file that is cut or grows meanwhile has not given; here what comes behind a gap is dropped."""
    found = bytearray()
    while len(found) < length:
        places = range(len(found), length, _QUESTION)
        parts = await asyncio.gather(
            *(handle.read(min(_QUESTION, length - place), offset + place) for place in places)
        )
        for place, part in zip(places, parts, strict=True):
            found += part
            if len(part) < min(_QUESTION, length - place):
                break
        else:
            break
        if not parts[0]:
            break
    return bytes(found)
