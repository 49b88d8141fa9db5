"""INSERT ... ON CONFLICT, which both databases know, each in its own dialect (插入或更新)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sqlalchemy import Connection, Table

if TYPE_CHECKING:
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
