"""The bill: its lines, its total, and the exact form of `bill --json`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.charging.bill import LateCalls, make_bill
from provisioning.charging.rating import rate_call
from provisioning.core.contract import Allowance, OneOff, Recurring, Zone
from provisioning.core.cycle import Cycle

JULY = Cycle(2025, 7)
SEAT = Recurring(item="seat", name="座机", quantity=None, unit=Decimal("24.00"))


def rated(make, version, *records):
    known = make.directory(version)
    return [rate_call(record, known) for record in records]


def test_a_bill_prints_as_the_contract_file_says(make) -> None:
    """The document of a bill has the fields of `bill --json`, in their order, with amounts as text."""
    version = make.version(
        recurring=[SEAT],
        once=[OneOff(item="install", name="安装", total=Decimal("100"), due=date(2025, 7, 31))],
    )
    calls = rated(make, version, make.cdr(seconds=61), make.cdr(seconds=60), make.cdr(dst="6002"))
    assert make_bill([version], JULY, calls).document() == {
        "contract": "zhaotong",
        "cycle": "2025-07",
        "closed": False,
        "recurring": [{"item": "seat", "name": "座机", "quantity": "3", "unit": "24.00", "amount": "72.00"}],
        "once": [{"item": "install", "name": "安装", "due": "2025-07-31", "amount": "100.00"}],
        "calls": [
            {"zone": "internal", "calls": 1, "minutes": 2, "rate": "0", "amount": "0.00"},
            {"zone": "domestic", "calls": 2, "minutes": 3, "rate": "0.06", "amount": "0.18"},
        ],
        "messages": {"parts": 0, "amount": "0.00"},
        "adjustments": [],
        "late_fee": "0.00",
        "payers": [],
        "amount": "172.18",
    }


def test_the_keys_stand_in_their_order(make) -> None:
    """The keys of a bill stand in one order, so that a closed bill reads alike."""
    keys = list(make_bill([make.version()], JULY, []).document())
    assert keys == [
        *("contract", "cycle", "closed", "recurring", "once", "calls"),
        *("messages", "adjustments", "late_fee", "payers", "amount"),
    ]


def test_free_and_unrated_calls_stand_on_no_bill(make) -> None:
    """Unanswered, emergency, free incoming, trial and unrated calls make no line."""
    version = make.version(starts=date(2025, 7, 5))
    calls = rated(
        make,
        version,
        make.cdr(disposition="NO ANSWER"),
        make.cdr(dst="110"),
        make.cdr(src="13900139000", dst="08702120001"),
        make.cdr("2025-07-04 10:00:00"),
        make.cdr(dst="0012025550123"),
    )
    bill = make_bill([version], JULY, calls)
    assert (bill.calls, bill.amount) == ((), Decimal("0.00"))


def test_charged_incoming_calls_have_their_own_line(make) -> None:
    """Incoming calls that cost something stand in a line of their own."""
    version = make.version(calls=make.tariff(incoming="0.03"))
    calls = rated(make, version, make.cdr(src="13900139000", dst="08702120001"))
    assert make_bill([version], JULY, calls).document()["calls"] == [
        {"zone": "incoming", "calls": 1, "minutes": 2, "rate": "0.03", "amount": "0.06"}
    ]


def test_a_rate_that_changed_within_the_month_makes_two_lines(make) -> None:
    """Calls of one zone at two rates stand in two lines."""
    dearer = make.tariff({**make.RATES, Zone.DOMESTIC: Decimal("0.10")})
    versions = (make.version(), make.version(number=2, effective=date(2025, 7, 16), calls=dearer))
    known = make.directory(*versions)
    calls = [rate_call(make.cdr(f"2025-07-{day} 10:00:00"), known) for day in (10, 20)]
    lines = make_bill(versions, JULY, calls).calls
    assert [(line.rate, line.amount) for line in lines] == [
        (Decimal("0.06"), Decimal("0.12")),
        (Decimal("0.10"), Decimal("0.20")),
    ]


@pytest.mark.parametrize(("rounding", "amount"), [("call", "0.18"), ("bill", "0.17")])
def test_the_contract_says_where_amounts_are_rounded(make, rounding, amount) -> None:
    """Three calls at 0.055 cost 0.18 rounded call by call, and 0.17 rounded on the bill."""
    rates = {**make.RATES, Zone.DOMESTIC: Decimal("0.055")}
    version = make.version(calls=make.tariff(rates), rounding=rounding)
    calls = rated(make, version, *[make.cdr(seconds=60)] * 3)
    bill = make_bill([version], JULY, calls)
    assert bill.amount == Decimal(amount)
    assert bill.document()["calls"][0]["rate"] == "0.055"


def test_thirds_of_a_fen_are_summed_exactly(make) -> None:
    """Six hundred units of 1 s at 0.05 cost 0.50 to the fen, although none of them has an exact price."""
    rates = {**make.RATES, Zone.DOMESTIC: Decimal("0.05")}
    version = make.version(calls=make.tariff(rates, increment=1), rounding="bill")
    calls = rated(make, version, *[make.cdr(seconds=1)] * 606)
    assert make_bill([version], JULY, calls).amount == Decimal("0.51")


def test_included_minutes_are_taken_off_and_shown(make) -> None:
    """Of two calls of two minutes, three included minutes leave one to pay."""
    allowance = Allowance(minutes=3, per="seat", zones=(Zone.DOMESTIC,))
    version = make.version(calls=make.tariff(allowance=allowance))
    calls = rated(make, version, make.cdr(), make.cdr(), make.cdr(dst="12345"))
    assert make_bill([version], JULY, calls).document()["calls"] == [
        {"zone": "domestic", "calls": 2, "minutes": 1, "included": 3, "rate": "0.06", "amount": "0.06"},
        {"zone": "service", "calls": 1, "minutes": 2, "rate": "0.06", "amount": "0.12"},
    ]


def test_late_calls_of_a_closed_month_are_adjusted(make) -> None:
    """A call of July that came after July's bill was closed stands on August's bill as an adjustment."""
    version = make.version()
    billed, late = rated(make, version, make.cdr(), make.cdr("2025-07-31 23:59:59"))
    after = LateCalls(cycle=JULY, billed=(billed,), with_late=(billed, late))
    bill = make_bill([version], Cycle(2025, 8), [], late=[after])
    assert bill.document()["adjustments"] == [
        {"cycle": "2025-07", "zone": "domestic", "calls": 1, "minutes": 2, "rate": "0.06", "amount": "0.12"}
    ]
    assert bill.amount == Decimal("0.12")


def test_a_late_call_uses_what_was_left_of_the_allowance(make) -> None:
    """A late call costs only what its month would have cost more, the included minutes used anew."""
    allowance = Allowance(minutes=3, per="seat", zones=(Zone.DOMESTIC,))
    version = make.version(calls=make.tariff(allowance=allowance))
    early, late = rated(make, version, make.cdr(), make.cdr())
    after = LateCalls(cycle=JULY, billed=(early,), with_late=(late, early))
    (adjustment,) = make_bill([version], Cycle(2025, 8), [], late=[after]).adjustments
    assert (adjustment.line.amount, adjustment.line.seconds) == (Decimal("0.06"), 60)


def test_a_bill_is_of_one_contract(make) -> None:
    """Versions of two contracts, or none at all, make no bill."""
    with pytest.raises(ValueError, match="one contract"):
        make_bill([make.version(), make.version(id="other")], JULY, [])
    with pytest.raises(ValueError, match="one contract"):
        make_bill([], JULY, [])


@given(
    seconds=st.lists(st.integers(min_value=0, max_value=4000), max_size=15),
    rate=st.decimals(min_value=0, max_value=1, places=3),
    rounding=st.sampled_from(["call", "bill"]),
    minutes=st.sampled_from([None, 0, 10, 100]),
)
@settings(max_examples=80, deadline=None)
def test_a_bills_total_is_the_sum_of_its_lines(make, seconds, rate, rounding, minutes) -> None:
    """Whatever is on a bill, its printed total is the sum of its printed lines, all in whole fen."""
    zones = (Zone.DOMESTIC,)
    allowance = Allowance(minutes=minutes, per="seat", zones=zones) if minutes is not None else None
    tariff = make.tariff({**make.RATES, Zone.DOMESTIC: rate}, allowance=allowance)
    version = make.version(calls=tariff, rounding=rounding, recurring=[SEAT])
    calls = rated(make, version, *[make.cdr(seconds=lasted) for lasted in seconds])
    document = make_bill([version], JULY, calls).document()
    printed = [Decimal(line["amount"]) for key in ("recurring", "once", "calls") for line in document[key]]
    assert Decimal(document["amount"]) == sum(printed)
    assert all(amount == amount.quantize(Decimal("0.01")) for amount in printed)


@given(seconds=st.lists(st.integers(min_value=0, max_value=4000), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_rounded_by_call_the_line_is_the_sum_of_the_calls(make, seconds) -> None:
    """Rounded call by call, a zone's line is the sum of the prices of its calls."""
    version = make.version(calls=make.tariff({**make.RATES, Zone.DOMESTIC: Decimal("0.055")}))
    calls = rated(make, version, *[make.cdr(seconds=lasted) for lasted in seconds])
    assert make_bill([version], JULY, calls).amount == sum(call.amount for call in calls)
    again = [replace(call) for call in reversed(calls)]
    assert make_bill([version], JULY, again).amount == sum(call.amount for call in calls)
