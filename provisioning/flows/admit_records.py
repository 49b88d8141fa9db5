"""Deciding what becomes of each call record that was read: one call, one record (话单去重)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum

from pbx.cdr import TIMES, BrokenRecord, Cdr, clock_apart, differences
from pbx.cdr_lines import Line, Reading
from provisioning.flows.ports import Batch, HeldLine, Manifest, RecordKey, SourceState, StoredRecord


class Verdict(StrEnum):
    """What becomes of a line that was read."""

    NEW = "new"
    REPLAY = "replay"
    """The same from the same kind of file: nothing to do."""
    WITNESSED = "witnessed"
    """The same call from the other kind of file: one record, seen in both."""
    UPGRADED = "upgraded"
    """The same call, so far known with whole seconds only, now with microseconds."""
    CONFLICT = "conflict"
    """Another call under the same key: held, never overwritten."""
    BROKEN = "broken"
    """No call record: held with its raw bytes."""
    OTHER_SWITCH = "other-switch"
    """A call that the ledger has as another switch's: held, it would count twice."""
    BILL_CLOSED = "bill-closed"
    """Microseconds that come too late: the call stands on a closed bill. Held."""
    REMOVED = "removed"
    """A call whose record was removed when its time was over, read once more: nothing to do."""


QUARANTINED = (Verdict.BROKEN, Verdict.CONFLICT, Verdict.OTHER_SWITCH, Verdict.BILL_CLOSED)
KNOWN_ALREADY = (Verdict.REPLAY, Verdict.WITNESSED, Verdict.UPGRADED, Verdict.REMOVED)
HELD_BY_LEDGER: Mapping[Verdict, Verdict] = {
    Verdict.OTHER_SWITCH: Verdict.NEW,
    Verdict.BILL_CLOSED: Verdict.UPGRADED,
    Verdict.REMOVED: Verdict.NEW,
}
"""What only the ledger can tell, in the transaction that writes, and what the record was taken for."""


VERDICTS: Mapping[tuple[bool, bool, bool], Verdict] = {
    # same call as in the ledger?, seen in this kind of file?, does it bring microseconds?
    (True, True, False): Verdict.REPLAY,
    # Of two tables, both "sql", one may know whole seconds only.
    (True, True, True): Verdict.UPGRADED,
    (True, False, False): Verdict.WITNESSED,
    (True, False, True): Verdict.UPGRADED,
    (False, True, False): Verdict.CONFLICT,
    (False, True, True): Verdict.CONFLICT,
    (False, False, False): Verdict.CONFLICT,
    (False, False, True): Verdict.CONFLICT,
}
"""A record whose key the ledger has; one whose key it has not is new."""


def decide(record: Cdr, kind: str, known: StoredRecord | None) -> Verdict:
    """What becomes of a record, by what the ledger has under its key."""
    if known is None:
        return Verdict.NEW
    same = not differences(known.record, record)
    return VERDICTS[same, kind in known.seen, record.exact and not known.record.exact]


def seen_again(before: StoredRecord, record: Cdr, kind: str) -> StoredRecord:
    """The record as it is known from now on, when it was seen in that kind of file too."""
    return StoredRecord(record=record, seen=before.seen | {kind})


def admit(
    found: Sequence[Reading],
    kind: str,
    known: Mapping[RecordKey, StoredRecord],
    source: SourceState,
    begin: int | None = None,
    sha256: bytes = b"",
) -> tuple[Batch, Counter[Verdict]]:
    """What one transaction writes for these readings, and how many became what.

    `known` is what the ledger has under their keys; what the readings add to it counts for those behind.
    `begin` and `sha256` are of the bytes they were read from; a table's rows have none.
    """
    counts: Counter[Verdict] = Counter()
    now = dict(known)
    new: dict[RecordKey, Cdr] = {}
    upgraded: list[Cdr] = []
    witnessed: list[tuple[RecordKey, str]] = []
    held: list[HeldLine] = []
    for line, result in found:
        if isinstance(result, BrokenRecord):
            counts[Verdict.BROKEN] += 1
            held.append(HeldLine(offset=line.offset, raw=line.raw, code=result.code, reason=str(result)))
            continue
        key = (result.uniqueid, result.sequence)
        before = now.get(key)
        verdict = decide(result, kind, before)
        counts[verdict] += 1
        if before is None:
            new[key] = result
            now[key] = StoredRecord(record=result, seen=frozenset((kind,)))
        elif verdict is Verdict.CONFLICT:
            held.append(_conflict(line, result, before.record))
        elif verdict is Verdict.UPGRADED:
            upgraded.append(result)
            now[key] = seen_again(before, result, kind)
        elif verdict is Verdict.WITNESSED:
            witnessed.append((key, kind))
            now[key] = seen_again(before, before.record, kind)
    told = {str(verdict): count for verdict, count in sorted(counts.items())}
    read = begin is not None and begin < source.offset
    batch = Batch(
        source=source,
        kind=kind,
        manifest=Manifest(offset=begin, sha256=sha256, counts=told) if read and begin is not None else None,
        new=tuple(new.values()),
        upgraded=tuple(upgraded),
        witnessed=tuple(witnessed),
        held=tuple(held),
    )
    return batch, counts


def _conflict(line: Line, record: Cdr, known: Cdr) -> HeldLine:
    different = differences(known, record)
    reason = f"another call under the key {record.uniqueid}, {record.sequence}: {', '.join(different)} differ"
    apart = clock_apart(known, record)
    if apart and apart % 900 == 0 and set(different) <= set(TIMES):
        reason += f", all times by {apart / 3600:+g} hours: is usegmtime=yes set under [csv] in cdr.conf?"
    return HeldLine(
        offset=line.offset,
        raw=line.raw,
        code="conflict",
        reason=reason,
        key=(record.uniqueid, record.sequence),
    )
