"""What number was probably meant."""

from __future__ import annotations

import pytest

from provisioning.intake.near_numbers import one_slip_away

KNOWN = {"08702120001": 1, "08702120012": 1, "12393": 1}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("08702120021", "08702120012"),
        ("08702120010", "08702120012"),
        ("0870212001", "08702120001"),
        ("087021200012", "08702120012"),
        ("08702210012", "08702120012"),
        ("12339", "12393"),
        ("08702130099", None),
        ("08702120101", "08702120001"),
        ("07802120021", None),
    ],
)
def test_one_slip_of_the_hand(typed: str, meant: str | None) -> None:
    """One digit wrong, missing or too many, or two swapped, and nothing more."""
    assert one_slip_away(typed, KNOWN) == meant
