"""Stops, closed numbers and complaints, as people decide and report them (停机, 销户, 投诉)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from provisioning.core.status import CLOSED, ClosedNumber, Complaint, Stop
from provisioning.flows.ports import Resumed
from provisioning.store import trail
from provisioning.store.overlaps import NUMBERS
from provisioning.store.tables import closed_number, complaint, seat_period, stop

_SHOWN = 5
"""Numbers that are named one by one."""


def stops(connection: Connection, contract: str | None) -> tuple[Stop, ...]:
    """All stops of one contract or of all, also those that are over, by their beginning."""
    asked = select(stop).order_by(stop.c.since, stop.c.id)
    if contract is not None:
        asked = asked.where(stop.c.contract == contract)
    return tuple(_stop(row) for row in connection.execute(asked))


def record(connection: Connection, made: Stop, *, at: datetime, who: str) -> None:
    """A stop, and its line in the audit."""
    row = {"contract": made.contract, "seat": made.seat, "way": made.way, "since": made.since}
    row |= {"until": made.until, "why": made.why, "recorded_at": at, "recorded_by": who}
    connection.execute(insert(stop).values(**row))
    _note(connection, "service-stopped", made, at=at, who=who)


def resume(
    connection: Connection,
    contract: str,
    seat: str | None,
    moment: datetime,
    *,
    at: datetime,
    who: str,
    event: str = "service-resumed",
) -> Resumed:
    """Ends every stop of that seat, or of the whole contract, that is not over by then; one that would only
    begin then or later is taken back. What was closed stays closed."""
    mine = (
        stop.c.contract == contract,
        stop.c.seat.is_(None) if seat is None else stop.c.seat == seat,
        stop.c.why != CLOSED,
        or_(stop.c.until.is_(None), stop.c.until > moment),
    )
    ended, taken_back = [], []
    for row in list(connection.execute(select(stop).where(*mine).order_by(stop.c.since, stop.c.id))):
        this, former = stop.c.id == row.id, _stop(row)
        if former.since < moment:
            connection.execute(update(stop).where(this).values(until=moment))
            ended.append(former)
        else:
            connection.execute(delete(stop).where(this))
            taken_back.append(former)
        _note(connection, event, former, at=at, who=who, resumed=moment.isoformat())
    return Resumed(ended=tuple(ended), taken_back=tuple(taken_back))


def renumber(
    connection: Connection,
    contract: str,
    renumbered: Mapping[str, str],
    moment: datetime,
    *,
    at: datetime,
    who: str,
) -> None:
    """What stops a seat goes on under the number that it gets at that moment, the one so far to the new one
    (改号). Two seats may swap theirs. What was closed stays closed under its old number."""
    mine = (
        stop.c.contract == contract,
        stop.c.seat.in_(list(renumbered)),
        stop.c.why != CLOSED,
        or_(stop.c.until.is_(None), stop.c.until > moment),
    )
    for row in list(connection.execute(select(stop).where(*mine).order_by(stop.c.since, stop.c.id))):
        this, former = stop.c.id == row.id, _stop(row)
        number = renumbered[row.seat]
        _note(connection, "stop-renumbered", former, at=at, who=who, number=number)
        if former.since < moment:
            connection.execute(update(stop).where(this).values(until=moment))
            record(connection, replace(former, seat=number, since=moment), at=at, who=who)
        else:
            connection.execute(update(stop).where(this).values(seat=number))


def close(
    connection: Connection, numbers: Iterable[ClosedNumber], made: Stop, *, at: datetime, who: str
) -> None:
    """Lets numbers rest that were given back, and stops what calls them until they are off the switch.

    Where one was to be given back later, that does not count any more."""
    rests = closed_number.c
    for one in numbers:
        later = (rests.contract == one.contract, rests.number == one.number, rests.closed > one.closed)
        connection.execute(delete(closed_number).where(*later))
        row = {"contract": one.contract, "number": one.number, "closed": one.closed, "free": one.free}
        connection.execute(insert(closed_number).values(**row, recorded_at=at, recorded_by=who))
        detail = {"closed": one.closed.isoformat(), "free": one.free.isoformat()}
        subject = f"{one.contract} {one.number}"
        trail.note(connection, event="number-closed", subject=subject, detail=detail, at=at, who=who)
    # What stopped it so far ends where this one begins: whoever has the number later starts anew.
    resume(connection, made.contract, made.seat, made.since, at=at, who=who, event="stop-ended-by-closing")
    record(connection, made, at=at, who=who)


def closed_numbers(connection: Connection, contract: str | None) -> tuple[ClosedNumber, ...]:
    """The numbers given back by one contract or by all, by number and day."""
    asked = select(closed_number).order_by(closed_number.c.number, closed_number.c.closed)
    if contract is not None:
        asked = asked.where(closed_number.c.contract == contract)
    return tuple(
        ClosedNumber(contract=row.contract, number=row.number, closed=row.closed, free=row.free)
        for row in connection.execute(asked)
    )


def at_rest(connection: Connection, contract: str, first: date) -> Iterator[str]:
    """What the contract would have on that day or later while it is not anybody's again yet (冷冻期)."""
    held = or_(*(seat_period.c[column] == closed_number.c.number for column in NUMBERS))
    same_days = and_(
        held,
        seat_period.c.contract == contract,
        seat_period.c.since < closed_number.c.free,
        or_(seat_period.c.until.is_(None), seat_period.c.until >= closed_number.c.closed),
        or_(seat_period.c.until.is_(None), seat_period.c.until >= first),
    )
    asked = select(closed_number).join_from(closed_number, seat_period, same_days)
    found: dict[tuple[str, date, date], list[str]] = {}
    for row in connection.execute(asked.order_by(closed_number.c.number)):
        numbers = found.setdefault((row.contract, row.closed, row.free), [])
        numbers.extend([row.number] if row.number not in numbers else [])
    for (former, closed, free), numbers in found.items():
        shown = ", ".join(numbers[:_SHOWN])
        more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
        yield (
            f"contract {contract}: {shown}{more}: closed on {closed} (contract {former}), "
            f"free again from {free} on: leave {'it' if len(numbers) == 1 else 'them'} out until that day."
        )


