"""What becomes of a record: one call is one record, and nothing is ever overwritten by another call."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from pbx import cdr_csv, cdr_json
from pbx.cdr import BrokenRecord, Cdr
from pbx.cdr_lines import Line, Reading
from provisioning.flows.admit_records import VERDICTS, Verdict, admit, decide, seen_again
from provisioning.flows.ports import SourceState, StoredRecord

HOUR = 3600 * 1_000_000
SOURCE = SourceState(
    switch="pbx", path="/f", inode=1, offset=9, prefix_length=0, prefix_sha256="", tail_sha256=""
)
EXACT = Cdr(
    **dict.fromkeys(
        ("src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "amaflags"), "x"
    ),
    accountcode="08702120001",
    start=1753977590_500000,
    answer=1753977590_600000,
    end=1753977590_900000,
    duration=0,
    billsec=0,
    disposition="ANSWERED",
    uniqueid="pbx-1753977590.4",
    userfield="",
    peeraccount="",
    linkedid="pbx-1753977590.4",
    sequence=4,
    exact=True,
    raw=b"json",
)
WHOLE = cdr_csv.parse(cdr_csv.render(EXACT))
OTHER_DST = replace(EXACT, dst="y", raw=b"other")


def known(record: Cdr, *seen: str) -> StoredRecord:
    return StoredRecord(record=record, seen=frozenset(seen))


def readings(*results: Cdr | BrokenRecord) -> list[Reading]:
    return [Reading(Line(n * 10, b"%d" % n, n * 10 + 2), result) for n, result in enumerate(results)]


@pytest.mark.parametrize(
    ("record", "kind", "before", "verdict"),
    [
        (EXACT, "json", None, Verdict.NEW),
        (WHOLE, "csv", None, Verdict.NEW),
        (EXACT, "json", known(EXACT, "json"), Verdict.REPLAY),
        (EXACT, "json", known(EXACT, "json", "csv"), Verdict.REPLAY),
        (WHOLE, "csv", known(WHOLE, "csv"), Verdict.REPLAY),
        (WHOLE, "csv", known(EXACT, "json", "csv"), Verdict.REPLAY),
        (WHOLE, "csv", known(EXACT, "json"), Verdict.WITNESSED),
        (EXACT, "json", known(WHOLE, "csv"), Verdict.UPGRADED),
        (OTHER_DST, "json", known(EXACT, "json"), Verdict.CONFLICT),
        (OTHER_DST, "json", known(WHOLE, "csv"), Verdict.CONFLICT),
        (WHOLE, "csv", known(OTHER_DST, "json"), Verdict.CONFLICT),
        (replace(EXACT, answer=None), "json", known(WHOLE, "csv"), Verdict.CONFLICT),
        (replace(EXACT, end=EXACT.end + 1), "json", known(EXACT, "json"), Verdict.CONFLICT),
    ],
)
def test_the_table_decides(record, kind, before, verdict):
    """A record is new, a replay, a witness, an upgrade or a conflict, by what the ledger has."""
    assert decide(record, kind, before) is verdict


def test_every_case_is_in_the_table():
    """The table of verdicts answers all eight combinations, and another call is always a conflict."""
    assert len(VERDICTS) == 8
    assert {verdict for (same, _, _), verdict in VERDICTS.items() if not same} == {Verdict.CONFLICT}


def test_the_raw_text_does_not_matter():
    """The same record with another line end is a replay, not a conflict."""
    line = cdr_json.render(EXACT)
    assert decide(cdr_json.parse(line + b"\r"), "json", known(cdr_json.parse(line), "json")) is Verdict.REPLAY


def test_a_batch_knows_its_own_records():
    """A record that stands twice in one batch is stored once; another call under its key is held."""
    batch, counts = admit(readings(EXACT, EXACT, OTHER_DST), "json", {}, SOURCE)
    assert batch.new == (EXACT,)
    assert [(line.code, line.raw, line.offset) for line in batch.held] == [("conflict", b"2", 20)]
    assert batch.held[0].key == ("pbx-1753977590.4", 4)
    assert counts == Counter({Verdict.NEW: 1, Verdict.REPLAY: 1, Verdict.CONFLICT: 1})


def test_an_upgrade_happens_once():
    """A record of Master.csv is replaced by the exact one once, though that stands in the file twice."""
    before = {("pbx-1753977590.4", 4): known(WHOLE, "csv")}
    batch, counts = admit(readings(EXACT, EXACT), "json", before, SOURCE)
    assert (batch.new, batch.upgraded) == ((), (EXACT,))
    assert counts == Counter({Verdict.UPGRADED: 1, Verdict.REPLAY: 1})


def test_a_witness_counts_once():
    """A call known exactly is noted as seen in Master.csv once."""
    before = {("pbx-1753977590.4", 4): known(EXACT, "json")}
    batch, counts = admit(readings(WHOLE, WHOLE), "csv", before, SOURCE)
    assert batch.witnessed == ((("pbx-1753977590.4", 4), "csv"),)
    assert counts == Counter({Verdict.WITNESSED: 1, Verdict.REPLAY: 1})


def test_a_broken_line_is_held_with_its_bytes():
    """A broken line is held with its place, bytes, code and reason, and the record behind it is new."""
    batch, counts = admit(readings(BrokenRecord("quoting", "a quote"), EXACT), "json", {}, SOURCE)
    (held,) = batch.held
    assert (held.offset, held.raw, held.code, held.reason, held.key) == (0, b"0", "quoting", "a quote", None)
    assert batch.new == (EXACT,)
    assert counts == Counter({Verdict.BROKEN: 1, Verdict.NEW: 1})


def test_a_conflict_of_time_zones_names_the_setting():
    """Master.csv written in local time disagrees by eight hours, and the reason names usegmtime."""
    times = {name: getattr(EXACT, name) + 8 * HOUR for name in ("start", "answer", "end")}
    local = cdr_csv.parse(cdr_csv.render(replace(EXACT, **times)))
    batch, _ = admit(readings(local), "csv", {("pbx-1753977590.4", 4): known(EXACT, "json")}, SOURCE)
    assert "by +8 hours" in batch.held[0].reason or "by -8 hours" in batch.held[0].reason
    assert "usegmtime=yes" in batch.held[0].reason


def test_other_conflicts_name_the_fields():
    """A conflict says under which key and in which fields the two records differ."""
    batch, _ = admit(readings(OTHER_DST), "json", {("pbx-1753977590.4", 4): known(EXACT, "json")}, SOURCE)
    assert batch.held[0].reason == "another call under the key pbx-1753977590.4, 4: dst differ"


def test_a_record_seen_again_keeps_the_kinds_it_was_seen_in():
    """A call of cdr_custom's file that Master.csv has too is known from both, and keeps its microseconds."""
    assert seen_again(known(EXACT, "json"), EXACT, "csv") == known(EXACT, "json", "csv")
    assert seen_again(known(WHOLE, "csv"), EXACT, "json") == known(EXACT, "json", "csv")
