"""Suspending and resuming, as a clerk asks for it, in real ledgers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from provisioning.core.cycle import SHANGHAI, Cycle
from provisioning.core.site import Seat
from provisioning.core.status import Stop, midnight
from provisioning.flows.change_contract import propose_change, record_change
from provisioning.flows.errors import FlowError
from provisioning.flows.make_bill import bill_of_cycle
from provisioning.flows.suspend_service import Restored, Suspended, resume, suspend
from provisioning.store.ledger import SqlLedger

NOW = datetime(2025, 9, 10, 3, tzinfo=UTC)
ONE, TWO = "08702120001", "08702120002"


@pytest.fixture
def book(ledger: SqlLedger, make: SimpleNamespace) -> SqlLedger:
    """A ledger with the contract zhaotong, from July to December."""
    seats = (
        Seat(long_number=ONE, short_number="6001", second_number="08702120009"),
        Seat(long_number=TWO, short_number="6002"),
    )
    made = make.contract(seats=seats)
    ledger.record_versions([(made, made.term.first)], new_secret=lambda: "x" * 24, at=NOW, who="a test")
    return ledger


def stopped(book: SqlLedger, **asked: Any) -> Suspended:
    given: dict[str, Any] = {"seat": "6001", "way": "both", "why": "customer", "on": None}
    contract = asked.pop("contract", "zhaotong")
    return suspend(contract, **{**given, **asked}, ledger=book, now=NOW, who="clerk")


def resumed(book: SqlLedger, *, seat: str | None = "6001", on: datetime | None = None) -> Restored:
    return resume("zhaotong", seat=seat, on=on, ledger=book, now=NOW, who="clerk")


@pytest.mark.parametrize("name", [ONE, "6001", "08702120009", " 6001 "])
def test_a_seat_is_stopped_from_now_on(book: SqlLedger, name: str) -> None:
    """A seat is found by its long, its short and its second number, and stopped at once."""
    done = stopped(book, seat=name)
    assert done.stop == Stop(contract="zhaotong", seat=ONE, way="both", since=NOW)
    assert (done.former, done.notes, book.stops()) == (False, (), (done.stop,))


def test_a_contract_is_stopped_on_a_date(book: SqlLedger) -> None:
    """Without a seat the whole contract is stopped, from the beginning of a day in Shanghai."""
    day = midnight(date(2025, 10, 1))
    done = stopped(book, seat=None, on=day, way="out", why="arrears")
    assert done.stop == Stop(contract="zhaotong", seat=None, way="out", since=day, why="arrears")


def test_what_is_stopped_so_already_is_not_stopped_again(book: SqlLedger) -> None:
    """The same stop twice is one; a wider one, or one for another reason, is another."""
    first = stopped(book, way="out").stop
    assert stopped(book, way="out") == Suspended(stop=first, former=True)
    assert not stopped(book, way="both").former
    assert stopped(book, way="out").former
    assert not stopped(book, why="retention").former
    assert len(book.stops()) == 3


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"contract": "other"}, "there is no contract other"),
        ({"seat": "6999"}, "no seat '6999' on 2025-09-10"),
        ({"on": midnight(date(2026, 1, 1))}, "not in force on 2026-01-01: its term runs from 2025-07-01"),
        ({"on": midnight(date(2025, 6, 30))}, "not in force on 2025-06-30"),
    ],
)
def test_what_there_is_not_cannot_be_stopped(book: SqlLedger, asked: dict[str, Any], said: str) -> None:
    """An unknown contract or seat, and a day outside the term, are one clear message each."""
    with pytest.raises(FlowError, match=said):
        stopped(book, **asked)
    assert book.stops() == ()


def test_a_day_that_is_over_counts_for_bills_unless_they_are_closed(book: SqlLedger) -> None:
    """A stop may be recorded late, and says so; not into a month whose bill is closed."""
    assert "a day that is over" in stopped(book, on=midnight(date(2025, 8, 20))).notes[0]
    bill_of_cycle(book, "zhaotong", Cycle(2025, 7), close=True, now=NOW, who="clerk")
    with pytest.raises(FlowError, match=r"bill of 2025-07 is closed.*from 2025-08-01 on"):
        stopped(book, seat=TWO, on=midnight(date(2025, 7, 20)))
    with pytest.raises(FlowError, match="bill of 2025-07 is closed"):
        resumed(book, on=midnight(date(2025, 7, 25)))


def test_a_resumption_says_what_it_did(book: SqlLedger) -> None:
    """What stopped the seat ends now; nothing more is there to be ended."""
    stop = stopped(book, on=NOW - timedelta(hours=2)).stop
    assert resumed(book).resumed.ended == (stop,)
    again = resumed(book)
    assert (again.resumed.ended, again.resumed.taken_back, again.notes) == ((), (), ())


def test_a_resumption_on_a_date_lets_the_stop_go_on_till_then(book: SqlLedger) -> None:
    """A stop that is resumed on a day to come is over with the beginning of that day."""
    stopped(book)
    day = datetime(2025, 10, 8, tzinfo=SHANGHAI)
    resumed(book, on=day)
    assert [stop.until for stop in book.stops()] == [day]


def test_what_still_stops_a_seat_is_told(book: SqlLedger) -> None:
    """A seat's resumption names the contract's stop, the contract's those of seats, and ended complaints."""
    earlier = NOW - timedelta(hours=1)
    stopped(book, on=earlier)
    stopped(book, seat=None, on=earlier)
    stopped(book, seat=TWO, on=earlier, why="complaint")
    assert resumed(book).notes == ("the whole contract is stopped still: resume it without --seat",)
    (note,) = resumed(book, seat=None).notes
    assert TWO in note
    (note,) = resumed(book, seat=TWO).notes
    assert "a complaint had stopped it" in note


