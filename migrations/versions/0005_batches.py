"""Call records narrow: a key, a state and the raw line; and a manifest of each batch.

The fields that go are read from the raw line. The digest of each line goes into that of its batch: the sum of
the digests of its lines, so that a line can be taken out of it without the others being read. All runs in one
transaction and in bounded memory; the SQLite file needs room for its call records twice.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from provisioning.flows.errors import FlowError

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
INSTANT = sa.String(32)
AT_ONCE = 5000
GONE = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata"),
    *("answer", "end", "duration", "billsec", "disposition", "amaflags", "userfield", "peeraccount"),
    *("linkedid", "exact", "sha256", "collected_at"),
)


def upgrade() -> None:
    _batch()
    sqlite = op.get_bind().dialect.name == "sqlite"
    made = _manifests()
    if sqlite:
        _rebuild()
        return
    op.add_column("call_record", sa.Column("batch", sa.BigInteger))
    if made:
        op.execute(
            "UPDATE call_record SET batch = batch.id FROM batch "
            "WHERE batch.switch = call_record.switch AND batch.collected_at = call_record.collected_at"
        )
    op.alter_column("call_record", "batch", nullable=False)
    for column in GONE:
        op.drop_column("call_record", column)


def downgrade() -> None:
    """Only of a ledger without call records: what their lines say stands nowhere else any more."""
    if op.get_bind().execute(sa.text("SELECT id FROM call_record LIMIT 1")).first() is not None:
        raise FlowError("the ledger holds call records, whose fields are given up: restore a backup.")
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("call_record", recreate="never") as table:
            table.drop_column("batch")
            for column in _given_up():
                table.add_column(column)
    else:
        op.drop_column("call_record", "batch")
        for column in _given_up():
            op.add_column("call_record", column)
    op.drop_table("batch")


def _given_up() -> list[sa.Column[Any]]:
    """SQLite adds a column that may not be empty only with a default; there are no rows to have it."""
    empty = sa.text("''") if op.get_bind().dialect.name == "sqlite" else None
    kinds: dict[str, Any] = {
        **dict.fromkeys(("answer", "end", "duration", "billsec"), sa.BigInteger),
        "exact": sa.Boolean,
        "sha256": sa.LargeBinary(32),
        "collected_at": INSTANT,
    }
    return [
        sa.Column(name, kinds.get(name, sa.Text), nullable=name == "answer", server_default=empty)
        for name in GONE
    ]


def _batch() -> None:
    op.create_table(
        "batch",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("switch", sa.String(128), nullable=False),
        sa.Column("path", sa.Text),
        sa.Column("kind", sa.String(8)),
        sa.Column("inode", sa.BigInteger),
        sa.Column("from_offset", sa.BigInteger),
        sa.Column("to_offset", sa.BigInteger),
        sa.Column("sha256", sa.LargeBinary(32)),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("earliest", sa.BigInteger),
        sa.Column("records", sa.Integer, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("collected_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
    )
    op.create_index("ix_batch_switch_path", "batch", ["switch", "path"])
    op.create_index("ix_batch_collected_at", "batch", ["collected_at"])


def _manifests() -> int:
    """One for each run and switch that the records there are came with; how many."""
    connection = op.get_bind()
    record = sa.table(
        "call_record",
        *(sa.column(name) for name in ("id", "switch", "start", "collected_at")),
        sa.column("sha256", sa.LargeBinary),
    )
    batch = sa.table(
        "batch",
        *(sa.column(name) for name in ("switch", "earliest", "records", "collected_at")),
        sa.column("counts", sa.JSON),
        sa.column("digest", sa.LargeBinary),
    )
    sums: dict[tuple[str, str], list[int]] = {}
    last = -1
    while True:
        asked = sa.select(record).where(record.c.id > last).order_by(record.c.id).limit(AT_ONCE)
        rows = connection.execute(asked).all()
        if not rows:
            break
        for row in rows:
            one = sums.setdefault((row.switch, row.collected_at), [0, 0, row.start])
            one[0] += 1
            one[1] += int.from_bytes(row.sha256, "big")
            one[2] = min(one[2], row.start)
        last = rows[-1].id
    if sums:
        connection.execute(
            sa.insert(batch),
            [
                {
                    "switch": switch,
                    "collected_at": collected_at,
                    "counts": {},
                    "earliest": earliest,
                    "records": records,
                    "digest": (total % 2**256).to_bytes(32, "big"),
                }
                for (switch, collected_at), (records, total, earliest) in sums.items()
            ],
        )
    return len(sums)


def _rebuild() -> None:
    """SQLite takes a column away by writing the whole table anew, so all of them go in one go. A table that
    others refer to cannot be dropped: so the verdicts move too, and refer to the new one under any name."""
    op.create_table(
        "narrow_record",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("switch", sa.String(128), nullable=False),
        sa.Column("batch", sa.BigInteger, nullable=False),
        sa.Column("uniqueid", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("seen", sa.String(32), nullable=False),
        sa.Column("settled", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_call_record"),
        sa.UniqueConstraint("uniqueid", "sequence", "switch", name="uq_call_record_uniqueid_sequence_switch"),
    )
    op.execute(
        "INSERT INTO narrow_record SELECT r.id, r.switch, batch.id, r.uniqueid, r.sequence, r.start, r.raw, "
        "r.seen, r.settled FROM call_record AS r JOIN batch "
        "ON batch.switch = r.switch AND batch.collected_at = r.collected_at ORDER BY r.id"
    )
    _rebuild_verdicts()
    op.drop_table("call_record")
    op.rename_table("narrow_record", "call_record")
    op.create_index(
        "ix_call_record_to_rate", "call_record", ["start", "id"], sqlite_where=sa.text("settled IS 0")
    )


def _rebuild_verdicts() -> None:
    op.create_table(
        "moved_call",
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
        sa.ForeignKeyConstraint(["record"], ["narrow_record.id"], name="fk_rated_call_record"),
        sa.ForeignKeyConstraint(["contract"], ["contract.id"], name="fk_rated_call_contract"),
        sa.ForeignKeyConstraint(["bill"], ["bill.id"], name="fk_rated_call_bill"),
    )
    op.execute("INSERT INTO moved_call SELECT * FROM rated_call")
    op.drop_table("rated_call")
    op.rename_table("moved_call", "rated_call")
    op.create_index("ix_rated_call_contract_cycle", "rated_call", ["contract", "cycle"])
    op.create_index("ix_rated_call_bill", "rated_call", ["bill"])
