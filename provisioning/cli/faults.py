"""A fault of the outside world in one clear line and an honest exit code."""

from __future__ import annotations

from pbx.errors import Malformed, Refused, SwitchError
from provisioning.flows.errors import FlowError

UNREACHABLE = 4
_WORDS: dict[type[SwitchError], str] = {
    Refused: "the switch refused",
    Malformed: "this cannot be said to the switch, or read from it",
}


def told(fault: FlowError | SwitchError) -> str:
    """What happened, for a person."""
    if isinstance(fault, FlowError):
        return f"seatline: {fault}"
    return f"seatline: {_WORDS.get(type(fault), 'the switch cannot be reached')}: {fault}"


def code_of(fault: FlowError | SwitchError) -> int:
    return fault.exit_code if isinstance(fault, FlowError) else UNREACHABLE
