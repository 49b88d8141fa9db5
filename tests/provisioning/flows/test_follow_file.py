"""A file of call records is followed, whatever is done with it, and what was done is named."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.cdr_gzip import DamagedArchive
from pbx.live.files import RecordFile, RecordFiles
from provisioning.flows.collect_calls import Source, collect
from provisioning.flows.follow_file import parts, state_of
from provisioning.flows.ports import SourceState
from provisioning.flows.tell_change import CHANGES, WORDS, Change, Signs, change


@dataclass
class Follower:
    """Reads a source again and again, as collecting does, with nothing of the ledger but its state."""

    path: Path
    state: SourceState | None = None

    def read(self) -> tuple[bytes, list[str]]:
        """What is new, and what was told."""
        found, told = b"", []
        for part in parts(str(self.path), self.state, RecordFiles(), told.append):
            data = part.file.read(part.offset, 10**6)
            found += data
            self.state = state_of("pbx", str(self.path), part.file, part.offset + len(data))
        return found, told


@pytest.fixture
def follower(tmp_path) -> Follower:
    path = tmp_path / "Master.csv"
    path.write_bytes(b"one\ntwo\n")
    found = Follower(path)
    assert found.read() == (b"one\ntwo\n", [])
    return found


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def pack(path: Path) -> None:
    """As gzip does: the archive has the time of what it holds, which goes."""
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    times = path.stat()
    os.utime(packed, ns=(times.st_atime_ns, times.st_mtime_ns))
    path.unlink()


def test_a_rotated_and_gzipped_file_is_finished(follower, tmp_path):
    """A file that was rotated and gzipped between two runs is read on in the archive, then the new one."""
    append(follower.path, b"three\n")
    follower.path.rename(tmp_path / "Master.csv.1")
    pack(tmp_path / "Master.csv.1")
    follower.path.write_bytes(b"four\n")
    assert follower.read() == (b"three\nfour\n", [])
    assert follower.read() == (b"", [])


def test_archives_rotated_since_are_read_whole(follower, tmp_path):
    """Of several generations gzipped since the last run each is read, in their order; older ones are not."""
    old = tmp_path / "Master.csv.4.gz"
    old.write_bytes(gzip.compress(b"zero\n"))
    os.utime(old, (1000, 1000))
    append(follower.path, b"three\n")
    follower.path.rename(tmp_path / "Master.csv.3")
    for number, data in ((3, b""), (2, b"four\n"), (1, b"five\n")):
        name = tmp_path / f"Master.csv.{number}"
        append(name, data)
        os.utime(name, (3000 - number, 3000 - number))
        pack(name)
    follower.path.write_bytes(b"six\n")
    assert follower.read()[0] == b"three\nfour\nfive\nsix\n"


def test_an_archive_is_collected_by_its_name(tmp_path):
    """A gzipped file that is named is read to its end, its torn last line too, and nothing of it twice."""
    path = tmp_path / "Master.csv.7.gz"
    path.write_bytes(gzip.compress(b"one\ntorn"))
    (part,) = parts(str(path), None, RecordFiles(), print)
    assert part.finished
    follower = Follower(path)
    assert [follower.read(), follower.read()] == [(b"one\ntorn", []), (b"", [])]


def test_a_damaged_archive_beside_it_hinders_nobody(follower, tmp_path):
    """An old archive that is damaged keeps nobody from going on; one that has to be read now is an error."""
    damaged = tmp_path / "Master.csv.9.gz"
    damaged.write_bytes(gzip.compress(b"zero\n")[:-3])
    os.utime(damaged, (1000, 1000))
    follower.path.rename(tmp_path / "Master.csv.1")
    pack(tmp_path / "Master.csv.1")
    follower.path.write_bytes(b"three\n")
    assert follower.read() == (b"three\n", [])
    follower.path.rename(tmp_path / "Master.csv.0")
    follower.path.write_bytes(b"four\n")
    os.utime(damaged)
    with pytest.raises(DamagedArchive):
        follower.read()


def test_an_archive_is_at_its_end_before_the_next_call(follower, tmp_path):
    """A file that was rotated and gzipped is at its end, also while no new one has taken its place."""
    append(follower.path, b"torn")
    follower.path.rename(tmp_path / "Master.csv.1")
    pack(tmp_path / "Master.csv.1")
    told: list[str] = []
    (part,) = parts(str(follower.path), follower.state, RecordFiles(), told.append)
    assert (part.offset, part.finished) == (8, True)


def test_copytruncate_is_named(follower, tmp_path):
    """A file that was copied and emptied: the copy is finished first, and it is called copytruncate."""
    append(follower.path, b"three\n")
    shutil.copy(follower.path, tmp_path / "Master.csv.1")
    os.truncate(follower.path, 0)
    append(follower.path, b"four\n")
    assert follower.read() == (b"three\nfour\n", [WORDS[Change.COPIED]])
    assert follower.read() == (b"", [])


def test_a_file_cut_short_is_named(follower):
    """A file that lost its end is read again, and that it was cut short is said."""
    os.truncate(follower.path, 4)
    append(follower.path, b"TWO\nthree\n")
    follower.state = replace(follower.state, prefix_length=0, prefix_sha256=hashlib.sha256().hexdigest())
    assert follower.read() == (b"one\nTWO\nthree\n", [WORDS[Change.CUT]])


def test_an_emptied_file_is_named(follower):
    """A file that was emptied in place without a copy is read from its beginning, and the loss is named."""
    os.truncate(follower.path, 0)
    append(follower.path, b"three\n")
    assert follower.read() == (b"three\n", [WORDS[Change.EMPTIED]])


def test_a_file_made_anew_with_the_same_inode_is_named(follower):
    """A file that was deleted and made anew is told from an emptied one, though it has the same inode."""
    follower.path.write_bytes(b"three\n")
    follower.state = replace(follower.state, born=1)
    assert follower.read() == (b"three\n", [WORDS[Change.REMADE]])


def test_a_replaced_file_is_named(follower, tmp_path):
    """Another file moved into its place is read from its beginning, and called so."""
    (tmp_path / "other").write_bytes(b"three\n")
    (tmp_path / "other").replace(follower.path)
    assert follower.read() == (b"three\n", [WORDS[Change.REPLACED]])


def test_another_disk_in_its_place_is_named(follower):
    """Another file on another disk, as when a folder is mounted over it, is named as that."""
    follower.path.write_bytes(b"three\n")
    follower.state = replace(follower.state, device=follower.state.device + 1)
    assert follower.read() == (b"three\n", [WORDS[Change.MOUNTED]])


def test_a_file_goes_on_from_another_disk(follower):
    """The same bytes on another disk, as after a move or a restored backup, go on without a word."""
    append(follower.path, b"three\n")
    follower.state = replace(follower.state, device=1, born=1, inode=1)
    assert follower.read() == (b"three\n", [])


ACTIONS = st.lists(
    st.sampled_from(("write", "half", "rotate", "gzip", "copytruncate", "read", "read")), max_size=14
)


@given(actions=ACTIONS)
def test_nothing_is_lost_whatever_is_rotated(actions):
    """However often a file is written, torn, rotated, gzipped, copied and emptied between the runs, each
    whole line of it is read."""
    with tempfile.TemporaryDirectory() as name:
        log = Log(Path(name) / "Master.csv")
        log.read()
        for action in actions:
            with suppress(FileNotFoundError):  # between a rotation and the next call: read the next time
                getattr(log, action)()
        log.write()
        log.read()
        assert log.found >= log.written


class Log:
    """A switch's file with everything that is done to one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state: SourceState | None = None
        self.written: set[bytes] = set()
        self.found: set[bytes] = set()
        self.pending = b""
        self.count = 0
        self.write()

    def write(self) -> None:
        self.count += 1
        rest = self.pending or b"line %d " % self.count
        line = rest + b"." * 40
        append(self.path, line[len(self.pending) :] + b"\n")
        self.written.add(line)
        self.pending = b""

    def half(self) -> None:
        if not self.pending:
            self.count += 1
            self.pending = b"half %d " % self.count
            append(self.path, self.pending)

    def rotate(self) -> None:
        if self.path.exists():
            self.pending = b""
            self.path.rename(self._next())

    def copytruncate(self) -> None:
        if self.path.exists():
            self.pending = b""
            shutil.copy(self.path, self._next())
            os.truncate(self.path, 0)

    def gzip(self) -> None:
        for old in self.path.parent.glob("Master.csv.[0-9]*"):
            if old.suffix != ".gz":
                pack(old)

    def read(self) -> None:
        for part in parts(str(self.path), self.state, RecordFiles(), lambda _: None):
            data = part.file.read(part.offset, 10**6)
            whole = data[: data.rfind(b"\n") + 1]
            self.found.update(whole.splitlines())
            end = part.offset + len(data if part.finished else whole)
            self.state = state_of("pbx", str(self.path), part.file, end)

    def _next(self) -> Path:
        self.count += 1
        return self.path.with_name(f"Master.csv.{self.count}")


