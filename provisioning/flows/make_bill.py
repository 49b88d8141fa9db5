"""Makes the bill of a contract and cycle from the ledger, and closes it for good if asked (出账)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioning.charging.bill import LateCalls, make_bill
from provisioning.core.call import Outcome, RatedCall
from provisioning.core.contract import ContractVersion
from provisioning.core.cycle import SHANGHAI, Cycle
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Ledger, StoredBill

Numbered = tuple[tuple[int, RatedCall], ...]
"""Rated calls with the ledger's id of their record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillOfCycle:
    """A bill as the ledger has it or would have it, and how many answered calls wait beside it.

    `document` is what `bill --json` prints. `waiting` counts the cycle's calls without a price or in review:
    they are on no bill until they are rated, then they adjust a later one.
    """

    document: Mapping[str, Any]
    closed: bool
    waiting: int


def bill_of_cycle(
    ledger: Ledger, contract: str, cycle: Cycle, *, close: bool, now: datetime, who: str
) -> BillOfCycle:
    """The bill of a contract for a cycle; a closed one exactly as it was stored.

    With `close` the bill and the calls on it are fixed; late calls of the cycle come as adjustments on the
    next bill. Raises FlowError for a contract nobody recorded, and for closing a cycle that is not over.
    """
    versions = ledger.versions(contract)
    if not versions:
        raise FlowError(f"there is no contract {contract} in the ledger; `seatline contract list` shows all")
    calls = ledger.rated_calls(contract, cycle)
    waiting = sum(call.outcome in (Outcome.UNRATED, Outcome.REVIEW) for _, call in calls)
    stored = ledger.bill(contract, cycle)
    if stored is not None:
        return BillOfCycle(document=stored.document, closed=True, waiting=waiting)
    if close and now.astimezone(SHANGHAI).date() <= cycle.last:
        raise FlowError(
            f"cycle {cycle} is not over, so its bill cannot be closed; close it from {cycle.next().first} on"
        )
    document, on_it = _made(ledger, versions, cycle, calls, closed=close)
    if close:
        kept = StoredBill(contract=contract, cycle=cycle, document=document, closed_at=now)
        ledger.close_bill(kept, calls=on_it, who=who)
    return BillOfCycle(document=document, closed=close, waiting=waiting)


def _made(
    ledger: Ledger, versions: tuple[ContractVersion, ...], cycle: Cycle, calls: Numbered, *, closed: bool
) -> tuple[dict[str, Any], list[int]]:
    """The bill's document, and the records that stand on it: all with a verdict, free ones too."""
    contract = versions[0].contract.id
    late = ledger.late_calls(contract, cycle)
    late_records = frozenset(record for record, _ in late)
    late_cycles = sorted({call.cycle for _, call in late if call.cycle is not None})
    bill = make_bill(
        versions,
        cycle,
        tuple(call for _, call in calls),
        late=tuple(_late(ledger.rated_calls(contract, of), of, late_records) for of in late_cycles),
        closed=closed,
    )
    final = (Outcome.RATED, Outcome.FREE)
    on_it = [record for record, call in calls if call.outcome in final]
    return bill.document(), on_it + sorted(late_records)


def _late(calls: Numbered, cycle: Cycle, late: frozenset[int]) -> LateCalls:
    return LateCalls(
        cycle=cycle,
        billed=tuple(call for record, call in calls if record not in late),
        with_late=tuple(call for _, call in calls),
    )
