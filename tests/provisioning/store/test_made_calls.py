"""Calls as an audit reads them from the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from provisioning.store.ledger import SqlLedger


@pytest.fixture
def filled(ledger: SqlLedger, sample: SimpleNamespace, add: Callable[..., Any]) -> SqlLedger:
    """A ledger with three calls, two of them rated."""
    add(ledger, (sample.contract(), date(2025, 7, 1)))
    unanswered = sample.record(2, disposition="NO ANSWER", answer=None, dstchannel="")
    ledger.store(sample.batch(sample.record(3), unanswered, sample.record(1)), at=sample.now)
    records = list(ledger.to_rate(again=True))
    ledger.save_rated((number, cdr, sample.verdict()) for number, cdr in records if cdr.sequence != 3)
    return ledger


def test_calls_come_with_their_verdict_in_the_order_of_their_start(
    filled: SqlLedger, sample: SimpleNamespace
) -> None:
    """A rated call comes with its switch, channels, times and verdict; without one it does not come."""
    first, second = filled.made_calls(sample.record(1).start, sample.record(4).start)
    cdr = sample.record(1)
    assert (first.start, first.answer, first.end) == (cdr.start, cdr.answer, cdr.end)
    assert (first.switch, first.uniqueid, first.linkedid) == ("pbx", cdr.uniqueid, cdr.linkedid)
    assert (first.shown, first.channel, first.leg) == (cdr.src, cdr.channel, cdr.dstchannel)
    assert first.call == sample.verdict()
    assert (first.happened, second.happened, second.answer) == (True, False, None)


def test_only_the_calls_of_the_time_come(filled: SqlLedger, sample: SimpleNamespace) -> None:
    """The first instant counts, the last one does not."""
    one, two = sample.record(1).start, sample.record(2).start
    assert [made.start for made in filled.made_calls(one, two)] == [one]
    assert [made.start for made in filled.made_calls(one + 1, two + 1)] == [two]


def test_the_earliest_of_what_was_collected_lately_is_known(
    filled: SqlLedger, sample: SimpleNamespace
) -> None:
    """Of records collected from a moment on the earliest start is told, None where there are none."""
    assert filled.earliest_collected(sample.now) == sample.record(1).start
    assert filled.earliest_collected(sample.now + timedelta(microseconds=1)) is None
