"""What a ledger holds of each call, without what differs from run to run: ids, batches, moments."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select

from provisioning.store.engine import make_engine
from provisioning.store.tables import call_record, rated_call


class Row(NamedTuple):
    """A record by its key, its line, the kinds of source it was seen in, and its price."""

    switch: str
    uniqueid: str
    sequence: int
    raw: bytes
    seen: frozenset[str]
    outcome: str | None
    amount: str | None


def rows_of(url: str) -> list[Row]:
    """All of them."""
    record, rated = call_record.c, rated_call.c
    asked = select(
        record.switch, record.uniqueid, record.sequence, record.raw, record.seen, rated.outcome, rated.amount
    ).select_from(call_record.outerjoin(rated_call, rated.record == record.id))
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return [
                Row(
                    *row[:4],
                    frozenset(row.seen.split(",")),
                    row.outcome,
                    None if row.amount is None else f"{row.amount:f}",
                )
                for row in connection.execute(asked)
            ]
    finally:
        engine.dispose()
