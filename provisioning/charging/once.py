"""One-off fees: each in the cycle of its due day, and never twice (一次性费用)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from provisioning.charging.directory import spans
from provisioning.core.contract import ContractVersion, OneOff
from provisioning.core.cycle import Cycle
from provisioning.core.money import round_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class OnceLine:
    """One one-off fee on a bill; `amount` is in whole fen."""

    item: str
    name: str
    due: date | None
    amount: Decimal


def once_lines(versions: Sequence[ContractVersion], cycle: Cycle) -> tuple[OnceLine, ...]:
    """The one-off fees of one contract that fall into a cycle.

    That is the cycle of the due day, without one the first charged cycle; a fee that only a later version
    brings falls into that version's first cycle at the earliest. The version effective at the end of the
    cycle decides, and what has stood on an earlier bill is not charged again by a version that repeats it
    or moves its due day.
    """
    return tuple(
        OnceLine(item=fee.item, name=fee.name, due=fee.due, amount=round_fen(fee.total))
        for fee in _falling_into(versions, cycle)
        if not _charged_before(fee.item, versions, cycle)
    )


def _falling_into(versions: Sequence[ContractVersion], cycle: Cycle) -> tuple[OneOff, ...]:
    decisive = [version for version, _ in spans(versions) if version.effective <= cycle.last]
    if not decisive:
        return ()
    version = decisive[-1]
    return tuple(fee for fee in version.contract.once if _cycle_of(fee, version) == cycle)


def _charged_before(item: str, versions: Sequence[ContractVersion], cycle: Cycle) -> bool:
    """Whether the item stood on an earlier bill; only the cycles that versions name for it can be."""
    named = {
        _cycle_of(fee, version) for version in versions for fee in version.contract.once if fee.item == item
    }
    earlier = [known for known in named if known < cycle]
    return any(fee.item == item for known in earlier for fee in _falling_into(versions, known))


def _cycle_of(fee: OneOff, version: ContractVersion) -> Cycle:
    contract = version.contract
    day = fee.due or max(contract.term.first, contract.billing.starts)
    return max(Cycle.of(day), Cycle.of(version.effective))
