"""A second process that reads call records plainly while the first one writes those before (话单快读进程).

It is given blocks over a pipe and gives back what they hold, one block ahead at most. It holds nothing else:
no file, no lock, no connection; when the pipe closes, because its parent has ended in whatever way, it ends.
"""

from __future__ import annotations

import gc
import struct
import subprocess
import sys
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from pbx.cdr_plain import Plain, plain

WORTH = 4 * 1024 * 1024
"""A block from this size on is read in the second process: to start it takes some hundredths of a second."""

_ROOT = str(Path(__file__).resolve().parents[2])
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from pbx.live.plain_reader import serve; serve()"
_ASKED = struct.Struct("!4sQ")
_TOLD = struct.Struct("!QQ32s32sQ")


class ReadBeside:
    """Reads large blocks in a second process, which is started with the first of them; to be closed."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ReadBeside:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process; there may be none."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()  # it has nothing to lose
            child.communicate()

    def read(self, blocks: Iterable[bytes], kind: str) -> Iterator[tuple[bytes, Plain]]:
        """Each block with what it holds; the one behind it is being read meanwhile."""
        ahead: bytes | None = None
        try:
            for block in blocks:
                if len(block) < WORTH:
                    if ahead is not None:
                        told, ahead = (ahead, self._answer()), None
                        yield told
                    yield block, plain(block, kind)
                    continue
                told_of = None if ahead is None else (ahead, self._answer())
                self._ask(block, kind)
                ahead = block
                if told_of is not None:
                    yield told_of
            if ahead is not None:
                told_of, ahead = (ahead, self._answer()), None
                yield told_of
        finally:
            if ahead is not None:
                self.close()

    def _ask(self, block: bytes, kind: str) -> None:
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _PROGRAM, _ROOT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
        into = self._child.stdin
        assert into is not None
        into.write(_ASKED.pack(kind.encode(), len(block)))
        into.write(block)
        into.flush()

    def _answer(self) -> Plain:
        assert self._child is not None
        source = self._child.stdout
        assert source is not None
        size, count, sha256, total, length = _TOLD.unpack(_exactly(source, _TOLD.size))
        sequences, starts = array("q"), array("q")
        sequences.frombytes(_exactly(source, 8 * count))
        starts.frombytes(_exactly(source, 8 * count))
        uniqueids = _exactly(source, length).decode("ascii").split("\n") if count else []
        return Plain(
            uniqueids, sequences.tolist(), starts.tolist(), size, sha256, int.from_bytes(total, "big")
        )


def _exactly(source: IO[bytes], length: int) -> bytes:
    read = source.read(length)
    if len(read) != length:
        raise OSError("the process that reads call records has ended")
    return read


def serve() -> None:
    """What the second process does: block after block, until nobody asks any more."""
    source, into = sys.stdin.buffer, sys.stdout.buffer
    gc.disable()  # nothing here refers to itself, and what is read are a million small values
    while len(head := source.read(_ASKED.size)) == _ASKED.size:
        kind, length = _ASKED.unpack(head)
        block = source.read(length)
        if len(block) < length:
            return
        found = plain(block, kind.rstrip(b"\0").decode())
        names = "\n".join(found.uniqueids).encode("ascii")
        told = _TOLD.pack(
            found.size, len(found.starts), found.sha256, found.total.to_bytes(32, "big"), len(names)
        )
        try:
            for part in (told, array("q", found.sequences), array("q", found.starts), names):
                into.write(part)
            into.flush()
        except BrokenPipeError:
            return
