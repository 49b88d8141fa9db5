"""The ledger as the flows see it: one class, each method one transaction (台账).

Each method loads its own theme: a lookup has 0.3 s in all, and needs one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from provisioning.flows.errors import LedgerMissing
from provisioning.store.call_book import CallBook
from provisioning.store.collected_book import CollectedBook
from provisioning.store.contract_book import ContractBook
from provisioning.store.device_book import DeviceBook
from provisioning.store.dispute_book import DisputeBook
from provisioning.store.engine import (
    BUSY_SECONDS,
    create_file,
    make_engine,
    reading,
    sqlite_file,
    writing,
)
from provisioning.store.faults import name_of
from provisioning.store.held_book import HeldBook
from provisioning.store.night_book import NightBook
from provisioning.store.recording_book import RecordingBook
from provisioning.store.revision import outdated, revision_of
from provisioning.store.witness_book import WitnessBook

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from provisioning.flows.ports import Ledger


def open_ledger(url: str, *, create: bool = True, busy_seconds: float = BUSY_SECONDS) -> SqlLedger:
    """The ledger at that URL, its tables' revision checked.

    With `create`, a database without any table (a new SQLite file, an empty PostgreSQL database) gets the
    ledger's tables; tables that are older or newer are never touched. Raises LedgerUnavailable,
    LedgerOutdated, or FlowError for a URL that cannot be used.
    """
    engine = make_engine(url, busy_seconds=busy_seconds)
    try:
        file = sqlite_file(engine)
        if file is not None and not file.exists():
            if not create:
                raise LedgerMissing(
                    f"there is no ledger {name_of(engine)}: is this the right folder, or the right --config? "
                    "`seatline contract add` makes a new one"
                )
            create_file(file)
        found = _revision(engine)
        if found is None and create:
            from provisioning.store.upgrade import upgrade_empty

            upgrade_empty(engine)
            found = _revision(engine)
        wrong = outdated(engine, found)
        if wrong is not None:
            raise wrong
    except BaseException:
        engine.dispose()
        raise
    return SqlLedger(engine)


def _revision(engine: Engine) -> str | None:
    with reading(engine) as connection:
        return revision_of(connection)


class SqlLedger(
    ContractBook,
    DeviceBook,
    CallBook,
    CollectedBook,
    HeldBook,
    RecordingBook,
    DisputeBook,
    NightBook,
    WitnessBook,
):
    """The ledger in a relational database; `open_ledger` makes one. See the protocol for each method."""

    def record_applied(
        self, *, site: str, switch: str, digest: str, plan: Mapping[str, Any], at: datetime, who: str
    ) -> None:
        from provisioning.store import trail

        with writing(self._engine) as connection:
            trail.applied(connection, site=site, switch=switch, digest=digest, plan=plan, at=at, who=who)

    def audit(self, *, event: str, subject: str, detail: Mapping[str, Any], at: datetime, who: str) -> None:
        from provisioning.store import trail

        with writing(self._engine) as connection:
            trail.note(connection, event=event, subject=subject, detail=detail, at=at, who=who)

    def last_audited(self, event: str) -> datetime | None:
        from provisioning.store import trail

        with reading(self._engine) as connection:
            return trail.last(connection, event)

    def audited_since(self, event: str, since: datetime) -> int:
        from provisioning.store import trail

        with reading(self._engine) as connection:
            return trail.count_since(connection, event, since)


if TYPE_CHECKING:
    _satisfies: type[Ledger] = SqlLedger