def test_every_change_has_its_name():
    """Whatever the signs, what happened has one name; each name occurs, and only a rotation has no words."""
    both = (True, False)
    found = {
        change(
            Signs(same_disk=a, same_inode=b, same_birth=c, found_beside=d, begins_alike=e)
        )
        for a in both for b in both for c in both for d in both for e in both
    }  # fmt: skip
    assert found == {name for _, name in CHANGES} == set(Change)
    assert set(Change) - set(WORDS) == {Change.RENAMED}


@pytest.mark.parametrize(
    ("number", "hint"),
    [(errno.ESTALE, "mount it again"), (errno.EIO, "kernel's log"), (errno.ENOTCONN, "server")],
)
def test_a_network_folder_that_fails_stops_no_other(tmp_path, ledger, number, hint):
    """A folder on another machine that fails in the middle is named with what to do; the others go on, and
    what was read of it stays."""
    record = (Path(__file__).parents[2] / "pbx/cdr_corpus/Master.csv").read_bytes().splitlines(keepends=True)
    (tmp_path / "far.csv").write_bytes(record[0])
    (tmp_path / "near.csv").write_bytes(record[1])

    class Failing(RecordFile):
        def read(self, offset: int, length: int) -> bytes:
            if offset and self.path.endswith("far.csv"):
                raise OSError(number, os.strerror(number))
            return super().read(offset, length)

    class Folders(RecordFiles):
        def open(self, path: str) -> RecordFile:
            return Failing(path)

    sources = [Source("pbx", str(tmp_path / name)) for name in ("far.csv", "near.csv")]
    now = datetime(2025, 8, 1, tzinfo=UTC)
    done = collect(sources, ledger, Folders(), now=now, progress=lambda *_: None)
    far, near = done.sources
    assert far.error is not None
    assert hint in far.error
    assert (near.error, near.new) == (None, 1)
    done = collect(sources, ledger, RecordFiles(), now=now, progress=lambda *_: None)
    assert [file.error for file in done.sources] == [None, None]
    assert len(list(ledger.to_rate(again=True))) == 2
