"""Calls as they went through the switches, with their verdicts, for the audit (稽核取数)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from provisioning.compliance.made import MadeCall
from provisioning.store.rated import VERDICT, verdict
from provisioning.store.tables import call_record, rated_call

_COLUMNS = tuple(
    call_record.c[name]
    for name in (
        *("id", "switch", "uniqueid", "linkedid", "start", "answer", "end"),
        *("disposition", "src", "channel", "dstchannel"),
    )
)


def between(connection: Connection, first: int, until: int) -> tuple[MadeCall, ...]:
    """All rated records that began from the one instant up to, not including, the other, in order."""
    asked = (
        select(*_COLUMNS, *VERDICT)
        .join(rated_call, rated_call.c.record == call_record.c.id)
        .where(call_record.c.start >= first, call_record.c.start < until)
        .order_by(call_record.c.start, call_record.c.id)
    )
    return tuple(
        MadeCall(
            record=row.id,
            switch=row.switch,
            uniqueid=row.uniqueid,
            linkedid=row.linkedid,
            start=row.start,
            answer=row.answer if row.disposition == "ANSWERED" else None,
            end=row.end,
            shown=row.src,
            channel=row.channel,
            leg=row.dstchannel,
            call=verdict(row[len(_COLUMNS) :]),
        )
        for row in connection.execute(asked)
    )


def earliest(connection: Connection, collected: datetime) -> int | None:
    """When the earliest of the calls began that were collected from that moment on; None without any."""
    asked = select(func.min(call_record.c.start)).where(call_record.c.collected_at >= collected)
    found: int | None = connection.execute(asked).scalar()
    return found
