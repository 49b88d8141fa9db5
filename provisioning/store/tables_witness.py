"""The tables of what channel events and AMI tell of calls beside their records (佐证表)."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from provisioning.store.tables import metadata
from provisioning.store.values import ROW_ID, Instant

# One row a channel, as pbx.life.Life has it; times in microseconds since 1970 GMT.
channel_life = Table(
    "channel_life",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("switch", String(128), nullable=False),
    Column("uniqueid", Text, nullable=False),
    Column("linkedid", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("src", Text, nullable=False),
    Column("dst", Text, nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("heard", BigInteger, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("answered", BigInteger),
    Column("bridges", Integer, nullable=False),
    Column("bridged", BigInteger),
    Column("ended", BigInteger),
    Column("cut", Boolean, nullable=False),
    Column("stepped", BigInteger, nullable=False),
    Column("open", Boolean, nullable=False),
    UniqueConstraint("switch", "uniqueid"),
    Index(None, "switch", "linkedid"),
    Index(None, "switch", "began"),
    Index(None, "open"),
)

# How far each file of events was read, and what their order told; see flows.collect_events.EventState.
event_source = Table(
    "event_source",
    metadata,
    Column("switch", String(128), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("state", JSON, nullable=False),
    Column("last", BigInteger),
    Column("top_second", BigInteger),
    Column("top_number", BigInteger),
    Column("broken", BigInteger, nullable=False),
    Column("collected_at", Instant, nullable=False),
)

# A call whose end AMI has shown, never a record: whole seconds, no replay, and lost while nobody watches.
seen_call = Table(
    "seen_call",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("switch", String(128), nullable=False),
    Column("uniqueid", Text, nullable=False),
    # -1 where the switch does not tell it (cdr_manager.conf has no such mapping).
    Column("sequence", BigInteger, nullable=False),
    Column("src", Text, nullable=False),
    Column("dst", Text, nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("duration", BigInteger, nullable=False),
    Column("billsec", BigInteger, nullable=False),
    Column("disposition", Text, nullable=False),
    Column("seen_at", Instant, nullable=False),
    UniqueConstraint("switch", "uniqueid", "sequence"),
    Index(None, "switch", "began"),
)

# What a person has decided of an odd call, by its key; sequence -1 is the call without a record.
settled_call = Table(
    "settled_call",
    metadata,
    Column("switch", String(128), primary_key=True),
    Column("uniqueid", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("billed", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    Column("settled_at", Instant, nullable=False),
    Column("settled_by", Text, nullable=False),
)
