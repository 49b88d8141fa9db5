"""Tables of call records in a real PostgreSQL and in SQLite files are collected, each record once."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from pbx.cdr import FIELDS, TIMES
from provisioning.flows.collect_calls import CollectedFile, Source
from provisioning.flows.collect_table import OVERLAP, collect_table
from provisioning.flows.table_source import table_source
from provisioning.store import foreign_records
from provisioning.store.foreign_records import ForeignTables

NOW = datetime(2026, 11, 21, tzinfo=UTC)
MADE = 1_795_263_406
NUMBERS = ("duration", "billsec", "sequence")


def quiet(text: str, done: int | None = None, total: int | None = None) -> None:
    """Progress for nobody."""


def values(number: int, **changes: Any) -> dict[str, Any]:
    """A row, as cdr_pgsql writes one into columns of double precision."""
    started = MADE + number * 60
    return {
        **dict.fromkeys(FIELDS, ""),
        "accountcode": "08702120001",
        "src": "08702120001",
        "dst": "13800138000",
        "clid": '"张某" <08702120001>',
        "start": started + 0.25,
        "answer": started + 1.5,
        "end": started + 61.123456,
        "duration": 60,
        "billsec": 59,
        "disposition": "ANSWERED",
        "amaflags": "DOCUMENTATION",
        "uniqueid": f"pbx-{started}.{number}",
        "linkedid": f"pbx-{started}.{number}",
        "sequence": number,
    } | changes


@dataclass
class Book:
    """A table of call records, and a ledger that it is collected into."""

    url: str
    run: Callable[[str, list[Any]], None]
    ledger: Any

    def write(self, *rows: dict[str, Any], mark: str) -> None:
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            self.run(f"INSERT INTO cdr ({names}) VALUES ({', '.join([mark] * len(row))})", [*row.values()])

    def collect(self, more: str = "") -> CollectedFile:
        return collect_table(Source("pbx", self.url + more), self.ledger, ForeignTables(), NOW, quiet)

    def stored(self) -> dict[int, Any]:
        keys = [(f"pbx-{MADE + n * 60}.{n}", n) for n in range(1, 5000)]
        return {key[1]: one for key, one in self.ledger.stored("pbx", keys).items()}


def counts(found: CollectedFile) -> tuple[int, int, int, int]:
    assert (found.error, found.refused) == (None, None)
    return found.read, found.new, found.duplicate, found.quarantined


@pytest.fixture
def server(postgres: Any) -> Iterator[tuple[str, Callable[..., None]]]:
    """A new database of a real PostgreSQL: its URL, and a way to have something done in it."""
    database = postgres.fresh().rpartition("/")[2]
    with psycopg.connect(
        host="127.0.0.1", port=postgres.port, user="postgres", dbname=database, autocommit=True
    ) as connection:

        def run(statement: str, given: list[Any] | None = None) -> None:
            connection.execute(statement.encode(), given)

        yield f"postgresql://postgres@127.0.0.1:{postgres.port}/{database}", run


def made(run: Callable[..., None], *, kind: str = "double precision", more: str = "id bigserial PRIMARY KEY,",
         without: tuple[str, ...] = ()) -> None:  # fmt: skip
    """Makes the table cdr, with times of that kind."""
    kinds = {**dict.fromkeys(FIELDS, "text"), **dict.fromkeys(TIMES, kind), **dict.fromkeys(NUMBERS, "int")}
    columns = ", ".join(f'"{name}" {kinds[name]}' for name in FIELDS if name not in without)
    run(f"CREATE TABLE cdr ({more} {columns})")


@pytest.fixture
def pgsql(server: tuple[str, Callable[..., None]], ledger: Any) -> Book:
    """cdr_pgsql's table, empty."""
    url, run = server
    made(run)
    return Book(f"{url}?table=cdr", run, ledger)


@pytest.fixture
def lite(tmp_path: Path, ledger: Any) -> Book:
    """cdr_sqlite3_custom's file, as Asterisk 22 makes it: columns without a type."""
    file = tmp_path / "master.db"

    def run(statement: str, given: list[Any] | None = None) -> None:
        with sqlite3.connect(file) as connection:
            connection.execute(statement, given or [])
        connection.close()

    run(f"CREATE TABLE cdr (AcctId INTEGER PRIMARY KEY, {', '.join(FIELDS)})")
    return Book(f"sqlite://{file}?table=cdr", run, ledger)


