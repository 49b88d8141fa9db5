"""Seats, bandwidth and calls at once that do not fit are told with the figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from provisioning.core.problem import Problem
from provisioning.intake.contract_file import Reading

ReadTexts = Callable[[Mapping[str, str | bytes]], Reading]
LINES = "voice_lines: [{bandwidth: 100M, count: 1, concurrent_calls: 30}]"


def judged(read: ReadTexts, sample: str, seats: int, lines: str) -> tuple[Reading, list[Problem]]:
    """The sample with so many seats and these voice lines, and what is said about its capacity."""
    start, end = sample.index("  numbers:\n"), sample.index("  short_numbers:")
    rows = "".join(f'    - {{long_number: "0870212{n:04}"}}\n' for n in range(1, seats + 1))
    text = sample[:start] + "  numbers:\n" + rows + sample[end:].replace(LINES, lines)
    assert lines in text
    for gone in (
        'stated: {month: "6572.00", term: "39432.00"}\n',
        '  - {seat: "08702120001", way: amount, amount: "50.00"}\n',
    ):
        text = text.replace(gone, "")
    reading = read({"x.yaml": text})
    codes = ("bandwidth-too-small", "too-few-calls-at-once")
    return reading, [one for one in (*reading.problems, *reading.warnings) if one.code in codes]


def test_too_few_calls_at_once_are_told_with_the_figures(sample: str, read: ReadTexts) -> None:
    """69 seats on 10 calls at once are warned of: 6.9 Erlang want 14."""
    _, [warning] = judged(read, sample, 69, "voice_lines: [{bandwidth: 100M, concurrent_calls: 10}]")
    assert (warning.code, warning.severity) == ("too-few-calls-at-once", "warning")
    assert warning.message == (
        "69 seats at 0.1 Erlang each offer 6.9 Erlang: 14 calls at once for 1 % blocking; the line "
        "carries 10, and 7% of the calls find it full in the busy hour (at 0.05 Erlang a seat 9 calls are "
        "needed, at 0.2 23)"
    )


@pytest.mark.parametrize(
    ("seats", "lines"),
    [
        (69, "voice_lines: [{bandwidth: 100M, concurrent_calls: 14}]"),
        (69, "voice_lines: [{bandwidth: 2M}]"),
        (69, "voice_lines: [{bandwidth: 2M, concurrent_calls: 7, count: 2}]"),
        (69, "voice_lines: []"),
        (1, "voice_lines: [{bandwidth: 2M, concurrent_calls: 1}]"),
        (3, "voice_lines: [{bandwidth: 4M, concurrent_calls: 45}]"),
    ],
)  # fmt: skip
def test_what_fits_is_not_spoken_of(seats: int, lines: str, sample: str, read: ReadTexts) -> None:
    """Lines that carry what 1 % blocking wants, or as many calls as there are seats, need no warning."""
    reading, said = judged(read, sample, seats, lines)
    assert said == []
    assert reading.problems == ()


def test_more_calls_than_the_bandwidth_carries(sample: str, read: ReadTexts) -> None:
    """46 calls at once want 4,011 kbit/s each way, more than 4M."""
    _, [warning] = judged(read, sample, 3, "voice_lines: [{bandwidth: 4M, concurrent_calls: 46}]")
    assert (warning.code, warning.severity) == ("bandwidth-too-small", "warning")
    assert (
        "46 calls at once need 4,011 kbit/s each way (87.2 a G.711 call); 4M are 4,000 kbit/s"
        in warning.message
    )
    assert "36 calls safely" in warning.hint


@pytest.mark.parametrize("bandwidth", ["64K", "100K"])
def test_a_line_that_carries_no_call_is_an_error(bandwidth: str, sample: str, read: ReadTexts) -> None:
    """A line of 64K, or of 100K that has room for one call and nothing beside it, without calls at once
    stated would let nobody call, and is refused; that and nothing else is said."""
    reading, said = judged(read, sample, 3, f"voice_lines: [{{bandwidth: {bandwidth}}}]")
    assert [(one.code, one.severity) for one in said] == [("bandwidth-too-small", "error")]
    assert "not one G.711 call safely: 87.2 kbit/s each way, 100 with all beside it" in said[0].message
    assert reading.contracts == ()
