"""Call records as they came, each once, with their raw line and where reading has got to (话单入库)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, select, update

from pbx.cdr import BrokenRecord, Cdr, agrees
from pbx.cdr_lines import parse
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Batch, HeldLine, RecordKey, SourceState, StoredRecord
from provisioning.store import batches, removal, sources
from provisioning.store.insertion import insert_rows, insertion
from provisioning.store.portions import portions, streamed
from provisioning.store.tables import call_record, held_line, rated_call
from provisioning.store.values import sha256

_AT_ONCE = 5000
ROW = ("switch", "batch", "uniqueid", "sequence", "start", "raw", "seen", "settled")
"""The columns of a new row, in order; the database gives it its number."""


def cdr(record: int, raw: bytes) -> Cdr:
    """The record that a line of the ledger is; FlowError where somebody has changed it."""
    try:
        return parse(raw)
    except BrokenRecord as fault:
        raise FlowError(
            f"call record {record} of the ledger is not a line that was collected ({fault}). "
            "Run `seatline db verify`, then restore the newest good backup."
        ) from None


def stored(
    connection: Connection, switch: str, keys: Sequence[RecordKey]
) -> Mapping[RecordKey, StoredRecord]:
    """Those of the keys that the ledger has, with record and kinds of source."""
    wanted = frozenset(keys)
    found: dict[RecordKey, StoredRecord] = {}
    columns = (call_record.c[name] for name in ("id", "uniqueid", "sequence", "raw", "seen"))
    asked = select(*columns).where(
        call_record.c.switch == switch, call_record.c.uniqueid.in_(bindparam("some", expanding=True))
    )
    for some in portions(tuple({uniqueid for uniqueid, _ in wanted})):
        for number, uniqueid, sequence, raw, seen in connection.execute(asked, {"some": some}):
            if (uniqueid, sequence) in wanted:
                kinds = frozenset(seen.split(","))
                found[uniqueid, sequence] = StoredRecord(record=cdr(number, raw), seen=kinds)
    return found


def store(connection: Connection, batch: Batch, *, at: datetime) -> tuple[HeldLine, ...]:
    """Writes the batch as `write` does and moves its source's offset, in the caller's one transaction."""
    held = write(connection, batch, at=at)
    sources.move(connection, batch.source, at=at)
    return held


def write(connection: Connection, batch: Batch, *, at: datetime) -> tuple[HeldLine, ...]:
    """Writes what the batch brings; its source's offset stays.

    A record that is new here but already in the ledger is an IntegrityError: somebody else collected at
    the same time. A record on a closed bill is not upgraded: the bill stands, and the line is held. A call
    that is in the ledger as another switch's would count twice: it is held too. One whose record was removed
    when its time was over is neither taken nor held. Returns what is held so, and what was removed.
    """
    switch = batch.source.switch
    upgraded, too_late = _parted(connection, switch, batch.upgraded)
    elsewhere = _elsewhere(connection, switch, batch.new)
    removed = _removed(connection, switch, batch.new)
    new = [record for record in batch.new if _key(record) not in elsewhere and _key(record) not in removed]
    held = [_held(batch, record, "bill-closed", _CLOSED) for record in too_late]
    for record in batch.new:
        other = elsewhere.get(_key(record))
        if other is not None:
            held.append(_held(batch, record, "other-switch", _OTHER.format(other=other, switch=switch)))
    gone = [
        _held(batch, record, "removed", _GONE)
        for record in batch.new
        if _key(record) in removed and _key(record) not in elsewhere
    ]
    number = _note(connection, batch, new, upgraded, (*held, *gone), at=at)
    if new:
        added = (_row(record, switch, number, batch.kind) for record in new)
        insert_rows(connection, call_record, ROW, added)
    for some in streamed(upgraded, _AT_ONCE):
        connection.execute(_UPGRADE, [_upgrade_row(record, switch, number, batch.kind) for record in some])
    for some_seen in streamed(batch.witnessed, _AT_ONCE):
        rows = [{"k_switch": switch, "k_id": k[0], "k_seq": k[1], "kind": kind} for k, kind in some_seen]
        connection.execute(_WITNESS, rows)
    hold(connection, batch.source, (*batch.held, *held), at=at)
    return (*held, *gone)


def _note(
    connection: Connection,
    batch: Batch,
    new: Sequence[Cdr],
    upgraded: Sequence[Cdr],
    refused: Sequence[HeldLine],
    *,
    at: datetime,
) -> int:
    """The number of the batch's manifest, or 0 where it brings neither a record nor bytes."""
    manifest = batch.manifest
    if not new and not upgraded and manifest is None:
        return 0
    if manifest is not None and refused:
        told = {"new": len(new), "upgraded": len(upgraded), **Counter(line.code for line in refused)}
        manifest = replace(manifest, counts={**manifest.counts, **told})
    return batches.note(
        connection,
        batch.source,
        batch.kind,
        manifest,
        batches.lines_of(record.raw for record in (*new, *upgraded)),
        earliest=min((record.start for record in (*new, *upgraded)), default=None),
        at=at,
    )


_CLOSED = "more exact times of a call that stands on a closed bill; the bill stands as it is"
_GONE = "their records were removed when their time was over; they are not taken anew"
_OTHER = (
    "this call was collected as one of switch {other}; as one of switch {switch} it would count twice. "
    "If {other} wrote the file, say --switch {other}"
)


def _held(batch: Batch, record: Cdr, code: str, reason: str) -> HeldLine:
    return HeldLine(offset=batch.source.offset, raw=record.raw, code=code, reason=reason, key=_key(record))


