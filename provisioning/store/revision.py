"""Which revision the ledger's tables have, asked without Alembic, so that it costs one query (版本)."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from provisioning.flows.errors import LedgerOutdated
from provisioning.store.faults import UPGRADE, name_of

HEAD = "0009"
"""The newest revision of migrations/versions; a test proves it."""


def revision_of(connection: Connection) -> str | None:
    """The revision of the tables there are; None where none was ever applied."""
    try:
        with connection.begin_nested():
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except (OperationalError, ProgrammingError) as fault:
        told = str(fault.orig).lower()
        if "no such table" in told or "does not exist" in told:
            return None
        raise


def is_empty(connection: Connection) -> bool:
    """Whether the database holds no table at all, but for Alembic's own."""
    return not set(inspect(connection).get_table_names()) - {"alembic_version"}


def outdated(engine: Engine, found: str | None) -> LedgerOutdated | None:
    """What is wrong with tables of that revision, and how to mend it; None when nothing is."""
    where = f"ledger {name_of(engine)}"
    if found == HEAD:
        return None
    if found is None:
        return LedgerOutdated(f"{where}: has no ledger's tables yet; {UPGRADE}.")
    if found > HEAD:
        return LedgerOutdated(
            f"{where}: its tables (revision {found}) are newer than this seatline (revision {HEAD}); "
            "use the seatline that wrote them, or a newer one."
        )
    return LedgerOutdated(
        f"{where}: its tables (revision {found}) are older than this seatline (revision {HEAD}); "
        f"make a backup with `seatline db backup`, then {UPGRADE}."
    )
