"""A call as it went through a switch: what is known of it when it is audited (通话行为)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from provisioning.core.call import Direction, RatedCall
from provisioning.core.contract import Contract, Zone
from provisioning.core.cycle import shanghai_day, shanghai_time
from provisioning.core.numbering import NumberClass, national
from provisioning.core.site import Seat

SECOND = 1_000_000
"""Microseconds."""
MARGIN = 2 * SECOND
"""A switch decides a moment after a record begins, and its books are written a moment after a call ends."""


class Kind(StrEnum):
    """What a call is to the rules: most of them ask only some kinds."""

    EMERGENCY = "emergency"
    INTERNAL = "internal"
    OUTSIDE = "outside"
    """Out to the world, and no emergency."""
    INCOMING = "incoming"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeCall:
    """One call of one telephone, with its verdict.

    `record` is the ledger's number of its first record; start, answer and end are microseconds since 1970
    GMT. `shown` is the caller's number as the switch had it (src), `channel` the caller's channel, `leg` the
    one that was called for it, empty where none was.
    """

    record: int
    switch: str
    uniqueid: str
    linkedid: str
    start: int
    answer: int | None
    end: int
    shown: str
    channel: str
    leg: str
    call: RatedCall

    @property
    def happened(self) -> bool:
        """Whether somebody was called for it, or it was answered; a refused call is neither."""
        return bool(self.leg) or self.answer is not None

    @property
    def passed_on(self) -> bool:
        """Whether the switch made it because of another call, and no telephone began it (转出的呼叫)."""
        return bool(self.linkedid) and self.linkedid != self.uniqueid

    @property
    def whole(self) -> tuple[str, str]:
        """What it is a part of: all calls that the switch made of one."""
        return self.switch, self.linkedid or self.uniqueid

    @property
    def legs(self) -> tuple[str, ...]:
        """The long numbers of the seats whose telephones it was made by and brought to."""
        found = (_TELEPHONE.fullmatch(channel) for channel in (self.channel, self.leg))
        return tuple(one[1] for one in found if one is not None)

    @property
    def went_on(self) -> bool:
        """Whether a leg of ours to somewhere else was all that was called for it (前转)."""
        return _LEG.fullmatch(self.leg) is not None

    @property
    def kind(self) -> Kind:
        if self.call.direction is Direction.INCOMING:
            return Kind.INCOMING
        if self.call.number_class == NumberClass.EMERGENCY:
            return Kind.EMERGENCY
        return Kind.INTERNAL if self.call.zone is Zone.INTERNAL else Kind.OUTSIDE

    @property
    def day(self) -> date:
        """The day on which it began in Shanghai: limits count by it, whenever the call was answered."""
        return shanghai_day(self.start)

    @property
    def began(self) -> datetime:
        return shanghai_time(self.start)


def calls_of(records: Iterable[MadeCall]) -> Iterator[MadeCall]:
    """The calls that records tell of, in the order in which they began.

    Asterisk writes a record for each try of a call: those of one channel to one number are one call, from
    the first one's beginning to the last one's end.
    """
    tried: dict[tuple[object, ...], MadeCall] = {}
    for record in records:
        key = (record.switch, record.uniqueid, record.call.seat, record.call.direction, record.call.other)
        known = tried.get(key)
        tried[key] = record if known is None else _one(known, record)
    yield from sorted(tried.values(), key=lambda made: (made.start, made.uniqueid, made.record))


def _one(first: MadeCall, other: MadeCall) -> MadeCall:
    """Two tries of one call, whatever their order."""
    early, late = sorted((first, other), key=lambda made: (made.start, made.record))
    return replace(
        early,
        end=max(early.end, late.end),
        answer=early.answer if early.answer is not None else late.answer,
        leg=early.leg or late.leg,
    )


_TELEPHONE = re.compile(r"PJSIP/seat-([0-9]+)-[0-9a-f]{8}")
"""A telephone's channel on a switch of ours."""
_LEG = re.compile(r"Local/.+@seatline-leg-[0-9a-f]+;1")
"""The half of a leg of ours that is called for the call before it."""
_CHOICE = re.compile(r"\*[12](?=[0-9+])")
"""What is dialled before a number to choose which of two numbers is shown (一机双号)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A contract version with its numbers at hand: asked for every call of a year (合同条款)."""

    contract: Contract
    seats: Mapping[str, Seat]
    """By long number."""
    reached: Mapping[str, str]
    """The long number, or the member's mobile, by each number of the contract that may be dialled."""
    effective: date | None = None
    """The day from which on it stands; None where that is nobody's question."""

    @classmethod
    def of(cls, contract: Contract, effective: date | None = None) -> Terms:
        seats = contract.site.seats
        reached = {seat.second_number: seat.long_number for seat in seats if seat.second_number is not None}
        reached |= {seat.short_number: seat.long_number for seat in seats if seat.short_number is not None}
        reached |= {
            seat.mobile_short: seat.mobile for seat in seats if seat.mobile_short is not None and seat.mobile
        }
        return cls(contract, {seat.long_number: seat for seat in seats}, reached, effective)

    @property
    def switchboard(self) -> str | None:
        """The main number, where it answers by itself and lets its callers wait (总机)."""
        site = self.contract.site
        return site.main_number if "switchboard" in site.features else None

    def called(self, text: str) -> str:
        """Who is called by what was dialled at the contract's site: a seat by its long number, a member's
        mobile by its own, anybody else in national form; as it stands where it has none."""
        bare = _CHOICE.sub("", text)
        if bare in self.reached:
            return self.reached[bare]
        number = national(bare, self.contract.site.area_code) or bare
        return self.reached.get(number, number)
