"""The ledger's calls: collected, rated, billed (话单)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from provisioning.store.engine import reading, streaming, writing
from provisioning.store.opened import Opened

if TYPE_CHECKING:
    from decimal import Decimal

    from pbx.cdr import Cdr
    from provisioning.compliance.made import MadeCall
    from provisioning.core.call import RatedCall
    from provisioning.core.cycle import Cycle
    from provisioning.flows.ports import (
        Batch,
        HeldLine,
        PlainBatch,
        RecordKey,
        SourceState,
        StoredBill,
        StoredRecord,
    )


class CallBook(Opened):
    """What the ledger knows of calls, and of what they cost."""

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

    def store_plain(self, batch: PlainBatch, *, at: datetime) -> Mapping[str, int] | None:
        from provisioning.store import plain_records

        with writing(self._engine) as connection:
            return plain_records.store(connection, batch, at=at)

    def held_count(self) -> int:
        from provisioning.store import held

        with reading(self._engine) as connection:
            return held.open_count(connection)

    def seen_counts(self, switch: str) -> Mapping[frozenset[str], int]:
        from provisioning.store import records

        with reading(self._engine) as connection:
            return records.seen_counts(connection, switch)

    def to_rate(self, *, again: bool) -> Iterator[tuple[int, Cdr]]:
        """The records to rate as they stand now; what is saved meanwhile does not show among them."""
        from provisioning.store import rated

        with streaming(self._engine) as connection:
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
        from provisioning.store import batches

        with reading(self._engine) as connection:
            return batches.earliest(connection, since)

    def unpriced(self, *, limit: int = 20) -> tuple[tuple[Cdr, RatedCall], ...]:
        from provisioning.store import rated

        with reading(self._engine) as connection:
            return rated.unpriced(connection, limit=limit)

    def bill(self, contract: str, cycle: Cycle) -> StoredBill | None:
        from provisioning.store import bills

        with reading(self._engine) as connection:
            return bills.find(connection, contract, cycle)

    def close_bill(
        self,
        bill: StoredBill,
        *,
        calls: Sequence[int],
        amount: Decimal,
        who: str,
        credits: Mapping[int, Decimal] = {},
    ) -> None:
        from provisioning.store import bills

        with writing(self._engine) as connection:
            bills.close(connection, bill, calls=calls, amount=amount, who=who, credits=credits)
