"""Calls that only some sources know of, as SQL finds them (来源核对查询)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
    true,
    union,
)

from pbx.cdr import SECOND
from provisioning.charging.doubt import BY_EVENTS
from provisioning.core.call import Outcome
from provisioning.flows.ports import RecordKey
from provisioning.flows.reconcile_sources import Finding, What, shown
from provisioning.store.portions import portions
from provisioning.store.records import cdr
from provisioning.store.source_kinds import known_before, seen
from provisioning.store.tables import call_record, call_source, held_line, rated_call
from provisioning.store.tables_witness import channel_life, event_source, seen_call, settled_call

OVERDUE = timedelta(hours=4)
"""A channel that lives so long is looked at by a person."""
ANY = -1
"""The sequence of whoever asks for any record of a channel."""
LEGS = 8
"""Channels of a call that are looked at, one with another, for telling who called whom."""


def odd(
    connection: Connection, switch: str, what: What, *, since: datetime, until: datetime, most: int
) -> tuple[Sequence[Finding], int]:
    """Those of one kind that nobody has settled: the first `most`, and how many there are."""
    first, last = _micros(since), _micros(until)
    match what:
        case What.MISSING:
            return _without_record(connection, switch, first, last, most, open_=False)
        case What.OPEN:
            late = min(last, _micros(until - OVERDUE))
            return _without_record(connection, switch, first, late, most, open_=True)
        case What.UNRECORDED:
            return _unrecorded(connection, switch, first, last, most)
        case What.DOUBTED:
            return _doubted(connection, switch, first, most)
        case What.ONE_SOURCE:
            return _lost_by_one(connection, switch, first, last, most)


def switches(connection: Connection) -> frozenset[str]:
    """All that the ledger has records, events or seen calls of."""
    named = (select(table.c.switch).distinct() for table in (call_source, event_source, seen_call))
    return frozenset(connection.execute(union(*named)).scalars())


def recorded(connection: Connection, switch: str, keys: Iterable[RecordKey]) -> frozenset[RecordKey]:
    """Those of the calls that the ledger has a record of; sequence -1 is any record of that channel."""
    c = call_record.c
    wanted = frozenset(keys)
    asked = select(c.uniqueid, c.sequence).where(
        c.switch == switch, c.uniqueid.in_(bindparam("some", expanding=True))
    )
    known: set[RecordKey] = set()
    for some in portions(sorted({uniqueid for uniqueid, _ in wanted})):
        for uniqueid, sequence in connection.execute(asked, {"some": some}):
            known |= {(uniqueid, sequence), (uniqueid, ANY)}
    return wanted & known


def _without_record(
    connection: Connection, switch: str, first: int, last: int, most: int, *, open_: bool
) -> tuple[Sequence[Finding], int]:
    """Channels of calls that nobody has a record of, told call by call: all of it ended, or not all of it."""
    life = channel_life.c
    other = channel_life.alias()
    of_call = and_(other.c.switch == life.switch, other.c.linkedid == life.linkedid)
    has_record = exists().where(
        of_call, call_record.c.switch == other.c.switch, call_record.c.uniqueid == other.c.uniqueid
    )
    lives_still = life.linkedid.in_(
        select(other.c.linkedid).where(other.c.switch == switch, other.c.open.is_(true()))
    )  # few: they are found first
    ends_late = exists().where(of_call, other.c.heard > last)
    asked = (
        select(channel_life)
        .where(life.switch == switch, life.began >= first, life.began <= last)
        .where(~_record_of(life.switch, life.linkedid), ~has_record, ~_held(life.switch, life.linkedid))
        .where(~_is_settled(life.switch, life.linkedid, -1))
        .where(lives_still if open_ else and_(~lives_still, ~ends_late))
        .order_by(life.began, life.id)
    )
    calls: dict[str, list[Any]] = {}
    for row in connection.execute(asked.limit(most * LEGS)):
        calls.setdefault(row.linkedid, []).append(row)
    some = list(calls.items())[:most]
    count = len(calls)
    if sum(map(len, calls.values())) == most * LEGS:  # there may be more
        all_ = asked.order_by(None).subquery()
        count = connection.execute(select(func.count(all_.c.linkedid.distinct()))).scalar_one()
    what = What.OPEN if open_ else What.MISSING
    return tuple(_call(switch, what, linkedid, own) for linkedid, own in some), int(count)


def _call(switch: str, what: What, linkedid: str, own: Sequence[Any]) -> Finding:
    head = next((row for row in own if row.uniqueid == linkedid), own[0])
    cut = any(row.cut for row in own)
    heard = max(row.heard for row in own)
    if what is What.OPEN:
        said = f"no record, and nothing tells of its end; last heard of {shown(heard)}"
    elif cut:
        said = f"no record: Asterisk stopped in mid-call; it was still up {shown(heard)}"
    else:
        said = f"no record, though it ended {shown(heard)}"
    return Finding(
        what=what,
        switch=switch,
        uniqueid=linkedid,
        sequence=None,
        src=head.src,
        dst=head.dst,
        began=head.began,
        answered=head.answered,
        ended=heard,
        seen_end=not cut and what is not What.OPEN,
        said=said,
    )


def _unrecorded(
    connection: Connection, switch: str, first: int, last: int, most: int
) -> tuple[Sequence[Finding], int]:
    seen = seen_call.c
    own = and_(
        call_record.c.switch == seen.switch,
        call_record.c.uniqueid == seen.uniqueid,
        or_(seen.sequence < 0, call_record.c.sequence == seen.sequence),
    )
    where = (
        seen.switch == switch,
        seen.began >= first,
        seen.began + seen.duration * SECOND <= last,
        ~exists().where(own),
        ~_held(seen.switch, seen.uniqueid),
        ~_is_settled(seen.switch, seen.uniqueid, seen.sequence),
    )
    asked = select(seen_call).where(*where).order_by(seen.began, seen.id).limit(most)
    found = tuple(
        Finding(
            what=What.UNRECORDED,
            switch=switch,
            uniqueid=row.uniqueid,
            sequence=None if row.sequence < 0 else row.sequence,
            src=row.src,
            dst=row.dst,
            began=row.began,
            answered=row.began + (row.duration - row.billsec) * SECOND
            if row.disposition == "ANSWERED"
            else None,
            ended=row.began + row.duration * SECOND,
            seen_end=True,
            said=f"AMI showed its end ({row.disposition}, {row.billsec} s), and no record of it came",
        )
        for row in connection.execute(asked)
    )
    return found, _count(connection, select(seen.id).where(*where))


def _doubted(connection: Connection, switch: str, first: int, most: int) -> tuple[Sequence[Finding], int]:
    asked = (
        select(call_record.c.id, call_record.c.raw, rated_call.c.reason)
        .join(rated_call, rated_call.c.record == call_record.c.id)
        .where(
            call_record.c.switch == switch,
            call_record.c.start >= first,
            call_record.c.settled.is_(false()),
            rated_call.c.outcome == Outcome.REVIEW.value,
            rated_call.c.reason.startswith(BY_EVENTS),
        )
    )
    rows = connection.execute(asked.order_by(call_record.c.start, call_record.c.id).limit(most))
    found = tuple(_record(switch, What.DOUBTED, number, raw, reason) for number, raw, reason in rows)
    return found, _count(connection, asked)


def _lost_by_one(
    connection: Connection, switch: str, first: int, last: int, most: int
) -> tuple[Sequence[Finding], int]:
    """Records that a kind of source has not, though it had calls from before them: it lost them."""
    since: dict[str, int] = {}
    kinds: dict[str, frozenset[str]] = {}
    for together, _, began in seen(connection, switch, first):
        kinds[",".join(together)] = frozenset(together)
        for kind in together:
            since[kind] = min(began, since.get(kind, began))
    c = call_record.c
    lacking = [
        and_(c.seen == text, or_(*(c.start >= since[kind] for kind in since.keys() - own)))
        for text, own in kinds.items()
        if since.keys() - own
    ]
    if not lacking:
        return (), 0
    asked = (
        select(c.id, c.raw, c.seen, c.start)
        .where(c.switch == switch, c.start >= first, c.start <= last, or_(*lacking))
        .where(c.id > known_before(connection, first))
        .where(~_is_settled(c.switch, c.uniqueid, c.sequence))
        .order_by(c.start, c.id)
    )
    found = []
    for number, raw, text, start in connection.execute(asked.limit(most)):
        lost = sorted(kind for kind in since.keys() - kinds[text] if since[kind] <= start)
        said = f"only in {_names(kinds[text])}, not in {_names(lost)}: a fault there; it is billed"
        found.append(_record(switch, What.ONE_SOURCE, number, raw, said))
    return tuple(found), _count(connection, asked)


_NAMES = {"json": "cdr_custom's file", "csv": "Master.csv", "sql": "the database's table"}


def _names(kinds: Iterable[str]) -> str:
    return " and ".join(_NAMES.get(kind, kind) for kind in sorted(kinds))


def _record(switch: str, what: What, number: int, raw: bytes, said: str) -> Finding:
    record = cdr(number, raw)
    return Finding(
        what=what,
        switch=switch,
        uniqueid=record.uniqueid,
        sequence=record.sequence,
        src=record.src,
        dst=record.dst,
        began=record.start,
        answered=record.answer,
        ended=record.end,
        seen_end=True,
        said=said,
    )


def _record_of(switch: ColumnElement[str], uniqueid: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(call_record.c.switch == switch, call_record.c.uniqueid == uniqueid)


def _held(switch: ColumnElement[str], uniqueid: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(held_line.c.switch == switch, held_line.c.uniqueid == uniqueid)


def _is_settled(
    switch: ColumnElement[str], uniqueid: ColumnElement[str], sequence: ColumnElement[int] | int
) -> ColumnElement[bool]:
    c = settled_call.c
    return exists().where(c.switch == switch, c.uniqueid == uniqueid, c.sequence == sequence)


def _count(connection: Connection, asked: Select[Any]) -> int:
    return int(
        connection.execute(select(func.count()).select_from(asked.order_by(None).subquery())).scalar_one()
    )


def _micros(moment: datetime) -> int:
    return int(moment.timestamp() * SECOND)
