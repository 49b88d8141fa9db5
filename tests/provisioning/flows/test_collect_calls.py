"""Collecting: every record exactly once, whatever happens to the files meanwhile."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbx import cdr_csv, cdr_json
from pbx.cdr import Cdr
from pbx.cdr_lines import parse
from pbx.cdr_plain import says_no_more
from pbx.live.files import RecordFiles
from provisioning.flows import collect_plain, read_part
from provisioning.flows.collect_calls import Collected, Source, collect
from provisioning.flows.errors import LedgerUnavailable
from provisioning.flows.ports import Batch, HeldLine, PlainBatch, RecordKey, SourceState, StoredRecord

NOW = datetime(2025, 8, 1, tzinfo=UTC)
RENDER = {"csv": cdr_csv.render, "json": cdr_json.render}


class MemoryLedger:
    """The part of the ledger that collecting needs, in memory, as strict as the real one."""

    def __init__(self) -> None:
        self.sources: dict[tuple[str, str], SourceState] = {}
        self.records: dict[tuple[str, RecordKey], StoredRecord] = {}
        self.held: list[tuple[str, int, bytes]] = []
        self.stores = 0
        self.full_after: int | None = None
        self.careful = False
        self.plain = 0

    def source(self, switch: str, path: str) -> SourceState | None:
        return self.sources.get((switch, path))

    def sources_of_others(self, switch: str) -> tuple[SourceState, ...]:
        return tuple(state for (name, _), state in self.sources.items() if name != switch)

    def stored(self, switch: str, keys: Sequence[RecordKey]) -> Mapping[RecordKey, StoredRecord]:
        return {key: self.records[switch, key] for key in keys if (switch, key) in self.records}

    def store(self, batch: Batch, *, at: datetime) -> tuple[HeldLine, ...]:
        if self.full_after is not None and self.stores >= self.full_after:
            raise LedgerUnavailable("the disk is full")
        self.stores += 1
        switch = batch.source.switch
        for record in batch.new:
            key = (switch, (record.uniqueid, record.sequence))
            assert key not in self.records, "stored twice"
            kind = "json" if record.exact else "csv"
            self.records[key] = StoredRecord(record=record, seen=frozenset((kind,)))
        for record in batch.upgraded:
            key = (switch, (record.uniqueid, record.sequence))
            assert not self.records[key].record.exact
            self.records[key] = StoredRecord(record=record, seen=self.records[key].seen | {"json"})
        for name, kind in batch.witnessed:
            before = self.records[switch, name]
            assert kind not in before.seen
            self.records[switch, name] = StoredRecord(record=before.record, seen=before.seen | {kind})
        self.held += [(line.code, line.offset, line.raw) for line in batch.held]
        self.sources[switch, batch.source.path] = batch.source
        return ()

    def store_plain(self, batch: PlainBatch, *, at: datetime) -> Mapping[str, int] | None:
        """As the real one: all or nothing, and nothing where a known call is told otherwise, or better."""
        records = [parse(raw) for raw in batch.lines]
        keys = list(zip(batch.plain.uniqueids, batch.plain.sequences, strict=True))
        assert [(one.uniqueid, one.sequence) for one in records] == keys
        assert [one.start for one in records] == batch.plain.starts
        switch = batch.source.switch
        known = {key: self.records[switch, key] for key in keys if (switch, key) in self.records}
        if self.careful or {key for _, key in self.records} & set(keys) - set(known):
            return None
        told = {key: raw for key, raw in zip(keys, batch.lines, strict=True) if key in known}
        if not all(says_no_more(raw, known[key].record.raw) for key, raw in told.items()):
            return None
        self.plain += len(records)
        witnessed = tuple((key, batch.kind) for key in known if batch.kind not in known[key].seen)
        new = tuple(one for key, one in zip(keys, records, strict=True) if key not in known)
        made = Batch(source=batch.source, kind=batch.kind, new=new, witnessed=witnessed)
        assert self.store(made, at=at) == ()
        counts = {"new": len(new), "witnessed": len(witnessed), "replay": len(known) - len(witnessed)}
        return {verdict: count for verdict, count in counts.items() if count}

    def book(self) -> tuple[object, ...]:
        """All that was collected, whatever the way it came."""
        return self.records, sorted(self.held)


def record(number: int, **changes: object) -> Cdr:
    second = 1753977590_000000 + number * 1_000_000
    plain = Cdr(
        accountcode=f"0870212{number:04d}",
        src=f"0870212{number:04d}",
        dst="13800138000",
        dcontext="c",
        clid='"a, ""b" <6001>',
        channel="PJSIP/a",
        dstchannel="PJSIP/b",
        lastapp="Dial",
        lastdata="PJSIP/b",
        start=second + 123456,
        answer=second + 234567,
        end=second + 999999,
        duration=0,
        billsec=0,
        disposition="ANSWERED",
        amaflags="DOCUMENTATION",
        uniqueid=f"pbx-1753977590.{number}",
        userfield="",
        peeraccount="",
        linkedid=f"pbx-1753977590.{number}",
        sequence=number,
        exact=True,
        raw=b"",
    )
    return replace(plain, **changes)


def lines(kind: str, *records: Cdr) -> bytes:
    return b"".join(RENDER[kind](one) + b"\n" for one in records)


def run(ledger, *paths: Path, switch: str = "pbx") -> Collected:
    sources = [Source(switch, str(path)) for path in paths]
    return collect(sources, ledger, RecordFiles(), now=NOW, progress=lambda *_: None)


def totals(collected: Collected) -> tuple[int, int, int, int]:
    said = collected.document()
    return said["read"], said["new"], said["duplicate"], said["quarantined"]


@pytest.fixture
def memory() -> MemoryLedger:
    return MemoryLedger()


@pytest.fixture(params=["csv", "json"])
def kind(request) -> str:
    return request.param


def test_the_json_is_as_the_contract_file_says(tmp_path, memory):
    """collect --json says read, new, duplicate and quarantined, and the same for each source."""
    path = tmp_path / "Master.csv"
    path.write_bytes(lines("csv", record(1), record(2), record(1)) + b"nonsense\n" + b"wait")
    said = run(memory, path).document()
    assert list(said) == ["sources", "read", "new", "duplicate", "quarantined"]
    assert [said[name] for name in list(said)[1:]] == [4, 2, 1, 1]
    (source,) = said["sources"]
    assert (source["path"], source["switch"], source["kind"]) == (str(path), "pbx", "csv")
    assert (source["read"], source["waiting_bytes"], source["error"]) == (4, 4, None)
    assert json.loads(json.dumps(said)) == said


def test_twice_adds_nothing(tmp_path, memory, kind):
    """Collecting a second time reads nothing and adds nothing."""
    path = tmp_path / "calls"
    path.write_bytes(lines(kind, *map(record, range(10))))
    assert totals(run(memory, path)) == (10, 10, 0, 0)
    before = memory.book()
    assert totals(run(memory, path)) == (0, 0, 0, 0)
    assert memory.book() == before


def test_a_copy_adds_nothing(tmp_path, memory, kind):
    """The same records from another place, as from a backup, are duplicates."""
    path, copy = tmp_path / "calls", tmp_path / "copy"
    path.write_bytes(lines(kind, *map(record, range(10))))
    copy.write_bytes(path.read_bytes())
    assert totals(run(memory, path, copy)) == (20, 10, 10, 0)


def test_both_files_make_one_record(tmp_path, memory):
    """The same call from Master.csv and from cdr_custom is one record, with microseconds, seen in both."""
    whole, exact = tmp_path / "Master.csv", tmp_path / "seatline.json"
    whole.write_bytes(lines("csv", record(1), record(2)))
    exact.write_bytes(lines("json", record(1), record(3)))
    collected = run(memory, tmp_path)
    assert totals(collected) == (4, 3, 1, 0)
    seen = {key[1][1]: (stored.seen, stored.record.exact) for key, stored in memory.records.items()}
    assert seen == {1: ({"csv", "json"}, True), 2: ({"csv"}, False), 3: ({"json"}, True)}
    assert [file.upgraded for file in collected.sources] == [0, 0]


def test_a_late_exact_record_upgrades(tmp_path, memory):
    """A call known from Master.csv alone gets its microseconds when cdr_custom's file is collected later."""
    whole, exact = tmp_path / "Master.csv", tmp_path / "seatline.json"
    whole.write_bytes(lines("csv", record(1)))
    exact.write_bytes(lines("json", record(1)))
    run(memory, whole)
    collected = run(memory, exact)
    assert totals(collected) == (1, 0, 1, 0)
    assert collected.sources[0].upgraded == 1
    (stored,) = memory.records.values()
    assert stored.record.answer == record(1).answer


