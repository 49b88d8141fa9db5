"""Stops, complaints and closed numbers as values: when what is in force, and which days are free."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.core.cycle import SHANGHAI, Cycle
from provisioning.core.status import (
    ClosedNumber,
    Complaint,
    Stop,
    Stopped,
    after_complaint,
    alarms,
    joined,
    midnight,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def stop(since: str, until: str | None = None, *, seat: str | None = None, way: str = "both") -> Stop:
    return Stop(contract="c", seat=seat, way=way, since=at(since), until=until and at(until))


@pytest.mark.parametrize(
    "wrong",
    [
        {"way": "in"},
        {"since": datetime(2025, 7, 1)},  # noqa: DTZ001 - that is what is wrong
        {"until": datetime(2025, 7, 1, tzinfo=SHANGHAI)},
    ],
)
def test_a_stop_that_cannot_be_is_not_made(wrong) -> None:
    """A stop has a known way, moments of a known zone, and ends after it begins."""
    right = {"contract": "c", "seat": None, "way": "both", "since": at("2025-07-01")}
    assert Stop(**right)
    with pytest.raises(ValueError):
        Stop(**{**right, **wrong})


def test_a_complaint_has_a_moment_of_a_known_zone() -> None:
    """Nobody could say in which month a complaint of an unknown zone was received."""
    with pytest.raises(ValueError):
        Complaint(contract="c", number="1", received=datetime(2025, 7, 1))  # noqa: DTZ001


def test_a_stop_is_in_force_from_its_first_moment_to_before_its_last() -> None:
    """At the moment of resumption a stop is over."""
    one = stop("2025-07-10 08:00", "2025-07-12 09:00")
    moments = ("2025-07-10 07:59", "2025-07-10 08:00", "2025-07-12 08:59", "2025-07-12 09:00")
    assert [one.in_force(at(moment)) for moment in moments] == [False, True, True, False]
    assert [one.over(at(moment)) for moment in moments] == [False, False, False, True]


def test_neither_the_day_of_suspension_nor_that_of_resumption_is_free() -> None:
    """Of a stop from the 10th to the 13th the 11th and the 12th are whole days without service."""
    stopped = Stopped.of([stop("2025-07-10", "2025-07-13 23:59")], None)
    assert [day for day in range(1, 32) if stopped.day(date(2025, 7, day))] == [11, 12]


def test_stops_one_after_the_other_are_one() -> None:
    """Where one stop begins as another ends there was no service between: the day is free."""
    stops = [stop("2025-07-01", "2025-07-10 12:00"), stop("2025-07-10 12:00", "2025-08-20")]
    stopped = Stopped.of(stops, None)
    assert stopped.day(date(2025, 7, 10))
    assert stopped.throughout(date(2025, 7, 1), date(2025, 7, 31))
    apart = Stopped.of([stops[0], stop("2025-07-10 13:00", "2025-08-20")], None)
    assert not apart.day(date(2025, 7, 10))


def test_a_seat_is_stopped_by_its_own_stops_and_its_contracts() -> None:
    """The contract's stop is every seat's, a seat's own nobody else's, a one-way stop leaves a service."""
    stops = [stop("2025-07-01", seat="1"), stop("2025-08-01"), stop("2025-06-01", seat="2", way="out")]
    first, second, third = (Stopped.of(stops, seat) for seat in ("1", "2", None))
    assert [one.day(date(2025, 7, 15)) for one in (first, second, third)] == [True, False, False]
    assert [one.day(date(2025, 8, 15)) for one in (first, second, third)] == [True, True, True]


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(1, 20), st.booleans()).map(
            lambda n: (midnight(date(2025, 1, 1)) + timedelta(hours=n[0]), n[1], n[2])
        )
    )
)
def test_joined_spells_cover_the_same_hours(drawn) -> None:
    """Spells joined never touch, and a moment is in one of them just when it was in one before."""
    spells = [(since, None if ever else since + timedelta(hours=length)) for since, length, ever in drawn]
    made = list(joined(spells))
    for hour in range(80):
        moment = midnight(date(2025, 1, 1)) + timedelta(hours=hour)
        held = [
            any(since <= moment and (until is None or moment < until) for since, until in some)
            for some in (spells, made)
        ]
        assert held[0] == held[1]
    assert all(one[1] is not None and one[1] < other[0] for one, other in pairwise(made))


def on_weekdays(day: date) -> bool:
    return day.weekday() < 5


@pytest.mark.parametrize(
    ("received", "back"),
    [
        ("2026-11-16 09:00", "2026-11-20"),  # Monday: Tuesday, Wednesday, Thursday
        ("2026-11-20 23:59", "2026-11-26"),  # Friday: Monday, Tuesday, Wednesday
        ("2026-11-21 00:00", "2026-11-26"),  # Saturday
        ("2026-11-24 12:00", "2026-11-28"),  # Tuesday: back on a Saturday
    ],
)
def test_the_service_is_back_after_three_whole_working_days(received, back) -> None:
    """The day of the complaint does not count; the day after the third working day begins with service."""
    assert after_complaint(at(received), on_weekdays) == at(back)


def test_the_eleventh_complaint_of_a_month_is_an_alarm() -> None:
    """Ten complaints in a month are borne; months and contracts are counted apart, by Shanghai's clocks."""
    july = [Complaint(contract="c", number=str(n), received=at("2025-07-31 23:59")) for n in range(10)]
    august = Complaint(contract="c", number="1", received=at("2025-08-01"))
    other = Complaint(contract="d", number="1", received=at("2025-07-01"))
    assert alarms([*july, august, other]) == {}
    again = Complaint(contract="c", number="1", received=at("2025-07-01"))
    assert alarms([*july, august, other, again]) == {("c", Cycle(2025, 7)): 11}


def test_a_closed_number_rests_ninety_days() -> None:
    """A number closed on 1 July is free again on 29 September."""
    assert ClosedNumber.of("c", "1", date(2025, 7, 1)).free == date(2025, 9, 29)
