"""Files of call records on a real disk: whole lines, bounded memory, and found again after a rotation."""

from __future__ import annotations

import gzip
import os

import pytest

from pbx.cdr_file import lines
from pbx.live.files import NotAFile, RecordFile, RecordFiles


def test_a_folder_is_not_a_file(tmp_path):
    """A folder, a pipe or a device is refused at once, with its name; a pipe is not waited for."""
    with pytest.raises(NotAFile, match="folder"):
        RecordFile(str(tmp_path))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotAFile, match="pipe"):
        RecordFile(str(tmp_path / "pipe"))
    with pytest.raises(NotAFile):
        RecordFile("/dev/null")


def test_a_missing_file_is_an_os_error(tmp_path):
    """A missing file is the usual FileNotFoundError, which collecting turns into one sentence."""
    with pytest.raises(FileNotFoundError):
        RecordFiles().open(str(tmp_path / "none"))


def test_an_open_file_survives_its_renaming(tmp_path):
    """A file that is renamed while it is read is read to its end under its new name."""
    path = tmp_path / "Master.csv"
    path.write_bytes(b"one\n")
    with RecordFile(str(path)) as file:
        path.rename(tmp_path / "Master.csv.1")
        path.write_bytes(b"new\n")
        assert [line.raw for line in lines(file, 0)] == [b"one"]
        assert RecordFiles().renamed(str(path), file.inode) == str(tmp_path / "Master.csv.1")
        assert RecordFiles().renamed(str(path), 1) is None


def test_generations_are_listed_oldest_first(tmp_path):
    """What rotating left beside a file is found by its usual names, oldest first, gzipped ones too."""
    path = tmp_path / "Master.csv"
    names = ["Master.csv.2.gz", "Master.csv-20250731", "Master-20250801.csv.gz", "Master.csv.1"]
    others = ["Master.csv.bak", "Master.csv", "Master.csvx.1", "Master.csv.1.bz2", "Master.csv.gz"]
    for age, name in enumerate([*names, *others]):
        (tmp_path / name).write_bytes(b"x\n")
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    assert RecordFiles().generations(str(path)) == tuple(str(tmp_path / name) for name in names)


def test_an_archive_in_the_making_is_left_alone(tmp_path):
    """A gzipped file beside which it still lies unpacked is being made: only the unpacked one is listed."""
    for name in ("Master.csv.1", "Master.csv.1.gz"):
        (tmp_path / name).write_bytes(b"x\n")
    assert RecordFiles().generations(str(tmp_path / "Master.csv")) == (str(tmp_path / "Master.csv.1"),)


def test_a_gzipped_file_is_what_it_holds(tmp_path):
    """A gzipped file is told by its first bytes, whatever its name, and read as the lines it was made of."""
    path = tmp_path / "old calls"
    path.write_bytes(gzip.compress(b"one\ntwo\n"))
    with RecordFile(str(path)) as file:
        assert (file.archived, file.size) == (True, 8)
        assert [(line.offset, line.raw) for line in lines(file, 0)] == [(0, b"one"), (4, b"two")]
    path.write_bytes(b"one\n")
    with RecordFile(str(path)) as file:
        assert not file.archived


def test_a_file_made_anew_is_younger(tmp_path):
    """A file that was deleted and made again is younger, whatever its inode; a renamed one is not."""
    path = tmp_path / "Master.csv"
    path.write_bytes(b"one\n")
    with RecordFile(str(path)) as file:
        before = file.born
    path.rename(tmp_path / "Master.csv.1")
    with RecordFile(str(tmp_path / "Master.csv.1")) as file:
        assert file.born == before
    path.write_bytes(b"two\n")
    with RecordFile(str(path)) as file:
        assert file.born == before == 0 or file.born > before


def test_a_folder_means_the_files_our_switches_write(tmp_path):
    """Of a folder Master.csv and the .json files are read; accountlogs' copies are named and left alone."""
    for name in ["cdr-csv/Master.csv", "cdr-csv/08702120001.csv", "cdr-custom/seatline.json", "messages"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    listing = RecordFiles().listing(str(tmp_path))
    assert listing.taken == (str(tmp_path / "cdr-csv/Master.csv"), str(tmp_path / "cdr-custom/seatline.json"))
    assert listing.ignored == (str(tmp_path / "messages"), str(tmp_path / "cdr-csv/08702120001.csv"))
    inside = RecordFiles().listing(str(tmp_path / "cdr-csv"))
    assert inside.taken == (str(tmp_path / "cdr-csv/Master.csv"),)


def test_a_file_means_itself(tmp_path, monkeypatch):
    """A file that is named is read whatever its name is, and known by its absolute path."""
    monkeypatch.chdir(tmp_path)
    assert RecordFiles().listing("calls.txt").taken == (str(tmp_path / "calls.txt"),)


def test_a_name_that_cannot_be_stored_is_refused(tmp_path):
    """A file whose name is no text cannot be noted in the ledger, and is refused."""
    with pytest.raises(OSError, match="name"):
        RecordFiles().listing(str(tmp_path / "bad\udcff"))
