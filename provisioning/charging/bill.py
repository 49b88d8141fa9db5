"""The bill of one contract and cycle: a pure function of its versions and rated calls (账单).

The total is the sum of the lines as printed; every line is in whole fen before it is added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from provisioning.charging.allowance import Used, use_allowance
from provisioning.charging.once import OnceLine, once_lines
from provisioning.charging.rating import price
from provisioning.charging.recurring import FeeLine, recurring_lines
from provisioning.core.call import Direction, Outcome, RatedCall
from provisioning.core.contract import CallTariff, ContractVersion, Zone
from provisioning.core.cycle import Cycle
from provisioning.core.dispute import INCOMING, Credit
from provisioning.core.money import FEN, round_fen
from provisioning.core.status import Stop

_ORDER = {**{zone.value: place for place, zone in enumerate(Zone)}, INCOMING: len(Zone)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """The calls of one zone at one rate: how many, how long in seconds to be paid, and for how much.

    `included_seconds` is what the allowance covered, None where the contract has none. `amount` is in whole
    fen. In an adjustment each figure is a difference.
    """

    zone: str
    rate: Decimal
    calls: int
    seconds: int
    amount: Decimal
    included_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """What late call records add to the calls of a cycle whose bill is closed (调账)."""

    cycle: Cycle
    line: CallLine


@dataclass(frozen=True, slots=True, kw_only=True)
class LateCalls:
    """A closed cycle's calls in call order: those on closed bills, and these with the late ones too."""

    cycle: Cycle
    billed: tuple[RatedCall, ...]
    with_late: tuple[RatedCall, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a customer pays for a cycle, line by line."""

    contract: str
    cycle: Cycle
    closed: bool
    recurring: tuple[FeeLine, ...]
    once: tuple[OnceLine, ...]
    calls: tuple[CallLine, ...]
    adjustments: tuple[Adjustment, ...]
    credits: tuple[Credit, ...] = ()

    @property
    def amount(self) -> Decimal:
        """The total: the sum of all lines, in whole fen."""
        amounts = [
            *(line.amount for line in self.recurring),
            *(line.amount for line in self.once),
            *(line.amount for line in self.calls),
            *(adjustment.line.amount for adjustment in self.adjustments),
            *(-credit.amount for credit in self.credits),
        ]
        return sum(amounts, Decimal("0.00"))

    def document(self) -> dict[str, Any]:
        """The bill as `bill --json` prints it: all amounts as text, in this order of keys."""
        return {
            "contract": self.contract,
            "cycle": str(self.cycle),
            "closed": self.closed,
            "recurring": [_fee_document(line) for line in self.recurring],
            "once": [
                {
                    "item": line.item,
                    "name": line.name,
                    "due": line.due.isoformat() if line.due is not None else None,
                    "amount": _yuan(line.amount),
                }
                for line in self.once
            ],
            "calls": [_call_document(line) for line in self.calls],
            "messages": {"parts": 0, "amount": "0.00"},
            "adjustments": [
                {"cycle": str(adjustment.cycle), **_call_document(adjustment.line)}
                for adjustment in self.adjustments
            ]
            + [_credit_document(credit) for credit in self.credits],
            "late_fee": "0.00",
            "payers": [],
            "amount": _yuan(self.amount),
        }


def make_bill(
    versions: Sequence[ContractVersion],
    cycle: Cycle,
    calls: Sequence[RatedCall],
    *,
    late: Sequence[LateCalls] = (),
    stops: Sequence[Stop] = (),
    credits: Sequence[Credit] = (),
    closed: bool = False,
) -> Bill:
    """The bill of a contract, from all its versions, its calls of the cycle in call order, late ones, all
    its stops, and the credits of disputes that were upheld.

    ValueError when there is no version, or the versions are of several contracts.
    """
    contracts = {version.contract.id for version in versions}
    if len(contracts) != 1:
        raise ValueError(f"a bill is of one contract, not of {len(contracts)}")
    return Bill(
        contract=contracts.pop(),
        cycle=cycle,
        closed=closed,
        recurring=recurring_lines(versions, cycle, stops),
        once=once_lines(versions, cycle),
        calls=call_lines(versions, calls),
        adjustments=tuple(line for of_cycle in late for line in _adjustments(versions, of_cycle)),
        credits=tuple(credits),
    )


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    seconds: int = 0
    included: int = 0
    rounded: Decimal = field(default=Decimal(0))
    exact: Fraction = field(default=Fraction(0))
    has_allowance: bool = False


def call_lines(
    versions: Sequence[ContractVersion], calls: Iterable[RatedCall], *, but: AbstractSet[int] = frozenset()
) -> tuple[CallLine, ...]:
    """The calls of a cycle summed by zone and rate, after the allowance.

    Charged calls, and outgoing calls the contract prices at 0 (internal ones), so that the customer sees
    them; other free calls, and unrated ones, are on no bill. Rounded call by call or once a line, as the
    contract says. The calls at the places `but` use up their part of the allowance, and are not summed.
    """
    by_number = {version.number: version for version in versions}
    listed: list[tuple[RatedCall, CallTariff]] = []
    places: list[int] = []
    for place, call in enumerate(calls):
        tariff = by_number[call.version].contract.calls if call.version in by_number else None
        if tariff is not None and _is_listed(call):
            listed.append((call, tariff))
            places.append(place)
    sums: dict[tuple[str, Decimal], _Sum] = {}
    for place, used in zip(places, use_allowance(listed), strict=True):
        if place in but:
            continue
        _add(sums, used, by_number[used.call.version or 0].contract.billing.rounding)
    ordered = sorted(sums.items(), key=lambda entry: (_ORDER[entry[0][0]], entry[0][1]))
    return tuple(
        CallLine(
            zone=zone,
            rate=rate,
            calls=total.calls,
            seconds=total.seconds,
            amount=round_fen(total.rounded + _decimal(total.exact)),
            included_seconds=total.included if total.has_allowance else None,
        )
        for (zone, rate), total in ordered
    )


def _is_listed(call: RatedCall) -> bool:
    if call.rate is None:
        return False
    shown_free = call.outcome is Outcome.FREE and call.direction is Direction.OUTGOING
    return call.outcome is Outcome.RATED or shown_free


def _add(sums: dict[tuple[str, Decimal], _Sum], used: Used, rounding: str) -> None:
    call, tariff = used.call, used.tariff
    rate = call.rate if call.rate is not None else Decimal(0)
    zone = call.zone.value if call.zone is not None else INCOMING
    total = sums.setdefault((zone, rate), _Sum())
    seconds = used.payable * tariff.increment
    total.calls += 1
    total.seconds += seconds
    total.included += used.included * tariff.increment
    total.has_allowance |= tariff.allowance is not None and call.zone in tariff.allowance.zones
    if rounding == "call":
        total.rounded += price(used.payable, tariff.increment, rate, rounding="call")
    else:
        total.exact += Fraction(rate) * seconds / 60


def _adjustments(versions: Sequence[ContractVersion], late: LateCalls) -> Iterable[Adjustment]:
    """By how much the calls of a closed cycle cost more with the late ones: an allowance is used anew."""
    for more in difference(call_lines(versions, late.with_late), call_lines(versions, late.billed)):
        if more.amount != 0:
            yield Adjustment(cycle=late.cycle, line=more)


def difference(whole: Iterable[CallLine], part: Iterable[CallLine]) -> Iterable[CallLine]:
    """By how much each line is more than the one of the same zone and rate in a part of its calls."""
    parts = {(line.zone, line.rate): line for line in part}
    for line in whole:
        less = parts.get((line.zone, line.rate))
        yield CallLine(
            zone=line.zone,
            rate=line.rate,
            calls=line.calls - (less.calls if less else 0),
            seconds=line.seconds - (less.seconds if less else 0),
            amount=line.amount - (less.amount if less else 0),
        )


def _fee_document(line: FeeLine) -> dict[str, Any]:
    document: dict[str, Any] = {
        "item": line.item,
        "name": line.name,
        "quantity": _plain(line.quantity),
        "unit": _yuan(line.unit) if line.unit is not None else None,
        "amount": _yuan(line.amount),
    }
    if line.days is not None:
        document["days"] = line.days
    return document


def _call_document(line: CallLine) -> dict[str, Any]:
    document: dict[str, Any] = {"zone": line.zone, "calls": line.calls, "minutes": _minutes(line.seconds)}
    if line.included_seconds is not None:
        document["included"] = _minutes(line.included_seconds)
    return {**document, "rate": _rate(line.rate), "amount": _yuan(line.amount)}


def _credit_document(credit: Credit) -> dict[str, Any]:
    """A credit among the adjustments: it takes no call away, only what was asked for it."""
    return {
        "cycle": str(credit.cycle),
        "zone": credit.zone,
        "calls": 0,
        "minutes": 0,
        "rate": "0",
        "amount": _yuan(-credit.amount),
        "dispute": credit.dispute,
    }


def _minutes(seconds: int) -> int | float:
    """Minutes to be paid: a whole number wherever the increments are whole minutes."""
    return seconds // 60 if seconds % 60 == 0 else round(seconds / 60, 4)


def _yuan(amount: Decimal) -> str:
    """An amount with two decimals, more only where the contract itself has more."""
    return str(round_fen(amount)) if amount == amount.quantize(FEN) else _plain(amount)


def _rate(rate: Decimal) -> str:
    return _yuan(rate) if rate else "0"


def _plain(number: Decimal) -> str:
    """A number without needless zeros and never with an exponent."""
    return f"{number.normalize():f}" if number else "0"


def _decimal(exact: Fraction) -> Decimal:
    return Decimal(exact.numerator) / Decimal(exact.denominator)