def test_switches_do_not_mix(tmp_path, memory):
    """The same key on two switches is two calls."""
    path = tmp_path / "calls"
    path.write_bytes(lines("csv", record(1)))
    run(memory, path, switch="one")
    other = tmp_path / "other-calls"
    other.write_bytes(lines("csv", replace(record(1), dst="110")))
    assert totals(run(memory, other, switch="two")) == (1, 1, 0, 0)


def test_one_file_is_not_two_switches(tmp_path, memory):
    """The same file as another switch's is refused: its calls would count twice."""
    path = tmp_path / "calls"
    path.write_bytes(lines("csv", record(1)))
    run(memory, path, switch="one")
    refused = run(memory, path, switch="two")
    assert totals(refused) == (0, 0, 0, 0)
    assert "--switch one" in refused.unreachable[0].error


def test_another_call_under_a_key_is_held(tmp_path, memory, kind):
    """Another call under a known key is held and counted, and the first one stays as it was."""
    path = tmp_path / "calls"
    path.write_bytes(lines(kind, record(1)))
    run(memory, path)
    before = dict(memory.records)
    with path.open("ab") as file:
        file.write(lines(kind, record(1, dst="110")))
    collected = run(memory, path)
    assert totals(collected) == (1, 0, 0, 1)
    assert collected.conflicts == 1
    assert memory.records == before


