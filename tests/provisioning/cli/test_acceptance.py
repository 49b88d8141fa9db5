"""`seatline accept`, as far as it goes without a switch: it says what is missing before it calls anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import quick_start

DEMO = Path(__file__).parents[3] / "docker" / "demo"
SWITCH = '[switches.pbx]\nami = "127.0.48.200:5038"\n'


def seatline(folder: Path, *arguments: str) -> tuple[int, str]:
    done = quick_start.seatline(*arguments, folder=folder)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("report", "says"),
    [
        ("acceptance.txt", "ends in .pdf"),
        ("nowhere/acceptance.pdf", "there is no folder nowhere"),
        ("there.pdf", "is there already"),
        ("other.pdf", "other.json is there already"),
        ("folder.pdf --force", "folder.pdf is a folder"),
    ],
)
def test_a_report_that_cannot_be_written_is_told_first(tmp_path, report, says):
    """Before anything else the report's name is looked at: not half an hour of calls later."""
    (tmp_path / "there.pdf").touch()
    (tmp_path / "other.json").touch()
    (tmp_path / "folder.pdf").mkdir()
    code, said = seatline(tmp_path, "accept", "zhaotong", "--report", *report.split())
    assert code == 1
    assert says in said


def test_a_switch_that_cannot_be_reached(tmp_path):
    """Without a switch there is nothing to accept: exit code 4, and which switch it was."""
    (tmp_path / "seatline.toml").write_text(SWITCH + 'sip = "127.0.48.200"\nsecret_file = "s"\n')
    (tmp_path / "s").write_text("secret")
    assert seatline(tmp_path, "contract", "add", str(DEMO / "zhaotong.yaml"))[0] == 0
    code, said = seatline(tmp_path, "accept", "zhaotong")
    assert (code, "pbx" in said) == (4, True)
