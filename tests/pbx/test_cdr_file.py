"""A file of call records as bytes at places."""

import tracemalloc

import pytest

from pbx.cdr_file import BLOCK, lines, tail
from pbx.cdr_lines import LONGEST_LINE, LONGEST_RECORD, Line
from pbx.live.files import RecordFile


def test_only_lines_with_a_newline_count(tmp_path):
    """What has no newline yet is not a line; it is told apart as the tail."""
    path = tmp_path / "Master.csv"
    path.write_bytes(b"one\ntwo\nthr")
    with RecordFile(str(path)) as file:
        assert list(lines(file, 0)) == [Line(0, b"one", 4), Line(4, b"two", 8)]
        assert list(lines(file, 4)) == [Line(4, b"two", 8)]
        assert tail(file, 8) == Line(8, b"thr", 11)
        with path.open("ab") as writer:
            writer.write(b"ee\n")
        assert list(lines(file, 8)) == [Line(8, b"three", 14)]
        assert tail(file, 14) is None


def test_lines_across_blocks_are_whole(tmp_path):
    """Lines that lie across the blocks in which a file is read come out whole, with their places."""
    path = tmp_path / "Master.csv"
    path.write_bytes(b"".join(b"%d," % n * 30 + b"\n" for n in range(20000)))
    assert path.stat().st_size > 3 * BLOCK
    with RecordFile(str(path)) as file:
        found = list(lines(file, 0))
    assert b"".join(line.raw + b"\n" for line in found) == path.read_bytes()
    assert all(line.whole for line in found)
    assert [line.offset for line in found[1:]] == [line.end for line in found[:-1]]


@pytest.mark.parametrize("length", [LONGEST_LINE, LONGEST_LINE + 1, BLOCK - 1, BLOCK, 3 * BLOCK + 7])
def test_a_long_line_is_kept_in_part(tmp_path, length):
    """Of a line over 64 KiB the beginning is kept, its last 8 KiB too, and the next line's place is right."""
    path = tmp_path / "Master.csv"
    path.write_bytes(b"first\n" + b"x" * length + b"\nlast\n")
    with RecordFile(str(path)) as file:
        first, long, *end, last = lines(file, 0)
    assert (first.raw, last.raw) == (b"first", b"last")
    if length > LONGEST_LINE + LONGEST_RECORD:
        assert end == [Line(long.end, b"x" * LONGEST_RECORD, last.offset)]
    else:
        assert (end, long.end) == ([], last.offset)
    assert long.raw == b"x" * min(length, LONGEST_LINE)
    assert long.whole is (length <= LONGEST_LINE)


def test_memory_stays_bounded(tmp_path):
    """A file of one endless line is passed over without being held in memory."""
    path = tmp_path / "Master.csv"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    tracemalloc.start()
    with RecordFile(str(path)) as opened:
        assert list(lines(opened, 0)) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024
