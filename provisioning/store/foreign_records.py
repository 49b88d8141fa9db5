"""Tables of call records that a switch writes into a database of its own (话单表).

They are read and never written to, nor locked for longer than some thousands of rows take: a switch that
finds its SQLite file busy for a second drops the record.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from psycopg.abc import Buffer
from psycopg.adapt import Loader
from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    ColumnElement,
    Engine,
    Integer,
    MetaData,
    Table,
    create_engine,
    event,
    func,
    inspect,
    literal_column,
    select,
)
from sqlalchemy.exc import DBAPIError, NoSuchTableError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from pbx.cdr import FIELDS
from provisioning.flows.collect_table import ForeignTable, Row, TableFault, TableRefused
from provisioning.flows.table_source import TableSource
from provisioning.store.foreign_columns import chosen_columns, looked_at

AT_ONCE = 4000
"""Rows of a portion."""
CONNECT_SECONDS = 10
STATEMENT_SECONDS = 300
_NUMBER = "seatline_number"


class ForeignTables:
    """The databases that the sources of the settings name."""

    def __init__(self) -> None:
        self._open: set[Any] = set()

    @contextmanager
    def open(self, source: TableSource) -> Iterator[ForeignTable]:
        """The table, with its columns looked at; TableFault where it cannot be had, TableRefused where it has
        to be mended first."""
        zone = _zone(source)
        engine = _engine(source)
        event.listen(engine, "connect", lambda connection, _record: self._open.add(connection))
        event.listen(engine, "close", lambda connection, _record: self._open.discard(connection))
        try:
            yield _opened(engine, source, zone)
        finally:
            engine.dispose()

    def cut(self) -> None:
        """Has all servers stop what they are asked, from whatever thread."""
        for connection in tuple(self._open):
            if hasattr(connection, "cancel"):
                connection.cancel()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedTable:
    """A table whose columns are known. `number` is what its rows are counted by, None where nothing is."""

    engine: Engine
    source: TableSource
    table: Table
    columns: Mapping[str, ColumnElement[Any]]
    number: ColumnElement[Any] | None
    zone: tzinfo | None
    notes: Sequence[str] = field(default=())

    @property
    def counted(self) -> bool:
        return self.number is not None

    def highest(self) -> int:
        if self.number is None:
            return 0
        with _told(self.source), self.engine.connect() as connection:
            asked = select(func.max(self.number)).select_from(self.table)
            return int(connection.execute(asked).scalar_one() or 0)

    def portions(self, after: int) -> Iterator[Sequence[Row]]:
        if self.number is None:
            yield from self._all()
            return
        asked = select(self.number.label(_NUMBER), *self._fields()).select_from(self.table)
        asked = asked.order_by(self.number).limit(AT_ONCE)
        while True:
            with _told(self.source), self.engine.connect() as connection:
                found = connection.execute(asked.where(self.number > after)).all()
            if not found:
                return
            rows = [Row(row[0], dict(zip(FIELDS, row[1:], strict=True))) for row in found]
            after = rows[-1].number
            yield rows

    def _all(self) -> Iterator[Sequence[Row]]:
        """All rows as they lie there, by a cursor of the server's; they are counted as they come."""
        asked = select(*self._fields()).select_from(self.table)
        with _told(self.source), self.engine.connect() as connection:
            came = connection.execution_options(yield_per=AT_ONCE).execute(asked)
            count = 0
            for some in came.partitions():
                yield [
                    Row(number, dict(zip(FIELDS, row, strict=True)))
                    for number, row in enumerate(some, start=count + 1)
                ]
                count += len(some)

    def _fields(self) -> list[ColumnElement[Any]]:
        return [self.columns[name] for name in FIELDS]


def _zone(source: TableSource) -> tzinfo | None:
    if not source.times:
        return None
    if source.times.lower() in ("gmt", "utc"):
        return UTC
    try:
        return ZoneInfo(source.times)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TableRefused(
            f"{source.name}: times={source.times}: no zone of that name; write gmt, or one like Asia/Shanghai"
        ) from None


