"""A file is written whole or not at all, and over no other one unless that is wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.documents import new_file
from provisioning.flows.errors import FlowError


def test_a_new_file_is_whole(tmp_path: Path) -> None:
    """What was written stands there, and nothing else is left in the folder."""
    new_file.write(tmp_path / "n.xlsx", b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"n.xlsx": b"new"}


def test_an_existing_file_stays(tmp_path: Path) -> None:
    """Without replace a file that is there is kept as it is; with it, it is replaced."""
    file = tmp_path / "n.xlsx"
    file.write_bytes(b"old")
    with pytest.raises(FlowError, match=r"n\.xlsx is there already; --force"):
        new_file.write(file, b"new")
    assert file.read_bytes() == b"old"
    new_file.write(file, b"new", replace=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"n.xlsx": b"new"}


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """A folder that is not there is one clear message."""
    with pytest.raises(FlowError, match="cannot be written: No such file or directory"):
        new_file.write(tmp_path / "none" / "n.xlsx", b"new")


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    """A folder of that name is not replaced, and nothing is left behind."""
    (tmp_path / "n.xlsx").mkdir()
    with pytest.raises(FlowError):
        new_file.write(tmp_path / "n.xlsx", b"new", replace=True)
    assert [path.name for path in tmp_path.iterdir()] == ["n.xlsx"]


def test_the_mode_is_asked_for(tmp_path: Path) -> None:
    """A file for its owner only can be asked for."""
    new_file.write(tmp_path / "secret", b"x", mode=0o600)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