def test_a_broken_line_is_quarantined(tmp_path, memory, kind):
    """Broken lines are kept with bytes and place, and all the others are collected."""
    path = tmp_path / "calls"
    good = lines(kind, record(1))
    data = good + b"\xff\x00\n" + good[:60] + lines(kind, record(2)) + lines(kind, record(3))
    path.write_bytes(data)
    collected = run(memory, path)
    assert totals(collected) == (5, 3, 0, 2)
    assert {key[1][1] for key in memory.records} == {1, 2, 3}
    assert f"at byte {len(good)}: NUL" in collected.sources[0].notes[0]
    assert [code for code, _, _ in memory.held] == ["nul", "torn"]
    for _, offset, raw in memory.held:
        assert data[offset:].startswith(raw)


def file_contents(kind: str) -> st.SearchStrategy[bytes]:
    """A file as life writes it: records, twice the same, newlines in names, torn, glued and broken lines."""
    one = st.integers(0, 5).map(lambda number: lines(kind, record(number)))
    odd = st.sampled_from(["a\nb", '"\n"', "\n\n", "\r", "长\n😀", "\\", "}\n", "x\\\n"])
    named = st.builds(lambda number, clid: lines(kind, record(number, clid=clid)), st.integers(6, 9), odd)
    torn = st.builds(lambda line, cut: line[:cut], one | named, st.integers(1, 200))
    noise = st.sampled_from(
        [b"\n", b"\r\n", b"\x00\x00\n", b"\xff\n", b'"\n', b"{\n", b",,,\n", b'{"schema":"1"\n']
    )
    return st.lists(st.one_of(one, named, torn, noise), max_size=6).map(b"".join)


@given(st.data(), st.sampled_from(["csv", "json"]))
@settings(max_examples=60, deadline=None)
def test_any_prefix_and_then_all_equals_all_at_once(data, kind):
    """Collecting a file while it grows, at any moments, gives the same as collecting it once."""
    content = data.draw(file_contents(kind))
    cuts = data.draw(st.lists(st.integers(0, len(content)), max_size=6).map(sorted))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls"
        # The kind of a file is told by its first byte, so both ways begin with the same record.
        start = lines(kind, record(99))
        once, growing = MemoryLedger(), MemoryLedger()
        for cut in (*cuts, len(content)):
            path.write_bytes(start + content[:cut])
            run(growing, path)
        run(once, path)
        assert growing.book() == once.book()
        assert growing.sources == once.sources


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_the_order_of_sources_does_not_matter(data):
    """Whatever order, and however often, two files and a copy are collected in: the ledger is the same."""
    numbers = st.lists(st.integers(0, 6), max_size=8)
    csv, both = data.draw(numbers), data.draw(numbers)
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "Master.csv": lines("csv", *map(record, csv)),
            "seatline.json": lines("json", *map(record, both)),
            "again.json": lines("json", *map(record, reversed(both))),
        }
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        order = data.draw(st.permutations([*files, *files]))
        one, other = MemoryLedger(), MemoryLedger()
        run(one, Path(folder))
        for name in order:
            run(other, Path(folder) / name)
        assert other.book() == one.book()
        assert set(one.records) == {("pbx", (f"pbx-1753977590.{n}", n)) for n in (*csv, *both)}


