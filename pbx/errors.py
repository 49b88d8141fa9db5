"""The three ways a conversation with a switch goes wrong (they said no, said nothing, said nonsense)."""

from __future__ import annotations


class SwitchError(Exception):
    """Any of the three; the message is one sentence a network engineer can act on."""


class Refused(SwitchError):
    """The switch answered, and the answer was no."""


class Unreachable(SwitchError):
    """The switch did not answer in time, or the line went down: whether it acted is unknown."""


class Malformed(SwitchError):
    """What came is not what the format says, or what should be sent could not be said safely."""
