"""Verdicts on call records, and the bills they stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from pbx.cdr_lines import parse
from provisioning.core.call import Outcome, RatedCall
from provisioning.core.cycle import Cycle
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import StoredBill
from provisioning.store.ledger import SqlLedger

JULY, AUGUST = Cycle(2025, 7), Cycle(2025, 8)
CONTRACT = "zhaotong-2025"


@pytest.fixture
def filled(ledger: SqlLedger, sample: SimpleNamespace, add: Callable[..., Any]) -> SqlLedger:
    """A ledger with a contract and five records, collected in the wrong order."""
    add(ledger, (sample.contract(), date(2025, 7, 1)))
    ledger.store(sample.batch(*(sample.record(n) for n in (3, 1, 5, 2, 4))), at=sample.now)
    return ledger


def waiting(ledger: SqlLedger, *, again: bool = False) -> list[int]:
    return [record.sequence for _, record in ledger.to_rate(again=again)]


def save(ledger: SqlLedger, verdicts: Iterable[tuple[int, RatedCall]]) -> None:
    """Saves verdicts on the records as they are now."""
    records = dict(ledger.to_rate(again=True))
    ledger.save_rated((number, records[number], call) for number, call in verdicts)


def close(ledger: SqlLedger, bill: StoredBill, calls: Sequence[int], amount: str = "0.12") -> None:
    """Closes a bill, as somebody does who has rated everything before."""
    free = RatedCall(outcome=Outcome.FREE, reason="another's")
    save(ledger, [(number, free) for number, _ in ledger.to_rate(again=False)])
    ledger.close_bill(bill, calls=calls, amount=Decimal(amount), who="clerk@office")


def ids(ledger: SqlLedger) -> dict[int, int]:
    """Record id by sequence."""
    return {record.sequence: number for number, record in ledger.to_rate(again=True)}


def bill(sample: SimpleNamespace, cycle: Cycle = JULY, amount: str = "0.12") -> StoredBill:
    document = {
        "contract": CONTRACT,
        "cycle": str(cycle),
        "closed": True,
        "recurring": [],
        "calls": [{"zone": "domestic", "calls": 1, "amount": amount}],
        "amount": amount,
    }
    return StoredBill(contract=CONTRACT, cycle=cycle, document=document, closed_at=sample.now)


def test_a_list_that_is_left_early_tells_nobody_of_a_lost_database(filled: SqlLedger) -> None:
    """Where the database goes away and rating stops for that, the records that it still had to read end
    without a fault of their own: it would be a traceback on stderr."""
    listed: Any = filled.to_rate(again=True)
    next(listed)

    @event.listens_for(filled._engine, "rollback")
    def lost(connection: Connection) -> None:
        raise OperationalError("ROLLBACK", None, ConnectionError("the connection is lost"))

    listed.close()
    event.remove(filled._engine, "rollback", lost)


def test_records_come_in_the_order_of_their_start(filled: SqlLedger) -> None:
    """What is to be rated comes by start, however it was collected."""
    assert waiting(filled) == [1, 2, 3, 4, 5]


def test_a_verdict_comes_back_as_it_was(filled: SqlLedger, sample: SimpleNamespace) -> None:
    """Every field of a verdict survives, amounts to the last digit."""
    number = ids(filled)[1]
    exact = sample.verdict(amount=Decimal("0.060000000000000000001"), rate=Decimal("0.060"))
    save(filled, [(number, exact)])
    ((found, call),) = filled.rated_calls(CONTRACT, JULY)
    assert (found, call) == (number, exact)
    assert str(call.rate) == "0.060"


def test_only_what_is_not_settled_comes_again(filled: SqlLedger, sample: SimpleNamespace) -> None:
    """Rated and free calls are done; unrated ones and those in review are tried each time."""
    number = ids(filled)
    save(
        filled,
        [
            (number[1], sample.verdict()),
            (number[2], sample.verdict(Outcome.FREE)),
            (number[3], sample.verdict(Outcome.UNRATED, contract=None, cycle=None, zone=None)),
            (number[4], sample.verdict(Outcome.REVIEW, contract=None, cycle=None, day=None)),
        ],
    )
    assert waiting(filled) == [3, 4, 5]
    assert waiting(filled, again=True) == [1, 2, 3, 4, 5]
    assert filled.outcome_counts() == {"rated": 1, "free": 1, "unrated": 1, "review": 1}
    assert [(r.sequence, c.outcome) for r, c in filled.unpriced()] == [
        (4, Outcome.REVIEW),
        (3, Outcome.UNRATED),
    ]
    assert [r.sequence for r, _ in filled.unpriced(limit=1)] == [4]


def test_nothing_is_counted_in_an_empty_ledger(ledger: SqlLedger) -> None:
    """All outcomes are told, with 0."""
    assert ledger.outcome_counts() == {"rated": 0, "free": 0, "unrated": 0, "review": 0}
    assert ledger.unpriced() == ()


def test_a_new_verdict_takes_the_place_of_the_former(filled: SqlLedger, sample: SimpleNamespace) -> None:
    """Rating again replaces the verdict; a call that lost its price waits again."""
    number = ids(filled)[1]
    save(filled, [(number, sample.verdict())])
    save(filled, [(number, sample.verdict(Outcome.UNRATED))])
    assert filled.outcome_counts()["unrated"] == 1
    assert waiting(filled) == [1, 2, 3, 4, 5]


def test_verdicts_are_saved_while_records_are_read(filled: SqlLedger, sample: SimpleNamespace) -> None:
    """Rating streams: reading the records and writing verdicts go on at the same time."""
    filled.save_rated((number, record, sample.verdict()) for number, record in filled.to_rate(again=False))
    assert waiting(filled) == []
    reader = filled.to_rate(again=True)
    next(reader)
    save(filled, [(ids(filled)[1], sample.verdict(Outcome.FREE))])
    assert len(list(reader)) == 4


def test_calls_of_a_cycle_come_in_call_order(filled: SqlLedger, sample: SimpleNamespace) -> None:
    """A contract's calls of a cycle come by answer, and no other contract's or cycle's with them."""
    number = ids(filled)
    save(
        filled,
        [(number[n], sample.verdict()) for n in (4, 2, 3)]
        + [(number[1], sample.verdict(contract=None)), (number[5], sample.verdict(cycle=AUGUST))],
    )
    assert [found for found, _ in filled.rated_calls(CONTRACT, JULY)] == [number[n] for n in (2, 3, 4)]
    assert [found for found, _ in filled.rated_calls(CONTRACT, AUGUST)] == [number[5]]
    assert filled.rated_calls("unknown", JULY) == ()


