"""What was collected, for the proof that the ledger holds just what the files hold (采集核对取数)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, or_, select

from provisioning.flows.admit_records import KNOWN_ALREADY, Verdict
from provisioning.flows.ports import RecordKey
from provisioning.flows.proof import BatchRead, Kept
from provisioning.store.portions import portions
from provisioning.store.tables import batch, call_record, held_line


def batches(connection: Connection, switch: str, path: str) -> tuple[BatchRead, ...]:
    """The manifests with bytes of one source, in the order they were written."""
    asked = (
        select(*(batch.c[name] for name in ("id", "from_offset", "to_offset", "sha256", "records", "digest")))
        .where(batch.c.switch == switch, batch.c.path == path, batch.c.sha256.is_not(None))
        .order_by(batch.c.id)
    )
    return tuple(
        BatchRead(
            id=row.id,
            begin=row.from_offset,
            end=row.to_offset,
            sha256=row.sha256,
            records=row.records,
            total=int.from_bytes(row.digest, "big"),
        )
        for row in connection.execute(asked)
    )


def had_records(connection: Connection, switch: str, path: str) -> bool:
    """Whether a line of this source was ever a call record. One from before there were manifests may be of
    any source of its switch."""
    asked = select(batch.c.counts, batch.c.records).where(
        batch.c.switch == switch, or_(batch.c.path == path, batch.c.path.is_(None))
    )
    good = (Verdict.NEW, *KNOWN_ALREADY, Verdict.CONFLICT, Verdict.OTHER_SWITCH, Verdict.BILL_CLOSED)
    return any(
        records or any(counts.get(verdict) for verdict in good)
        for counts, records in connection.execute(asked)
    )


def kept(connection: Connection, keys: Collection[RecordKey]) -> Mapping[RecordKey, tuple[Kept, ...]]:
    """The call records of these keys, of whatever switch."""
    wanted = frozenset(keys)
    found: dict[RecordKey, tuple[Kept, ...]] = {}
    names = ("uniqueid", "sequence", "switch", "batch", "raw")
    for some in portions(tuple({uniqueid for uniqueid, _ in wanted})):
        asked = select(*(call_record.c[name] for name in names)).where(call_record.c.uniqueid.in_(some))
        for uniqueid, sequence, switch, number, raw in connection.execute(asked):
            key = (uniqueid, sequence)
            if key in wanted:
                found[key] = (*found.get(key, ()), Kept(switch, number, raw))
    return found


def held_among(connection: Connection, switch: str, digests: Collection[bytes]) -> frozenset[bytes]:
    """Those of the digests whose lines are, or were, in quarantine."""
    found: set[bytes] = set()
    for some in portions(tuple(digests)):
        asked = select(held_line.c.sha256).where(held_line.c.switch == switch, held_line.c.sha256.in_(some))
        found.update(connection.execute(asked).scalars())
    return frozenset(found)
