"""`seatline sound`, at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pbx import sound, tone

from . import quick_start
from .test_commands import CONTRACTS

SETTINGS = """\
[switches.pbx]
ami = "127.0.0.1:9"
sounds = "sounds"
"""


class Desk:
    """A folder with seatline in it, three contracts, and a switch whose folder of sounds is here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sounds = folder / "sounds"
        self.sounds.mkdir()
        (folder / "seatline.toml").write_text(SETTINGS, encoding="utf-8")
        (folder / "song.wav").write_bytes(sound.wav(tone.hum(700, 1.5)))
        self.run("contract", "add", *CONTRACTS)

    def run(self, *arguments: str, code: int = 0) -> quick_start.Done:
        done = quick_start.seatline(*arguments, folder=self.folder, SEATLINE_SECRET_PBX="CANARY")
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stdout + done.stderr
        return done

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).stdout)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_greeting_is_added_shown_and_taken_away(desk: Desk) -> None:
    """A customer's greeting stands in the list as his own until it is removed; then ours is heard again."""
    assert desk.json("sound", "install")["written"] > 50
    assert "all in place" in desk.run("sound", "install").stdout
    assert desk.json("sound", "add", "zhaotong", "greeting", "song.wav")["seconds"] == 1.5
    shown = {one["name"]: one for one in desk.json("sound", "list", "zhaotong")}
    assert (shown["greeting"]["whose"], shown["night"]["whose"]) == ("own", "ours")
    assert "您好" in shown["greeting"]["says"]
    assert "greeting" in desk.run("sound", "list", "zhaotong").stdout
    assert desk.json("sound", "remove", "zhaotong", "greeting")["removed"]
    shown = {one["name"]: one for one in desk.json("sound", "list", "zhaotong")}
    assert shown["greeting"]["whose"] == "ours"


def test_doctor_says_whether_prompts_are_there(desk: Desk) -> None:
    """Before the prompts are brought doctor tells how to bring them, then that they are in place; a file
    there that the switch would take for its configuration, and that is not ours, is bad."""

    def verdict() -> tuple[str, str]:
        (one,) = (one for one in desk.json("doctor", code=1)["findings"] if one["check"] == "pbx: sounds")
        return one["verdict"], one["text"]

    assert verdict()[0] == "warning"
    assert "seatline sound install pbx" in verdict()[1]
    desk.run("sound", "install")
    assert verdict()[0] == "ok"
    (desk.sounds / "zhaotong").mkdir()
    (desk.sounds / "zhaotong" / "musiconhold.conf").write_text(
        "[x]\nmode = custom\napplication = /bin/true\n"
    )
    assert verdict()[0] == "bad"
    assert "musiconhold.conf of zhaotong" in verdict()[1]


def test_a_switch_that_cannot_be_told_is_named(desk: Desk) -> None:
    """A ringback tone is in place also where the switch does not answer; the exit code is 4."""
    said = desk.run("sound", "add", "zhaotong", "ringback", "song.wav", code=4).stderr
    assert "cannot be reached" in said
    assert (desk.sounds / "zhaotong" / "ringback.wav").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("add", "zhaotong", "greting", "song.wav"), 3, "did you mean greeting?"),
        (("add", "zhaotong", "greeting", "seatline.toml"), 3, "seatline.toml: this is not a WAV file"),
        (("add", "zhaotong", "greeting", "nothing.wav"), 1, "nothing.wav cannot be read"),
        (("add", "nowhere", "greeting", "song.wav"), 1, "no contract in the ledger has a site 'nowhere'"),
        (("remove", "zhaotong", "greeting"), 1, "its own are: none"),
        (("install", "other"), 4, "no switch 'other'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    desk: Desk, arguments: tuple[str, ...], code: int, says: str
) -> None:
    """A wrong name, file, site or switch is one clear line, and nothing is written."""
    said = desk.run("sound", *arguments, code=code).stderr
    assert says in said
    assert list(desk.sounds.iterdir()) == []


def test_without_a_folder_the_settings_say_how(desk: Desk) -> None:
    """Where the settings do not name the folder of sounds, what to write is said."""
    (desk.folder / "seatline.toml").write_text('[switches.pbx]\nami = "127.0.0.1:9"\n', encoding="utf-8")
    said = desk.run("sound", "list", "zhaotong", code=3).stderr
    assert "write sounds = DIR under [switches.pbx]" in said