def _engine(source: TableSource) -> Engine:
    if source.file is not None:
        return _sqlite(source, Path(source.file))
    options: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "application_name": "seatline"}
    options |= {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
    for name in ("sslmode", "sslrootcert"):
        if (value := getattr(source, name)) is not None:
            options[name] = value
    if source.password_file is not None:
        options["password"] = _password(source, Path(source.password_file))
    url = URL.create(
        "postgresql+psycopg",
        username=source.user,
        host=source.host,
        port=source.port,
        database=source.database,
    )
    engine = create_engine(url, connect_args=options, poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "connect", insert=True)
    def connected(connection: Any, _record: Any) -> None:
        if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
            for kind in ("text", "varchar", "bpchar", "name"):
                connection.adapters.register_loader(kind, _AnyBytes)
        connection.read_only = True
        connection.execute(f"SET statement_timeout = {STATEMENT_SECONDS * 1000}").close()
        connection.commit()

    return engine


class _AnyBytes(Loader):
    """Text of a database that knows no encoding: what is not UTF-8 stands there as \\xff-like text."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "backslashreplace")


def _sqlite(source: TableSource, file: Path) -> Engine:
    try:
        with file.open("rb"):
            pass
    except OSError as fault:
        raise TableFault(f"{source.name}: {fault.strerror}") from None
    url = URL.create("sqlite", database=f"file:{quote(str(file))}", query={"mode": "ro", "uri": "true"})
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        # A caller's name is cut at 79 bytes, through the middle of a Chinese character if need be.
        connection.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")

    return engine


def _password(source: TableSource, file: Path) -> str:
    """What the file holds; others on this machine must not be able to read it."""
    try:
        open_to_all = file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) & ~stat.S_IRGRP
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is no text"
        raise TableRefused(f"{source.name}: password_file {file} cannot be used: {why}") from None
    if open_to_all:
        raise TableRefused(f"{source.name}: password_file {file} can be read by others: chmod 600 it")
    if len(lines) > 2 or lines[1:] not in ([], [""]) or not lines[0].strip():
        raise TableRefused(f"{source.name}: password_file {file} has to hold one line, the password")
    return lines[0].removesuffix("\r")


def _opened(engine: Engine, source: TableSource, zone: tzinfo | None) -> OpenedTable:
    with _told(source), engine.connect() as connection:
        looked = inspect(connection)
        try:
            found = looked.get_columns(source.table, schema=source.schema)
        except NoSuchTableError:
            found = []
        if not found:
            raise TableRefused(f"{source.name}: no such table in this database, or we may not see it")
        unique: list[Sequence[str | None]] = [
            looked.get_pk_constraint(source.table, schema=source.schema)["constrained_columns"]
        ]
        if engine.dialect.name != "sqlite":
            indexes = looked.get_indexes(source.table, schema=source.schema)
            unique += [one["column_names"] for one in indexes if one["unique"]]
    held = {column["name"].lower(): column for column in found}
    chosen = chosen_columns(source, held)
    wrong, notes = looked_at(source, chosen)
    if wrong:
        raise TableRefused(f"{source.name}: {'; '.join(wrong)}")
    table = Table(
        source.table,
        MetaData(),
        *(Column(one["name"], one["type"]) for one in found),
        schema=source.schema,
    )
    number = _number(engine, table, unique, {one["name"] for one in chosen.values()})
    if number is None:
        notes.append(
            "its rows have no numbers, so that all of them are read each time; ALTER TABLE "
            f"{source.table} ADD COLUMN id bigserial PRIMARY KEY lets new ones be found"
        )
    if any(column.get("identity") for column in found):
        notes.append(
            "it has an identity column: cdr_pgsql writes an empty text into that and loses every record; "
            "make it bigserial"
        )
    return OpenedTable(
        engine=engine,
        source=source,
        table=table,
        columns={name: table.c[one["name"]] for name, one in chosen.items()},
        number=number,
        zone=zone,
        notes=tuple(notes),
    )


def _number(
    engine: Engine, table: Table, unique: Sequence[Sequence[str | None]], fields: set[str]
) -> ColumnElement[Any] | None:
    """What tells new rows from old ones: SQLite's row id, or a unique whole number that is no field."""
    if engine.dialect.name == "sqlite":
        return literal_column("rowid", BigInteger)
    for names in unique:
        if len(names) == 1 and names[0] is not None and names[0] not in fields:
            column = table.c[names[0]]
            if isinstance(column.type, Integer):
                return column
    return None


@contextmanager
def _told(source: TableSource) -> Iterator[None]:
    """Turns what the database says into one sentence, without a password."""
    try:
        yield
    except SQLAlchemyError as fault:
        told = fault
    except UnicodeDecodeError:
        raise TableFault(
            f"{source.name}: a text in it is not in the encoding that the database says it has"
        ) from None
    else:
        return
    _tell(source, told)


def _tell(source: TableSource, fault: SQLAlchemyError) -> NoReturn:
    text = str(getattr(fault, "orig", None) or fault).strip()
    line = next((line.strip() for line in text.splitlines() if line.strip()), type(fault).__name__)
    lower = text.lower()
    if "password" in lower or "no password supplied" in lower:
        hint = "; give the password by password_file=, ~/.pgpass or PGPASSWORD"
    elif "permission denied" in lower:
        hint = "; GRANT SELECT on the table to our user"
    elif isinstance(fault, OperationalError) or (
        isinstance(fault, DBAPIError) and fault.connection_invalidated
    ):
        hint = "; what was read so far is in the ledger, the next run goes on from there"
    else:
        hint = ""
    raise TableFault(f"{source.name}: {line.rstrip('.')}{hint}") from None
