"""Makes the bill of a contract and cycle from the ledger, and closes it for good if asked (出账)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from provisioning.charging.bill import LateCalls, make_bill
from provisioning.charging.disputed import CallsOnBill, with_disputes
from provisioning.core.call import Outcome, RatedCall
from provisioning.core.contract import ContractVersion
from provisioning.core.cycle import SHANGHAI, Cycle
from provisioning.core.dispute import Credit, credit_of
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Ledger, StoredBill

Numbered = tuple[tuple[int, RatedCall], ...]
"""Rated calls with the ledger's id of their record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillOfCycle:
    """A bill as the ledger has it or would have it, and how many answered calls wait beside it.

    `document` is what `bill --json` prints: the bill, and while disputes over it are open, what of it they
    are about and what is asked for nevertheless. `waiting` counts the cycle's calls without a price or in
    review: they are on no bill until they are rated, then they adjust a later one. `stale` counts the records
    that an open bill does not show as they are now, because they were collected after the last rating; `late`
    those calls of a closed cycle that the next bill adjusts. `uncounted` are late calls of months whose
    records were removed and that had included minutes: how many were left nobody can tell, so that no bill
    adjusts them.
    """

    document: Mapping[str, Any]
    closed: bool
    waiting: int
    stale: int = 0
    late: int = 0
    uncounted: int = 0


def bill_of_cycle(
    ledger: Ledger, contract: str, cycle: Cycle, *, close: bool, now: datetime, who: str
) -> BillOfCycle:
    """The bill of a contract for a cycle; a closed one as it was stored, and with what is disputed of it now.

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
        shown = _with_disputes(ledger, versions, stored.document, cycle, frozenset())
        return BillOfCycle(document=shown, closed=True, waiting=waiting, late=late)
    stale = ledger.unsettled_calls(contract, cycle)
    if close:
        _may_be_closed(versions, cycle, stale, now)
    credits = _credits(ledger, contract, cycle)
    document, on_it = _made(ledger, versions, cycle, calls, credits, closed=close)
    if close:
        kept = StoredBill(contract=contract, cycle=cycle, document=document, closed_at=now)
        records = [record for record, _ in on_it]
        amount = sum((call.amount for _, call in on_it), Decimal(0))
        given = {credit.dispute: credit.amount for credit in credits}
        ledger.close_bill(kept, calls=records, amount=amount, who=who, credits=given)
    on_this = frozenset(record for record, _ in on_it)
    shown = _with_disputes(ledger, versions, document, cycle, on_this)
    late_calls = (call for _, call in ledger.late_calls(contract, cycle))
    uncounted = sum(call.cycle is not None and _is_past(ledger, versions, call.cycle) for call in late_calls)
    return BillOfCycle(document=shown, closed=close, waiting=waiting, stale=stale, uncounted=uncounted)


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
    ledger: Ledger,
    versions: tuple[ContractVersion, ...],
    cycle: Cycle,
    calls: Numbered,
    credits: tuple[Credit, ...],
    *,
    closed: bool,
) -> tuple[dict[str, Any], Numbered]:
    """The bill's document, and the calls that stand on it: all with a verdict, free ones too."""
    contract = versions[0].contract.id
    waiting = ledger.late_calls(contract, cycle)
    late_cycles = [
        of
        for of in sorted({call.cycle for _, call in waiting if call.cycle is not None})
        if _is_next_bill(ledger, contract, of, cycle) and not _is_past(ledger, versions, of)
    ]
    late = tuple((record, call) for record, call in waiting if call.cycle in late_cycles)
    late_records = frozenset(record for record, _ in late)
    bill = make_bill(
        versions,
        cycle,
        tuple(call for _, call in calls),
        late=tuple(_late(ledger.rated_calls(contract, of), of, late_records) for of in late_cycles),
        stops=ledger.stops(contract),
        credits=credits,
        closed=closed,
    )
    final = (Outcome.RATED, Outcome.FREE)
    on_it = tuple((record, call) for record, call in calls if call.outcome in final)
    return bill.document(), on_it + late


def _is_past(ledger: Ledger, versions: tuple[ContractVersion, ...], cycle: Cycle) -> bool:
    """Whether a month's calls cannot be counted anew: those that used its included minutes are gone."""
    tariffs = (version.contract.calls for version in versions)
    included = any(tariff is not None and tariff.allowance is not None for tariff in tariffs)
    return included and ledger.removed_count(versions[0].contract.id, cycle) > 0


def _is_next_bill(ledger: Ledger, contract: str, late: Cycle, cycle: Cycle) -> bool:
    """Whether late calls of the one cycle stand on the other's bill: all bills between are closed."""
    return _all_closed(ledger, contract, late.next(), cycle)


def _all_closed(ledger: Ledger, contract: str, first: Cycle, until: Cycle) -> bool:
    """Whether the bills of all months from the one up to, not including, the other are closed."""
    between = first
    while between < until and ledger.bill(contract, between) is not None:
        between = between.next()
    return between == until


def _credits(ledger: Ledger, contract: str, cycle: Cycle) -> tuple[Credit, ...]:
    """The credits of upheld disputes that stand on this bill: it is the first that is not closed."""
    waiting = [credit for one in ledger.disputes(contract) if (credit := credit_of(one)) is not None]
    return tuple(one for one in waiting if _all_closed(ledger, contract, one.cycle, cycle))


def _with_disputes(
    ledger: Ledger,
    versions: tuple[ContractVersion, ...],
    document: Mapping[str, Any],
    cycle: Cycle,
    on_it: frozenset[int],
) -> Mapping[str, Any]:
    """The bill with what is disputed of it now; `on_it` are the calls of a bill that is not closed, or was
    not a moment ago."""
    contract = versions[0].contract.id
    adjusted = {Cycle.parse(line["cycle"]) for line in document["adjustments"]}
    disputes = [one for one in ledger.disputes(contract) if one.is_open and one.cycle in (cycle, *adjusted)]
    if not disputes:
        return document
    months = [_month(ledger, contract, of, cycle, on_it) for of in sorted({one.cycle for one in disputes})]
    return with_disputes(document, versions, disputes, months)


def _month(ledger: Ledger, contract: str, of: Cycle, cycle: Cycle, on_it: frozenset[int]) -> CallsOnBill:
    """A month's calls as far as this bill and those before it have them."""
    found = ledger.calls_found(contract, of)
    here = frozenset(one.record for one in found if one.billed == cycle or one.record in on_it)
    known = [one for one in found if one.record in here or (one.billed is not None and one.billed < cycle)]
    return CallsOnBill(cycle=of, calls=[(one.record, one.call) for one in known], on_it=here)


def _late(calls: Numbered, cycle: Cycle, late: frozenset[int]) -> LateCalls:
    return LateCalls(
        cycle=cycle,
        billed=tuple(call for record, call in calls if record not in late),
        with_late=tuple(call for _, call in calls),
    )
