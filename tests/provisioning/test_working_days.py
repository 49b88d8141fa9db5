"""Working days of mainland China."""

from __future__ import annotations

from datetime import date

import pytest

from provisioning.working_days import is_working_day


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2025, 9, 10), True),
        (date(2025, 9, 13), False),
        (date(2025, 9, 28), True),  # a Sunday, for a day of National Day
        (date(2025, 10, 1), False),
        (date(2025, 10, 8), False),
        (date(2025, 10, 11), True),  # a Saturday
        (date(2026, 2, 14), True),  # a Saturday, for Spring Festival
        (date(2026, 2, 17), False),
        (date(2027, 1, 1), False),  # a year whose list is still to come
        (date(2027, 3, 1), True),
    ],
)
def test_holidays_and_the_weekends_worked_for_them_are_known(day: date, worked: bool) -> None:
    """Weekends, holidays, and the weekend days that are worked for them (调休), next year's holidays too."""
    assert is_working_day(day) is worked
