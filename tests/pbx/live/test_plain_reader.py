"""The process that reads call records beside: the same as here, and it never outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pbx.cdr_plain import ReadHere
from pbx.live import plain_reader
from pbx.live.plain_reader import ReadBeside

ROOT = Path(__file__).parents[3]


def lines(first: int, count: int) -> bytes:
    clock = "2025-07-31 15:59:59"
    return b"".join(
        f'"1","2","3","c","""办公室"" <1>","a","b","Dial","x","{clock}",,"{clock}",0,0,"FAILED","BILLING",'
        f'"pbx-1.{number}","","","pbx-1.1",{number}\n'.encode()
        for number in range(first, first + count)
    )


def is_there(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(process: int) -> None:
    end = time.monotonic() + 60
    while is_there(process):
        assert time.monotonic() < end, "it is still there"
        time.sleep(0.01)


@pytest.fixture
def all_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even the smallest block is read beside."""
    monkeypatch.setattr(plain_reader, "WORTH", 1)


@pytest.mark.usefixtures("all_beside")
def test_it_reads_as_we_do() -> None:
    """Block after block, plain or not, what it tells is what would be read here."""
    blocks = [lines(0, 300), lines(300, 5) + b"torn\n" + lines(305, 5), b"torn\n", lines(310, 900)]
    with ReadBeside() as reader:
        assert list(reader.read(iter(blocks), "csv")) == list(ReadHere().read(blocks, "csv"))
        assert list(reader.read(iter(blocks[:1]), "json")) == list(ReadHere().read(blocks[:1], "json"))


@pytest.mark.usefixtures("all_beside")
def test_who_stops_half_way_goes_on_elsewhere() -> None:
    """A reading that is given up leaves nothing behind that the next one would be told."""
    with ReadBeside() as reader:
        half = reader.read(iter([lines(0, 3), lines(3, 3), lines(6, 3)]), "csv")
        assert next(half)[1].sequences == [0, 1, 2]
        half.close()  # type: ignore[attr-defined]
        assert [found.sequences for _, found in reader.read(iter([lines(9, 1)]), "csv")] == [[9]]


def test_small_files_start_no_process() -> None:
    """A block of few lines is read here: a process would take longer to start."""
    with ReadBeside() as reader:
        ((_, found),) = reader.read(iter([lines(0, 10)]), "csv")
        assert found.sequences == list(range(10))
        assert reader._child is None


@pytest.mark.usefixtures("all_beside")
def test_large_and_small_blocks_come_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A last small block is read here, and told after the large one before it."""
    monkeypatch.setattr(plain_reader, "WORTH", 1000)
    blocks = [lines(0, 50), lines(50, 50), lines(100, 1)]
    with ReadBeside() as reader:
        told = [found.sequences[0] for _, found in reader.read(iter(blocks), "csv")]
    assert told == [0, 50, 100]


_PARENT = """
import sys
from pbx.live import plain_reader
plain_reader.WORTH = 1
reader = plain_reader.ReadBeside()
block = sys.stdin.buffer.read(int(sys.argv[1]))
for _ in reader.read(iter([block, block, block]), "csv"):
    print(reader._child.pid, flush=True)
    sys.stdin.buffer.read(1)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_parent(how: signal.Signals) -> None:
    """However its parent is ended, in the midst of a block, it ends too."""
    block = lines(0, 20_000)
    command = [sys.executable, "-c", _PARENT, str(len(block))]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(block)
        parent.stdin.flush()
        child = int(parent.stdout.readline())
        assert is_there(child)
        os.kill(parent.pid, how)
        parent.wait()
        wait_until_gone(child)


@pytest.mark.usefixtures("all_beside")
def test_a_reader_that_was_ended_is_an_error() -> None:
    """If somebody ends it, whoever reads is told so: nothing is taken for read."""
    with ReadBeside() as reader:
        found = reader.read(iter([lines(0, 3), lines(3, 3), lines(6, 3)]), "csv")
        next(found)
        assert reader._child is not None
        os.kill(reader._child.pid, signal.SIGKILL)
        reader._child.wait()
        with pytest.raises(OSError, match=r"ended|Broken pipe"):
            list(found)
