"""Recurring fees of a cycle, from the contract versions in force in it (月租).

A day of service is a day on which a version is in force and charging has started. What a version newly
brings counts from its first day, what it drops counted to the day before.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

from provisioning.charging.directory import spans
from provisioning.charging.suspended import charged
from provisioning.core.contract import ContractVersion, Prorate, Recurring, version_in_force
from provisioning.core.cycle import Cycle
from provisioning.core.money import round_fen
from provisioning.core.status import Stop

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeLine:
    """One recurring fee on a bill; `days` only where it is charged by the day. `amount` is in whole fen."""

    item: str
    name: str
    quantity: Decimal
    unit: Decimal | None
    amount: Decimal
    days: int | None = None


@dataclass(frozen=True, slots=True)
class _Served:
    """One item through a cycle: on which day it was in service, by which version of it, with what seats."""

    days: Mapping[date, Recurring]
    seats: Mapping[date, frozenset[str]]

    @property
    def latest(self) -> Recurring:
        return self.days[max(self.days)]

    @property
    def quantity(self) -> Decimal:
        """The fixed quantity, or all seats in service at any time in the cycle (据实结算)."""
        if _by_seats(self.latest):
            return Decimal(len(frozenset().union(*(self.seats[day] for day in self.days))))
        return self.latest.quantity if self.latest.quantity is not None else Decimal(1)


def recurring_lines(
    versions: Sequence[ContractVersion], cycle: Cycle, stops: Sequence[Stop] = ()
) -> tuple[FeeLine, ...]:
    """The recurring fees of one contract in a cycle, in the order of the contract file.

    `stops` are all of the contract, also those that are over: what they make free is not charged.
    """
    in_service = service_days(versions, cycle)
    order: list[str] = []
    days: dict[str, dict[date, Recurring]] = {}
    seats: dict[date, frozenset[str]] = {}
    for day, version in in_service.items():
        seats[day] = frozenset(seat.long_number for seat in version.contract.site.seats)
        for fee in version.contract.recurring:
            if fee.item not in days:
                order.append(fee.item)
            days.setdefault(fee.item, {})[day] = fee
    lines = []
    for item in order:
        served = _Served(*charged(days[item], seats, stops))
        if not served.days:
            continue
        line = _CHARGED[served.latest.prorate](served, versions, cycle)
        if line is not None:
            lines.append(line)
    return tuple(lines)


def service_days(versions: Sequence[ContractVersion], cycle: Cycle) -> dict[date, ContractVersion]:
    """The days of a cycle on which the contract is in force and charged, each with its version."""
    found = {}
    day = cycle.first
    while day <= cycle.last:
        version = version_in_force(versions, day)
        if version is not None and day >= version.contract.billing.starts:
            found[day] = version
        day += _DAY
    return found


def _by_month(served: _Served, versions: Sequence[ContractVersion], cycle: Cycle) -> FeeLine:
    """Any month with a day of service is charged in full."""
    return _full(served)


def _by_day(served: _Served, versions: Sequence[ContractVersion], cycle: Cycle) -> FeeLine:
    """A day costs the monthly fee / days in the month; summed exactly, rounded once."""
    total = Fraction(0)
    for day, fee in served.days.items():
        seats = Decimal(len(served.seats[day])) if _by_seats(fee) else None
        total += Fraction(_fee(fee, seats)) / cycle.days
    full = _full(served)
    return FeeLine(
        item=full.item,
        name=full.name,
        quantity=full.quantity,
        unit=full.unit,
        amount=round_fen(Decimal(total.numerator) / Decimal(total.denominator)),
        days=len(served.days),
    )


def _by_year(served: _Served, versions: Sequence[ContractVersion], cycle: Cycle) -> FeeLine | None:
    """A year's fee stands in the cycle in which a period of 12 months starts."""
    start = _first_day(served.latest.item, versions)
    if start is None or start.month != cycle.month:
        return None
    last_of_month = calendar.monthrange(cycle.year, cycle.month)[1]
    anniversary = date(cycle.year, cycle.month, min(start.day, last_of_month))
    return _full(served) if anniversary in served.days else None


def _by_once(served: _Served, versions: Sequence[ContractVersion], cycle: Cycle) -> FeeLine | None:
    """Charged a single time, in the cycle of the item's first day of service."""
    start = _first_day(served.latest.item, versions)
    return _full(served) if start is not None and Cycle.of(start) == cycle else None


_CHARGED: Mapping[Prorate, Callable[[_Served, Sequence[ContractVersion], Cycle], FeeLine | None]] = (
    MappingProxyType(
        {Prorate.MONTH: _by_month, Prorate.DAY: _by_day, Prorate.YEAR: _by_year, Prorate.ONCE: _by_once}
    )
)


def _full(served: _Served) -> FeeLine:
    fee, quantity = served.latest, served.quantity
    return FeeLine(
        item=fee.item,
        name=fee.name,
        quantity=quantity,
        unit=_unit(fee, quantity),
        amount=round_fen(_fee(fee, quantity)),
    )


def _by_seats(fee: Recurring) -> bool:
    return fee.quantity is None and fee.unit is not None


def _fee(fee: Recurring, quantity: Decimal | None) -> Decimal:
    """The fee of a full period: the total, or so much a unit."""
    if fee.total is not None:
        return fee.total
    count = quantity if quantity is not None else fee.quantity
    return (fee.unit or Decimal(0)) * (count if count is not None else Decimal(0))


def _unit(fee: Recurring, quantity: Decimal) -> Decimal | None:
    """The price of one; None where a total does not divide into whole fen."""
    if fee.total is None:
        return fee.unit
    if quantity == 0:
        return None
    each = round_fen(fee.total / quantity)
    return each if each * quantity == fee.total else None


def _first_day(item: str, versions: Sequence[ContractVersion]) -> date | None:
    """The first day on which an item of a contract was in service and charged, through all its versions."""
    for version, until in spans(versions):
        contract = version.contract
        first = max(version.effective, contract.term.first, contract.billing.starts)
        charged = any(fee.item == item for fee in contract.recurring)
        if charged and first < until and contract.term.covers(first):
            return first
    return None
