"""Calls on a line, and lines for calls: the figures of the books, and what holds for all."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.core.capacity import calls_at_once, calls_for, channels, erlang_b, kbit
from provisioning.core.site import VoiceLine

BLOCKINGS = (0.001, 0.005, 0.01, 0.02, 0.05)
TABLE = {
    3.45: (11, 10, 9, 8, 7),
    6.90: (17, 15, 14, 13, 11),
    10.35: (22, 20, 18, 17, 15),
    13.80: (27, 24, 23, 21, 19),
    20.70: (36, 33, 31, 29, 26),
}
"""The lines 69 seats need at 0.05 to 0.3 Erlang each (reference/telecom.md 4.2)."""


@pytest.mark.parametrize("load", TABLE)
def test_the_lines_of_69_seats(load: float) -> None:
    """69 seats need the lines of the table at each blocking."""
    assert tuple(calls_for(load, blocking) for blocking in BLOCKINGS) == TABLE[load]


@pytest.mark.parametrize(
    ("bandwidth", "calls"),
    [("10M", 90), ("100M", 900), ("2M", 18), ("1G", 9000), ("64K", 0), ("112K", 1), ("1M", 9)],
)
def test_calls_of_a_bandwidth(bandwidth: str, calls: int) -> None:
    """A line is filled to 90 % with calls of 100 kbit/s."""
    assert channels(bandwidth) == calls


@pytest.mark.parametrize("text", ["", "100", "0M", "10m", "1.5M"])
def test_what_is_no_bandwidth(text: str) -> None:
    """A bandwidth is digits and K, M or G."""
    with pytest.raises(ValueError, match="not a bandwidth"):
        kbit(text)


def test_calls_of_all_lines_of_a_site() -> None:
    """Lines add up, as stated or by bandwidth; without lines nothing is known."""
    stated = VoiceLine(bandwidth="100M", count=2, concurrent_calls=30)
    assert calls_at_once([stated, VoiceLine(bandwidth="2M", count=3)]) == 60 + 54
    assert calls_at_once([]) is None


@given(load=st.floats(0.01, 60), lines=st.integers(0, 80))
def test_erlang_b_is_what_it_is_defined_as(load: float, lines: int) -> None:
    """The recursion gives (A^n / n!) / sum of (A^k / k!)."""
    terms = [math.exp(k * math.log(load) - math.lgamma(k + 1)) for k in range(lines + 1)]
    assert erlang_b(load, lines) == pytest.approx(terms[-1] / sum(terms), rel=1e-9)


@given(load=st.floats(0, 200), blocking=st.floats(0.0001, 0.5))
def test_the_fewest_lines_are_the_fewest(load: float, blocking: float) -> None:
    """On the lines given the blocking is kept, on one less it is not."""
    lines = calls_for(load, blocking)
    assert erlang_b(load, lines) <= blocking or load == 0
    assert lines == 0 or erlang_b(load, lines - 1) > blocking
