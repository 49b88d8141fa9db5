"""The folder of a switch's recordings."""

from __future__ import annotations

import pytest

from pbx.errors import Unreachable
from pbx.live.sounds import SoundFolder


def test_what_is_written_everybody_may_read(tmp_path):
    """A recording is there whole, the switch's own user may read it, and no other file is left beside it."""
    folder = SoundFolder(tmp_path)
    folder.write("zhaotong", "greeting.wav", b"one")
    folder.write("zhaotong", "greeting.wav", b"two")
    assert folder.held("zhaotong") == {"greeting.wav": b"two"}
    assert (tmp_path / "zhaotong" / "greeting.wav").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "zhaotong").stat().st_mode & 0o777 == 0o755


def test_what_is_not_there_can_neither_be_read_nor_removed(tmp_path):
    """A site without recordings has none, and removing one says so."""
    folder = SoundFolder(tmp_path)
    assert folder.held("zhaotong") == {}
    assert not folder.remove("zhaotong", "greeting.wav")
    folder.write("zhaotong", "greeting.wav", b"one")
    assert folder.remove("zhaotong", "greeting.wav")
    assert folder.held("zhaotong") == {}


def test_a_folder_that_is_not_there_is_not_made(tmp_path):
    """A wrong `sounds` in the settings would else be a folder that no switch ever reads."""
    with pytest.raises(Unreachable, match="not there"):
        SoundFolder(tmp_path / "nowhere").write("zhaotong", "greeting.wav", b"one")
    assert not (tmp_path / "nowhere").exists()
