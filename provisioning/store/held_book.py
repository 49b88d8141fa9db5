"""The ledger's lines in quarantine (隔离话单)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from provisioning.store.engine import reading, writing
from provisioning.store.opened import Opened

if TYPE_CHECKING:
    from pbx.cdr import Cdr
    from provisioning.flows.decide_held import Decision, Held, Standing, State, Wanted
    from provisioning.flows.ports import Batch, RecordKey


class HeldBook(Opened):
    """What the ledger keeps without billing it."""

    def held_lines(self, wanted: Wanted) -> tuple[Held, ...]:
        from provisioning.store import held

        with reading(self._engine) as connection:
            return held.lines(connection, wanted)

    def held_total(self, wanted: Wanted) -> int:
        from provisioning.store import held

        with reading(self._engine) as connection:
            return held.total(connection, wanted)

    def decisions_of(self, line: int) -> tuple[Decision, ...]:
        from provisioning.store import held

        with reading(self._engine) as connection:
            return held.decisions(connection, line)

    def standing(self, switch: str, key: RecordKey) -> tuple[Standing, ...]:
        from provisioning.store import held

        with reading(self._engine) as connection:
            return held.standing(connection, switch, key)

    def admit_held(self, line: Held, batch: Batch, decision: Decision) -> State:
        from provisioning.store import held

        with writing(self._engine) as connection:
            return held.admit(connection, line, batch, decision)

    def release_held(self, line: Held, record: Cdr, decision: Decision) -> None:
        from provisioning.store import held

        with writing(self._engine) as connection:
            held.release(connection, line, record, decision)

    def void_held(self, lines: Sequence[Held], decision: Decision) -> None:
        from provisioning.store import held

        with writing(self._engine) as connection:
            held.void(connection, lines, decision)
