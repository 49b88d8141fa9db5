"""Call records as they came, each once, with their raw line and where reading has got to (话单入库)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, insert, select, update

from pbx.cdr import Cdr, agrees
from provisioning.flows.ports import Batch, HeldLine, RecordKey, StoredRecord
from provisioning.store import sources
from provisioning.store.insertion import insertion
from provisioning.store.portions import portions, streamed
from provisioning.store.tables import call_record, held_line, rated_call
from provisioning.store.values import sha256

FIELDS = tuple(field.name for field in fields(Cdr))
COLUMNS = tuple(call_record.c[name] for name in FIELDS)
_CONTENT = attrgetter(*FIELDS)
_KEY = (call_record.c.switch, call_record.c.uniqueid, call_record.c.sequence)
_AT_ONCE = 5000


def cdr(row: Sequence[Any], first: int = 0) -> Cdr:
    """The record from a row whose columns from `first` on are COLUMNS."""
    return Cdr(**dict(zip(FIELDS, row[first : first + len(FIELDS)], strict=True)))


def stored(
    connection: Connection, switch: str, keys: Sequence[RecordKey]
) -> Mapping[RecordKey, StoredRecord]:
    """Those of the keys that the ledger has, with record and kinds of source."""
    wanted = frozenset(keys)
    found: dict[RecordKey, StoredRecord] = {}
    for some in portions(tuple({uniqueid for uniqueid, _ in wanted})):
        asked = select(*COLUMNS, call_record.c.seen).where(
            call_record.c.switch == switch, call_record.c.uniqueid.in_(some)
        )
        for row in connection.execute(asked):
            if (row.uniqueid, row.sequence) in wanted:
                seen = frozenset(row.seen.split(","))
                found[row.uniqueid, row.sequence] = StoredRecord(record=cdr(row), seen=seen)
    return found


def store(connection: Connection, batch: Batch, *, at: datetime) -> tuple[HeldLine, ...]:
    """Writes the batch and moves its source's offset, in the caller's one transaction.

    A record that is new here but already in the ledger is an IntegrityError: somebody else collected at
    the same time. A record on a closed bill is not upgraded: the bill stands, and the line is held. A call
    that is in the ledger as another switch's would count twice: it is held too. Returns what is held so.
    """
    switch = batch.source.switch
    upgraded, too_late = _parted(connection, switch, batch.upgraded)
    elsewhere = _elsewhere(connection, switch, batch.new)
    new = [record for record in batch.new if _key(record) not in elsewhere]
    for some in streamed(new, _AT_ONCE):
        connection.execute(insert(call_record), [_row(record, switch, at) for record in some])
    for some in streamed(upgraded, _AT_ONCE):
        connection.execute(_UPGRADE, [_upgrade_row(record, switch, at) for record in some])
    for some_seen in streamed(batch.witnessed, _AT_ONCE):
        rows = [{"k_switch": switch, "k_id": k[0], "k_seq": k[1], "kind": kind} for k, kind in some_seen]
        connection.execute(_WITNESS, rows)
    held = [_held(batch, record, "bill-closed", _CLOSED) for record in too_late]
    for record in batch.new:
        other = elsewhere.get(_key(record))
        if other is not None:
            held.append(_held(batch, record, "other-switch", _OTHER.format(other=other, switch=switch)))
    _hold(connection, batch, (*batch.held, *held), at=at)
    sources.move(connection, batch.source, at=at)
    return tuple(held)


_CLOSED = "more exact times of a call that stands on a closed bill; the bill stands as it is"
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
    by_key = {_key(record): record for record in new}
    for some in portions(tuple({record.uniqueid for record in new})):
        asked = select(*COLUMNS, call_record.c.switch).where(
            call_record.c.switch != switch, call_record.c.uniqueid.in_(some)
        )
        for row in connection.execute(asked):
            here = by_key.get((row.uniqueid, row.sequence))
            if here is not None and agrees(cdr(row), here):
                found[_key(here)] = row.switch
    return found


def seen_counts(connection: Connection, switch: str) -> Mapping[frozenset[str], int]:
    """How many records of a switch were seen in just these kinds of source."""
    kinds = call_record.c.seen
    asked = select(kinds, func.count()).where(call_record.c.switch == switch).group_by(kinds)
    return {frozenset(seen.split(",")): count for seen, count in connection.execute(asked)}


def held_count(connection: Connection) -> int:
    """How many lines are kept without being billed."""
    return int(connection.execute(select(func.count()).select_from(held_line)).scalar_one())


def _row(record: Cdr, switch: str, at: datetime) -> dict[str, Any]:
    row = dict(zip(FIELDS, _CONTENT(record), strict=True))
    row["switch"] = switch
    row["sha256"] = sha256(record.raw)
    row["seen"] = _kind(record)
    row["collected_at"] = at
    row["settled"] = False
    return row


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
_REPLACED = tuple(name for name in FIELDS if name not in ("uniqueid", "sequence"))
_UPGRADE = (
    update(call_record)
    .where(_HERE)
    .values(
        {
            **{
                name: bindparam(f"n_{name}", type_=call_record.c[name].type)
                for name in (*_REPLACED, "sha256")
            },
            "collected_at": bindparam("at", type_=call_record.c.collected_at.type),
            "settled": False,
            "seen": _with_kind("json"),
        }
    )
)


def _upgrade_row(record: Cdr, switch: str, at: datetime) -> dict[str, Any]:
    return {
        **{f"n_{name}": getattr(record, name) for name in _REPLACED},
        "n_sha256": sha256(record.raw),
        "at": at,
        "k_switch": switch,
        "k_id": record.uniqueid,
        "k_seq": record.sequence,
    }


def _parted(
    connection: Connection, switch: str, upgraded: Sequence[Cdr]
) -> tuple[tuple[Cdr, ...], tuple[Cdr, ...]]:
    """The records to upgrade, and those it is too late for, because they stand on a closed bill."""
    closed: set[RecordKey] = set()
    for some in portions(upgraded):
        asked = (
            select(call_record.c.uniqueid, call_record.c.sequence)
            .join(rated_call, rated_call.c.record == call_record.c.id)
            .where(
                call_record.c.switch == switch,
                call_record.c.uniqueid.in_({record.uniqueid for record in some}),
                rated_call.c.bill.is_not(None),
            )
        )
        closed.update((row.uniqueid, row.sequence) for row in connection.execute(asked))
    return (
        tuple(record for record in upgraded if _key(record) not in closed),
        tuple(record for record in upgraded if _key(record) in closed),
    )


def _hold(connection: Connection, batch: Batch, held: Iterable[HeldLine], *, at: datetime) -> None:
    """Keeps the lines that are not billed; the same line of the same switch is kept once."""
    rows = [
        {
            "switch": batch.source.switch,
            "path": batch.source.path,
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
