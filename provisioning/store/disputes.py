"""Disputes: opened, closed, and their credits put on a bill (争议)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, insert, or_, select, update

from provisioning.core.cycle import Cycle
from provisioning.core.dispute import About, CallFound, Closing, Dispute, Result, masked
from provisioning.flows.errors import ChangedMeanwhile, FlowError
from provisioning.flows.settle_dispute import Opening
from provisioning.store import rated, recordings, trail
from provisioning.store.portions import portions
from provisioning.store.rated import VERDICT, verdict
from provisioning.store.tables import bill, call_record, rated_call, recording
from provisioning.store.tables_disputes import dispute, removed_calls

OPEN = dispute.c.closed_at.is_(None)
_OWN = and_(call_record.c.uniqueid == recording.c.uniqueid, call_record.c.switch == recording.c.switch)
"""Whether a record is of a recorded call."""
_ABOUT = ("zone", "record", "number", "item")


def find(
    connection: Connection, contract: str | None, ids: Sequence[int] | None = None
) -> tuple[Dispute, ...]:
    """The disputes of one contract or of all, or those of these numbers, in the order they were opened."""
    asked = select(dispute, bill.c.cycle.label("billed")).outerjoin(bill, bill.c.id == dispute.c.bill)
    if contract is not None:
        asked = asked.where(dispute.c.contract == contract)
    if ids is not None:
        asked = asked.where(dispute.c.id.in_(ids))
    return tuple(_dispute(row) for row in connection.execute(asked.order_by(dispute.c.id)))


def open_(
    connection: Connection, openings: Sequence[Opening], why: str, *, at: datetime, who: str
) -> tuple[Dispute, ...]:
    """Opens each, keeps the recordings of its calls, and notes it in the audit.

    FlowError where one about just that is open already: who opens it twice would be paid twice.
    """
    made = []
    for one in openings:
        about = {name: getattr(one.about, name) for name in _ABOUT}
        row = {"contract": one.contract, "cycle": str(one.cycle), **about}
        same = [dispute.c[name].is_not_distinct_from(value) for name, value in row.items()]
        known = connection.execute(select(dispute.c.id).where(OPEN, *same)).scalar()
        if known is not None:
            raise FlowError(
                f"dispute {known} is open already about {one.about} of {one.contract} in {one.cycle}; "
                "nothing was opened"
            )
        row |= {"why": why, "opened_at": at, "opened_by": who, "calls": one.calls, "amount": one.amount}
        key = connection.execute(insert(dispute).values(**row)).inserted_primary_key
        assert key is not None
        made.append(key[0])
        _hold(connection, key[0], one.records, at=at, who=who)
        said = one.about.for_the_audit
        detail: dict[str, Any] = {"cycle": str(one.cycle), "about": said, "why": why}
        detail |= {"calls": one.calls, "amount": f"{one.amount:f}"}
        _note(connection, "dispute-opened", key[0], one.contract, detail, at=at, who=who)
    return find(connection, None, made)


def close(
    connection: Connection,
    closed: Dispute,
    how: Closing,
    *,
    held: Mapping[int, Sequence[int]],
    calls: int,
    amount: Decimal,
) -> Dispute:
    """Closes a dispute, lets go of its recordings but for those that others of `held` still keep, by their
    number, and notes it.

    ChangedMeanwhile where somebody else has closed it.
    """
    done = connection.execute(
        update(dispute)
        .where(dispute.c.id == closed.id, OPEN)
        .values(
            closed_at=how.at,
            closed_by=how.who,
            result=how.result.value,
            closed_why=how.why,
            credit=how.credit,
            calls=calls,
            amount=amount,
        )
    )
    if done.rowcount != 1:
        raise ChangedMeanwhile(f"dispute {closed.id}: somebody else has closed it meanwhile")
    mine = select(recording.c.id).where(recording.c.held == _held_for(closed.id))
    kept = tuple(connection.execute(mine).scalars())
    recordings.hold(connection, kept, None, at=how.at, who=how.who)
    for other, records in held.items():
        _hold(connection, other, records, at=how.at, who=how.who)
    detail = {"cycle": str(closed.cycle), "result": how.result.value, "why": how.why}
    detail |= {"amount": f"{amount:f}", "credit": f"{how.credit:f}"}
    _note(connection, "dispute-closed", closed.id, closed.contract, detail, at=how.at, who=how.who)
    return find(connection, None, [closed.id])[0]


def put_on_bill(connection: Connection, credits: Mapping[int, Decimal], bill_id: int) -> None:
    """Notes on which bill the credits of these disputes stand; ChangedMeanwhile where one stands on another
    by now, or is another amount."""
    for number, amount in credits.items():
        waits = (dispute.c.id == number, dispute.c.bill.is_(None), dispute.c.credit == amount)
        if connection.execute(update(dispute).where(*waits).values(bill=bill_id)).rowcount != 1:
            raise ChangedMeanwhile(
                f"the credit of dispute {number} has changed meanwhile. Nothing was closed; try again."
            )


def calls_of(connection: Connection, contract: str, cycle: Cycle) -> tuple[CallFound, ...]:
    """A contract's calls of a month in call order, with their keys and the bill each stands on."""
    keys = (call_record.c.id, call_record.c.switch, call_record.c.uniqueid, call_record.c.sequence)
    asked = (
        select(*keys, call_record.c.start, bill.c.cycle, *VERDICT)
        .join(rated_call, rated_call.c.record == call_record.c.id)
        .outerjoin(bill, bill.c.id == rated_call.c.bill)
        .where(rated_call.c.contract == contract, rated_call.c.cycle == str(cycle))
    )
    in_order = rated.of_cycle(connection, contract, cycle)
    order = {record: place for place, (record, _) in enumerate(in_order)}
    found = [
        CallFound(
            record=row[0],
            switch=row[1],
            uniqueid=row[2],
            sequence=row[3],
            start=row[4],
            billed=None if row[5] is None else Cycle.parse(row[5]),
            call=verdict(row[6:]),
        )
        for row in connection.execute(asked)
    ]
    return tuple(sorted(found, key=lambda one: order[one.record]))


