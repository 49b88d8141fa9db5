"""The life of one channel, as its events tell it: from when to when, answered or not (通道记录)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pbx.cel import Event, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What is known of a channel. Times are microseconds since 1970 GMT by the switch's clock.

    `began` is its first event; with `whole` that was its birth. `src` and `dst` are caller and called as
    they were then. `bridges` counts how often it was connected with somebody, `bridged` is when that ended
    last. `heard` is when it was known to live last. `cut`: Asterisk stopped while it lived. `stepped`: by how
    many seconds the clock went back meanwhile, 0 if it did not.
    """

    uniqueid: str
    linkedid: str
    channel: str
    src: str
    dst: str
    began: int
    heard: int
    whole: bool = False
    answered: int | None = None
    bridges: int = 0
    bridged: int | None = None
    ended: int | None = None
    cut: bool = False
    stepped: int = 0

    @property
    def open(self) -> bool:
        """Whether it may live still."""
        return self.ended is None and not self.cut


def told(life: Life | None, event: Event) -> Life:
    """The life as it is known after one more event. An event that was told before changes nothing."""
    if life is None:
        life = Life(
            uniqueid=event.uniqueid,
            linkedid=event.linkedid,
            channel=event.channel,
            src=event.num,
            dst=event.exten,
            began=event.at,
            heard=event.at,
        )
    elif event.at <= life.heard and not life.open:
        return life  # a file that is read again
    last = max(life.heard, event.at)
    match event.kind:
        case Kind.BEGAN:
            return replace(life, heard=last, began=event.at, whole=True, linkedid=event.linkedid)
        case Kind.ANSWERED:
            answered = event.at if life.answered is None else min(life.answered, event.at)
            return replace(life, heard=last, answered=answered, linkedid=event.linkedid)
        case Kind.ENTERED:
            again = life.bridges and event.at <= life.heard
            bridges = life.bridges if again else life.bridges + 1
            return replace(life, heard=last, bridges=bridges, linkedid=event.linkedid)
        case Kind.LEFT:
            return replace(life, heard=last, bridged=event.at, linkedid=event.linkedid)
        case Kind.ENDED:
            return replace(life, heard=last, ended=event.at, cut=False, linkedid=event.linkedid)
        case _:
            return replace(life, heard=last)
