"""What of a bill is disputed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.charging.bill import call_lines, make_bill
from provisioning.charging.disputed import CallsOnBill, disputed_lines, with_disputes
from provisioning.charging.rating import rate_call
from provisioning.core.contract import Allowance, Zone
from provisioning.core.cycle import Cycle
from provisioning.core.dispute import About, Credit, Dispute

JULY = Cycle(2025, 7)
AT = datetime(2025, 9, 1, tzinfo=UTC)


def rated(make, version, *records):
    return tuple(rate_call(record, make.directory(version)) for record in records)


def dispute(id=1, cycle=JULY, **about) -> Dispute:
    return Dispute(
        id=id,
        contract="zhaotong",
        cycle=cycle,
        about=About(**about),
        why="not ours",
        at=AT,
        who="clerk",
        calls=0,
        amount=Decimal(0),
    )


def shown(version, calls, *disputes):
    document = make_bill([version], JULY, calls).document()
    numbered = tuple(enumerate(calls))
    month = CallsOnBill(cycle=JULY, calls=numbered, on_it=frozenset(range(len(calls))))
    return with_disputes(document, [version], disputes, [month])


def test_a_disputed_line_is_on_the_bill_and_not_asked_for(make) -> None:
    """The line, the total and what is asked for nevertheless: the sum does not change."""
    version = make.version()
    calls = rated(make, version, make.cdr(), make.cdr(), make.cdr(dst="12345"))
    document = shown(version, calls, dispute(zone="domestic"))
    domestic, service = document["calls"]
    assert (domestic["amount"], domestic["disputed"]) == ("0.24", "0.24")
    assert "disputed" not in service
    assert (document["amount"], document["disputed"], document["undisputed"]) == ("0.36", "0.24", "0.12")
    assert document["disputes"] == [
        {
            "id": 1,
            "cycle": "2025-07",
            "about": "zone domestic",
            "why": "not ours",
            "calls": 2,
            "amount": "0.24",
        }
    ]


def test_what_two_disputes_are_about_counts_once(make) -> None:
    """A call disputed by its zone and by its number is left out of what is asked for once."""
    version = make.version()
    calls = rated(make, version, make.cdr(), make.cdr(dst="13900138001"))
    document = shown(version, calls, dispute(1, zone="domestic"), dispute(2, number="13800138000"))
    assert [one["amount"] for one in document["disputes"]] == ["0.24", "0.12"]
    assert (document["disputed"], document["undisputed"]) == ("0.24", "0.00")


def test_a_bill_nobody_disputes_is_as_it_is(make) -> None:
    """Without a dispute over anything on it the document has no word of disputes."""
    version = make.version()
    calls = rated(make, version, make.cdr())
    for none in (dispute(zone="local"), dispute(cycle=Cycle(2025, 6)), dispute(item="line")):
        assert shown(version, calls, none) == make_bill([version], JULY, calls).document()


def test_included_minutes_stay_with_the_call_that_used_them(make) -> None:
    """The second call costs because the first has used the allowance: to dispute the first disputes 0."""
    allowance = Allowance(minutes=2, per="seat", zones=(Zone.DOMESTIC,))
    version = make.version(calls=make.tariff(allowance=allowance))
    calls = tuple(enumerate(rated(make, version, make.cdr(), make.cdr())))
    (first,) = disputed_lines([version], calls, frozenset({0}))
    (second,) = disputed_lines([version], calls, frozenset({1}))
    assert (first.amount, second.amount) == (Decimal("0.00"), Decimal("0.12"))


def test_a_credit_is_an_adjustment(make) -> None:
    """What an upheld dispute gives back is taken off the total, as an adjustment that names the dispute."""
    version = make.version()
    credit = Credit(dispute=3, cycle=JULY, zone="domestic", amount=Decimal("0.12"))
    document = make_bill([version], Cycle(2025, 8), (), credits=[credit]).document()
    (line,) = document["adjustments"]
    assert (line["dispute"], line["cycle"], line["zone"], line["amount"]) == (
        3,
        "2025-07",
        "domestic",
        "-0.12",
    )
    assert document["amount"] == "-0.12"


@pytest.mark.parametrize("rounding", ["call", "bill"])
@given(
    seconds=st.lists(st.integers(min_value=0, max_value=900), min_size=1, max_size=8),
    picked=st.sets(st.integers(min_value=0, max_value=7)),
    minutes=st.integers(min_value=0, max_value=20),
)
def test_disputed_and_undisputed_are_the_line(make, rounding, seconds, picked, minutes) -> None:
    """Whatever is disputed, its part and the rest are the bill's line to the fen, calls and seconds too."""
    allowance = Allowance(minutes=minutes, per="contract", zones=(Zone.DOMESTIC,))
    version = make.version(calls=make.tariff(allowance=allowance), rounding=rounding)
    calls = rated(make, version, *(make.cdr(seconds=each) for each in seconds))
    (line,) = call_lines([version], calls)
    part = disputed_lines([version], tuple(enumerate(calls)), frozenset(picked))
    rest = call_lines([version], calls, but=frozenset(picked))
    for name in ("amount", "calls", "seconds"):
        assert sum(getattr(one, name) for one in (*part, *rest)) == getattr(line, name)