def _key(record: Cdr) -> RecordKey:
    return record.uniqueid, record.sequence


def _elsewhere(connection: Connection, switch: str, new: Sequence[Cdr]) -> Mapping[RecordKey, str]:
    """Which of the new records tell a call that the ledger has as another switch's, and whose."""
    found: dict[RecordKey, str] = {}
    if not new or sources.is_alone(connection, switch):
        return found
    by_key = {_key(record): record for record in new}
    columns = (call_record.c[name] for name in ("id", "switch", "uniqueid", "sequence", "raw"))
    asked = select(*columns).where(
        call_record.c.switch != switch, call_record.c.uniqueid.in_(bindparam("some", expanding=True))
    )
    for some in portions(tuple({record.uniqueid for record in new})):
        for number, other, uniqueid, sequence, raw in connection.execute(asked, {"some": some}):
            here = by_key.get((uniqueid, sequence))
            if here is not None and agrees(cdr(number, raw), here):
                found[_key(here)] = other
    return found


def _removed(connection: Connection, switch: str, new: Sequence[Cdr]) -> frozenset[RecordKey]:
    """Which of the new records tell a call whose record was removed when its time was over."""
    latest = removal.until(connection, switch) if new else None
    if latest is None:
        return frozenset()
    old = [_key(record) for record in new if record.start <= latest]
    return removal.removed_of(connection, switch, old) if old else frozenset()


def seen_counts(connection: Connection, switch: str) -> Mapping[frozenset[str], int]:
    """How many records of a switch were seen in just these kinds of source."""
    kinds = call_record.c.seen
    asked = select(kinds, func.count()).where(call_record.c.switch == switch).group_by(kinds)
    return {frozenset(seen.split(",")): count for seen, count in connection.execute(asked)}


def _row(record: Cdr, switch: str, batch: int, kind: str) -> tuple[Any, ...]:
    seen = kind or _kind(record)
    return switch, batch, record.uniqueid, record.sequence, record.start, record.raw, seen, False


def _kind(record: Cdr) -> str:
    """Only cdr_custom's lines have microseconds, so the record says itself where it was read."""
    return "json" if record.exact else "csv"


def _with_kind(kind: Any) -> Any:
    """The column `seen` with one more kind, if it is not in it."""
    seen = call_record.c.seen
    return case(((("," + seen + ",").contains("," + kind + ",")), seen), else_=seen + "," + kind)


_HERE = (
    (call_record.c.switch == bindparam("k_switch"))
    & (call_record.c.uniqueid == bindparam("k_id"))
    & (call_record.c.sequence == bindparam("k_seq"))
)
_WITNESS = (
    update(call_record).where(_HERE).values(seen=_with_kind(bindparam("kind", type_=call_record.c.seen.type)))
)
_UPGRADE = (
    update(call_record)
    .where(_HERE)
    .values(
        {
            "batch": bindparam("n_batch"),
            "start": bindparam("n_start"),
            "raw": bindparam("n_raw"),
            "settled": False,
            "seen": _with_kind(bindparam("kind", type_=call_record.c.seen.type)),
        }
    )
)


def _upgrade_row(record: Cdr, switch: str, batch: int, kind: str) -> dict[str, Any]:
    return {
        "n_batch": batch,
        "n_start": record.start,
        "n_raw": record.raw,
        "kind": kind or _kind(record),
        "k_switch": switch,
        "k_id": record.uniqueid,
        "k_seq": record.sequence,
    }


def _parted(
    connection: Connection, switch: str, upgraded: Sequence[Cdr]
) -> tuple[tuple[Cdr, ...], tuple[Cdr, ...]]:
    """The records to upgrade, and those it is too late for, because they stand on a closed bill.

    The lines that make way are taken out of the batches they came with.
    """
    wanted = {_key(record) for record in upgraded}
    closed: set[RecordKey] = set()
    gone: dict[int, batches.Lines] = {}
    names = ("uniqueid", "sequence", "batch", "raw")
    asked = (
        select(*(call_record.c[name] for name in names), rated_call.c.bill)
        .outerjoin(rated_call, rated_call.c.record == call_record.c.id)
        .where(call_record.c.switch == switch, call_record.c.uniqueid.in_(bindparam("some", expanding=True)))
    )
    for some in portions(tuple({record.uniqueid for record in upgraded})):
        for row in connection.execute(asked, {"some": some}):
            if (row.uniqueid, row.sequence) not in wanted:
                continue
            if row.bill is not None:
                closed.add((row.uniqueid, row.sequence))
            else:
                lines = batches.lines_of((row.raw,))
                gone[row.batch] = gone.get(row.batch, batches.Lines()).plus(lines)
    batches.take_out(connection, gone)
    return (
        tuple(record for record in upgraded if _key(record) not in closed),
        tuple(record for record in upgraded if _key(record) in closed),
    )


def hold(connection: Connection, source: SourceState, held: Iterable[HeldLine], *, at: datetime) -> None:
    """Keeps the lines that are not billed; the same line of the same switch is kept once."""
    rows = [
        {
            "switch": source.switch,
            "path": source.path,
            "offset": line.offset,
            "raw": line.raw,
            "sha256": sha256(line.raw),
            "code": line.code,
            "reason": line.reason,
            "uniqueid": None if line.key is None else line.key[0],
            "sequence": None if line.key is None else line.key[1],
            "held_at": at,
        }
        for line in held
    ]
    if rows:
        made = insertion(connection, held_line)
        connection.execute(made.on_conflict_do_nothing(index_elements=["switch", "sha256"]), rows)
