"""Whether a call record may be believed, by what the channel events tell of the same call (话单存疑).

A record and the events of its channel are stamped by one clock and agree to the microsecond. Where they do
not, or where that clock was set back during the call, nobody is charged before a person has looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pbx.cdr import SECOND, Cdr
from pbx.life import Life

BY_EVENTS = "channel events: "
"""How every reason begins that they give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Testimony:
    """What is known of a record beside itself: its channel's events, and what a person decided (佐证).

    `alone`: its channel has no other record. `billed` None while nobody decided; True: as it is recorded,
    whatever the events say; False: never.
    """

    life: Life | None = None
    alone: bool = False
    billed: bool | None = None
    why: str | None = None

    def doubt(self, cdr: Cdr) -> str | None:
        """Why the record cannot be believed, None where it can or where a person believes it."""
        if self.life is None or self.billed is not None:
            return None
        return doubt_of(cdr, self.life, alone=self.alone)


def doubt_of(cdr: Cdr, life: Life, *, alone: bool) -> str | None:
    """Why an answered call's record cannot be believed, or None. `alone`: its channel has no other record.

    A record may tell less than its channel's life: transfers and queues write several. None may tell more,
    and a channel's only record must tell of its only conversation to the end. Whole seconds may lie a second
    beside.
    """
    if life.stepped:
        return f"{BY_EVENTS}the clock of the switch went back {life.stepped} s during the call"
    slack = SECOND if cdr.exact else 2 * SECOND
    if life.whole and cdr.start < life.began - slack:
        return _apart("the call began", cdr.start, life.began, "in the record")
    if life.whole and life.answered is None and life.ended is not None:
        return f"{BY_EVENTS}nobody answered, but the record says so"
    if cdr.answer is not None and life.answered is not None and cdr.answer < life.answered - slack:
        return _apart("it was answered", cdr.answer, life.answered, "in the record")
    if life.ended is not None and cdr.end > life.ended + slack:
        return _apart("it ended", life.ended, cdr.end, "than in the record")
    if alone and life.bridges == 1 and life.bridged is not None and cdr.end < life.bridged - slack:
        return _apart("it ended", cdr.end, life.bridged, "in the record")
    return None


def _apart(what: str, earlier: int, later: int, where: str) -> str:
    apart = (Decimal(later - earlier) / SECOND).quantize(Decimal("0.1"))
    return f"{BY_EVENTS}{what} {apart} s earlier {where}"
