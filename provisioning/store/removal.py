"""Records leave the ledger when their time is over; their sums and their keys stay (话单到期清理).

The sums prove the closed bills they stand on. The keys keep the same line, read once more, from being a new
call: `is_removed` is what a collector asks before it admits one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    update,
)

from pbx.cdr import SECOND
from provisioning.compliance.retention import Group, Known
from provisioning.core.call import Outcome
from provisioning.core.cycle import Cycle
from provisioning.flows.ports import RecordKey
from provisioning.store import batches, trail
from provisioning.store.insertion import insertion
from provisioning.store.portions import portions
from provisioning.store.tables import bill, call_record, contract, held_line, rated_call
from provisioning.store.tables_decisions import held_decision
from provisioning.store.tables_disputes import dispute, removed_calls, removed_record, removed_until
from provisioning.store.tables_witness import channel_life, seen_call

_SAME = ("contract", "cycle", "bill", "outcome", "direction", "zone", "rate")
"""What records have in common that are summed up together."""
_SUMMED = ("calls", "microseconds", "increments", "amount")


def groups(connection: Connection, until: Cycle) -> tuple[Group, ...]:
    """All records with a verdict up to that month, by contract and month.

    Of calls that nobody answered the month is that of their start; one that no clock was right for counts as
    the oldest. Asked contract by contract, as the index has them: where nothing is due nothing is read.
    """
    contracts = (*connection.execute(select(contract.c.id)).scalars(), None)
    found = (_of_contract(connection, one, until) for one in contracts)
    return tuple(group for groups_of_one in found for group in groups_of_one)


def _of_contract(connection: Connection, id: str | None, until: Cycle) -> Iterable[Group]:
    mine = _is(rated_call.c.contract, id)
    billed = rated_call.c.bill.is_not(None)
    same = (rated_call.c.version, rated_call.c.outcome)
    answered = (
        select(*same, rated_call.c.cycle, billed, func.count())
        .where(mine, rated_call.c.cycle <= str(until))
        .group_by(*same, rated_call.c.cycle, billed)
    )
    counts: dict[Group, int] = {}
    for version, outcome, cycle, on_bill, count in connection.execute(answered):
        one = _group(id, version, outcome, Cycle.parse(cycle), answered=True, billed=bool(on_bill))
        counts[one] = counts.get(one, 0) + count
    day = rated_call.c.day
    unanswered = (
        select(*same, day, func.count())
        .where(mine, rated_call.c.cycle.is_(None), or_(day <= until.last, day.is_(None)))
        .group_by(*same, day)
    )
    for version, outcome, on, count in connection.execute(unanswered):
        month = _OLDEST if on is None else Cycle.of(on)
        one = _group(id, version, outcome, month, answered=False, billed=False)
        counts[one] = counts.get(one, 0) + count
    return (replace(one, records=count) for one, count in counts.items())


_OLDEST = Cycle(1990, 1)
"""Where a record counts that no clock was right for: rating believes none before."""


def _group(
    id: str | None, version: int | None, outcome: str, month: Cycle, *, answered: bool, billed: bool
) -> Group:
    return Group(
        contract=id,
        version=version,
        month=month,
        answered=answered,
        outcome=Outcome(outcome),
        billed=billed,
    )


def _is(column: ColumnElement[Any], value: object) -> ColumnElement[bool]:
    """Equal, or empty as the other: written so that an index is used on both databases."""
    return column.is_(None) if value is None else column == value


def unrated(connection: Connection, until: Cycle) -> int:
    """How many records up to that month have no verdict at all."""
    asked = (
        select(func.count())
        .select_from(call_record.outerjoin(rated_call, rated_call.c.record == call_record.c.id))
        .where(
            call_record.c.settled.is_(false()),
            call_record.c.start < until.end,
            rated_call.c.record.is_(None),
        )
    )
    return int(connection.execute(asked).scalar_one())


def known(connection: Connection) -> Known:
    """Which contracts' months have a closed bill, and which an open dispute."""
    open_ = select(dispute.c.contract, dispute.c.cycle).where(dispute.c.closed_at.is_(None))
    return Known(
        disputed=_pairs(connection.execute(open_)),
        closed=_pairs(connection.execute(select(bill.c.contract, bill.c.cycle))),
    )


