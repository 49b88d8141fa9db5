"""Making and closing bills, on the real ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pbx import cdr_csv, cdr_json
from pbx.cdr_lines import parse
from provisioning.core.contract import Recurring
from provisioning.core.cycle import Cycle
from provisioning.flows.errors import FlowError
from provisioning.flows.make_bill import bill_of_cycle
from provisioning.flows.ports import Batch, SourceState
from provisioning.flows.rate_calls import rate_calls

JULY, AUGUST = Cycle(2025, 7), Cycle(2025, 8)
AT = datetime(2025, 9, 2, 1, 0, tzinfo=UTC)
LINE = Recurring(item="line", name="专线", quantity=Decimal(1), total=Decimal("500.00"))


def lined(record):
    """The record as it is read from the line its switch would have written of it."""
    return parse(cdr_json.render(record) if record.exact else cdr_csv.render(record))


class Office:
    """A ledger with one contract, and what is done to it day by day."""

    def __init__(self, make, ledger):
        self.make, self.ledger, self.collected = make, ledger, 0
        ledger.record_versions(
            [(make.contract(recurring=[LINE]), make.contract().term.first)],
            new_secret=lambda: "0123456789abcdefABCDEFGH",
            at=AT,
            who="a test",
        )

    def collect(self, *records):
        self.store(*records)
        return rate_calls(self.ledger)

    def store(self, *records, upgraded=()):
        """Collects records, and better ones for some already collected, without rating them."""
        named = []
        for record in records:
            self.collected += 1
            named.append(lined(replace(record, uniqueid=f"pbx-1.{self.collected}")))
        source = SourceState(
            switch="pbx",
            path="/seatline.json",
            inode=1,
            offset=self.collected,
            prefix_length=0,
            prefix_sha256="",
            tail_sha256="",
        )
        self.ledger.store(Batch(source=source, new=tuple(named), upgraded=upgraded), at=AT)

    def bill(self, cycle, *, close=False, now=AT):
        return bill_of_cycle(self.ledger, "zhaotong", cycle, close=close, now=now, who="a test")


@pytest.fixture
def office(make, ledger):
    return Office(make, ledger)


def test_an_open_bill_follows_the_calls(office, make) -> None:
    """A bill that is not closed shows each call as soon as it is rated."""
    assert office.bill(JULY).document["amount"] == "500.00"
    office.collect(make.cdr())
    made = office.bill(JULY)
    assert (made.document["amount"], made.closed, made.waiting) == ("500.12", False, 0)


def test_a_closed_bill_stays_as_it_is(office, make) -> None:
    """A closed bill is returned byte for byte, though a call of its month was collected since."""
    office.collect(make.cdr())
    closed = office.bill(JULY, close=True)
    assert closed.closed
    assert closed.document["closed"] is True
    office.collect(make.cdr())
    rate_calls(office.ledger, again=True)
    for again in (office.bill(JULY), office.bill(JULY, close=True)):
        assert json.dumps(again.document) == json.dumps(closed.document)


def test_a_late_call_is_on_the_next_bill_and_on_no_other(office, make) -> None:
    """A late call of July adjusts August's bill, once: when that is closed, September's has nothing of it."""
    office.collect(make.cdr())
    office.bill(JULY, close=True)
    office.collect(make.cdr(), make.cdr("2025-08-10 10:00:00", seconds=60))
    august = office.bill(AUGUST, close=True).document
    assert august["adjustments"] == [
        {"cycle": "2025-07", "zone": "domestic", "calls": 1, "minutes": 2, "rate": "0.06", "amount": "0.12"}
    ]
    assert august["amount"] == "500.18"
    assert office.bill(AUGUST.next()).document["adjustments"] == []


def test_calls_without_a_price_are_counted_beside_the_bill(office, make) -> None:
    """An unrated and a contradictory call stand on no bill, and the bill's maker is told of two waiting."""
    office.collect(make.cdr(dst="0012025550123"), make.cdr(billsec=1))
    made = office.bill(JULY)
    assert (made.document["calls"], made.waiting) == ([], 2)


def test_a_cycle_that_is_not_over_cannot_be_closed(office) -> None:
    """On the last day of July in Shanghai July's bill cannot be closed, a minute later it can."""
    with pytest.raises(FlowError, match=r"2025-07 is not over.* from 2025-08-01 on"):
        office.bill(JULY, close=True, now=datetime(2025, 7, 31, 15, 59, tzinfo=UTC))
    assert office.bill(JULY, close=True, now=datetime(2025, 7, 31, 16, 0, tzinfo=UTC)).closed


