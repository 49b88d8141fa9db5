"""Opening a database by its URL, and the two ways to use it: reading and writing (数据库连接)."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from provisioning.flows.errors import FlowError, LedgerUnavailable
from provisioning.store.faults import told_clearly

# Its faults come to us as exceptions; what it writes itself would be a traceback on stderr.
logging.getLogger("sqlalchemy").addHandler(logging.NullHandler())
BUSY_SECONDS = 5.0
TURN = 0.005
"""Seconds between two looks whether another writer is done."""
CONNECT_SECONDS = 5
PAGE = 16 * 1024
"""Bytes of a page of a new SQLite ledger: call records are long, and most are written many at a time."""
_ROOM = ("cache_size = -65536", f"wal_autocheckpoint = {64 * 1024 * 1024 // PAGE}")
"""64 MB of pages in memory before they are written, and of log before it goes into the file."""
_HOW = "write sqlite:///seatline.db or postgresql+psycopg://user@host/database"
_WRITER_LOCK = 7328545
"""The advisory lock that every writer takes on PostgreSQL: one writer at a time, as SQLite has it."""


def parse_url(url: str) -> URL:
    """The URL of a ledger; FlowError, which never repeats the URL, when it is none we can use."""
    try:
        parsed = make_url(url)
        parsed.port  # noqa: B018 - a port that is not a number is noticed here
    except (ArgumentError, ValueError):
        raise FlowError(f"the ledger's URL cannot be read; {_HOW}") from None
    if parsed.drivername == "sqlite":
        if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
            raise FlowError(f"the ledger needs a file of its own; {_HOW}")
        return parsed
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    raise FlowError(f"the ledger cannot be kept in {parsed.drivername!r}; {_HOW}")


def make_engine(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """An engine for that URL; nothing is opened yet.

    `busy_seconds` is how long a writer waits for another before `LedgerUnavailable`. Values never stand in
    the exceptions or logs of statements: they could be secrets.
    """
    parsed = parse_url(url)
    options: dict[str, Any] = {
        "hide_parameters": True,
        "json_serializer": lambda value: json.dumps(value, ensure_ascii=False),
    }
    try:
        if parsed.drivername == "sqlite":
            engine = create_engine(parsed, **options)
            _tune_sqlite(engine, busy_seconds)
        else:
            engine = create_engine(
                parsed.update_query_dict({"connect_timeout": _connect_timeout(parsed)}),
                pool_pre_ping=True,
                **options,
            )
    except (SQLAlchemyError, ImportError) as fault:
        raise FlowError(f"the ledger's database driver cannot be loaded: {type(fault).__name__}") from None
    _mark_writers(engine, busy_seconds)
    return engine


def _connect_timeout(url: URL) -> str:
    given = url.query.get("connect_timeout")
    return given if isinstance(given, str) else str(CONNECT_SECONDS)


def _tune_sqlite(engine: Engine, busy_seconds: float) -> None:
    """WAL, so that readers never wait; FULL, so that a committed row survives a power cut; and
    what is deleted is wiped, whatever SQLite was built with."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        connection.execute(f"PRAGMA busy_timeout = {int(busy_seconds * 1000)}").close()
        connection.execute(f"PRAGMA page_size = {PAGE}").close()  # says something to a new file only
        _use_wal(connection, busy_seconds)
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON", *_ROOM):
            connection.execute(f"PRAGMA {pragma}").close()


def _use_wal(connection: Any, busy_seconds: float) -> None:
    """Switches to the write-ahead log; on a new file somebody else may be at just that, and SQLite does not
    wait for it by itself."""
    end = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as fault:
            if "locked" not in str(fault) or time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


def _mark_writers(engine: Engine, busy_seconds: float) -> None:
    sqlite = engine.dialect.name == "sqlite"
    patience = f"SET LOCAL lock_timeout = {max(1, int(busy_seconds * 1000))}"
    one_writer = f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})"

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("seatline_writes", False)
        if sqlite and writes:
            _begin_writing(connection, busy_seconds)
        elif sqlite:
            connection.exec_driver_sql("BEGIN")
        elif writes:
            connection.exec_driver_sql(patience)
            connection.exec_driver_sql(one_writer)


def _begin_writing(connection: Connection, busy_seconds: float) -> None:
    """Takes SQLite's lock as soon as it is free. SQLite itself looks ten times a second only, and a collector
    with much to write is done with one batch and at the next before that: whoever waits would rarely be so
    lucky as to look in between."""
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA busy_timeout = 0").close()
    end = time.monotonic() + busy_seconds
    try:
        while time.monotonic() < end:
            try:
                driver.execute("BEGIN IMMEDIATE").close()
            except sqlite3.OperationalError as fault:
                if "locked" not in str(fault):
                    break
            else:
                return
            time.sleep(TURN)
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # in vain once more, and says why as all others do
    finally:
        driver.execute(f"PRAGMA busy_timeout = {int(busy_seconds * 1000)}").close()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads and waits for nobody."""
    with told_clearly(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def streaming(engine: Engine) -> Iterator[Connection]:
    """As reading(), for a generator: one that is left before its end has nobody to tell of a lost database;
    whoever left it was told."""
    left = False
    try:
        with reading(engine) as connection:
            try:
                yield connection
            except GeneratorExit:
                left = True
                raise
    except LedgerUnavailable:
        if not left:
            raise


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes, all or nothing; the only one at its time, on both databases."""
    with told_clearly(engine), engine.connect() as connection:
        connection = connection.execution_options(seatline_writes=True)
        with connection.begin():
            yield connection


def sqlite_file(engine: Engine) -> Path | None:
    """The file of a SQLite ledger; None on another database."""
    if engine.dialect.name != "sqlite":
        return None
    return Path(str(engine.url.database))


def create_file(path: Path) -> None:
    """Makes the empty file of a new SQLite ledger, for its owner's eyes only: it will hold SIP secrets."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as fault:
        raise LedgerUnavailable(
            f"ledger {path}: cannot be created: {fault.strerror}. Make its folder, or correct the URL."
        ) from None
