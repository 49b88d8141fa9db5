"""Stops, closed numbers and complaints in the ledger, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from provisioning.core.contract import ContractVersion
from provisioning.core.site import Seat
from provisioning.core.status import ClosedNumber, Complaint, Stop
from provisioning.flows.errors import ChangedMeanwhile, FlowError
from provisioning.store.ledger import SqlLedger

NOW = datetime(2025, 9, 10, 8, tzinfo=UTC)
DAY = timedelta(days=1)
ONE, TWO = "08702120001", "08702120002"
Add = Callable[..., Any]


@pytest.fixture
def book(ledger: SqlLedger, add: Add, sample: SimpleNamespace) -> SqlLedger:
    """A ledger with one contract of two seats, from 1 July on."""
    add(ledger, (sample.contract(renewal=12), date(2025, 7, 1)))
    return ledger


def stop(since: datetime = NOW, until: datetime | None = None, **changes: Any) -> Stop:
    given = {"contract": "zhaotong-2025", "seat": ONE, "way": "both", "since": since, "until": until}
    return Stop(**{**given, **changes})


def events(url: str) -> list[tuple[str, str]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT event, subject FROM audit ORDER BY id")).all()
    engine.dispose()
    return [(row.event, row.subject) for row in rows]


def test_stops_are_kept_as_they_are_made(book: SqlLedger, full_ledger_url: str) -> None:
    """What was stopped comes back by its beginning, with its microseconds, and stands in the audit."""
    later, sooner = stop(NOW + DAY, NOW + 2 * DAY, why="arrears"), stop(NOW.replace(microsecond=7), seat=None)
    for one in (later, sooner):
        book.stop(one, at=NOW, who="clerk")
    assert book.stops("zhaotong-2025") == book.stops() == (sooner, later)
    assert book.stops("other") == ()
    assert events(full_ledger_url)[-2:] == [
        ("service-stopped", f"zhaotong-2025 {ONE}"),
        ("service-stopped", "zhaotong-2025"),
    ]


def test_the_database_keeps_a_stop_in_order(book: SqlLedger, full_ledger_url: str) -> None:
    """A stop that ends before it begins, or of no contract, is refused by the database itself."""
    engine = create_engine(full_ledger_url)
    into = "INSERT INTO stop (contract, way, since, until, why, recorded_at, recorded_by) VALUES "
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text(into + "('zhaotong-2025', 'both', '2', '1', 'x', 'x', 'x')"))
    engine.dispose()
    with pytest.raises(FlowError, match="a contract or record that is not there"):
        book.stop(stop(contract="other"), at=NOW, who="clerk")


def test_a_resumption_ends_what_began_and_takes_back_what_is_to_come(book: SqlLedger) -> None:
    """Of a seat's stops those that are over stay, those under way end, those to come go; no other's do."""
    over, on, coming = stop(NOW - 9 * DAY, NOW - DAY), stop(NOW - DAY), stop(NOW + DAY)
    others = (stop(NOW - DAY, seat=TWO), stop(NOW - DAY, seat=None), stop(NOW - DAY, why="closed"))
    for one in (over, on, coming, *others):
        book.stop(one, at=NOW, who="clerk")
    done = book.resume("zhaotong-2025", ONE, NOW, at=NOW, who="clerk")
    assert (done.ended, done.taken_back) == ((on,), (coming,))
    assert set(book.stops()) == {over, replace(on, until=NOW), *others}
    again = book.resume("zhaotong-2025", ONE, NOW, at=NOW, who="clerk")
    assert (again.ended, again.taken_back) == ((), ())
    assert book.resume("zhaotong-2025", None, NOW, at=NOW, who="clerk").ended == (others[1],)


def test_a_stop_resumed_at_its_beginning_never_was(book: SqlLedger) -> None:
    """A stop that is resumed in the moment it begins is taken back."""
    book.stop(stop(), at=NOW, who="clerk")
    assert book.resume("zhaotong-2025", ONE, NOW, at=NOW, who="clerk").taken_back == (stop(),)
    assert book.stops() == ()


@pytest.fixture
def closed(book: SqlLedger, sample: SimpleNamespace) -> SqlLedger:
    """The same after its first seat was closed, from 1 October on."""
    (standing,) = book.versions()
    _close(book, standing, sample, date(2025, 10, 1))
    return book


def _close(book: SqlLedger, standing: ContractVersion, sample: SimpleNamespace, day: date) -> None:
    site = standing.contract.site
    left = replace(standing.contract, site=replace(site, seats=site.seats[1:]))
    book.close_numbers(
        [ClosedNumber.of("zhaotong-2025", ONE, day)],
        stop(why="closed"),
        [(left, day)],
        new_secret=sample.secrets_maker(),
        at=NOW,
        who="clerk",
        expected={"zhaotong-2025": [standing]},
        remade=[],
    )


def test_a_closed_number_leaves_its_contract_and_is_nobodys(closed: SqlLedger) -> None:
    """Closing records the contract without the seat, the stop, and since when and until when it rests."""
    assert [len(version.contract.site.seats) for version in closed.versions()] == [2, 1]
    assert closed.stops() == (stop(why="closed"),)
    (number,) = closed.closed_numbers()
    assert number == ClosedNumber.of("zhaotong-2025", ONE, date(2025, 10, 1))
    assert closed.closed_numbers("other") == ()


def test_closing_is_all_or_nothing(book: SqlLedger, sample: SimpleNamespace) -> None:
    """Where somebody changed the contract meanwhile nothing of a closing is recorded."""
    (standing,) = book.versions()
    with pytest.raises(ChangedMeanwhile):
        _close(book, replace(standing, number=7), sample, date(2025, 10, 1))
    assert (book.stops(), book.closed_numbers(), len(book.versions())) == ((), (), 1)


@pytest.mark.parametrize("as_second", [False, True])
def test_a_number_is_anybodys_after_ninety_days(
    closed: SqlLedger, add: Add, sample: SimpleNamespace, as_second: bool
) -> None:
    """Closed on 1 October a number may be another contract's from 30 December on, and not a day sooner."""
    seat = Seat(long_number="08702129999", second_number=ONE) if as_second else Seat(long_number=ONE)

    def other(first: date) -> Any:
        return sample.contract("other", seats=[seat], site="other", term=(first, date(2026, 12, 31)))

    with pytest.raises(FlowError, match=rf"{ONE}: closed on 2025-10-01.*free again from 2025-12-30"):
        add(closed, (other(date(2025, 12, 29)), date(2025, 12, 29)))
    assert len(closed.versions("other")) == 0
    add(closed, (other(date(2025, 12, 30)), date(2025, 12, 30)))
    assert len(closed.versions("other")) == 1


