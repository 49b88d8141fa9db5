"""What has been stopped, and for how long: a seat's or a whole contract's voice service (停机, 停机保号).

Beside it what people complain of, and how long a number rests that was given back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from provisioning.core.cycle import SHANGHAI, Cycle

WAYS = ("out", "both")
"""One-way: no outgoing call but emergency; two-way: no incoming call either (单向停机, 双向停机)."""
CUSTOMER, ARREARS, COMPLAINT, RETENTION, CLOSED = "customer", "arrears", "complaint", "retention", "closed"
"""Why a service is stopped; a person may say it in words of his own."""
RETENTION_ITEM = "retention"
"""The recurring item that is charged for numbers kept and not used, as their customers ask (停机保号费)."""
DAYS_AT_REST = 90
"""A number given back may be anybody's again after so many days (ordos: 号码冷冻期)."""
WORKING_DAYS_STOPPED = 3
"""The service comes back after so many working days without another complaint (jilin)."""
COMPLAINTS_A_MONTH = 10
"""More than so many in a month raise an alarm: the operator may end the service (zhaotong)."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A stop of one seat, or with `seat` None of all seats of a contract (停机).

    In force from `since` up to, not including, `until` (None: until somebody resumes it). `why` is
    customer, arrears, complaint, retention, closed or a person's own word.
    """

    contract: str
    seat: str | None
    way: str
    since: datetime
    until: datetime | None = None
    why: str = CUSTOMER

    def __post_init__(self) -> None:
        if self.way not in WAYS:
            raise ValueError(f"a stop is out or both, not {self.way!r}")
        if self.since.tzinfo is None or (self.until is not None and self.until.tzinfo is None):
            raise ValueError("a stop begins and ends at a moment of a known zone")
        if self.until is not None and self.until <= self.since:
            raise ValueError("a stop ends after it begins")

    def over(self, moment: datetime) -> bool:
        """Whether it has ended by that moment."""
        return self.until is not None and self.until <= moment

    def in_force(self, moment: datetime) -> bool:
        return self.since <= moment and not self.over(moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedNumber:
    """A number given back: from `closed` on it is nobody's, from `free` on it may be anybody's (销户)."""

    contract: str
    number: str
    closed: date
    free: date

    @classmethod
    def of(cls, contract: str, number: str, closed: date) -> ClosedNumber:
        return cls(contract=contract, number=number, closed=closed, free=closed + DAYS_AT_REST * _DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A complaint about calls from a number of a contract, its seat's long number (投诉)."""

    contract: str
    number: str
    received: datetime
    about: str = ""

    def __post_init__(self) -> None:
        if self.received.tzinfo is None:
            raise ValueError("a complaint is received at a moment of a known zone")

    @property
    def month(self) -> Cycle:
        return Cycle.of(self.received.astimezone(SHANGHAI).date())


def midnight(day: date) -> datetime:
    """The moment at which a day begins in Shanghai."""
    return datetime.combine(day, time(), SHANGHAI)


def after_complaint(received: datetime, is_working_day: Callable[[date], bool]) -> datetime:
    """When the service comes back if nobody complains again: after three whole working days.

    The day of the complaint is none of them. Complained of on a Friday, the service is back on Thursday.
    """
    day, left = received.astimezone(SHANGHAI).date(), WORKING_DAYS_STOPPED
    while left:
        day += _DAY
        left -= is_working_day(day)
    return midnight(day + _DAY)


def alarms(complaints: Iterable[Complaint]) -> Mapping[tuple[str, Cycle], int]:
    """The contracts and months with more complaints than an operator bears, and how many (投诉超限)."""
    counted = Counter((one.contract, one.month) for one in complaints)
    return {key: count for key, count in sorted(counted.items()) if count > COMPLAINTS_A_MONTH}


Spell = tuple[datetime, datetime | None]
"""A stretch of time in which something is stopped; None while it goes on."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """When one seat's service is stopped both ways, its own stops and its contract's put together.

    A one-way stop leaves a service that is paid for.
    """

    spells: tuple[Spell, ...]

    @classmethod
    def of(cls, stops: Iterable[Stop], seat: str | None) -> Stopped:
        """What stops that seat; with None only what stops the whole contract."""
        touching = (stop for stop in stops if stop.way == "both" and stop.seat in (None, seat))
        return cls(tuple(joined((stop.since, stop.until) for stop in touching)))

    def day(self, day: date) -> bool:
        """Whether it is a whole day without service: neither that of suspension nor that of resumption."""
        return any(
            since.astimezone(SHANGHAI).date() < day
            and (until is None or day < until.astimezone(SHANGHAI).date())
            for since, until in self.spells
        )

    def throughout(self, first: date, last: date) -> bool:
        """Whether the service is stopped from the beginning of the one day to the end of the other."""
        begin, end = midnight(first), midnight(last + _DAY)
        return any(since <= begin and (until is None or until >= end) for since, until in self.spells)


def joined(spells: Iterable[Spell]) -> Iterator[Spell]:
    """Spells that touch or overlap made one."""
    last: Spell | None = None
    for since, until in sorted(spells, key=lambda spell: spell[0]):
        if last is None or (last[1] is not None and last[1] < since):
            if last is not None:
                yield last
            last = since, until
        else:
            ends = None if last[1] is None or until is None else max(last[1], until)
            last = last[0], ends
    if last is not None:
        yield last
