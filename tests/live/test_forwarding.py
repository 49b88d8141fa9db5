"""A seat's calls go on to another number, where the contract opens that (前转)."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioning.core.site import VoiceLine


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

AWAY, CALLER, BUSY, LATE, ABSENT, ABROAD, ROUND = (f"0870212000{n}" for n in range(1, 8))
ROWS = {
    AWAY: {"forward_always": ways.MOBILE},
    BUSY: {"forward_busy": ways.MACHINE},
    LATE: {"forward_no_answer": CALLER},
    ABSENT: {"forward_unreachable": ways.MACHINE},
    ABROAD: {"forward_always": "0012025550123"},
    ROUND: {"forward_always": ROUND},
}


def contract(forwarding: str = "open", calls: int | None = None) -> Any:
    """All seats of ROWS; with `calls` no more than so many calls at once on the line."""
    seats = tuple(replace(seat, **ROWS.get(seat.long_number, {})) for seat in sites.seats(7))
    made = sites.contract(of=seats)
    lines = () if calls is None else (VoiceLine(bandwidth="10M", concurrent_calls=calls),)
    made = replace(made, site=replace(made.site, voice_lines=lines))
    return replace(made, policy=replace(made.policy, forwarding=forwarding))


@contextmanager
def applied(office: Any, changed: Any) -> Iterator[None]:
    """The switch with another version of the contract, for a while."""
    pbx = office.switches.pbx
    for version in (changed, contract()):
        with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
            outcomes = sites.apply_to(ami, sites.Book((version,))).outcomes
        assert "failed" not in {outcome.status for outcome in outcomes}
        if version is changed:
            yield


@pytest.fixture(scope="module")
def office(switches) -> Iterator[Any]:
    """A contract that opens forwarding, with a seat for each case; the telephone of ABSENT is unplugged."""
    answers = {AWAY: "ring", CALLER: "auto", BUSY: "ring", LATE: "ring", ABROAD: "ring", ROUND: "ring"}
    pbx = switches.pbx
    with ways.office(switches, contract(), answers=answers, mobile="auto") as made:
        pbx.cli("dialplan set global SEATLINE_PATIENCE 2")
        yield made
    pbx.cli("dialplan set global SEATLINE_PATIENCE ''")


@pytest.fixture(autouse=True)
def fresh(office):
    office.skip_records()


def test_all_calls_go_on_unconditionally(office):
    """A call to a seat that is away rings the mobile it named and not the seat: the caller pays for a call
    inside, the seat for one to a mobile, which sees the seat's number and not the caller's."""
    call = office["0002"].dial("6001").wait("connected").hear(10)
    on_mobile = office.mobile.next_call().hear(10)
    assert "<sip:+868702120001@" in on_mobile.asserted
    call.hang_up()
    on_mobile.ended()
    assert not office["0001"].incoming
    records = office.records(2)
    assert ways.outcome(office.rated(records)) == [
        (AWAY, "outgoing", "domestic", "0.06"),
        (CALLER, "outgoing", "internal", "0.06"),
    ]
    assert [r["userfield"] for r in records] == ["", "forwarded"]
    assert {r["linkedid"] for r in records} == {records[0]["linkedid"]}


def test_a_call_from_outside_is_forwarded_and_stays_incoming(office):
    """A call from the operator to the seat that is away comes in for nothing and goes out again at the seat's
    expense, under the seat's number and never the caller's."""
    office.call_in(AWAY)
    on_mobile = office.mobile.next_call().hear(10)
    assert "<sip:+868702120001@" in on_mobile.asserted
    assert on_mobile.diverted == ""
    on_mobile.hang_up()
    records = office.records(2)
    assert [r["dcontext"] for r in records] == ["seatline-zhaotong-a-line", "seatline-zhaotong-a"]
    assert ways.outcome(office.rated(records)) == [(AWAY, "outgoing", "domestic", "0.06")]


def test_a_busy_seats_calls_go_on(office):
    """A seat whose telephone says busy passes the call on to the number for that case, and only then."""
    call = office["0002"].dial("6003")
    office["0003"].next_call().answer(486)
    call.wait("connected").hear(10)
    assert office.shown()["to"] == f"+86{ways.MACHINE}"
    assert office.shown()["from"] == "+868702120003"
    call.hang_up()
    assert ways.outcome(office.rated(office.records(3))) == [
        (CALLER, "outgoing", "internal", "0.06"),
        (BUSY, "outgoing", "domestic", "0.06"),
    ]
    call = office["0002"].dial("6003")
    at_desk = office["0003"].next_call()
    at_desk.answer()
    call.wait("connected")
    call.hang_up()
    at_desk.ended()
    assert ways.outcome(office.rated(office.records(1))) == [(CALLER, "outgoing", "internal", "0.06")]


def test_an_unanswered_call_goes_on_to_a_colleague(office):
    """A seat that does not answer in time stops ringing, and its colleague is called, who sees who calls."""
    call = office.mobile.dial(LATE)
    at_desk = office["0004"].next_call()
    colleague = office["0002"].next_call().hear(10)
    assert at_desk.ended().seconds == 0
    assert f"<sip:{ways.MOBILE}@" in colleague.came_from
    call.wait("connected")
    call.hang_up()
    colleague.ended()
    records = office.records(3)
    assert ways.outcome(office.rated(records)) == [(LATE, "outgoing", "internal", "0.06")]


def test_calls_to_an_unplugged_telephone_go_on(office):
    """A seat whose telephone is not registered passes its calls on to the number for that case."""
    call = office["0002"].dial("6005").wait("connected").hear(10)
    assert office.shown()["from"] == "+868702120005"
    call.hang_up()
    assert ways.outcome(office.rated(office.records(2))) == [
        (CALLER, "outgoing", "internal", "0.06"),
        (ABSENT, "outgoing", "domestic", "0.06"),
    ]


def test_a_number_the_contract_does_not_open_is_not_forwarded_to(office):
    """The calls of a seat that names a number abroad are refused, and the operator hears of none."""
    before = len(office.switches.ims.calls())
    call = office["0002"].dial("6006")
    assert call.ended().code == 403
    assert not office["0006"].incoming
    records = office.records(3)
    assert {r["userfield"] for r in records} == {"", "refused-international", "refused-forwarding"}
    assert call.seconds == 0
    assert len(office.switches.ims.calls()) == before
    assert ways.outcome(office.rated(records)) == []


def test_a_seat_forwarded_to_itself_ends(office):
    """A call that goes round in a circle is given up after three times, and nobody is charged."""
    call = office["0002"].dial("6007")
    assert call.ended().code == 403
    office.wait_idle()
    records = office.switches.pbx.records()[office.seen :]
    assert len([r for r in records if r["channel"].startswith("Local/")]) <= 6
    assert ways.outcome(office.rated(records)) == []


def test_forwarding_is_closed_where_the_contract_does_not_open_it(office):
    """With forwarding closed the numbers of the sheet count for nothing: the seat itself rings."""
    with applied(office, contract("closed")):
        call = office["0002"].dial("6001")
        at_desk = office["0001"].next_call()
        call.hang_up()
        at_desk.ended()
        assert not office.mobile.incoming
        assert office["0002"].dial("6005").ended().code == 480


def test_a_forwarded_call_takes_two_places_on_the_line(office):
    """On a line for one call a call from outside cannot go out again: the leg is refused, and nobody pays."""
    with applied(office, contract(calls=1)):
        office.call_in(AWAY)
        records = office.records(3)
    assert {r["userfield"] for r in records} == {"", "refused-capacity"}
    assert not office.mobile.incoming
    assert ways.outcome(office.rated(records)) == []
