"""Which kinds of source have seen the records of the last days, without a look at all of them (来源种类)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select

from pbx.cdr import SECOND
from provisioning.store.tables import batch, call_record

EARLY = timedelta(days=1)
"""A switch's clock is ahead of ours by so much at most: no record is collected that long before its call."""


def seen_by_sources(connection: Connection, switch: str, *, since: datetime) -> Mapping[str, int]:
    """How many records were seen in just these kinds of source."""
    counts: dict[str, int] = {}
    for kinds, count, _ in seen(connection, switch, int(since.timestamp() * SECOND)):
        together = ",".join(sorted(kinds))
        counts[together] = counts.get(together, 0) + count
    return counts


def seen(connection: Connection, switch: str, first: int) -> list[tuple[tuple[str, ...], int, int]]:
    """The same for calls that began at `first` or later, and when the first of them began."""
    c = call_record.c
    asked = (
        select(c.seen, func.count(), func.min(c.start))
        .where(c.switch == switch, c.start >= first, c.id > known_before(connection, first))
        .group_by(c.seen)
    )
    return [(tuple(kinds.split(",")), count, began) for kinds, count, began in connection.execute(asked)]


def known_before(connection: Connection, first: int) -> int:
    """A record that was collected before that moment, as were all with smaller ids: no call that began since
    is among them. Records have no index by their start; this looks at some thirty instead of at all.

    Records get their ids in the order of their batches. One that another source made exact has a later batch
    than its neighbours: then more is looked at, never less.
    """
    c = call_record.c
    moment = datetime.fromtimestamp(first // SECOND, UTC) - EARLY
    since = connection.execute(select(func.min(batch.c.id)).where(batch.c.collected_at >= moment)).scalar()
    last = connection.execute(select(func.max(c.id))).scalar() or 0
    if since is None:
        return int(last)
    before, after = 0, int(last) + 1
    while after - before > 1:
        middle = (before + after) // 2
        asked = select(c.id, c.batch).where(c.id >= middle, c.id < after).order_by(c.id).limit(1)
        found = connection.execute(asked).first()
        if found is None or found.batch >= since:
            after = middle
        else:
            before = found.id
    return before