def test_a_postgresql_table_is_collected_once_and_goes_on(pgsql: Book):
    """Rows are collected to the microsecond, a second run finds nothing, a third what came since."""
    pgsql.write(*(values(n) for n in range(1, 4)), mark="%s")
    assert counts(pgsql.collect()) == (3, 3, 0, 0)
    assert counts(pgsql.collect()) == (0, 0, 0, 0)
    pgsql.write(values(4), mark="%s")
    assert counts(pgsql.collect()) == (1, 1, 0, 0)
    stored = pgsql.stored()
    assert {n: (one.record.start, one.record.exact, set(one.seen)) for n, one in stored.items()} == {
        n: ((MADE + n * 60) * 1_000_000 + 250_000, True, {"sql"}) for n in range(1, 5)
    }


def test_a_sqlite_file_is_collected_once_and_goes_on(lite: Book):
    """The file of cdr_sqlite3_custom, all texts, is read by its row numbers."""

    def texts(n: int) -> dict[str, str]:
        return {name: f"{one:.6f}" if isinstance(one, float) else str(one) for name, one in values(n).items()}

    lite.write(texts(1), texts(2), mark="?")
    assert counts(lite.collect()) == (2, 2, 0, 0)
    lite.write(texts(3), mark="?")
    assert counts(lite.collect()) == (1, 1, 0, 0)
    assert counts(lite.collect()) == (0, 0, 0, 0)
    assert {one.record.end % 1_000_000 for one in lite.stored().values()} == {123_456}


def test_a_sqlite_file_may_lie_in_a_folder_of_any_name(lite: Book, tmp_path: Path):
    """Signs that mean something in a URL are written as there, and mean nothing to SQLite."""
    lite.write(values(1), mark="?")
    folder = tmp_path / "log #1, 50%20?"
    folder.mkdir()
    (tmp_path / "master.db").rename(folder / "master.db")
    moved = replace(lite, url=f"sqlite://{quote(str(folder))}/master.db?table=cdr")
    assert counts(moved.collect()) == (1, 1, 0, 0)


def test_a_row_that_was_committed_late_is_not_missed(pgsql: Book):
    """A row whose number is lower than the last one read, but which came to light only now, is collected."""
    pgsql.write(values(1, id=10), values(2, id=12), mark="%s")
    assert counts(pgsql.collect()) == (2, 2, 0, 0)
    pgsql.write(values(3, id=11), mark="%s")
    assert counts(pgsql.collect()) == (1, 1, 0, 0)
    assert OVERLAP >= 100


def test_a_table_read_in_portions_is_read_whole(pgsql: Book, monkeypatch: pytest.MonkeyPatch):
    """However small the portions, each row is read once and memory holds one portion."""
    monkeypatch.setattr(foreign_records, "AT_ONCE", 2)
    pgsql.write(*(values(n) for n in range(1, 8)), mark="%s")
    assert counts(pgsql.collect()) == (7, 7, 0, 0)
    assert counts(pgsql.collect()) == (0, 0, 0, 0)


def test_a_table_that_was_made_anew_is_read_from_its_beginning(pgsql: Book):
    """Another table under the same name has its rows read, though their numbers are lower or the same."""
    pgsql.write(values(1), values(2), mark="%s")
    pgsql.collect()
    pgsql.run("TRUNCATE cdr RESTART IDENTITY", [])
    pgsql.write(values(3), mark="%s")
    assert counts(pgsql.collect()) == (1, 1, 0, 0)
    pgsql.run("TRUNCATE cdr RESTART IDENTITY", [])
    pgsql.write(values(4), values(5), mark="%s")
    found = pgsql.collect()
    assert counts(found) == (2, 2, 0, 0)
    assert "not the table read before" in found.notes[0]


def test_a_table_without_row_numbers_is_read_whole_each_time(server, ledger, monkeypatch):
    """Without a number nothing tells new rows from old: all are read, none is new twice."""
    url, run = server
    made(run, more="")
    book = Book(url, run, ledger)
    monkeypatch.setattr(foreign_records, "AT_ONCE", 2)
    book.write(*(values(n) for n in range(1, 4)), mark="%s")
    found = book.collect()
    assert counts(found) == (3, 3, 0, 0)
    assert "ADD COLUMN id bigserial PRIMARY KEY" in found.notes[0]
    book.write(values(4), mark="%s")
    assert counts(book.collect()) == (4, 1, 3, 0)


