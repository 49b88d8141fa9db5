"""Makes the bill of a contract and cycle from the ledger, and closes it for good if asked (出账)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
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
    they are on no bill until they are rated, then they adjust a later one. `stale` counts the records that
    an open bill does not show as they are now, because they were collected after the last rating; `late`
    those calls of a closed cycle that the next bill adjusts.
    """

    document: Mapping[str, Any]
    closed: bool
    waiting: int
    stale: int = 0
    late: int = 0


def bill_of_cycle(
    ledger: Ledger, contract: str, cycle: Cycle, *, close: bool, now: datetime, who: str
) -> BillOfCycle:
    """The bill of a contract for a cycle; a closed one exactly as it was stored.

    With `close` the bill and the calls on it are fixed; late calls of the cycle come as adjustments on the
    next bill. Raises FlowError for a contract nobody recorded, and for closing a cycle that is not over, or
    before the contract's term, or of which call records wait to be rated.
    """
    versions = ledger.versions(contract)
    if not versions:
        raise FlowError(f"there is no contract {contract} in the ledger; `seatline contract list` shows all")
    calls = ledger.rated_calls(contract, cycle)
    waiting = sum(call.outcome in (Outcome.UNRATED, Outcome.REVIEW) for _, call in calls)
    stored = ledger.bill(contract, cycle)
    if stored is not None:
        late = sum(call.cycle == cycle for _, call in ledger.late_calls(contract, cycle.next()))
        return BillOfCycle(document=stored.document, closed=True, waiting=waiting, late=late)
    stale = ledger.unsettled_calls(contract, cycle)
    if close:
        _may_be_closed(versions, cycle, stale, now)
    document, on_it = _made(ledger, versions, cycle, calls, closed=close)
    if close:
        kept = StoredBill(contract=contract, cycle=cycle, document=document, closed_at=now)
        records = [record for record, _ in on_it]
        amount = sum((call.amount for _, call in on_it), Decimal(0))
        ledger.close_bill(kept, calls=records, amount=amount, who=who)
    return BillOfCycle(document=document, closed=close, waiting=waiting, stale=stale)


def _may_be_closed(versions: tuple[ContractVersion, ...], cycle: Cycle, stale: int, now: datetime) -> None:
    """Raises FlowError for a bill that must not be fixed for good, or not yet."""
    if now.astimezone(SHANGHAI).date() <= cycle.last:
        raise FlowError(
            f"cycle {cycle} is not over, so its bill cannot be closed; close it from {cycle.next().first} on"
        )
    begins = min(version.contract.term.first for version in versions)
    if cycle.last < begins:
        raise FlowError(
            f"cycle {cycle} is before contract {versions[0].contract.id}, whose term begins on {begins}; "
            "there is no bill to close"
        )
    if stale:
        raise FlowError(
            f"call records wait to be rated that may belong on this bill ({stale}), so it cannot be closed: "
            "run `seatline rate`, then close it"
        )


def _made(
    ledger: Ledger, versions: tuple[ContractVersion, ...], cycle: Cycle, calls: Numbered, *, closed: bool
) -> tuple[dict[str, Any], Numbered]:
    """The bill's document, and the calls that stand on it: all with a verdict, free ones too."""
    contract = versions[0].contract.id
    waiting = ledger.late_calls(contract, cycle)
    late_cycles = [
        of
        for of in sorted({call.cycle for _, call in waiting if call.cycle is not None})
        if _is_next_bill(ledger, contract, of, cycle)
    ]
    late = tuple((record, call) for record, call in waiting if call.cycle in late_cycles)
    late_records = frozenset(record for record, _ in late)
    bill = make_bill(
        versions,
        cycle,
        tuple(call for _, call in calls),
        late=tuple(_late(ledger.rated_calls(contract, of), of, late_records) for of in late_cycles),
        stops=ledger.stops(contract),
        closed=closed,
    )
    final = (Outcome.RATED, Outcome.FREE)
    on_it = tuple((record, call) for record, call in calls if call.outcome in final)
    return bill.document(), on_it + late


def _is_next_bill(ledger: Ledger, contract: str, late: Cycle, cycle: Cycle) -> bool:
    """Whether late calls of the one cycle stand on the other's bill: all bills between are closed."""
    between = late.next()
    while between < cycle and ledger.bill(contract, between) is not None:
        between = between.next()
    return between == cycle


def _late(calls: Numbered, cycle: Cycle, late: frozenset[int]) -> LateCalls:
    return LateCalls(
        cycle=cycle,
        billed=tuple(call for record, call in calls if record not in late),
        with_late=tuple(call for _, call in calls),
    )
