"""Which days are working days in mainland China, holidays moved to weekends included (工作日, 调休).

The library `holidays` knows the State Council's lists, working Saturdays and all, and computes the holidays
of a year whose list is still to come (one comes each November): a day may be moved then, and none is missing.
chinesecalendar says the same of the years it has, and knows nothing of the next.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it takes a while to load: only whoever registers a complaint waits for it
    from holidays import HolidayBase


def is_working_day(day: date) -> bool:
    """Whether people in mainland China work on that day."""
    return bool(_calendar().is_working_day(day))


@cache
def _calendar() -> HolidayBase:
    from holidays import country_holidays

    return country_holidays("CN")