def test_a_closed_bill_stays(filled: SqlLedger, sample: SimpleNamespace) -> None:
    """A bill is stored word for word, once, and no later verdict touches the calls on it."""
    number = ids(filled)
    save(filled, [(number[1], sample.verdict())])
    assert filled.bill(CONTRACT, JULY) is None
    closed = bill(sample)
    close(filled, closed, [number[1]])
    assert filled.bill(CONTRACT, JULY) == closed
    assert list(closed.document) == list(filled.bill(CONTRACT, JULY).document)
    filled.save_rated([(number[1], sample.record(1), sample.verdict(Outcome.UNRATED, reason="changed"))])
    assert filled.rated_calls(CONTRACT, JULY) == ((number[1], sample.verdict()),)
    assert (waiting(filled, again=True), waiting(filled)) == ([2, 3, 4, 5], [])
    with pytest.raises(FlowError, match="closed already"):
        close(filled, closed, [])


def test_a_bill_of_other_calls_is_refused(filled: SqlLedger, sample: SimpleNamespace) -> None:
    """A bill whose calls stand on another bill, or have lost their contract, is not closed at all."""
    number = ids(filled)
    save(filled, [(number[1], sample.verdict()), (number[2], sample.verdict(contract=None))])
    close(filled, bill(sample), [number[1]])
    for calls in ([number[1]], [number[2]], [number[3]], [999_999]):
        with pytest.raises(FlowError, match="make the bill again"):
            close(filled, bill(sample, AUGUST), calls)
    assert filled.bill(CONTRACT, AUGUST) is None


def test_late_calls_wait_for_the_next_bill(filled: SqlLedger, sample: SimpleNamespace) -> None:
    """A charged call of a closed cycle that is on no bill is late, until another bill takes it up."""
    number = ids(filled)
    save(filled, [(number[1], sample.verdict())])
    assert filled.late_calls(CONTRACT, AUGUST) == ()
    close(filled, bill(sample), [number[1]])
    save(
        filled,
        [
            (number[2], sample.verdict()),
            (number[3], sample.verdict(Outcome.FREE)),
            (number[4], sample.verdict(cycle=AUGUST)),
        ],
    )
    assert [found for found, _ in filled.late_calls(CONTRACT, AUGUST)] == [number[2]]
    assert filled.late_calls(CONTRACT, JULY) == ()
    assert filled.late_calls("unknown", AUGUST) == ()
    close(filled, bill(sample, AUGUST, "0.24"), [number[4], number[2]], "0.24")
    assert filled.late_calls(CONTRACT, Cycle(2025, 9)) == ()


def test_microseconds_come_too_late_for_a_closed_bill(filled: SqlLedger, sample: SimpleNamespace) -> None:
    """A record on a closed bill is not replaced; the line that came too late is kept beside."""
    whole = sample.record(9, exact=False)
    filled.store(sample.batch(whole), at=sample.now)
    number = ids(filled)[9]
    save(filled, [(number, sample.verdict())])
    close(filled, bill(sample), [number])
    exact = sample.record(9)
    other = sample.record(1, userfield="better")
    filled.store(sample.batch(upgraded=(exact, other)), at=sample.now)
    found = filled.stored("pbx", [(r.uniqueid, r.sequence) for r in (exact, other)])
    assert found[whole.uniqueid, 9].record == whole
    assert found[other.uniqueid, 1].record == other
    assert filled.held_count() == 1
    assert 9 not in waiting(filled)


