"""The ledger: contracts, numbers over time, call records, bills, audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
INSTANT = sa.String(32)
APPEND_ONLY = ("audit", "bill")


def upgrade() -> None:
    _contracts()
    _numbers()
    _records()
    _money()
    _trail()
    _forbid_changes()


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in APPEND_ONLY:
        for verb in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_no_{verb}" + ("" if sqlite else f" ON {table}"))
    if not sqlite:
        op.execute("DROP FUNCTION seatline_append_only()")
    for table in (
        "audit",
        "applied_plan",
        "rated_call",
        "bill",
        "held_line",
        "call_record",
        "call_source",
        "sip_secret",
        "site",
        "seat_period",
        "contract_version",
        "contract",
    ):
        op.drop_table(table)


def _contracts() -> None:
    op.create_table(
        "contract",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contract"),
    )
    op.create_table(
        "contract_version",
        sa.Column("contract", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("effective", sa.Date, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("contract", "number", name="pk_contract_version"),
        sa.ForeignKeyConstraint(["contract"], ["contract.id"], name="fk_contract_version_contract"),
        sa.UniqueConstraint("contract", "effective", name="uq_contract_version_contract_effective"),
    )


def _numbers() -> None:
    op.create_table(
        "seat_period",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("contract", sa.String(64), nullable=False),
        sa.Column("long_number", sa.String(16), nullable=False),
        sa.Column("short_number", sa.String(16)),
        sa.Column("name", sa.Text),
        sa.Column("department", sa.Text),
        sa.Column("remark", sa.Text),
        sa.Column("iad", sa.Text),
        sa.Column("port", sa.Integer),
        sa.Column("mobile", sa.Text),
        sa.Column("second_number", sa.Text),
        sa.Column("extra", sa.JSON, nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date),
        sa.Column("searched", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_seat_period"),
        sa.ForeignKeyConstraint(["contract"], ["contract.id"], name="fk_seat_period_contract"),
        sa.CheckConstraint("until IS NULL OR until >= since", name=op.f("ck_seat_period_order")),
    )
    for column in ("contract", "long_number", "short_number", "name", "mobile", "site"):
        op.create_index(f"ix_seat_period_{column}", "seat_period", [column])
    op.create_table(
        "site",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("contract", sa.String(64), nullable=False),
        sa.Column("area_code", sa.String(8), nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date),
        sa.PrimaryKeyConstraint("id", name="pk_site"),
        sa.ForeignKeyConstraint(["contract"], ["contract.id"], name="fk_site_contract"),
        sa.CheckConstraint("until IS NULL OR until >= since", name=op.f("ck_site_order")),
    )
    for column in ("name", "contract"):
        op.create_index(f"ix_site_{column}", "site", [column])
    op.create_table(
        "sip_secret",
        sa.Column("long_number", sa.String(16), nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("long_number", name="pk_sip_secret"),
    )


def _records() -> None:
    op.create_table(
        "call_source",
        sa.Column("switch", sa.String(128), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("inode", sa.BigInteger, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("prefix_length", sa.Integer, nullable=False),
        sa.Column("prefix_sha256", sa.String(64), nullable=False),
        sa.Column("tail_sha256", sa.String(64), nullable=False),
        sa.Column("collected_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("switch", "path", name="pk_call_source"),
    )
    op.create_table(
        "call_record",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("switch", sa.String(128), nullable=False),
        sa.Column("accountcode", sa.Text, nullable=False),
        sa.Column("src", sa.Text, nullable=False),
        sa.Column("dst", sa.Text, nullable=False),
        sa.Column("dcontext", sa.Text, nullable=False),
        sa.Column("clid", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("dstchannel", sa.Text, nullable=False),
        sa.Column("lastapp", sa.Text, nullable=False),
        sa.Column("lastdata", sa.Text, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("answer", sa.BigInteger),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("duration", sa.BigInteger, nullable=False),
        sa.Column("billsec", sa.BigInteger, nullable=False),
        sa.Column("disposition", sa.Text, nullable=False),
        sa.Column("amaflags", sa.Text, nullable=False),
        sa.Column("uniqueid", sa.Text, nullable=False),
        sa.Column("userfield", sa.Text, nullable=False),
        sa.Column("peeraccount", sa.Text, nullable=False),
        sa.Column("linkedid", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("exact", sa.Boolean, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("seen", sa.String(32), nullable=False),
        sa.Column("collected_at", INSTANT, nullable=False),
        sa.Column("settled", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_call_record"),
        sa.UniqueConstraint("uniqueid", "sequence", "switch", name="uq_call_record_uniqueid_sequence_switch"),
    )
    op.create_index(
        "ix_call_record_to_rate",
        "call_record",
        ["start", "id"],
        sqlite_where=sa.text("settled IS 0"),
        postgresql_where=sa.text("settled IS false"),
    )
    op.create_table(
        "held_line",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("switch", sa.String(128), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("uniqueid", sa.Text),
        sa.Column("sequence", sa.BigInteger),
        sa.Column("held_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_held_line"),
        sa.UniqueConstraint("switch", "sha256", name="uq_held_line_switch_sha256"),
    )


def _money() -> None:
    op.create_table(
        "bill",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("contract", sa.String(64), nullable=False),
        sa.Column("cycle", sa.String(7), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("calls_amount", sa.Text, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=False),
        sa.Column("closed_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bill"),
        sa.ForeignKeyConstraint(["contract"], ["contract.id"], name="fk_bill_contract"),
        sa.UniqueConstraint("contract", "cycle", name="uq_bill_contract_cycle"),
    )
    op.create_table(
        "rated_call",
        sa.Column("record", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("contract", sa.String(64)),
        sa.Column("version", sa.Integer),
        sa.Column("seat", sa.String(16)),
        sa.Column("direction", sa.String(16)),
        sa.Column("other", sa.Text),
        sa.Column("number_class", sa.String(32)),
        sa.Column("zone", sa.String(16)),
        sa.Column("day", sa.Date),
        sa.Column("cycle", sa.String(7)),
        sa.Column("microseconds", sa.BigInteger, nullable=False),
        sa.Column("increments", sa.BigInteger, nullable=False),
        sa.Column("rate", sa.Text),
        sa.Column("amount", sa.Text, nullable=False),
        sa.Column("bill", ROW_ID),
        sa.PrimaryKeyConstraint("record", name="pk_rated_call"),
        sa.ForeignKeyConstraint(["record"], ["call_record.id"], name="fk_rated_call_record"),
        sa.ForeignKeyConstraint(["contract"], ["contract.id"], name="fk_rated_call_contract"),
        sa.ForeignKeyConstraint(["bill"], ["bill.id"], name="fk_rated_call_bill"),
    )
    op.create_index("ix_rated_call_contract_cycle", "rated_call", ["contract", "cycle"])
    op.create_index("ix_rated_call_bill", "rated_call", ["bill"])


def _trail() -> None:
    op.create_table(
        "applied_plan",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("switch", sa.String(128), nullable=False),
        sa.Column("digest", sa.String(128), nullable=False),
        sa.Column("plan", sa.JSON, nullable=False),
        sa.Column("applied_at", INSTANT, nullable=False),
        sa.Column("applied_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_applied_plan"),
    )
    op.create_index("ix_applied_plan_site", "applied_plan", ["site"])
    op.create_table(
        "audit",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"])


def _forbid_changes() -> None:
    """Neither the audit nor a closed bill is ever changed or deleted, whoever tries."""
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for verb in ("update", "delete"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION seatline_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION seatline_append_only()"
            )