def cycles_of(connection: Connection, contract: str, uniqueid: str | None, record: int | None) -> list[Cycle]:
    """The months in which a contract has calls; with a key only those of that call."""
    asked = select(rated_call.c.cycle).distinct().where(rated_call.c.contract == contract)
    if uniqueid is not None or record is not None:
        asked = asked.join(call_record, call_record.c.id == rated_call.c.record)
        asked = asked.where(or_(call_record.c.uniqueid == uniqueid, call_record.c.id == record))
    asked = asked.where(rated_call.c.cycle.is_not(None))
    return sorted(Cycle.parse(cycle) for cycle in connection.execute(asked).scalars())


def was_removed(connection: Connection, contract: str, cycle: Cycle) -> int:
    """How many of a contract's records of that month are gone, because their time was over."""
    mine = (removed_calls.c.contract == contract, removed_calls.c.cycle == str(cycle))
    return sum(connection.execute(select(removed_calls.c.calls).where(*mine)).scalars())


def mask_removed(connection: Connection) -> None:
    """Of a number that a decided dispute was about only the end stays, once the month's calls are removed."""
    left, gone = (
        exists().where(table.c.contract == dispute.c.contract, table.c.cycle == dispute.c.cycle)
        for table in (rated_call, removed_calls)
    )
    asked = select(dispute.c.id, dispute.c.number).where(dispute.c.number.is_not(None), ~OPEN, gone, ~left)
    for number, about in connection.execute(asked).all():
        changed = update(dispute).where(dispute.c.id == number)
        connection.execute(changed.values(number=masked(about)))


def _hold(connection: Connection, number: int, records: Sequence[int], *, at: datetime, who: str) -> None:
    """Keeps the recordings of these calls that nobody keeps yet."""
    found: list[int] = []
    for some in portions(tuple(records)):
        asked = select(recording.c.id).distinct().join(call_record, _OWN)
        free = (recording.c.held.is_(None), recording.c.removed_at.is_(None), call_record.c.id.in_(some))
        found += connection.execute(asked.where(*free)).scalars()
    recordings.hold(connection, found, _held_for(number), at=at, who=who)


def hold_due(connection: Connection, due: Sequence[ColumnElement[bool]], *, at: datetime, who: str) -> None:
    """Keeps those of the recordings whose time is over that are of disputed calls: a call that came after its
    dispute was opened is one too."""
    asked = (
        select(dispute.c.id, recording.c.id)
        .distinct()
        .select_from(recording)
        .join(call_record, _OWN)
        .join(rated_call, rated_call.c.record == call_record.c.id)
        .join(dispute, and_(rated.DISPUTED, OPEN))
        .where(*due)
        .order_by(dispute.c.id)
    )
    first = {one: number for number, one in reversed(connection.execute(asked).all())}
    for number in sorted(set(first.values())):
        kept = [one for one, holder in first.items() if holder == number]
        recordings.hold(connection, kept, _held_for(number), at=at, who=who)


def _held_for(number: int) -> str:
    return f"dispute {number}"


def _note(
    connection: Connection,
    event: str,
    number: int,
    contract: str,
    detail: Mapping[str, Any],
    *,
    at: datetime,
    who: str,
) -> None:
    told = {"dispute": number, **detail}
    trail.note(connection, event=event, subject=contract, detail=told, at=at, who=who)


def _dispute(row: Any) -> Dispute:
    closing = None
    if row.closed_at is not None:
        closing = Closing(
            result=Result(row.result),
            why=row.closed_why,
            at=row.closed_at,
            who=row.closed_by,
            credit=row.credit,
            billed=None if row.billed is None else Cycle.parse(row.billed),
        )
    return Dispute(
        id=row.id,
        contract=row.contract,
        cycle=Cycle.parse(row.cycle),
        about=About(**{name: getattr(row, name) for name in _ABOUT}),
        why=row.why,
        at=row.opened_at,
        who=row.opened_by,
        calls=row.calls,
        amount=row.amount,
        closing=closing,
    )
