"""The proof that the ledger holds just what the files hold, and each way in which it may fail."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from sqlalchemy import text

from pbx.live.files import RecordFiles
from provisioning.flows.collect_calls import Source, collect
from provisioning.flows.proof import Proof
from provisioning.flows.verify_collected import verify
from provisioning.store.ledger import SqlLedger

from .test_quarantine import NOW, csv, jsons, record


class Collecting:
    """A file that is collected, and proven."""

    def __init__(self, ledger: SqlLedger, path: Path) -> None:
        self.ledger = ledger
        self.path = path

    def add(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)

    def collect(self, data: bytes = b"") -> None:
        self.add(data)
        sources = [Source("pbx", str(self.path))]
        collect(sources, self.ledger, RecordFiles(), now=NOW, progress=lambda *_: None)

    def prove(self) -> Proof:
        (proof,) = verify(lambda _: True, self.ledger, RecordFiles(), lambda *_: None)
        assert proof.error is None
        return proof

    def sql(self, statement: str) -> None:
        with self.ledger._engine.begin() as connection:
            assert connection.execute(text(statement)).rowcount


@pytest.fixture
def collecting(ledger: SqlLedger, tmp_path: Path) -> Collecting:
    return Collecting(ledger, tmp_path / "Master.csv")


def test_a_file_of_which_nothing_was_taken_waits_whole(collecting):
    """Of a refused file all bytes are unread."""
    collecting.collect(b",".join([b'"a"'] * 18) + b"\n")
    proof = collecting.prove()
    assert (proof.proven, proof.unread) == (0, collecting.path.stat().st_size)


def test_all_that_was_read_is_proven(collecting):
    """Every byte of a file, its records, conflicts and broken lines, is shown to be in the ledger."""
    collecting.collect(csv(*map(record, range(40))))
    collecting.collect(csv(record(3), record(4, dst="110"), record(5, clid="a\nb")) + b"nonsense\n\n")
    collecting.collect(csv(record(50))[:80] + csv(record(51)))
    proof = collecting.prove()
    assert (proof.problems, proof.wrong, proof.unlisted, proof.gone) == ([], 0, 0, 0)
    assert (proof.proven, proof.records, proof.held) == (collecting.path.stat().st_size, 42, 4)
    collecting.add(csv(record(60)))
    assert collecting.prove().unread == len(csv(record(60)))


def test_rotated_files_are_proven_too(collecting, tmp_path):
    """What was rotated away, gzipped or not, is proven from where it lies now; what is gone is counted."""
    collecting.collect(csv(record(1)))
    collecting.add(csv(record(2)))
    collecting.path.rename(tmp_path / "Master.csv.2")
    collecting.collect(csv(record(3)))
    collecting.path.rename(tmp_path / "Master.csv.1")
    plain, packed = tmp_path / "Master.csv.2", tmp_path / "Master.csv.2.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    os.utime(packed, ns=(plain.stat().st_mtime_ns, plain.stat().st_mtime_ns))
    plain.unlink()
    collecting.collect(csv(record(4)))
    proof = collecting.prove()
    assert (proof.wrong, proof.gone, proof.records) == (0, 0, 4)
    assert proof.proven == len(csv(*map(record, range(1, 5))))
    (tmp_path / "Master.csv.2.gz").unlink()
    proof = collecting.prove()
    assert (proof.wrong, proof.gone, proof.records) == (0, len(csv(record(1), record(2))), 2)


def test_two_kinds_of_file_are_proven(ledger, tmp_path):
    """A call that stands in both files with another precision is proven from each of them."""
    for name, data in (
        ("Master.csv", csv(record(1), record(2))),
        ("seatline.json", jsons(record(2), record(3))),
    ):
        Collecting(ledger, tmp_path / name).collect(data)
    proofs = list(verify(lambda _: True, ledger, RecordFiles(), lambda *_: None))
    assert [(proof.wrong, proof.records) for proof in proofs] == [(0, 2), (0, 2)]
    chosen = list(verify(lambda one: "json" in one.path, ledger, RecordFiles(), lambda *_: None))
    assert [proof.path for proof in chosen] == [str(tmp_path / "seatline.json")]


def test_a_record_that_is_lost_is_found_out(collecting):
    """A call record that somebody removed from the ledger is missed, with its place in the file."""
    collecting.collect(csv(*map(record, range(3))))
    collecting.sql("DELETE FROM call_record WHERE sequence = 1")
    proof = collecting.prove()
    assert (proof.proven, proof.wrong) == (0, 2)
    assert f"byte {len(csv(record(0)))}: the call pbx-1753977590.1, 1 is neither" in proof.problems[0]
    assert "3 call records came with this batch, of which 2 stand there" in proof.problems[1]


def test_a_line_lost_from_quarantine_is_found_out(collecting):
    """A broken line that is not in quarantine any more is missed."""
    collecting.collect(csv(record(0)) + b"nonsense\n")
    collecting.sql("DELETE FROM held_line")
    assert "not in quarantine" in collecting.prove().problems[0]


def test_a_record_too_many_is_found_out(collecting):
    """A call record that says it came with a batch, and stands nowhere in its bytes, is found out."""
    collecting.collect(csv(record(0), record(1)))
    changed = {
        "sqlite": "CAST(replace(raw, '13800138000', '13800138001') AS BLOB)",
        "postgresql": "convert_to(replace(convert_from(raw, 'UTF8'), '13800138000', '13800138001'), 'UTF8')",
    }[collecting.ledger._engine.dialect.name]
    collecting.sql(f"UPDATE call_record SET raw = {changed} WHERE sequence = 1")
    proof = collecting.prove()
    assert proof.wrong == 2
    assert "neither in the ledger" in proof.problems[0]


def test_a_file_changed_since_is_found_out(collecting):
    """Bytes of a file that were changed after they were read are not the ones of the manifest."""
    collecting.collect(csv(*map(record, range(3))))
    collecting.collect(csv(record(3)))
    data = bytearray(collecting.path.read_bytes())
    data[len(csv(record(0))) + 20] ^= 1
    with collecting.path.open("r+b") as file:
        file.write(data)
    proof = collecting.prove()
    assert proof.wrong >= 1
    assert "somebody has changed" in proof.problems[0]


def test_what_was_read_before_manifests_is_looked_for(collecting):
    """Of bytes without a manifest the records are looked for, and nothing is called proven."""
    collecting.collect(csv(*map(record, range(3))))
    collecting.sql("UPDATE batch SET sha256 = NULL")
    proof = collecting.prove()
    assert (proof.proven, proof.unlisted, proof.records, proof.wrong) == (
        0,
        len(csv(*map(record, range(3)))),
        3,
        0,
    )


def test_a_file_out_of_reach_is_an_error(ledger, tmp_path):
    """A file that cannot be read is named with its cause; the others are proven all the same."""
    for name in ("a.csv", "b.csv"):
        Collecting(ledger, tmp_path / name).collect(csv(record(1)))
    (tmp_path / "a.csv").unlink()
    os.mkfifo(tmp_path / "a.csv")
    first, second = verify(lambda _: True, ledger, RecordFiles(), lambda *_: None)
    assert first.error is not None
    assert "pipe" in first.error
    assert second.wrong == 0
