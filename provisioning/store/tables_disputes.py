"""The tables of disputes and of what is left of removed records, as migrations/ builds them (争议表)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from provisioning.store.tables import metadata
from provisioning.store.values import ROW_ID, Exact, Instant

# At most one of zone, record, number and item is set; none: all calls of the month. `calls` and `amount` are
# what it was about when it was opened, and once it is closed, when it was closed.
dispute = Table(
    "dispute",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("contract", ForeignKey("contract.id"), nullable=False),
    Column("cycle", String(7), nullable=False),
    Column("zone", String(16)),
    Column("record", BigInteger),
    Column("number", Text),
    Column("item", Text),
    Column("why", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("amount", Exact, nullable=False),
    Column("closed_at", Instant),
    Column("closed_by", Text),
    Column("result", String(16)),
    Column("closed_why", Text),
    Column("credit", Exact),
    # The bill on which its credit stands; empty until that is closed.
    Column("bill", ForeignKey("bill.id")),
    Index(None, "contract", "cycle"),
)

# What removed records came to, by all that a bill's check and its reader ask: no number, no seat.
removed_calls = Table(
    "removed_calls",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("contract", ForeignKey("contract.id")),
    Column("cycle", String(7), nullable=False),
    Column("bill", ForeignKey("bill.id")),
    Column("outcome", String(16), nullable=False),
    Column("direction", String(16)),
    Column("zone", String(16)),
    Column("rate", Exact),
    Column("calls", BigInteger, nullable=False),
    Column("microseconds", BigInteger, nullable=False),
    Column("increments", BigInteger, nullable=False),
    Column("amount", Exact, nullable=False),
    Column("removed_at", Instant, nullable=False),
    Index(None, "contract", "cycle"),
    Index(None, "bill"),
)

# The keys of removed records: a line that is read again is known, and is no new call.
removed_record = Table(
    "removed_record",
    metadata,
    Column("uniqueid", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("switch", String(128), primary_key=True),
)

# When the latest call began whose record was removed, by switch: what began later needs no look at the keys.
removed_until = Table(
    "removed_until",
    metadata,
    Column("switch", String(128), primary_key=True),
    Column("start", BigInteger, nullable=False),
)
