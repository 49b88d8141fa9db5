"""The ledger's tables, as migrations/ builds them; a test proves both equal (台账表)."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from provisioning.store.values import ROW_ID, Exact, Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

contract = Table(
    "contract",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("recorded_at", Instant, nullable=False),
)

contract_version = Table(
    "contract_version",
    metadata,
    Column("contract", ForeignKey("contract.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("effective", Date, nullable=False),
    Column("document", JSON, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("recorded_by", Text, nullable=False),
    UniqueConstraint("contract", "effective"),
)

# What a contract's file said when it was recorded last: `contract change` changes versions, no file.
contract_file = Table(
    "contract_file",
    metadata,
    Column("contract", ForeignKey("contract.id"), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("recorded_by", Text, nullable=False),
)

# Who has a number, one row for each stretch of days in which nothing about the seat changed.
seat_period = Table(
    "seat_period",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("contract", ForeignKey("contract.id"), nullable=False),
    Column("long_number", String(16), nullable=False),
    Column("short_number", String(16)),
    Column("name", Text),
    Column("department", Text),
    Column("remark", Text),
    Column("iad", Text),
    Column("port", Integer),
    Column("mobile", Text),
    Column("second_number", Text),
    Column("extra", JSON, nullable=False),
    Column("site", String(64), nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    # All that a person may search by, folded and between newlines: see lookup.py.
    Column("searched", Text, nullable=False),
    CheckConstraint("until IS NULL OR until >= since", name="order"),
    Index(None, "contract"),
    Index(None, "long_number"),
    Index(None, "short_number"),
    Index(None, "name"),
    Index(None, "mobile"),
    Index(None, "second_number"),
    Index(None, "site"),
)

site = Table(
    "site",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("contract", ForeignKey("contract.id"), nullable=False),
    Column("area_code", String(8), nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    CheckConstraint("until IS NULL OR until >= since", name="order"),
    Index(None, "name"),
    Index(None, "contract"),
)

sip_secret = Table(
    "sip_secret",
    metadata,
    Column("long_number", String(16), primary_key=True),
    Column("secret", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
)

# The operator's digest passwords; a trunk's stands under the number it registers.
ims_password = Table(
    "ims_password",
    metadata,
    Column("contract", ForeignKey("contract.id"), primary_key=True),
    Column("long_number", String(16), primary_key=True),
    Column("password", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
)

# A token is found by its digest: how long a search takes says nothing of how near a guess was.
device_secret = Table(
    "device_secret",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("iad", String(64), primary_key=True),
    Column("token", Text, nullable=False),
    Column("token_sha256", LargeBinary(32), nullable=False),
    Column("admin_password", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    UniqueConstraint("token_sha256"),
)

# The newest file of each IAD that left the house; the audit has them all.
handed_out = Table(
    "handed_out",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("iad", String(64), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("how", String(16), nullable=False),
    Column("at", Instant, nullable=False),
)

# A fetched or closed offer is gone; one whose time is over stands without its content.
offer = Table(
    "offer",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("iad", String(64), primary_key=True),
    Column("model", Text, nullable=False),
    Column("mac", String(32)),
    Column("file_name", Text, nullable=False),
    Column("content", LargeBinary),
    Column("document", JSON, nullable=False),
    Column("until", Instant, nullable=False),
    ForeignKeyConstraint(["site", "iad"], ["device_secret.site", "device_secret.iad"]),
)

call_source = Table(
    "call_source",
    metadata,
    Column("switch", String(128), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("inode", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("prefix_length", Integer, nullable=False),
    Column("prefix_sha256", String(64), nullable=False),
    Column("tail_sha256", String(64), nullable=False),
    Column("collected_at", Instant, nullable=False),
    # Its disk, and when the file was made; 0 where nobody can tell.
    Column("device", BigInteger, nullable=False, server_default="0"),
    Column("born", BigInteger, nullable=False, server_default="0"),
)

# What one transaction of collecting read and made of it. `records` and `digest` are of those call records
# that came with it and stand unchanged: one that is replaced, or removed when its time is over, is taken out.
# Of records from before the ledger kept manifests, path, places and digest of the bytes are not known.
batch = Table(
    "batch",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("switch", String(128), nullable=False),
    Column("path", Text),
    # The kind of source: "csv", "json", "sql".
    Column("kind", String(8)),
    Column("inode", BigInteger),
    Column("from_offset", BigInteger),
    Column("to_offset", BigInteger),
    Column("sha256", LargeBinary(32)),
    # How many of the lines became what, by flows.admit_records.Verdict.
    Column("counts", JSON, nullable=False),
    # When the earliest call began that is new or replaced by it.
    Column("earliest", BigInteger),
    Column("records", Integer, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("collected_at", Instant, nullable=False),
    Index(None, "switch", "path"),
    Index(None, "collected_at"),
)

# The line is the record: its other fields are read from `raw` by pbx.cdr_lines.parse.
call_record = Table(
    "call_record",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("switch", String(128), nullable=False),
    # The batch it came with; no foreign key, which would cost as much as the row. `db verify` looks.
    Column("batch", BigInteger, nullable=False),
    Column("uniqueid", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    # The kinds of source it was seen in, with commas: "csv", "json", "json,csv", "sql".
    Column("seen", String(32), nullable=False),
    # Rated or free. The others are what the next `rate` takes up.
    Column("settled", Boolean, nullable=False),
    UniqueConstraint("uniqueid", "sequence", "switch"),
)
# Only of rows that are not settled, as the migration says: to say so here would load both dialects on
# every command, and a lookup has not the time.
Index("ix_call_record_to_rate", call_record.c.start, call_record.c.id)

held_line = Table(
    "held_line",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("switch", String(128), nullable=False),
    Column("path", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("code", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("uniqueid", Text),
    Column("sequence", BigInteger),
    Column("held_at", Instant, nullable=False),
    UniqueConstraint("switch", "sha256"),
)

bill = Table(
    "bill",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("contract", ForeignKey("contract.id"), nullable=False),
    Column("cycle", String(7), nullable=False),
    Column("document", JSON, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("calls", Integer, nullable=False),
    Column("calls_amount", Exact, nullable=False),
    Column("closed_at", Instant, nullable=False),
    Column("closed_by", Text, nullable=False),
    UniqueConstraint("contract", "cycle"),
)

rated_call = Table(
    "rated_call",
    metadata,
    Column("record", ForeignKey("call_record.id"), primary_key=True, autoincrement=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("contract", ForeignKey("contract.id")),
    Column("version", Integer),
    Column("seat", String(16)),
    Column("direction", String(16)),
    Column("other", Text),
    Column("number_class", String(32)),
    Column("zone", String(16)),
    Column("day", Date),
    Column("cycle", String(7)),
    Column("microseconds", BigInteger, nullable=False),
    Column("increments", BigInteger, nullable=False),
    Column("rate", Exact),
    Column("amount", Exact, nullable=False),
    Column("bill", ForeignKey("bill.id")),
    Index(None, "contract", "cycle"),
    Index(None, "bill"),
)

applied_plan = Table(
    "applied_plan",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("switch", String(128), nullable=False),
    Column("digest", String(128), nullable=False),
    Column("plan", JSON, nullable=False),
    Column("applied_at", Instant, nullable=False),
    Column("applied_by", Text, nullable=False),
    Index(None, "site"),
)

# Who may not call, or be called, from when to when; `seat` is empty for all seats of the contract (停机).
stop = Table(
    "stop",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("contract", ForeignKey("contract.id"), nullable=False),
    Column("seat", String(16)),
    Column("way", String(8), nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant),
    Column("why", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("recorded_by", Text, nullable=False),
    CheckConstraint("until IS NULL OR until > since", name="order"),
    Index(None, "contract"),
)

# Numbers given back: from the day `closed` on nobody's, from the day `free` on anybody's again (销户).
closed_number = Table(
    "closed_number",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("contract", ForeignKey("contract.id"), nullable=False),
    Column("number", String(16), nullable=False),
    Column("closed", Date, nullable=False),
    Column("free", Date, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("recorded_by", Text, nullable=False),
    CheckConstraint("free >= closed", name="order"),
    Index(None, "number"),
)

# What people complained of, by the number they were called from (投诉).
complaint = Table(
    "complaint",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("contract", ForeignKey("contract.id"), nullable=False),
    Column("number", String(16), nullable=False),
    Column("received", Instant, nullable=False),
    Column("about", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Index(None, "contract", "received"),
)

# The recorded calls there are, and those there were: a row stays when its file is removed (录音).
recording = Table(
    "recording",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("switch", String(128), nullable=False),
    Column("path", Text, nullable=False),
    Column("uniqueid", Text, nullable=False),
    Column("site", String(64), nullable=False),
    Column("contract", ForeignKey("contract.id")),
    Column("seat", String(16), nullable=False),
    Column("started", Instant, nullable=False),
    Column("milliseconds", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    # The last day on which it is kept; empty where no contract says how long.
    Column("keep_until", Date),
    # Why it is kept beyond that day, empty where it is not.
    Column("held", Text),
    Column("found_at", Instant, nullable=False),
    Column("removed_at", Instant),
    UniqueConstraint("switch", "path"),
    Index(None, "uniqueid"),
    Index(None, "seat", "started"),
)

# Append-only, as `bill` is: triggers in migrations/ refuse to change or delete a row of either.
audit = Table(
    "audit",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Column("event", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Index(None, "subject"),
)