def test_another_call_under_the_same_key_is_held_once(pgsql: Book):
    """A conflict is held with its row, and a later run does not tell it again."""
    pgsql.write(values(1), values(1, dst="13900138001"), mark="%s")
    assert counts(pgsql.collect()) == (2, 1, 0, 1)
    assert counts(pgsql.collect()) == (0, 0, 0, 0)
    assert pgsql.ledger.held_count() == 1


def test_a_broken_row_is_held_and_the_others_go_on(pgsql: Book):
    """A row without its end is held with all that stands in it."""
    pgsql.write(values(1), values(2, end=None), values(3), mark="%s")
    found = pgsql.collect()
    assert counts(found) == (3, 2, 0, 1)
    assert "number 2: end is empty" in found.notes[-1]
    assert counts(pgsql.collect()) == (0, 0, 0, 0)


def test_microseconds_take_the_place_of_whole_seconds(server, ledger):
    """A table with timestamps gives whole seconds; one with doubles upgrades the same calls."""
    url, run = server
    made(run, kind="timestamp")
    run(f"CREATE TABLE exact (id bigserial PRIMARY KEY, "
        f"{', '.join(f'{chr(34)}{name}{chr(34)} ' + ('double precision' if name in TIMES else 'text') for name in FIELDS)})")  # noqa: E501  # fmt: skip
    book = Book(url, run, ledger)

    def shown(instant: float) -> str:
        return f"{datetime.fromtimestamp(int(instant), UTC):%Y-%m-%d %H:%M:%S}"

    row = values(1)
    book.write(row | {name: shown(row[name]) for name in TIMES}, mark="%s")
    assert counts(book.collect("?times=gmt")) == (1, 1, 0, 0)
    names = ", ".join(f'"{name}"' for name in row)
    run(f"INSERT INTO exact ({names}) VALUES ({', '.join(['%s'] * len(row))})", [*row.values()])
    found = book.collect("?table=exact")
    assert (counts(found), found.upgraded) == ((1, 0, 1, 0), 1)
    assert book.stored()[1].record.exact
    assert counts(book.collect("?times=gmt")) == (0, 0, 0, 0)


def test_times_whose_zone_nobody_told_are_refused_and_the_unique_ids_give_a_hint(server, ledger):
    """Timestamps without a zone are collected once the source says their zone, and in no wrong one."""
    url, run = server
    made(run, kind="timestamp")
    book = Book(url, run, ledger)
    local = dict(zip(TIMES, ("2026-11-21 20:17:46", None, "2026-11-21 20:18:00"), strict=True))
    book.write(values(1, **local, disposition="BUSY"), mark="%s")
    refused = book.collect()
    assert "&times=Asia/Shanghai" in str(refused.refused)
    assert "GMT+8" in str(refused.refused)
    wrong = book.collect("?times=gmt")
    assert "8 hours after their unique ids" in str(wrong.refused)
    assert "no zone of that name" in str(book.collect("?times=Asia/Shangai").refused)
    assert counts(book.collect("?times=Asia/Shanghai")) == (1, 1, 0, 0)


def test_a_table_without_a_column_says_how_to_have_it(server, ledger):
    """What is missing is named all at once, with the ALTER TABLE that adds it."""
    url, run = server
    made(run, without=("linkedid", "sequence"))
    refused = str(Book(url, run, ledger).collect().refused)
    assert 'ADD COLUMN "linkedid" text, ADD COLUMN "sequence" bigint' in refused


def test_a_column_may_have_another_name(server, ledger):
    """An alias in cdr_adaptive_odbc.conf gives a column another name: the source says it, as ended."""
    url, run = server
    made(run)
    run('ALTER TABLE cdr RENAME "end" TO ended')
    book = Book(url, run, ledger)
    row = values(1)
    book.write({("ended" if name == "end" else name): one for name, one in row.items()}, mark="%s")
    assert "without end" in str(book.collect().refused)
    assert counts(book.collect("?end=ended")) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        ("ALTER src TYPE bigint USING 1", "loses its leading zeros"),
        ("ALTER start TYPE real", "make it double precision"),
    ],
)
def test_a_column_that_cannot_hold_its_field_is_refused(pgsql: Book, alter: str, said: str):
    """A number loses leading zeros, a single-precision float two minutes: nothing is billed from those."""
    pgsql.run(f"ALTER TABLE cdr {alter}", [])
    assert said in str(pgsql.collect().refused)


