"""A database's faults as seatline's own, in one sentence and without a secret (数据库故障)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    SQLAlchemyError,
    StatementError,
)

from provisioning.flows.errors import FlowError, LedgerOutdated, LedgerUnavailable

UPGRADE = "run `seatline db upgrade`"

_BUSY = ("database is locked", "database table is locked", "lock timeout", "deadlock detected")
_FULL = ("disk is full", "no space left", "disk i/o error", "could not extend file")
_READ_ONLY = ("readonly database", "read-only transaction", "read-only mode")
_DAMAGED = ("malformed", "not a database", "invalid page", "file is encrypted")
_NO_TABLE = ("no such table", "no such column", "undefinedtable", "undefinedcolumn")
_FORBIDDEN = ("permission denied", "insufficientprivilege")
_NO_DATABASE = ('" does not exist',)
_DANGLING = ("foreign key constraint",)


@contextmanager
def told_clearly(engine: Engine) -> Iterator[None]:
    """Turns every exception of the database into a FlowError that names the ledger and the remedy.

    The exception itself is not chained: its text could hold what was being written.
    """
    try:
        yield
    except SQLAlchemyError as fault:
        told = _told(fault, engine)
    except (OverflowError, UnicodeEncodeError) as fault:
        told = FlowError(f"the ledger cannot hold a value: {type(fault).__name__}. Nothing was written.")
    else:
        return
    raise told from None


def _told(fault: SQLAlchemyError, engine: Engine) -> FlowError:
    where = f"ledger {name_of(engine)}"
    text = _first_line(fault, engine)
    seen = f"{type(getattr(fault, 'orig', None)).__name__} {text}".lower()
    for marks, made in _TABLE:
        if any(mark in seen for mark in marks):
            return made(where, text)
    if isinstance(fault, IntegrityError):
        return LedgerUnavailable(
            f"{where}: somebody else wrote the same at the same time. Nothing was written; try again."
        )
    if isinstance(fault, DataError):
        return FlowError(f"{where}: cannot hold a value: {text}. Nothing was written.")
    if isinstance(fault, OperationalError) or (
        isinstance(fault, DBAPIError) and fault.connection_invalidated
    ):
        return LedgerUnavailable(f"{where}: cannot be reached: {text}. Try again later.")
    if isinstance(fault, StatementError) and isinstance(fault.orig, ValueError):
        return FlowError(f"{where}: cannot hold a value: {text}. Nothing was written.")
    return FlowError(f"{where}: {text}. Nothing was written.")


def _busy(where: str, text: str) -> FlowError:
    return LedgerUnavailable(
        f"{where}: busy, somebody else is writing. Nothing was written; try again later."
    )


def _full(where: str, text: str) -> FlowError:
    return LedgerUnavailable(
        f"{where}: its disk is full or failing ({text}). Nothing was written; make room."
    )


def _read_only(where: str, text: str) -> FlowError:
    return LedgerUnavailable(
        f"{where}: cannot be written to ({text}). Nothing was written; check its rights."
    )


def _damaged(where: str, text: str) -> FlowError:
    return FlowError(
        f"{where}: damaged ({text}). Run `seatline db verify`, then restore the newest good backup."
    )


def _outdated(where: str, text: str) -> FlowError:
    return LedgerOutdated(f"{where}: a table or column is missing; {UPGRADE}.")


def _forbidden(where: str, text: str) -> FlowError:
    return FlowError(f"{where}: {text}. Give the database user rights on the ledger's tables.")


def _no_database(where: str, text: str) -> FlowError:
    return LedgerUnavailable(f"{where}: {text}. Create it, or correct the ledger's URL.")


def _dangling(where: str, text: str) -> FlowError:
    return FlowError(
        f"{where}: a row would refer to a contract or record that is not there. Nothing was written."
    )


_TABLE = (
    (_BUSY, _busy),
    (_FULL, _full),
    (_READ_ONLY, _read_only),
    (_DAMAGED, _damaged),
    (_NO_TABLE, _outdated),
    (_FORBIDDEN, _forbidden),
    (_DANGLING, _dangling),
    (_NO_DATABASE, _no_database),
)


def _first_line(fault: SQLAlchemyError, engine: Engine) -> str:
    """What the driver said, in one line; the URL's password is struck out wherever it stands."""
    text = str(getattr(fault, "orig", None) or fault).strip()
    line = text.splitlines()[0].strip().rstrip(".") if text else type(fault).__name__
    password = engine.url.password
    return line.replace(password, "***") if password else line


def name_of(engine: Engine) -> str:
    """The ledger for a person: its file, or host and database; never its password."""
    if engine.dialect.name == "sqlite":
        return str(engine.url.database)
    return engine.url.set(query={}).render_as_string(hide_password=True)
