"""Whether the ledger can be trusted: every line as it was read, every sum as it was billed (校验)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, Row, select, text, type_coerce
from sqlalchemy.types import NullType

from pbx.cdr import BrokenRecord
from pbx.cdr_lines import parse
from provisioning.flows.errors import FlowError, LedgerMissing, LedgerUnavailable
from provisioning.store import overlaps
from provisioning.store.batches import Lines, lines_of
from provisioning.store.bills import digest
from provisioning.store.engine import make_engine, reading, sqlite_file
from provisioning.store.faults import name_of
from provisioning.store.revision import outdated, revision_of
from provisioning.store.tables import batch, bill, call_record, device_secret, rated_call
from provisioning.store.tables_disputes import dispute, removed_calls
from provisioning.store.values import sha256

SHOWN = 20
"""How many findings of one kind are told one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be; `code` is stable, `message` is for a person."""

    code: str
    message: str


def verify(url: str) -> list[Finding]:
    """Everything found wrong in the ledger; empty when it can be trusted. Changes nothing.

    Raises LedgerUnavailable only when there is no database to look at.
    """
    engine = make_engine(url)
    try:
        file = sqlite_file(engine)
        if file is not None and not file.exists():
            raise LedgerMissing(f"ledger {name_of(engine)}: there is none to verify.")
        return _findings(engine)
    finally:
        engine.dispose()


def _findings(engine: Engine) -> list[Finding]:
    found: list[Finding] = []
    try:
        with reading(engine) as connection:
            if engine.dialect.name == "sqlite":
                found += _told("damaged", _sqlite_damage(connection))
            wrong = outdated(engine, revision_of(connection))
            if wrong is not None:
                return [*found, Finding(code="outdated", message=str(wrong))]
            for code, check in _CHECKS.items():
                found += _told(code, check(connection))
    except LedgerUnavailable:
        raise
    except FlowError as fault:
        found.append(Finding(code="damaged", message=str(fault)))
    return found


def _told(code: str, messages: Iterator[str]) -> list[Finding]:
    """The first findings of a kind, and how many more there are."""
    found = [Finding(code=code, message=message) for message in islice(messages, SHOWN)]
    more = sum(1 for _ in messages)
    if more:
        found.append(Finding(code=code, message=f"and {more} more of this kind"))
    return found


def _sqlite_damage(connection: Connection) -> Iterator[str]:
    for (told,) in connection.execute(text("PRAGMA integrity_check")):
        if told != "ok":
            yield f"the file is damaged: {told}; restore the newest good backup"
    for row in connection.execute(text("PRAGMA foreign_key_check")):
        yield f"row {row[1]} of {row[0]} refers to a row of {row[2]} that is not there"


def _changed_records(connection: Connection) -> Iterator[str]:
    """Lines that are not what their row says, and batches whose lines are not those that came with them."""
    untyped = NullType()  # a hand may have written text where bytes belong
    asked = select(
        call_record.c.id,
        call_record.c.switch,
        call_record.c.batch,
        call_record.c.uniqueid,
        call_record.c.sequence,
        call_record.c.start,
        type_coerce(call_record.c.raw, untyped).label("raw"),
    ).execution_options(yield_per=2000)
    found: dict[int, Lines] = {}
    named: set[int] = set()
    for row in connection.execute(asked):
        raw = row.raw if isinstance(row.raw, bytes) else b""
        found[row.batch] = found.get(row.batch, Lines()).plus(lines_of((raw,)))
        if not _tells(raw, row.uniqueid, row.sequence, row.start):
            named.add(row.batch)
            yield f"call record {row.id} of switch {row.switch}: its line is not the one that was read"
    for row in connection.execute(select(batch).order_by(batch.c.id)):
        here = found.pop(row.id, Lines())
        if (here.count, here.digest) != (row.records, row.digest) and row.id not in named:
            yield f"{_name_of(row)}: {_what_is_wrong(here.count, row.records)}"
    for number, here in sorted(found.items()):
        yield f"{here.count} call records say that they came with batch {number}, which is not there"


def _tells(raw: bytes, uniqueid: str, sequence: int, start: int) -> bool:
    """Whether a line is a call record with that key and beginning."""
    try:
        record = parse(raw)
    except BrokenRecord:
        return False
    return (record.uniqueid, record.sequence, record.start) == (uniqueid, sequence, start)


def _name_of(row: Row[Any]) -> str:
    where = f"from {row.path}" if row.path else "before there were manifests"
    places = "" if row.from_offset is None else f", bytes {row.from_offset} to {row.to_offset}"
    return f"batch {row.id}, collected {where}{places}, switch {row.switch}, on {row.collected_at:%Y-%m-%d}"


def _what_is_wrong(here: int, came: int) -> str:
    if here == came:
        return f"one or more of its {came} lines are not what was read"
    return f"{came} of its lines should be here, {here} are: call records were removed or added by hand"


def _dangling_verdicts(connection: Connection) -> Iterator[str]:
    asked = (
        select(rated_call.c.record)
        .outerjoin(call_record, call_record.c.id == rated_call.c.record)
        .where(call_record.c.id.is_(None))
    )
    for (record,) in connection.execute(asked):
        yield f"rated call {record} refers to a call record that is not there"


def _wrong_bills(connection: Connection) -> Iterator[str]:
    for row in connection.execute(select(bill).order_by(bill.c.contract, bill.c.cycle)):
        name = f"bill {row.contract} {row.cycle}"
        if digest(row.document) != row.sha256:
            yield f"{name}: is not the document that was closed"
        asked = select(rated_call.c.amount).where(rated_call.c.bill == row.id)
        amounts = list(connection.execute(asked).scalars())
        gone = select(removed_calls.c.calls, removed_calls.c.amount).where(removed_calls.c.bill == row.id)
        removed = connection.execute(gone).all()
        calls = len(amounts) + sum(one.calls for one in removed)
        amount = sum((one.amount for one in removed), sum(amounts, Decimal(0)))
        if calls != row.calls or amount != row.calls_amount:
            yield (
                f"{name}: was closed with {row.calls} calls for {row.calls_amount:f}, "
                f"now {calls} calls for {amount:f} stand on it, those counted that were removed in time"
            )
        wrong = _wrong_sum(row.document)
        if wrong is not None:
            yield f"{name}: {wrong}"


def _wrong_sum(document: Mapping[str, Any]) -> str | None:
    """Whether the parts of a bill's document add up to its amount; None when they do."""
    try:
        parts = [
            Decimal(line["amount"])
            for group in ("recurring", "once", "calls", "adjustments")
            for line in document.get(group, ())
        ]
        parts.append(Decimal(document.get("messages", {}).get("amount", "0")))
        parts.append(Decimal(document.get("late_fee", "0")))
        stated = Decimal(document["amount"])
    except (KeyError, TypeError, AttributeError, InvalidOperation):
        return "has no amounts that can be added up"
    total = sum(parts, Decimal(0))
    return None if total == stated else f"its parts add up to {total:f}, its amount says {stated:f}"


