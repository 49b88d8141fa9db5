"""Many lines of calls that the ledger has already, looked at in one go (批量核对).

The usual second source confirms what the first one brought. Nothing is said here of a line that tells
anything but plainly the same call: then somebody looks at all of them carefully.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from pbx.cdr_plain import Plain, says_no_more
from provisioning.flows.ports import PlainBatch
from provisioning.store.portions import portions
from provisioning.store.tables import call_record


class Known(NamedTuple):
    """What the ledger has of a call: its number, its line, and in which kinds of source it was seen."""

    number: int
    raw: bytes
    seen: str


def known(connection: Connection, batch: PlainBatch) -> Mapping[int, Known]:
    """What the ledger has of the calls that these lines tell, by the place of the line."""
    plain = batch.plain
    places = {key: place for place, key in enumerate(zip(plain.uniqueids, plain.sequences, strict=True))}
    names = ("uniqueid", "sequence", "id", "raw", "seen")
    asked = select(*(call_record.c[name] for name in names)).where(
        call_record.c.switch == batch.source.switch,
        call_record.c.uniqueid.in_(bindparam("some", expanding=True)),
    )
    found: dict[int, Known] = {}
    for some in portions(tuple(dict.fromkeys(plain.uniqueids))):
        for uniqueid, sequence, *rest in connection.execute(asked, {"some": some}):
            place = places.get((uniqueid, sequence))
            if place is not None:
                found[place] = Known(*rest)
    return found


def seen(batch: PlainBatch, known: Mapping[int, Known]) -> Mapping[str, list[int]] | None:
    """The records that are seen in this kind of source for the first time, by the kinds so far; None where a
    line says anything else than its record, or more."""
    first: dict[str, list[int]] = {}
    for place, record in known.items():
        if not says_no_more(batch.lines[place], record.raw):
            return None
        if batch.kind not in record.seen.split(","):
            first.setdefault(record.seen, []).append(record.number)
    return first


def without(batch: PlainBatch, places: Collection[int]) -> PlainBatch:
    """The batch without the lines at these places."""
    left = [place for place in range(len(batch.lines)) if place not in places]
    plain = batch.plain
    return replace(
        batch,
        lines=[batch.lines[place] for place in left],
        plain=Plain(
            [plain.uniqueids[place] for place in left],
            [plain.sequences[place] for place in left],
            [plain.starts[place] for place in left],
            plain.size,
            plain.sha256,
            plain.total,
        ),
    )


def see(connection: Connection, first: Mapping[str, list[int]], kind: str) -> None:
    """Notes that these records were seen in one more kind of source."""
    told = update(call_record).where(call_record.c.id.in_(bindparam("some", expanding=True)))
    for before, numbers in first.items():
        changed = told.values(seen=f"{before},{kind}")
        for some in portions(sorted(numbers)):
            connection.execute(changed, {"some": some})
