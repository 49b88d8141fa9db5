"""Whether a site's seats, bandwidth and calls at once fit together (容量校验)."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.core import capacity
from provisioning.core.problem import Problem
from provisioning.core.site import VoiceLine
from provisioning.intake.fields import Fields
from provisioning.intake.paper import Paper, Rule

USUAL = 0.1
"""Erlang a seat offers in the busy hour of an ordinary office: six minutes (每线话务量)."""
QUIET, BUSY = 0.05, 0.2
"""What it offers in a quiet office, and in a busy one."""


def lines_carry_calls(paper: Paper) -> Iterator[Problem]:
    """A voice line is wide enough for the calls that are to be on it at once, and for one at least."""
    for line in paper.site.groups("voice_lines"):
        bandwidth, calls = line.get("bandwidth"), line.get("concurrent_calls")
        if bandwidth is None or "concurrent_calls" in line.faulty:
            continue
        wide = capacity.kbit(bandwidth)
        if calls is not None and calls * capacity.CALL_KBIT > wide:
            yield line.warning(
                "concurrent_calls",
                "bandwidth-too-small",
                f"{calls} calls at once need {calls * capacity.CALL_KBIT:,.0f} kbit/s each way "
                f"({capacity.CALL_KBIT} a G.711 call); {bandwidth} are {wide:,} kbit/s",
                f"compare both with the paper; {bandwidth} carry {capacity.channels(bandwidth)} calls safely",
            )
        elif calls is None and capacity.channels(bandwidth) == 0:
            yield line.problem(
                "bandwidth",
                "bandwidth-too-small",
                f"a line of {bandwidth} carries not one G.711 call safely: {capacity.CALL_KBIT} kbit/s each "
                f"way, {capacity.SAFE_CALL_KBIT} with all beside it, on {capacity.SAFE_SHARE:.0%} of it",
                "correct the bandwidth, or write concurrent_calls",
            )


def seats_find_a_line(paper: Paper) -> Iterator[Problem]:
    """In the busy hour at most one call in a hundred finds all lines taken (Erlang B)."""
    site, seats = paper.site, len(paper.seats)
    lines = site.groups("voice_lines")
    known = lines and site.sound("voice_lines") and all(line.has("bandwidth") for line in lines)
    if not seats or not known:
        return
    carried = capacity.calls_at_once(_line(line) for line in lines) or 0
    if not carried or (needed := _needed(seats, USUAL)) <= carried:
        return
    load = seats * USUAL
    lost = capacity.erlang_b(load, carried)
    quiet, busy = _needed(seats, QUIET), _needed(seats, BUSY)
    yield site.warning(
        "voice_lines",
        "too-few-calls-at-once",
        f"{seats} seats at {USUAL} Erlang each offer {load:.1f} Erlang: {needed} calls at once for 1 % "
        f"blocking; the line carries {carried}, and {lost:.0%} of the calls find it full in the busy hour "
        f"(at {QUIET} Erlang a seat {quiet} calls are needed, at {BUSY} {busy})",
        "compare concurrent_calls and bandwidth with the paper; the operator opens more calls at once",
    )


def _needed(seats: int, each: float) -> int:
    """The calls at once that so many seats need; never more than there are seats."""
    return min(seats, capacity.calls_for(seats * each))


def _line(line: Fields) -> VoiceLine:
    return VoiceLine(
        bandwidth=line.get("bandwidth"),
        count=line.get("count") or 1,
        concurrent_calls=line.get("concurrent_calls"),
    )


CAPACITY_RULES: tuple[Rule, ...] = (lines_carry_calls, seats_find_a_line)
