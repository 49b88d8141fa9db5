"""Removes call records whose time is over, and says what is kept longer and why (话单到期清理).

What is left of a removed record: its key, so that the same line is never collected as a new call; and on its
contract, month and zone the sums that its closed bill was made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from provisioning.compliance.retention import WHY, Fate, Group, Keeping, Known, fate, last_due
from provisioning.core.contract import ContractVersion
from provisioning.core.cycle import SHANGHAI, Cycle
from provisioning.flows.ports import Progress

AT_ONCE = 20_000
"""Records removed in one transaction: a run broken off keeps what it has done, the next one goes on."""


class RetentionBook(Protocol):
    """What retention asks of the ledger; each method is one transaction."""

    def versions(self, contract: str | None = None) -> tuple[ContractVersion, ...]: ...

    def groups_until(self, month: Cycle) -> tuple[Group, ...]:
        """All records with a verdict up to that month, in groups."""
        ...

    def count_unrated_until(self, month: Cycle) -> int:
        """How many records up to that month nobody has rated at all."""
        ...

    def billed_and_disputed(self) -> Known:
        """Which months of which contracts have a closed bill, and which an open dispute."""
        ...

    def remove_records(self, group: Group, *, limit: int, at: datetime, who: str) -> int:
        """Removes up to so many records of a group, sums them up, and notes it; how many it were. None
        where a dispute was opened meanwhile."""
        ...

    def remove_others(self, month: Cycle, *, at: datetime, who: str, dry: bool) -> tuple[int, int]:
        """Removes call events (CEL), and held lines somebody has decided on, of up to that month; how many
        of each."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many records of a contract (None: nobody's) and month, and what became of them."""

    contract: str | None
    month: Cycle
    fate: Fate
    records: int

    def document(self) -> dict[str, Any]:
        return {
            "contract": self.contract,
            "cycle": str(self.month),
            "fate": self.fate.value,
            "records": self.records,
            "why": WHY[self.fate],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """What a run removed, and what it kept though its time is over (清理结果).

    `shares` by contract and month, nobody's last. `never_rated` are old records without any verdict: they
    stay. `dry`: nothing was removed, this is what would be.
    """

    today: date
    shares: tuple[Share, ...]
    events: int
    held_lines: int
    never_rated: int
    nobodys_months: int
    dry: bool = False

    @property
    def removed(self) -> int:
        """How many call records are gone."""
        return sum(share.records for share in self.shares if share.fate is Fate.REMOVED)

    @property
    def kept(self) -> tuple[Share, ...]:
        """What stays though its time is over."""
        return tuple(share for share in self.shares if share.fate is not Fate.REMOVED)

    def said(self) -> str:
        """The whole in one sentence, for the nightly report."""
        verb = "would be removed" if self.dry else "removed"
        kept = sum(share.records for share in self.kept) + self.never_rated
        told = f"{self.removed} call record{'' if self.removed == 1 else 's'} {verb}"
        if self.events or self.held_lines:
            told += f", {self.events} call events and {self.held_lines} held lines too"
        return told + (f"; {kept} kept beyond their time" if kept else "")

    def lines(self) -> tuple[str, ...]:
        """What was removed and what stays, a line each, for a person."""
        return tuple(self._lines())

    def _lines(self) -> Iterator[str]:
        for share in self.shares:
            whose = share.contract or f"nobody's (kept {self.nobodys_months} months)"
            word = "kept" if share.fate is not Fate.REMOVED else "to be removed" if self.dry else "removed"
            yield f"{whose} {share.month}: {share.records} {word}: {WHY[share.fate]}"
        if self.never_rated:
            yield f"{self.never_rated} old records kept: nobody has rated them; run `seatline rate`"

    def document(self) -> dict[str, Any]:
        """As `retain --json` prints it."""
        return {
            "removed": self.removed,
            "kept": sum(share.records for share in self.kept) + self.never_rated,
            "events": self.events,
            "held_lines": self.held_lines,
            "never_rated": self.never_rated,
            "nobodys_months": self.nobodys_months,
            "dry_run": self.dry,
            "cycles": [share.document() for share in self.shares],
        }


def retain(
    book: RetentionBook, *, now: datetime, who: str, dry: bool = False, progress: Progress | None = None
) -> Retained:
    """Removes the records whose time is over; with `dry` only says which. Safe to run twice, or to stop.

    Records of a month with an open dispute stay, so do those whose bill is not closed, and those without a
    price: never is anything removed that money still hangs on.
    """
    today = now.astimezone(SHANGHAI).date()
    keeping = Keeping.of(book.versions())
    until = last_due(today, keeping.shortest)
    known = book.billed_and_disputed()
    shares: dict[tuple[str | None, Cycle, Fate], int] = {}
    for group in book.groups_until(until):
        if not keeping.is_due(group, today):
            continue
        became = fate(group, known)
        count = group.records
        if became is Fate.REMOVED and not dry:
            count = _removed(book, group, now, who, progress)
            if count < group.records:
                late = (group.contract, group.month, Fate.DISPUTED)
                shares[late] = shares.get(late, 0) + group.records - count
        key = (group.contract, group.month, became)
        shares[key] = shares.get(key, 0) + count
    oldest = last_due(today, keeping.nobodys)
    events, held_lines = book.remove_others(oldest, at=now, who=who, dry=dry)
    return Retained(
        today=today,
        shares=_in_order(shares),
        events=events,
        held_lines=held_lines,
        never_rated=book.count_unrated_until(oldest),
        nobodys_months=keeping.nobodys,
        dry=dry,
    )


def _removed(book: RetentionBook, group: Group, now: datetime, who: str, progress: Progress | None) -> int:
    removed = 0
    while gone := book.remove_records(group, limit=AT_ONCE, at=now, who=who):
        removed += gone
        if progress is not None:
            progress(f"removing records of {group.month}", removed, group.records)
    return removed


def _in_order(shares: dict[tuple[str | None, Cycle, Fate], int]) -> tuple[Share, ...]:
    ordered = sorted(
        shares.items(), key=lambda one: (one[0][0] is None, one[0][0] or "", one[0][1], one[0][2])
    )
    return tuple(
        Share(contract=contract, month=month, fate=became, records=records)
        for (contract, month, became), records in ordered
        if records
    )
