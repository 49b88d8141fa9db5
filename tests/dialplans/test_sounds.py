"""The prompts that go with us."""

from __future__ import annotations

import csv
import re
import wave
from pathlib import Path

DIALPLANS = Path(__file__).parents[2] / "dialplans"
SOUNDS = DIALPLANS / "sounds"
with (SOUNDS / "prompts.csv").open(encoding="utf-8", newline="") as table:
    PROMPTS = {row["name"]: row for row in csv.DictReader(table)}
TEXT = "\n".join(file.read_text(encoding="utf-8") for file in sorted(DIALPLANS.glob("*.conf")))


def test_each_prompt_is_there_in_both_languages_and_nothing_else():
    """Each text of prompts.csv has a recording in Chinese and one in English, and each recording a text."""
    for folder in ("_zh", "_en"):
        assert {file.stem for file in (SOUNDS / folder).iterdir()} == set(PROMPTS)


def test_recordings_are_what_the_telephone_plays():
    """Each is a WAV file of 8000 Hz, 16 bits, one channel, with somebody speaking, and none is long."""
    for file in SOUNDS.rglob("*.wav"):
        with wave.open(str(file)) as sound:
            assert (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (8000, 2, 1), file
            assert 0.1 < sound.getnframes() / 8000 < 10, file


def test_what_the_dialplan_says_has_a_text():
    """Each prompt that the dialplan names is in prompts.csv."""
    said = set(re.findall(r"seatline-(?:say|prompt|keys),s,1\(([a-z-]+)\)", TEXT))
    said |= set(re.findall(r"Set\(LOCAL\(saying\)=([a-z-]+)\)", TEXT))
    assert said - {"warning"} <= set(PROMPTS)
    assert {"greeting", "night", "queue", "goodbye"} <= set(PROMPTS)


def test_chinese_is_written_for_people_and_in_pinyin_for_the_voice():
    """Each text has characters, pinyin with a tone for each of them, and English."""
    for name, row in PROMPTS.items():
        characters = re.findall(r"[一-鿿]", row["zh"])
        syllables = re.findall(r"[a-zü]+[1-5]", row["pinyin"])
        assert len(characters) == len(syllables), name
        assert re.fullmatch(r"[A-Za-z .,-]+", row["en"]), name
