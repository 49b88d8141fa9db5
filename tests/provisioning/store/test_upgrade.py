"""Migrations: built up and taken down on both databases, and equal to the tables the code uses."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from provisioning.core.contract import Contract
from provisioning.core.document import to_document
from provisioning.core.site import Iad
from provisioning.flows.errors import FlowError, LedgerOutdated, LedgerUnavailable
from provisioning.store import overlaps, revision, upgrade
from provisioning.store.ledger import open_ledger
from provisioning.store.tables import metadata


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