def test_a_contract_that_is_not_recorded_has_no_bill(office) -> None:
    """A bill for an unknown contract ends with one message that says where to look."""
    with pytest.raises(FlowError, match="no contract nobody in the ledger; `seatline contract list`"):
        bill_of_cycle(office.ledger, "nobody", JULY, close=False, now=AT, who="a test")


def test_a_bill_is_not_closed_over_records_that_wait_to_be_rated(office, make) -> None:
    """A month with a call record nobody has rated yet cannot be closed, and the open bill's maker is told."""
    office.store(make.cdr())
    assert office.bill(JULY).stale == 1
    with pytest.raises(FlowError, match="cannot be closed: run `seatline rate`"):
        office.bill(JULY, close=True)
    rate_calls(office.ledger)
    made = office.bill(JULY, close=True)
    assert (made.stale, made.document["amount"]) == (0, "500.12")


def test_a_bill_is_not_closed_at_prices_known_to_be_stale(office, make) -> None:
    """A call priced by whole seconds whose microseconds came since is to be rated before its bill closes."""
    second = 1_000_000
    office.collect(make.cdr(seconds=60, exact=False))
    ((_, known),) = office.ledger.to_rate(again=True)
    better = lined(replace(known, exact=True, end=known.end + second // 2))
    office.store(upgraded=(better,))
    with pytest.raises(FlowError, match="cannot be closed: run `seatline rate`"):
        office.bill(JULY, close=True)
    rate_calls(office.ledger)
    assert office.bill(JULY, close=True).document["amount"] == "500.12"


def test_what_is_collected_while_rating_is_rated_by_the_next_run(office, make) -> None:
    """Microseconds that arrive between reading a record and writing its verdict are not lost."""
    office.store(make.cdr(seconds=60, exact=False))
    ((_, known),) = office.ledger.to_rate(again=True)
    better = lined(replace(known, exact=True, end=known.end + 1))

    class Meanwhile:
        """The ledger, to which another machine's collector writes just before the verdicts are saved."""

        def __getattr__(self, name):
            return getattr(office.ledger, name)

        def save_rated(self, rated):
            rated = list(rated)
            office.store(upgraded=(better,))
            office.ledger.save_rated(rated)

    assert rate_calls(Meanwhile()).rated == 0
    assert office.bill(JULY).stale == 1
    assert rate_calls(office.ledger).rated == 1
    assert office.bill(JULY).document["amount"] == "500.12"


def test_what_changes_while_a_bill_is_made_stops_its_closing(office, make) -> None:
    """A call that gets another price between a bill's making and its closing is not billed at the old."""
    office.collect(make.cdr(seconds=60, exact=False))
    ((_, known),) = office.ledger.to_rate(again=True)
    better = lined(replace(known, exact=True, end=known.end + 1))

    class Meanwhile:
        def __getattr__(self, name):
            return getattr(office.ledger, name)

        def close_bill(self, *args, **more):
            office.store(upgraded=(better,))
            rate_calls(office.ledger)
            office.ledger.close_bill(*args, **more)

    with pytest.raises(FlowError, match="changed meanwhile"):
        bill_of_cycle(Meanwhile(), "zhaotong", JULY, close=True, now=AT, who="a test")
    assert office.ledger.bill("zhaotong", JULY) is None


def test_free_calls_stand_on_the_bill_too(office, make) -> None:
    """A free call of a closed month keeps its verdict for ever, as the charged ones do."""
    office.collect(make.cdr(dst="6002"), make.cdr())
    office.bill(JULY, close=True)
    assert list(office.ledger.to_rate(again=True)) == []


def test_late_calls_stand_on_the_first_open_bill_alone(office, make) -> None:
    """A late call of July stands on August's open bill, on September's if August is closed without it."""
    september = AUGUST.next()
    office.collect(make.cdr())
    office.bill(JULY, close=True)
    assert office.bill(JULY).late == 0
    office.collect(make.cdr())
    assert office.bill(JULY).late == 1
    assert [len(office.bill(cycle).document["adjustments"]) for cycle in (AUGUST, september)] == [1, 0]
    office.bill(AUGUST, close=True)
    assert (office.bill(JULY).late, office.bill(september).document["adjustments"]) == (0, [])
    office.collect(make.cdr())
    assert [line["cycle"] for line in office.bill(september).document["adjustments"]] == ["2025-07"]


def test_a_month_before_the_term_cannot_be_closed(office) -> None:
    """June, before the contract's first day, has no bill to close."""
    june = Cycle(2025, 6)
    with pytest.raises(FlowError, match=r"2025-06 is before contract zhaotong.* begins on 2025-07-01"):
        office.bill(june, close=True)
    assert office.bill(june).document["amount"] == "0.00"
