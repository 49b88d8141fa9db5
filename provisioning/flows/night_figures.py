"""The figures of a night: what was new, what is held and why, money per contract (夜间作业数据)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from provisioning.core.cycle import SHANGHAI, Cycle

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"\+?[0-9*#]{3,}")
MICROSECONDS_OF_A_MINUTE = 60_000_000
WAITING_SHOWN = 50
"""Reasons for which calls have no price that a report names: the most frequent ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldGroup:
    """Lines of one switch that are held for one cause (隔离话单), and the newest of them."""

    switch: str
    code: str
    lines: int
    path: str
    offset: int
    reason: str
    oldest: datetime

    def document(self) -> dict[str, Any]:
        return {
            "switch": self.switch,
            "code": self.code,
            "lines": self.lines,
            "path": self.path,
            "offset": self.offset,
            "reason": self.reason,
            "oldest": self.oldest.astimezone(SHANGHAI).isoformat("T", "seconds"),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Calls without a price for one reason, or in review (待批价)."""

    outcome: str
    reason: str
    calls: int

    def document(self) -> dict[str, Any]:
        return {"outcome": self.outcome, "reason": self.reason, "calls": self.calls}


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a contract's calls of a day come to in a zone, before allowance and rounding (批价额)."""

    contract: str
    day: date
    zone: str
    calls: int
    microseconds: int
    amount: Decimal


def without_numbers(reason: str) -> str:
    """A reason without the days and numbers it is about: what is alike is counted together, and nobody's
    number stands in a report for that."""
    return _NUMBER.sub("…", _DAY.sub("…", reason))


class FigureBook(Protocol):
    """What the ledger is asked for a report; each method is one transaction."""

    def collected_since(self, since: datetime | None) -> Mapping[str, int]:
        """How many records were new from that moment on, by switch; without one, ever."""
        ...

    def collected_by_day(self, since: datetime) -> Mapping[str, Mapping[date, int]]:
        """How many records were new on each day of Shanghai from that moment on, by switch."""
        ...

    def held_groups(self) -> tuple[HeldGroup, ...]:
        """What is held and waits for a person, by switch and cause."""
        ...

    def waiting(self) -> tuple[Waiting, ...]:
        """Which calls have no price, by reason, the most frequent first."""
        ...

    def charges(self, cycles: Sequence[Cycle]) -> tuple[Charge, ...]:
        """What the calls of these cycles come to, by contract, day and zone."""
        ...


def money(charges: Iterable[Charge], first: date, last: date) -> list[dict[str, Any]]:
    """The charges of some days by contract and zone, with each contract's sum, for programs."""
    sums: dict[str, dict[str, Any]] = {}
    for charge in sorted(charges, key=lambda one: (one.contract, one.zone, one.day)):
        if not first <= charge.day <= last:
            continue
        of_contract = sums.setdefault(charge.contract, _nothing() | {"zones": {}})
        for sum_ in (of_contract, of_contract["zones"].setdefault(charge.zone, _nothing())):
            sum_["calls"] += charge.calls
            sum_["microseconds"] += charge.microseconds
            sum_["amount"] += charge.amount
    return [
        {"contract": contract, **_told(of_contract)}
        | {"zones": [{"zone": zone, **_told(one)} for zone, one in of_contract["zones"].items()]}
        for contract, of_contract in sums.items()
    ]


def _nothing() -> dict[str, Any]:
    return {"calls": 0, "microseconds": 0, "amount": Decimal(0)}


def _told(sums: Mapping[str, Any]) -> dict[str, Any]:
    amount: Decimal = sums["amount"]
    minutes = Decimal(sums["microseconds"]) / MICROSECONDS_OF_A_MINUTE
    return {
        "calls": sums["calls"],
        "minutes": format(minutes.quantize(Decimal("0.1")), "f"),
        "amount": plain(amount),
    }


def plain(amount: Decimal) -> str:
    """An exact amount with two places at least: 24.00, 0.065."""
    text = format(amount.normalize(), "f")
    whole, _, places = text.partition(".")
    return f"{whole}.{places.ljust(2, '0')}"


def figures(
    book: FigureBook, *, since: datetime | None, nights: Sequence[date], now: datetime
) -> dict[str, Any]:
    """All figures of a night, for programs: what is new since the last one, what is held and waits, the
    money of each night that was covered and of this cycle so far."""
    today = now.astimezone(SHANGHAI).date()
    cycle = Cycle.of(today)
    days = [*nights, today]
    charges = book.charges(sorted({Cycle.of(day) for day in days}))
    held = book.held_groups()
    return {
        "new": [
            {"switch": switch, "records": records}
            for switch, records in sorted(book.collected_since(since).items())
        ],
        "held": [group.document() for group in held],
        "waiting": [one.document() for one in book.waiting()[:WAITING_SHOWN]],
        "cycle": str(cycle),
        "money": money(charges, cycle.first, cycle.last),
        "money_by_night": [{"day": day.isoformat(), "contracts": money(charges, day, day)} for day in nights],
    }


def month_before(now: datetime) -> datetime:
    """Four weeks ago: how long a switch's habits are looked at."""
    return now - timedelta(days=28)
