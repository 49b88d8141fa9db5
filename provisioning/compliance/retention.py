"""How long call records are kept, and which of them may go: a decision table over groups (话单保存期).

A contract says for how many months (`keep_months`), the month of the call not counted: a call of July kept
for six months may go from the 1st of February on. A record that is nobody's is kept as long as the contract
that keeps longest, and for a year at least: nobody knows yet whose it will turn out to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from provisioning.core.call import Outcome
from provisioning.core.contract import ContractVersion
from provisioning.core.cycle import Cycle

NOBODYS_MONTHS = 12
"""How many months a record is kept at least that is no contract's."""


class Fate(StrEnum):
    """What becomes of records whose time is over."""

    REMOVED = "removed"
    DISPUTED = "disputed"
    """A dispute over calls of their month is open: all of the month stay, for what one call costs hangs on
    the others (included minutes, rounding)."""
    UNPRICED = "unpriced"
    """They have an owner, and no price or a contradiction: a person has to look first."""
    UNBILLED = "unbilled"
    """The bill of their month is not closed."""
    LATE = "late"
    """They came after their bill was closed; the next bill takes them up first."""


WHY: Mapping[Fate, str] = {
    Fate.REMOVED: "their time is over",
    Fate.DISPUTED: "a dispute is open: `seatline dispute list` shows it",
    Fate.UNPRICED: "they have no price yet: `seatline rate` says why",
    Fate.UNBILLED: "the bill of their month is not closed: `seatline bill CONTRACT --cycle MONTH --close`",
    Fate.LATE: "they wait for the next bill to be closed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Records with one verdict, of one contract's version and one month: decided on together.

    `month` is that of the answer, of the start where nobody answered. `contract` None: nobody's. `billed`:
    they stand on a closed bill. `records` is how many there are.
    """

    contract: str | None
    version: int | None
    month: Cycle
    answered: bool
    outcome: Outcome
    billed: bool
    records: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What else the decision hangs on: (contract, month) with an open dispute, and with a closed bill."""

    disputed: frozenset[tuple[str, Cycle]] = frozenset()
    closed: frozenset[tuple[str, Cycle]] = frozenset()


def _is_disputed(group: Group, known: Known) -> bool:
    return group.contract is not None and (group.contract, group.month) in known.disputed


def _has_no_price(group: Group, _: Known) -> bool:
    return (
        group.contract is not None and not group.billed and group.outcome in (Outcome.UNRATED, Outcome.REVIEW)
    )


def _has_no_bill(group: Group, known: Known) -> bool:
    return (
        group.contract is not None
        and group.answered
        and not group.billed
        and (group.contract, group.month) not in known.closed
    )


def _is_late(group: Group, _: Known) -> bool:
    return group.contract is not None and not group.billed and group.outcome is Outcome.RATED


DECISIONS: Mapping[Fate, Callable[[Group, Known], bool]] = {
    Fate.DISPUTED: _is_disputed,
    Fate.UNPRICED: _has_no_price,
    Fate.UNBILLED: _has_no_bill,
    Fate.LATE: _is_late,
}
"""What keeps records whose time is over, the first that holds; nothing: they go."""


def fate(group: Group, known: Known) -> Fate:
    """What becomes of a group whose time is over."""
    return next((fate for fate, holds in DECISIONS.items() if holds(group, known)), Fate.REMOVED)


def last_due(today: date, keep_months: int) -> Cycle:
    """The last month whose records may go on that day: so many whole months lie between."""
    months = today.year * 12 + today.month - 1 - keep_months - 1
    return Cycle(months // 12, months % 12 + 1)


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how many months each contract's versions keep records (保存月数)."""

    months: Mapping[tuple[str, int], int]

    @classmethod
    def of(cls, versions: Iterable[ContractVersion]) -> Keeping:
        return cls({(one.contract.id, one.number): one.contract.billing.keep_months for one in versions})

    @property
    def nobodys(self) -> int:
        """How long records are kept that are no contract's."""
        return max((NOBODYS_MONTHS, *self.months.values()))

    @property
    def shortest(self) -> int:
        """No record is removed sooner, whosever it is."""
        return min((NOBODYS_MONTHS, *self.months.values()))

    def of_group(self, group: Group) -> int:
        """By the version in force at the call; where the verdict names none, the contract's longest."""
        if group.contract is None:
            return self.nobodys
        if group.version is not None and (group.contract, group.version) in self.months:
            return self.months[group.contract, group.version]
        of_it = [kept for (contract, _), kept in self.months.items() if contract == group.contract]
        return max(of_it, default=self.nobodys)

    def is_due(self, group: Group, today: date) -> bool:
        """Whether its time is over on that day."""
        return group.month <= last_due(today, self.of_group(group))
