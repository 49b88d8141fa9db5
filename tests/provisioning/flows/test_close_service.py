"""Closing a seat or a contract: its version, its stop, its numbers at rest, in real ledgers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from provisioning.core.contract import Contract, Payer, version_in_force
from provisioning.core.cycle import Cycle
from provisioning.core.site import Seat
from provisioning.core.status import Stop, midnight
from provisioning.flows.close_service import Clerk, close_contract, close_seat
from provisioning.flows.errors import FlowError
from provisioning.flows.make_bill import bill_of_cycle
from provisioning.store.ledger import SqlLedger

NOW = datetime(2025, 9, 10, 3, tzinfo=UTC)
TODAY, TOMORROW, LATER = date(2025, 9, 10), date(2025, 9, 11), date(2025, 10, 1)
ONE, SECOND = "08702120001", "08702120009"


@pytest.fixture
def contract(make: SimpleNamespace) -> Contract:
    """Three seats, the first with a second number; from July on, renewed."""
    seats = (
        Seat(long_number=ONE, short_number="6001", second_number=SECOND),
        Seat(long_number="08702120002", short_number="6002"),
        Seat(long_number="08702120003", short_number="6003"),
    )
    made: Contract = make.contract(seats=seats, renewal_months=12)
    return made


def record(ledger: SqlLedger, contract: Contract, day: date) -> None:
    ledger.record_versions([(contract, day)], new_secret=lambda: "x" * 24, at=NOW, who="a test")


@pytest.fixture
def clerk(ledger: SqlLedger, contract: Contract) -> Clerk:
    """A clerk whose ledger has that contract."""
    record(ledger, contract, date(2025, 7, 1))
    return Clerk(ledger=ledger, now=NOW, who="clerk", new_secret=lambda: "y" * 24)


def seats_on(clerk: Clerk, day: date) -> list[str]:
    """The seats of the contract on a day by their last digit; none where it is not in force."""
    version = version_in_force(clerk.ledger.versions("zhaotong"), day)
    return [] if version is None else [seat.long_number[-1] for seat in version.contract.site.seats]


def test_a_seat_closed_today_is_stopped_now_and_gone_tomorrow(clerk: Clerk) -> None:
    """Closed at once a seat is stopped at once, stays to the end of the day, and rests for 90 days."""
    done = close_seat("zhaotong", "6001", on=None, clerk=clerk)
    assert done.stop == Stop(
        contract="zhaotong",
        seat=ONE,
        way="both",
        since=NOW,
        until=midnight(date(2025, 12, 10)),
        why="closed",
    )
    assert [(one.number, one.closed, one.free) for one in done.numbers] == [
        (ONE, TOMORROW, date(2025, 12, 10)),
        (SECOND, TOMORROW, date(2025, 12, 10)),
    ]
    assert (seats_on(clerk, TODAY), seats_on(clerk, TOMORROW)) == (["1", "2", "3"], ["2", "3"])
    assert clerk.ledger.stops() == (done.stop,)


def test_a_seat_closed_on_a_date_serves_until_then(clerk: Clerk) -> None:
    """Closed on 1 October a seat is stopped from the beginning of that day, the first without it."""
    done = close_seat("zhaotong", ONE, on=LATER, clerk=clerk)
    assert done.stop.since == midnight(LATER)
    assert (seats_on(clerk, date(2025, 9, 30)), seats_on(clerk, LATER)) == (["1", "2", "3"], ["2", "3"])


def test_a_seat_is_closed_in_versions_to_come_too(clerk: Clerk, contract: Contract) -> None:
    """A version that is still to come loses the seat as well, and keeps what else it brings."""
    site = replace(contract.site, seats=(*contract.site.seats, Seat(long_number="08702120005")))
    record(clerk.ledger, replace(contract, site=site), LATER)
    close_seat("zhaotong", ONE, on=None, clerk=clerk)
    assert seats_on(clerk, TOMORROW) == ["2", "3"]
    assert seats_on(clerk, LATER) == ["2", "3", "5"]


def test_what_the_contract_cannot_be_without_is_not_closed(clerk: Clerk, contract: Contract) -> None:
    """A seat that a payer is named for, an unknown one and the last one are refused, nothing recorded."""
    with pytest.raises(FlowError, match="no seat '6999'"):
        close_seat("zhaotong", "6999", on=None, clerk=clerk)
    paid = replace(contract, payers=(Payer(seat=ONE, way="fixed"),))
    record(clerk.ledger, paid, TODAY)
    with pytest.raises(FlowError, match=f"cannot be without {ONE}"):
        close_seat("zhaotong", ONE, on=LATER, clerk=clerk)
    alone = replace(contract, site=replace(contract.site, seats=contract.site.seats[:1]))
    record(clerk.ledger, alone, TOMORROW)
    with pytest.raises(FlowError, match="the only seat"):
        close_seat("zhaotong", ONE, on=LATER, clerk=clerk)
    assert (clerk.ledger.stops(), clerk.ledger.closed_numbers()) == ((), ())


def test_who_gets_a_closed_number_later_is_not_stopped(clerk: Clerk) -> None:
    """What stopped a seat ends with its closing: the same number, a seat again one day, is not stopped."""
    since = NOW - timedelta(days=3)
    clerk.ledger.stop(Stop(contract="zhaotong", seat=ONE, way="both", since=since), at=NOW, who="clerk")
    closed = close_seat("zhaotong", ONE, on=None, clerk=clerk).stop
    found = [(stop.since, stop.until) for stop in clerk.ledger.stops()]
    assert found == [(since, NOW), (NOW, closed.until)]


@pytest.mark.parametrize("on", [None, date(2025, 9, 20)])
def test_a_seat_is_not_closed_twice(clerk: Clerk, on: date | None) -> None:
    """A seat whose closing is recorded is not closed again, and whoever tries is told since when it is."""
    close_seat("zhaotong", ONE, on=LATER, clerk=clerk)
    with pytest.raises(FlowError, match=f"{ONE} is closed already, from {LATER} on, and free again from"):
        close_seat("zhaotong", ONE, on=on, clerk=clerk)


def test_a_number_rests_from_its_first_closing(clerk: Clerk) -> None:
    """A contract closed before one of its seats was to be: the seat's number rests with the others."""
    close_seat("zhaotong", ONE, on=LATER, clerk=clerk)
    done = close_contract("zhaotong", on=None, clerk=clerk)
    assert {one.free for one in clerk.ledger.closed_numbers()} == {done.numbers[0].free}
    assert len(clerk.ledger.closed_numbers()) == len(done.numbers)


