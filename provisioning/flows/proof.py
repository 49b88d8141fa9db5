"""What the ledger says of how records came in, and what could be shown of it (采集核对结果)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from provisioning.flows.ports import RecordKey, SourceState

SHOWN = 20
"""Problems told one by one, of each source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRead:
    """The manifest of one batch, as the ledger has it (批次清单). `records` and `total` are of its lines that
    stand in the ledger today: how many, and the sum of their digests."""

    id: int
    begin: int
    end: int
    sha256: bytes
    records: int
    total: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What the ledger has under a key: its switch, the batch it came with, its line."""

    switch: str
    batch: int
    raw: bytes


class CollectedBook(Protocol):
    """The ledger, as far as the proof needs it."""

    def sources_read(self) -> tuple[SourceState, ...]: ...

    def batches_read(self, switch: str, path: str) -> tuple[BatchRead, ...]:
        """The batches with bytes of one source, in the order they were read."""
        ...

    def had_records(self, switch: str, path: str) -> bool:
        """Whether a line of this source was ever a call record."""
        ...

    def kept(self, keys: Collection[RecordKey]) -> Mapping[RecordKey, tuple[Kept, ...]]: ...

    def held_among(self, switch: str, digests: Collection[bytes]) -> frozenset[bytes]: ...

    def removed_among(self, switch: str, keys: Collection[RecordKey]) -> frozenset[RecordKey]: ...


@dataclass(slots=True, kw_only=True)
class Proof:
    """What could be shown of one source (核对结果)."""

    switch: str
    path: str
    proven: int = 0
    """Bytes that are as they were read, and of which all is in the ledger."""
    records: int = 0
    """Call records found in the files and in the ledger."""
    held: int = 0
    """Lines found in the files and in quarantine."""
    removed: int = 0
    """Call records in the files whose time was over: the ledger has their keys only."""
    gone: int = 0
    """Bytes that were read from files that are not there any more."""
    unlisted: int = 0
    """Bytes that were read before there were manifests; their records are looked for all the same."""
    unread: int = 0
    """Bytes that wait for the next run."""
    wrong: int = 0
    problems: list[str] = field(default_factory=list)
    error: str | None = None

    def finds(self, problem: str) -> None:
        self.wrong += 1
        if len(self.problems) < SHOWN:
            self.problems.append(problem)

    def document(self) -> dict[str, Any]:
        return {
            "switch": self.switch,
            "path": self.path,
            "proven_bytes": self.proven,
            "records": self.records,
            "quarantined": self.held,
            "removed": self.removed,
            "gone_bytes": self.gone,
            "unlisted_bytes": self.unlisted,
            "unread_bytes": self.unread,
            "wrong": self.wrong,
            "problems": self.problems,
            "error": self.error,
        }
