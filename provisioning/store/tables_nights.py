"""The tables of the nightly runs, as migrations/ builds them (夜间作业表)."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Date, ForeignKey, Index, Integer, String, Table, Text

from provisioning.store.tables import metadata
from provisioning.store.values import ROW_ID, Instant

# Who was at it and when. One that has no end is under way, or its process died; `code` and `document` say how
# it ended, and are empty where it was broken off.
night_run = Table(
    "night_run",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("token", String(40), nullable=False, unique=True),
    Column("who", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("began", Instant, nullable=False),
    Column("renewed", Instant, nullable=False),
    Column("ended", Instant),
    Column("code", Integer),
    Column("document", JSON(none_as_null=True)),
    Index(None, "ended"),
)

# Each day of Shanghai that was over when a run audited it, and what it found.
night = Table(
    "night",
    metadata,
    Column("day", Date, primary_key=True),
    Column("run", ForeignKey("night_run.id"), nullable=False),
    Column("document", JSON, nullable=False),
    Column("covered_at", Instant, nullable=False),
)
