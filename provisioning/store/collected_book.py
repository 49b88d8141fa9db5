"""The ledger's manifests of what was collected (采集清单)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from provisioning.store.engine import reading
from provisioning.store.opened import Opened

if TYPE_CHECKING:
    from provisioning.flows.ports import RecordKey, SourceState
    from provisioning.flows.proof import BatchRead, Kept


class CollectedBook(Opened):
    """What the ledger knows of how its call records came in."""

    def sources_read(self) -> tuple[SourceState, ...]:
        from provisioning.store import sources

        with reading(self._engine) as connection:
            return sources.of_others(connection, "")

    def batches_read(self, switch: str, path: str) -> tuple[BatchRead, ...]:
        from provisioning.store import collected

        with reading(self._engine) as connection:
            return collected.batches(connection, switch, path)

    def had_records(self, switch: str, path: str) -> bool:
        """Whether a line of this source was ever a call record."""
        from provisioning.store import collected

        with reading(self._engine) as connection:
            return collected.had_records(connection, switch, path)

    def kept(self, keys: Collection[RecordKey]) -> Mapping[RecordKey, tuple[Kept, ...]]:
        from provisioning.store import collected

        with reading(self._engine) as connection:
            return collected.kept(connection, keys)

    def held_among(self, switch: str, digests: Collection[bytes]) -> frozenset[bytes]:
        from provisioning.store import collected

        with reading(self._engine) as connection:
            return collected.held_among(connection, switch, digests)

    def removed_among(self, switch: str, keys: Collection[RecordKey]) -> frozenset[RecordKey]:
        from provisioning.store import removal

        with reading(self._engine) as connection:
            return removal.removed_of(connection, switch, keys)
