"""The folder of device files: private, whole or not at all, and nobody else's file is touched."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pbx.live.device_folder import write_files


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """A new folder has mode 0700, each file 0600, whatever the umask is."""
    before = os.umask(0)
    try:
        write_files(tmp_path / "a" / "usb", [("one.xml", b"1"), ("two.cfg", b"2")])
    finally:
        os.umask(before)
    folder = tmp_path / "a" / "usb"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"one.xml": b"1", "two.cfg": b"2"}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_former_files_are_replaced_and_others_stay(tmp_path: Path) -> None:
    """A file of the same name is exchanged, with its mode; what else lies there stays as it is."""
    (tmp_path / "one.xml").write_bytes(b"former")
    (tmp_path / "one.xml").chmod(0o644)
    (tmp_path / "holiday.jpg").write_bytes(b"theirs")
    write_files(tmp_path, [("one.xml", b"new")])
    assert (tmp_path / "one.xml").read_bytes() == b"new"
    assert (tmp_path / "one.xml").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "holiday.jpg").read_bytes() == b"theirs"
    assert listed(tmp_path) == ["holiday.jpg", "one.xml"]


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    """A link in the place of a file is exchanged, and what it points to stays; a linked folder is refused."""
    (tmp_path / "precious").write_bytes(b"precious")
    folder = tmp_path / "usb"
    folder.mkdir()
    (folder / "one.xml").symlink_to(tmp_path / "precious")
    write_files(folder, [("one.xml", b"new")])
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (folder / "one.xml").is_symlink()
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(OSError, match="not a folder"):
        write_files(tmp_path / "link", [("two.xml", b"new")])
    assert listed(folder) == ["one.xml"]


@pytest.mark.parametrize("name", ["", ".", "..", "../one.xml", "/one.xml", "a/b", "a\0b"])
def test_only_plain_names_are_written(tmp_path: Path, name: str) -> None:
    """A name that leads out of the folder is refused before anything is written."""
    with pytest.raises(ValueError, match="not a file's name"):
        write_files(tmp_path / "usb", [("one.xml", b"1"), (name, b"2")])
    assert not (tmp_path / "usb").exists()


def test_a_full_disk_leaves_the_former_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When one file cannot be written, none is exchanged and no remains lie about."""
    write_files(tmp_path / "usb", [("one.xml", b"former")])
    full = iter([None, OSError(errno.ENOSPC, "No space left on device")])

    def fsync(_: int) -> None:
        fault = next(full)
        if fault is not None:
            raise fault

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="No space left"):
        write_files(tmp_path / "usb", [("one.xml", b"new"), ("two.xml", b"new")])
    assert listed(tmp_path / "usb") == ["one.xml"]
    assert (tmp_path / "usb" / "one.xml").read_bytes() == b"former"


def test_a_folder_that_everybody_writes_is_refused(tmp_path: Path) -> None:
    """Where anybody could exchange the files, no secret is put."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(OSError, match="everybody may write"):
        write_files(tmp_path / "open", [("one.xml", b"1")])
    assert listed(tmp_path / "open") == []


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    """A file that has the folder's name is left alone."""
    (tmp_path / "usb").write_bytes(b"theirs")
    with pytest.raises(OSError, match="not a folder"):
        write_files(tmp_path / "usb", [("one.xml", b"1")])
    assert (tmp_path / "usb").read_bytes() == b"theirs"


def test_a_folder_in_the_place_of_a_file_is_found_first(tmp_path: Path) -> None:
    """What cannot be replaced keeps all files as they were."""
    write_files(tmp_path / "usb", [("one.xml", b"former")])
    (tmp_path / "usb" / "two.xml").mkdir()
    with pytest.raises(OSError, match=r"two\.xml in it is a folder"):
        write_files(tmp_path / "usb", [("one.xml", b"new"), ("two.xml", b"new")])
    assert (tmp_path / "usb" / "one.xml").read_bytes() == b"former"
    assert listed(tmp_path / "usb") == ["one.xml", "two.xml"]
