"""A person decides of an odd call: it is billed as it is recorded, or never (异常通话处理)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from provisioning.flows.errors import FlowError

NO_RECORD = -1
"""The sequence of a call that has no record."""
SETTLED = "call-settled"
"""The audit's word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a person decided of one call; without a record there is nothing to bill, it is only dealt with."""

    switch: str
    uniqueid: str
    sequence: int = NO_RECORD
    billed: bool = False
    why: str

    def __post_init__(self) -> None:
        if not self.why.strip():
            raise ValueError("a decision needs its reason")
        if self.billed and self.sequence == NO_RECORD:
            raise ValueError("what has no record cannot be billed")


class Decisions(Protocol):
    """Where decisions are kept, each with its line in the audit."""

    def settle_call(self, settled: Settled, *, at: datetime, who: str) -> None:
        """Keeps the decision in the place of a former one and has the record rated again. FlowError where
        nobody knows such a call, or where it stands on a closed bill."""
        ...


def settle(book: Decisions, call: str, *, billed: bool, why: str, now: datetime, who: str) -> Settled:
    """Settles the call that `witness list` names so: SWITCH/UNIQUEID, and #SEQUENCE if it has a record."""
    switch, slash, key = call.partition("/")
    uniqueid, mark, number = key.partition("#")
    if not (slash and switch and uniqueid) or (mark and not number.isdecimal()):
        raise FlowError(f"{call} names no call; write it as `seatline witness list` does: pbx/pbx-1751.4#7")
    if not mark and billed:
        raise FlowError(f"{call} has no record, so there is nothing to bill: settle it with --why alone")
    if not why.strip():
        raise FlowError("say why, with --why: it stands in the audit")
    sequence = int(number) if mark else NO_RECORD
    settled = Settled(switch=switch, uniqueid=uniqueid, sequence=sequence, billed=billed, why=why.strip())
    book.settle_call(settled, at=now, who=who)
    return settled
