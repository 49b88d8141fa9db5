"""What kind of telephone stands at a seat: what its endpoint and its line may carry (传真, POS, 视频).

Only the seat's own features count: that a contract has fax does not make every telephone a fax machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from pbx import pjsip
from provisioning.core.site import Seat

UNTOUCHED = frozenset({"fax", "pos"})
"""Seats whose line reaches the other end as it is: A-law alone, nothing recorded, nothing converted."""


class Kind(TypedDict):
    """What `pjsip.telephone` is told of a seat's telephone."""

    codecs: tuple[str, ...]
    video: bool
    t38: bool


def kind_of(seat: Seat) -> Kind:
    """A fax machine or card terminal has A-law and no picture; T.38 is a fax machine's, where switched on."""
    untouched = not UNTOUCHED.isdisjoint(seat.features)
    return Kind(
        codecs=pjsip.UNTOUCHED if untouched else pjsip.CODECS,
        video="video" in seat.features and not untouched,
        t38=has_t38(seat),
    )


def has_t38(seat: Seat) -> bool:
    """Whether the seat's fax may leave the voice channel (T.38传真)."""
    return {"fax", "t38"} <= set(seat.features)


def any_t38(seats: Iterable[Seat]) -> bool:
    """Whether a line that these seats share has to let T.38 through."""
    return any(has_t38(seat) for seat in seats)
