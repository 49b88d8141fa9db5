"""A copy of the whole ledger, checked before it gets its name (备份)."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from provisioning.flows.errors import FlowError, LedgerMissing, LedgerUnavailable
from provisioning.store.engine import make_engine, reading, sqlite_file
from provisioning.store.faults import name_of, told_clearly

_PG_DUMP = "pg_dump"
_PG_RESTORE = "pg_restore"


def backup(url: str, target: Path) -> Path:
    """Copies the ledger to a new file while it is in use, and proves the copy readable.

    SQLite: another SQLite file, integrity checked. PostgreSQL: pg_dump's custom format, its table of
    contents read back; the password goes through the environment, never the command line. The file is for
    its owner's eyes only, because it holds SIP secrets. Never overwrites: FlowError if the target exists.
    """
    engine = make_engine(url)
    part = target.with_name(target.name + ".part")
    try:
        file = sqlite_file(engine)
        if file is not None and not file.exists():
            raise LedgerMissing(f"ledger {name_of(engine)}: there is none to back up.")
        _reserve(part, target)
        try:
            if file is not None:
                with reading(engine) as connection:
                    _copy_sqlite(connection.connection.driver_connection, part)
            else:
                with told_clearly(engine):
                    _dump_postgres(engine.url, part)
            _sync(part)
            os.link(part, target)
        except FileExistsError:
            raise FlowError(f"backup {target}: exists already; give another name.") from None
        except OSError as fault:
            raise LedgerUnavailable(f"backup {target}: {fault.strerror}. Nothing was kept.") from None
        finally:
            part.unlink(missing_ok=True)
        return target
    finally:
        engine.dispose()


def _reserve(part: Path, target: Path) -> None:
    if target.exists():
        raise FlowError(f"backup {target}: exists already; give another name.")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as fault:
        raise FlowError(f"backup {target}: cannot be written: {fault.strerror}.") from None


def _copy_sqlite(source: Any, part: Path) -> None:
    copy = sqlite3.connect(part)
    try:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE").close()
        found = copy.execute("PRAGMA integrity_check(3)").fetchall()
    except sqlite3.Error as fault:
        raise LedgerUnavailable(f"backup {part}: {fault}. Nothing was kept.") from None
    finally:
        copy.close()
    if found != [("ok",)]:
        told = "; ".join(str(row[0]) for row in found)
        raise FlowError(f"the ledger is damaged, its copy was not kept: {told}. Run `seatline db verify`.")


def _dump_postgres(url: URL, part: Path) -> None:
    from psycopg.conninfo import make_conninfo

    if shutil.which(_PG_DUMP) is None or shutil.which(_PG_RESTORE) is None:
        raise FlowError("a backup from PostgreSQL needs pg_dump; install the package postgresql-client.")
    named = url.translate_connect_args(username="user", database="dbname")
    password = named.pop("password", None)
    environment = dict(os.environ)
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    target = make_conninfo("", **{**named, **url.query})
    _run([_PG_DUMP, "--format=custom", "--no-password", f"--file={part}", f"--dbname={target}"], environment)
    _run([_PG_RESTORE, "--list", str(part)], environment)


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        told = done.stderr.strip().splitlines()
        password = environment.get("PGPASSWORD")
        text = told[-1] if told else "no reason given"
        text = text.replace(password, "***") if password else text
        raise LedgerUnavailable(f"{command[0]} failed: {text}. Nothing was kept.")


def _sync(part: Path) -> None:
    handle = os.open(part, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
