"""The table of what people decided of lines in quarantine, as migrations/ builds it (隔离话单处理表)."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from provisioning.store.tables import metadata
from provisioning.store.values import ROW_ID, Instant

# Only ever added to: the last of a line's decisions counts. A line without any is open.
held_decision = Table(
    "held_decision",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("line", ForeignKey("held_line.id", ondelete="CASCADE"), nullable=False),
    # "known", "admitted", "released", "voided": flows.decide_held.State.
    Column("state", String(16), nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Index(None, "line"),
)