def test_a_contract_closed_today_ends_today(clerk: Clerk) -> None:
    """Closed at once a contract has its last day today, and all its numbers rest from tomorrow on."""
    done = close_contract("zhaotong", on=None, clerk=clerk)
    assert (done.stop.seat, done.stop.since) == (None, NOW)
    assert (seats_on(clerk, TODAY), seats_on(clerk, TOMORROW)) == (["1", "2", "3"], [])
    assert [one.number[-1] for one in done.numbers] == ["1", "9", "2", "3"]
    assert done.version.contract.term.renewal_months == 0


def test_a_contract_closed_on_a_date_serves_until_the_day_before(clerk: Clerk, contract: Contract) -> None:
    """Closed on 1 October a contract's last day is 30 September; a version to come never comes."""
    record(clerk.ledger, replace(contract, site=replace(contract.site, area_code="0871")), date(2025, 11, 1))
    done = close_contract("zhaotong", on=LATER, clerk=clerk)
    assert done.stop.since == midnight(LATER)
    assert "version 2, to come from 2025-11-01" in done.notes[0]
    assert len(seats_on(clerk, date(2025, 9, 30))) == 3
    assert seats_on(clerk, LATER) == seats_on(clerk, date(2025, 11, 1)) == []


def test_an_ended_contract_is_charged_to_its_last_month(clerk: Clerk) -> None:
    """The month of closing is charged, those after it are not."""
    close_contract("zhaotong", on=LATER, clerk=clerk)
    made = bill_of_cycle(clerk.ledger, "zhaotong", Cycle(2025, 10), close=False, now=NOW, who="clerk")
    assert made.document["amount"] == "0.00"


def test_a_contract_is_not_closed_twice(clerk: Clerk) -> None:
    """A contract that ends that day in any case, or has ended, has nothing to close."""
    close_contract("zhaotong", on=LATER, clerk=clerk)
    with pytest.raises(FlowError, match="ends on 2025-09-30 in any case"):
        close_contract("zhaotong", on=LATER, clerk=clerk)
    with pytest.raises(FlowError, match="not in force on 2025-10-31"):
        close_contract("zhaotong", on=date(2025, 11, 1), clerk=clerk)
    assert len(clerk.ledger.stops()) == 1