def test_byte_by_byte(tmp_path, memory, kind):
    """A file that grows by single bytes, collected after each, gives each record exactly once."""
    content = lines(kind, record(1), record(2, clid='"a\nb" <1>')) + b"torn,\n" + lines(kind, record(3))
    path = tmp_path / "calls"
    with path.open("wb", buffering=0) as file:
        for byte in content:
            file.write(bytes((byte,)))
            run(memory, path)
    assert {key[1][1] for key in memory.records} == {1, 2, 3}
    once = MemoryLedger()
    run(once, path)
    assert memory.book() == once.book()


def test_a_torn_last_line_waits(tmp_path, memory, kind):
    """A last line without newline waits, is named as waiting, and is taken when it is complete."""
    path = tmp_path / "calls"
    content = lines(kind, record(1), record(2))
    path.write_bytes(content[:-1])
    first = run(memory, path)
    assert totals(first) == (1, 1, 0, 0)
    assert first.sources[0].waiting_bytes == len(lines(kind, record(2))) - 1
    assert "wait for the end" in first.sources[0].notes[0]
    path.write_bytes(content)
    assert totals(run(memory, path)) == (1, 1, 0, 0)


def test_rotation_by_rename_loses_nothing(tmp_path, memory, kind):
    """After a rotation the rest of the old file is read first, then all of the new one."""
    path = tmp_path / "calls"
    path.write_bytes(lines(kind, record(1)))
    run(memory, path)
    with path.open("ab") as file:
        file.write(lines(kind, record(2)))
    path.rename(tmp_path / "calls.1")
    path.write_bytes(lines(kind, record(3)))
    assert totals(run(memory, path)) == (2, 2, 0, 0)
    assert totals(run(memory, path)) == (0, 0, 0, 0)


def test_rotation_under_any_name_is_followed(tmp_path, memory):
    """The old file is found by its inode, whatever name it was given."""
    path = tmp_path / "Master.csv"
    path.write_bytes(lines("csv", record(1)))
    run(memory, path)
    with path.open("ab") as file:
        file.write(lines("csv", record(2)))
    path.rename(tmp_path / "old calls of july")
    path.write_bytes(lines("csv", record(3)))
    assert totals(run(memory, path)) == (2, 2, 0, 0)


def test_rotating_twice_between_runs_loses_nothing(tmp_path, memory):
    """Files that were rotated away whole between two runs are read too, in their order."""
    path = tmp_path / "Master.csv"
    path.write_bytes(lines("csv", record(1)))
    run(memory, path)
    with path.open("ab") as file:
        file.write(lines("csv", record(2)))
    path.rename(tmp_path / "Master.csv.2")
    (tmp_path / "Master.csv.1").write_bytes(lines("csv", record(3)))
    path.write_bytes(lines("csv", record(4)))
    for age, name in enumerate(["Master.csv.2", "Master.csv.1", "Master.csv"]):
        os.utime(tmp_path / name, (1753977590 + age, 1753977590 + age))
    assert totals(run(memory, path)) == (3, 3, 0, 0)
    assert totals(run(memory, path)) == (0, 0, 0, 0)


def test_a_folder_whose_books_were_rotated_before_the_next_call(tmp_path, memory):
    """In a folder too the rotated file is read to its end while the switch has made no new one yet, be it the
    only one there or not; a rotated file of which none was ever collected is left alone."""
    (tmp_path / "Master.csv").write_bytes(lines("csv", record(1)))
    (tmp_path / "other.json.1").write_bytes(lines("json", record(9)))
    assert totals(run(memory, tmp_path)) == (1, 1, 0, 0)
    (tmp_path / "Master.csv").rename(tmp_path / "Master.csv.1")
    with (tmp_path / "Master.csv.1").open("ab") as file:
        file.write(lines("csv", record(2)))
    done = run(memory, tmp_path)
    assert totals(done) == (1, 1, 0, 0)
    assert not done.unreachable
    (tmp_path / "seatline.json").write_bytes(lines("json", record(3)))
    with (tmp_path / "Master.csv.1").open("ab") as file:
        file.write(lines("csv", record(4)))
    assert totals(run(memory, tmp_path)) == (2, 2, 0, 0)
    assert totals(run(memory, tmp_path)) == (0, 0, 0, 0)