def register(
    connection: Connection, made: Complaint, stopped: Stop | None, *, at: datetime, who: str
) -> None:
    """A complaint, its line in the audit, and the stop that it brings."""
    row = {"contract": made.contract, "number": made.number, "received": made.received}
    row |= {"about": made.about, "recorded_at": at, "recorded_by": who}
    connection.execute(insert(complaint).values(**row))
    detail = {"received": made.received.isoformat(), "about": made.about}
    subject = f"{made.contract} {made.number}"
    trail.note(connection, event="complaint-registered", subject=subject, detail=detail, at=at, who=who)
    if stopped is not None:
        record(connection, stopped, at=at, who=who)


def complaints(connection: Connection, contract: str | None, since: datetime | None) -> tuple[Complaint, ...]:
    """The complaints about one contract's numbers or all, from that moment on, by when they were received."""
    asked = select(complaint).order_by(complaint.c.received, complaint.c.id)
    if contract is not None:
        asked = asked.where(complaint.c.contract == contract)
    if since is not None:
        asked = asked.where(complaint.c.received >= since)
    return tuple(
        Complaint(contract=row.contract, number=row.number, received=row.received, about=row.about)
        for row in connection.execute(asked)
    )


def _stop(row: Any) -> Stop:
    return Stop(
        contract=row.contract, seat=row.seat, way=row.way, since=row.since, until=row.until, why=row.why
    )


def _note(connection: Connection, event: str, made: Stop, *, at: datetime, who: str, **more: str) -> None:
    until = made.until.isoformat() if made.until is not None else None
    detail = {"seat": made.seat, "way": made.way, "since": made.since.isoformat(), "until": until}
    detail |= {"why": made.why, **more}
    subject = made.contract if made.seat is None else f"{made.contract} {made.seat}"
    trail.note(connection, event=event, subject=subject, detail=detail, at=at, who=who)
