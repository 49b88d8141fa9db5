"""A call to a seat rings further numbers too; its mobile calls with the seat's number (一号通)."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest


def _beside(name: str) -> Any:
    """A module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(f"live_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    if f"live_{name}" not in sys.modules:
        sys.modules[f"live_{name}"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[f"live_{name}"])
    return sys.modules[f"live_{name}"]


sites, ways = _beside("sites"), _beside("ways")
pytestmark = pytest.mark.live

ALL, CALLER, THIRD, TURNS, MOBILES, LOOP, UNPLUGGED, TEAM = (f"0870212000{n}" for n in range(1, 9))


@pytest.fixture(scope="module")
def office(switches) -> Iterator[Any]:
    """Seats that ring with others at once and in order, and one whose mobile may call out."""
    rows = {
        ALL: {"further": (ways.MOBILE, ways.NEVER, THIRD)},
        TURNS: {"further": (THIRD, ways.MOBILE), "ring_order": "in-order"},
        MOBILES: {"mobile": ways.MOBILE, "features": ("one-number",)},
        UNPLUGGED: {"further": (THIRD,), "ring_order": "in-order"},
        TEAM: {"further": ("6002", "6003")},
        LOOP: {"further": (ALL, "110", "0012025550123")},
    }
    seats = tuple(replace(seat, **rows.get(seat.long_number, {})) for seat in sites.seats(8))
    contract = sites.contract(of=seats)
    contract = replace(contract, policy=replace(contract.policy, mobile_calls_out=True))
    answers = dict.fromkeys((ALL, THIRD, TURNS, LOOP), "ring") | {CALLER: "auto", MOBILES: "ring"}
    pbx = switches.pbx
    with ways.office(switches, contract, answers=answers) as made:
        pbx.cli("dialplan set global SEATLINE_PATIENCE 2")
        yield made
    pbx.cli("dialplan set global SEATLINE_PATIENCE ''")


@pytest.fixture(autouse=True)
def fresh(office):
    office.skip_records()


def test_all_ring_at_once_and_the_first_to_answer_has_the_call(office):
    """A call to the seat rings its telephone, its mobile and a colleague's; when the mobile answers, the
    others stop, and the seat is charged for one call to its mobile, which is shown the seat's number."""
    call = office["0002"].dial("6001")
    at_desk, at_third, on_mobile = (
        phone.next_call() for phone in (office["0001"], office["0003"], office.mobile)
    )
    assert "<sip:+868702120001@" in on_mobile.asserted
    assert "<sip:6002@" in at_desk.came_from
    assert "<sip:6002@" in at_third.came_from
    on_mobile.answer()
    call.wait("connected").hear(10)
    on_mobile.hear(10)
    at_desk.ended(), at_third.ended()
    assert at_desk.seconds == at_third.seconds == 0
    call.hang_up()
    on_mobile.ended()
    records = office.records(7)
    assert [r["dst"] for r in records if r["userfield"] == "one-number"] == [
        ways.MOBILE, ways.NEVER, THIRD,
    ]  # fmt: skip
    assert {r["linkedid"] for r in records} == {records[0]["linkedid"]}
    assert ways.outcome(office.rated(records)) == [
        (ALL, "outgoing", "domestic", "0.06"),
        (CALLER, "outgoing", "internal", "0.06"),
    ]


def test_a_call_from_outside_stays_free_whichever_number_answers(office):
    """A caller from the operator reaches a colleague by the seat's number: the incoming call is charged to
    nobody, the leg to the colleague as the seat's internal call; answered at the desk nothing is."""
    office.call_in(ALL)
    at_desk, at_third, on_mobile = (
        phone.next_call() for phone in (office["0001"], office["0003"], office.mobile)
    )
    at_third.answer()
    at_third.wait("connected").hear(10)
    at_desk.ended(), on_mobile.ended()
    at_third.hang_up()
    records = office.records(7)
    assert ways.outcome(office.rated(records)) == [(ALL, "outgoing", "internal", "0.06")]
    assert {r["accountcode"] for r in records} == {ALL}
    office.call_in(ALL)
    at_desk, at_third, on_mobile = (
        phone.next_call() for phone in (office["0001"], office["0003"], office.mobile)
    )
    at_desk.answer()
    at_desk.wait("connected").hear(10)
    at_third.ended(), on_mobile.ended()
    at_desk.hang_up()
    assert ways.outcome(office.rated(office.records(7))) == []


def test_further_numbers_ring_one_after_the_other(office):
    """A seat whose row says so rings alone first, then the first further number, then the second: each stops
    before the next one rings."""
    call = office["0002"].dial("6004")
    at_desk = office["0004"].next_call()
    assert not office["0003"].incoming
    at_third = office["0003"].next_call()
    at_desk.ended()
    assert not office.mobile.incoming
    on_mobile = office.mobile.next_call()
    at_third.ended()
    on_mobile.answer()
    call.wait("connected").hear(10)
    call.hang_up()
    on_mobile.ended()
    records = office.records(5)
    assert ways.outcome(office.rated(records)) == [
        (CALLER, "outgoing", "internal", "0.06"),
        (TURNS, "outgoing", "domestic", "0.06"),
    ]


def test_a_seat_that_is_unplugged_is_passed_over(office):
    """Where the seat's own telephone is not registered its further number rings at once."""
    call = office["0002"].dial("6007")
    at_third = office["0003"].next_call()
    at_third.answer()
    call.wait("connected").hear(10)
    call.hang_up()
    at_third.ended()
    assert ways.outcome(office.rated(office.records(2))) == [
        (CALLER, "outgoing", "internal", "0.06"),
        (UNPLUGGED, "outgoing", "internal", "0.06"),
    ]


def test_whoever_calls_is_not_rung_himself(office):
    """The mobile that calls its own seat rings the desk and the others, and not the mobile itself."""
    call = office.mobile.dial(ALL)
    at_third, at_desk = office["0003"].next_call(), office["0001"].next_call()
    at_desk.answer()
    call.wait("connected")
    call.hang_up()
    at_third.ended(), at_desk.ended()
    assert not office.mobile.incoming
    assert {r["dst"] for r in office.records(5)} == {f"+86{ALL[1:]}", ways.NEVER, THIRD}


def test_a_colleague_who_calls_is_not_rung_himself(office):
    """A colleague who is one of a seat's further numbers, by his short number, rings the others."""
    call = office["0002"].dial("6008")
    at_third = office["0003"].next_call()
    call.hang_up()
    at_third.ended()
    assert not office["0002"].incoming
    assert {r["dst"] for r in office.records(2)} == {"6008", "6003"}


def test_no_leg_leads_to_what_is_closed_or_round_in_a_circle(office):
    """Of a seat's further numbers the police are never called and a country that is closed is refused; a
    colleague is rung, but not what rings with the colleague in turn."""
    before = len(office.switches.ims.calls())
    call = office["0002"].dial("6006")
    own, colleague = office["0006"].next_call(), office["0001"].next_call()
    colleague.answer()
    call.wait("connected")
    call.hang_up()
    own.ended(), colleague.ended()
    records = office.records(7)
    assert {r["dst"]: r["userfield"] for r in records if r["channel"].startswith("Local/")} == {
        ALL: "one-number", "110": "refused-forwarding", "0012025550123": "refused-international",
    }  # fmt: skip
    assert not office.mobile.incoming
    assert len(office.switches.ims.calls()) == before


def test_the_seats_mobile_calls_with_the_seats_number(office):
    """The mobile calls its seat, hears a dial tone and dials: a colleague sees the seat's short number, the
    world the seat's long one, and the seat is charged for each call once."""
    call = office.mobile.dial(MOBILES).wait("connected").hear(10)
    call.press("6002#")
    colleague = office["0002"].next_call()
    colleague.hear(10)
    assert "<sip:6005@" in colleague.came_from
    call.hang_up()
    colleague.ended()
    assert ways.outcome(office.rated(office.records(2))) == [(MOBILES, "outgoing", "internal", "0.06")]
    call = office.mobile.dial(MOBILES).wait("connected").hear(10)
    call.press(f"{ways.MACHINE}#")
    sites.wait_for(lambda: office.shown()["to"] == f"+86{ways.MACHINE}", "call to the world")
    assert office.shown()["from"] == "+868702120005"
    call.hear(100)
    call.hang_up()
    records = office.records(2)
    assert [(r["accountcode"], r["src"], r["dst"]) for r in records] == [
        (MOBILES, ways.MOBILE, "+868702120005"),
        (MOBILES, MOBILES, ways.MACHINE),
    ]
    assert ways.outcome(office.rated(records)) == [(MOBILES, "outgoing", "domestic", "0.06")]


def test_a_mobile_that_dials_nothing_rings_the_desk(office):
    """A key is all it takes to reach the own desk: with # alone the seat rings, and sees its mobile."""
    call = office.mobile.dial(MOBILES).wait("connected").hear(10)
    call.press("#")
    at_desk = office["0005"].next_call()
    assert f"<sip:{ways.MOBILE}@" in at_desk.came_from
    at_desk.answer()
    call.hang_up()
    at_desk.ended()
    assert ways.outcome(office.rated(office.records(1))) == []


def test_what_is_closed_to_the_seat_is_closed_to_its_mobile(office):
    """A mobile that dials abroad with the seat's number is refused like the seat itself."""
    call = office.mobile.dial(MOBILES).wait("connected").hear(10)
    call.press("0012025550123#")
    call.ended()
    records = office.records(3)
    assert [r["userfield"] for r in records if r["dst"] == "0012025550123"] == ["refused-international"]
    assert ways.outcome(office.rated(records)) == []
