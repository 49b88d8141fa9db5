"""Lines in quarantine and what was decided of them (隔离话单台账)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, insert, select, update

from pbx.cdr import Cdr
from provisioning.flows.decide_held import Decision, Held, Standing, State, Wanted, check_free, in_its_place
from provisioning.flows.ports import Batch, HeldLine, RecordKey, SourceState
from provisioning.store import batches, rated, records, trail
from provisioning.store.tables import bill, call_record, held_line, rated_call
from provisioning.store.tables_decisions import held_decision
from provisioning.store.tables_disputes import dispute
from provisioning.store.values import sha256

REMOVED = "removed"
"""What `records.write` says of a call whose record was removed when its time was over: not held anew."""
_LAST = (
    select(held_decision.c.line, func.max(held_decision.c.id).label("last"))
    .group_by(held_decision.c.line)
    .subquery()
)


def lines(connection: Connection, wanted: Wanted) -> tuple[Held, ...]:
    """Those that are wanted, the newest last."""
    asked = _asked(wanted, held_line, held_decision.c.state).order_by(held_line.c.id)
    if wanted.limit is not None:
        asked = asked.limit(wanted.limit)
    return tuple(_held(row) for row in connection.execute(asked))


def total(connection: Connection, wanted: Wanted) -> int:
    """How many are wanted, whatever the limit."""
    return int(connection.execute(_asked(wanted, func.count())).scalar_one())


def _asked(wanted: Wanted, *columns: Any) -> Select[Any]:
    asked = (
        select(*columns)
        .select_from(held_line)
        .outerjoin(_LAST, _LAST.c.line == held_line.c.id)
        .outerjoin(held_decision, held_decision.c.id == _LAST.c.last)
    )
    which: list[ColumnElement[bool]] = []
    if wanted.ids:
        which.append(held_line.c.id.in_(wanted.ids))
    elif not wanted.decided:
        which.append(held_decision.c.id.is_(None))
    for name in ("switch", "code", "path"):
        value = getattr(wanted, name)
        if value is not None:
            which.append(held_line.c[name] == value)
    return asked.where(*which)


def decisions(connection: Connection, line: int) -> tuple[Decision, ...]:
    asked = select(held_decision).where(held_decision.c.line == line).order_by(held_decision.c.id)
    return tuple(
        Decision(state=State(row.state), why=row.why, at=row.at, who=row.who)
        for row in connection.execute(asked)
    )


def standing(connection: Connection, switch: str, key: RecordKey) -> tuple[Standing, ...]:
    """The call records of that key: this switch's first, then those of others."""
    about_it = select(func.min(dispute.c.id)).where(rated.DISPUTED, rated.UNDECIDED).correlate(rated_call)
    names = (call_record.c.id, call_record.c.switch, call_record.c.raw, bill.c.contract, bill.c.cycle)
    asked = (
        select(*names, about_it.scalar_subquery().label("dispute"))
        .outerjoin(rated_call, rated_call.c.record == call_record.c.id)
        .outerjoin(bill, bill.c.id == rated_call.c.bill)
        .where(call_record.c.uniqueid == key[0], call_record.c.sequence == key[1])
    )
    found = [
        Standing(
            id=row.id,
            switch=row.switch,
            record=records.cdr(row.id, row.raw),
            bill=None if row.cycle is None else f"{row.contract} {row.cycle}",
            dispute=row.dispute,
        )
        for row in connection.execute(asked)
    ]
    return tuple(sorted(found, key=lambda one: (one.switch != switch, one.id)))


def admit(connection: Connection, line: Held, batch: Batch, decision: Decision) -> State:
    """Writes what the line was found to hold. Where it is held again, as a conflict say, it stays open, and
    says why it is held now."""
    refused = records.write(connection, batch, at=decision.at)
    again = next((one for one in (*batch.held, *refused) if one.raw == line.raw), None)
    if again is not None:
        if again.code == REMOVED:
            known = replace(decision, state=State.KNOWN, why=again.reason)
            _decide(connection, line, known)
            return known.state
        if again.code != line.code:
            _say_why(connection, line.id, again)
        return State.OPEN
    _decide(connection, line, decision)
    return decision.state


