"""What is charged of months and days in which a service was stopped."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.charging.bill import make_bill
from provisioning.charging.recurring import recurring_lines
from provisioning.core.contract import Prorate, Recurring
from provisioning.core.cycle import SHANGHAI, Cycle
from provisioning.core.status import Stop, midnight

MONTHS = [Cycle(2025, month) for month in (7, 8, 9, 10)]


def item(name, *, quantity="1", total="31.00", unit=None, prorate=Prorate.MONTH):
    return Recurring(
        item=name,
        name=name,
        quantity=None if quantity is None else Decimal(quantity),
        total=None if unit else Decimal(total),
        unit=Decimal(unit) if unit else None,
        prorate=prorate,
    )


def by_seat(name="seat", unit="31.00", prorate=Prorate.MONTH):
    return item(name, quantity=None, unit=unit, prorate=prorate)


def stop(since, until=None, *, seat=None, way="both", why="customer"):
    return Stop(
        contract="zhaotong",
        seat=seat,
        way=way,
        since=datetime.fromisoformat(since).replace(tzinfo=SHANGHAI),
        until=until and datetime.fromisoformat(until).replace(tzinfo=SHANGHAI),
        why=why,
    )


def amounts(make, fees, stops):
    """What each item costs in July to October, None where it is not on the bill."""
    version = make.version(recurring=fees)
    lines = [{line.item: line for line in recurring_lines([version], month, stops)} for month in MONTHS]
    return {fee.item: [str(of[fee.item].amount) if fee.item in of else None for of in lines] for fee in fees}


def test_months_stopped_throughout_are_free_those_of_stop_and_return_are_not(make) -> None:
    """Stopped from 10 July to 5 October, by the month: August and September are free (zhaotong, ordos)."""
    found = amounts(make, [item("line")], [stop("2025-07-10", "2025-10-05")])
    assert found == {"line": ["31.00", None, None, "31.00"]}


def test_by_the_day_whole_days_are_free_those_of_stop_and_return_are_not(make) -> None:
    """Stopped from 10 July to 5 October, by the day: 10 July and 5 October are charged (zhaotong)."""
    days = item("line", total="310.00", prorate=Prorate.DAY)
    found = amounts(make, [days], [stop("2025-07-10", "2025-10-05")])
    assert found == {"line": ["100.00", None, None, "270.00"]}


def test_a_month_stopped_from_its_first_moment_to_its_last_is_free(make) -> None:
    """From 1 August on and until 1 September: August is wholly stopped; a minute of service is a month."""
    whole, short = stop("2025-08-01", "2025-09-01"), stop("2025-08-01 00:01", "2025-09-01")
    assert amounts(make, [item("line")], [whole])["line"] == ["31.00", None, "31.00", "31.00"]
    assert amounts(make, [item("line")], [short])["line"] == ["31.00"] * 4


def test_a_stopped_seat_costs_nothing_the_others_do(make) -> None:
    """Of three seats at 31.00 two are charged in a month that the third is stopped throughout."""
    stops = [stop("2025-07-10", "2025-09-10", seat=make.SEATS[0].long_number)]
    found = amounts(make, [by_seat(), item("line")], stops)
    assert found == {"seat": ["93.00", "62.00", "93.00", "93.00"], "line": ["31.00"] * 4}


def test_by_the_day_a_stopped_seat_costs_its_days(make) -> None:
    """By the day a seat that is stopped from 10 to 20 July lacks the nine whole days between."""
    stops = [stop("2025-07-10 12:00", "2025-07-20 12:00", seat=make.SEATS[0].long_number)]
    found = amounts(make, [by_seat(prorate=Prorate.DAY)], stops)
    assert found["seat"][0] == "84.00"
    assert amounts(make, [by_seat(prorate=Prorate.DAY)], [stop("2025-06-01")])["seat"] == [None] * 4


def test_a_contracts_stop_is_every_seats(make) -> None:
    """Where the contract is stopped throughout a month no seat is charged for it."""
    found = amounts(make, [by_seat()], [stop("2025-07-10", "2025-09-10")])
    assert found == {"seat": ["93.00", None, "93.00", "93.00"]}


def test_a_one_way_stop_is_charged(make) -> None:
    """Who can still be called has a service, and pays for it."""
    found = amounts(make, [item("line"), by_seat()], [stop("2025-07-01", way="out")])
    assert found == {"line": ["31.00"] * 4, "seat": ["93.00"] * 4}


@pytest.mark.parametrize("prorate", [Prorate.YEAR, Prorate.ONCE])
def test_what_is_charged_by_the_year_or_once_is_charged_all_the_same(make, prorate) -> None:
    """A stop gives nothing of a yearly fee back."""
    found = amounts(make, [item("line", prorate=prorate)], [stop("2025-06-01")])
    assert found == {"line": ["31.00", None, None, None]}


def test_keeping_a_number_costs_its_fee_in_the_months_it_is_kept(make) -> None:
    """The retention fee stands on the bill for just the seats and months that retention makes free."""
    fees = [by_seat(), by_seat("retention", unit="5.00")]
    one, two, _ = (seat.long_number for seat in make.SEATS)
    stops = [
        stop("2025-07-10", "2025-09-10", seat=one, why="retention"),
        stop("2025-07-10", "2025-09-10", seat=two, why="arrears"),
    ]
    found = amounts(make, fees, stops)
    assert found == {
        "seat": ["93.00", "31.00", "93.00", "93.00"],
        "retention": [None, "5.00", None, None],
    }
    assert amounts(make, fees, [])["retention"] == [None] * 4
    whole = amounts(make, fees, [stop("2025-07-10", "2025-09-10", why="retention")])
    assert whole["retention"] == [None, "15.00", None, None]


def test_a_contracts_retention_may_have_one_fee(make) -> None:
    """A retention fee that is no seat's is charged where the whole contract is kept, by days if so agreed."""
    fees = [item("retention", total="30.00"), item("line")]
    stops = [stop("2025-07-31", "2025-09-02", why="retention")]
    assert amounts(make, fees, stops)["retention"] == [None, "30.00", None, None]
    by_day = [item("retention", total="31.00", prorate=Prorate.DAY)]
    assert amounts(make, by_day, stops)["retention"] == [None, "31.00", "1.03", None]


def test_the_bill_knows_of_stops(make) -> None:
    """A bill made with a contract's stops charges what they leave."""
    version = make.version(recurring=[item("line")])
    whole = make_bill([version], MONTHS[1], [])
    stopped = make_bill([version], MONTHS[1], [], stops=[stop("2025-07-10")])
    assert (str(whole.amount), str(stopped.amount)) == ("31.00", "0.00")
    assert stopped.document()["recurring"] == []


@given(
    first=st.integers(1, 31),
    length=st.integers(0, 40),
    seat=st.sampled_from([None, "08702120001"]),
    prorate=st.sampled_from([Prorate.MONTH, Prorate.DAY]),
)
def test_service_and_retention_add_up_to_the_month(make, first, length, seat, prorate) -> None:
    """At one price, what is charged for service and for keeping the number is what a month costs."""
    fees = [by_seat(prorate=prorate), by_seat("retention", prorate=prorate)]
    since = midnight(date(2025, 7, first))
    days = date.fromordinal(date(2025, 7, first).toordinal() + length + 1)
    made = Stop(
        contract="zhaotong", seat=seat, way="both", since=since, until=midnight(days), why="retention"
    )
    lines = recurring_lines([make.version(recurring=fees)], MONTHS[0], [made])
    assert sum(line.amount for line in lines) == Decimal("93.00")