def test_the_same_contract_does_not_get_its_number_back(
    closed: SqlLedger, add: Add, sample: SimpleNamespace
) -> None:
    """What was closed rests for its former customer too; all numbers of a day are told together."""
    with pytest.raises(FlowError, match="free again from 2025-12-30"):
        add(closed, (sample.contract(renewal=12), date(2025, 10, 15)))
    add(closed, (sample.contract(renewal=12), date(2025, 12, 30)))


def test_complaints_are_kept_with_the_stop_they_bring(book: SqlLedger, full_ledger_url: str) -> None:
    """A complaint comes back as it was, by contract and from a moment on; its stop is recorded with it."""
    first = Complaint(contract="zhaotong-2025", number=ONE, received=NOW - DAY, about="夜间骚扰")
    second = Complaint(contract="zhaotong-2025", number=TWO, received=NOW)
    book.register_complaint(second, None, at=NOW, who="clerk")
    book.register_complaint(first, stop(until=NOW + DAY, why="complaint"), at=NOW, who="clerk")
    assert book.complaints() == book.complaints("zhaotong-2025") == (first, second)
    assert book.complaints(since=NOW) == (second,)
    assert book.complaints("other") == ()
    assert [one.why for one in book.stops()] == ["complaint"]
    assert ("complaint-registered", f"zhaotong-2025 {TWO}") in events(full_ledger_url)