def _pairs(rows: Iterable[Any]) -> frozenset[tuple[str, Cycle]]:
    return frozenset((contract, Cycle.parse(cycle)) for contract, cycle in rows)


def remove(connection: Connection, group: Group, *, limit: int, at: datetime, who: str) -> int:
    """Removes up to so many records of a group; none where a dispute was opened meanwhile."""
    keys = (call_record.c.id, call_record.c.switch, call_record.c.uniqueid, call_record.c.sequence)
    figures = (rated_call.c.microseconds, rated_call.c.increments, rated_call.c.amount)
    same = tuple(rated_call.c[name] for name in _SAME if name != "cycle")
    asked = (
        select(*keys, call_record.c.start, *figures, *same)
        .join(rated_call, rated_call.c.record == call_record.c.id)
        .where(*_of(group), ~_disputed(group))
        .limit(limit)
    )
    rows = connection.execute(asked).all()
    if not rows:
        return 0
    _sum_up(connection, group.month, rows, at)
    _keep_keys(connection, rows)
    ids = [row.id for row in rows]
    for some in portions(ids):
        connection.execute(delete(rated_call).where(rated_call.c.record.in_(some)))
    batches.remove(connection, ids)
    events = _forget_events(connection, rows)
    detail: dict[str, Any] = {"cycle": str(group.month), "outcome": group.outcome.value}
    detail |= {"records": len(rows), "events": events}
    detail |= {"amount": f"{sum((row.amount for row in rows), Decimal(0)):f}"}
    subject = group.contract or "nobody's"
    trail.note(connection, event="records-removed", subject=subject, detail=detail, at=at, who=who)
    return len(rows)


def _of(group: Group) -> tuple[ColumnElement[bool], ...]:
    same = (
        _is(rated_call.c.contract, group.contract),
        _is(rated_call.c.version, group.version),
        rated_call.c.outcome == group.outcome.value,
        rated_call.c.bill.is_not(None) if group.billed else rated_call.c.bill.is_(None),
    )
    if group.answered:
        return (*same, rated_call.c.cycle == str(group.month))
    day = rated_call.c.day
    within = day.between(group.month.first, group.month.last)
    timeless = day.is_(None) if group.month == _OLDEST else false()
    return (*same, rated_call.c.cycle.is_(None), or_(within, timeless))


def _disputed(group: Group) -> ColumnElement[bool]:
    open_ = (dispute.c.closed_at.is_(None), dispute.c.contract == group.contract)
    return exists().where(*open_, dispute.c.cycle == str(group.month))


def _sum_up(connection: Connection, month: Cycle, rows: Sequence[Any], at: datetime) -> None:
    """Adds what the records came to to the sums of those removed before."""
    sums: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows:
        key = tuple(str(month) if name == "cycle" else getattr(row, name) for name in _SAME)
        one = sums.setdefault(key, [0, 0, 0, Decimal(0)])
        for place, more in enumerate((1, row.microseconds, row.increments, row.amount)):
            one[place] += more
    for key, figures in sums.items():
        same = dict(zip(_SAME, key, strict=True))
        here = [removed_calls.c[name].is_not_distinct_from(value) for name, value in same.items()]
        there = connection.execute(select(removed_calls).where(*here)).first()
        added = dict(zip(_SUMMED, figures, strict=True))
        if there is None:
            connection.execute(insert(removed_calls).values(**same, **added, removed_at=at))
            continue
        added = {name: getattr(there, name) + more for name, more in added.items()}
        this = removed_calls.c.id == there.id
        connection.execute(update(removed_calls).where(this).values(**added, removed_at=at))


def _keep_keys(connection: Connection, rows: Sequence[Any]) -> None:
    connection.execute(
        insertion(connection, removed_record).on_conflict_do_nothing(),
        [{"switch": row.switch, "uniqueid": row.uniqueid, "sequence": row.sequence} for row in rows],
    )
    latest: dict[str, int] = {}
    for row in rows:
        latest[row.switch] = max(row.start, latest.get(row.switch, row.start))
    made = insertion(connection, removed_until)
    later = made.excluded.start > removed_until.c.start
    connection.execute(
        made.on_conflict_do_update(
            index_elements=["switch"], set_={"start": made.excluded.start}, where=later
        ),
        [{"switch": switch, "start": start} for switch, start in latest.items()],
    )


