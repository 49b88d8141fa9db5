"""Whether the clock of a switch is ours: it stamps and counts every call (时钟检查)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from pbx.action import Action
from provisioning.flows.ports import Switch

MOST_CLOCK_DIFFERENCE = 5.0
"""Seconds."""


def seconds_ahead(switch: Switch, now: Callable[[], datetime]) -> float | None:
    """By how much the clock of a switch is ahead of ours; None where it does not tell its time."""
    before = now().timestamp()
    said = switch.send(Action("Ping")).fields.get("Timestamp", "")
    after = now().timestamp()
    if not re.fullmatch(r"\d+(\.\d+)?", said):
        return None
    told = float(said)  # somewhere between before and after, were the clocks the same
    return told - min(max(told, before), after)


def clock_said(ahead: float | None) -> str | None:
    """What is wrong with a clock that is so much ahead of ours, None where nothing is."""
    if ahead is None or abs(ahead) <= MOST_CLOCK_DIFFERENCE:
        return None
    return f"its clock is {abs(ahead):.0f} s off ours, so bills would be wrong; run NTP on both"
