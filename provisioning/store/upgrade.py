"""Building and upgrading the ledger's tables with Alembic, in one transaction (升级)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from provisioning.flows.errors import FlowError
from provisioning.store.engine import create_file, make_engine, reading, sqlite_file, writing
from provisioning.store.faults import name_of
from provisioning.store.revision import HEAD, is_empty, outdated, revision_of

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection, Engine

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
"""The migrations lie beside the package, in a checkout as in an installation."""


def upgrade(url: str) -> tuple[str | None, str]:
    """Brings the tables to the newest revision, making the SQLite file if need be; (before, after).

    All of it or nothing: killed half-way, the ledger is as it was. Refuses tables that are newer than
    this seatline, and a database that holds tables of somebody else's only.
    """
    engine = make_engine(url)
    try:
        file = sqlite_file(engine)
        if file is not None and not file.exists():
            create_file(file)
        with writing(engine) as connection:
            before = revision_of(connection)
            _refuse_strange(engine, connection, before)
            _run(connection, "upgrade", "head")
        return before, HEAD
    finally:
        engine.dispose()


def upgrade_empty(engine: Engine) -> None:
    """Builds the tables where there are none at all; leaves every other database as it is."""
    with writing(engine) as connection:
        if is_empty(connection):
            _run(connection, "upgrade", "head")


def downgrade(url: str, revision: str) -> None:
    """Takes the tables back to a former revision ("base": none). For tests and emergencies: rows are lost."""
    engine = make_engine(url)
    try:
        with writing(engine) as connection:
            _run(connection, "downgrade", revision)
    finally:
        engine.dispose()


def current(url: str) -> str | None:
    """The revision the ledger's tables have now; None where there are none."""
    engine = make_engine(url)
    try:
        file = sqlite_file(engine)
        if file is not None and not file.exists():
            return None
        with reading(engine) as connection:
            return revision_of(connection)
    finally:
        engine.dispose()


def head() -> str:
    """The newest revision there is in migrations/, by Alembic itself."""
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _refuse_strange(engine: Engine, connection: Connection, found: str | None) -> None:
    if found is not None and found > HEAD:
        wrong = outdated(engine, found)
        assert wrong is not None
        raise wrong
    if found is None and not is_empty(connection):
        raise FlowError(
            f"ledger {name_of(engine)}: holds other tables, none of them a ledger's; "
            "give seatline a database or a schema of its own."
        )


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _run(connection: Connection, verb: str, revision: str) -> None:
    from alembic import command

    if not MIGRATIONS.is_dir():
        raise FlowError(
            f"the folder migrations/ is missing beside {MIGRATIONS.parent}; install seatline again."
        )
    config = _config()
    config.attributes["connection"] = connection
    getattr(command, verb)(config, revision)
