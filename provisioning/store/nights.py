"""The nightly runs and the days they covered, row by row (夜间作业)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from provisioning.flows.keep_nights import Begun, CoveredNight, NightRun
from provisioning.flows.lock_switch import Owner
from provisioning.store.insertion import insertion
from provisioning.store.tables_nights import night, night_run


def begin(
    connection: Connection, owner: Owner, *, at: datetime, is_over: Callable[[NightRun], bool]
) -> Begun:
    """A run of one's own, where no other without an end is at it; in a transaction that writes."""
    under_way = [_run(row) for row in connection.execute(_open())]
    other = next((run for run in under_way if not is_over(run)), None)
    if other is not None:
        return Begun(run=None, other=other)
    for run in under_way:
        end(connection, run.id, at=at, code=None, document=None)
    row = {
        "token": owner.token,
        "who": owner.who,
        "host": owner.host,
        "pid": owner.pid,
        "began": at,
        "renewed": at,
    }
    made = connection.execute(insert(night_run).values(**row)).inserted_primary_key
    assert made is not None
    return Begun(
        run=NightRun(id=made[0], owner=owner, began=at, renewed=at),
        broken=tuple(under_way),
    )


def renew(connection: Connection, run: int, *, at: datetime) -> bool:
    """A sign of life of a run that has no end yet; False where it has one."""
    changed = connection.execute(
        update(night_run).where(night_run.c.id == run, night_run.c.ended.is_(None)).values(renewed=at)
    )
    return changed.rowcount == 1


def end(
    connection: Connection, run: int, *, at: datetime, code: int | None, document: Mapping[str, Any] | None
) -> None:
    """The end of a run that has none yet; a run that another one took for dead stays ended as it was."""
    values = {"ended": at, "code": code, "document": None if document is None else dict(document)}
    connection.execute(
        update(night_run).where(night_run.c.id == run, night_run.c.ended.is_(None)).values(**values)
    )


def last(connection: Connection) -> NightRun | None:
    """The newest run that came to its end."""
    return _newest(connection, night_run.c.code.is_not(None))


def last_good(connection: Connection) -> datetime | None:
    """When the newest run ended in which no step failed: with 0, or with findings only."""
    asked = select(func.max(night_run.c.ended)).where(or_(night_run.c.code == 0, night_run.c.code == 3))
    found: datetime | None = connection.execute(asked).scalar()
    return found


def under_way(connection: Connection) -> NightRun | None:
    """The run without an end."""
    return _newest(connection, night_run.c.ended.is_(None))


def cover(connection: Connection, run: int, day: date, document: Mapping[str, Any], *, at: datetime) -> None:
    """A day that is covered; what was found of it before makes way."""
    made = insertion(connection, night)
    row = {"day": day, "run": run, "document": dict(document), "covered_at": at}
    renewed = {name: made.excluded[name] for name in ("run", "document", "covered_at")}
    connection.execute(made.on_conflict_do_update(index_elements=["day"], set_=renewed), [row])


def covered(connection: Connection, since: date | None) -> tuple[CoveredNight, ...]:
    """The covered days from that one on, in order; without one the last of all."""
    asked = select(night.c.day, night.c.run, night.c.document).order_by(night.c.day)
    if since is None:
        asked = asked.where(night.c.day == select(func.max(night.c.day)).scalar_subquery())
    else:
        asked = asked.where(night.c.day >= since)
    return tuple(
        CoveredNight(day=row.day, run=row.run, document=row.document) for row in connection.execute(asked)
    )


def _open() -> Any:
    return select(night_run).where(night_run.c.ended.is_(None)).order_by(night_run.c.id)


def _newest(connection: Connection, condition: Any) -> NightRun | None:
    row = connection.execute(
        select(night_run).where(condition).order_by(night_run.c.id.desc()).limit(1)
    ).first()
    return None if row is None else _run(row)


def _run(row: Any) -> NightRun:
    return NightRun(
        id=row.id,
        owner=Owner(who=row.who, host=row.host, pid=row.pid, token=row.token),
        began=row.began,
        renewed=row.renewed,
        ended=row.ended,
        code=row.code,
        document=row.document,
    )
