"""The number that was probably meant: one digit wrong, missing or too many, or two swapped (误输号码)."""

from __future__ import annotations

from collections.abc import Collection, Iterator


def one_slip_away(number: str, known: Collection[str]) -> str | None:
    """The known number that one slip of the hand would make of this one; the nearest of several.

    It tries the slips, not the numbers: it takes as long for ten thousand of them as for ten.
    """
    close = [slip for slip in _slips(number) if slip in known]
    return min(close, key=lambda slip: (abs(int(slip) - int(number)), slip), default=None)


def _slips(number: str) -> Iterator[str]:
    for at in range(len(number) + 1):
        head, tail = number[:at], number[at:]
        for digit in "0123456789":
            yield head + digit + tail
            if tail and tail[0] != digit:
                yield head + digit + tail[1:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1 and tail[0] != tail[1]:
            yield head + tail[1] + tail[0] + tail[2:]
