"""libphonenumber knows how long an area's numbers are."""

from __future__ import annotations

import pytest

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


def test_a_locally_dialled_number_is_never_asked_about() -> None:
    """5551234 alone would pass for a number of another area: it is refused."""
    with pytest.raises(ValueError, match="national form"):
        fits_plan("5551234")