def release(connection: Connection, line: Held, record: Cdr, decision: Decision) -> None:
    """Makes the line's record that of its key; what stood there before is in quarantine from now on.

    FlowError where that is on a closed bill, or a dispute is about it.
    """
    place = _place(line)
    found = standing(connection, line.switch, (record.uniqueid, record.sequence))
    former = in_its_place(found, line.switch, record)
    if former is None:
        records.write(connection, Batch(source=place, new=(record,)), at=decision.at)
    else:
        check_free(line.id, former)
        _take_place(connection, line, record, former, decision)
    _decide(connection, line, decision)


def _take_place(
    connection: Connection, line: Held, record: Cdr, former: Standing, decision: Decision
) -> None:
    """The same row goes on with the other payload, to be rated again; the former one is kept."""
    row = connection.execute(
        select(call_record.c.batch, call_record.c.raw).where(call_record.c.id == former.id)
    ).one()
    batches.take_out(connection, {row.batch: batches.lines_of((row.raw,))})
    number = batches.note(
        connection,
        _place(line),
        "",
        None,
        batches.lines_of((record.raw,)),
        earliest=min(record.start, former.record.start),
        at=decision.at,
    )
    connection.execute(
        update(call_record)
        .where(call_record.c.id == former.id)
        .values(
            switch=line.switch,
            batch=number,
            start=record.start,
            raw=record.raw,
            seen="json" if record.exact else "csv",
            settled=False,
        )
    )
    key = (record.uniqueid, record.sequence)
    reason = f"it was the call record of the key {key[0]}, {key[1]} until line {line.id} was released"
    kept = HeldLine(offset=0, raw=row.raw, code="conflict", reason=reason, key=key)
    source = _place(line, switch=former.switch)
    records.hold(connection, source, (kept,), at=decision.at)
    there = connection.execute(
        select(held_line).where(held_line.c.switch == former.switch, held_line.c.sha256 == sha256(row.raw))
    ).one()
    why = f"line {line.id} was released in its place: {decision.why}"
    replaced = Decision(state=State.REPLACED, why=why, at=decision.at, who=decision.who)
    _decide(connection, _held_of(there), replaced)


def void(connection: Connection, wanted: Sequence[Held], decision: Decision) -> None:
    for line in wanted:
        _decide(connection, line, decision)


def _decide(connection: Connection, line: Held, decision: Decision) -> None:
    """Adds the decision, with its line in the audit: no number of anybody stands in it."""
    row = {
        "line": line.id,
        "state": decision.state.value,
        "why": decision.why,
        "at": decision.at,
        "who": decision.who,
    }
    connection.execute(insert(held_decision).values(**row))
    trail.note(
        connection,
        event=f"held-line-{decision.state.value}",
        subject=f"held line {line.id}",
        detail={
            "switch": line.switch,
            "path": line.path,
            "offset": line.offset,
            "code": line.code,
            "sha256": sha256(line.raw).hex(),
            "why": decision.why,
        },
        at=decision.at,
        who=decision.who,
    )


def _say_why(connection: Connection, line: int, again: HeldLine) -> None:
    connection.execute(
        update(held_line)
        .where(held_line.c.id == line)
        .values(
            code=again.code,
            reason=again.reason,
            uniqueid=None if again.key is None else again.key[0],
            sequence=None if again.key is None else again.key[1],
        )
    )


def _place(line: Held, *, switch: str | None = None) -> SourceState:
    return SourceState(
        switch=switch or line.switch,
        path=line.path,
        inode=0,
        offset=line.offset,
        prefix_length=0,
        prefix_sha256="",
        tail_sha256="",
    )


def _held(row: Row[Any]) -> Held:
    return _held_of(row, State.OPEN if row.state is None else State(row.state))


def _held_of(row: Row[Any], state: State = State.OPEN) -> Held:
    return Held(
        id=row.id,
        switch=row.switch,
        path=row.path,
        offset=row.offset,
        raw=row.raw,
        code=row.code,
        reason=row.reason,
        key=None if row.uniqueid is None else (row.uniqueid, row.sequence),
        held_at=row.held_at,
        state=state,
    )


def open_count(connection: Connection) -> int:
    """How many lines wait for somebody to decide."""
    decided = select(held_decision.c.line)
    asked = select(func.count()).select_from(held_line).where(held_line.c.id.not_in(decided))
    return int(connection.execute(asked).scalar_one())
