"""A seat with a second number: both ring its telephone, and it shows the one it chooses (一机双号)."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pbx.errors import Refused


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

ANNA, BERT, SECOND = "08702120001", "08702120002", "08702120031"


@pytest.fixture(scope="module")
def office(switches) -> Iterator[Any]:
    """Anna's telephone has two numbers, Bert's has one."""
    anna, bert = sites.seats(2)
    seats = (replace(anna, second_number=SECOND), bert)
    with ways.office(
        switches, sites.contract(of=seats), answers=dict.fromkeys((ANNA, BERT), "auto"), mobile="auto"
    ) as made:
        yield made


@pytest.fixture(autouse=True)
def fresh(office):
    office.skip_records()


def header(invite: str, name: str) -> str:
    """What a header of an INVITE says, "" without one."""
    found = [line.partition(":")[2].strip() for line in invite.splitlines() if line.startswith(f"{name}:")]
    return found[0] if found else ""


def test_both_numbers_ring_the_telephone_and_can_be_told_apart(office):
    """A call to the second number rings the same telephone, with another ring and the number in its display;
    one to the first is an ordinary call. Neither costs anything."""
    for number, alert, shown in ((ANNA, "", ""), (SECOND, "Bellcore-dr2", SECOND)):
        call = office.mobile.dial(number).wait("connected").hear(10)
        rung = office["0001"].next_call().hear(10)
        assert f"<sip:{ways.MOBILE}@" in rung.came_from
        assert shown in rung.came_from
        assert bool(shown) == (SECOND in rung.came_from)
        assert alert in header(rung.invite, "Alert-Info")
        assert bool(alert) == bool(header(rung.invite, "Alert-Info"))
        call.hang_up()
        rung.ended()
    records = office.records(2)
    assert [(r["accountcode"], r["dst"]) for r in records] == [
        (ANNA, f"+86{ANNA[1:]}"), (ANNA, f"+86{SECOND[1:]}"),
    ]  # fmt: skip
    assert ways.outcome(office.rated(records)) == []


@pytest.mark.parametrize(
    ("prefix", "number"), [("", ANNA), ("*1", ANNA), ("*2", SECOND)], ids=["none", "first", "second"]
)
def test_the_caller_chooses_the_number_shown(office, prefix, number):
    """With *2 before it a call shows the second number to the world in every header, with *1 or nothing the
    seat's own; either way the seat pays, once."""
    call = office["0001"].dial(f"{prefix}{ways.MOBILE}").wait("connected").hear(10)
    on_mobile = office.mobile.next_call().hear(10)
    shown = office.shown()
    assert shown["from"] == f"+86{number[1:]}"
    assert f"<sip:+86{number[1:]}@" in shown["PAI"]
    assert shown["to"] == f"+86{ways.MOBILE}"
    assert f"<sip:+86{number[1:]}@" in on_mobile.asserted
    call.hang_up()
    on_mobile.ended()
    records = office.records(1)
    assert [(r["accountcode"], r["src"], r["dst"]) for r in records] == [(ANNA, number, ways.MOBILE)]
    assert ways.outcome(office.rated(records)) == [(ANNA, "outgoing", "domestic", "0.06")]


def test_inside_too_the_chosen_number_is_shown(office):
    """A colleague called with *2 sees the second number, with nothing the short one."""
    for prefix, shown in (("*2", SECOND), ("", "6001")):
        call = office["0001"].dial(f"{prefix}6002").wait("connected")
        rung = office["0002"].next_call()
        assert f"<sip:{shown}@" in rung.came_from
        call.hang_up()
        rung.ended()
    assert ways.outcome(office.rated(office.records(2))) == [(ANNA, "outgoing", "internal", "0.06")] * 2


def test_the_second_number_is_called_from_inside(office):
    """A colleague that dials the second number reaches the telephone, at the price of a call inside."""
    call = office["0002"].dial(SECOND).wait("connected")
    rung = office["0001"].next_call()
    assert SECOND in rung.came_from
    call.hang_up()
    rung.ended()
    assert ways.outcome(office.rated(office.records(1))) == [(BERT, "outgoing", "internal", "0.06")]


def test_a_seat_without_a_second_number_cannot_show_one(office):
    """*2 from a seat with one number is refused, and the operator hears of no call."""
    before = len(office.switches.ims.calls())
    with pytest.raises(Refused):
        office["0002"].dial(f"*2{ways.MOBILE}").wait("connected")
    assert [r["userfield"] for r in office.records(1)] == ["refused-no-second-number"]
    assert len(office.switches.ims.calls()) == before


@pytest.mark.parametrize("dialled", ["*2110", "*1110"])
def test_a_prefix_never_stands_between_a_seat_and_the_police(office, dialled):
    """110 behind a prefix is 110."""
    assert office["0001"].dial(dialled).wait("connected").hear(10).talk(0).code == 200
    assert office.shown()["to"] == "110"
    (record,) = office.records(1)
    assert (record["userfield"], record["dst"]) == ("emergency", "110")


def test_each_number_proves_itself_with_its_own_password(switches, demanding):
    """At an operator that challenges every call the second number goes out by a line of its own, with its own
    password, and so does a call that is forwarded for a seat by that seat's."""
    demanding.reset()
    anna, bert = sites.seats(2)
    seats = (replace(anna, second_number=SECOND), replace(bert, forward_always=ways.MACHINE))
    contract = sites.contract(of=seats, proxy=f"sip:{demanding.ims.sip}")
    contract = replace(contract, policy=replace(contract.policy, forwarding="open"))
    passwords = {number: demanding.passwords[f"+86{number[1:]}"] for number in (ANNA, BERT, SECOND)}
    with (
        demanding.asking(challenge="invite"),
        ways.office(switches, contract, answers={ANNA: "auto"}, passwords=passwords, mobile="") as made,
    ):
        for dialled, number in ((ways.MACHINE, ANNA), (f"*2{ways.MACHINE}", SECOND), ("6002", BERT)):
            assert made["0001"].dial(dialled).wait("connected").hear(10).talk(0).code == 200
            made.wait_idle()
            assert demanding.ims.calls()[-1]["from"] == f"+86{number[1:]}"
            went = [r["dstchannel"] for r in switches.pbx.records() if r["dstchannel"].startswith("PJSIP/")]
            assert went[-1].startswith(f"PJSIP/seat-{number}-line-")
        rated = made.rated(made.records(4))
    assert ways.outcome(rated) == [
        (ANNA, "outgoing", "domestic", "0.06"),
        (ANNA, "outgoing", "domestic", "0.06"),
        (ANNA, "outgoing", "internal", "0.06"),
        (BERT, "outgoing", "domestic", "0.06"),
    ]
