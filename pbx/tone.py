"""How much of a tone there is in a voice signal, by the Goertzel algorithm (测试音)."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

RATE = 8000
"""Samples a second of telephone voice."""


def share(samples: Sequence[int], hertz: float, rate: int = RATE) -> float:
    """How much of the signal's power is in that tone: 1.0 for nothing but it, 0.0 for silence."""
    power = sum(sample * sample for sample in samples)
    if not power:
        return 0.0
    turn = 2 * math.cos(2 * math.pi * hertz / rate)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + turn * last - before
    found = before * before + last * last - turn * before * last
    return min(1.0, 2 * found / (len(samples) * power))


def heard(samples: Sequence[int], hertz: float, rate: int = RATE, *, least: float = 0.5) -> float:
    """Seconds in which the tone is most of what is heard, in steps of 50 ms; silence does not count."""
    step = rate // 20
    blocks = (samples[start : start + step] for start in range(0, len(samples) - step + 1, step))
    return sum(level(block) > 50 and share(block, hertz, rate) >= least for block in blocks) / 20


def level(samples: Sequence[int]) -> float:
    """The root mean square of a signal, of at most 32768."""
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples)) if samples else 0.0


def hum(hertz: float, seconds: float, rate: int = RATE, *, peak: int = 8000) -> array[int]:
    """A tone as samples."""
    count = round(seconds * rate)
    return array("h", (round(peak * math.sin(2 * math.pi * hertz * n / rate)) for n in range(count)))


def decibels(level: float) -> float:
    """A root mean square in dB below full scale, that of a sine as loud as can be (dBFS)."""
    return 20 * math.log10(max(level, 1.0) / (32768 / math.sqrt(2)))
