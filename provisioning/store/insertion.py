"""Rows into a table: ON CONFLICT in each database's own words, and many rows at once (插入或更新)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
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
