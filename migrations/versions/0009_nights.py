"""The nightly runs: which there were, what they found, and which days they covered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
INSTANT = sa.String(32)


def upgrade() -> None:
    op.create_table(
        "night_run",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("token", sa.String(40), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.BigInteger, nullable=False),
        sa.Column("began", INSTANT, nullable=False),
        sa.Column("renewed", INSTANT, nullable=False),
        sa.Column("ended", INSTANT),
        sa.Column("code", sa.Integer),
        sa.Column("document", sa.JSON),
        sa.PrimaryKeyConstraint("id", name="pk_night_run"),
        sa.UniqueConstraint("token", name="uq_night_run_token"),
    )
    op.create_index("ix_night_run_ended", "night_run", ["ended"])
    op.create_table(
        "night",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("run", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("covered_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_night"),
        sa.ForeignKeyConstraint(["run"], ["night_run.id"], name="fk_night_run"),
    )


def downgrade() -> None:
    op.drop_table("night")
    op.drop_table("night_run")
