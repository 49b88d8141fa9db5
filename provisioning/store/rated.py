"""The verdict of each call record: whose it is, what it costs and why (批价结果)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, exists, false, func, or_, select, true, update

from pbx.cdr import Cdr
from provisioning.core.call import Direction, Outcome, RatedCall
from provisioning.core.contract import Zone
from provisioning.core.cycle import Cycle
from provisioning.core.dispute import INCOMING
from provisioning.store.insertion import insertion
from provisioning.store.portions import portions, streamed
from provisioning.store.records import cdr
from provisioning.store.tables import bill, call_record, rated_call
from provisioning.store.tables_disputes import dispute

SETTLED = (Outcome.RATED, Outcome.FREE)
"""The outcomes that are final until somebody rates again; the others are tried each time."""

VERDICT = tuple(column for column in rated_call.c if column.name not in ("record", "bill"))
_NO_CREDIT = (Decimal(0), Decimal("0.00"))
_LINE = case(
    (rated_call.c.zone.is_not(None), rated_call.c.zone),
    (rated_call.c.direction == Direction.INCOMING.value, INCOMING),
)
"""On which line of a bill a call stands, as `zone_of` says."""
DISPUTED = and_(
    dispute.c.contract == rated_call.c.contract,
    dispute.c.cycle == rated_call.c.cycle,
    dispute.c.item.is_(None),
    or_(dispute.c.zone.is_(None), dispute.c.zone == _LINE),
    or_(dispute.c.record.is_(None), dispute.c.record == rated_call.c.record),
    or_(dispute.c.number.is_(None), dispute.c.number.in_((rated_call.c.seat, rated_call.c.other))),
)
"""Whether a dispute is about a call, as `About.touches` says."""
_IS_OPEN = dispute.c.closed_at.is_(None)
_GIVES_BACK = and_(dispute.c.credit.not_in(_NO_CREDIT), dispute.c.bill.is_(None))
UNDECIDED = or_(_IS_OPEN, _GIVES_BACK)
"""Whether a dispute is open, or its credit is on no closed bill yet."""
_STANDS = and_(rated_call.c.outcome.in_(SETTLED), exists().where(DISPUTED, UNDECIDED))
"""Whether a call's price stands still: a dispute is open about it, or has ended with a credit that is on no
closed bill yet. Who was given the price back is not to get a lower one besides."""
_AT_ONCE = 2000


def to_rate(connection: Connection, *, again: bool) -> Iterator[tuple[int, Cdr]]:
    """Records by id in the order of their start, some at a time; see the Ledger protocol for which."""
    asked = select(call_record.c.id, call_record.c.raw).order_by(call_record.c.start, call_record.c.id)
    if not again:
        asked = asked.where(call_record.c.settled.is_(false()))
    if again or connection.execute(select(dispute.c.id).limit(1)).first():
        asked = asked.outerjoin(rated_call, rated_call.c.record == call_record.c.id)
        asked = asked.where(rated_call.c.bill.is_(None), ~_STANDS)
    with connection.execution_options(yield_per=_AT_ONCE).execute(asked) as found:
        for number, raw in found:
            yield number, cdr(number, raw)


def save(connection: Connection, rated: Iterable[tuple[int, Cdr, RatedCall]]) -> None:
    """Writes the verdicts in the place of former ones; what stands on a closed bill stays as it is.

    A verdict on a record that a collector has replaced since it was read is dropped: the next run makes one.
    """
    made = insertion(connection, rated_call)
    kept = made.on_conflict_do_update(
        index_elements=["record"],
        set_={column.name: made.excluded[column.name] for column in VERDICT},
        where=rated_call.c.bill.is_(None),
    )
    for read in streamed(rated, _AT_ONCE):
        some = _unchanged(connection, read)
        if not some:
            continue
        connection.execute(kept, [_row(record, call) for record, call in some])
        for done in (True, False):
            numbers = [record for record, call in some if (call.outcome in SETTLED) is done]
            if numbers:
                connection.execute(_SETTLE[done], {"numbers": numbers})


def _unchanged(
    connection: Connection, rated: Sequence[tuple[int, Cdr, RatedCall]]
) -> list[tuple[int, RatedCall]]:
    lines = {record: cdr.raw for record, cdr, _ in rated}
    changed: set[int] = set()
    for some in portions(tuple(lines)):
        asked = select(call_record.c.id, call_record.c.raw).where(call_record.c.id.in_(some))
        changed.update(record for record, line in connection.execute(asked) if line != lines[record])
    return [(record, call) for record, _, call in rated if record not in changed]


_ON_A_BILL = exists().where(rated_call.c.record == call_record.c.id, rated_call.c.bill.is_not(None))
_SETTLE = {
    done: update(call_record)
    .where(
        call_record.c.id.in_(bindparam("numbers", expanding=True)),
        call_record.c.settled.is_(false() if done else true()),
        ~_ON_A_BILL,
    )
    .values(settled=done)
    for done in (True, False)
}


def of_cycle(connection: Connection, contract: str, cycle: Cycle) -> tuple[tuple[int, RatedCall], ...]:
    """The contract's calls of that cycle in call order, with record id."""
    return _calls(connection, rated_call.c.contract == contract, rated_call.c.cycle == str(cycle))


