"""The ledger's nightly runs, and what a report asks of it (夜间作业)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from provisioning.store.engine import reading, writing
from provisioning.store.opened import Opened

if TYPE_CHECKING:
    from provisioning.core.cycle import Cycle
    from provisioning.flows.keep_nights import Begun, CoveredNight, NightRun
    from provisioning.flows.lock_switch import Owner
    from provisioning.flows.night_figures import Charge, HeldGroup, Waiting


class NightBook(Opened):
    """What the ledger knows of nightly runs."""

    def begin_night(self, owner: Owner, *, at: datetime, is_over: Callable[[NightRun], bool]) -> Begun:
        from provisioning.store import nights

        with writing(self._engine) as connection:
            return nights.begin(connection, owner, at=at, is_over=is_over)

    def renew_night(self, run: int, *, at: datetime) -> bool:
        from provisioning.store import nights

        with writing(self._engine) as connection:
            return nights.renew(connection, run, at=at)

    def end_night(
        self, run: int, *, at: datetime, code: int | None, document: Mapping[str, Any] | None
    ) -> None:
        from provisioning.store import nights

        with writing(self._engine) as connection:
            nights.end(connection, run, at=at, code=code, document=document)

    def last_night(self) -> NightRun | None:
        from provisioning.store import nights

        with reading(self._engine) as connection:
            return nights.last(connection)

    def last_good_night(self) -> datetime | None:
        from provisioning.store import nights

        with reading(self._engine) as connection:
            return nights.last_good(connection)

    def night_under_way(self) -> NightRun | None:
        from provisioning.store import nights

        with reading(self._engine) as connection:
            return nights.under_way(connection)

    def cover_night(self, run: int, day: date, document: Mapping[str, Any], *, at: datetime) -> None:
        from provisioning.store import nights

        with writing(self._engine) as connection:
            nights.cover(connection, run, day, document, at=at)

    def covered_nights(self, since: date | None = None) -> tuple[CoveredNight, ...]:
        from provisioning.store import nights

        with reading(self._engine) as connection:
            return nights.covered(connection, since)

    def collected_since(self, since: datetime | None) -> Mapping[str, int]:
        from provisioning.store import night_figures

        with reading(self._engine) as connection:
            return night_figures.collected_since(connection, since)

    def collected_by_day(self, since: datetime) -> Mapping[str, Mapping[date, int]]:
        from provisioning.store import night_figures

        with reading(self._engine) as connection:
            return night_figures.collected_by_day(connection, since)

    def held_groups(self) -> tuple[HeldGroup, ...]:
        from provisioning.store import night_figures

        with reading(self._engine) as connection:
            return night_figures.held_groups(connection)

    def waiting(self) -> tuple[Waiting, ...]:
        from provisioning.store import night_figures

        with reading(self._engine) as connection:
            return night_figures.waiting(connection)

    def charges(self, cycles: Sequence[Cycle]) -> tuple[Charge, ...]:
        from provisioning.store import night_figures

        with reading(self._engine) as connection:
            return night_figures.charges(connection, cycles)
