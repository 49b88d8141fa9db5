"""A seat's calls go on to another number, where the contract opens that (前转)."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provisioning.core.site import VoiceLine
from provisioning.core.status import Stop


def _beside(name: str) -> Any:
    """A module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(f"live_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    if f"live_{name}" not in sys.modules:
        sys.modules[f"live_{name}"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[f"live_{name}"])
    return sys.modules[f"live_{name}"]


sites, ways, ears = _beside("sites"), _beside("ways"), _beside("ears")
pytestmark = pytest.mark.live

AWAY, CALLER, BUSY, LATE, ABSENT, ABROAD, ROUND, SONG = (f"0870212000{n}" for n in range(1, 9))
ROWS = {
    AWAY: {"forward_always": ways.MOBILE},
    BUSY: {"forward_busy": ways.MACHINE},
    LATE: {"forward_no_answer": CALLER},
    ABSENT: {"forward_unreachable": ways.MACHINE},
    ABROAD: {"forward_always": "0012025550123"},
    ROUND: {"forward_always": ROUND},
    SONG: {"forward_always": ways.NEVER, "features": ("ringback",)},
}


def contract(forwarding: str = "open", calls: int | None = None) -> Any:
    """All seats of ROWS; with `calls` no more than so many calls at once on the line."""
    seats = tuple(replace(seat, **ROWS.get(seat.long_number, {})) for seat in sites.seats(8))
    made = sites.contract(of=seats)
    lines = () if calls is None else (VoiceLine(bandwidth="10M", concurrent_calls=calls),)
    made = replace(made, site=replace(made.site, voice_lines=lines))
    return replace(made, policy=replace(made.policy, forwarding=forwarding))


@contextmanager
def applied(office: Any, changed: Any, *stops: Stop) -> Iterator[None]:
    """The switch with another version of the contract, or with these stops, for a while."""
    pbx = office.switches.pbx
    for version, stopped in ((changed, stops), (contract(), ())):
        with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
            outcomes = sites.apply_to(ami, sites.Book((version,), stopped=stopped), force=True).outcomes
        assert not [outcome.fault for outcome in outcomes if outcome.fault]
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
    """A seat whose telephone says busy, or whose owner declines, passes the call on to the number for that
    case, and only then."""
    for code in (486, 603):
        call = office["0002"].dial("6003")
        office["0003"].next_call().answer(code)
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


def test_who_is_forwarded_to_is_not_rung_by_his_own_call(office):
    """The colleague to whom a seat's calls go on calls that seat: it rings, he himself does not, and when
    nobody answers he is told just that."""
    call = office["0002"].dial("6004")
    at_desk = office["0004"].next_call()
    at_desk.ended()
    assert call.ended().code == 480
    assert not office["0002"].incoming
    assert ways.outcome(office.rated(office.records(2))) == []


def test_calls_to_an_unplugged_telephone_go_on(office):
    """A seat whose telephone is not registered passes its calls on to the number for that case."""
    call = office["0002"].dial("6005").wait("connected").hear(10)
    assert office.shown()["from"] == "+868702120005"
    call.hang_up()
    assert ways.outcome(office.rated(office.records(2))) == [
        (CALLER, "outgoing", "internal", "0.06"),
        (ABSENT, "outgoing", "domestic", "0.06"),
    ]


def test_a_number_the_contract_does_not_open_is_not_forwarded_to(office, tmp_path):
    """The calls of a seat that names a number abroad are refused, the caller is told that it cannot be
    forwarded, not that his telephone has no calls abroad, and the operator hears of none."""
    before = len(office.switches.ims.calls())
    said = {"refused-forwarding": 600.0, "refused-international": 1000.0}
    ears.tones(office.switches.pbx, "zhaotong", said)
    call = office["0002"].dial("6006").keep(tmp_path / "call.wav")
    assert call.ended().code == 403
    assert ears.order(tmp_path / "call.wav", said) == ["refused-forwarding"]
    ears.silence(office.switches.pbx, "zhaotong")
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


def test_callers_hear_the_ringback_tone_while_the_other_number_rings(office, tmp_path):
    """Of a seat with a ringback tone callers hear it while their call rings where it is forwarded to."""
    pbx = office.switches.pbx
    ears.tones(pbx, "zhaotong", {"ringback": 800.0}, seconds=2)
    ears.music(pbx, "zhaotong")
    call = office["0002"].dial("6008").keep(tmp_path / "call.wav").wait("early").hear(100)
    call.hang_up()
    call.ended()
    assert ears.heard(tmp_path / "call.wav", 800.0) > 0.5
    ears.silence(pbx, "zhaotong")
    assert ways.outcome(office.rated(office.records(2))) == []


def test_a_seat_that_may_not_call_forwards_nothing(office):
    """The calls of a seat that is stopped one way go on to nobody: a forwarded call is a call of its own."""
    stop = Stop(contract="zhaotong-2025", seat=AWAY, way="out", since=datetime(2026, 1, 1, tzinfo=UTC))
    with applied(office, contract(), stop):
        assert office["0002"].dial("6001").ended().code == 403
        records = office.records(3)
    assert not office.mobile.incoming
    assert {r["userfield"] for r in records} == {"", "refused-stopped", "refused-forwarding"}
    assert ways.outcome(office.rated(records)) == []


def test_a_forwarded_call_is_recorded_once(office):
    """Where calls are recorded one that is forwarded is too, once, whether the seat rang before or not."""
    recordings = office.switches.pbx.recordings / "zhaotong"
    with applied(office, replace(contract(), policy=replace(contract().policy, recording_keep_days=30))):
        for dialled, seat in (("6001", AWAY), ("6003", BUSY)):
            before = set(recordings.glob("*/*.wav"))
            call = office["0002"].dial(dialled)
            if seat == BUSY:
                office["0003"].next_call().answer(486)
            call.wait("connected").hear(50).hang_up()
            call.ended()
            office.wait_idle()
            (made,) = set(recordings.glob("*/*.wav")) - before
            assert f"seat={seat} " in made.with_suffix(".txt").read_text()
            assert made.stat().st_size > 1000
            if seat == AWAY:
                office.mobile.next_call()