def test_rotation_before_the_next_call(tmp_path, memory):
    """Between a rotation and the next call there is no file: the old one is read, and it is no error."""
    path = tmp_path / "Master.csv"
    path.write_bytes(lines("csv", record(1)))
    run(memory, path)
    path.rename(tmp_path / "Master.csv.1")
    with (tmp_path / "Master.csv.1").open("ab") as file:
        file.write(lines("csv", record(2)) + b'"torn')
    collected = run(memory, path)
    assert totals(collected) == (1, 1, 0, 0)
    assert collected.unreachable == ()
    assert any("no file" in note for note in collected.sources[0].notes)
    path.write_bytes(lines("csv", record(3)))
    assert totals(run(memory, path)) == (2, 1, 0, 1)
    assert [code for code, _, _ in memory.held] == ["torn"]


def test_a_vanished_source_is_unreachable(tmp_path, memory):
    """A source that is gone without a trace, as when its disk is not mounted, is unreachable, not empty."""
    path = tmp_path / "log" / "Master.csv"
    path.parent.mkdir()
    path.write_bytes(lines("csv", record(1)))
    run(memory, path)
    path.unlink()
    assert run(memory, path).unreachable[0].path == str(path)
    path.parent.rmdir()
    assert run(memory, path).unreachable[0].path == str(path)
    path.parent.mkdir()
    path.write_bytes(lines("csv", record(1), record(2)))
    assert totals(run(memory, path)) == (1, 1, 0, 0)


def test_an_empty_file_is_known_after_a_rotation(tmp_path, memory):
    """A file that held no whole line yet is found again when it was rotated before the next run."""
    path = tmp_path / "Master.csv"
    path.write_bytes(b'"0870')
    run(memory, path)
    path.write_bytes(lines("csv", record(1)))
    path.rename(tmp_path / "old")
    path.write_bytes(lines("csv", record(2)))
    assert totals(run(memory, path)) == (2, 2, 0, 0)


def test_copytruncate_is_survived_and_named(tmp_path, memory):
    """A file cut short by copytruncate is read again from its beginning, its copy to the end; both named."""
    path = tmp_path / "Master.csv"
    path.write_bytes(lines("csv", record(1)))
    run(memory, path)
    with path.open("ab") as file:
        file.write(lines("csv", record(2)))
    shutil.copy(path, tmp_path / "Master.csv.1")
    os.truncate(path, 0)
    with path.open("ab") as file:
        file.write(lines("csv", record(3), record(4), record(5)))
    collected = run(memory, path)
    assert totals(collected) == (4, 4, 0, 0)
    assert "copytruncate" in collected.sources[0].notes[0]
    assert run(memory, path).sources[0].notes == ()


def test_a_replaced_file_is_read_from_its_beginning(tmp_path, memory):
    """A file whose beginning is another one, its old records gone, is read whole, and the loss is named."""
    path = tmp_path / "Master.csv"
    path.write_bytes(lines("csv", record(1), record(2)))
    run(memory, path)
    path.write_bytes(lines("csv", record(2), record(3), record(4)))
    collected = run(memory, path)
    assert totals(collected) == (3, 2, 1, 0)
    assert any("nowhere beside it" in note for note in collected.sources[0].notes)


def test_a_fetched_copy_goes_on(tmp_path, memory):
    """A copy made anew each night, with another inode, goes on where the last one ended."""
    path = tmp_path / "Master.csv"
    path.write_bytes(lines("csv", record(1)))
    run(memory, path)
    (tmp_path / "fetched").write_bytes(lines("csv", record(1), record(2)))
    (tmp_path / "fetched").replace(path)
    collected = run(memory, path)
    assert totals(collected) == (1, 1, 0, 0)
    assert collected.sources[0].notes == ()


