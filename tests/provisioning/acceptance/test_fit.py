"""Which seats and which tests: what a contract and a site at work leave to be tested."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from provisioning.acceptance import fit
from provisioning.acceptance.burst import burst
from provisioning.acceptance.fit import Circumstances, Outside, Tools, open_hours
from provisioning.acceptance.seats import BUSY, Made, Now, choose
from provisioning.acceptance.trials import TRIALS, Words
from provisioning.core.contract import (
    Billing,
    CallTariff,
    Contract,
    Customer,
    Operator,
    Policy,
    Stated,
    Term,
    Zone,
)
from provisioning.core.cycle import SHANGHAI
from provisioning.core.site import Ims, Seat, Site, VoiceLine

SEATS = tuple(Seat(long_number=f"0870212000{n}", short_number=f"600{n}") for n in range(1, 5))
FIRST, SECOND, THIRD, FOURTH = (seat.long_number for seat in SEATS)
MONDAY_NOON = datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI)
FAR = Outside(
    number="13800138000", zone=Zone.DOMESTIC, telephone=True, answers={"01085200000": Zone.DOMESTIC}
)


PLAIN, IDLE = Policy(), Now()


def contract(policy: Policy = PLAIN, seats: tuple[Seat, ...] = SEATS, **of_site: object) -> Contract:
    rates = {zone: Decimal("0.06") for zone in (Zone.INTERNAL, Zone.LOCAL, Zone.DOMESTIC)}
    site = Site(
        name="zhaotong",
        area_code="0870",
        seats=seats,
        ims=Ims(domain="ims.example.net", proxy="sip:127.0.0.2:5070"),
        voice_lines=(VoiceLine(bandwidth="100M", concurrent_calls=30),),
        features=("fax",),
    )
    return Contract(
        id="zhaotong-2025",
        customer=Customer(name="某办公室"),
        operator=Operator(name="中国移动"),
        term=Term(first=date(2025, 1, 1), last=date(2030, 12, 31)),
        billing=Billing(starts=date(2025, 1, 1)),
        recurring=(),
        once=(),
        stated=Stated(),
        calls=CallTariff(increment=60, rates=rates, incoming=Decimal(0)),
        messages=None,
        payers=(),
        policy=policy,
        site=replace(site, **of_site),
    )


def at(of: Contract, *, now: Now = IDLE, outside: Outside = FAR, **more: object) -> Circumstances:
    made = Circumstances(
        contract=of,
        site_now=now,
        chosen=choose(of, now),
        outside=outside,
        tools=Tools(hears=True, at_once=True),
        now=MONDAY_NOON,
    )
    return replace(made, **more)


def missing(circumstances: Circumstances) -> set[str]:
    return {trial for trial, why in fit.reasons(circumstances).items() if why is not None}


def test_all_tests_fit_a_whole_contract():
    """With a telephone outside, softphones and SIPp nothing is left out, and every test has its rules."""
    assert missing(at(contract())) == set()
    assert set(fit.reasons(at(contract()))) == set(TRIALS)


def test_a_seat_without_a_telephone_is_called_first():
    """Nobody's place is taken while a seat has no telephone; then that of an idle one, unless that is not
    wanted."""
    some, every = {FIRST, SECOND}, {seat.long_number for seat in SEATS}
    assert choose(contract(), Now(registered=some)).called == SEATS[2]
    assert not choose(contract(), Now(registered=some)).displaces
    taken = choose(contract(), Now(registered=every, busy={FIRST}))
    assert (taken.called, taken.displaces) == (SEATS[1], True)
    left = choose(contract(), Now(registered=every), displace=False)
    assert left.called is None
    assert left.why is not None


def test_the_engineer_may_name_the_seat():
    """A seat that is named is called whoever is registered there, but not while it is in a call."""
    assert choose(contract(), Now(registered={FOURTH}), named=(FOURTH,)).called == SEATS[3]
    left = choose(contract(), Now(busy={FOURTH}), named=(FOURTH,))
    assert (left.called, left.why) == (None, BUSY)


def test_a_site_of_one_seat_still_calls_out():
    """Where no other seat may call, the called one makes the calls out; only those inside are not made."""
    alone = at(contract(seats=SEATS[:1]))
    assert (alone.chosen.called, alone.chosen.caller) == (SEATS[0], SEATS[0])
    assert {"short", "long", "fax"} <= missing(alone)
    assert {"out", "claims", "in", "international", "signing-on"} & missing(alone) == {"claims"}


@pytest.mark.parametrize(
    "seat",
    [
        replace(SEATS[0], features=("fax",)),
        replace(SEATS[0], features=("pos",)),
        replace(SEATS[0], further=("13800138000",)),
        replace(SEATS[0], features=("one-number",), mobile="13800138000"),
        replace(SEATS[0], forward_busy="01085200000"),
        replace(SEATS[0], changed_to="08702129999"),
    ],
)
def test_a_seat_whose_calls_go_elsewhere_is_not_called(seat):
    """Fax machines, seats that ring further telephones or forward, and former numbers are left in peace."""
    assert choose(contract(seats=(seat, *SEATS[1:])), Now()).called == SEATS[1]


def test_stopped_seats_neither_call_nor_are_called():
    """A seat whose service is stopped takes no part."""
    found = choose(contract(), Now(stopped={FIRST, SECOND}))
    assert (found.called, found.caller) == (SEATS[2], SEATS[3])


def test_family_phones_call_only_who_is_on_their_list():
    """With an allow-list the caller is one that may call the seat; where none may, calls inside are not made,
    nor calls out to a number on no list."""
    listed = (replace(SEATS[0], allowed=(SECOND,)), *SEATS[1:])
    assert choose(contract(Policy(allow_list=True), listed), Now()).called == SEATS[1]
    nobody = at(contract(Policy(allow_list=True)))
    assert {"short", "long", "out", "fax"} <= missing(nobody)
    assert {"in", "signing-on", "international"} & missing(nobody) == set()


@pytest.mark.parametrize(
    ("circumstances", "left_out"),
    [
        (at(contract(ims=None)), {"out", "in", "emergency", "registrations", "capacity"}),
        (at(contract(), outside=Outside()), {"out", "in", "claims", "capacity"}),
        (
            at(contract(), outside=replace(FAR, telephone=False)),
            {"caller-outside", "voice-outside", "claims"},
        ),
        (at(contract(), outside=replace(FAR, zone=Zone.INTERNATIONAL)), {"out", "claims"}),
        (at(contract(), tools=Tools(hears=False, at_once=False)), {"voice-inside", "fax", "capacity"}),
        (at(contract(features=())), {"fax"}),
        (at(contract(Policy(hours=(13 * 60, 19 * 60)))), {"out", "claims", "capacity"}),
        (at(contract(voice_lines=())), {"capacity"}),
    ],
)
def test_what_is_missing_leaves_out_its_tests(circumstances, left_out):
    """No line, no number outside, a person there, a closed zone, SIPp alone, no fax, the wrong hour: each
    leaves out the tests that need it, with a reason in both languages."""
    assert left_out <= missing(circumstances)
    for why in fit.reasons(circumstances).values():
        assert why is None or (why.chinese and why.english)


def test_a_seat_with_the_right_is_not_expected_to_be_refused():
    """Where the rates open international calls, and to the calling seat, no refusal is looked for."""
    opened = contract()
    assert opened.calls is not None
    rates = {**opened.calls.rates, Zone.INTERNATIONAL: Decimal(1)}
    opened = replace(opened, calls=replace(opened.calls, rates=rates))
    assert "international" in missing(at(opened))
    by_seat = replace(opened, policy=Policy(zones_by_seat=(Zone.INTERNATIONAL,)))
    assert "international" not in missing(at(by_seat))


@pytest.mark.parametrize(
    ("policy", "moment", "expected"),
    [
        (Policy(), MONDAY_NOON, True),
        (Policy(hours=(480, 1140), days="mon-fri"), MONDAY_NOON, True),
        (Policy(hours=(480, 1140), days="sat-sun"), MONDAY_NOON, False),
        (Policy(hours=(480, 1140), days="sat-mon"), MONDAY_NOON, True),
        (Policy(hours=(480, 1140), days="mon"), MONDAY_NOON, True),
        (Policy(hours=(480, 720)), MONDAY_NOON, False),
        (Policy(hours=(480, 1140), holidays=(date(2026, 11, 23),)), MONDAY_NOON, False),
        (Policy(holidays=(date(2026, 11, 23),)), MONDAY_NOON, False),
    ],
)
def test_hours_are_those_of_the_contract(policy, moment, expected):
    """Hours end when they say, spans of days may go over a week's end, holidays are closed."""
    assert open_hours(policy, moment) is expected


