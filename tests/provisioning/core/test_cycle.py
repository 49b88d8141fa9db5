"""A billing cycle is a calendar month in Shanghai."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from provisioning.core.cycle import Cycle, shanghai_day, shanghai_time


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


def test_the_last_second_of_july_in_shanghai_is_july() -> None:
    """23:59:59 on 31 July in Shanghai is still July, though it is 15:59:59 GMT."""
    last = instant("2025-07-31T23:59:59+08:00")
    assert Cycle.of(shanghai_day(last)) == Cycle(2025, 7)
    assert Cycle.of(shanghai_day(last + 1_000_000)) == Cycle(2025, 8)


def test_microseconds_are_kept() -> None:
    """The wall time of an instant keeps its microseconds."""
    assert shanghai_time(1).astimezone(UTC) == datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "first", "last"), [("2025-07", 1, 31), ("2024-02", 1, 29), ("2025-02", 1, 28)]
)
def test_a_cycle_is_written_by_year_and_month(text: str, first: int, last: int) -> None:
    """2025-07 is read, known by its days, and written back."""
    cycle = Cycle.parse(text)
    assert (cycle.first.day, cycle.last.day) == (first, last)
    assert str(cycle) == text


@pytest.mark.parametrize(
    "text", ["2025-7", "2025", "2025-13", "2025-00", "25-07", "2025-07-01", "２０２５-07"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    """Anything but YYYY-MM is no cycle."""
    with pytest.raises(ValueError, match=r"month|cycle"):
        Cycle.parse(text)


def test_december_is_followed_by_january() -> None:
    """The cycle after December is next year's January."""
    assert Cycle(2025, 12).next() == Cycle(2026, 1)
    assert Cycle(2025, 1).next() == Cycle(2025, 2)
    assert Cycle.of(date(2025, 12, 31)) < Cycle.of(date(2026, 1, 1))


def test_a_cycle_ends_at_midnight_in_shanghai() -> None:
    """July 2025 is over at 16:00 GMT on its last day; the last cycle there is has an end too."""
    end = Cycle(2025, 7).end
    assert (shanghai_day(end - 1), shanghai_day(end)) == (date(2025, 7, 31), date(2025, 8, 1))
    assert end == 1_753_977_600_000_000
    assert Cycle(9998, 12).end > end