def test_short_and_identity_columns_are_told(server, ledger):
    """varchar(20) loses records, an identity column all of cdr_pgsql's: both are told at the first run."""
    url, run = server
    made(run, more="id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,")
    run("ALTER TABLE cdr ALTER channel TYPE varchar(20)")
    found = Book(url, run, ledger).collect()
    assert any("channel: shorter than" in note for note in found.notes)
    assert any("identity column" in note for note in found.notes)


def test_texts_that_went_through_latin9_are_refused_until_somebody_says_so(pgsql: Book):
    """What cdr_pgsql wrote without `encoding` is made whole where the source says encoding=latin9."""
    spoiled = '"张某" <08702120001>'.encode().decode("iso8859-15")
    pgsql.write(values(1, clid=spoiled), mark="%s")
    assert "encoding=UTF8" in str(pgsql.collect().refused)
    assert counts(pgsql.collect("&encoding=latin9")) == (1, 1, 0, 0)
    assert pgsql.stored()[1].record.clid == '"张某" <08702120001>'


def test_a_database_that_knows_no_encoding_is_read(postgres, ledger):
    """In SQL_ASCII a name cut in the middle of a character stands as it came: the call is collected."""
    postgres.sql("DROP DATABASE IF EXISTS ascii_calls")
    postgres.sql("CREATE DATABASE ascii_calls TEMPLATE template0 ENCODING 'SQL_ASCII'")
    url = f"postgresql://postgres@127.0.0.1:{postgres.port}/ascii_calls"
    with psycopg.connect(
        host="127.0.0.1", port=postgres.port, user="postgres", dbname="ascii_calls", autocommit=True
    ) as connection:
        made(lambda statement: connection.execute(statement.encode()))
        names = ", ".join(f'"{name}"' for name in FIELDS)
        row = values(1, clid=b'"\xe5\xbc" <08702120001>')
        marks = ", ".join("convert_from(%s, 'SQL_ASCII')" if n == "clid" else "%s" for n in FIELDS)
        connection.execute(f"INSERT INTO cdr ({names}) VALUES ({marks})".encode(), [*row.values()])
    book = Book(url, lambda *_: None, ledger)
    assert counts(book.collect()) == (1, 1, 0, 0)
    assert book.stored()[1].record.clid == '"\\xe5\\xbc" <08702120001>'


def test_bytes_that_are_no_text_are_read_from_sqlite(lite: Book):
    """A caller's name cut in the middle of a character does not keep the file from being read."""
    lite.write(values(1), mark="?")
    lite.run("UPDATE cdr SET clid = CAST(X'22E5BC22203C363030313E' AS TEXT)", [])
    assert counts(lite.collect()) == (1, 1, 0, 0)
    assert lite.stored()[1].record.clid == '"\\xe5\\xbc" <6001>'


def test_a_switch_can_write_into_its_file_between_two_portions(lite: Book, monkeypatch: pytest.MonkeyPatch):
    """Reading leaves no lock behind: Asterisk gives up after a second, and the record would be lost."""
    monkeypatch.setattr(foreign_records, "AT_ONCE", 1)
    lite.write(values(1), values(2), mark="?")
    with ForeignTables().open(table_source(lite.url)) as table:
        portions = table.portions(0)
        next(portions)
        lite.write(values(3), mark="?")
        assert [row.number for rows in portions for row in rows] == [2, 3]


def test_a_file_that_is_no_database_is_told(tmp_path: Path, ledger: Any):
    """What is wrong with a SQLite file is one sentence, and nothing is made where there is none."""
    (tmp_path / "no.db").write_text("this is a letter, not a database " * 50)
    told = Book(f"sqlite://{tmp_path}/no.db", lambda *_: None, ledger).collect()
    assert "not a database" in str(told.error)
    gone = Book(f"sqlite://{tmp_path}/gone.db", lambda *_: None, ledger).collect()
    assert "No such file" in str(gone.error)
    assert not (tmp_path / "gone.db").exists()


