"""Where the call records not yet collected from a source stand, rotated or not (采集进度)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Protocol

from pbx.cdr_file import PREFIX, Bytes, head, prefix_sha256, tail_sha256
from pbx.cdr_gzip import DamagedArchive
from provisioning.flows.ports import SourceState
from provisioning.flows.tell_change import WORDS, Signs, change

CLOCK_STEP = 86400
"""Seconds by which another machine's clock may have been set back since a file was noted."""


class RecordFile(Bytes, Protocol):
    """An open file of call records; it stays the same file when it is renamed meanwhile."""

    path: str
    inode: int
    written: int
    """When it was last written, in nanoseconds: to order files, nothing else."""
    device: int
    """The disk or the mounted folder it lies on; 0 where nobody can tell."""
    born: int
    """When it was made, in nanoseconds: tells files of one inode apart; 0 where nobody can tell."""
    archived: bool
    """Nobody writes to it any more, whatever its name: a gzipped one."""


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
    return _state(switch, path, file, offset, min(PREFIX, offset))


def first_seen(switch: str, path: str, file: RecordFile) -> SourceState:
    """What the ledger notes of a source of which nothing was read yet: its first whole lines tell it again
    if it is rotated before the first of them is stored."""
    return _state(switch, path, file, 0, head(file).rfind(b"\n") + 1)


def _state(switch: str, path: str, file: RecordFile, offset: int, length: int) -> SourceState:
    return SourceState(
        switch=switch,
        path=path,
        inode=file.inode,
        offset=offset,
        prefix_length=length,
        prefix_sha256=prefix_sha256(file, length),
        tail_sha256=tail_sha256(file, offset),
        device=file.device,
        born=file.born,
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
        yield from _rotated_away(path, state, files, finished=False)
        note("no file has taken its place since it was rotated: the switch has recorded no call since then")
        return
    with door as file:
        if state is None:
            yield Part(file, 0, file.archived)
        elif is_continued(file, state):
            if state.prefix_length == 0:
                yield from _copied_away(file, files, files.generations(path))
            yield Part(file, state.offset, file.archived)
        elif _was_empty_elsewhere(state):
            since = (state.inode - CLOCK_STEP) * 1_000_000_000
            yield from _written_since(since, files.generations(path), None, files)
            yield Part(file, 0, file.archived)
        else:
            former = _former(path, state, files, files.generations(path))
            words = WORDS.get(change(_signs(file, state, former)))
            if words is not None:
                note(words)
            yield from _rotated_away(path, state, files, finished=True)
            yield Part(file, 0, file.archived)


def _copied_away(file: RecordFile, files: RecordFiles, generations: tuple[str, ...]) -> Iterator[Part]:
    """Copies made since the file was made, when it had not a whole line yet: it may have been emptied, and no
    byte of it is known to tell. A file that was renamed is older than the one in its place."""
    for name in generations:
        with files.open(name) as copy:
            if 0 < file.born < copy.born:
                yield Part(copy, 0, finished=True)


def _signs(file: RecordFile, state: SourceState, former: str | None) -> Signs:
    return Signs(
        same_disk=state.device in (0, file.device) or file.device == 0,
        same_inode=file.inode == state.inode != 0,
        same_birth=_born_alike(file, state),
        found_beside=former is not None,
        begins_alike=_begins_alike(file, state),
    )


def is_continued(file: RecordFile, state: SourceState) -> bool:
    """Whether this is the noted file, grown or not: it begins with the same bytes, and the last ones that
    were read still stand where they stood; in a file cut at its end, and grown since or not, they do not.

    A copy made by rsync has another inode each time and goes on all the same. A file of which nothing was
    read yet has no bytes to be known by: only its inode can tell, and when it was made.
    """
    if state.prefix_length == 0 and (file.inode != state.inode or not _born_alike(file, state)):
        return False
    return _begins_alike(file, state) and tail_sha256(file, state.offset) == state.tail_sha256


def _born_alike(file: RecordFile, state: SourceState) -> bool:
    """Whether it was made when the noted one was; yes where nobody can tell."""
    return state.born in (0, file.born) or file.born == 0


def _begins_alike(file: RecordFile, state: SourceState) -> bool:
    return prefix_sha256(file, state.prefix_length) == state.prefix_sha256


def _rotated_away(path: str, state: SourceState, files: RecordFiles, *, finished: bool) -> Iterator[Part]:
    generations = files.generations(path)
    former = _former(path, state, files, generations)
    since = -1
    if former is not None:
        with files.open(former) as file:
            since = file.written
            if state.prefix_length == 0:
                yield from _copied_away(file, files, generations)
            yield Part(file, state.offset, finished or file.archived)
    yield from _written_since(since, generations, former, files)


def _was_empty_elsewhere(state: SourceState) -> bool:
    """Whether it was noted while it was empty on a machine that tells no inodes: nothing is left to know it
    by. Its inode says when it was last written, in seconds; what was rotated away since was written later."""
    return state.prefix_length == 0 and "://" in state.path


def _written_since(
    since: int, generations: tuple[str, ...], former: str | None, files: RecordFiles
) -> Iterator[Part]:
    for later in generations:
        if later != former:
            with files.open(later) as file:
                if file.written >= since:
                    yield Part(file, 0, finished=True)


def _former(path: str, state: SourceState, files: RecordFiles, generations: tuple[str, ...]) -> str | None:
    """The noted file under its present name. A damaged archive is not it, and hinders nobody."""
    renamed = files.renamed(path, state.inode)
    names: tuple[str, ...] = generations if renamed is None else (renamed, *generations)
    for name in names:
        if name != path:
            with files.open(name) as file, suppress(DamagedArchive):
                if is_continued(file, state):
                    return name
    return None
