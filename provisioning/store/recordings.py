"""Recorded calls: taken up, found again, held, marked as removed; every access is in the audit (录音台账)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    RowMapping,
    Select,
    and_,
    func,
    literal,
    or_,
    select,
    update,
)

from pbx.cdr import Cdr
from provisioning.core.recording import Recording
from provisioning.flows.find_recordings import Access, RecordedCall, Wanted
from provisioning.store import trail
from provisioning.store.insertion import insertion
from provisioning.store.portions import portions
from provisioning.store.records import cdr
from provisioning.store.tables import audit, call_record
from provisioning.store.tables import recording as table

_COLUMNS = tuple(column.name for column in table.columns if column.name != "found_at")


def of_switch(connection: Connection, switch: str) -> dict[str, Recording]:
    """All recordings of a switch by path, also those that were removed."""
    asked = select(table).where(table.c.switch == switch)
    return {row["path"]: _recording(row) for row in connection.execute(asked).mappings()}


def take(connection: Connection, found: Sequence[Recording], *, at: datetime, who: str) -> None:
    """Records what was found on disk; a path that is known already stays as it is."""
    if not found:
        return
    rows = [
        {name: getattr(one, name) for name in _COLUMNS if name != "id"} | {"found_at": at} for one in found
    ]
    adding = insertion(connection, table).on_conflict_do_nothing(index_elements=("switch", "path"))
    connection.execute(adding, rows)
    detail = {"recordings": len(found)}
    trail.note(
        connection, event="recordings-taken-up", subject=found[0].switch, detail=detail, at=at, who=who
    )


def mark_due(
    connection: Connection, switch: str, today: date, *, at: datetime, who: str
) -> tuple[Recording, ...]:
    """Marks as removed what is due and not held, each with its line in the audit."""
    those = due(switch, today)
    found = [_recording(row) for row in connection.execute(select(table).where(*those)).mappings()]
    connection.execute(update(table).where(*those).values(removed_at=at))
    for one in found:
        detail = {"path": one.path, "sha256": one.sha256.hex(), "kept_until": str(one.keep_until)}
        trail.note(
            connection, event="recording-removed", subject=_subject(one.id), detail=detail, at=at, who=who
        )
    return tuple(found)


def count_due(connection: Connection, switch: str, today: date) -> int:
    """How many are due and not marked yet."""
    asked = select(func.count()).select_from(table).where(*due(switch, today))
    return connection.execute(asked).scalar_one()


def spoken(connection: Connection, switch: str, since: datetime) -> tuple[tuple[str, int, int], ...]:
    """Path and milliseconds of what was taken up since then, and those of the talk from its beginning on.

    A switchboard answers long before a seat is called, and recorded.
    """
    asked = (
        select(table.c.path, table.c.milliseconds, table.c.started, call_record.c.id, call_record.c.raw)
        .join(call_record, _OWN)
        .where(table.c.switch == switch, table.c.found_at >= since, table.c.removed_at.is_(None))
        .order_by(table.c.path)
    )
    talk: dict[str, tuple[int, int]] = {}
    for path, milliseconds, started, number, raw in connection.execute(asked):
        record = cdr(number, raw)
        if record.answer is None:
            continue
        begun = max(record.answer, round(started.timestamp() * 1_000_000))
        longest = max((record.end - begun) // 1000, talk[path][1] if path in talk else 0)
        talk[path] = (milliseconds, longest)
    return tuple((path, recorded, longest) for path, (recorded, longest) in talk.items())


_OWN = and_(call_record.c.uniqueid == table.c.uniqueid, call_record.c.switch == table.c.switch)


def due(switch: str, today: date) -> tuple[ColumnElement[bool], ...]:
    """Which of a switch's recordings are to go on that day: their time is over and nobody holds them."""
    return (
        table.c.switch == switch,
        table.c.removed_at.is_(None),
        table.c.held.is_(None),
        table.c.keep_until < today,
    )


