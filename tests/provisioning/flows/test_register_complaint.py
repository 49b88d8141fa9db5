"""Complaints registered: whose they are, what they stop and for how long, when they are too many."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from provisioning.core.cycle import SHANGHAI
from provisioning.core.site import Seat
from provisioning.core.status import Stop
from provisioning.flows.errors import FlowError
from provisioning.flows.register_complaint import Registered, register_complaint
from provisioning.store.ledger import SqlLedger

NOW = datetime(2025, 9, 10, 11, tzinfo=SHANGHAI)  # a Wednesday
ONE = "08702120001"


@pytest.fixture
def book(ledger: SqlLedger, make: SimpleNamespace) -> SqlLedger:
    """A ledger with zhaotong and the hotline of jilin."""
    zhaotong = make.contract(seats=(Seat(long_number=ONE, short_number="6001", second_number="08702120009"),))
    jilin = make.contract(id="jilin", seats=(Seat(long_number="12393"),), area_code="0431")
    both = [(zhaotong, zhaotong.term.first), (jilin, jilin.term.first)]
    ledger.record_versions(both, new_secret=lambda: "x" * 24, at=NOW, who="a test")
    return ledger


def complained(book: SqlLedger, number: str = ONE, **asked: Any) -> Registered:
    given: dict[str, Any] = {"about": "three calls at night", "received": None, "way": "both", "now": NOW}
    return register_complaint(
        number,
        **{**given, **asked},
        is_working_day=lambda day: day.weekday() < 5,
        ledger=book,
        who="clerk",
    )


@pytest.mark.parametrize(
    ("written", "contract", "seat"),
    [
        (ONE, "zhaotong", ONE),
        ("+86 870 212-0001", "zhaotong", ONE),
        ("008608702120001", "zhaotong", ONE),
        ("08702120009", "zhaotong", ONE),
        ("12393", "jilin", "12393"),
    ],
)
def test_a_complaint_is_about_a_seat_however_the_number_is_written(
    book: SqlLedger, written: str, contract: str, seat: str
) -> None:
    """A number is found in any form people write it, also where it is a seat's second one."""
    made = complained(book, written).complaint
    assert (made.contract, made.number) == (contract, seat)
    assert book.complaints(contract) == (made,)


@pytest.mark.parametrize("written", ["6001", "08702120002", "no number", ""])
def test_a_complaint_about_nobodys_number_is_refused(book: SqlLedger, written: str) -> None:
    """A number that no contract in force shows cannot be complained of here."""
    with pytest.raises(FlowError, match="no contract in force"):
        complained(book, written)
    assert book.complaints() == ()


def test_a_main_number_calls_nobody(book: SqlLedger, make: SimpleNamespace) -> None:
    """Calls show the number of their seat: who complains of the main number is asked which seat it was."""
    seats = (Seat(long_number="04772120001"),)
    made = make.contract(id="ordos", area_code="0477", seats=seats, main_number="04772120000")
    book.record_versions([(made, made.term.first)], new_secret=lambda: "x" * 24, at=NOW, who="a test")
    with pytest.raises(FlowError, match=r"main number of ordos.*name the number of the seat"):
        complained(book, "0477 212 0000")


def test_a_complaint_about_a_number_that_left_stops_nothing(book: SqlLedger, make: SimpleNamespace) -> None:
    """A complaint about what was the contract's number that day, and is no more, is registered only."""
    made = make.contract(seats=(Seat(long_number="08702120051"),))
    book.record_versions([(made, NOW.date())], new_secret=lambda: "x" * 24, at=NOW, who="a test")
    done = complained(book, received=NOW - timedelta(days=1))
    assert (done.complaint.number, done.stop, book.stops()) == (ONE, None, ())


def test_a_complaint_stops_the_service_for_three_working_days(book: SqlLedger) -> None:
    """Complained of on a Wednesday the number is stopped at once and back on the Tuesday after."""
    until = datetime(2025, 9, 16, tzinfo=SHANGHAI)
    made = complained(book)
    assert made.stop == Stop(
        contract="zhaotong", seat=ONE, way="both", since=NOW, until=until, why="complaint"
    )
    assert book.stops() == (made.stop,)


def test_another_complaint_keeps_it_stopped_for_longer(book: SqlLedger) -> None:
    """A complaint two days later puts the end off: three working days from it on."""
    complained(book)
    later = complained(book, now=NOW + timedelta(days=2)).stop
    assert later is not None
    assert later.until == datetime(2025, 9, 18, tzinfo=SHANGHAI)
    assert [stop.in_force(datetime(2025, 9, 17, tzinfo=SHANGHAI)) for stop in book.stops()] == [False, True]


def test_a_complaint_that_is_told_late_stops_only_what_is_left(book: SqlLedger) -> None:
    """The three days are counted from when it was received; over, they stop nothing. No tomorrow's either."""
    week = complained(book, received=NOW - timedelta(days=7))
    assert (week.stop, len(book.complaints())) == (None, 1)
    yesterday = complained(book, received=NOW - timedelta(days=1)).stop
    assert yesterday is not None
    assert (yesterday.since, yesterday.until) == (NOW, datetime(2025, 9, 13, tzinfo=SHANGHAI))
    with pytest.raises(FlowError, match="when it has been received"):
        complained(book, received=NOW + timedelta(minutes=1))


def test_a_complaint_may_stop_one_way_or_nothing(book: SqlLedger) -> None:
    """Where outgoing calls alone are to stop, or nothing, a clerk says so."""
    one_way = complained(book, way="out").stop
    assert one_way is not None
    assert one_way.way == "out"
    assert complained(book, way=None).stop is None


def test_the_eleventh_complaint_of_a_month_raises_an_alarm(book: SqlLedger) -> None:
    """Ten in a month are counted, the eleventh is an alarm, told and noted; contracts count apart."""
    complained(book, "12393")
    made = [complained(book) for _ in range(11)]
    assert [one.in_month for one in made] == list(range(1, 12))
    assert [one.alarm is not None for one in made] == [False] * 10 + [True]
    assert made[-1].alarm is not None
    assert "11 complaints in 2025-09" in made[-1].alarm
    assert book.audited_since("complaints-alarm", datetime(2025, 1, 1, tzinfo=UTC)) == 1
    assert complained(book, now=datetime(2025, 10, 9, tzinfo=SHANGHAI)).in_month == 1


def test_the_contract_of_the_day_answers(book: SqlLedger) -> None:
    """A complaint about a call before the contract's term is not this customer's."""
    with pytest.raises(FlowError, match="on 2025-06-30"):
        complained(book, received=datetime(2025, 6, 30, tzinfo=SHANGHAI))
    assert date(2025, 6, 30) < book.versions("zhaotong")[0].effective
