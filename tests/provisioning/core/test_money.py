"""Money is exact, rounded in one place, and a split loses nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.core.money import round_fen, split, yuan

fen = st.integers(min_value=-(10**12), max_value=10**12).map(lambda n: Decimal(n) / 100)
weights = st.lists(st.integers(min_value=0, max_value=10**6).map(Decimal), min_size=1, max_size=12).filter(
    any
)


@pytest.mark.parametrize("text", ["0", "0.06", "4860.00", "-12.5", "999999999999.999999"])
def test_an_amount_is_read_exactly(text: str) -> None:
    """An amount is what its text says."""
    assert yuan(text) == Decimal(text)


@pytest.mark.parametrize(
    "text", ["", "1e3", "+1", " 1", "1,000", "1.", ".5", "NaN", "１", "0x1", "1234567890123"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    """Signs, exponents, separators and full-width digits are no amount."""
    with pytest.raises(ValueError, match="amount"):
        yuan(text)


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [("0.005", "0.01"), ("0.0049", "0.00"), ("1234.545", "1234.55"), ("-0.005", "-0.01"), ("2.675", "2.68")],
)
def test_rounding_is_half_up_to_the_fen(exact: str, rounded: str) -> None:
    """Half a fen goes up, away from zero."""
    assert str(round_fen(Decimal(exact))) == rounded


@given(total=fen, parts=weights)
def test_the_shares_of_a_split_add_up(total: Decimal, parts: list[Decimal]) -> None:
    """The shares of a split sum to the whole."""
    shares = split(total, parts)
    assert sum(shares) == total
    assert all(share == round_fen(share) for share in shares)


@given(total=fen, parts=weights)
def test_a_share_is_within_a_fen_of_its_due(total: Decimal, parts: list[Decimal]) -> None:
    """No share is off its exact due by more than a fen."""
    for share, weight in zip(split(total, parts), parts, strict=True):
        assert abs(share - total * weight / sum(parts)) <= Decimal("0.01")


@pytest.mark.parametrize(
    ("total", "parts"), [("1.00", []), ("1.00", ["0"]), ("1.00", ["2", "-1"]), ("1.001", ["1"])]
)
def test_a_split_by_nothing_is_refused(total: str, parts: list[str]) -> None:
    """A split needs weights, and a total in whole fen."""
    with pytest.raises(ValueError, match="split"):
        split(Decimal(total), [Decimal(part) for part in parts])
