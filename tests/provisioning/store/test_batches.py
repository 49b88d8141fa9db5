"""What each transaction of collecting read and made of it, and the proof that its lines are the same."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, text

from pbx.cdr_plain import plain
from provisioning.flows.ports import Manifest, PlainBatch
from provisioning.store import batches
from provisioning.store.engine import reading, writing
from provisioning.store.ledger import SqlLedger, open_ledger
from provisioning.store.tables import batch as table
from provisioning.store.verify import verify


def key(record: Any) -> tuple[str, int]:
    return record.uniqueid, record.sequence


def plainly(sample: SimpleNamespace, *records: Any, offset: int = 0, switch: str = "pbx") -> PlainBatch:
    """A batch of the quick way, from a file that goes on at that byte."""
    kind = "json" if records[0].exact else "csv"
    lines = b"".join(one.raw + b"\n" for one in records)
    found = plain(lines, kind)
    assert found.size == len(lines)
    return PlainBatch(
        source=replace(sample.source(offset + len(lines)), switch=switch),
        kind=kind,
        manifest=Manifest(offset=offset, sha256=found.sha256, counts={"new": len(records)}),
        lines=lines.splitlines(),
        plain=found,
    )


def manifests(ledger: SqlLedger) -> list[Any]:
    with reading(ledger._engine) as connection:
        return list(connection.execute(select(table).order_by(table.c.id)))


@pytest.fixture
def url(full_ledger_url: str) -> str:
    return full_ledger_url


def spoil(url: str, statement: str) -> None:
    with open_ledger(url) as ledger, writing(ledger._engine) as connection:
        connection.execute(text(statement))


def test_the_quick_way_stores_what_the_careful_one_stores(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """Rows made from lines are the records that those lines are, whatever stands in their texts."""
    odd = [
        sample.record(1, clid='"O\'Neil; "张三"" <1>', lastdata="tab\there", userfield="%"),
        sample.record(2, answer=None, disposition="NO ANSWER", billsec=-1),
        sample.record(3),
    ]
    assert ledger.store_plain(plainly(sample, *odd), at=sample.now)
    found = ledger.stored("pbx", [key(one) for one in odd])
    assert {name: one.record for name, one in found.items()} == {key(one): one for one in odd}
    assert all(one.seen == {"json"} for one in found.values())
    assert ledger.source("pbx", "/records/seatline.json") is not None
    assert [record for _, record in ledger.to_rate(again=False)] == odd


def test_every_byte_survives_the_quick_way(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """Backslashes, tabs, carriage returns, text that is not UTF-8: the raw line comes back byte by byte."""
    made = [sample.record(n, exact=False).raw for n in range(1, 6)]
    marks = (b"\\x41\\\\101", b"tab\t", "张三".encode(), b"\xe5\xbc", b"\\N")
    lines = [line.replace(b'"Dial"', b'"' + mark + b'"') for line, mark in zip(made, marks, strict=True)]
    lines.append(sample.record(6, exact=False).raw + b"\r")
    block = b"".join(line + b"\n" for line in lines)
    batch = replace(plainly(sample, sample.record(1, exact=False)), lines=lines, plain=plain(block, "csv"))
    assert batch.plain.size == len(block)
    assert ledger.store_plain(batch, at=sample.now)
    assert [record.raw for _, record in ledger.to_rate(again=False)] == lines
    assert verify(str(ledger._engine.url)) == []


def test_a_call_known_otherwise_stops_the_quick_way(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """Where one call is known otherwise, or less well, or may be another switch's, nothing is written."""
    ledger.store(sample.batch(sample.record(2), sample.record(5, exact=False)), at=sample.now)
    state = ledger.source("pbx", "/records/seatline.json")
    for known in ((1, 2, 3), (2, 3), (1, 2)):
        records = [sample.record(number, dst="110") for number in known]
        assert ledger.store_plain(plainly(sample, *records, offset=500), at=sample.now) is None
    better = plainly(sample, sample.record(5), sample.record(6))
    assert ledger.store_plain(better, at=sample.now) is None
    other = plainly(sample, *map(sample.record, (1, 2, 3)), switch="other")
    assert ledger.store_plain(other, at=sample.now) is None
    assert ledger.source("pbx", "/records/seatline.json") == state
    assert len(list(ledger.to_rate(again=False))) == 2
    assert len(manifests(ledger)) == 1
    assert ledger.store_plain(plainly(sample, sample.record(4), switch="other"), at=sample.now) == {"new": 1}


