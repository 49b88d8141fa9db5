"""Calls that AMI has shown, and what people decided of odd ones (AMI所见通话, 人工处理)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from pbx.cdr_event import SeenCall
from provisioning.flows.errors import FlowError
from provisioning.flows.settle_call import NO_RECORD, SETTLED, Settled
from provisioning.store import trail
from provisioning.store.insertion import insertion
from provisioning.store.tables import call_record, rated_call
from provisioning.store.tables_witness import channel_life, seen_call, settled_call


def note(connection: Connection, switch: str, calls: Sequence[SeenCall], *, at: datetime) -> None:
    """Keeps what AMI has shown; the same call is kept once."""
    names = ("uniqueid", "src", "dst", "began", "duration", "billsec", "disposition")
    rows = [
        {name: getattr(call, name) for name in names}
        | {
            "switch": switch,
            "sequence": NO_RECORD if call.sequence is None else call.sequence,
            "seen_at": at,
        }
        for call in calls
    ]
    if rows:
        made = insertion(connection, seen_call)
        keys = ["switch", "uniqueid", "sequence"]
        connection.execute(made.on_conflict_do_nothing(index_elements=keys), rows)


def settle(connection: Connection, settled: Settled, *, at: datetime, who: str) -> None:
    """Keeps a decision, has its record rated again, and writes both down."""
    _check(connection, settled)
    row = asdict(settled) | {"settled_at": at, "settled_by": who}
    made = insertion(connection, settled_call).values(**row)
    changing = ("billed", "why", "settled_at", "settled_by")
    keys = ["switch", "uniqueid", "sequence"]
    connection.execute(
        made.on_conflict_do_update(index_elements=keys, set_={name: made.excluded[name] for name in changing})
    )
    connection.execute(update(call_record).where(*_record(settled)).values(settled=False))
    subject = f"{settled.switch}/{settled.uniqueid}"
    if settled.sequence != NO_RECORD:
        subject += f"#{settled.sequence}"
    detail = {"billed": settled.billed, "why": settled.why}
    trail.note(connection, event=SETTLED, subject=subject, detail=detail, at=at, who=who)


def _check(connection: Connection, settled: Settled) -> None:
    if settled.sequence == NO_RECORD:
        life, seen = channel_life.c, seen_call.c
        known = (
            select(life.id).where(life.switch == settled.switch, life.linkedid == settled.uniqueid),
            select(seen.id).where(seen.switch == settled.switch, seen.uniqueid == settled.uniqueid),
        )
        if not any(connection.execute(asked.limit(1)).first() for asked in known):
            raise FlowError(
                f"nobody has seen a call {settled.uniqueid} on switch {settled.switch}; "
                "`seatline witness list` names those there are"
            )
        return
    asked = (
        select(rated_call.c.bill)
        .select_from(call_record.outerjoin(rated_call, rated_call.c.record == call_record.c.id))
        .where(*_record(settled))
    )
    found = connection.execute(asked).first()
    if found is None:
        seen = seen_call.c
        own = (seen.switch == settled.switch, seen.uniqueid == settled.uniqueid)
        of_ami = select(seen.id).where(*own, seen.sequence == settled.sequence)
        if not settled.billed and connection.execute(of_ami).first():
            return
        raise FlowError(
            f"switch {settled.switch} has no call record {settled.uniqueid}, {settled.sequence} in the ledger"
        )
    if found.bill is not None:
        raise FlowError(
            f"call record {settled.uniqueid}, {settled.sequence} stands on a closed bill, which stays as it "
            "is: an adjustment on the next bill mends it"
        )


def _record(settled: Settled) -> tuple[ColumnElement[bool], ...]:
    c = call_record.c
    return c.switch == settled.switch, c.uniqueid == settled.uniqueid, c.sequence == settled.sequence
