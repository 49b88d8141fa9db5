"""Call records in the ledger: each once, with its raw line, and the offset moves with them or not at all."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from pbx.cdr import EARLIEST, LATEST
from provisioning.core.call import Outcome
from provisioning.core.cycle import Cycle
from provisioning.flows.errors import FlowError, LedgerUnavailable
from provisioning.flows.ports import HeldLine, StoredBill
from provisioning.store.ledger import SqlLedger, open_ledger


def key(record: Any) -> tuple[str, int]:
    return record.uniqueid, record.sequence


def test_a_record_comes_back_as_it_was(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """Every field of a record, its microseconds and its raw bytes survive the ledger."""
    answered = sample.record(1, clid='"O\'Neil; "张三"" <1>', lastdata="a\nb", userfield="%")
    missed = sample.record(2, answer=None, disposition="NO ANSWER", billsec=-1)
    ledger.store(sample.batch(answered, missed), at=sample.now)
    found = ledger.stored("pbx", [key(answered), key(missed), ("unknown", 1), (answered.uniqueid, 99)])
    assert {k: v.record for k, v in found.items()} == {key(answered): answered, key(missed): missed}
    assert all(v.seen == {"json"} for v in found.values())
    assert ledger.stored("other-switch", [key(answered)]) == {}


def test_the_offset_moves_with_the_records(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """A source is known by its path, with the offset last stored."""
    assert ledger.source("pbx", "/records/seatline.json") is None
    ledger.store(sample.batch(sample.record(1), offset=100), at=sample.now)
    ledger.store(sample.batch(sample.record(2), offset=2**40), at=sample.now)
    assert ledger.source("pbx", "/records/seatline.json") == sample.source(2**40)
    assert ledger.source("other", "/records/seatline.json") is None


def test_what_one_source_lost_can_be_counted(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """Records are counted by the kinds of source that had them, switch by switch."""
    both, alone = sample.record(1), sample.record(2)
    ledger.store(sample.batch(both, alone), at=sample.now)
    ledger.store(replace(sample.batch(), witnessed=((key(both), "csv"),)), at=sample.now)
    assert ledger.seen_counts("pbx") == {frozenset({"json", "csv"}): 1, frozenset({"json"}): 1}
    assert ledger.seen_counts("other-switch") == {}


def test_all_or_nothing(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """When one record of a batch cannot be stored, none is, and the offset stays."""
    ledger.store(sample.batch(sample.record(1), offset=100), at=sample.now)
    with pytest.raises(LedgerUnavailable, match="at the same time"):
        ledger.store(sample.batch(sample.record(2), sample.record(1), offset=200), at=sample.now)
    assert ledger.source("pbx", "/records/seatline.json") == sample.source(100)
    assert [record.sequence for _, record in ledger.to_rate(again=False)] == [1]


_KILLED = """
import os, signal, sys
from sqlalchemy import event
from provisioning.store.ledger import open_ledger
import pickle
url, moment, at = sys.argv[1], sys.argv[2], None
batch, at = pickle.load(sys.stdin.buffer)
ledger = open_ledger(url, create=False)
if moment == "before-commit":
    event.listen(ledger._engine, "commit", lambda _: os.kill(os.getpid(), signal.SIGKILL))
