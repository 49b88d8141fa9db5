"""One nightly run at a time, and no night left out: who is at it, which days are covered (夜间作业台账)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from provisioning.core.cycle import SHANGHAI
from provisioning.flows.errors import FlowError, LockHeld
from provisioning.flows.lock_switch import Owner

STALE_AFTER = timedelta(minutes=15)
"""A run that gave no sign of life for so long is over; one at work gives one each minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightRun:
    """A nightly run (一次夜间作业). Without `ended` it is under way, or its process died; `code` is None for
    one that was broken off. `document` is its report."""

    id: int
    owner: Owner
    began: datetime
    renewed: datetime
    ended: datetime | None = None
    code: int | None = None
    document: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.owner.who} (process {self.owner.pid}) since {self.began.isoformat(' ', 'seconds')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredNight:
    """A day of Shanghai that a run audited when it was over, and what it found of it."""

    day: date
    run: int
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What became of the wish to begin: a run of one's own, or the one that is still at it. `broken` are
    former ones that never ended: they are marked as broken off now."""

    run: NightRun | None
    other: NightRun | None = None
    broken: tuple[NightRun, ...] = ()


class NightBook(Protocol):
    """What the ledger keeps of nightly runs; each method is one transaction, and one writes at a time."""

    def begin_night(self, owner: Owner, *, at: datetime, is_over: Callable[[NightRun], bool]) -> Begun:
        """Begins a run, unless another one without an end is not over."""
        ...

    def renew_night(self, run: int, *, at: datetime) -> bool:
        """A sign of life; False where somebody took the run for dead and ended it."""
        ...

    def end_night(
        self, run: int, *, at: datetime, code: int | None, document: Mapping[str, Any] | None
    ) -> None: ...

    def last_night(self) -> NightRun | None:
        """The newest run that came to its end."""
        ...

    def last_good_night(self) -> datetime | None:
        """When the newest run ended in which no step failed."""
        ...

    def night_under_way(self) -> NightRun | None: ...

    def cover_night(self, run: int, day: date, document: Mapping[str, Any], *, at: datetime) -> None:
        """Notes that a day was audited when it was over; again, the newer findings stand."""
        ...

    def covered_nights(self, since: date | None = None) -> tuple[CoveredNight, ...]:
        """The days that are covered, from that one on; without one only the last of all."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A run that is ours while it lasts. `broken` are those before it that never ended."""

    run: NightRun
    broken: tuple[NightRun, ...]


def is_over(run: NightRun, owner: Owner, now: datetime, alive: Callable[[int], bool]) -> bool:
    """Whether a run without an end is nobody's any more: its process on this machine is gone, or whoever
    it is gave no sign of life for a quarter of an hour."""
    if run.owner.host == owner.host and not alive(run.owner.pid):
        return True
    return now - run.renewed > STALE_AFTER


@contextmanager
def turn(
    book: NightBook, owner: Owner, clock: Callable[[], datetime], alive: Callable[[int], bool]
) -> Iterator[Turn]:
    """Begins a run, or LockHeld with the other's name and time. Whoever leaves without having ended it has
    broken it off; a process that is killed is noticed by the next run."""
    now = clock()
    begun = book.begin_night(owner, at=now, is_over=lambda run: is_over(run, owner, now, alive))
    if begun.run is None:
        raise LockHeld(f"nightly is being done by {begun.other}; try again when it is done")
    try:
        yield Turn(run=begun.run, broken=begun.broken)
    except BaseException:
        with suppress(FlowError):  # the ledger is out of reach: the next run sees that nobody is at it
            book.end_night(begun.run.id, at=clock(), code=None, document=None)
        raise


def due_nights(last: date | None, now: datetime) -> tuple[date, ...]:
    """The days of Shanghai to be covered, in order: all that are over since the last one that is covered; the
    one before this day where none ever was."""
    yesterday = now.astimezone(SHANGHAI).date() - timedelta(days=1)
    first = yesterday if last is None else last + timedelta(days=1)
    return tuple(first + timedelta(days=n) for n in range((yesterday - first).days + 1))
