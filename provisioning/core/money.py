"""Money: Decimal from text, rounded to the fen in one place (金额)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

FEN = Decimal("0.01")
_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")


def yuan(text: str) -> Decimal:
    """An amount in CNY from its text ("4860.00"), exactly.

    Raises ValueError for anything else: no exponent, no sign but a minus, no separators, no blanks.
    """
    if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
        raise ValueError(f"not an amount in yuan: {text!r}")
    return Decimal(text)


def round_fen(amount: Decimal) -> Decimal:
    """The amount rounded half up to the fen (四舍五入到分); the only rounding of money there is."""
    return amount.quantize(FEN, rounding=ROUND_HALF_UP)


def split(total: Decimal, weights: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Shares of a total in whole fen, in proportion to the weights, that add up to the total exactly.

    Each share is the difference of two rounded running sums, so no fen is lost or made (分摊).
    Raises ValueError when there is nothing to share by, or the total is not in whole fen.
    """
    if not weights or any(w < 0 for w in weights) or not sum(weights):
        raise ValueError("a split needs weights that are not negative and not all zero")
    if total != round_fen(total):
        raise ValueError(f"a split needs a total in whole fen, not {total}")
    whole = sum(weights, Decimal(0))
    shares: list[Decimal] = []
    running = given = Decimal(0)
    for weight in weights:
        running += weight
        upto = round_fen(total * running / whole)
        shares.append(upto - given)
        given = upto
    return tuple(shares)