def find(connection: Connection, wanted: Wanted) -> tuple[RecordedCall, ...]:
    """The recordings that are wanted, by their beginning, each with its call record where that is known.

    A seat's are also those of its calls to colleagues: they were taken up as the colleague's.
    """
    found: list[RecordedCall] = []
    for row in connection.execute(_asked(connection, wanted)).mappings():
        calls = _calls_of(connection, row)
        if wanted.seat in (None, row["seat"]) or any(call.accountcode == wanted.seat for call in calls):
            first = calls[0] if calls else None
            found.append(
                RecordedCall(
                    recording=_recording(row),
                    src=None if first is None else first.src,
                    dst=None if first is None else first.dst,
                )
            )
    return tuple(found)


def _calls_of(connection: Connection, row: RowMapping) -> tuple[Cdr, ...]:
    """The records of a recorded call, in order."""
    asked = (
        select(call_record.c.id, call_record.c.raw)
        .where(call_record.c.uniqueid == row["uniqueid"], call_record.c.switch == row["switch"])
        .order_by(call_record.c.sequence)
    )
    return tuple(cdr(number, raw) for number, raw in connection.execute(asked))


def accesses(connection: Connection, recording: int) -> tuple[Access, ...]:
    """What the audit says of a recording, in order: who did what with it, when and why."""
    asked = select(audit).where(audit.c.subject == _subject(recording)).order_by(audit.c.at, audit.c.id)
    return tuple(
        Access(at=row.at, who=row.who, event=row.event, why=str(row.detail.get("why", "")))
        for row in connection.execute(asked)
    )


def note(
    connection: Connection, recordings: Sequence[int], event: str, why: str, *, at: datetime, who: str
) -> None:
    """A line of the audit for each of these recordings."""
    for one in recordings:
        trail.note(connection, event=event, subject=_subject(one), detail={"why": why}, at=at, who=who)


def hold(
    connection: Connection, recordings: Sequence[int], why: str | None, *, at: datetime, who: str
) -> tuple[int, ...]:
    """Keeps these beyond their time, or with None no longer; says which of them that changes. What was
    removed already cannot be held."""
    changed: list[int] = []
    for some in portions(tuple(recordings)):
        these = and_(
            table.c.id.in_(some),
            table.c.removed_at.is_(None),
            table.c.held.is_not(None) if why is None else table.c.held.is_distinct_from(why),
        )
        changed += connection.execute(select(table.c.id).where(these).order_by(table.c.id)).scalars()
        connection.execute(update(table).where(these).values(held=why))
    event = "recording-released" if why is None else "recording-held"
    note(connection, changed, event, why or "", at=at, who=who)
    return tuple(changed)


def _asked(connection: Connection, wanted: Wanted) -> Select[tuple[object, ...]]:
    asked = select(table)
    if wanted.ids:
        asked = asked.where(table.c.id.in_(wanted.ids))
    if wanted.site is not None:
        asked = asked.where(table.c.site == wanted.site)
    if wanted.seat is not None:
        asked = asked.where(or_(table.c.seat == wanted.seat, _is_callers(connection, wanted.seat)))
    if wanted.since is not None:
        asked = asked.where(table.c.started >= wanted.since)
    if wanted.until is not None:
        asked = asked.where(table.c.started < wanted.until)
    if wanted.held:
        asked = asked.where(table.c.held.is_not(None))
    if not wanted.removed:
        asked = asked.where(table.c.removed_at.is_(None))
    return asked.order_by(table.c.started, table.c.id)


def _is_callers(connection: Connection, seat: str) -> ColumnElement[bool]:
    """Whether a recording may be of that seat's call to a colleague: its record names the seat somewhere."""
    if connection.dialect.name == "sqlite":
        named = func.instr(call_record.c.raw, literal(seat.encode(), LargeBinary)) > 0
    else:
        named = call_record.c.raw.bool_op("LIKE")(literal(f"%{seat}%".encode(), LargeBinary))
    return select(call_record.c.id).where(_OWN, named).exists()


def _recording(row: RowMapping) -> Recording:
    return Recording(**{name: row[name] for name in _COLUMNS})


def _subject(recording: int | None) -> str:
    return f"recording {recording}"