ANSWERS = {"01085200000": Zone.DOMESTIC, "01085200001": Zone.DOMESTIC}


def test_a_burst_keeps_to_the_contracts_limits():
    """One call more than there is room for, no seat more often than it may, no number more than ten times,
    those of today before it counted."""
    made = Made(by={FIRST: 499}, to={"01085200000": 4})
    limited = contract(Policy(calls_per_callee_per_day=10, calls_per_number_per_day=500))
    calls = burst(limited, Now(made=made), ANSWERS, 15)
    assert not isinstance(calls, Words)
    assert len(calls) == 16
    called, calling = Counter(number for _, number in calls), Counter(seat for seat, _ in calls)
    assert called == {"01085200000": 6, "01085200001": 10}
    assert calling == {SEATS[0]: 1, **dict.fromkeys(SEATS[1:], 5)}


@pytest.mark.parametrize(
    ("policy", "room", "made"),
    [
        (Policy(calls_per_callee_per_day=5), 10, Made()),
        (Policy(calls_per_callee_per_day=6), 10, Made(to={"01085200001": 2})),
        (Policy(calls_per_number_per_day=500), 5, Made(by=dict.fromkeys((FIRST, SECOND, THIRD), 500))),
        (Policy(calls_per_seat=1), 4, Made()),
        (Policy(calls_per_minute=1), 4, Made()),
        (Policy(calls_per_minute=2), 6, Made(lately={FIRST: 2})),
        (Policy(allow_list=True), 1, Made()),
        (Policy(), 61, Made()),
        (Policy(), 0, Made()),
    ],
)
def test_a_burst_that_would_break_a_limit_is_not_made(policy, room, made):
    """Too few numbers or seats, too many calls before, a list, a line too large or full: the reason stands in
    the report."""
    assert isinstance(burst(contract(policy), Now(made=made), ANSWERS, room), Words)


