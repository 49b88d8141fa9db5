"""Number-change notice: callers of an old number hear the new one and get 410, for nothing (改号通知)."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pbx import sound, tone
from pbx.live.softphone import Call, Phone, Phones
from pbx.live.sounds import SoundFolder
from provisioning.core.site import Seat

operators = sys.modules["live_operators"]
"""What conftest made of operators.py."""
pytestmark = pytest.mark.live


def _beside(name: str) -> Any:
    """A module of this folder, once for the whole run."""
    spec = importlib.util.spec_from_file_location(f"live_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    if f"live_{name}" not in sys.modules:
        sys.modules[f"live_{name}"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[f"live_{name}"])
    return sys.modules[f"live_{name}"]


sites, ears = _beside("sites"), _beside("ears")
ANNA, OLD, NEW = "08702120001", "08702120002", "01052839460"
"""Of the new number no digit comes twice in a row: a tone that goes on cannot be told from its like."""
CHANGED = {"_zh": 400.0, "_en": 500.0}
"""Hertz of the words before the number, by language."""
DIGIT = {str(digit): 700.0 + 120 * digit for digit in range(10)}
"""Of each digit; both languages say it alike here."""


@dataclass(frozen=True)
class Here:
    pbx: Any
    anna: Phone
    old: Phone
    outside: Phone


@pytest.fixture(scope="module")
def here(switches: Any) -> Iterator[Here]:
    """A seat whose number has changed, its telephone still registered, and tones in the place of words."""
    pbx = switches.pbx
    pbx.wipe()
    folder = SoundFolder(pbx.sounds)
    for language, hertz in CHANGED.items():
        folder.write(language, "changed.wav", sound.wav(tone.hum(hertz, 0.3)))
        for digit, pitch in DIGIT.items():
            folder.write(language, f"digit-{digit}.wav", sound.wav(tone.hum(pitch, 0.3)))
    seats = (
        Seat(long_number=ANNA, short_number="6001"),
        Seat(long_number=OLD, short_number="6002", changed_to=NEW),
    )
    book = sites.Book((sites.contract(of=seats),))
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        assert {one.status for one in sites.apply_to(ami, book).outcomes} == {"applied"}
    operators.wait_registered(pbx)
    secrets = book.secrets("zhaotong")
    with Phones(bind=switches.desks) as desks, Phones(bind=switches.outside) as outside:
        anna, old = (
            desks.register(
                number, auth_user=f"seat-{number}", secret=secrets[number], registrar=pbx.sip, answer="auto"
            )
            for number in (ANNA, OLD)
        )
        mobile = outside.register(
            "13800138000",
            auth_user="mobile",
            secret=switches.ims.mobile_secret,
            registrar=switches.ims.sip,
        )
        yield Here(pbx=pbx, anna=anna, old=old, outside=mobile)
    for language in CHANGED:
        for name in folder.held(language):
            folder.remove(language, name)


def _gone(call: Call) -> None:
    ended = call.ended()
    assert (ended.code, ended.seconds) == (410, 0.0)
    assert 200 not in call.codes


def _said(file: Path) -> list[str]:
    return ears.order(file, CHANGED | DIGIT)


WHOLE = ["_zh", *NEW, "_en", *NEW]
"""What is said, once: in Chinese, then in English, each time with the digits."""


def test_callers_hear_the_new_number_twice_and_get_410(here, tmp_path, new_records):
    """Who calls the old number, by its short or long number inside or from outside, hears the new one twice
    in each language, then 410; the old telephone does not ring, and nothing is charged."""
    calls = {
        "short": here.anna.dial("6002").keep(tmp_path / "short.wav"),
        "long": here.anna.dial(OLD).keep(tmp_path / "long.wav"),
        "outside": here.outside.dial(OLD).keep(tmp_path / "outside.wav"),
    }
    for call in calls.values():
        ended = call.ended()
        assert ended.seconds == 0.0
        assert 200 not in call.codes
    assert [calls[inside].code for inside in ("short", "long")] == [410, 410]
    for name in calls:
        assert _said(tmp_path / f"{name}.wav") == [*WHOLE, *WHOLE], name
    assert here.old.incoming == []
    records = new_records(3)
    assert sorted(record["accountcode"] for record in records) == [ANNA, ANNA, OLD]
    for record in records:
        assert (record["disposition"], record["billsec"]) == ("NO ANSWER", 0)
        assert record["userfield"] == "refused-changed"


def test_the_customers_own_words_stand_before_the_number(here, tmp_path):
    """A customer's own recording takes the place of both our languages; the digits follow it."""
    ears.tones(here.pbx, "zhaotong", {"changed": 2500}, seconds=0.3)
    call = here.anna.dial("6002").keep(tmp_path / "own.wav")
    _gone(call)
    ears.silence(here.pbx, "zhaotong")
    said = ears.order(tmp_path / "own.wav", {"own": 2500} | CHANGED | DIGIT)
    assert said == ["own", *NEW, "own", *NEW]


def test_without_any_recording_it_is_410_all_the_same(here):
    """A switch that has no sounds says nothing, and answers 410 at once."""
    folder = SoundFolder(here.pbx.sounds)
    kept = {language: dict(folder.held(language)) for language in CHANGED}
    for language, files in kept.items():
        for name in files:
            folder.remove(language, name)
    call = here.anna.dial("6002")
    _gone(call)
    assert 183 not in call.codes
    for language, files in kept.items():
        for name, content in files.items():
            folder.write(language, name, content)


def test_a_prompt_is_said_in_both_languages_and_another_in_its_place(here, tmp_path, new_records):
    """Who is refused hears why in Chinese, then in English; of a reason that has no prompt, the one for all
    reasons. It is early media, never an answer."""
    folder = SoundFolder(here.pbx.sounds)
    pitch = {"_zh": 600.0, "_en": 900.0}
    for name in ("refused-international", "refused"):
        for language, hertz in pitch.items():
            folder.write(language, f"{name}.wav", sound.wav(tone.hum(hertz, 0.4)))
    for name in ("refused-international", "refused"):
        call = here.anna.dial("0012025550100").keep(tmp_path / f"{name}.wav")
        ended = call.ended()
        assert (ended.code, ended.seconds) == (403, 0.0)
        assert 183 in call.codes
        assert ears.order(tmp_path / f"{name}.wav", pitch) == ["_zh", "_en"]
        for language in pitch:
            folder.remove(language, f"{name}.wav")
    assert {record["disposition"] for record in new_records(2)} == {"NO ANSWER"}
