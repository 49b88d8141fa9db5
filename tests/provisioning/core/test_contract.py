"""The clause on changes: by which day one asks, and on which day it is in force."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.core.contract import Term

DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))


def term(changes_by: int | None) -> Term:
    return Term(first=date(2025, 1, 1), last=date(2025, 12, 31), changes_by=changes_by)


@pytest.mark.parametrize(
    ("asked", "in_force"),
    [
        (date(2025, 9, 1), date(2025, 10, 1)),
        (date(2025, 9, 15), date(2025, 10, 1)),
        (date(2025, 9, 16), date(2025, 11, 1)),
        (date(2025, 11, 30), date(2026, 1, 1)),
        (date(2025, 12, 15), date(2026, 1, 1)),
        (date(2025, 12, 16), date(2026, 2, 1)),
    ],
)
def test_a_change_is_in_force_on_the_first(asked: date, in_force: date) -> None:
    """Asked for by the 15th a change counts from the next 1st, a later one from the 1st after that."""
    assert term(15).change_day(asked) == in_force


def test_without_the_clause_a_change_counts_at_once() -> None:
    """A contract that says nothing of changes has them in force on the day they are asked for."""
    assert term(None).change_day(date(2025, 9, 16)) == date(2025, 9, 16)


@given(DAYS, st.integers(1, 31))
def test_every_change_has_two_weeks_at_least_to_the_day(asked: date, by: int) -> None:
    """The day is a 1st, after the day of asking, at most two months later, and never goes back."""
    day = term(by).change_day(asked)
    assert day.day == 1
    assert asked < day <= asked + timedelta(days=62)
    assert term(by).change_day(asked + timedelta(days=1)) >= day


@pytest.mark.parametrize("by", [0, 32, -1])
def test_a_day_no_month_has_is_no_clause(by: int) -> None:
    """The day of the clause is one that a month has."""
    with pytest.raises(ValueError, match="from 1 to 31"):
        term(by)
