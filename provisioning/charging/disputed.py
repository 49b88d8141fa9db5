"""What of a bill is disputed: on the bill, and not asked for until the dispute ends (争议金额)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from provisioning.charging.bill import CallLine, call_lines, difference
from provisioning.core.call import RatedCall
from provisioning.core.contract import ContractVersion
from provisioning.core.cycle import Cycle
from provisioning.core.dispute import Dispute

FEES = ("recurring", "once")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsOnBill:
    """The calls of one month in call order, each with its record; `on_it` are those that stand on the bill
    that is looked at, the others on one before."""

    cycle: Cycle
    calls: Sequence[tuple[int, RatedCall]]
    on_it: AbstractSet[int]


def disputed_lines(
    versions: Sequence[ContractVersion], calls: Sequence[tuple[int, RatedCall]], disputed: AbstractSet[int]
) -> tuple[CallLine, ...]:
    """The share of these records in the lines of their month: what the lines were less without them.

    Included minutes stay with the calls that have used them: a line is its disputed part and the rest.
    """
    rated = [call for _, call in calls]
    places = frozenset(place for place, (record, _) in enumerate(calls) if record in disputed)
    shares = difference(call_lines(versions, rated), call_lines(versions, rated, but=places))
    return tuple(share for share in shares if share.calls)


def touched(disputes: Iterable[Dispute], calls: Iterable[tuple[int, RatedCall]]) -> frozenset[int]:
    """The records that any of these disputes is about; all are of the calls' month."""
    about = [dispute.about for dispute in disputes]
    return frozenset(record for record, call in calls if any(one.touches(record, call) for one in about))


def with_disputes(
    document: Mapping[str, Any],
    versions: Sequence[ContractVersion],
    disputes: Sequence[Dispute],
    months: Sequence[CallsOnBill],
) -> dict[str, Any]:
    """A bill as it is shown while disputes are open: each line with what of it is disputed, and the totals.

    `months` are the calls of its own month, and of those before whose late calls it adjusts. The document
    stays as it is where nothing on it is disputed. What two disputes are about counts once.
    """
    own = Cycle.parse(document["cycle"])
    shown = {**document, **{name: [dict(line) for line in document[name]] for name in (*FEES, "calls")}}
    shown["adjustments"] = [dict(line) for line in document["adjustments"]]
    told = [_about(one, _amount_on(document, versions, [one], months, own)) for one in disputes]
    for month in months:
        lines = shown["calls"] if month.cycle == own else shown["adjustments"]
        for share in _shares(versions, disputes, month):
            _mark(lines, share, None if month.cycle == own else month.cycle)
    items = {one.about.item for one in disputes if one.cycle == own} - {None}
    for name in FEES:
        for line in shown[name]:
            if line["item"] in items:
                line["disputed"] = line["amount"]
    told = [one for one in told if one["calls"] or one["amount"] != "0.00"]
    if not told:
        return dict(document)
    disputed = _amount_on(document, versions, disputes, months, own)[1]
    shown["disputes"] = told
    shown["disputed"] = f"{disputed:f}"
    shown["undisputed"] = f"{Decimal(document['amount']) - disputed:f}"
    return shown


def _shares(
    versions: Sequence[ContractVersion], disputes: Iterable[Dispute], month: CallsOnBill
) -> tuple[CallLine, ...]:
    mine = [one for one in disputes if one.cycle == month.cycle]
    return disputed_lines(versions, month.calls, touched(mine, month.calls) & month.on_it)


def _amount_on(
    document: Mapping[str, Any],
    versions: Sequence[ContractVersion],
    disputes: Sequence[Dispute],
    months: Iterable[CallsOnBill],
    own: Cycle,
) -> tuple[int, Decimal]:
    """How many calls of the bill these disputes are about, and how much of it, fees too."""
    shares = [share for month in months for share in _shares(versions, disputes, month)]
    items = {one.about.item for one in disputes if one.cycle == own} - {None}
    fees = [Decimal(line["amount"]) for name in FEES for line in document[name] if line["item"] in items]
    calls = sum(share.calls for share in shares)
    return calls, sum((share.amount for share in shares), sum(fees, Decimal("0.00")))


def _about(dispute: Dispute, found: tuple[int, Decimal]) -> dict[str, Any]:
    calls, amount = found
    return {
        "id": dispute.id,
        "cycle": str(dispute.cycle),
        "about": str(dispute.about),
        "why": dispute.why,
        "calls": calls,
        "amount": f"{amount:f}",
    }


def _mark(lines: Iterable[dict[str, Any]], share: CallLine, late_of: Cycle | None) -> None:
    """Notes on the line of that zone and rate how much of it is disputed."""
    for line in lines:
        same = line["zone"] == share.zone and Decimal(line["rate"]) == share.rate and "dispute" not in line
        if same and (late_of is None or line["cycle"] == str(late_of)):
            line["disputed"] = f"{share.amount:f}"
