"""What channel events tell of calls, and whether it agrees with their records (通道事件入库)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, select, true, update

from pbx.life import Life
from provisioning.charging.doubt import Testimony, doubt_of
from provisioning.core.call import Outcome
from provisioning.flows.collect_events import EventState
from provisioning.flows.ports import SourceState
from provisioning.store import trail
from provisioning.store.insertion import insertion
from provisioning.store.portions import portions, streamed
from provisioning.store.records import cdr
from provisioning.store.tables import call_record, rated_call
from provisioning.store.tables_witness import channel_life, event_source, settled_call

_LIFE = tuple(field.name for field in fields(Life))
_COLUMNS = tuple(channel_life.c[name] for name in _LIFE)
_AT_ONCE = 2000
ON_A_BILL = "doubted-on-closed-bill"
"""The audit's word for a call that was billed before its channel's events were read."""


def event_state(connection: Connection, switch: str, path: str) -> EventState | None:
    asked = select(event_source).where(event_source.c.switch == switch, event_source.c.path == path)
    row = connection.execute(asked).first()
    if row is None:
        return None
    return EventState(
        source=SourceState(**row.state),
        last=row.last,
        top=None if row.top_second is None else (row.top_second, row.top_number),
        broken=row.broken,
    )


def open_lives(connection: Connection, switch: str) -> dict[str, Life]:
    """The channels of a switch that may live still."""
    asked = select(*_COLUMNS).where(channel_life.c.open.is_(true()), channel_life.c.switch == switch)
    return {row.uniqueid: _life(row) for row in connection.execute(asked)}


def lives(connection: Connection, switch: str, uniqueids: Collection[str]) -> dict[str, Life]:
    """Those of the channels that are known."""
    wanted = channel_life.c.uniqueid.in_(bindparam("some", expanding=True))
    asked = select(*_COLUMNS).where(channel_life.c.switch == switch, wanted)
    return {
        row.uniqueid: _life(row)
        for some in portions(tuple(uniqueids))
        for row in connection.execute(asked, {"some": some})
    }


def witness(
    connection: Connection, switch: str, told: Sequence[Life], state: EventState, *, at: datetime
) -> int:
    """Writes what is known of these channels and how far their file was read, in one transaction."""
    made = insertion(connection, channel_life)
    changing = [name for name in (*_LIFE, "open") if name != "uniqueid"]
    kept = made.on_conflict_do_update(
        index_elements=["switch", "uniqueid"], set_={name: made.excluded[name] for name in changing}
    )
    for some in streamed(told, _AT_ONCE):
        rows = [
            {name: getattr(one, name) for name in _LIFE} | {"switch": switch, "open": one.open}
            for one in some
        ]
        connection.execute(kept, rows)
    _move(connection, switch, state, at=at)
    return _send_back(connection, switch, told, at=at)


def _move(connection: Connection, switch: str, state: EventState, *, at: datetime) -> None:
    second, number = state.top or (None, None)
    row = {
        "switch": switch,
        "path": state.source.path,
        "state": asdict(state.source),
        "last": state.last,
        "top_second": second,
        "top_number": number,
        "broken": state.broken,
        "collected_at": at,
    }
    made = insertion(connection, event_source).values(**row)
    set_ = {name: made.excluded[name] for name in row if name not in ("switch", "path")}
    connection.execute(made.on_conflict_do_update(index_elements=["switch", "path"], set_=set_))


def _send_back(connection: Connection, switch: str, told: Sequence[Life], *, at: datetime) -> int:
    """Has records rated again that were priced before their channel was known and that it contradicts."""
    final = {one.uniqueid: one for one in told if not one.open or one.stepped}
    doubted: list[int] = []
    for some in portions(tuple(final)):
        asked = (
            select(call_record.c.id, call_record.c.uniqueid, call_record.c.raw, rated_call.c.bill, _ALONE)
            .join(rated_call, rated_call.c.record == call_record.c.id)
            .outerjoin(settled_call, _SETTLED)
            .where(
                call_record.c.switch == switch,
                call_record.c.uniqueid.in_(some),
                call_record.c.settled.is_(true()),
                rated_call.c.outcome == Outcome.RATED.value,
                settled_call.c.switch.is_(None),
            )
        )
        for number, uniqueid, raw, bill, others in connection.execute(asked):
            why = doubt_of(cdr(number, raw), final[uniqueid], alone=others == 1)
            if why is None:
                continue
            if bill is None:
                doubted.append(number)
            else:
                subject, detail = f"call record {number}", {"bill": bill, "why": why}
                trail.note(connection, event=ON_A_BILL, subject=subject, detail=detail, at=at, who="collect")
    for numbers in portions(doubted):
        connection.execute(update(call_record).where(call_record.c.id.in_(numbers)).values(settled=False))
    return len(doubted)


def testimonies(connection: Connection, records: Iterable[int]) -> dict[int, Testimony]:
    """What is known of these records beside themselves: their channel's life, and what a person decided."""
    columns = (call_record.c.id, _ALONE, settled_call.c.billed, settled_call.c.why)
    asked = (
        select(*columns, *_COLUMNS)
        .outerjoin(
            channel_life,
            and_(
                channel_life.c.switch == call_record.c.switch,
                channel_life.c.uniqueid == call_record.c.uniqueid,
            ),
        )
        .outerjoin(settled_call, _SETTLED)
        .where(call_record.c.id.in_(bindparam("some", expanding=True)))
        .where(channel_life.c.id.is_not(None) | settled_call.c.switch.is_not(None))
    )
    found: dict[int, Testimony] = {}
    for some in portions(tuple(records)):
        for row in connection.execute(asked, {"some": some}):
            number, others, billed, why = row[:4]
            life = None if row[4] is None else Life(**dict(zip(_LIFE, row[4:], strict=True)))
            found[number] = Testimony(life=life, alone=others == 1, billed=billed, why=why)
    return found


def is_any(connection: Connection) -> bool:
    """Whether there is anything beside the records at all."""
    return any(
        connection.execute(select(table).limit(1)).first() is not None
        for table in (channel_life, settled_call)
    )


_SIBLING = call_record.alias("sibling")
_ALONE = (
    select(func.count())
    .select_from(_SIBLING)
    .where(_SIBLING.c.switch == call_record.c.switch, _SIBLING.c.uniqueid == call_record.c.uniqueid)
    .scalar_subquery()
    .label("others")
)
_SETTLED = and_(
    settled_call.c.switch == call_record.c.switch,
    settled_call.c.uniqueid == call_record.c.uniqueid,
    settled_call.c.sequence == call_record.c.sequence,
)


def _life(row: Row[Any]) -> Life:
    return Life(**{name: row._mapping[name] for name in _LIFE})
