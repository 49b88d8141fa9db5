"""What a person decided of lines in quarantine; and by which signs a file of call records is told apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
SIGNS = ("device", "born")


def upgrade() -> None:
    op.create_table(
        "held_decision",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("line", ROW_ID, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_held_decision"),
        sa.ForeignKeyConstraint(["line"], ["held_line.id"], name="fk_held_decision_line", ondelete="CASCADE"),
    )
    op.create_index("ix_held_decision_line", "held_decision", ["line"])
    for name in SIGNS:
        op.add_column("call_source", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    for name in SIGNS:
        op.drop_column("call_source", name)
    op.drop_table("held_decision")
