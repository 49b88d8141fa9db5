"""Auditing the calls of some days, through a ledger in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from provisioning.charging.rating import rate_call
from provisioning.compliance.made import MadeCall
from provisioning.core.contract import Policy
from provisioning.core.cycle import SHANGHAI
from provisioning.core.status import Stop
from provisioning.flows.audit_calls import audit_calls

ABROAD = "0012025550123"


class Book:
    """A ledger of one contract's calls."""

    def __init__(self, make, *calls, policy=None, stops=()):
        contract = make.contract(last=date(2026, 12, 31))
        self.version = make.version(replace(contract, policy=policy or Policy()))
        self.calls = sorted((self.made(make, *call) for call in calls), key=lambda made: made.start)
        self._stops = stops
        self.collected = None

    def made(self, make, at, dst):
        cdr = make.cdr(at, dst=dst, uniqueid=at, linkedid=at)
        return MadeCall(
            record=1,
            switch="pbx",
            uniqueid=at,
            linkedid=at,
            start=cdr.start,
            answer=cdr.answer,
            end=cdr.end,
            shown=cdr.src,
            channel=cdr.channel,
            leg=cdr.dstchannel,
            call=rate_call(cdr, make.directory(self.version)),
        )

    def versions(self):
        return (self.version,)

    def stops(self, contract=None):
        return self._stops

    def made_calls(self, first, until):
        return tuple(made for made in self.calls if first <= made.start < until)

    def earliest_collected(self, since):
        return self.collected


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


NOW = at("2025-07-20 02:30:00")


def days(audited):
    return [finding.day.day for finding in audited.findings]


@pytest.fixture
def abroad(make):
    """A call abroad on the 1st, the 12th, the 13th and the 20th."""
    return Book(make, *((f"2025-07-{day:02} 01:00:00", ABROAD) for day in (1, 12, 13, 20)))


def test_the_last_days_are_audited(abroad) -> None:
    """Without a day the seven days before today and today are looked at."""
    audited = audit_calls(abroad, now=NOW)
    assert days(audited) == [13, 20]
    assert (audited.first, audited.last, audited.calls) == (date(2025, 7, 13), date(2025, 7, 20), 2)


def test_a_day_may_be_named(abroad) -> None:
    """From a day on everything is looked at, and twice the same is found."""
    audited = audit_calls(abroad, now=NOW, since=date(2025, 7, 1))
    assert days(audited) == [1, 12, 13, 20]
    assert audit_calls(abroad, now=NOW, since=date(2025, 7, 1)) == audited
    assert audit_calls(abroad, now=NOW, since=date(2026, 1, 1)).findings[0].day == date(2025, 7, 20)


def test_what_was_collected_late_is_audited(abroad) -> None:
    """A call of the 12th that was collected this week takes its day, and all since, into the audit."""
    abroad.collected = abroad.calls[1].start
    assert days(audit_calls(abroad, now=NOW)) == [12, 13, 20]


def test_the_evening_before_counts_where_the_contract_looks_back(make) -> None:
    """A call back at one in the morning is right, because its callee called the evening before."""
    policy = Policy(hours=(480, 1140), call_backs_within=24)
    book = Book(make, ("2025-07-20 01:00:00", "13900138001"), policy=policy)
    assert [finding.rule for finding in audit_calls(book, now=NOW).findings] == ["hours"]
    record = make.cdr("2025-07-19 18:00:00", accountcode="08702120001", src="13900138001", dst="08702120001")
    came = replace(
        book.calls[0],
        uniqueid="came",
        linkedid="came",
        start=record.start,
        call=rate_call(record, make.directory(book.version)),
    )
    book.calls.insert(0, came)
    assert audit_calls(book, now=NOW).findings == ()


def test_stops_of_the_ledger_are_asked(make) -> None:
    """A call while the seat was stopped is found."""
    stop = Stop(contract="zhaotong", seat=None, way="out", since=at("2025-07-19 00:00:00"))
    book = Book(make, ("2025-07-20 01:00:00", "13900138001"), stops=(stop,))
    audited = audit_calls(book, now=NOW)
    assert audited.by_rule() == {"stopped": 1}
    assert audited.document()["findings"][0]["rule"] == "stopped"


def test_recordings_are_asked_for_where_they_are_kept(make) -> None:
    """Where the contract wants recordings, a call that has none is found, if anybody keeps book of them."""
    book = Book(make, ("2025-07-20 01:00:00", "13900138001"), policy=Policy(recording_keep_days=30))
    assert audit_calls(book, now=NOW).findings == ()
    assert audit_calls(book, now=NOW, recorded={"pbx": frozenset()}).by_rule() == {"not-recorded": 1}
    kept = {"pbx": frozenset({book.calls[0].uniqueid})}
    assert audit_calls(book, now=NOW, recorded=kept).findings == ()