else:
    def count(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith("INSERT INTO call_source"):
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(ledger._engine, "before_cursor_execute", count)
ledger.store(batch, at=at)
"""


@pytest.mark.parametrize("moment", ["before-commit", "between-records-and-offset"])
def test_a_killed_collector_leaves_nothing_half_done(
    full_ledger_url: str, sample: SimpleNamespace, moment: str
) -> None:
    """A killed collector has stored neither records nor offset, and the next one stores both."""
    import pickle

    batch = sample.batch(*(sample.record(n) for n in range(50)), offset=900)
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, full_ledger_url, moment],
        input=pickle.dumps((batch, sample.now)),
        check=False,
    )
    assert done.returncode == -9
    with open_ledger(full_ledger_url, create=False) as ledger:
        assert ledger.source("pbx", "/records/seatline.json") is None
        assert list(ledger.to_rate(again=False)) == []
        ledger.store(batch, at=sample.now)
        assert len(list(ledger.to_rate(again=False))) == 50
        assert ledger.source("pbx", "/records/seatline.json") == sample.source(900)


def test_the_other_kind_of_file_is_a_witness(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """A record seen in both kinds of file is one record that names both, however often it is seen."""
    record = sample.record(1)
    ledger.store(sample.batch(record), at=sample.now)
    for _ in range(2):
        ledger.store(sample.batch(witnessed=((key(record), "csv"),)), at=sample.now)
    (found,) = ledger.stored("pbx", [key(record)]).values()
    assert found.seen == {"json", "csv"}
    assert found.record == record


def test_microseconds_replace_whole_seconds(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """A record known by whole seconds gets its microseconds, and is rated again."""
    exact = sample.record(1)
    whole = sample.lined(replace(exact, exact=False))
    ledger.store(sample.batch(whole), at=sample.now)
    ((record, _),) = ledger.to_rate(again=False)
    ledger.save_rated([(record, whole, sample.verdict(Outcome.FREE, contract=None))])
    assert list(ledger.to_rate(again=False)) == []
    ledger.store(sample.batch(upgraded=(exact,)), at=sample.now)
    (found,) = ledger.stored("pbx", [key(exact)]).values()
    assert found.record == exact
    assert found.seen == {"json", "csv"}
    assert list(ledger.to_rate(again=False)) == [(record, exact)]


def test_held_lines_are_kept_once(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """A line that cannot be billed is kept with its bytes, and once, however often it is read."""
    torn = HeldLine(offset=5, raw=b'\x00\xff{"torn', code="broken", reason="not a record")
    clash = HeldLine(offset=9, raw=b"other", code="conflict", reason="differs", key=("pbx-1.1", 1))
    assert ledger.held_count() == 0
    ledger.store(sample.batch(held=(torn, clash)), at=sample.now)
    ledger.store(sample.batch(held=(torn,), offset=1), at=sample.now)
    assert ledger.held_count() == 2


def test_two_collectors_at_once(full_ledger_url: str, sample: SimpleNamespace) -> None:
    """Collectors of different records write one after the other; of the same record only one succeeds."""

    def collect(number: int) -> str:
        with open_ledger(full_ledger_url, create=False, busy_seconds=60) as ledger:
            try:
                for n in range(10):
                    ledger.store(sample.batch(sample.record(100 * number + n)), at=sample.now)
                ledger.store(sample.batch(sample.record(9999)), at=sample.now)
            except LedgerUnavailable:
                return "late"
            return "first"

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(collect, range(4)))
    assert told == ["first", "late", "late", "late"]
    with open_ledger(full_ledger_url, create=False) as ledger:
        assert len(list(ledger.to_rate(again=False))) == 41


def test_a_busy_ledger_says_so(full_ledger_url: str, sample: SimpleNamespace) -> None:
    """While another writes on and on, nothing is written and the exit code says try again; reading works."""
    holder = open_ledger(full_ledger_url, create=False)
    waiter = open_ledger(full_ledger_url, create=False, busy_seconds=0.1)
    with holder, waiter:

        def slow() -> Any:
            with pytest.raises(LedgerUnavailable, match="busy") as caught:
                waiter.store(sample.batch(sample.record(1)), at=sample.now)
            assert caught.value.exit_code == 75
            assert waiter.held_count() == 0
            yield from ()

        holder.save_rated(slow())
        waiter.store(sample.batch(sample.record(1)), at=sample.now)


def test_a_value_the_database_cannot_hold(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """A number too big for a column is a clear error, and the offset stays."""
    with pytest.raises(FlowError, match="cannot hold"):
        ledger.store(sample.batch(replace(sample.record(1), sequence=2**70)), at=sample.now)
    assert ledger.source("pbx", "/records/seatline.json") is None


def test_a_time_without_zone_is_refused(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """The ledger does not guess in which zone a time was meant."""
    with pytest.raises(FlowError, match="zone"):
        ledger.store(sample.batch(), at=sample.now.replace(tzinfo=None))


def test_a_full_disk_moves_nothing(tmp_path: Any, sample: SimpleNamespace) -> None:
    """On a full disk nothing is written, the offset stays, and the exit code says try again later."""
    url = f"sqlite:///{tmp_path / 'full.db'}"
    with open_ledger(url) as ledger:

        @event.listens_for(ledger._engine, "begin")
        def small(connection: Any) -> None:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")

        with pytest.raises(LedgerUnavailable, match="disk is full"):
            ledger.store(sample.batch(*(sample.record(n) for n in range(2000))), at=sample.now)
        assert ledger.source("pbx", "/records/seatline.json") is None
        assert list(ledger.to_rate(again=False)) == []


def test_a_dead_server(postgres: Any) -> None:
    """A PostgreSQL that does not answer is one clear message without the password, exit code 75."""
    url = "postgresql+psycopg://clerk:CANARYword@127.0.0.1:1/ledger"
    with pytest.raises(LedgerUnavailable, match="cannot be reached") as caught:
        open_ledger(url)
    assert "CANARY" not in str(caught.value)
    with pytest.raises(LedgerUnavailable, match="does not exist"):
        open_ledger(postgres.url("nowhere"))


def test_a_read_only_server(postgres: Any, sample: SimpleNamespace) -> None:
    """A PostgreSQL that has become a read-only replica is told as such, and nothing is lost."""
    url = postgres.fresh()
    with open_ledger(url):
        pass
    read_only = url + "?options=-c%20default_transaction_read_only%3Don"
    with open_ledger(read_only) as ledger:
        with pytest.raises(LedgerUnavailable, match="cannot be written"):
            ledger.store(sample.batch(sample.record(1)), at=sample.now)
        assert ledger.source("pbx", "/records/seatline.json") is None


def test_a_lost_connection(postgres: Any, sample: SimpleNamespace) -> None:
    """A server that drops the connection inside a transaction has stored nothing; the next call works."""
    url = postgres.fresh()
    with open_ledger(url) as ledger:

        def cut() -> Any:
            database = url.rpartition("/")[2]
            postgres.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                f"WHERE datname = '{database}' AND pid <> pg_backend_pid()"
            )
            yield 1, sample.record(1), sample.verdict(contract=None)

        with pytest.raises(LedgerUnavailable):
            ledger.save_rated(cut())
        ledger.store(sample.batch(sample.record(1)), at=sample.now)
        assert len(list(ledger.to_rate(again=False))) == 1


def test_what_is_to_be_rated_has_its_index(ledger: SqlLedger) -> None:
    """Finding the few records to rate among many is done by index, not by reading all."""
    asked: list[str] = []

    @event.listens_for(ledger._engine, "before_cursor_execute")
    def noted(_c: Any, _cur: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    assert list(ledger.to_rate(again=False)) == []
    (statement,) = [said for said in asked if "FROM call_record" in said]
    sqlite = ledger._engine.dialect.name == "sqlite"
    with ledger._engine.begin() as connection:
        if not sqlite:  # whatever it has counted of the table so far, it takes the index if that will do
            for dear in ("seqscan", "bitmapscan", "sort"):
                connection.exec_driver_sql(f"SET LOCAL enable_{dear} = off")
        explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(explain + statement)).lower()
    assert "ix_call_record_to_rate" in plan
    assert "sort" not in plan
    assert "temp b-tree" not in plan


_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\\"), max_size=12)


@settings(max_examples=20, deadline=None)
@given(
    fields=st.fixed_dictionaries(
        {
            **dict.fromkeys(("accountcode", "src", "dst", "clid", "userfield", "lastdata"), _texts),
            "uniqueid": _texts.filter(bool),
        }
    ),
    sequence=st.integers(-(2**31), 2**31 - 1),
    answer=st.none() | st.integers(EARLIEST, LATEST - 1),
)
def test_any_record_survives(
    new_ledger_url: Any,
    sample: SimpleNamespace,
    fields: dict[str, str],
    sequence: int,
    answer: int | None,
) -> None:
    """Whatever characters a record holds, the ledger gives it back unchanged."""
    record = sample.record(1, **fields, sequence=sequence, answer=answer)
    with open_ledger(new_ledger_url(), create=False) as ledger:
        ledger.store(sample.batch(record), at=sample.now)
        (found,) = ledger.stored("pbx", [(record.uniqueid, sequence)]).values()
    assert found.record == record


def of_switch(batch: Any, switch: str) -> Any:
    return replace(batch, source=replace(batch.source, switch=switch))


def test_a_call_of_another_switch_is_held(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """A call collected as one switch's is held when it comes as another's, in either kind of file."""
    exact = sample.record(1)
    whole = sample.lined(replace(exact, exact=False))
    assert ledger.store(of_switch(sample.batch(whole), "local"), at=sample.now) == ()
    alien = sample.record(1, dst="110")
    for new, (record, held) in enumerate(((whole, True), (exact, True), (alien, False)), 5):
        found = ledger.store(sample.batch(record, sample.record(new)), at=sample.now)
        assert [(line.code, line.raw, line.key) for line in found] == (
            [("other-switch", record.raw, key(record))] if held else []
        )
        if held:
            assert "--switch local" in found[0].reason
            assert ledger.stored("pbx", [key(record)]) == {}
    assert ledger.held_count() == 2
    assert ledger.collected_switches() == {"local", "pbx"}


def test_a_closed_bill_of_one_switch_holds_no_call_of_another(
    ledger: SqlLedger, sample: SimpleNamespace, add: Any
) -> None:
    """Microseconds come too late for the call on the closed bill only, not for its namesake elsewhere."""
    add(ledger, (sample.contract(), date(2025, 7, 1)))
    here, there = sample.record(1), sample.record(1, dst="110")
    ledger.store(sample.batch(here), at=sample.now)
    ledger.store(of_switch(sample.batch(there), "other"), at=sample.now)
    records = {record.raw: (number, record) for number, record in ledger.to_rate(again=False)}
    free = sample.verdict(Outcome.FREE, contract=None)
    ledger.save_rated([(*records[here.raw], sample.verdict()), (*records[there.raw], free)])
    bill = StoredBill(
        contract="zhaotong-2025", cycle=Cycle(2025, 7), document={"amount": "0.12"}, closed_at=sample.now
    )
    ledger.close_bill(bill, calls=[records[here.raw][0]], amount=Decimal("0.12"), who=sample.who)
    better = sample.lined(replace(there, userfield="better"))
    assert ledger.store(of_switch(sample.batch(upgraded=(better,)), "other"), at=sample.now) == ()
    late = sample.lined(replace(here, userfield="late"))
    (held,) = ledger.store(sample.batch(upgraded=(late,)), at=sample.now)
    assert (held.code, held.raw, held.key) == ("bill-closed", late.raw, key(here))
    assert ledger.stored("other", [key(there)])[key(there)].record == better
