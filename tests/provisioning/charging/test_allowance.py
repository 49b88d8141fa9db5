"""Included minutes, used up in call order."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.charging.allowance import use_allowance
from provisioning.core.call import Direction, Outcome, RatedCall
from provisioning.core.contract import Allowance, CallTariff, Zone

RATE = Decimal("0.06")


def tariff(minutes, *, per="seat", zones=(Zone.LOCAL, Zone.DOMESTIC), increment=60):
    allowance = Allowance(minutes=minutes, per=per, zones=zones)
    return CallTariff(increment=increment, rates={}, incoming=Decimal(0), allowance=allowance)


def call(increments, seat="1", zone=Zone.DOMESTIC, outcome=Outcome.RATED, direction=Direction.OUTGOING):
    return RatedCall(
        outcome=outcome,
        reason="a test call",
        seat=seat,
        zone=zone,
        direction=direction,
        increments=increments,
        rate=RATE,
        amount=RATE * increments if outcome is Outcome.RATED else Decimal(0),
    )


def payable(calls, terms):
    return [used.payable for used in use_allowance([(one, terms) for one in calls])]


def test_the_first_calls_use_the_minutes_up() -> None:
    """Of calls of 6, 3 and 4 minutes ten included minutes cover the first two and one of the third."""
    assert payable([call(6), call(3), call(4)], tariff(10)) == [0, 0, 3]


def test_each_seat_has_its_own_minutes() -> None:
    """Per seat the minutes of one seat are not used by another; per contract they are shared."""
    calls = [call(6, seat="1"), call(6, seat="2")]
    assert payable(calls, tariff(6)) == [0, 0]
    assert payable(calls, tariff(6, per="contract")) == [0, 6]


def test_only_its_zones_are_covered() -> None:
    """A call in a zone outside the allowance uses nothing and is paid in full."""
    assert payable([call(5, zone=Zone.SERVICE), call(5)], tariff(5)) == [5, 0]


def test_free_calls_use_nothing() -> None:
    """A call that costs nothing leaves the minutes untouched, as does an incoming one."""
    trial = call(5, outcome=Outcome.FREE)
    incoming = call(5, zone=None, direction=Direction.INCOMING)
    assert payable([trial, incoming, call(5)], tariff(5)) == [5, 5, 0]


def test_only_whole_increments_are_covered() -> None:
    """With increments of 45 s one included minute covers one of them, not one and a third."""
    assert payable([call(2), call(1)], tariff(1, increment=45)) == [1, 1]


def test_without_an_allowance_all_is_paid() -> None:
    """A contract without included minutes charges every increment."""
    terms = CallTariff(increment=60, rates={}, incoming=Decimal(0))
    assert payable([call(3)], terms) == [3]


def test_a_changed_allowance_counts_what_is_used() -> None:
    """Where a later version includes fewer minutes, what is used so far counts against them."""
    used = use_allowance([(call(8), tariff(10)), (call(5), tariff(9)), (call(5), tariff(5))])
    assert [one.payable for one in used] == [0, 4, 5]


CALLS = st.lists(
    st.builds(
        call, st.integers(min_value=1, max_value=50), st.sampled_from("123"), st.sampled_from(list(Zone))
    ),
    max_size=20,
)


@given(
    calls=CALLS, minutes=st.integers(min_value=0, max_value=200), per=st.sampled_from(["seat", "contract"])
)
@settings(max_examples=150)
def test_an_allowance_is_never_negative_and_never_exceeded(calls, minutes, per) -> None:
    """What is included is between 0 and the call, never more than agreed, and used before a fen is paid."""
    found = use_allowance([(one, tariff(minutes, per=per)) for one in calls])
    for account in {None} if per == "contract" else {one.seat for one in calls}:
        own = [
            u for u in found if u.call.zone in (Zone.LOCAL, Zone.DOMESTIC) and account in (None, u.call.seat)
        ]
        included = sum(one.included for one in own)
        assert all(0 <= one.included <= one.call.increments for one in own)
        assert included == min(minutes, sum(one.call.increments for one in own))
