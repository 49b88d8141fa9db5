"""Migrations: built up and taken down on both databases, and equal to the tables the code uses."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

import provisioning.store.tables_decisions
import provisioning.store.tables_disputes
import provisioning.store.tables_nights
import provisioning.store.tables_witness  # noqa: F401 - its tables are the ledger's too
from pbx.cdr import Cdr
from provisioning.core.contract import Contract
from provisioning.core.cycle import Cycle
from provisioning.core.document import to_document
from provisioning.core.site import Iad
from provisioning.flows.errors import FlowError, LedgerOutdated, LedgerUnavailable
from provisioning.store import overlaps, revision, upgrade
from provisioning.store.bills import digest
from provisioning.store.ledger import open_ledger
from provisioning.store.tables import metadata
from provisioning.store.values import sha256
from provisioning.store.verify import verify


def execute(url: str, *statements: str) -> None:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found


def test_the_constant_is_alembics_head() -> None:
    """The revision the store asks for is the newest in migrations/."""
    assert upgrade.head() == revision.HEAD


def test_migrations_build_the_tables_the_code_uses(ledger_url: str) -> None:
    """Alembic finds no difference between the migrated database and the tables in the code."""
    assert upgrade.upgrade(ledger_url) == (None, revision.HEAD)
    engine = create_engine(ledger_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()
    assert tables(ledger_url) == set(metadata.tables) | {"alembic_version"}


def test_the_records_to_rate_have_an_index_of_their_own(ledger_url: str) -> None:
    """The index of the records to rate covers only the unsettled ones, on both databases."""
    upgrade.upgrade(ledger_url)
    engine = create_engine(ledger_url)
    (found,) = [
        index
        for index in inspect(engine).get_indexes("call_record")
        if index["name"] == "ix_call_record_to_rate"
    ]
    kind = engine.dialect.name
    engine.dispose()
    said = str(found["dialect_options"][f"{kind}_where"]).strip("()").lower()
    assert said in ("settled is 0", "settled is false")


def test_numbers_are_found_by_an_index(ledger_url: str) -> None:
    """Whose a number is, is asked of each seat of a new contract: without an index of every column that
    holds one, ten thousand seats would be compared with ten thousand."""
    upgrade.upgrade(ledger_url)
    engine = create_engine(ledger_url)
    indexed = {index["column_names"][0] for index in inspect(engine).get_indexes("seat_period")}
    engine.dispose()
    assert set(overlaps.NUMBERS) <= indexed


def test_down_and_up_again(ledger_url: str) -> None:
    """The migrations can be taken back entirely, and applied again."""
    upgrade.upgrade(ledger_url)
    upgrade.downgrade(ledger_url, "base")
    assert tables(ledger_url) == {"alembic_version"}
    assert upgrade.upgrade(ledger_url) == (None, revision.HEAD)
    assert upgrade.current(ledger_url) == revision.HEAD


def test_a_ledger_of_the_first_revision_keeps_all_it_holds(ledger_url: str, sample: SimpleNamespace) -> None:
    """Upgraded, a ledger with contracts still has them, and the same contract again is no new version."""
    day = date(2025, 7, 1)
    made = replace(
        sample.contract(),
        site=replace(sample.contract().site, iads=(Iad(name="iad-1", model="grandstream-gxw4248"),)),
    )
    recording = {"new_secret": sample.secrets_maker(), "at": sample.now, "who": sample.who}
    with open_ledger(ledger_url) as ledger:
        recorded = ledger.record_versions([(made, day)], **recording)
        secrets = dict(ledger.secrets("zhaotong"))
    upgrade.downgrade(ledger_url, "0001")
    assert "offer" not in tables(ledger_url)
    first = json.dumps(_as_first_written(made), ensure_ascii=False)
    execute(ledger_url, f"UPDATE contract_version SET document = '{first}'")
    with pytest.raises(LedgerOutdated, match="db upgrade"):
        open_ledger(ledger_url)
    assert upgrade.upgrade(ledger_url) == ("0001", revision.HEAD)
    with open_ledger(ledger_url) as ledger:
        assert ledger.versions() == recorded
        assert ledger.filed(made.id) == made
        assert dict(ledger.secrets("zhaotong")) == secrets
        assert ledger.record_versions([(made, day)], **recording) == ()
        assert ledger.handed_out("zhaotong") == {}


def _as_first_written(made: Contract) -> Any:
    """The document of a contract as the first revision's seatline wrote it: an IAD had no settings."""
    document = to_document(made)
    for iad in document["site"]["iads"]:
        del iad["settings"]
    return document


