"""What channel events and AMI tell of calls: the witnesses beside the records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
INSTANT = sa.String(32)


def upgrade() -> None:
    op.create_table(
        "channel_life",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("switch", sa.String(128), nullable=False),
        sa.Column("uniqueid", sa.Text, nullable=False),
        sa.Column("linkedid", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("src", sa.Text, nullable=False),
        sa.Column("dst", sa.Text, nullable=False),
        sa.Column("began", sa.BigInteger, nullable=False),
        sa.Column("heard", sa.BigInteger, nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.Column("answered", sa.BigInteger),
        sa.Column("bridges", sa.Integer, nullable=False),
        sa.Column("bridged", sa.BigInteger),
        sa.Column("ended", sa.BigInteger),
        sa.Column("cut", sa.Boolean, nullable=False),
        sa.Column("stepped", sa.BigInteger, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channel_life"),
        sa.UniqueConstraint("switch", "uniqueid", name="uq_channel_life_switch_uniqueid"),
    )
    op.create_index("ix_channel_life_switch_linkedid", "channel_life", ["switch", "linkedid"])
    op.create_index("ix_channel_life_switch_began", "channel_life", ["switch", "began"])
    op.create_index("ix_channel_life_open", "channel_life", ["open"])
    op.create_table(
        "event_source",
        sa.Column("switch", sa.String(128), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("last", sa.BigInteger),
        sa.Column("top_second", sa.BigInteger),
        sa.Column("top_number", sa.BigInteger),
        sa.Column("broken", sa.BigInteger, nullable=False),
        sa.Column("collected_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("switch", "path", name="pk_event_source"),
    )
    op.create_table(
        "seen_call",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("switch", sa.String(128), nullable=False),
        sa.Column("uniqueid", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("src", sa.Text, nullable=False),
        sa.Column("dst", sa.Text, nullable=False),
        sa.Column("began", sa.BigInteger, nullable=False),
        sa.Column("duration", sa.BigInteger, nullable=False),
        sa.Column("billsec", sa.BigInteger, nullable=False),
        sa.Column("disposition", sa.Text, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_seen_call"),
        sa.UniqueConstraint("switch", "uniqueid", "sequence", name="uq_seen_call_switch_uniqueid_sequence"),
    )
    op.create_index("ix_seen_call_switch_began", "seen_call", ["switch", "began"])
    op.create_table(
        "settled_call",
        sa.Column("switch", sa.String(128), nullable=False),
        sa.Column("uniqueid", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("billed", sa.Boolean, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("settled_at", INSTANT, nullable=False),
        sa.Column("settled_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("switch", "uniqueid", "sequence", name="pk_settled_call"),
    )


def downgrade() -> None:
    for table in ("settled_call", "seen_call", "event_source", "channel_life"):
        op.drop_table(table)