@pytest.mark.parametrize("zone", [None, Zone.INTERNATIONAL])
def test_a_burst_calls_only_what_is_open(zone):
    """An emergency number, which has no zone, is never called, whoever names it as one that answers; nor is
    one of a closed zone."""
    assert isinstance(burst(contract(), Now(), {"110": zone}, 1), Words)
    calls = burst(contract(), Now(), {"110": zone, "01085200000": Zone.DOMESTIC}, 1)
    assert not isinstance(calls, Words)
    assert {number for _, number in calls} == {"01085200000"}


@pytest.mark.parametrize(
    ("policy", "made", "left_out"),
    [
        (Policy(calls_per_callee_per_day=10), Made(to={"13800138000": 8}), set()),
        (Policy(calls_per_callee_per_day=10), Made(to={"13800138000": 9}), {"claims"}),
        (
            Policy(calls_per_callee_per_day=10),
            Made(to={"13800138000": 10}),
            {"out", "caller-outside", "claims"},
        ),
        (Policy(calls_per_number_per_day=500), Made(by={SECOND: 500}), {"out", "quality-outside", "claims"}),
        (Policy(calls_per_minute=1), Made(), {"claims"}),
        (Policy(calls_per_minute=1), Made(lately={SECOND: 1}), {"out", "claims"}),
    ],
)
def test_a_limit_that_is_reached_fails_nothing(policy, made, left_out):
    """Calls that the contract's limits would refuse or slow are not made, and the reason names the limit."""
    assert left_out <= missing(at(contract(policy), now=Now(made=made)))
    if not left_out:
        assert missing(at(contract(policy), now=Now(made=made))) == set()
