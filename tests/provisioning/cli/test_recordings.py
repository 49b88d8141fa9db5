"""Recordings at the command line: swept, listed, handed out, held and removed."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from .quick_start import Done, seatline

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "docker" / "demo"
SETTINGS = """
[switches.pbx]
ami = "127.0.0.1:9"
recordings = "recordings"
"""
SEAT = "09084220001"


class Desk:
    """seatline in a folder of its own, with a switch that nobody reaches and its recordings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "seatline.toml").write_text(SETTINGS, encoding="utf-8")
        for file in ("kizilsu.yaml", "kizilsu-numbers.csv"):
            shutil.copy(DEMO / file, folder / file)
        self.run("contract", "add", "kizilsu.yaml")

    def run(self, *arguments: str, code: int = 0) -> Done:
        done = seatline(*arguments, folder=self.folder, SEATLINE_SECRET_PBX="CANARY")
        assert "Traceback" not in done.stderr
        assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
        return done

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run("recording", *arguments, "--json", code=code).stdout)

    def record(self, number: int = 1, *, days_ago: int = 0) -> Path:
        """A recording as the switch makes it, so many days old."""
        began = datetime.now(UTC) - timedelta(days=days_ago)
        file = self.folder / "recordings" / "kizilsu" / f"{began:%Y%m%d}" / f"pbx-1752000000.{number}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        voice = (16, 1, 1, 8000, 16000, 2, 16)
        head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 16036, b"WAVE", b"fmt ", *voice, b"data", 16000)
        file.write_bytes(head + bytes([number]) * 16000)
        note = f"seat={SEAT} src={SEAT} started={began.timestamp():.0f} of={SEAT}"
        file.with_suffix(".txt").write_text(note)
        return file


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    (tmp_path / "recordings").mkdir()
    return made


def test_a_recording_from_its_hash_to_its_end(desk: Desk) -> None:
    """A recording is taken up, listed, handed out unchanged, held beyond its day, and then removed."""
    old, new = desk.record(1, days_ago=100), desk.record(2)
    (swept,) = desk.json("sweep")
    assert (len(swept["taken"]), len(swept["removed"]), swept["kept"]) == (2, 1, 1)
    assert not old.exists()
    assert len(desk.json("list", "--removed")) == 2
    listed = desk.json("list", "--seat", SEAT)
    new_id = listed[-1]["id"]
    assert listed[-1]["sha256"] == hashlib.sha256(new.read_bytes()).hexdigest()
    desk.run("recording", "get", str(new_id), "--to", "call.wav", "--why", "dispute of July")
    assert (desk.folder / "call.wav").read_bytes() == new.read_bytes()
    assert (desk.folder / "call.wav").stat().st_mode & 0o077 == 0
    assert desk.json("hold", str(new_id), "--why", "dispute of July")["changed"] == [new_id]
    shown = desk.json("show", str(new_id))
    assert shown["held"] == "dispute of July"
    assert [one["event"] for one in shown["accesses"]] == ["recording-fetched", "recording-held"]
    assert {one["why"] for one in shown["accesses"]} == {"dispute of July"}
    assert desk.json("release", str(new_id))["changed"] == [new_id]
    assert "recordings-listed" in audited(desk)


def audited(desk: Desk) -> list[str]:
    from sqlalchemy import create_engine, text

    engine = create_engine(f"sqlite:///{desk.folder}/seatline.db")
    with engine.connect() as connection:
        found = [row[0] for row in connection.execute(text("SELECT event FROM audit ORDER BY id"))]
    engine.dispose()
    return found


def test_a_changed_recording_is_not_handed_out(desk: Desk) -> None:
    """A file that is not what was recorded is refused with one sentence; the attempt is in the audit."""
    file = desk.record()
    desk.run("recording", "sweep")
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    done = desk.run("recording", "get", "1", "--to", "call.wav", "--why", "x", code=1)
    assert "is not what was recorded" in done.stderr
    assert not (desk.folder / "call.wav").exists()
    assert "recording-found-altered" in audited(desk)
    assert desk.json("sweep", "--verify", code=1)[0]["altered"]


def test_a_lost_recording_is_told(desk: Desk) -> None:
    """A recording that somebody deleted is told by each sweep, which ends with 1, and cannot be had."""
    desk.record().unlink()
    file = desk.record()
    desk.run("recording", "sweep")
    file.unlink()
    assert "is gone before its time" in desk.run("recording", "sweep", code=1).stdout
    done = desk.run("recording", "get", "1", "--to", "call.wav", "--why", "x", code=1)
    assert "is not there any more" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("get", "7", "--to", "x.wav", "--why", "y"), "there is no recording 7"),
        (("get", "1", "--to", "x.wav", "--why", " "), "say why the recording is wanted"),
        (("hold", "--why", "y"), "say which recordings are meant"),
        (("hold", "1", "7", "--why", "y"), "no such recording, or it was removed: 7"),
        (("hold", "--seat", "08700000000", "--why", "y"), "no recording is like that"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    """A recording that is not there, no reason, or nothing meant: one sentence each, nothing changed."""
    desk.record()
    desk.run("recording", "sweep")
    assert said in desk.run("recording", *arguments, code=1).stderr


def test_without_a_folder_of_recordings(desk: Desk) -> None:
    """Where no switch says where it records calls, sweep names the setting."""
    (desk.folder / "seatline.toml").write_text('[switches.pbx]\nami = "127.0.0.1:9"\n')
    assert "set recordings = DIR" in desk.run("recording", "sweep", code=1).stderr
