"""As many calls at once as fill a line, and one more, within the contract's own limits (满线测试)."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from provisioning.acceptance.trials import MOST_AT_ONCE, Words
from provisioning.core.contract import Policy
from provisioning.core.site import Seat

PER_SEAT = 5
"""Calls at once of one seat, at most: a test is no blast."""


def burst(
    policy: Policy, callers: Sequence[Seat], answers: Sequence[str], room: int
) -> tuple[tuple[Seat, str], ...] | Words:
    """Who calls which number: one call more than there is room for; or why that cannot be.

    No seat makes more calls than the contract lets it have at once or start in a minute, and none of the
    numbers is called more often than on a day is allowed: of the calls so far today nothing is known.
    """
    count = room + 1
    if room < 1:
        return Words("线路正满", "the line is full already")
    if room > MOST_AT_ONCE:
        return Words(
            f"空闲{room}路，超过测试上限{MOST_AT_ONCE}路",
            f"there is room for {room} calls, more than the {MOST_AT_ONCE} of a test",
        )
    if policy.allow_list:
        return Words("座机只能呼叫亲情号码", "seats call only the numbers on their lists")
    each = min(PER_SEAT, policy.calls_per_seat or PER_SEAT, policy.calls_per_minute or PER_SEAT)
    if len(callers) * each < count:
        return Words(
            f"座机不足，需{ceil(count / each)}部", f"it takes {ceil(count / each)} seats that may call"
        )
    often = policy.calls_per_callee_per_day or count
    if len(answers) * often < count:
        needed = ceil(count / often)
        return Words(
            f"每日每被叫限{often}次，需{needed}个自动应答号码",
            f"with {often} calls a day to one number it takes {needed} numbers that answer",
        )
    return tuple((callers[n % len(callers)], answers[n // often]) for n in range(count))
