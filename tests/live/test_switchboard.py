"""The main number: greeting, extensions, operators and their queue, night, directory (融合总机)."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pbx.live.softphone import Call, Phone, Phones
from provisioning.core.contract import Contract
from provisioning.core.site import Seat, Switchboard

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
MAIN = "08702120000"
ANNA, BERT, CARL, AWAY = (f"0870212000{n}" for n in range(1, 5))
"""A seat, the two operators, and a seat whose telephone is not registered."""
NIGHT, NIGHT_MAIN, NIGHT_SEAT, NIGHT_OTHER = "kizilsu", "09084220000", "09084220001", "09084220002"
"""A site that is closed now."""
LISTED = "09084220003"
"""A card terminal there that may call the main number and nobody else."""
SPOKEN = (
    "greeting", "night", "no-extension", "extension-busy", "extension-absent", "directory",
    "directory-choose",
)  # fmt: skip
"""Prompts that a key cuts short; they are long here, so that there is time to press it."""
SAID = ("queue", "no-operator", "goodbye", "directory-none", "directory-extension", f"name-{ANNA}", "waiting")
PITCH = {name: 400.0 + 130 * at for at, name in enumerate((*SPOKEN, *SAID))}


@dataclass(frozen=True)
class Here:
    pbx: Any
    phone: dict[str, Phone]
    outside: Phone


def _hours_that_are_not_now() -> tuple[int, int]:
    """Ten minutes of the other half of the day, in Shanghai."""
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    start = min((now.hour * 60 + now.minute + 720) % 1440, 1425)
    return start, start + 10


def _contracts() -> tuple[Contract, Contract]:
    names = {ANNA: "张伟", BERT: "李娜", CARL: "王芳", AWAY: "Anna Li"}
    open_now = sites.contract(
        of=[Seat(long_number=n, short_number=f"600{n[-1]}", name=name) for n, name in names.items()]
    )
    closed = sites.contract(
        NIGHT,
        of=[
            Seat(long_number=NIGHT_SEAT, short_number="6001"),
            Seat(long_number=NIGHT_OTHER, short_number="6002"),
            Seat(long_number=LISTED, features=("pos",), allowed=(NIGHT_MAIN,)),
        ],
        area="0908",
    )
    return (
        replace(
            open_now,
            site=replace(
                open_now.site,
                features=("switchboard",),
                main_number=MAIN,
                switchboard=Switchboard(operators=(BERT, CARL)),
            ),
        ),
        replace(
            closed,
            site=replace(
                closed.site,
                features=("switchboard",),
                main_number=NIGHT_MAIN,
                switchboard=Switchboard(operators=(NIGHT_OTHER,), hours=_hours_that_are_not_now()),
            ),
        ),
    )


@pytest.fixture(scope="module")
def here(switches: Any) -> Iterator[Here]:
    """Two main numbers, one with its operators at work and one closed; tones in the place of words."""
    pbx = switches.pbx
    pbx.wipe()
    for site in ("zhaotong", NIGHT):
        ears.tones(pbx, site, {name: PITCH[name] for name in SPOKEN}, seconds=15)
        ears.tones(pbx, site, {name: PITCH[name] for name in SAID})
        ears.music(pbx, site)
    book = sites.Book(_contracts())
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        assert {one.status for one in sites.apply_to(ami, book).outcomes} == {"applied"}
    operators.wait_registered(pbx, f"{MAIN}-ims")
    secrets = {**book.secrets("zhaotong"), **book.secrets(NIGHT)}
    with Phones(bind=switches.desks) as desks, Phones(bind=switches.outside) as outside:
        phone = {
            number: desks.register(
                number,
                auth_user=f"seat-{number}",
                secret=secrets[number],
                registrar=pbx.sip,
                answer="ring",
            )
            for number in (ANNA, BERT, CARL, NIGHT_SEAT, NIGHT_OTHER, LISTED)
        }
        mobile = outside.register(
            "13800138000",
            auth_user="mobile",
            secret=switches.ims.mobile_secret,
            registrar=switches.ims.sip,
        )
        yield Here(pbx=pbx, phone=phone, outside=mobile)
    for site in ("zhaotong", NIGHT):
        ears.silence(pbx, site)


def _called(caller: Phone, number: str, file: Path) -> Call:
    """A call to a main number that hears its greeting."""
    return caller.dial(number).keep(file).wait("connected").hear(20)


def _over(call: Call, *others: Call) -> None:
    call.hang_up()
    for one in (call, *others):
        one.ended()


def _charged(records: Any) -> list[Any]:
    return [record for record in records if record["disposition"] == "ANSWERED"]


def test_a_caller_hears_the_greeting_and_dials_an_extension(here, tmp_path, new_records):
    """A caller outside hears the greeting, presses a short number, and that seat rings and sees the caller;
    the call has one charged record."""
    call = _called(here.outside, MAIN, tmp_path / "call.wav")
    call.press("6001")
    seat = here.phone[ANNA].next_call().hum(2900)
    assert "13800138000" in seat.came_from
    seat.answer()
    seat.wait("connected").hear(20)
    call.hear(100)
    _over(call, seat)
    heard = ears.order(tmp_path / "call.wav", PITCH | {"seat": 2900})
    assert heard == ["greeting", "seat"]
    (record,) = _charged(new_records(1))
    assert (record["src"], record["accountcode"]) == ("13800138000", MAIN)


def test_extensions_that_cannot_be_had_lead_back_to_the_menu(here, tmp_path, new_records):
    """An extension without telephone, one that does not exist, and a busy one are told apart; each time the
    caller may dial another, and nothing outside the contract can be dialled."""
    call = _called(here.outside, MAIN, tmp_path / "call.wav")
    call.press("6004")
    call.hear(90)
    call.press("13900138001#")
    call.hear(220)
    call.press("6001")
    here.phone[ANNA].next_call().answer(486)
    call.hear(320)
    call.press("6001")
    seat = here.phone[ANNA].next_call()
    seat.answer()
    seat.wait("connected")
    _over(call, seat)
    heard = ears.order(tmp_path / "call.wav", PITCH)
    assert heard == ["greeting", "extension-absent", "no-extension", "extension-busy"]
    records = new_records(2)
    assert len(_charged(records)) == 1
    assert not any("13900138001" in record["dst"] for record in records)


def test_operators_ring_together_and_callers_wait_their_turn(here, tmp_path, new_records):
    """0 rings all operators, the first to answer has the call; with both busy the callers wait with music,
    and are served in the order they came, who hung up left out, also when an operator declines."""
    bert, carl = here.phone[BERT], here.phone[CARL]
    first = _called(here.outside, MAIN, tmp_path / "first.wav")
    first.press("0")
    left, taken = bert.next_call(), carl.next_call()
    taken.answer()
    taken.wait("connected")
    left.ended()
    second = _called(here.phone[ANNA], MAIN, tmp_path / "second.wav")
    second.press("0")
    taken_too = bert.next_call()
    taken_too.answer()
    taken_too.wait("connected")
    waiting = []
    for name in ("gone", "third", "fourth"):
        one = _called(here.outside if name != "fourth" else here.phone[ANNA], MAIN, tmp_path / f"{name}.wav")
        one.press("0")
        one.hear(150)
        waiting.append(one)
    gone, third, fourth = waiting
    _over(gone)
    _over(taken_too, second)
    for code in (486, 486, 486, 200):
        served = bert.next_call()
        assert "13800138000" in served.came_from
        served.answer(code)
    served.wait("connected")
    _over(served, third)
    served = bert.next_call()
    assert "<sip:6001@" in served.came_from
    served.answer()
    served.wait("connected")
    _over(served, fourth)
    _over(first, taken)
    assert ears.order(tmp_path / "second.wav", PITCH) == ["greeting"]
    for name in ("third", "fourth"):
        assert ears.order(tmp_path / f"{name}.wav", PITCH) == ["greeting", "queue", "waiting"]
    assert len(_charged(new_records(6))) == 5


def test_who_waits_again_hears_music_again(here, tmp_path):
    """A caller who waited, was not answered when it was his turn, and waits once more, hears music again."""
    bert, carl = here.phone[BERT], here.phone[CARL]
    busy = bert.dial("6003")
    talk = carl.next_call()
    talk.answer()
    talk.wait("connected")
    call = here.outside.dial(MAIN).wait("connected").hear(20)
    call.press("0")
    call.hear(150)
    _over(busy, talk)
    ringing = [bert.next_call(), carl.next_call()]
    busy = bert.dial("6003")
    talk = carl.next_call()
    talk.answer()
    talk.wait("connected")
    for one in ringing:
        one.answer(486)
        one.ended()
    call.keep(tmp_path / "again.wav").hear(call.heard + 150)
    call.hang_up()
    call.ended()
    _over(busy, talk)
    assert ears.heard(tmp_path / "again.wav", PITCH["waiting"]) > 1


def test_a_seat_with_a_list_reaches_nobody_else_through_the_switchboard(here, tmp_path):
    """A seat whose list has the main number alone gets no extension that is not on its list from there."""
    call = _called(here.phone[LISTED], NIGHT_MAIN, tmp_path / "call.wav")
    call.press("6002")
    call.hear(100)
    _over(call)
    assert ears.order(tmp_path / "call.wav", PITCH) == ["night", "no-extension"]
    assert here.phone[NIGHT_OTHER].incoming == []


def test_without_a_key_the_caller_comes_to_the_operators(here, tmp_path):
    """Who presses nothing is brought to the operators, for an old telephone has no keys."""
    ears.tones(here.pbx, "zhaotong", {"greeting": PITCH["greeting"]}, seconds=0.4)
    call = _called(here.outside, MAIN, tmp_path / "call.wav")
    ringing = [here.phone[number].next_call() for number in (BERT, CARL)]
    _over(call, *ringing)
    ears.tones(here.pbx, "zhaotong", {"greeting": PITCH["greeting"]}, seconds=15)


def test_at_night_callers_hear_the_night_greeting_and_no_operator_rings(here, tmp_path):
    """Outside the hours the night greeting is heard, 0 ends the call, and an extension rings all the same."""
    caller, operator = here.phone[NIGHT_SEAT], here.phone[NIGHT_OTHER]
    call = _called(caller, NIGHT_MAIN, tmp_path / "operator.wav")
    call.press("0#")
    call.ended()
    assert ears.order(tmp_path / "operator.wav", PITCH) == ["night", "goodbye"]
    assert operator.incoming == []
    call = _called(caller, NIGHT_MAIN, tmp_path / "extension.wav")
    call.press("6002")
    seat = operator.next_call()
    seat.answer()
    seat.wait("connected")
    _over(call, seat)
    assert ears.order(tmp_path / "extension.wav", PITCH) == ["night"]


def test_the_directory_finds_a_seat_by_the_initials_of_its_name(here, tmp_path):
    """* and the keys of a name's initials (张伟: ZW, 99) offer that seat, by its recorded name and its
    number; 1 calls it. Unknown initials find nobody."""
    call = _called(here.outside, MAIN, tmp_path / "call.wav")
    call.press("*")
    call.hear(70)
    call.press("22#")
    call.hear(170)
    call.press("*")
    call.hear(240)
    call.press("99#")
    call.hear(370)
    call.press("1")
    seat = here.phone[ANNA].next_call()
    seat.answer()
    seat.wait("connected")
    _over(call, seat)
    heard = ears.order(tmp_path / "call.wav", PITCH)
    assert [name for name in heard if name != "directory-extension"] == [
        "greeting", "directory", "directory-none", "greeting", "directory", f"name-{ANNA}",
        "directory-choose",
    ]  # fmt: skip


def test_where_no_operator_is_there_the_caller_is_told_so(here, tmp_path):
    """With no operator's telephone registered the caller hears that, and the call ends."""
    here.pbx.cli("database deltree registrar")
    call = _called(here.outside, MAIN, tmp_path / "call.wav")
    call.press("0#")
    call.ended()
    assert ears.order(tmp_path / "call.wav", PITCH) == ["greeting", "no-operator"]
