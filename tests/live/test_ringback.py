"""Ringback tone: what a caller hears before the answer, for nothing (集团彩铃)."""

from __future__ import annotations

import importlib.util
import io
import struct
import sys
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pbx import sound, tone
from pbx.live.softphone import Call, Phone, Phones
from pbx.live.sounds import SoundFolder
from provisioning.core.contract import Contract
from provisioning.core.site import Seat, Site
from provisioning.flows import keep_sounds
from provisioning.flows.write_switch import Pen

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
SONG = 800
"""Hertz of the customer's recording."""
ANNA, BERT, CARL = "08702120001", "08702120002", "09084220001"
WITHOUT = "kizilsu"
"""A site whose contract has no ringback tone, but one seat of it has."""
FEATURED, PLAIN = "09084220002", "09084220003"


@dataclass(frozen=True)
class Here:
    pbx: Any
    phone: dict[str, Phone]
    outside: Phone


def _contracts() -> tuple[Contract, Contract]:
    first = sites.contract()
    second = sites.contract(
        WITHOUT,
        of=(
            Seat(long_number=CARL, short_number="6001"),
            Seat(long_number=FEATURED, short_number="6002", features=("ringback",)),
            Seat(long_number=PLAIN, short_number="6003"),
        ),
        area="0908",
    )
    return replace(first, site=replace(first.site, features=("ringback",))), second


@pytest.fixture(scope="module")
def here(switches: Any) -> Iterator[Here]:
    """Two sites on one switch, each with a recording of its own, and a mobile phone outside."""
    pbx = switches.pbx
    pbx.wipe()
    book = sites.Book(_contracts())
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        for contract in book.contracts:
            ears.silence(pbx, contract.site.name)
            _upload(pbx, ami, book, contract.site)
        assert {one.status for one in sites.apply_to(ami, book).outcomes} == {"applied"}
    operators.wait_registered(pbx)
    secrets = {**book.secrets("zhaotong"), **book.secrets(WITHOUT)}
    with Phones(bind=switches.desks) as desks, Phones(bind=switches.outside) as outside:
        phone = {
            number: desks.register(
                number,
                auth_user=f"seat-{number}",
                secret=secrets[number],
                registrar=pbx.sip,
                answer="ring",
            )
            for number in (ANNA, BERT, CARL, FEATURED, PLAIN)
        }
        mobile = outside.register(
            "13800138000",
            auth_user="mobile",
            secret=switches.ims.mobile_secret,
            registrar=switches.ims.sip,
        )
        yield Here(pbx=pbx, phone=phone, outside=mobile)
    for site in ("zhaotong", WITHOUT):
        ears.silence(pbx, site)


def _upload(pbx: Any, ami: Any, book: Any, site: Site) -> None:
    """`seatline sound add SITE ringback`: a recording of 16 kHz in stereo, as customers have them."""
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(2)
        target.setsampwidth(2)
        target.setframerate(16000)
        target.writeframes(
            b"".join(struct.pack("<hh", sample, sample) for sample in tone.hum(SONG, 2, 16000))
        )
    keep_sounds.add(
        SoundFolder(pbx.sounds),
        book,
        site,
        "ringback",
        file.getvalue(),
        file="song.wav",
        prompts={},
        at=datetime.now(UTC),
        who="li@desk",
        told=lambda: Pen(switch=ami, pause=time.sleep).reload("res_musiconhold.so"),
    )


def _rung(call: Call, called: Phone) -> Call:
    """Lets the called telephone ring for a while, and leaves it."""
    ringing = called.next_call()
    call.wait("early")
    return ringing


def test_the_caller_hears_the_recording_until_the_answer_and_not_after(here, tmp_path, new_records):
    """Before the answer the caller hears the customer's recording, again and again; after it the called seat,
    and only the talk is in the call record."""
    call = here.phone[ANNA].dial("6002").keep(tmp_path / "anna.wav")
    called = _rung(call, here.phone[BERT]).hum(1200)
    call.hear(150)
    assert call.code == 183
    called.answer()
    call.wait("connected").hear(220)
    call.hang_up()
    ended = call.ended()
    called.ended()
    assert ears.order(tmp_path / "anna.wav", {"song": SONG, "talk": 1200}) == ["song", "talk"]
    assert ears.heard(tmp_path / "anna.wav", SONG) > 2
    (record,) = new_records(1)
    assert record["disposition"] == "ANSWERED"
    assert record["end"] - record["answer"] < record["end"] - record["start"] - 2
    assert record["billsec"] <= ended.seconds + 1


def test_a_caller_outside_hears_it_through_the_operator_for_nothing(here, tmp_path, new_records):
    """A mobile phone that calls in hears the recording; when nobody answers, nothing is charged."""
    call = here.outside.dial("08702120002").keep(tmp_path / "mobile.wav")
    called = _rung(call, here.phone[BERT])
    call.hear(100)
    call.hang_up()
    call.ended()
    called.ended()
    assert ears.heard(tmp_path / "mobile.wav", SONG) > 1
    (record,) = new_records(1)
    assert (record["disposition"], record["billsec"]) == ("NO ANSWER", 0)


def test_a_seat_may_have_it_where_the_site_has_not(here, tmp_path):
    """Where one seat alone has the feature, its callers hear the recording, others hear ordinary ringing."""
    call = here.phone[CARL].dial("6002").keep(tmp_path / "featured.wav")
    called = _rung(call, here.phone[FEATURED])
    call.hear(100)
    call.hang_up()
    call.ended(), called.ended()
    assert ears.heard(tmp_path / "featured.wav", SONG) > 1
    call = here.phone[CARL].dial("6003")
    called = _rung(call, here.phone[PLAIN])
    assert set(call.codes) == {180}
    called.answer()
    call.wait("connected")
    call.hang_up()
    call.ended(), called.ended()


def test_a_missing_recording_falls_back_to_ordinary_ringing(here, tmp_path):
    """Without a recording the telephone rings as any other, and is answered as any other; with one again, the
    next caller hears it, and nobody reloads anything."""
    folder = SoundFolder(here.pbx.sounds)
    folder.remove("zhaotong", "ringback.wav")
    call = here.phone[ANNA].dial("6002")
    called = _rung(call, here.phone[BERT])
    assert set(call.codes) == {180}
    called.answer()
    call.wait("connected").hear(10)
    call.hang_up()
    call.ended(), called.ended()
    folder.write("zhaotong", "ringback.wav", sound.wav(tone.hum(SONG, 2)))
    call = here.phone[ANNA].dial("6002").keep(tmp_path / "again.wav")
    called = _rung(call, here.phone[BERT])
    call.hear(60)
    call.hang_up()
    call.ended(), called.ended()
    assert ears.heard(tmp_path / "again.wav", SONG) > 0.5
