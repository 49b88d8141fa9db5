"""Short numbers between seats and members' mobiles (融合V网)."""

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

ANNA, BERT = "08702120001", "08702120002"


@pytest.fixture(scope="module")
def office(switches) -> Iterator[Any]:
    """Two seats; the mobile is Bert's and has the short number 6101, Anna's mobile has 6102."""
    anna, bert = sites.seats(2)
    seats = (
        replace(anna, mobile=ways.MACHINE, mobile_short="6102"),
        replace(bert, mobile=ways.MOBILE, mobile_short="6101"),
    )
    with ways.office(
        switches, sites.contract(of=seats), answers=dict.fromkeys((ANNA, BERT), "auto"), mobile="auto"
    ) as made:
        yield made


@pytest.fixture(autouse=True)
def fresh(office):
    office.skip_records()


def test_a_members_mobile_is_called_by_its_short_number(office):
    """A seat that dials 6101 reaches the mobile, which sees the seat's long number; the record has what was
    dialled, and the call costs what a call to that mobile costs."""
    call = office["0001"].dial("6101").wait("connected").hear(10)
    on_mobile = office.mobile.next_call().hear(10)
    assert "<sip:+868702120001@" in on_mobile.asserted
    assert office.shown()["to"] == f"+86{ways.MOBILE}"
    call.hang_up()
    on_mobile.ended()
    records = office.records(1)
    assert [(r["src"], r["dst"], r["userfield"]) for r in records] == [(ANNA, "6101", "")]
    assert ways.outcome(office.rated(records)) == [(ANNA, "outgoing", "domestic", "0.06")]


def test_a_members_mobile_is_shown_by_its_short_number(office):
    """A mobile that calls a seat of its group is shown as 6101 there, and its number stands in the record."""
    call = office.mobile.dial(ANNA).wait("connected").hear(10)
    rung = office["0001"].next_call().hear(10)
    assert "<sip:6101@" in rung.came_from
    call.hang_up()
    rung.ended()
    records = office.records(1)
    assert [(r["accountcode"], r["src"]) for r in records] == [(ANNA, ways.MOBILE)]
    assert ways.outcome(office.rated(records)) == []


def test_seats_see_each_others_short_numbers_and_the_world_the_long_ones(office):
    """Between seats the short number is shown, to a number outside the long one."""
    call = office["0001"].dial("6002").wait("connected")
    rung = office["0002"].next_call()
    assert "<sip:6001@" in rung.came_from
    call.hang_up()
    rung.ended()
    call = office["0001"].dial("6102").wait("connected")
    assert (office.shown()["to"], office.shown()["from"]) == (f"+86{ways.MACHINE}", "+868702120001")
    call.hang_up()
    assert ways.outcome(office.rated(office.records(2))) == [
        (ANNA, "outgoing", "domestic", "0.06"),
        (ANNA, "outgoing", "internal", "0.06"),
    ]


def test_a_member_reaches_a_seat_by_its_short_number_and_nobody_else_does(office):
    """Asked for as 6001 by the operator a seat rings for a member's mobile; a stranger reaches nobody."""
    call = office.mobile.dial(f"*+86{BERT[1:]}*6001").wait("connected").hear(10)
    rung = office["0001"].next_call()
    assert "<sip:6101@" in rung.came_from
    call.hang_up()
    rung.ended()
    records = office.records(1)
    assert [(r["accountcode"], r["src"], r["dst"]) for r in records] == [(ANNA, ways.MOBILE, "6001")]
    assert ways.outcome(office.rated(records)) == []
    office.call_in(f"*+86{BERT[1:]}*6001")
    (nobody,) = office.records(1)
    assert (nobody["userfield"], nobody["accountcode"]) == ("refused-nobody", "")


def test_a_short_number_of_nobodys_is_none(office):
    """A short number that no seat and no mobile has is refused like any number that is none."""
    with pytest.raises(Refused):
        office["0001"].dial("6103").wait("connected")
    assert [r["userfield"] for r in office.records(1)] == ["refused-unknown"]
