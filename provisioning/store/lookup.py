"""Who has a number, a name, a port: the helpdesk's question, on any date (查号)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, Row, case, or_, select

from provisioning.flows.ports import Holding
from provisioning.store.search import forms
from provisioning.store.tables import seat_period as seat


def look_up(connection: Connection, text: str, on: date, *, limit: int) -> tuple[Holding, ...]:
    """The seats on that day that the text names, whole values before parts of one; at most `limit`.

    The text stands for itself: `%` and `_` are no wildcards.
    """
    wanted = forms(text)
    if not wanted:
        return ()
    whole = or_(*(seat.c.searched.contains(f"\n{form}\n", autoescape=True) for form in wanted))
    part = or_(*(seat.c.searched.contains(form, autoescape=True) for form in wanted))
    asked = (
        select(seat)
        .where(seat.c.since <= on, or_(seat.c.until.is_(None), seat.c.until >= on), part)
        .order_by(case((whole, 0), else_=1), seat.c.long_number, seat.c.contract)
        .limit(limit)
    )
    return tuple(_holding(row) for row in connection.execute(asked))


def _holding(row: Row[tuple[object, ...]]) -> Holding:
    return Holding(
        long_number=row.long_number,
        short_number=row.short_number,
        name=row.name,
        department=row.department,
        site=row.site,
        contract=row.contract,
        iad=row.iad,
        port=row.port,
        remark=row.remark,
        since=row.since,
        until=row.until,
        mobile=row.mobile,
    )
