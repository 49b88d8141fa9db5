"""The ledger as the flows see it: one class, each method one transaction (台账).

Each method loads its own theme: a lookup has 0.3 s in all, and needs one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any

from provisioning.flows.errors import LedgerMissing
from provisioning.store.engine import (
    BUSY_SECONDS,
    create_file,
    make_engine,
    reading,
    sqlite_file,
    writing,
)
from provisioning.store.faults import name_of
from provisioning.store.revision import outdated, revision_of

if TYPE_CHECKING:
    from decimal import Decimal

    from sqlalchemy import Engine

    from pbx.cdr import Cdr
    from provisioning.compliance.made import MadeCall
    from provisioning.core.call import RatedCall
    from provisioning.core.contract import Contract, ContractVersion
    from provisioning.core.cycle import Cycle
    from provisioning.core.recording import Recording
    from provisioning.core.status import ClosedNumber, Complaint, Stop
    from provisioning.flows.find_recordings import Access, RecordedCall, Wanted
    from provisioning.flows.ports import (
        Batch,
        DeviceSecret,
        HandedOut,
        HeldLine,
        Holding,
        Ledger,
        Offer,
        RecordKey,
        Resumed,
        SourceState,
        StoredBill,
        StoredRecord,
    )


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


class SqlLedger:
    """The ledger in a relational database; `open_ledger` makes one. See the protocol for each method.

    A context manager: closes its connections at the end. Its repr names the database, never a password.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __repr__(self) -> str:
        return f"<SqlLedger {name_of(self._engine)}>"

    def __enter__(self) -> SqlLedger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections to the database."""
        self._engine.dispose()

    def versions(self, contract: str | None = None) -> tuple[ContractVersion, ...]:
        from provisioning.store import contracts

        with reading(self._engine) as connection:
            return contracts.versions(connection, contract)

    def record_versions(
        self,
        additions: Sequence[tuple[Contract, date]],
        *,
        new_secret: Callable[[], str],
        at: datetime,
        who: str,
        ims_passwords: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
        expected: Mapping[str, Sequence[ContractVersion]] = MappingProxyType({}),
        from_file: bool = True,
        remade: Collection[str] = (),
        renumbered: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[ContractVersion, ...]:
        """Records each contract that differs from its latest version; returns only what was recorded.

        FlowError, listing every obstacle: a day not after the latest version's, numbers or a site that
        another contract has in the same days. ChangedMeanwhile where `expected` is not so any more.
        """
        from provisioning.core.status import midnight
        from provisioning.store import contracts, status

        with writing(self._engine) as connection:
            made = contracts.record(
                connection,
                additions,
                new_secret=new_secret,
                at=at,
                who=who,
                ims_passwords=ims_passwords,
                expected=expected,
                from_file=from_file,
                remade=remade,
            )
            if renumbered:
                contract, day = additions[0]
                status.renumber(connection, contract.id, renumbered, midnight(day), at=at, who=who)
            return made

    def filed(self, contract: str) -> Contract | None:
        from provisioning.store import contract_files

        with reading(self._engine) as connection:
            return contract_files.of_contract(connection, contract)

    def ims_passwords(self, contract: str) -> Mapping[str, str]:
        from provisioning.store import ims_passwords

        with reading(self._engine) as connection:
            return ims_passwords.of_contract(connection, contract)

    def device_secrets(
        self, site: str, iads: Sequence[str], *, new_secret: Callable[[], str], at: datetime
    ) -> Mapping[str, DeviceSecret]:
        from provisioning.store import device_secrets

        with reading(self._engine) as connection:
            known = device_secrets.of_site(connection, site, iads)
        if known.keys() >= set(iads):
            return known
        with writing(self._engine) as connection:
            return device_secrets.issue(connection, site, iads, new_secret=new_secret, at=at)

    def handed_out(self, site: str) -> Mapping[str, HandedOut]:
        from provisioning.store import iad_files

        with reading(self._engine) as connection:
            return iad_files.of_site(connection, site)

    def record_handed_out(self, files: Sequence[HandedOut], *, who: str) -> None:
        from provisioning.store import iad_files

        with writing(self._engine) as connection:
            iad_files.record(connection, files, who=who)

    def forget_iads(self, site: str, iads: Sequence[str], *, at: datetime, who: str) -> None:
        from provisioning.store import device_secrets

        with writing(self._engine) as connection:
            device_secrets.forget(connection, site, iads, at=at, who=who)

    def offer(self, offers: Sequence[Offer], *, at: datetime, who: str) -> None:
        from provisioning.store import iad_files

        with writing(self._engine) as connection:
            iad_files.offer(connection, offers, at=at, who=who)

    def device_at(self, token: str) -> tuple[str, str] | None:
        from provisioning.store import device_secrets

        with reading(self._engine) as connection:
            return device_secrets.owner_of(connection, token)

    def offered(self, token: str) -> Offer | None:
        from provisioning.store import iad_files

        with reading(self._engine) as connection:
            return iad_files.offered(connection, token)

    def open_offers(self, site: str, *, at: datetime) -> Mapping[str, datetime]:
        from provisioning.store import iad_files

        with reading(self._engine) as connection:
            return iad_files.still_open(connection, site, at=at)

    def renew_iads(
        self,
        site: str,
        iads: Sequence[str],
        long_numbers: Sequence[str],
        *,
        new_secret: Callable[[], str],
        at: datetime,
        who: str,
    ) -> None:
        from provisioning.store import device_secrets

        with writing(self._engine) as connection:
            device_secrets.renew(connection, site, iads, long_numbers, new_secret=new_secret, at=at, who=who)

    def rename_iads(self, site: str, names: Mapping[str, str], *, at: datetime, who: str) -> None:
        from provisioning.store import device_secrets

        with writing(self._engine) as connection:
            device_secrets.rename(connection, site, names, at=at, who=who)

    def take(
        self, token: str, *, at: datetime, detail: Mapping[str, Any], seen: Offer | None = None
    ) -> Offer | None:
        from provisioning.store import iad_files

        with writing(self._engine) as connection:
            return iad_files.take(connection, token, at=at, detail=detail, seen=seen)

    def secrets(self, site: str) -> Mapping[str, str]:
        from provisioning.store import sip_secrets

        with reading(self._engine) as connection:
            return sip_secrets.of_site(connection, site)

    def look_up(self, text: str, on: date, *, limit: int = 50) -> tuple[Holding, ...]:
        from provisioning.store import lookup

        with reading(self._engine) as connection:
            return lookup.look_up(connection, text, on, limit=limit)

    def source(self, switch: str, path: str) -> SourceState | None:
        from provisioning.store import sources

        with reading(self._engine) as connection:
            return sources.by_path(connection, switch, path)

    def sources_of_others(self, switch: str) -> tuple[SourceState, ...]:
        from provisioning.store import sources

        with reading(self._engine) as connection:
            return sources.of_others(connection, switch)

    def collected_switches(self) -> frozenset[str]:
        from provisioning.store import sources

        with reading(self._engine) as connection:
            return sources.switches(connection)

    def stored(self, switch: str, keys: Sequence[RecordKey]) -> Mapping[RecordKey, StoredRecord]:
        from provisioning.store import records

        with reading(self._engine) as connection:
            return records.stored(connection, switch, keys)

    def store(self, batch: Batch, *, at: datetime) -> tuple[HeldLine, ...]:
        from provisioning.store import records

        with writing(self._engine) as connection:
            return records.store(connection, batch, at=at)

    def held_count(self) -> int:
        from provisioning.store import records

        with reading(self._engine) as connection:
            return records.held_count(connection)

    def seen_counts(self, switch: str) -> Mapping[frozenset[str], int]:
        from provisioning.store import records

        with reading(self._engine) as connection:
            return records.seen_counts(connection, switch)

    def to_rate(self, *, again: bool) -> Iterator[tuple[int, Cdr]]:
        """The records to rate as they stand now; what is saved meanwhile does not show among them."""
        from provisioning.store import rated

        with reading(self._engine) as connection:
            yield from rated.to_rate(connection, again=again)

    def save_rated(self, rated_calls: Iterable[tuple[int, Cdr, RatedCall]]) -> None:
        from provisioning.store import rated

        with writing(self._engine) as connection:
            rated.save(connection, rated_calls)

    def unsettled_calls(self, contract: str, until: Cycle) -> int:
        from provisioning.store import rated

        with reading(self._engine) as connection:
            return rated.unsettled(connection, contract, until)

    def rated_calls(self, contract: str, cycle: Cycle) -> tuple[tuple[int, RatedCall], ...]:
        from provisioning.store import rated

        with reading(self._engine) as connection:
            return rated.of_cycle(connection, contract, cycle)

    def late_calls(self, contract: str, before: Cycle) -> tuple[tuple[int, RatedCall], ...]:
        from provisioning.store import rated

        with reading(self._engine) as connection:
            return rated.late(connection, contract, before)

    def outcome_counts(self) -> Mapping[str, int]:
        from provisioning.store import rated

        with reading(self._engine) as connection:
            return rated.counts(connection)

    def made_calls(self, first: int, until: int) -> tuple[MadeCall, ...]:
        from provisioning.store import made_calls

        with reading(self._engine) as connection:
            return made_calls.between(connection, first, until)

    def earliest_collected(self, since: datetime) -> int | None:
        from provisioning.store import made_calls

        with reading(self._engine) as connection:
            return made_calls.earliest(connection, since)

    def unpriced(self, *, limit: int = 20) -> tuple[tuple[Cdr, RatedCall], ...]:
        from provisioning.store import rated

        with reading(self._engine) as connection:
            return rated.unpriced(connection, limit=limit)

    def bill(self, contract: str, cycle: Cycle) -> StoredBill | None:
        from provisioning.store import bills

        with reading(self._engine) as connection:
            return bills.find(connection, contract, cycle)

    def close_bill(self, bill: StoredBill, *, calls: Sequence[int], amount: Decimal, who: str) -> None:
        from provisioning.store import bills

        with writing(self._engine) as connection:
            bills.close(connection, bill, calls=calls, amount=amount, who=who)

    def record_applied(
        self, *, site: str, switch: str, digest: str, plan: Mapping[str, Any], at: datetime, who: str
    ) -> None:
        from provisioning.store import trail

        with writing(self._engine) as connection:
            trail.applied(connection, site=site, switch=switch, digest=digest, plan=plan, at=at, who=who)

    def stops(self, contract: str | None = None) -> tuple[Stop, ...]:
        from provisioning.store import status

        with reading(self._engine) as connection:
            return status.stops(connection, contract)

    def stop(self, made: Stop, *, at: datetime, who: str) -> None:
        from provisioning.store import status

        with writing(self._engine) as connection:
            status.record(connection, made, at=at, who=who)

    def resume(self, contract: str, seat: str | None, moment: datetime, *, at: datetime, who: str) -> Resumed:
        from provisioning.store import status

        with writing(self._engine) as connection:
            return status.resume(connection, contract, seat, moment, at=at, who=who)

    def close_numbers(
        self,
        numbers: Sequence[ClosedNumber],
        made: Stop,
        additions: Sequence[tuple[Contract, date]],
        *,
        new_secret: Callable[[], str],
        at: datetime,
        who: str,
        expected: Mapping[str, Sequence[ContractVersion]],
        remade: Collection[str],
    ) -> tuple[ContractVersion, ...]:
        from provisioning.store import contracts, status

        with writing(self._engine) as connection:
            recorded = contracts.record(
                connection,
                additions,
                new_secret=new_secret,
                at=at,
                who=who,
                ims_passwords={},
                expected=expected,
                from_file=False,
                remade=remade,
            )
            status.close(connection, numbers, made, at=at, who=who)
            return recorded

    def closed_numbers(self, contract: str | None = None) -> tuple[ClosedNumber, ...]:
        from provisioning.store import status

        with reading(self._engine) as connection:
            return status.closed_numbers(connection, contract)

    def register_complaint(self, made: Complaint, stopped: Stop | None, *, at: datetime, who: str) -> None:
        from provisioning.store import status

        with writing(self._engine) as connection:
            status.register(connection, made, stopped, at=at, who=who)

    def complaints(
        self, contract: str | None = None, *, since: datetime | None = None
    ) -> tuple[Complaint, ...]:
        from provisioning.store import status

        with reading(self._engine) as connection:
            return status.complaints(connection, contract, since)

    def recordings_of(self, switch: str) -> Mapping[str, Recording]:
        from provisioning.store import recordings

        with reading(self._engine) as connection:
            return recordings.of_switch(connection, switch)

    def take_recordings(self, found: Sequence[Recording], *, at: datetime, who: str) -> None:
        from provisioning.store import recordings

        with writing(self._engine) as connection:
            recordings.take(connection, found, at=at, who=who)

    def mark_due(self, switch: str, today: date, *, at: datetime, who: str) -> tuple[Recording, ...]:
        from provisioning.store import recordings

        with writing(self._engine) as connection:
            return recordings.mark_due(connection, switch, today, at=at, who=who)

    def spoken(self, switch: str, since: datetime) -> tuple[tuple[str, int, int], ...]:
        from provisioning.store import recordings

        with reading(self._engine) as connection:
            return recordings.spoken(connection, switch, since)

    def count_due(self, switch: str, today: date) -> int:
        from provisioning.store import recordings

        with reading(self._engine) as connection:
            return recordings.count_due(connection, switch, today)

    def find_recordings(self, wanted: Wanted) -> tuple[RecordedCall, ...]:
        from provisioning.store import recordings

        with reading(self._engine) as connection:
            return recordings.find(connection, wanted)

    def recording_accesses(self, recording: int) -> tuple[Access, ...]:
        from provisioning.store import recordings

        with reading(self._engine) as connection:
            return recordings.accesses(connection, recording)

    def note_recordings(
        self, recordings: Sequence[int], event: str, why: str, *, at: datetime, who: str
    ) -> None:
        from provisioning.store.recordings import note

        with writing(self._engine) as connection:
            note(connection, recordings, event, why, at=at, who=who)

    def hold_recordings(
        self, recordings: Sequence[int], why: str | None, *, at: datetime, who: str
    ) -> tuple[int, ...]:
        from provisioning.store.recordings import hold

        with writing(self._engine) as connection:
            return hold(connection, recordings, why, at=at, who=who)

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
