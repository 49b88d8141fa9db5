"""What was done, by whom and when: the audit and the applied plans, only ever added to (审计)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from provisioning.store.tables import applied_plan, audit


def note(
    connection: Connection, *, event: str, subject: str, detail: Mapping[str, Any], at: datetime, who: str
) -> None:
    """One line of the audit. The caller keeps secrets and other people's numbers out of the detail."""
    row = {"at": at, "who": who, "event": event, "subject": subject, "detail": dict(detail)}
    connection.execute(insert(audit).values(**row))


def applied(
    connection: Connection,
    *,
    site: str,
    switch: str,
    digest: str,
    plan: Mapping[str, Any],
    at: datetime,
    who: str,
) -> None:
    """A plan that was applied and read back, whole, and its line in the audit."""
    row = {
        "site": site,
        "switch": switch,
        "digest": digest,
        "plan": dict(plan),
        "applied_at": at,
        "applied_by": who,
    }
    connection.execute(insert(applied_plan).values(**row))
    detail = {"switch": switch, "digest": digest}
    note(connection, event="plan-applied", subject=site, detail=detail, at=at, who=who)


def last(connection: Connection, event: str) -> datetime | None:
    """When the audit noted such an event last, None if it never did."""
    found: datetime | None = connection.execute(
        select(func.max(audit.c.at)).where(audit.c.event == event)
    ).scalar()
    return found


def count_since(connection: Connection, event: str, since: datetime) -> int:
    """How many such events the audit has noted from that moment on."""
    noted = select(func.count()).select_from(audit).where(audit.c.event == event, audit.c.at >= since)
    return connection.execute(noted).scalar_one()
