"""Disputes, and what is left of records that were removed when their time was over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
INSTANT = sa.String(32)


def upgrade() -> None:
    _disputes()
    _removed()


def downgrade() -> None:
    for table in ("removed_until", "removed_record", "removed_calls", "dispute"):
        op.drop_table(table)


def _disputes() -> None:
    op.create_table(
        "dispute",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("contract", sa.String(64), nullable=False),
        sa.Column("cycle", sa.String(7), nullable=False),
        sa.Column("zone", sa.String(16)),
        sa.Column("record", sa.BigInteger),
        sa.Column("number", sa.Text),
        sa.Column("item", sa.Text),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("opened_by", sa.Text, nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("amount", sa.Text, nullable=False),
        sa.Column("closed_at", INSTANT),
        sa.Column("closed_by", sa.Text),
        sa.Column("result", sa.String(16)),
        sa.Column("closed_why", sa.Text),
        sa.Column("credit", sa.Text),
        sa.Column("bill", ROW_ID),
        sa.PrimaryKeyConstraint("id", name="pk_dispute"),
        sa.ForeignKeyConstraint(["contract"], ["contract.id"], name="fk_dispute_contract"),
        sa.ForeignKeyConstraint(["bill"], ["bill.id"], name="fk_dispute_bill"),
    )
    op.create_index("ix_dispute_contract_cycle", "dispute", ["contract", "cycle"])


def _removed() -> None:
    op.create_table(
        "removed_calls",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("contract", sa.String(64)),
        sa.Column("cycle", sa.String(7), nullable=False),
        sa.Column("bill", ROW_ID),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("direction", sa.String(16)),
        sa.Column("zone", sa.String(16)),
        sa.Column("rate", sa.Text),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.Column("microseconds", sa.BigInteger, nullable=False),
        sa.Column("increments", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.Text, nullable=False),
        sa.Column("removed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_removed_calls"),
        sa.ForeignKeyConstraint(["contract"], ["contract.id"], name="fk_removed_calls_contract"),
        sa.ForeignKeyConstraint(["bill"], ["bill.id"], name="fk_removed_calls_bill"),
    )
    op.create_index("ix_removed_calls_contract_cycle", "removed_calls", ["contract", "cycle"])
    op.create_index("ix_removed_calls_bill", "removed_calls", ["bill"])
    op.create_table(
        "removed_record",
        sa.Column("uniqueid", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("switch", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("uniqueid", "sequence", "switch", name="pk_removed_record"),
    )
    op.create_table(
        "removed_until",
        sa.Column("switch", sa.String(128), nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("switch", name="pk_removed_until"),
    )
