"""libphonenumber knows how long an area's numbers are."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.intake.area_plan import fits_plan


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        ("08702120001", True),
        ("087021200011", False),
        ("01085200000", True),
        ("0108520000", False),
        ("0431821200011", False),
        ("0123", False),
    ],
)
def test_a_number_is_as_long_as_its_areas_are(number: str, fits: bool) -> None:
    """Zhaotong has 7 digits behind 0870, Beijing 8 behind 010."""
    assert fits_plan(number) is fits


@given(st.integers(10**9, 10**11 - 1), st.integers(0, 9999))
def test_the_last_four_digits_change_nothing(number: int, others: int) -> None:
    """What is known of a number holds for all ten thousand that differ from it in the last four digits."""
    written = f"0{number}"
    by_library = phonenumbers.is_valid_number(
        phonenumbers.PhoneNumber(country_code=86, national_number=int(written[1:-4] + f"{others:04}"))
    )
    assert fits_plan(written) is by_library


def test_a_locally_dialled_number_is_never_asked_about() -> None:
    """5551234 alone would pass for a number of another area: it is refused."""
    with pytest.raises(ValueError, match="national form"):
        fits_plan("5551234")