def test_what_is_closed_is_not_resumed(book: SqlLedger) -> None:
    """A closed seat stays closed, as does every seat of a closed contract."""
    until = midnight(date(2025, 12, 9))
    book.stop(
        Stop(contract="zhaotong", seat=ONE, way="both", since=NOW, until=until, why="closed"), at=NOW, who="x"
    )
    with pytest.raises(FlowError, match=r"was closed on 2025-09-10.*free again from 2025-12-09"):
        resumed(book)
    assert resumed(book, seat=TWO).notes == ()


def test_the_bill_of_a_ledger_leaves_stopped_months_out(book: SqlLedger) -> None:
    """A bill is made with the stops of the ledger: a contract stopped through August has an empty one."""
    stopped(book, seat=None, on=midnight(date(2025, 7, 20)))
    made = bill_of_cycle(book, "zhaotong", Cycle(2025, 8), close=False, now=NOW, who="clerk")
    assert made.document["recurring"] == []


def changed(book: SqlLedger, rows: str, on: date) -> None:
    """The contract's number changes, as a form says them, from that day on."""
    proposal = propose_change(
        "zhaotong", "form.csv", read=lambda path, limit: rows.encode(), ledger=book, today=on, effective=on
    )
    record_change(proposal, ledger=book, now=NOW, who="clerk", new_secret=lambda: "y" * 24)


def test_a_stopped_seat_stays_stopped_under_another_number(book: SqlLedger) -> None:
    """A number change takes the stops of the seat along: those under way go on under the new number."""
    since = stopped(book).stop.since
    later = stopped(book, seat="6002", on=midnight(date(2025, 11, 1))).stop.since
    day = midnight(date(2025, 10, 1))
    changed(book, f"原号码,新号码\n{ONE},08702120051\n{TWO},08702120052\n", day.date())
    found = [(stop.seat, stop.since, stop.until) for stop in book.stops()]
    assert found == [(ONE, since, day), ("08702120051", day, None), ("08702120052", later, None)]


def test_seats_that_swap_numbers_swap_their_stops(book: SqlLedger) -> None:
    """Of two seats that swap numbers the stopped one stays the stopped one, and can be resumed."""
    stopped(book, seat=ONE)
    day = midnight(date(2025, 10, 1))
    changed(book, f"原号码,新号码\n{ONE},{TWO}\n{TWO},{ONE}\n", day.date())
    assert [(stop.seat, stop.until) for stop in book.stops()] == [(ONE, day), (TWO, None)]
    assert [stop.seat for stop in resumed(book, seat=TWO, on=midnight(date(2025, 10, 2))).resumed.ended] == [
        TWO
    ]


def test_the_stop_of_a_seat_that_left_can_be_ended(book: SqlLedger) -> None:
    """A seat that a change took out of the contract can be resumed by its number: it may come back."""
    stopped(book)
    changed(book, f"操作,长号\n删除,{ONE}\n", NOW.date())
    assert [stop.seat for stop in resumed(book, seat=ONE, on=NOW + timedelta(hours=1)).resumed.ended] == [ONE]


def test_a_seat_to_be_closed_is_resumed_until_then(book: SqlLedger) -> None:
    """What is closed on a day to come is a service until then, and whoever resumes it is told of the day."""
    stopped(book)
    end = {"since": midnight(date(2025, 11, 1)), "until": midnight(date(2026, 1, 30)), "why": "closed"}
    book.stop(Stop(contract="zhaotong", seat=ONE, way="both", **end), at=NOW, who="clerk")
    done = resumed(book, on=NOW + timedelta(hours=1))
    assert [stop.why for stop in done.resumed.ended] == ["customer"]
    assert done.notes == (f"seat {ONE} of zhaotong is closed from 2025-11-01 on",)
