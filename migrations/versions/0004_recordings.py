"""Recorded calls: which there are, how long they are kept, and what became of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
INSTANT = sa.String(32)


def upgrade() -> None:
    op.create_table(
        "recording",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("switch", sa.String(128), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("uniqueid", sa.Text, nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("contract", sa.String(64)),
        sa.Column("seat", sa.String(16), nullable=False),
        sa.Column("started", INSTANT, nullable=False),
        sa.Column("milliseconds", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("keep_until", sa.Date),
        sa.Column("held", sa.Text),
        sa.Column("found_at", INSTANT, nullable=False),
        sa.Column("removed_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_recording"),
        sa.ForeignKeyConstraint(["contract"], ["contract.id"], name="fk_recording_contract"),
        sa.UniqueConstraint("switch", "path", name="uq_recording_switch_path"),
    )
    op.create_index("ix_recording_uniqueid", "recording", ["uniqueid"])
    op.create_index("ix_recording_seat_started", "recording", ["seat", "started"])


def downgrade() -> None:
    op.drop_table("recording")
