"""How many calls a voice line carries at once, and how many its seats need (话务容量)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from provisioning.core.site import VoiceLine

CALL_KBIT = Decimal("87.2")
"""A G.711 call of 20 ms packets on Ethernet, in kbit/s each way."""
SAFE_CALL_KBIT = 100
"""The same with all that goes beside it: signalling, RTCP, tags of the line (RTP over any access)."""
SAFE_SHARE = Decimal("0.9")
"""How much of a line is filled with calls."""
BLOCKING = 0.01
"""The share of calls in the busy hour that may find all lines taken."""

_KBIT = {"K": 1, "M": 1000, "G": 1_000_000}


def kbit(bandwidth: str) -> int:
    """A bandwidth as contracts write it ("100M", "64K", "1G") in kbit/s each way."""
    found = re.fullmatch(r"([1-9][0-9]*)([KMG])", bandwidth)
    if not found:
        raise ValueError(f"not a bandwidth: {bandwidth!r}")
    return int(found[1]) * _KBIT[found[2]]


def channels(bandwidth: str) -> int:
    """The calls a line of that bandwidth carries at once, with room to spare: 10M 90, 100M 900 (并发数)."""
    return int(kbit(bandwidth) * SAFE_SHARE // SAFE_CALL_KBIT)


def calls_at_once(lines: Iterable[VoiceLine]) -> int | None:
    """The calls all lines of a site carry at once, as stated or by their bandwidth; None without lines."""
    carried = [
        line.count * (channels(line.bandwidth) if line.concurrent_calls is None else line.concurrent_calls)
        for line in lines
    ]
    return sum(carried) if carried else None


def erlang_b(load: float, lines: int) -> float:
    """The share of calls lost when `load` Erlang are offered to so many lines (Erlang B, 呼损率)."""
    lost = 1.0
    for line in range(1, lines + 1):
        lost = load * lost / (line + load * lost)
    return lost


def calls_for(load: float, blocking: float = BLOCKING) -> int:
    """The fewest lines on which no more than that share of so many Erlang is lost."""
    if load <= 0:
        return 0
    lost, lines = 1.0, 0
    while lost > blocking:
        lines += 1
        lost = load * lost / (lines + load * lost)
    return lines