def test_upgrading_twice_changes_nothing(ledger_url: str) -> None:
    """An up-to-date ledger is left as it is."""
    upgrade.upgrade(ledger_url)
    assert upgrade.upgrade(ledger_url) == (revision.HEAD, revision.HEAD)


def test_an_empty_database_is_built_on_opening(ledger_url: str) -> None:
    """Commands work without ceremony: the first opening makes the tables."""
    with open_ledger(ledger_url) as ledger:
        assert ledger.versions() == ()
    with open_ledger(ledger_url, create=False) as ledger:
        assert ledger.held_count() == 0


def test_a_missing_ledger_is_not_made_when_only_asked(ledger_url: str) -> None:
    """Without leave to create, a database without tables is refused and stays as it is."""
    with pytest.raises(FlowError, match=r"seatline (db upgrade|contract add)"):
        open_ledger(ledger_url, create=False)
    assert upgrade.current(ledger_url) is None


def test_an_older_ledger_is_not_upgraded_by_itself(full_ledger_url: str) -> None:
    """A ledger of an older revision is refused with the command that mends it."""
    execute(full_ledger_url, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(LedgerOutdated, match=r"older than this seatline.*seatline db upgrade"):
        open_ledger(full_ledger_url)


def test_a_newer_ledger_is_refused(full_ledger_url: str) -> None:
    """A ledger of a newer seatline is neither used nor upgraded."""
    execute(full_ledger_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerOutdated, match="newer than this seatline"):
        open_ledger(full_ledger_url)
    with pytest.raises(LedgerOutdated, match="newer than this seatline"):
        upgrade.upgrade(full_ledger_url)


def test_somebody_elses_database_is_refused(ledger_url: str) -> None:
    """A database that holds other tables only gets none of ours."""
    execute(ledger_url, "CREATE TABLE theirs (id INTEGER)")
    with pytest.raises(FlowError, match="other tables"):
        upgrade.upgrade(ledger_url)
    with pytest.raises(LedgerOutdated):
        open_ledger(ledger_url)
    assert tables(ledger_url) == {"theirs"}


def test_a_migration_that_fails_half_way_leaves_nothing(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration is all or nothing, on SQLite too."""
    from alembic import op

    def broken(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(op, "create_index", broken)
    with pytest.raises(KeyboardInterrupt):
        upgrade.upgrade(ledger_url)
    monkeypatch.undo()
    assert tables(ledger_url) == set()
    upgrade.upgrade(ledger_url)


def test_audit_and_bills_cannot_be_changed(full_ledger_url: str) -> None:
    """The database itself refuses to change or delete what was audited or closed."""
    execute(
        full_ledger_url,
        "INSERT INTO audit (at, who, event, subject, detail) VALUES ('x', 'x', 'x', 'x', '{}')",
        "INSERT INTO contract (id, recorded_at) VALUES ('c', 'x')",
        "INSERT INTO bill (contract, cycle, document, sha256, calls, calls_amount, closed_at, closed_by)"
        " VALUES ('c', '2025-07', '{}', 'x', 0, '0', 'x', 'x')",
    )
    for statement in (
        "UPDATE audit SET who = 'y'",
        "DELETE FROM audit",
        "UPDATE bill SET calls = 1",
        "DELETE FROM bill",
    ):
        with pytest.raises(Exception, match="append-only"):
            execute(full_ledger_url, statement)


def test_a_new_file_is_private(tmp_path: Path) -> None:
    """A new SQLite ledger can be read by its owner only, because it holds SIP secrets."""
    with open_ledger(f"sqlite:///{tmp_path / 'new.db'}"):
        pass
    assert (tmp_path / "new.db").stat().st_mode & 0o777 == 0o600


def test_sqlite_is_durable(tmp_path: Path) -> None:
    """A SQLite ledger runs in WAL, synchronous FULL, with its foreign keys watched."""
    from provisioning.store.engine import make_engine

    engine = make_engine(f"sqlite:///{tmp_path / 'new.db'}")
    with engine.connect() as connection:
        said = [
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    engine.dispose()
    assert said == ["wal", 2, 1]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """A ledger in a missing folder is one clear message, and exit code 75."""
    with pytest.raises(LedgerUnavailable, match="Make its folder") as caught:
        open_ledger(f"sqlite:///{tmp_path / 'missing' / 'new.db'}")
    assert caught.value.exit_code == 75


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """A file that is no database is called damaged, not overwritten."""
    (tmp_path / "letter.db").write_text("Dear customer," * 100)
    with pytest.raises(FlowError, match="damaged"):
        open_ledger(f"sqlite:///{tmp_path / 'letter.db'}")
    assert (tmp_path / "letter.db").read_text().startswith("Dear")


def test_two_at_once_on_a_new_file(tmp_path: Path) -> None:
    """Two commands that find no ledger make one, not two."""
    from concurrent.futures import ThreadPoolExecutor

    url = f"sqlite:///{tmp_path / 'new.db'}"

    def opened(_: int) -> tuple[object, ...]:
        with open_ledger(url, busy_seconds=60) as ledger:
            return ledger.versions()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(opened, range(16))) == [()] * 16
    assert upgrade.current(url) == revision.HEAD


def test_a_lookup_loads_only_what_it_needs() -> None:
    """Opening a SQLite ledger loads neither Alembic nor PostgreSQL's driver: lookups have to be quick."""
    asked = (
        "import sys, provisioning.store.ledger as store, provisioning.flows.look_up;"
        "print([name for name in sys.modules if name.startswith(('alembic', 'psycopg', 'sqlalchemy.orm',"
        " 'sqlalchemy.dialects.postgresql'))])"
    )
    said = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert said.stdout == "[]\n"


_OLD_COLUMNS = ("id", "switch", *Cdr.__slots__, "sha256", "seen", "collected_at", "settled")
_OLD_RECORD = (
    "INSERT INTO call_record ("
    + ", ".join(f'"{name}"' for name in _OLD_COLUMNS)
    + ") VALUES ("
    + ", ".join(f":{name}" for name in _OLD_COLUMNS)
    + ")"
)
_RUNS = ("2025-07-09T02:30:00.000000+00:00", "2025-07-10T02:30:00.000000+00:00")


def old_ledger(url: str, sample: SimpleNamespace) -> list[Any]:
    """A ledger as revision 0004 wrote it: five call records of two runs and two switches, three of them with
    a verdict, one on a closed bill, and a held line. The records, in order."""
    upgrade.upgrade(url)
    upgrade.downgrade(url, "0004")
    records = [sample.record(n, exact=n != 3, clid='"张三 ""x""" <1>') for n in range(1, 6)]
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO contract VALUES ('zhaotong-2025', :at)"), {"at": _RUNS[0]})
        connection.execute(
            text(
                "INSERT INTO bill (id, contract, cycle, document, sha256, calls, calls_amount, closed_at,"
                " closed_by) VALUES"
                " (1, 'zhaotong-2025', '2025-07', :document, :digest, 1, '0.12', :at, 'clerk')"
            ),
            {"document": json.dumps(_BILL), "digest": digest(_BILL), "at": _RUNS[1]},
        )
        for number, record in enumerate(records, 1):
            fields = {name: getattr(record, name) for name in Cdr.__slots__}
            row = {
                **fields,
                "id": number * 10,
                "switch": "other" if number == 5 else "pbx",
                "sha256": sha256(record.raw),
                "seen": "json,csv" if number == 1 else "json" if record.exact else "csv",
                "collected_at": _RUNS[number > 3],
                "settled": number <= 2,
            }
            connection.execute(text(_OLD_RECORD), row)
        for record, bill in ((10, 1), (20, None), (40, None)):
            connection.execute(
                text(
                    "INSERT INTO rated_call (record, outcome, reason, contract, version, seat, cycle,"
                    " microseconds, increments, rate, amount, bill) VALUES (:record, :outcome, 'r',"
                    " 'zhaotong-2025', 1, '08702120001', '2025-07', 60000001, 2, '0.06', :amount, :bill)"
                ),
                {
                    "record": record,
                    "outcome": "review" if record == 40 else "rated",
                    "amount": "0" if record == 40 else "0.12",
                    "bill": bill,
                },
            )
        connection.execute(
            text(
                'INSERT INTO held_line (switch, path, "offset", raw, sha256, code, reason, held_at)'
                " VALUES ('pbx', '/records/seatline.json', 5, :raw, :digest, 'broken', 'torn', :at)"
            ),
            {"raw": b"{torn", "digest": sha256(b"{torn"), "at": _RUNS[0]},
        )
    engine.dispose()
    return records


_BILL = {"recurring": [], "once": [], "calls": [{"amount": "0.12"}], "adjustments": [], "amount": "0.12"}


def test_call_records_of_an_old_ledger_stay(ledger_url: str, sample: SimpleNamespace) -> None:
    """Upgraded in place, a ledger has all its call records, verdicts, bills and held lines, under the same
    numbers; and each line is proved to be the one that was collected then."""
    records = old_ledger(ledger_url, sample)
    assert upgrade.upgrade(ledger_url) == ("0004", revision.HEAD)
    assert verify(ledger_url) == []
    with open_ledger(ledger_url, create=False) as ledger:
        again = dict(ledger.to_rate(again=True))
        assert again == {20: records[1], 30: records[2], 40: records[3], 50: records[4]}
        assert [number for number, _ in ledger.to_rate(again=False)] == [30, 40, 50]
        (first,) = ledger.stored("pbx", [(records[0].uniqueid, 1)]).values()
        assert (first.record, first.seen) == (records[0], {"json", "csv"})
        assert [number for number, _ in ledger.rated_calls("zhaotong-2025", Cycle(2025, 7))] == [10, 20, 40]
        assert ledger.bill("zhaotong-2025", Cycle(2025, 7)) is not None
        since = datetime.fromisoformat(_RUNS[1])
        assert ledger.earliest_collected(since) == records[3].start
        ledger.store(sample.batch(sample.record(6)), at=sample.now)
    assert verify(ledger_url) == []
    execute(ledger_url, "DELETE FROM call_record WHERE id = 30")
    (found,) = verify(ledger_url)
    assert "collected before there were manifests" in found.message


def test_a_line_that_was_spoiled_before_the_upgrade_is_still_found(
    ledger_url: str, sample: SimpleNamespace
) -> None:
    """The upgrade takes over the digests of that time: it does not vouch for a line it did not read then."""
    records = old_ledger(ledger_url, sample)
    forged = sample.lined(replace(records[2], dst="110")).raw.hex()
    value = f"x'{forged}'" if ledger_url.startswith("sqlite") else f"'\\x{forged}'"
    execute(ledger_url, f"UPDATE call_record SET raw = {value} WHERE id = 30")
    upgrade.upgrade(ledger_url)
    (found,) = verify(ledger_url)
    assert "not what was read" in found.message


def test_call_records_are_not_taken_back_to_an_old_ledger(ledger_url: str, sample: SimpleNamespace) -> None:
    """A ledger with call records is not taken back: the fields they had are nowhere but in their lines."""
    with open_ledger(ledger_url) as ledger:
        ledger.store(sample.batch(sample.record(1)), at=sample.now)
    with pytest.raises(FlowError, match="restore a backup"):
        upgrade.downgrade(ledger_url, "0004")
    assert verify(ledger_url) == []
