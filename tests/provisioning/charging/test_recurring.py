"""Recurring fees of a cycle."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.charging.recurring import recurring_lines
from provisioning.core.contract import Prorate, Recurring
from provisioning.core.cycle import Cycle

JULY = Cycle(2025, 7)


def total(item, amount, quantity="1", prorate=Prorate.MONTH):
    return Recurring(item=item, name=item, quantity=Decimal(quantity), total=Decimal(amount), prorate=prorate)


def by_seat(unit="24.00", prorate=Prorate.MONTH):
    return Recurring(item="seat", name="座机", quantity=None, unit=Decimal(unit), prorate=prorate)


def test_seats_are_charged_by_those_in_service(make) -> None:
    """Three seats at 24.00 cost 72.00."""
    (line,) = recurring_lines([make.version(recurring=[by_seat()])], JULY)
    assert (line.quantity, line.unit, line.amount) == (3, Decimal("24.00"), Decimal("72.00"))
    assert line.days is None


def test_a_seat_closed_or_opened_within_the_month_is_charged_in_full(make) -> None:
    """The seats of a month are all that were in service on any day of it."""
    more = (*make.SEATS[1:], make.seat("08702120004"), make.seat("08702120005"))
    versions = [
        make.version(recurring=[by_seat()]),
        make.version(number=2, effective=date(2025, 7, 20), recurring=[by_seat()], seats=more),
    ]
    assert recurring_lines(versions, JULY)[0].quantity == 5
    assert recurring_lines(versions, Cycle(2025, 8))[0].quantity == 4


def test_a_total_is_charged_as_it_stands(make) -> None:
    """Three lines for 4860.00 together are 1620.00 each; what does not divide evenly has no unit price."""
    lines = recurring_lines(
        [make.version(recurring=[total("even", "4860.00", "3"), total("odd", "100.00", "3")])], JULY
    )
    assert [(line.unit, line.amount) for line in lines] == [
        (Decimal("1620.00"), Decimal("4860.00")),
        (None, Decimal("100.00")),
    ]


@pytest.mark.parametrize(
    ("cycle", "amount"),
    [("2025-06", None), ("2025-07", "31.00"), ("2025-08", "31.00"), ("2025-09", None)],
)
def test_a_month_with_a_day_of_service_is_charged_in_full(make, cycle, amount) -> None:
    """A term from 31 July to 1 August costs both months in full, the months around nothing."""
    version = make.version(first=date(2025, 7, 31), last=date(2025, 8, 1), recurring=[total("line", "31.00")])
    lines = recurring_lines([version], Cycle.parse(cycle))
    assert [line.amount for line in lines] == ([Decimal(amount)] if amount else [])


def test_nothing_is_charged_before_charging_starts(make) -> None:
    """A month before billing.starts costs nothing, the month of it all."""
    version = make.version(starts=date(2025, 8, 15), recurring=[total("line", "31.00")])
    assert recurring_lines([version], JULY) == ()
    assert len(recurring_lines([version], Cycle(2025, 8))) == 1


def test_by_the_day_each_day_of_service_counts(make) -> None:
    """A fee of 31.00 in a month of 31 days is 1.00 a day, first and last day included."""
    line_by_day = total("line", "31.00", prorate=Prorate.DAY)
    version = make.version(first=date(2025, 7, 22), last=date(2025, 8, 3), recurring=[line_by_day])
    (july,) = recurring_lines([version], JULY)
    (august,) = recurring_lines([version], Cycle(2025, 8))
    assert (july.amount, july.days) == (Decimal("10.00"), 10)
    assert (august.amount, august.days) == (Decimal("3.00"), 3)


def test_by_the_day_each_seat_counts_its_own_days(make) -> None:
    """Three seats for 20 days and one for 11, at 31.00 a month, cost 71.00."""
    versions = [
        make.version(recurring=[by_seat("31.00", Prorate.DAY)]),
        make.version(
            number=2,
            effective=date(2025, 7, 21),
            recurring=[by_seat("31.00", Prorate.DAY)],
            seats=make.SEATS[:1],
        ),
    ]
    (line,) = recurring_lines(versions, JULY)
    assert (line.amount, line.quantity, line.days) == (Decimal("71.00"), 3, 31)


def test_by_the_year_a_period_is_charged_when_it_starts(make) -> None:
    """A yearly fee stands in the month of the start and of each anniversary within the term."""
    fee = total("line", "1200.00", prorate=Prorate.YEAR)
    version = make.version(first=date(2024, 2, 29), last=date(2026, 2, 27), recurring=[fee])
    charged = [
        str(cycle)
        for cycle in (Cycle(year, month) for year in (2024, 2025, 2026) for month in range(1, 13))
        if recurring_lines([version], cycle)
    ]
    assert charged == ["2024-02", "2025-02"]


def test_once_is_charged_a_single_time(make) -> None:
    """A fee charged once stands in the first month of service, and not again with a new version."""
    fee = total("install", "500.00", prorate=Prorate.ONCE)
    versions = [
        make.version(recurring=[fee]),
        make.version(number=2, effective=date(2025, 9, 1), recurring=[fee, total("more", "1.00")]),
    ]
    months = [Cycle(2025, month) for month in range(7, 13)]
    assert [[line.item for line in recurring_lines(versions, month)] for month in months] == [
        ["install"],
        [],
        ["more"],
        ["more"],
        ["more"],
        ["more"],
    ]


def test_an_item_newly_agreed_is_charged_from_its_version_on(make) -> None:
    """An item dropped on 10 July and one new on it are both charged in full for July; then one of them."""
    versions = [
        make.version(recurring=[total("old", "10.00")]),
        make.version(number=2, effective=date(2025, 7, 10), recurring=[total("new", "20.00")]),
    ]
    assert [line.item for line in recurring_lines(versions, JULY)] == ["old", "new"]
    assert [line.item for line in recurring_lines(versions, Cycle(2025, 8))] == ["new"]


def test_a_fee_is_rounded_to_the_fen(make) -> None:
    """Three seats at 0.335 cost 1.01: the product is rounded, half up, once."""
    (line,) = recurring_lines([make.version(recurring=[by_seat("0.335")])], JULY)
    assert str(line.amount) == "1.01"


@pytest.mark.parametrize("prorate", [Prorate.YEAR, Prorate.ONCE])
def test_a_version_that_was_never_in_force_starts_nothing(make, prorate) -> None:
    """A fee's first day is that of the version that really brought it, not of one whose term was over."""
    fee = [total("line", "1200.00", prorate=prorate)]
    before = make.version(last=date(2025, 7, 31), recurring=[])
    too_late = make.version(number=2, effective=date(2025, 8, 10), last=date(2025, 7, 31), recurring=fee)
    renewed = make.version(number=3, effective=date(2025, 9, 20), recurring=fee)
    months = [Cycle(2025, month) for month in range(7, 13)]
    charged = [str(month) for month in months if recurring_lines([before, too_late, renewed], month)]
    assert charged == ["2025-09"]


@given(fee=st.decimals(min_value=0, max_value=9999, places=2), cut=st.integers(min_value=1, max_value=30))
@settings(max_examples=50)
def test_by_the_day_two_halves_make_a_month(make, fee, cut) -> None:
    """A month cut in two by a term's end costs, within a fen, what the whole month costs."""
    item = [total("line", str(fee), prorate=Prorate.DAY)]
    before = make.version(last=date(2025, 7, cut), recurring=item)
    after = make.version(first=date(2025, 7, cut + 1), recurring=item)
    halves = sum(recurring_lines([version], JULY)[0].amount for version in (before, after))
    assert abs(halves - fee) <= Decimal("0.01")
