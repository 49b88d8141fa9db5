"""What people decide about a service: stops, closed numbers that rest, complaints."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
INSTANT = sa.String(32)


def upgrade() -> None:
    op.create_table(
        "stop",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("contract", sa.String(64), nullable=False),
        sa.Column("seat", sa.String(16)),
        sa.Column("way", sa.String(8), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stop"),
        sa.ForeignKeyConstraint(["contract"], ["contract.id"], name="fk_stop_contract"),
        sa.CheckConstraint("until IS NULL OR until > since", name=op.f("ck_stop_order")),
    )
    op.create_index("ix_stop_contract", "stop", ["contract"])
    op.create_table(
        "closed_number",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("contract", sa.String(64), nullable=False),
        sa.Column("number", sa.String(16), nullable=False),
        sa.Column("closed", sa.Date, nullable=False),
        sa.Column("free", sa.Date, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_closed_number"),
        sa.ForeignKeyConstraint(["contract"], ["contract.id"], name="fk_closed_number_contract"),
        sa.CheckConstraint("free >= closed", name=op.f("ck_closed_number_order")),
    )
    op.create_index("ix_closed_number_number", "closed_number", ["number"])
    op.create_table(
        "complaint",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("contract", sa.String(64), nullable=False),
        sa.Column("number", sa.String(16), nullable=False),
        sa.Column("received", INSTANT, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_complaint"),
        sa.ForeignKeyConstraint(["contract"], ["contract.id"], name="fk_complaint_contract"),
    )
    op.create_index("ix_complaint_contract_received", "complaint", ["contract", "received"])


def downgrade() -> None:
    for table in ("complaint", "closed_number", "stop"):
        op.drop_table(table)
