"""The fees of one contract add up to what the paper itself states (金额核对)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from provisioning.core.contract import Prorate, Term
from provisioning.core.money import round_fen
from provisioning.core.problem import Problem
from provisioning.core.status import RETENTION_ITEM
from provisioning.intake.fields import Fields
from provisioning.intake.paper import Paper, Rule
from provisioning.intake.text_form import counted

SEAT_ITEM = "seat"
"""The recurring item that is counted in seats (座机月租)."""


def counts_seats(fee: Fields) -> bool:
    """Whether a recurring fee is charged by the seats (据实结算)."""
    by_seats = fee.has("quantity") and fee.get("quantity") is None
    return by_seats or fee.get("item") == SEAT_ITEM


def items_once(paper: Paper) -> Iterator[Problem]:
    """An item stands once among the recurring fees and once among the one-off ones."""
    for key in ("recurring", "once"):
        first: dict[str, int] = {}
        for fee in paper.contract.groups(key):
            item = fee.get("item")
            if item is None:
                continue
            if item in first:
                yield fee.problem(
                    "item",
                    "duplicate-item",
                    f"the item {item} stands twice under {key}; first in line {first[item]}",
                    "give each fee its own short name; the bill shows it",
                )
            first.setdefault(item, fee.place("item").line or 0)


def priced_once(paper: Paper) -> Iterator[Problem]:
    """A recurring fee has a unit price or a total; where it has both they agree."""
    for fee in paper.contract.groups("recurring"):
        if not fee.sound("unit", "total", "quantity"):
            continue
        unit, total = fee.get("unit"), fee.get("total")
        name = fee.get("item") or "the item"
        if unit is None and total is None:
            yield fee.problem(
                None,
                "fee-without-price",
                f"{name} has neither unit nor total",
                'write unit: "24.00" or total:',
            )
        if unit is None or total is None:
            continue
        quantity = _quantity(fee, paper)
        if quantity is not None and round_fen(unit * quantity) != total:
            yield fee.problem(
                "total",
                "fee-does-not-add-up",
                f"{name}: {quantity} x {unit} is {round_fen(unit * quantity)}, but total says {total}",
                "correct one of quantity, unit and total; one of unit and total is enough",
            )


def _uncounted(fee: Fields) -> bool:
    """Whether the fee has a price a seat and does not say of how many seats."""
    uncounted = not fee.has("quantity") and "quantity" not in fee.faulty
    return fee.get("item") == SEAT_ITEM and fee.has("unit") and uncounted


def seats_counted(paper: Paper) -> Iterator[Problem]:
    """A fee a seat says of how many; a stated number is that of the rows."""
    for fee in paper.contract.groups("recurring"):
        if _uncounted(fee):
            yield fee.problem(
                "unit",
                "seat-quantity-missing",
                f"the item {SEAT_ITEM} has a price a seat, but no quantity: one seat would be charged",
                "write quantity: seats",
            )
        if fee.get("item") == RETENTION_ITEM and fee.has("unit") and not counts_seats(fee):
            yield fee.warning(
                "unit",
                "retention-not-by-seats",
                f"the item {RETENTION_ITEM} is not counted in seats: it is charged where the whole contract "
                "is kept, and for no seat that is kept alone (停机保号)",
                "write quantity: seats, if it is the price of a number",
            )
    if paper.rows is None:
        return
    for fee in paper.contract.groups("recurring"):
        stated = fee.get("quantity")
        if fee.get("item") == SEAT_ITEM and stated is not None and stated != len(paper.rows):
            yield fee.problem(
                "quantity",
                "seat-count",
                f"the contract charges {counted(stated, 'seat')}, but there {_are(len(paper.rows))}",
                "correct the rows or the quantity, or write quantity: seats",
            )


def _are(rows: int) -> str:
    return f"{'is' if rows == 1 else 'are'} {counted(rows, 'number row')}"


def stated_totals(paper: Paper) -> Iterator[Problem]:
    """What the paper says a month and the term cost is what its fees add up to."""
    contract = paper.contract
    stated = contract.group("stated")
    amounts = _amounts(paper) if contract.sound("recurring", "once") else None
    if amounts is None:
        return
    month = round_fen(sum((amount for fee, amount in amounts if _way(fee) in _MONTHLY), Decimal(0)))
    if stated.has("month") and stated.get("month") != month:
        parts = " + ".join(_part(fee, amount) for fee, amount in amounts if _way(fee) in _MONTHLY)
        yield stated.problem(
            "month",
            "stated-month-differs",
            f"the paper states {stated.get('month')} a month, but the recurring fees add up to {month}",
            f"compare {parts or 'the recurring fees: there are none'}",
        )
    computed = _term_totals(contract, amounts, month)
    if stated.has("term") and computed and stated.get("term") not in computed.values():
        sums = " or ".join(
            f"{counted(months, 'month')} at {month} and the other fees, {total}"
            for months, total in computed.items()
        )
        yield stated.problem(
            "term",
            "stated-term-differs",
            f"the paper states {stated.get('term')} for the term, but the fees add up to {sums}",
            "compare fees and term; each calendar month the term touches counts in full",
        )


def _term_totals(
    contract: Fields, amounts: list[tuple[Fields, Decimal]], month: Decimal
) -> dict[int, Decimal]:
    """What the whole term costs, by months counted: those of the term, and those charged if fewer."""
    term = contract.group("term")
    first, last = term.get("from"), term.get("to")
    if first is None or last is None or last < first:
        return {}
    starts = contract.group("billing").get("starts") or first
    once = sum((fee.get("total") for fee in contract.groups("once")), Decimal(0))
    totals: dict[int, Decimal] = {}
    for begins in (first, starts):
        if first <= begins <= last:
            months = Term(first=begins, last=last).months
            rest = sum((amount * _TIMES[_way(fee)](months) for fee, amount in amounts), once)
            totals[months] = round_fen(rest)
    return totals


_MONTHLY = frozenset({Prorate.MONTH, Prorate.DAY})
_TIMES: Mapping[Prorate, Callable[[int], int]] = {
    Prorate.MONTH: lambda months: months,
    Prorate.DAY: lambda months: months,
    Prorate.YEAR: lambda months: -(-months // 12),
    Prorate.ONCE: lambda months: 1,
}
"""How often a fee is charged in a term of so many months."""


def _way(fee: Fields) -> Prorate:
    return Prorate(fee.get("prorate") or Prorate.MONTH)


def _part(fee: Fields, amount: Decimal) -> str:
    return f"{fee.get('item')} {amount}"


def _quantity(fee: Fields, paper: Paper) -> Decimal | None:
    """How many units: as written, 1 when nothing is, the rows for seats; None when that is unknown."""
    if not fee.has("quantity"):
        return None if _uncounted(fee) else Decimal(1)
    written: Decimal | None = fee.get("quantity")
    if written is not None:
        return written
    return None if paper.rows is None else Decimal(len(paper.rows))


def _amounts(paper: Paper) -> list[tuple[Fields, Decimal]] | None:
    """Each recurring fee and what a full period of it costs; None when one of them is unknown."""
    found: list[tuple[Fields, Decimal]] = []
    for fee in paper.contract.groups("recurring"):
        if fee.get("item") == RETENTION_ITEM:  # charged for stopped numbers alone, in no usual month
            continue
        unit, total = fee.get("unit"), fee.get("total")
        quantity = _quantity(fee, paper)
        if unit is not None and quantity is not None:
            found.append((fee, round_fen(unit * quantity)))
        elif unit is None and total is not None:
            found.append((fee, total))
        else:
            return None
    return found


MONEY_RULES: tuple[Rule, ...] = (items_once, priced_once, seats_counted, stated_totals)
