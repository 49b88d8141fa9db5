"""IADs: the operator's passwords, the devices' own secrets, what was handed out and what may be fetched.

Beside them what each contract's file said when it was recorded last.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.String(32)


def upgrade() -> None:
    op.create_table(
        "contract_file",
        sa.Column("contract", sa.String(64), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("contract", name="pk_contract_file"),
        sa.ForeignKeyConstraint(["contract"], ["contract.id"], name="fk_contract_file_contract"),
    )
    op.execute(  # so far every version came from a file
        "INSERT INTO contract_file (contract, document, recorded_at, recorded_by)"
        " SELECT contract, document, recorded_at, recorded_by FROM contract_version AS latest"
        " WHERE number = (SELECT max(number) FROM contract_version WHERE contract = latest.contract)"
    )
    op.create_index("ix_seat_period_second_number", "seat_period", ["second_number"])
    op.create_table(
        "ims_password",
        sa.Column("contract", sa.String(64), nullable=False),
        sa.Column("long_number", sa.String(16), nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("contract", "long_number", name="pk_ims_password"),
        sa.ForeignKeyConstraint(["contract"], ["contract.id"], name="fk_ims_password_contract"),
    )
    op.create_table(
        "device_secret",
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("iad", sa.String(64), nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("admin_password", sa.Text, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("site", "iad", name="pk_device_secret"),
        sa.UniqueConstraint("token_sha256", name="uq_device_secret_token_sha256"),
    )
    op.create_table(
        "handed_out",
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("iad", sa.String(64), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("site", "iad", name="pk_handed_out"),
    )
    op.create_table(
        "offer",
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("iad", sa.String(64), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("mac", sa.String(32)),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("site", "iad", name="pk_offer"),
        sa.ForeignKeyConstraint(
            ["site", "iad"], ["device_secret.site", "device_secret.iad"], name="fk_offer_site_iad"
        ),
    )


def downgrade() -> None:
    op.drop_index("ix_seat_period_second_number", "seat_period")
    for table in ("offer", "handed_out", "device_secret", "ims_password", "contract_file"):
        op.drop_table(table)
