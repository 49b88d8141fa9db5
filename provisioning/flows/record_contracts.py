"""Records checked contracts in the ledger, each as its next version (合同入账)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from provisioning.core.contract import Contract, ContractVersion
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What `contract add` did: the versions recorded, and the contracts that were so already, by id."""

    recorded: tuple[ContractVersion, ...]
    unchanged: tuple[str, ...]


def record_contracts(
    contracts: Sequence[Contract],
    *,
    ledger: Ledger,
    today: date,
    now: datetime,
    who: str,
    new_secret: Callable[[], str],
    effective: date | None = None,
) -> Recorded:
    """Records all of the contracts or, when anything is in the way, none (FlowError lists what).

    Without `effective`, a contract's first version begins with its term; a later one today, or with its
    term if that begins only later. A contract equal to its latest version is left as it is.
    """
    early = [c for c in contracts if effective is not None and effective < c.term.first]
    if early:
        told = ", ".join(f"{c.id} (from {c.term.first})" for c in early)
        raise FlowError(f"a version cannot take effect before its contract's term begins: {told}")
    additions = [(c, effective or _usual_day(c, ledger=ledger, today=today)) for c in contracts]
    recorded = ledger.record_versions(additions, new_secret=new_secret, at=now, who=who)
    changed = {version.contract.id for version in recorded}
    unchanged = tuple(c.id for c in contracts if c.id not in changed)
    return Recorded(recorded=recorded, unchanged=unchanged)


def _usual_day(contract: Contract, *, ledger: Ledger, today: date) -> date:
    if not ledger.versions(contract.id):
        return contract.term.first
    return max(today, contract.term.first)
