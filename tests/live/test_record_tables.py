"""The same calls in two files and three tables that a real Asterisk wrote are collected once (话单表)."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pbx.cdr import FIELDS, TIMES
from pbx.errors import Refused
from provisioning.store.ledger import open_ledger


def _beside(name: str) -> Any:
    """A module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(f"live_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    if f"live_{name}" not in sys.modules:
        sys.modules[f"live_{name}"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[f"live_{name}"])
    return sys.modules[f"live_{name}"]


desks, sites, ways = _beside("desk"), _beside("sites"), _beside("ways")
pytestmark = pytest.mark.live

ANNA, BERT, BUSY = "08702120001", "08702120002", "13900000001"
NAME = "张某 o'q, x"
"""A name that has to be quoted in every kind of book, and is not ASCII."""
ODD = """
[odd]
exten => odd,1,Set(CALLERID(all)="张某 o'q, x" <6001>)
 same => n,Answer()
 same => n,Wait(1)
exten => sink,1,Answer()
 same => n,Wait(2)
"""
TEXTS = ", ".join(
    f'"{name}" text' for name in FIELDS if name not in (*TIMES, "duration", "billsec", "sequence")
)
COLUMNS = (
    'id bigserial PRIMARY KEY, start {0}, answer {0}, "end" {0}, duration int, billsec int, sequence int'
)
PGSQL = """
[global]
hostname=127.0.0.1
port={port}
dbname={database}
user=postgres
password=notasked
table=cdr
encoding=UTF8
"""
ODBC_INI = """
[calls]
Driver = PostgreSQL Unicode
Servername = 127.0.0.1
Port = {port}
Database = {database}
"""
RES_ODBC = """
[calls]
enabled => yes
dsn => calls
username => postgres
password => notasked
pre-connect => yes
backslash_is_escape => no
"""
ADAPTIVE = """
[calls]
connection=calls
table=cdr_odbc
usegmtime=yes
quoted_identifiers="
"""
LITE = """
[master]
table = cdr
columns = {columns}
fields = {fields}
"""


@dataclass(frozen=True)
class Books:
    """Where the calls are: two files, three tables, and a desk at which they are collected."""

    desk: Any
    records: list[dict[str, Any]]
    files: tuple[str, str]
    tables: tuple[str, str, str]
    """cdr_pgsql's, cdr_adaptive_odbc's, cdr_sqlite3_custom's."""
    database: dict[str, Any]

    def collect(self, *sources: str, code: int = 0) -> dict[str, Any]:
        return json.loads(self.desk("collect", "--json", *sources, code=code))

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(**self.database, autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def doctor(self) -> dict[str, tuple[str, str]]:
        found = json.loads(self.desk("doctor", "--json", code=None))["findings"]
        return {one["check"]: (one["verdict"], one["text"]) for one in found}


@pytest.fixture(scope="module")
def books(switches, postgres, tmp_path_factory) -> Iterator[Books]:
    """A switch with all five ways to write, an answered and a busy call on it, and nothing collected yet."""
    database = postgres.fresh().rpartition("/")[2]
    postgres.sql(f"CREATE TABLE cdr ({COLUMNS.format('double precision')}, {TEXTS})", database)
    postgres.sql(f"CREATE TABLE cdr_odbc ({COLUMNS.format('timestamp')}, {TEXTS})", database)
    pbx, secrets = switches.pbx, switches.pbx.secret_file.parent
    exact = ", ".join(f"{name}(double)" if name in TIMES else name for name in FIELDS)
    written = {
        "cdr_pgsql.conf": PGSQL.format(port=postgres.port, database=database),
        "odbc.ini": ODBC_INI.format(port=postgres.port, database=database),
        "res_odbc.conf": RES_ODBC,
        "cdr_adaptive_odbc.conf": ADAPTIVE,
        "cdr_sqlite3_custom.conf": LITE.format(columns=", ".join(FIELDS), fields=exact),
    }
    for name, text in written.items():
        (secrets / name).write_text(text)
    before = len(pbx.records())
    try:
        pbx.restart()
        anna, bert = sites.seats(2)
        with ways.office(
            switches,
            sites.contract(of=(anna, bert)),
            answers=dict.fromkeys((ANNA, BERT), "auto"),
        ) as office:
            call = office["0001"].dial("6002").wait("connected").hear(10)
            call.hang_up()
            with pytest.raises(Refused):
                office["0001"].dial(BUSY).wait("connected")
            pbx.shell("cat > /etc/asterisk/seatline-extensions-9-odd.conf", stdin=ODD)
            pbx.reload()
            pbx.cli("module load res_clioriginate.so")
            pbx.cli("channel originate Local/odd@odd extension sink@odd")
            sites.wait_for(lambda: len(pbx.records()) >= before + 4, "all call records")
            pbx.wait_both_books()
        server = f"postgresql://postgres@127.0.0.1:{postgres.port}/{database}"
        tables = (
            f"{server}?table=cdr",
            f"{server}?table=cdr_odbc&times=gmt",
            f"sqlite://{pbx.log}/master.db?table=cdr",
        )
        files = (str(pbx.json_records), str(pbx.csv_records))
        folder = tmp_path_factory.mktemp("desk")
        listed = ", ".join(f'"{source}"' for source in (*files, *tables))
        desk = desks.Desk(folder, f"{desks.table_of(pbx).rstrip()}\nrecords = [{listed}]\n")
        yield Books(
            desk=desk,
            records=pbx.records()[before:],
            files=files,
            tables=tables,
            database={"host": "127.0.0.1", "port": postgres.port, "user": "postgres", "dbname": database},
        )
    finally:
        for name in written:
            (secrets / name).unlink()
        pbx.restart()  # to unload them all kills Asterisk


def test_a_call_in_five_sources_is_one_call(books):
    """Whole seconds come first, microseconds take their place, and the files only confirm what is there."""
    keys = {(one["uniqueid"], one["sequence"]) for one in books.records}
    pgsql, odbc, lite = books.tables
    first, exact = (books.collect(*some, "--switch", "pbx") for some in ((odbc,), (pgsql, lite)))
    told = (*first["sources"], *exact["sources"])
    assert [(one["read"], one["new"], one["quarantined"]) for one in told] == [
        (len(keys), len(keys), 0),
        (len(keys), 0, 0),
        (len(keys), 0, 0),
    ]
    assert (told[0]["upgraded"], told[1]["upgraded"] + told[2]["upgraded"]) == (0, len(keys))
    assert (first["duplicate"], exact["duplicate"]) == (0, 2 * len(keys))
    everything = books.collect()
    assert (everything["quarantined"], everything["sources"][0]["conflicts"]) == (0, 0)
    again = books.collect()
    assert {key: again[key] for key in ("read", "new", "duplicate", "quarantined")} == {
        "read": 0, "new": 0, "duplicate": 0, "quarantined": 0,
    }  # fmt: skip
    with open_ledger(f"sqlite:///{books.desk.folder}/seatline.db", create=False) as ledger:
        found = ledger.stored("pbx", tuple(keys))
    assert {one.seen for one in found.values()} == {frozenset(("sql", "json", "csv"))}
    assert {key: (one.record.start, one.record.clid) for key, one in found.items()} == {
        (one["uniqueid"], one["sequence"]): (round(one["start"] * 1_000_000), one["clid"])
        for one in books.records
    }
    assert any(NAME in one.record.clid for one in found.values())


def test_only_what_a_table_gained_is_read(books):
    """A row that comes in later is collected by itself; the ones before it are not told again."""
    books.collect(books.tables[0])
    columns = ", ".join(f'"{name}"' for name in FIELDS if name != "sequence")
    books.sql(f"INSERT INTO cdr ({columns}, sequence) SELECT {columns}, 999999 FROM cdr ORDER BY id LIMIT 1")
    found = books.collect(books.tables[0])
    assert (found["read"], found["new"], found["duplicate"]) == (1, 1, 0)


def test_doctor_says_that_all_that_is_written_is_collected(books):
    """All five sources are in the settings: doctor finds nothing to say about records and tables."""
    found = books.doctor()
    assert found["pbx: records"][0] == "ok", found["pbx: records"]
    assert found["pbx: tables"][0] == "ok", found["pbx: tables"]


def test_doctor_names_what_is_written_and_not_collected(books, switches):
    """A table that is missing in the settings is named, and so is one that nothing writes any more."""
    settings = books.desk.folder / "seatline.toml"
    whole = settings.read_text(encoding="utf-8")
    settings.write_text(whole.replace(f', "{books.tables[0]}"', ""), encoding="utf-8")
    try:
        verdict, text = books.doctor()["pbx: records"]
        assert (verdict, "cdr (cdr_pgsql): written and not collected" in text) == ("warning", True)
        settings.write_text(whole, encoding="utf-8")
        assert "Unloaded" in switches.pbx.cli("module unload cdr_pgsql.so")
        verdict, text = books.doctor()["pbx: records"]
        assert (verdict, "is collected and nothing writes it" in text) == ("bad", True)
    finally:
        settings.write_text(whole, encoding="utf-8")
        switches.pbx.cli("module load cdr_pgsql.so")


def test_doctor_names_settings_that_lose_records_on_their_way_into_a_table(books, switches):
    """Without quoted_identifiers PostgreSQL refuses every record of cdr_adaptive_odbc: doctor says so."""
    files = ("cdr_adaptive_odbc.conf", "res_odbc.conf", "cdr_pgsql.conf")
    lines = "quoted_identifiers|backslash_is_escape|encoding"
    pbx = switches.pbx
    try:
        for file in files:
            pbx.shell(f"cd /etc/asterisk && cp {file} /tmp/{file} && sed -Ei '/{lines}/d' {file}")
        verdict, text = books.doctor()["pbx: tables"]
    finally:
        for file in files:
            pbx.shell(f"cat /tmp/{file} > /etc/asterisk/{file}")
    assert verdict == "bad"
    assert all(word in text for word in ("quoted_identifiers", "backslash_is_escape=no", "encoding=UTF8"))
    assert "notasked" not in text


def test_a_server_that_is_gone_keeps_nobody_from_being_collected(books):
    """A table that cannot be reached is told, with exit code 4; the others are collected."""
    gone = "postgresql://postgres@127.0.0.1:1/calls"
    found = books.collect(gone, books.tables[2], "--switch", "pbx", code=4)
    errors = {one["path"]: one["error"] for one in found["sources"]}
    assert [path for path, error in errors.items() if error] == [f"{gone}?table=cdr"]
    assert "refused" in errors[f"{gone}?table=cdr"]