def _forget_events(connection: Connection, rows: Sequence[Any]) -> int:
    """What events and AMI told of the same calls goes with the last of their records, and so does the text
    of their lines in quarantine that somebody has decided on; how many events it was."""
    by_switch: dict[str, set[str]] = {}
    for row in rows:
        by_switch.setdefault(row.switch, set()).add(row.uniqueid)
    gone = 0
    for switch, uniqueids in by_switch.items():
        for some in portions(tuple(uniqueids)):
            of_call = or_(channel_life.c.uniqueid.in_(some), channel_life.c.linkedid.in_(some))
            of_it = and_(channel_life.c.switch == switch, of_call, ~_has_record(channel_life))
            lives = delete(channel_life).where(of_it)
            seen = delete(seen_call).where(seen_call.c.switch == switch, seen_call.c.uniqueid.in_(some))
            gone += connection.execute(lives).rowcount + connection.execute(seen).rowcount
            lines = and_(held_line.c.switch == switch, held_line.c.uniqueid.in_(some), _decided())
            connection.execute(update(held_line).where(lines).values(raw=b""))
    return gone


def _decided() -> ColumnElement[bool]:
    """Whether somebody has decided on a line in quarantine."""
    return exists().where(held_decision.c.line == held_line.c.id)


def until(connection: Connection, switch: str) -> int | None:
    """By when the latest call had begun of those removed, in microseconds; None where none was removed. What
    began later needs no further look. To the end of that second: another source may tell it more exactly."""
    asked = select(removed_until.c.start).where(removed_until.c.switch == switch)
    found: int | None = connection.execute(asked).scalar()
    return None if found is None else found // SECOND * SECOND + SECOND - 1


def removed_of(connection: Connection, switch: str, keys: Collection[RecordKey]) -> frozenset[RecordKey]:
    """Those of the keys whose records were removed: they are known, and are no new calls."""
    wanted = frozenset(keys)
    found: set[RecordKey] = set()
    for some in portions(tuple({uniqueid for uniqueid, _ in wanted})):
        asked = select(removed_record.c.uniqueid, removed_record.c.sequence).where(
            removed_record.c.switch == switch, removed_record.c.uniqueid.in_(some)
        )
        found.update((uniqueid, sequence) for uniqueid, sequence in connection.execute(asked))
    return wanted & found


def remove_others(
    connection: Connection, month: Cycle, *, at: datetime, who: str, dry: bool
) -> tuple[int, int]:
    """Removes what events told of calls of up to that month, and the text of lines that came into quarantine
    by then and that somebody has decided on; how many of each. What nobody has decided on stays.

    Of such a line its digest stays, so that it is known when it is read once more.
    """
    end = month.end
    old_events = [
        (table, and_(table.c.began < end, ~_has_record(table))) for table in (channel_life, seen_call)
    ]
    old_lines = and_(held_line.c.held_at < _moment(end), held_line.c.raw != b"", _decided())
    if dry:
        events = sum(_count(connection, table, old) for table, old in old_events)
        return events, _count(connection, held_line, old_lines)
    events = sum(connection.execute(delete(table).where(old)).rowcount for table, old in old_events)
    lines = connection.execute(update(held_line).where(old_lines).values(raw=b"")).rowcount
    if events or lines:
        detail = {"until": str(month), "events": events, "held_lines": lines}
        trail.note(connection, event="events-removed", subject="all", detail=detail, at=at, who=who)
    return events, lines


def _has_record(table: Table) -> ColumnElement[bool]:
    """Whether the record of what events told is still there: then they go with it."""
    own = and_(call_record.c.uniqueid == table.c.uniqueid, call_record.c.switch == table.c.switch)
    return exists().where(own)


def _count(connection: Connection, table: Table, which: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(which)).scalar_one())


def _moment(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC)