def _wrong_credits(connection: Connection) -> Iterator[str]:
    """Credits of disputes that are not what their bill gives back, whichever of the two was changed."""
    given: dict[int, tuple[str, Decimal]] = {}
    for row in connection.execute(select(bill.c.contract, bill.c.cycle, bill.c.document)):
        with suppress(KeyError, TypeError, AttributeError, InvalidOperation):  # "bill-wrong" tells
            lines = [line for line in row.document["adjustments"] if "dispute" in line]
            name = f"{row.contract} {row.cycle}"
            given |= {line["dispute"]: (name, -Decimal(line["amount"])) for line in lines}
    asked = select(dispute.c.id, dispute.c.credit, bill.c.contract, bill.c.cycle).join(bill)
    noted = {row.id: (f"{row.contract} {row.cycle}", row.credit) for row in connection.execute(asked)}
    for number in sorted(given.keys() | noted.keys()):
        if given.get(number) != noted.get(number):
            told, gives = (_credit(found.get(number)) for found in (noted, given))
            yield f"dispute {number}: {told} is noted, {gives} is given"


def _credit(found: tuple[str, Decimal] | None) -> str:
    return "no credit" if found is None else f"a credit of {found[1]} on bill {found[0]}"


def _wrong_tokens(connection: Connection) -> Iterator[str]:
    untyped = NullType()
    asked = select(
        device_secret.c.site,
        device_secret.c.iad,
        device_secret.c.token,
        type_coerce(device_secret.c.token_sha256, untyped).label("digest"),
    ).order_by(device_secret.c.site, device_secret.c.iad)
    for row in connection.execute(asked):
        if sha256(row.token.encode()) != row.digest:
            yield f"IAD {row.iad} of site {row.site}: its address is not the one it fetches from"


def _overlaps(connection: Connection) -> Iterator[str]:
    for one in overlaps.of_all(connection):
        what = f"{one.what}{one.role}"
        yield f"{what} belongs to {one.contract} and {one.other}{one.other_role} on the same days"


_CHECKS: Mapping[str, Callable[[Connection], Iterator[str]]] = {
    "record-changed": _changed_records,
    "verdict-dangling": _dangling_verdicts,
    "bill-wrong": _wrong_bills,
    "credit-wrong": _wrong_credits,
    "numbers-overlap": _overlaps,
    "token-wrong": _wrong_tokens,
}