def test_one_bad_source_stops_no_other(tmp_path, memory):
    """A missing file, a pipe, a folder without records: each is named, and the others are collected."""
    path = tmp_path / "Master.csv"
    path.write_bytes(lines("csv", record(1)))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    collected = run(memory, tmp_path / "none", tmp_path / "pipe", tmp_path / "empty", path)
    assert totals(collected) == (1, 1, 0, 0)
    assert {file.path for file in collected.unreachable} == {
        str(tmp_path / name) for name in ("none", "pipe", "empty")
    }
    for file in collected.unreachable:
        assert file.error is not None
        assert file.error.startswith(file.path)
        assert "Errno" not in file.error


def test_a_source_named_twice_is_read_once(tmp_path, memory):
    """A file named by itself and again by its folder is one source."""
    path = tmp_path / "Master.csv"
    path.write_bytes(lines("csv", record(1)))
    assert len(run(memory, path, tmp_path, path).sources) == 1


def test_account_copies_are_left_alone_and_named(tmp_path, memory):
    """The copies that accountlogs=yes makes beside Master.csv are not read, and it is said."""
    (tmp_path / "Master.csv").write_bytes(lines("csv", record(1)))
    (tmp_path / "08702120001.csv").write_bytes(lines("csv", record(1)))
    collected = run(memory, tmp_path)
    assert totals(collected) == (1, 1, 0, 0)
    assert "08702120001.csv" in collected.sources[0].notes[0]


def test_a_full_ledger_moves_no_offset(tmp_path, memory, monkeypatch):
    """When the ledger fails, whole batches are stored, and the next run goes on behind them."""
    monkeypatch.setattr(read_part, "BATCH_LINES", 10)
    memory.careful = True
    path = tmp_path / "Master.csv"
    path.write_bytes(lines("csv", *map(record, range(35))))
    memory.full_after = 3  # the first of them notes the file
    with pytest.raises(LedgerUnavailable):
        run(memory, path)
    assert len(memory.records) == 20
    memory.full_after = None
    assert totals(run(memory, path)) == (15, 15, 0, 0)


def test_progress_is_shown(tmp_path, memory):
    """While collecting, a person sees how far it is in the file."""
    path = tmp_path / "Master.csv"
    path.write_bytes(lines("csv", record(1)))
    seen = []
    sources = [Source("pbx", str(path))]
    collect(sources, memory, RecordFiles(), now=NOW, progress=lambda *told: seen.append(told))
    assert seen == [(f"{path}: 1 call records", path.stat().st_size, path.stat().st_size)]


def test_the_real_files_of_an_asterisk(tmp_path, memory):
    """What a real Asterisk wrote for 45 calls becomes 45 records, 43 of them exact, none twice."""
    corpus = Path(__file__).parents[2] / "pbx/cdr_corpus"
    assert totals(run(memory, corpus)) == (90, 44, 43, 3)
    assert sum(stored.record.exact for stored in memory.records.values()) == 43
    assert sum(len(stored.seen) == 2 for stored in memory.records.values()) == 43