def test_the_password_comes_from_a_file_that_is_ours_alone(postgres, server, ledger, tmp_path):
    """PostgreSQL asks for the password; a file that others can read is refused, and no message repeats it."""
    url, run = server
    made(run)
    with psycopg.connect(host="127.0.0.1", port=postgres.port, user="postgres", dbname="postgres") as admin:
        (place,) = admin.execute("SHOW hba_file").fetchone() or ("",)
    run("DROP ROLE IF EXISTS clerk")
    run("CREATE ROLE clerk LOGIN PASSWORD 'Geheim0Wort'")
    run("GRANT SELECT ON cdr TO clerk")
    hba = Path(place)
    before = hba.read_text()
    hba.write_text("host all clerk 127.0.0.1/32 scram-sha-256\n" + before)
    run("SELECT pg_reload_conf()")
    file = tmp_path / "password"
    book = Book(f"{url.replace('postgres@', 'clerk@')}?password_file={file}", run, ledger)
    try:
        assert "No such file" in str(book.collect().refused)
        file.write_text("Geheim0Wort\n")
        file.chmod(0o644)
        assert "chmod 600" in str(book.collect().refused)
        file.chmod(0o600)
        assert counts(book.collect()) == (0, 0, 0, 0)
        run("REVOKE SELECT ON cdr FROM clerk")
        assert "GRANT SELECT" in str(book.collect().error)
        file.write_text("Geheim0Falsch\n")
        told = book.collect()
        assert "password_file=" in str(told.error)
        assert "Geheim" not in str(told)
    finally:
        hba.write_text(before)
        run("SELECT pg_reload_conf()")
        run("DROP OWNED BY clerk")
        run("DROP ROLE clerk")


def test_a_server_that_is_gone_meanwhile_loses_nothing(pgsql: Book, monkeypatch: pytest.MonkeyPatch):
    """The connection dies after the first portion: that one is in the ledger, the next run has the rest."""
    monkeypatch.setattr(foreign_records, "AT_ONCE", 2)
    pgsql.write(*(values(n) for n in range(1, 6)), mark="%s")
    opened = foreign_records.OpenedTable.portions

    def cut(table: Any, after: int) -> Iterator[Any]:
        for count, rows in enumerate(opened(table, after)):
            if count == 1:
                pgsql.run("ALTER TABLE cdr RENAME TO away", [])
            yield rows

    monkeypatch.setattr(foreign_records.OpenedTable, "portions", cut)
    found = pgsql.collect()
    assert (found.new, "does not exist" in str(found.error)) == (4, True)
    pgsql.run("ALTER TABLE away RENAME TO cdr", [])
    monkeypatch.setattr(foreign_records.OpenedTable, "portions", opened)
    assert counts(pgsql.collect()) == (1, 1, 0, 0)


def test_who_waits_for_a_locked_table_can_be_cut_off(postgres: Any, server: Any, ledger: Any):
    """An interrupt ends the wait for a server: the source is told as unread, and the next run has all."""
    url, run = server
    made(run)
    book = Book(f"{url}?table=cdr", run, ledger)
    book.write(values(1), mark="%s")
    tables, told = ForeignTables(), []
    source = Source("pbx", book.url)
    waiting = threading.Thread(
        target=lambda: told.append(collect_table(source, ledger, tables, NOW, quiet)), daemon=True
    )
    with psycopg.connect(
        host="127.0.0.1", port=postgres.port, user="postgres", dbname=url.rpartition("/")[2]
    ) as holder:
        holder.execute("LOCK TABLE cdr IN ACCESS EXCLUSIVE MODE")
        waiting.start()
        while not holder.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
            assert waiting.is_alive()
        tables.cut()
        waiting.join(60)
        holder.rollback()
    assert "canceling statement" in str(told[0].error)
    assert counts(book.collect()) == (1, 1, 0, 0)


def test_nothing_is_written_into_a_foreign_table(pgsql: Book):
    """Our connection cannot write, whatever rights its user has."""
    with (
        ForeignTables().open(table_source(pgsql.url)) as table,
        table.engine.connect() as connection,  # type: ignore[attr-defined]
        pytest.raises(Exception, match="read-only transaction"),
    ):
        connection.exec_driver_sql("DELETE FROM cdr")