def test_a_verdict_needs_its_record(filled: SqlLedger, sample: SimpleNamespace) -> None:
    """A verdict on a record that is not there is refused, whole batch and all."""
    number = ids(filled)[1]
    record, verdict = sample.record(1), sample.verdict()
    with pytest.raises(FlowError, match="not there"):
        filled.save_rated([(number, record, verdict), (999_999, record, verdict)])
    assert filled.outcome_counts()["rated"] == 0


def test_a_verdict_on_a_record_that_has_changed_is_dropped(
    ledger: SqlLedger, sample: SimpleNamespace
) -> None:
    """A record replaced after it was read for rating does not get the old one's verdict, and waits."""
    whole = sample.record(1, exact=False)
    other = sample.record(2)
    ledger.store(sample.batch(whole, other), at=sample.now)
    verdict = sample.verdict(Outcome.FREE, contract=None)
    read = [(number, record, verdict) for number, record in ledger.to_rate(again=False)]
    ledger.store(sample.batch(upgraded=(sample.record(1),)), at=sample.now)
    ledger.save_rated(read)
    assert waiting(ledger) == [1]
    assert ledger.outcome_counts()["free"] == 1
    save(ledger, [(number, verdict) for number, _ in ledger.to_rate(again=False)])
    assert waiting(ledger) == []


def test_calls_that_wait_to_be_rated_are_counted(filled: SqlLedger, sample: SimpleNamespace) -> None:
    """Answered calls up to a cycle's end without a verdict may be anybody's; those of others are not."""
    missed = sample.record(8, disposition="NO ANSWER")
    september = sample.record(9, answer=sample.record(1).answer + 60 * 86_400_000_000)
    filled.store(sample.batch(missed, september), at=sample.now)
    assert [filled.unsettled_calls(CONTRACT, Cycle(2025, month)) for month in (6, 7, 8, 9)] == [0, 5, 5, 6]
    number = ids(filled)
    unrated = sample.verdict(Outcome.UNRATED, contract=None)
    verdicts = [sample.verdict(), sample.verdict(contract=None), sample.verdict(Outcome.FREE), unrated]
    save(filled, [(number[place], verdict) for place, verdict in enumerate(verdicts, 1)])
    assert filled.unsettled_calls(CONTRACT, JULY) == 1
    better = [sample.record(place, userfield="better") for place in (1, 2, 3, 4)]
    filled.store(sample.batch(upgraded=tuple(better)), at=sample.now)
    assert filled.unsettled_calls(CONTRACT, JULY) == 3
    assert filled.unsettled_calls("unknown", JULY) == 1


def test_a_line_without_quotes_waits_to_be_rated_too(filled: SqlLedger, sample: SimpleNamespace) -> None:
    """An answered call of a Master.csv without quotes keeps its month's bill open as any other does."""
    before = filled.unsettled_calls(CONTRACT, JULY)
    bare = parse(sample.record(8, exact=False, clid="", lastdata="x").raw.replace(b'"', b""))
    assert bare.disposition == "ANSWERED"
    filled.store(sample.batch(bare), at=sample.now)
    assert filled.unsettled_calls(CONTRACT, JULY) == before + 1


def test_a_bill_made_from_other_prices_is_refused(filled: SqlLedger, sample: SimpleNamespace) -> None:
    """A bill is not closed when its calls cost something else than when it was made."""
    number = ids(filled)[1]
    save(filled, [(number, sample.verdict(amount=Decimal("0.06")))])
    with pytest.raises(FlowError, match="changed meanwhile"):
        close(filled, bill(sample), [number])
    close(filled, bill(sample), [number], "0.06")


def test_a_bill_is_not_closed_over_calls_that_wait(filled: SqlLedger, sample: SimpleNamespace) -> None:
    """A bill is not closed while a call of its month has no verdict, though its own calls did not change."""
    number = ids(filled)[1]
    save(filled, [(number, sample.verdict())])
    with pytest.raises(FlowError, match="seatline rate"):
        filled.close_bill(bill(sample), calls=[number], amount=Decimal("0.12"), who=sample.who)
    assert filled.bill(CONTRACT, JULY) is None


def test_another_contracts_closed_bill_makes_no_call_late(
    filled: SqlLedger, sample: SimpleNamespace, add: Callable[..., Any]
) -> None:
    """A call is late when the bill of its own contract is closed, not when another one's is."""
    other = sample.contract("jilin-2025", seats=("04322120001",), site="jilin", area="0432")
    add(filled, (other, date(2025, 7, 1)))
    number = ids(filled)
    save(filled, [(number[1], sample.verdict()), (number[2], sample.verdict(contract="jilin-2025"))])
    close(filled, replace(bill(sample), contract="jilin-2025"), [number[2]])
    assert filled.late_calls(CONTRACT, AUGUST) == ()
