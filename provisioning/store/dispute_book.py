"""The ledger's disputes, and records whose time is over (争议, 到期清理)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from provisioning.store.engine import reading, writing
from provisioning.store.opened import Opened

if TYPE_CHECKING:
    from decimal import Decimal

    from provisioning.compliance.retention import Group, Known
    from provisioning.core.cycle import Cycle
    from provisioning.core.dispute import CallFound, Closing, Dispute
    from provisioning.flows.settle_dispute import Opening


class DisputeBook(Opened):
    """What the ledger knows of disputes, and how old records leave it."""

    def disputes(self, contract: str | None = None) -> tuple[Dispute, ...]:
        from provisioning.store import disputes

        with reading(self._engine) as connection:
            return disputes.find(connection, contract)

    def calls_found(self, contract: str, cycle: Cycle) -> tuple[CallFound, ...]:
        from provisioning.store import disputes

        with reading(self._engine) as connection:
            return disputes.calls_of(connection, contract, cycle)

    def cycles_with_calls(
        self, contract: str, *, uniqueid: str | None = None, record: int | None = None
    ) -> Sequence[Cycle]:
        from provisioning.store import disputes

        with reading(self._engine) as connection:
            return disputes.cycles_of(connection, contract, uniqueid, record)

    def removed_count(self, contract: str, cycle: Cycle) -> int:
        from provisioning.store import disputes

        with reading(self._engine) as connection:
            return disputes.was_removed(connection, contract, cycle)

    def open_disputes(
        self, openings: Sequence[Opening], why: str, *, at: datetime, who: str
    ) -> tuple[Dispute, ...]:
        from provisioning.store import disputes

        with writing(self._engine) as connection:
            return disputes.open_(connection, openings, why, at=at, who=who)

    def close_dispute(
        self,
        closed: Dispute,
        how: Closing,
        *,
        held: Mapping[int, Sequence[int]],
        calls: int,
        amount: Decimal,
    ) -> Dispute:
        from provisioning.store import disputes

        with writing(self._engine) as connection:
            return disputes.close(connection, closed, how, held=held, calls=calls, amount=amount)

    def groups_until(self, month: Cycle) -> tuple[Group, ...]:
        from provisioning.store import removal

        with reading(self._engine) as connection:
            return removal.groups(connection, month)

    def count_unrated_until(self, month: Cycle) -> int:
        from provisioning.store import removal

        with reading(self._engine) as connection:
            return removal.unrated(connection, month)

    def billed_and_disputed(self) -> Known:
        from provisioning.store import removal

        with reading(self._engine) as connection:
            return removal.known(connection)

    def remove_records(self, group: Group, *, limit: int, at: datetime, who: str) -> int:
        from provisioning.store import removal

        with writing(self._engine) as connection:
            return removal.remove(connection, group, limit=limit, at=at, who=who)

    def remove_others(self, month: Cycle, *, at: datetime, who: str, dry: bool) -> tuple[int, int]:
        from provisioning.store import disputes, removal

        with writing(self._engine) as connection:
            if not dry:
                disputes.mask_removed(connection)
            return removal.remove_others(connection, month, at=at, who=who, dry=dry)