def test_the_real_ledger_collects_the_same(tmp_path, memory, ledger):
    """The ledger's databases come to the same book as the one in memory, growing files and all."""
    csv = lines(
        "csv", *map(record, range(30)), record(3), record(4, dst="110"), record(5, clid="a\nb\t长😀\\")
    )
    exact = (
        lines("json", *map(record, range(10, 40)), record(40, clid="长😀\\"))
        + b"broken \xff\x00\n"
        + lines("json", record(41))
    )
    for name, content in (("Master.csv", csv), ("seatline.json", exact)):
        for cut in (0, 500, 1000, len(content) // 2, len(content) - 1, len(content)):
            (tmp_path / name).write_bytes(content[:cut])
            assert totals(run(memory, tmp_path / name)) == totals(run(ledger, tmp_path / name))
    keys = [key for _, key in memory.records]
    stored = ledger.stored("pbx", keys)
    assert {("pbx", key): value for key, value in stored.items()} == memory.records
    assert ledger.held_count() == len({raw for _, _, raw in memory.held}) == 3
    assert len(list(ledger.to_rate(again=False))) == len(memory.records)
    assert totals(run(ledger, tmp_path)) == (0, 0, 0, 0)


def test_a_file_cut_at_its_end_is_read_again(tmp_path, memory):
    """A file that lost its end and has grown since, past where reading stopped, is read again whole."""
    path = tmp_path / "Master.csv"
    path.write_bytes(lines("csv", *map(record, range(40))))
    run(memory, path)
    cut = path.stat().st_size - 300
    os.truncate(path, cut)
    with path.open("ab") as file:
        file.write(b"\n" + lines("csv", *map(record, range(50, 60))))
    collected = run(memory, path)
    assert collected.sources[0].new == 10
    assert "cut short" in collected.sources[0].notes[0]
    assert {key[1][1] for key in memory.records} == {*range(40), *range(50, 60)}
    assert totals(run(memory, path)) == (0, 0, 0, 0)


def test_a_file_that_is_shorter_is_not_gone_on_with(tmp_path, memory):
    """A file cut back to half of its records is read again, though it begins as it did."""
    path = tmp_path / "Master.csv"
    path.write_bytes(lines("csv", *map(record, range(40))))
    run(memory, path)
    path.write_bytes(lines("csv", *map(record, range(20))))
    collected = run(memory, path)
    assert totals(collected) == (20, 0, 20, 0)
    with path.open("ab") as file:
        file.write(lines("csv", record(40)))
    assert totals(run(memory, path)) == (1, 1, 0, 0)


def test_files_rotated_in_the_same_instant_are_all_read(tmp_path, memory):
    """A file rotated whole is read although it was last written at the same time as the one before it."""
    path = tmp_path / "Master.csv"
    path.write_bytes(lines("csv", record(1)))
    run(memory, path)
    path.rename(tmp_path / "Master.csv.2")
    (tmp_path / "Master.csv.1").write_bytes(lines("csv", record(2)))
    path.write_bytes(lines("csv", record(3)))
    for name in ("Master.csv.2", "Master.csv.1"):
        os.utime(tmp_path / name, (1753977590, 1753977590))
    assert totals(run(memory, path)) == (2, 2, 0, 0)


@pytest.mark.parametrize("rotated", ["renamed", "copied", "packed"])
def test_a_first_run_that_stores_nothing_loses_nothing(tmp_path, ledger, monkeypatch, rotated):
    """Files are known at first sight: rotated before a batch is stored, they are read all the same."""
    exact, path = tmp_path / "seatline.json", tmp_path / "Master.csv"
    exact.write_bytes(lines("json", record(7)))
    path.write_bytes(lines("csv", record(1), record(2)))

    def killed(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(read_part.PartReader, "read", killed)
        with pytest.raises(KeyboardInterrupt):
            run(ledger, exact, path)
    for one, kind in ((exact, "json"), (path, "csv")):
        old = one.with_name(f"{one.name}.1")
        if rotated == "copied":
            shutil.copyfile(one, old)
            os.truncate(one, 0)
        elif rotated == "renamed":
            one.rename(old)
        else:
            one.with_name(f"{one.name}.1.gz").write_bytes(gzip.compress(one.read_bytes()))
            one.unlink()
        with one.open("ab") as again:
            again.write(lines(kind, record(3)))
    assert totals(run(ledger, exact, path)) == (5, 4, 1, 0)


def test_a_damaged_archive_that_is_due_is_named(tmp_path, memory):
    """What hinders a source is said by the name of the archive that is damaged, and mended, all goes on."""
    path, packed = tmp_path / "Master.csv", tmp_path / "Master.csv.1.gz"
    path.write_bytes(lines("csv", record(1)))
    run(memory, path)
    path.rename(tmp_path / "Master.csv.2")
    whole = gzip.compress(lines("csv", record(2)))
    packed.write_bytes(whole[:-3])
    path.write_bytes(lines("csv", record(3)))
    (failed,) = run(memory, path).unreachable
    assert "not whole" in failed.error
    assert failed.error.endswith(f"(in {packed})")
    packed.write_bytes(whole)
    assert totals(run(memory, path)) == (2, 2, 0, 0)


def test_a_file_of_another_switch_is_not_noted(tmp_path, ledger):
    """A file that is refused as another switch's leaves no trace under the wrong name."""
    path = tmp_path / "Master.csv"
    path.write_bytes(lines("csv", record(1)))
    run(ledger, path)
    assert run(ledger, path, switch="wrong").unreachable
    assert ledger.source("wrong", str(path)) is None


def test_older_files_are_named_at_the_first_time(tmp_path, memory):
    """Collecting Master.csv for the first time names the Master.csv.1 beside it, which is not read."""
    path, older = tmp_path / "Master.csv", tmp_path / "Master.csv.1"
    older.write_bytes(lines("csv", record(1)))
    path.write_bytes(lines("csv", record(2)))
    (note,) = run(memory, path).sources[0].notes
    assert str(older) in note
    assert run(memory, path).sources[0].notes == ()
    other = MemoryLedger()
    run(other, older)
    assert run(other, path).sources[0].notes == ()


def test_calls_of_another_switch_are_held_and_said(tmp_path, ledger):
    """A part of a collected file under another switch's name adds no call: its lines are in quarantine."""
    whole, part = tmp_path / "Master.csv", tmp_path / "part.csv"
    whole.write_bytes(lines("csv", record(1), record(2), record(3)))
    part.write_bytes(lines("csv", record(2), record(3), record(4)))
    run(ledger, whole, switch="local")
    collected = run(ledger, part, switch="pbx")
    assert totals(collected) == (3, 1, 0, 2)
    assert [note for note in collected.sources[0].notes if "--switch local" in note and "2 in" in note]
    assert (collected.unreachable, len(list(ledger.to_rate(again=True)))) == ((), 4)
    exact = tmp_path / "seatline.json"
    exact.write_bytes(lines("json", record(1), record(5)))
    assert totals(run(ledger, exact, switch="pbx")) == (2, 1, 0, 1)


def test_what_the_ledger_holds_is_counted(tmp_path, memory, monkeypatch):
    """Microseconds that come too late for a closed bill are counted and said as in quarantine."""
    whole, exact = tmp_path / "Master.csv", tmp_path / "seatline.json"
    whole.write_bytes(lines("csv", record(1), record(2)))
    exact.write_bytes(lines("json", record(1), record(2)))
    run(memory, whole)
    late = HeldLine(offset=0, raw=b"", code="bill-closed", reason="the bill stands as it is")
    monkeypatch.setattr(memory, "store", lambda batch, at: (late,))
    collected = run(memory, exact)
    assert totals(collected) == (2, 0, 1, 1)
    assert collected.sources[0].upgraded == 1
    assert collected.sources[0].notes == ("1 in quarantine: the bill stands as it is",)


_LINES = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["good", "good", "good", "other", "torn", "odd", "blank"])),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(["csv", "json"]), made=_LINES, block=st.integers(200, 3000), known=_LINES)
def test_the_quick_way_gives_what_the_careful_one_gives(kind, made, block, known) -> None:
    """Whatever stands in a file, and in the ledger before, the quick way stores and counts the same."""

    def written(some) -> bytes:
        found = []
        for number, what in some:
            line = lines(kind, record(number, dst="110" if what == "other" else "13800138000"))
            odd = line.replace(b"PJSIP/a", b"a\nb" if kind == "csv" else b'\\"a', 1)
            found.append({"torn": line[:40] + b"\n", "odd": odd, "blank": b"\n"}.get(what, line))
        return b"".join(found)

    told = []
    for careful in (True, False):
        ledger = MemoryLedger()
        ledger.careful = careful
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setattr(collect_plain, "BLOCK_BYTES", block)
            patch.setattr(collect_plain, "STRETCH", 300)
            before, path = Path(folder) / "before", Path(folder) / "Master.csv"
            before.write_bytes(written(known))
            path.write_bytes(written(made))
            counts = [totals(run(ledger, one)) for one in (before, path, path)]
            offsets = {Path(name).name: state.offset for (_, name), state in ledger.sources.items()}
        told.append((ledger.book(), counts, offsets))
    assert told[0] == told[1]


def test_the_quick_way_is_taken(tmp_path, memory) -> None:
    """Lines that are plainly new records are taken the quick way, all but those near an odd one."""
    path = tmp_path / "Master.csv"
    good = lines("csv", *map(record, range(1000)))
    path.write_bytes(good + b"torn\n" + lines("csv", *map(record, range(1000, 3000))))
    assert totals(run(memory, path)) == (3001, 3000, 0, 1)
    assert 2500 < memory.plain < 3000
