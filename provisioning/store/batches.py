"""The manifest of each transaction of collecting, and the digest of the lines that came with it (批次).

The digest of a batch is the sum of the SHA-256 of its lines: a line that is replaced, or removed when its
time is over, is taken out of the sum without the others being read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from provisioning.flows.ports import Manifest, SourceState
from provisioning.store.portions import portions
from provisioning.store.tables import batch, call_record
from provisioning.store.values import sha256

WHOLE = 2**256


@dataclass(frozen=True, slots=True)
class Lines:
    """So many lines, and the sum of their digests."""

    count: int = 0
    total: int = 0

    def plus(self, other: Lines) -> Lines:
        return Lines(self.count + other.count, (self.total + other.total) % WHOLE)

    def less(self, other: Lines) -> Lines:
        return Lines(self.count - other.count, (self.total - other.total) % WHOLE)

    @property
    def digest(self) -> bytes:
        return self.total.to_bytes(32, "big")


def lines_of(raws: Iterable[bytes]) -> Lines:
    """These lines together, in whatever order."""
    count = total = 0
    for raw in raws:
        count += 1
        total += int.from_bytes(sha256(raw), "big")
    return Lines(count, total % WHOLE)


def note(
    connection: Connection,
    source: SourceState,
    kind: str,
    manifest: Manifest | None,
    lines: Lines,
    *,
    earliest: int | None,
    at: datetime,
) -> int:
    """Writes the manifest of a batch; its number."""
    row = {
        "switch": source.switch,
        "path": source.path,
        "kind": kind or None,
        "inode": source.inode,
        "from_offset": None if manifest is None else manifest.offset,
        "to_offset": None if manifest is None else source.offset,
        "sha256": None if manifest is None else manifest.sha256,
        "counts": {} if manifest is None else dict(manifest.counts),
        "earliest": earliest,
        "records": lines.count,
        "digest": lines.digest,
        "collected_at": at,
    }
    made = connection.execute(insert(batch).values(**row)).inserted_primary_key
    assert made is not None
    return int(made[0])


def take_out(connection: Connection, gone: Mapping[int, Lines]) -> None:
    """Takes lines out of the batches they came with: they are replaced, or removed for good."""
    for some in portions(tuple(gone)):
        asked = select(batch.c.id, batch.c.records, batch.c.digest).where(batch.c.id.in_(some))
        for row in connection.execute(asked).all():
            left = Lines(row.records, int.from_bytes(row.digest, "big")).less(gone[row.id])
            connection.execute(
                update(batch).where(batch.c.id == row.id).values(records=left.count, digest=left.digest)
            )


def remove(connection: Connection, records: Sequence[int]) -> int:
    """Removes call records for good, and takes their lines out of their batches; how many there were.

    Whoever removes them has removed what refers to them, and notes it in the audit.
    """
    removed = 0
    gone: dict[int, Lines] = {}
    for some in portions(records):
        these = call_record.c.id.in_(some)
        for row in connection.execute(select(call_record.c.batch, call_record.c.raw).where(these)):
            gone[row.batch] = gone.get(row.batch, Lines()).plus(lines_of((row.raw,)))
            removed += 1
        connection.execute(call_record.delete().where(these))
    take_out(connection, gone)
    return removed


def earliest(connection: Connection, since: datetime) -> int | None:
    """When the earliest call began of those collected from that moment on, None without any."""
    asked = select(func.min(batch.c.earliest)).where(batch.c.collected_at >= since)
    found: int | None = connection.execute(asked).scalar()
    return found