def late(connection: Connection, contract: str, before: Cycle) -> tuple[tuple[int, RatedCall], ...]:
    """Charged calls of cycles whose bill is closed without them, in call order."""
    closed = select(bill.c.cycle).where(bill.c.contract == contract, bill.c.cycle < str(before))
    return _calls(
        connection,
        rated_call.c.contract == contract,
        rated_call.c.bill.is_(None),
        rated_call.c.outcome == Outcome.RATED.value,
        rated_call.c.cycle.in_(closed),
    )


def unsettled(connection: Connection, contract: str, until: Cycle) -> int:
    """How many answered calls up to the end of that cycle wait to be rated and may be the contract's.

    They have no verdict at all, or one of the contract's that settled them before their record changed; but
    for those that a dispute keeps at their price.
    """
    unbilled = rated_call.c.bill.is_(None)
    stale = and_(rated_call.c.contract == contract, rated_call.c.outcome.in_(SETTLED), unbilled, ~_STANDS)
    asked = (
        select(call_record.c.id, call_record.c.raw)
        .outerjoin(rated_call, rated_call.c.record == call_record.c.id)
        .where(call_record.c.settled.is_(false()), or_(rated_call.c.record.is_(None), stale))
        .execution_options(yield_per=_AT_ONCE)
    )
    waiting = 0
    with connection.execute(asked) as found:
        for number, raw in found:
            record = cdr(number, raw) if _ANSWERED in raw else None
            if record is not None and record.disposition == "ANSWERED" and record.answer is not None:
                waiting += record.answer < until.end
    return waiting


_ANSWERED = b"ANSWERED"
"""What each line of an answered call says, of either kind; a line of Master.csv may be without quotes."""


def counts(connection: Connection) -> Mapping[str, int]:
    """How many records by outcome; each outcome is there, if only with 0."""
    asked = select(rated_call.c.outcome, func.count()).group_by(rated_call.c.outcome)
    found = {outcome.value: 0 for outcome in Outcome}
    found.update((row[0], row[1]) for row in connection.execute(asked))
    return found


def unpriced(connection: Connection, *, limit: int) -> tuple[tuple[Cdr, RatedCall], ...]:
    """The newest unrated records and those in review."""
    asked = (
        select(call_record.c.id, call_record.c.raw, *VERDICT)
        .join(rated_call, rated_call.c.record == call_record.c.id)
        .where(
            call_record.c.settled.is_(false()),
            or_(rated_call.c.outcome == Outcome.UNRATED.value, rated_call.c.outcome == Outcome.REVIEW.value),
        )
        .order_by(call_record.c.start.desc(), call_record.c.id.desc())
        .limit(limit)
    )
    return tuple((cdr(row[0], row[1]), verdict(row[2:])) for row in connection.execute(asked))


def _calls(connection: Connection, *conditions: Any) -> tuple[tuple[int, RatedCall], ...]:
    asked = (
        select(call_record.c.id, call_record.c.raw, *VERDICT)
        .join(rated_call, rated_call.c.record == call_record.c.id)
        .where(*conditions)
    )
    found: list[tuple[tuple[int, str, int], int, RatedCall]] = []
    for row in connection.execute(asked):
        record = cdr(row[0], row[1])
        order = record.answer or 0, record.uniqueid, record.sequence
        found.append((order, row[0], verdict(row[2:])))
    found.sort(key=lambda one: one[0])
    return tuple((number, call) for _, number, call in found)


def _row(record: int, call: RatedCall) -> dict[str, Any]:
    return {
        "record": record,
        "outcome": call.outcome.value,
        "reason": call.reason,
        "contract": call.contract,
        "version": call.version,
        "seat": call.seat,
        "direction": None if call.direction is None else call.direction.value,
        "other": call.other,
        "number_class": call.number_class,
        "zone": None if call.zone is None else call.zone.value,
        "day": call.day,
        "cycle": None if call.cycle is None else str(call.cycle),
        "microseconds": call.microseconds,
        "increments": call.increments,
        "rate": call.rate,
        "amount": call.amount,
    }


def verdict(row: Any) -> RatedCall:
    """The verdict from a row of the columns VERDICT."""
    values = {column.name: value for column, value in zip(VERDICT, row, strict=True)}
    values["outcome"] = Outcome(values["outcome"])
    for name, kind in (("direction", Direction), ("zone", Zone), ("cycle", Cycle.parse)):
        values[name] = None if values[name] is None else kind(values[name])
    return RatedCall(**values)
