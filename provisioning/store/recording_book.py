"""The ledger's recorded calls (录音)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from provisioning.store.engine import reading, writing
from provisioning.store.opened import Opened

if TYPE_CHECKING:
    from provisioning.core.recording import Recording
    from provisioning.flows.find_recordings import Access, RecordedCall, Wanted


class RecordingBook(Opened):
    """What the ledger knows of recordings."""

    def recordings_of(self, switch: str) -> Mapping[str, Recording]:
        from provisioning.store import recordings

        with reading(self._engine) as connection:
            return recordings.of_switch(connection, switch)

    def take_recordings(self, found: Sequence[Recording], *, at: datetime, who: str) -> None:
        from provisioning.store import recordings

        with writing(self._engine) as connection:
            recordings.take(connection, found, at=at, who=who)

    def mark_due(self, switch: str, today: date, *, at: datetime, who: str) -> tuple[Recording, ...]:
        from provisioning.store import disputes, recordings

        with writing(self._engine) as connection:
            disputes.hold_due(connection, recordings.due(switch, today), at=at, who=who)
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
