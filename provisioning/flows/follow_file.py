"""Where the call records not yet collected from a source stand, rotated or not (采集进度)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from pbx.cdr_file import PREFIX, Bytes, prefix_sha256, tail_sha256
from provisioning.flows.ports import SourceState


class RecordFile(Bytes, Protocol):
    """An open file of call records; it stays the same file when it is renamed meanwhile."""

    path: str
    inode: int
    written: int
    """When it was last written, in nanoseconds: to order files, nothing else."""


class Listing(Protocol):
    """What a user's source means: the files to read, and what lies beside them and is not read."""

    @property
    def taken(self) -> tuple[str, ...]: ...

    @property
    def ignored(self) -> tuple[str, ...]: ...


class RecordFiles(Protocol):
    """The disk, as far as collecting needs it (pbx/live/files.py). Everything may raise OSError."""

    def listing(self, path: str) -> Listing: ...

    def open(self, path: str) -> AbstractContextManager[RecordFile]: ...

    def generations(self, path: str) -> tuple[str, ...]: ...

    def renamed(self, path: str, inode: int) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Part:
    """A file and the byte to read it from. `finished`: nobody writes to it any more, it was rotated."""

    file: RecordFile
    offset: int
    finished: bool = False


def state_of(switch: str, path: str, file: RecordFile, offset: int) -> SourceState:
    """What the ledger notes when a source has been read up to that byte."""
    length = min(PREFIX, offset)
    return SourceState(
        switch=switch,
        path=path,
        inode=file.inode,
        offset=offset,
        prefix_length=length,
        prefix_sha256=prefix_sha256(file, length),
        tail_sha256=tail_sha256(file, offset),
    )


def parts(
    path: str, state: SourceState | None, files: RecordFiles, note: Callable[[str], None]
) -> Iterator[Part]:
    """What to read, in order, each open while it is handed out.

    The file as it was noted goes on where it stopped. If another stands in its place, what was rotated
    away is read to its end first (found by its inode, or by its first bytes where it was copied), then
    what was rotated after it, then the new one. What cannot be told is read again from the beginning:
    that is safe, since a record is known by its key. Raises FileNotFoundError when there is neither the
    file nor what was rotated away: a folder that is not mounted looks so.
    """
    try:
        door = files.open(path)
    except FileNotFoundError:
        if state is None or _former(path, state, files, files.generations(path)) is None:
            raise
        yield from _rotated_away(path, state, files, note, finished=False)
        note("no file has taken its place since it was rotated: the switch has recorded no call since then")
        return
    with door as file:
        if state is None:
            yield Part(file, 0)
        elif is_continued(file, state):
            yield Part(file, state.offset)
        else:
            if file.inode == state.inode:
                note(
                    "it was cut short or replaced, and is read again: rotate by rename, never by copytruncate"
                )
            yield from _rotated_away(path, state, files, note, finished=True)
            yield Part(file, 0)


def is_continued(file: RecordFile, state: SourceState) -> bool:
    """Whether this is the noted file, grown or not: it begins with the same bytes, and the last ones that
    were read still stand where they stood; in a file cut at its end, and grown since or not, they do not.

    A copy made by rsync has another inode each time and goes on all the same. A file of which nothing was
    read yet has no bytes to be known by: only its inode can tell.
    """
    if state.prefix_length == 0 and file.inode != state.inode:
        return False
    begins_alike = prefix_sha256(file, state.prefix_length) == state.prefix_sha256
    return begins_alike and tail_sha256(file, state.offset) == state.tail_sha256


def _rotated_away(
    path: str, state: SourceState, files: RecordFiles, note: Callable[[str], None], *, finished: bool
) -> Iterator[Part]:
    generations = files.generations(path)
    former = _former(path, state, files, generations)
    since = -1
    if former is None:
        note(
            "what it held before is gone or compressed: if calls of that time are missing, "
            "decompress the rotated file and collect it by its name"
        )
    else:
        with files.open(former) as file:
            since = file.written
            yield Part(file, state.offset, finished)
    for later in generations:
        if later != former:
            with files.open(later) as file:
                if file.written >= since:
                    yield Part(file, 0, finished=True)


def _former(path: str, state: SourceState, files: RecordFiles, generations: tuple[str, ...]) -> str | None:
    """The noted file under its present name."""
    renamed = files.renamed(path, state.inode)
    names: tuple[str, ...] = generations if renamed is None else (renamed, *generations)
    for name in names:
        if name != path:
            with files.open(name) as file:
                if is_continued(file, state):
                    return name
    return None
