"""Whose turn it is, and which nights are due."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from provisioning.flows.errors import LedgerUnavailable, LockHeld
from provisioning.flows.keep_nights import Begun, NightRun, due_nights, is_over, turn
from provisioning.flows.lock_switch import Owner

NOW = datetime(2025, 11, 19, 18, 10, tzinfo=UTC)
"""Ten past two on the 20th in Shanghai."""
OURS = Owner(who="li@desk", host="machine/boot", pid=10, token="ours")
THEIRS = Owner(who="wang@office", host="machine/boot", pid=20, token="theirs")


def run(owner: Owner = THEIRS, silent: timedelta = timedelta(0)) -> NightRun:
    return NightRun(id=1, owner=owner, began=NOW - timedelta(hours=1), renewed=NOW - silent)


@dataclass
class Book:
    """A book of one open run at most."""

    there: NightRun | None = None
    ended: list[tuple[int, int | None]] = field(default_factory=list)
    broken: bool = False

    def begin_night(self, owner: Owner, *, at: datetime, is_over: Callable[[NightRun], bool]) -> Begun:
        if self.there is not None and not is_over(self.there):
            return Begun(run=None, other=self.there)
        new = NightRun(id=2, owner=owner, began=at, renewed=at)
        return Begun(run=new, broken=() if self.there is None else (self.there,))

    def end_night(
        self, run: int, *, at: datetime, code: int | None, document: Mapping[str, Any] | None
    ) -> None:
        if self.broken:
            raise LedgerUnavailable("gone")
        self.ended.append((run, code))


def enter(book: Any, alive: bool = True) -> Any:
    return turn(book, OURS, lambda: NOW, lambda pid: alive)


@pytest.mark.parametrize(
    ("other", "alive", "over"),
    [
        (run(), True, False),
        (run(), False, True),
        (run(replace(THEIRS, host="elsewhere")), False, False),
        (run(replace(THEIRS, host="elsewhere"), timedelta(minutes=16)), False, True),
        (run(silent=timedelta(minutes=16)), True, True),
        (run(silent=timedelta(minutes=14)), True, False),
    ],
    ids=[
        "at work here", "dead here", "elsewhere, whoever lives here", "silent elsewhere",
        "silent here: another process has its number", "a minute to go",
    ],
)  # fmt: skip
def test_who_is_at_it(other: NightRun, alive: bool, over: bool) -> None:
    """A dead process of this machine is over at once, anybody after a quarter of an hour of silence."""
    assert is_over(other, OURS, NOW, lambda pid: alive) is over


def test_whoever_comes_second_is_told_by_whom_and_since_when() -> None:
    """The message names the owner, the process and the time; nothing is begun or ended."""
    book = Book(run())
    with pytest.raises(LockHeld, match=r"wang@office \(process 20\) since 2025-11-19 17:10:00"), enter(book):
        pass
    assert book.ended == []


def test_a_dead_run_is_taken_over() -> None:
    """The next one begins and knows whom it follows."""
    with enter(Book(run()), alive=False) as ours:
        assert (ours.run.id, ours.broken) == (2, (run(),))


def test_whoever_leaves_in_mid_run_has_broken_it_off() -> None:
    """A fault and an interrupt end the run without a code and go through."""
    book = Book()
    with pytest.raises(KeyboardInterrupt), enter(book):
        raise KeyboardInterrupt
    assert book.ended == [(2, None)]


def test_a_ledger_out_of_reach_does_not_hide_why_a_run_was_left() -> None:
    """What broke the run off goes through, not that nobody could note it."""
    with pytest.raises(ZeroDivisionError), enter(Book(broken=True)):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("last", "due"),
    [
        (None, [19]),
        (date(2025, 11, 19), []),
        (date(2025, 11, 18), [19]),
        (date(2025, 11, 15), [16, 17, 18, 19]),
        (date(2025, 11, 25), []),
    ],
    ids=["first night", "second run", "as usual", "three missed", "the clock was wrong"],
)
def test_the_nights_that_are_due(last: date | None, due: list[int]) -> None:
    """All days that are over in Shanghai and not covered, in order; at first the one before this day."""
    assert [day.day for day in due_nights(last, NOW)] == due
