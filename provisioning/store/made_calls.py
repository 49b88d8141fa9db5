"""Calls as they went through the switches, with their verdicts, for the audit (稽核取数)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from provisioning.compliance.made import MadeCall
from provisioning.store.rated import VERDICT, verdict
from provisioning.store.records import cdr
from provisioning.store.tables import call_record, rated_call


def between(connection: Connection, first: int, until: int) -> tuple[MadeCall, ...]:
    """All rated records that began from the one instant up to, not including, the other, in order."""
    asked = (
        select(call_record.c.id, call_record.c.switch, call_record.c.raw, *VERDICT)
        .join(rated_call, rated_call.c.record == call_record.c.id)
        .where(call_record.c.start >= first, call_record.c.start < until)
        .order_by(call_record.c.start, call_record.c.id)
    )
    return tuple(_made(row) for row in connection.execute(asked))


def _made(row: Any) -> MadeCall:
    number, switch, raw, *told = row
    record = cdr(number, raw)
    return MadeCall(
        record=number,
        switch=switch,
        uniqueid=record.uniqueid,
        linkedid=record.linkedid,
        start=record.start,
        answer=record.answer if record.disposition == "ANSWERED" else None,
        end=record.end,
        shown=record.src,
        channel=record.channel,
        leg=record.dstchannel,
        call=verdict(told),
    )
