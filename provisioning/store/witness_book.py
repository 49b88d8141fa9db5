"""The ledger's witnesses: channel events, what AMI has shown, and what people decided of odd calls."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from provisioning.store.engine import reading, writing
from provisioning.store.opened import Opened

if TYPE_CHECKING:
    from pbx.cdr_event import SeenCall
    from pbx.life import Life
    from provisioning.charging.doubt import Testimony
    from provisioning.flows.collect_events import EventState
    from provisioning.flows.reconcile_sources import Finding, What
    from provisioning.flows.settle_call import Settled


class WitnessBook(Opened):
    """What the ledger knows of calls beside their records."""

    def event_state(self, switch: str, path: str) -> EventState | None:
        from provisioning.store import witnesses

        with reading(self._engine) as connection:
            return witnesses.event_state(connection, switch, path)

    def open_lives(self, switch: str) -> Mapping[str, Life]:
        from provisioning.store import witnesses

        with reading(self._engine) as connection:
            return witnesses.open_lives(connection, switch)

    def lives(self, switch: str, uniqueids: Collection[str]) -> Mapping[str, Life]:
        from provisioning.store import witnesses

        with reading(self._engine) as connection:
            return witnesses.lives(connection, switch, uniqueids)

    def witness(self, switch: str, lives: Sequence[Life], state: EventState, *, at: datetime) -> int:
        from provisioning.store import witnesses

        with writing(self._engine) as connection:
            return witnesses.witness(connection, switch, lives, state, at=at)

    def testimonies(self, records: Sequence[int]) -> Mapping[int, Testimony]:
        from provisioning.store import witnesses

        with reading(self._engine) as connection:
            if not records or not witnesses.is_any(connection):
                return {}
            return witnesses.testimonies(connection, records)

    def odd_calls(
        self, switch: str, what: What, *, since: datetime, until: datetime, most: int
    ) -> tuple[Sequence[Finding], int]:
        from provisioning.store import odd_calls

        with reading(self._engine) as connection:
            return odd_calls.odd(connection, switch, what, since=since, until=until, most=most)

    def seen_by_sources(self, switch: str, *, since: datetime) -> Mapping[str, int]:
        from provisioning.store import source_kinds

        with reading(self._engine) as connection:
            return source_kinds.seen_by_sources(connection, switch, since=since)

    def witnessed_switches(self) -> frozenset[str]:
        from provisioning.store import odd_calls

        with reading(self._engine) as connection:
            return odd_calls.switches(connection)

    def note_seen(self, switch: str, calls: Sequence[SeenCall], *, at: datetime) -> None:
        from provisioning.store import seen_calls

        with writing(self._engine) as connection:
            seen_calls.note(connection, switch, calls, at=at)

    def recorded(self, switch: str, keys: Iterable[tuple[str, int]]) -> frozenset[tuple[str, int]]:
        from provisioning.store import odd_calls

        with reading(self._engine) as connection:
            return odd_calls.recorded(connection, switch, keys)

    def settle_call(self, settled: Settled, *, at: datetime, who: str) -> None:
        from provisioning.store import seen_calls

        with writing(self._engine) as connection:
            seen_calls.settle(connection, settled, at=at, who=who)
