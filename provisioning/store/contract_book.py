"""The ledger's contracts: versions, secrets, who holds a number, stops and complaints (合同)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from provisioning.store.engine import reading, writing
from provisioning.store.opened import Opened

if TYPE_CHECKING:
    from provisioning.core.contract import Contract, ContractVersion
    from provisioning.core.status import ClosedNumber, Complaint, Stop
    from provisioning.flows.ports import Holding, Resumed


class ContractBook(Opened):
    """What the ledger knows of contracts and of what people decide about them."""

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

    def secrets(self, site: str) -> Mapping[str, str]:
        from provisioning.store import sip_secrets

        with reading(self._engine) as connection:
            return sip_secrets.of_site(connection, site)

    def look_up(self, text: str, on: date, *, limit: int = 50) -> tuple[Holding, ...]:
        from provisioning.store import lookup

        with reading(self._engine) as connection:
            return lookup.look_up(connection, text, on, limit=limit)

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
