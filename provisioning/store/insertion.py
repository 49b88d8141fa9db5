"""Rows into a table: ON CONFLICT in each database's own words, and many rows at once (插入或更新)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from psycopg import Copy
    from sqlalchemy.dialects.sqlite import Insert as Upsert


def insertion(connection: Connection, table: Table) -> Upsert:
    """An insertion that may say what to do with a row that is already there.

    Typed as SQLite's: PostgreSQL's has the same two methods under the same names.
    """
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return cast("Upsert", postgresql.insert(table))


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Adds rows of these columns as fast as the database takes them: their values go as they are."""
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        said = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608  (names of our own)
        with _as_ours(connection, said, sqlite3.Error):
            _driver(connection).executemany(said, rows).close()
        return
    with copying(connection, f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def insert_alike(
    connection: Connection,
    table: Table,
    same: Mapping[str, str | int],
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Adds rows to SQLite that differ in these columns only, many with one statement: the quickest way."""
    names = ", ".join((*same, *columns))
    one = ", ".join((*map(_literal, same.values()), *"?" * len(columns)))
    head = f"INSERT INTO {table.name} ({names}) VALUES "  # noqa: S608  (names and values of our own)
    many = head + ", ".join([f"({one})"] * _TOGETHER)
    whole = len(rows) // _TOGETHER * _TOGETHER
    with _as_ours(connection, f"{head}({one})", sqlite3.Error):
        values = chain.from_iterable(rows[:whole])
        _driver(connection).executemany(
            many, zip(*[values] * (_TOGETHER * len(columns)), strict=True)
        ).close()
        _driver(connection).executemany(f"{head}({one})", rows[whole:]).close()


_TOGETHER = 50
"""Rows of a statement: four columns each stay far below the values that SQLite lets a statement have."""


def _literal(value: str | int) -> str:
    return str(int(value)) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


@contextmanager
def copying(connection: Connection, statement: str) -> Iterator[Copy]:
    """PostgreSQL's COPY into a table."""
    import psycopg

    with (
        _as_ours(connection, statement, psycopg.Error),
        _driver(connection).cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        yield copy


def _driver(connection: Connection) -> Any:
    """The driver's own connection, in the midst of the same transaction: past what SQLAlchemy does a row."""
    return connection.connection.driver_connection


@contextmanager
def _as_ours(connection: Connection, statement: str, faults: type[Exception]) -> Iterator[None]:
    """The driver's faults as SQLAlchemy's."""
    try:
        yield
    except faults as fault:
        raise DBAPIError.instance(
            statement, None, fault, faults, hide_parameters=True, dialect=connection.dialect
        ) from None