def test_what_is_known_is_confirmed_in_one_go(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """Among many lines some may be new and some known: the former are added, the latter seen once more."""
    exact = [
        sample.record(number, answer=None if number == 4 else 1_752_000_000_000_000) for number in range(8)
    ]
    whole = [sample.lined(replace(one, exact=False)) for one in exact]
    assert ledger.store_plain(plainly(sample, *exact[2:6]), at=sample.now) == {"new": 4}
    for some, told in (
        (whole[3:5], {"witnessed": 2}),
        (whole[2:7], {"new": 1, "replay": 2, "witnessed": 2}),
        (exact[1:5], {"new": 1, "replay": 3}),
        (whole[0:8], {"new": 2, "replay": 5, "witnessed": 1}),
    ):
        assert ledger.store_plain(plainly(sample, *some), at=sample.now) == told
        assert manifests(ledger)[-1].counts == told
    found = ledger.stored("pbx", [key(one) for one in exact])
    kept = [whole[0], *exact[1:6], *whole[6:]]
    assert {name: one.record for name, one in found.items()} == {key(one): one for one in kept}
    seen = [found[key(one)].seen for one in kept]
    assert seen == [{"csv"}, *[{"json", "csv"}] * 5, {"csv"}, {"csv"}]
    assert verify(str(ledger._engine.url)) == []


def test_a_batch_has_its_manifest(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """The manifest says which bytes were read, how many lines became what, and what their digest is."""
    records = [sample.record(1), sample.record(2)]
    lines = b"".join(one.raw + b"\n" for one in records)
    ledger.store_plain(plainly(sample, *records, offset=7), at=sample.now)
    told = Manifest(offset=7 + len(lines), sha256=b"x" * 32, counts={"replay": 3})
    ledger.store(sample.batch(manifest=told, kind="json", offset=2000), at=sample.now)
    first, second = manifests(ledger)
    assert (first.from_offset, first.to_offset, first.kind) == (7, 7 + len(lines), "json")
    assert (first.sha256, first.counts) == (hashlib.sha256(lines).digest(), {"new": 2})
    assert (first.records, first.earliest) == (2, sample.record(1).start)
    assert first.digest == batches.lines_of(one.raw for one in records).digest
    assert (second.from_offset, second.to_offset, second.counts) == (7 + len(lines), 2000, {"replay": 3})
    assert (second.records, second.earliest) == (0, None)


def test_a_source_that_had_a_record_is_known(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """A source had call records once one of its batches had, and no other source of its switch then has."""
    batch = plainly(sample, sample.record(1))
    path = batch.source.path
    assert not ledger.had_records("pbx", path)
    assert ledger.store_plain(batch, at=sample.now)
    assert ledger.had_records("pbx", path)
    assert not ledger.had_records("pbx", f"{path}.1")
    assert not ledger.had_records("pbx-2", path)


def test_a_replaced_line_changes_its_batch(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """A line that is replaced by a better one is counted with the batch that brought that."""
    whole = [sample.record(number, exact=False) for number in (1, 2)]
    ledger.store(sample.batch(*whole), at=sample.now)
    better = sample.record(1)
    ledger.store(sample.batch(upgraded=(better,)), at=sample.now)
    first, second = manifests(ledger)
    assert (first.records, first.digest) == (1, batches.lines_of([whole[1].raw]).digest)
    assert (second.records, second.digest) == (1, batches.lines_of([better.raw]).digest)
    assert verify(str(ledger._engine.url)) == []


def test_removed_records_leave_a_ledger_that_can_be_trusted(
    ledger: SqlLedger, sample: SimpleNamespace
) -> None:
    """What is removed for good is taken out of its batch: the rest is still proved unchanged."""
    ledger.store(sample.batch(*map(sample.record, range(1, 6))), at=sample.now)
    numbers = [number for number, _ in ledger.to_rate(again=False)]
    with writing(ledger._engine) as connection:
        assert batches.remove(connection, numbers[1:3]) == 2
    assert verify(str(ledger._engine.url)) == []
    (left,) = manifests(ledger)
    assert left.records == 3


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM call_record WHERE sequence = 2", "5 of its lines should be here, 4 are"),
        ("UPDATE call_record SET raw = (SELECT raw FROM call_record WHERE sequence = 9) WHERE sequence = 2",
         "its line is not the one that was read"),
        ("UPDATE call_record SET start = start + 1 WHERE sequence = 2", "its line is not the one"),
        ("UPDATE call_record SET batch = 99 WHERE sequence = 2", "came with batch 99, which is not there"),
        ("DELETE FROM batch", "5 call records say that they came with batch"),
    ],
)  # fmt: skip
def test_lines_that_are_not_those_that_came_are_found(
    url: str, sample: SimpleNamespace, statement: str, told: str
) -> None:
    """A line that was changed, moved or removed by hand is found, and the batch it came with is named."""
    with open_ledger(url) as ledger:
        ledger.store(sample.batch(*map(sample.record, (1, 2, 3, 4, 9))), at=sample.now)
    spoil(url, statement)
    found = [one.message for one in verify(url) if one.code == "record-changed"]
    assert any(told in message for message in found), found


def test_another_line_of_the_same_call_is_found(url: str, sample: SimpleNamespace) -> None:
    """A line that tells the same key and beginning and another price is not the one that was read."""
    with open_ledger(url) as ledger:
        ledger.store(sample.batch(sample.record(1), sample.record(2)), at=sample.now)
        forged = sample.record(2, dst="110").raw
        (came,) = manifests(ledger)
        with writing(ledger._engine) as connection:
            connection.execute(text("UPDATE call_record SET raw = :raw WHERE sequence = 2"), {"raw": forged})
    (found,) = verify(url)
    assert "one or more of its 2 lines are not what was read" in found.message
    assert f"batch {came.id}, " in found.message
