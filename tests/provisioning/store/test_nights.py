"""Nightly runs in the ledger: one at a time, and the days they covered; on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from provisioning.core.call import Outcome
from provisioning.core.contract import Zone
from provisioning.core.cycle import Cycle
from provisioning.flows.keep_nights import NightRun
from provisioning.flows.lock_switch import Owner
from provisioning.flows.night_figures import Charge
from provisioning.flows.ports import HeldLine
from provisioning.store.ledger import SqlLedger

TEN_PAST_TWO = datetime(2025, 11, 19, 18, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def owner(name: str = "one0") -> Owner:
    return Owner(who="clerk@office", host="machine", pid=4711, token=name)


def nobody_is_over(run: NightRun) -> bool:
    return False


def everybody_is_over(run: NightRun) -> bool:
    return True


def begun(ledger: SqlLedger, name: str = "one0", at: datetime = TEN_PAST_TWO) -> NightRun:
    run = ledger.begin_night(owner(name), at=at, is_over=nobody_is_over).run
    assert run is not None
    return run


def test_one_run_at_a_time(ledger: SqlLedger) -> None:
    """Who comes second is told who is at it and since when; when that one has ended, he begins."""
    first = begun(ledger)
    refused = ledger.begin_night(owner("two0"), at=TEN_PAST_TWO + MINUTE, is_over=nobody_is_over)
    assert (refused.run, refused.other) == (None, first)
    assert str(refused.other) == "clerk@office (process 4711) since 2025-11-19 18:10:00+00:00"
    ledger.end_night(first.id, at=TEN_PAST_TWO + MINUTE, code=0, document={"code": 0})
    assert begun(ledger, "two0").id != first.id


def test_a_run_without_an_end_that_is_over_makes_way(ledger: SqlLedger) -> None:
    """The dead one is ended without a code, is told of, and gives no sign of life any more."""
    dead = begun(ledger)
    new = ledger.begin_night(owner("two0"), at=TEN_PAST_TWO + MINUTE, is_over=everybody_is_over)
    assert new.broken == (dead,)
    assert not ledger.renew_night(dead.id, at=TEN_PAST_TWO + 2 * MINUTE)
    assert new.run is not None
    assert ledger.renew_night(new.run.id, at=TEN_PAST_TWO + 2 * MINUTE)
    assert ledger.last_night() is None


def test_who_was_taken_for_dead_ends_nothing(ledger: SqlLedger) -> None:
    """A run that somebody else ended stays broken off, whatever it says later."""
    dead = begun(ledger)
    ledger.begin_night(owner("two0"), at=TEN_PAST_TWO, is_over=everybody_is_over)
    ledger.end_night(dead.id, at=TEN_PAST_TWO + MINUTE, code=0, document={})
    assert (ledger.last_night(), ledger.last_good_night()) == (None, None)


@pytest.mark.parametrize(("code", "good"), [(0, True), (3, True), (1, False), (4, False), (75, False)])
def test_a_good_night(ledger: SqlLedger, code: int, good: bool) -> None:
    """0 and 3 are nights in which no step failed; the report of each night is kept as it was."""
    run = begun(ledger)
    ended = TEN_PAST_TWO + MINUTE
    ledger.end_night(run.id, at=ended, code=code, document={"code": code, "甲": "24.00"})
    last = ledger.last_night()
    assert last is not None
    assert (last.code, last.ended, last.document) == (code, ended, {"code": code, "甲": "24.00"})
    assert ledger.last_good_night() == (ended if good else None)
    assert ledger.night_under_way() is None


def test_a_sign_of_life(ledger: SqlLedger) -> None:
    """The run under way is known with its last sign of life."""
    run = begun(ledger)
    ledger.renew_night(run.id, at=TEN_PAST_TWO + MINUTE)
    there = ledger.night_under_way()
    assert there is not None
    assert (there.id, there.renewed) == (run.id, TEN_PAST_TWO + MINUTE)


def test_covered_days(ledger: SqlLedger) -> None:
    """Days are covered once; covered again, the newer findings stand. The last one is known."""
    run = begun(ledger)
    for day in (17, 18, 18):
        found = {"day": day, "calls": day}
        ledger.cover_night(run.id, date(2025, 11, day), found, at=TEN_PAST_TWO)
    ledger.cover_night(run.id, date(2025, 11, 18), {"calls": 5}, at=TEN_PAST_TWO)
    assert [(one.day.day, one.document["calls"]) for one in ledger.covered_nights(date.min)] == [
        (17, 17),
        (18, 5),
    ]
    assert [one.day.day for one in ledger.covered_nights()] == [18]
    assert [one.day.day for one in ledger.covered_nights(date(2025, 11, 18))] == [18]


def test_nothing_is_covered_at_first(ledger: SqlLedger) -> None:
    """A new ledger knows of no night."""
    assert ledger.covered_nights() == ()


def test_what_is_new(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """New records are counted by switch from a moment on, and by the day in Shanghai they came on."""
    late = datetime(2025, 11, 20, 17, 0, tzinfo=UTC)  # one in the morning of the 21st in Shanghai
    ledger.store(sample.batch(*(sample.record(n) for n in (1, 2))), at=sample.now)
    ledger.store(sample.batch(sample.record(3), offset=200), at=late)
    assert dict(ledger.collected_since(None)) == {"pbx": 3}
    assert dict(ledger.collected_since(late)) == {"pbx": 1}
    assert dict(ledger.collected_since(late + MINUTE)) == {}
    by_day = {switch: dict(days) for switch, days in ledger.collected_by_day(sample.now).items()}
    assert by_day == {"pbx": {date(2025, 11, 20): 2, date(2025, 11, 21): 1}}


def test_what_is_held_and_why(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """Held lines are counted by switch and cause, with the newest of them."""
    lines = [
        HeldLine(offset=n, raw=f"torn {n}".encode(), code=code, reason=f"reason {n}")
        for n, code in ((10, "columns"), (20, "columns"), (30, "conflict"))
    ]
    ledger.store(sample.batch(held=tuple(lines)), at=sample.now)
    assert [(one.code, one.lines, one.offset, one.reason) for one in ledger.held_groups()] == [
        ("columns", 2, 20, "reason 20"),
        ("conflict", 1, 30, "reason 30"),
    ]
    assert ledger.held_groups()[0].oldest == sample.now


def rated(ledger: SqlLedger, sample: SimpleNamespace, add: Callable[..., Any], *verdicts: Any) -> None:
    add(ledger, (sample.contract(), date(2025, 7, 1)))
    ledger.store(sample.batch(*(sample.record(n) for n in range(len(verdicts)))), at=sample.now)
    records = list(ledger.to_rate(again=False))
    ledger.save_rated((n, cdr, verdict) for (n, cdr), verdict in zip(records, verdicts, strict=True))


def test_what_calls_come_to(ledger: SqlLedger, sample: SimpleNamespace, add: Callable[..., Any]) -> None:
    """Charges are exact, by contract, day and zone; what has no price is in none, what is free is with 0."""
    rated(
        ledger,
        sample,
        add,
        sample.verdict(amount=Decimal("0.065")),
        sample.verdict(amount=Decimal("0.065")),
        sample.verdict(amount=Decimal("0.1")),
        sample.verdict(zone=Zone.LOCAL, amount=Decimal("0.2")),
        sample.verdict(Outcome.FREE, rate=None),
        sample.verdict(Outcome.REVIEW, rate=None),
        sample.verdict(day=date(2025, 8, 1), cycle=Cycle(2025, 8)),
    )
    day, spoken = date(2025, 7, 9), 60_000_001
    assert ledger.charges([Cycle(2025, 7)]) == (
        Charge(
            contract="zhaotong-2025", day=day, zone="domestic", calls=4,
            microseconds=4 * spoken, amount=Decimal("0.230"),
        ),
        Charge(
            contract="zhaotong-2025", day=day, zone="local", calls=1,
            microseconds=spoken, amount=Decimal("0.2"),
        ),
    )  # fmt: skip
    assert len(ledger.charges([Cycle(2025, 7), Cycle(2025, 8)])) == 3


def test_why_calls_wait(ledger: SqlLedger, sample: SimpleNamespace, add: Callable[..., Any]) -> None:
    """Reasons are counted without the days and numbers in them: what is alike counts together."""
    reason = "no number of a contract in force on 2025-07-0{0}: caller 0870212000{0}, called 13800138000"
    unrated = [
        sample.verdict(Outcome.UNRATED, reason=reason.format(n), contract=None, amount=Decimal(0))
        for n in (1, 2)
    ]
    rated(ledger, sample, add, *unrated, sample.verdict(Outcome.REVIEW, reason="over 4 h"))
    assert [(one.outcome, one.reason, one.calls) for one in ledger.waiting()] == [
        ("unrated", "no number of a contract in force on …: caller …, called …", 2),
        ("review", "over 4 h", 1),
    ]
