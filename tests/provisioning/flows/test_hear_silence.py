"""A switch that processed calls and delivered no record is an alarm; one that had none is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pbx.action import Action, Reply
from pbx.errors import Unreachable
from provisioning.flows.hear_silence import UP, Heard, Signs, counted_calls, hear_silence

NOW = datetime(2025, 11, 19, 18, 10, tzinfo=UTC)
"""A Thursday in Shanghai."""
WEEKS = {date(2025, 11, 13): 40, date(2025, 11, 6): 12, date(2025, 10, 30): 33}


def heard(asked: Any = None, **given: Any) -> Heard:
    """What is heard of one switch, "pbx"."""
    told: dict[str, Any] = {"new": {}, "by_day": {}, "counted_before": {}, "signs": {}, "now": NOW}
    return hear_silence({"pbx": asked or {}}, **{**told, **given})


def kinds(found: Heard) -> list[tuple[str, bool]]:
    return [(one.kind, one.is_alarm) for one in found.silent]


def test_a_switch_that_counted_calls_and_delivered_none() -> None:
    """Five calls more than the night before and no record are an alarm that says so."""
    found = heard({"zhaotong/20251119": 12}, counted_before={"pbx": {"zhaotong/20251119": 7}})
    assert kinds(found) == [("lost", True)]
    assert "it counted 5 calls" in str(found.silent[0])


def test_an_alarm_rings_until_a_record_comes() -> None:
    """While nothing is delivered the count goes on from where it stood; with a record it begins anew."""
    before, now = {"pbx": {"zhaotong/20251119": 7}}, {"zhaotong/20251119": 12}
    silent = heard(now, counted_before=before)
    assert kinds(heard(now, counted_before=silent.counted)) == [("lost", True)]
    assert heard(now, counted_before=silent.counted, new={"pbx": 1}).counted == {"pbx": now}


UP_SINCE = "ended since 2025-11-01 08:00:00"


@pytest.mark.parametrize(
    ("counted", "before", "calls"),
    [
        ({UP_SINCE: 40, UP: 0}, {UP_SINCE: 38, UP: 0}, 2),
        ({UP_SINCE: 40, UP: 3, "zhaotong/20251119": 6}, {UP_SINCE: 40, UP: 0, "zhaotong/20251119": 3}, 0),
        ({UP_SINCE: 40, UP: 1, "zhaotong/20251119": 6}, {UP_SINCE: 40, UP: 0, "zhaotong/20251119": 3}, 2),
        ({UP_SINCE: 44, UP: 0, "zhaotong/20251119": 6}, {UP_SINCE: 40, UP: 0, "zhaotong/20251119": 3}, 4),
        ({"ended since 2025-11-19 01:00:00": 1, UP: 0}, {UP_SINCE: 500, UP: 2}, 1),
    ],
)
def test_what_asterisk_counted(counted: dict[str, int], before: dict[str, int], calls: int) -> None:
    """Calls that ended count, those that go on have no record yet; after a restart it counts from 0, and of
    its own count and the call logic's the higher one tells."""
    found = heard(counted, counted_before={"pbx": before})
    assert [one.said for one in found.silent] == ([f"it counted {calls} calls"] if calls else [])


def test_a_switch_that_delivered_is_not_silent() -> None:
    """With one record since the last night nothing is said, whatever was counted."""
    assert heard({"zhaotong/20251119": 12}, new={"pbx": 1}).silent == ()


def test_a_quiet_night_is_no_alarm() -> None:
    """No record, no call counted and none usual: nothing to say."""
    assert heard({"zhaotong/20251119": 7}, counted_before={"pbx": {"zhaotong/20251119": 7}}).silent == ()


@pytest.mark.parametrize("signs", [Signs(events=4), Signs(recordings=2)])
def test_events_and_recordings_tell_of_calls(signs: Signs) -> None:
    """Channel events or new recordings without any record are an alarm."""
    assert kinds(heard(signs={"pbx": signs})) == [("lost", True)]


def test_a_switch_that_usually_has_records() -> None:
    """Records on this day of the week in each of three weeks, and none now, are an alarm; a week without
    one makes it no habit."""
    assert kinds(heard(by_day={"pbx": WEEKS})) == [("quiet", True)]
    assert heard(by_day={"pbx": WEEKS | {date(2025, 11, 6): 0}}).silent == ()


def test_a_switch_that_cannot_be_asked() -> None:
    """It is told of, no alarm by itself; what it counted before is not forgotten."""
    found = heard(Unreachable("no answer"), counted_before={"pbx": {"zhaotong/20251118": 3}})
    assert kinds(found) == [("unasked", False)]
    assert found.counted == {"pbx": {"zhaotong/20251118": 3}}


@dataclass
class Database:
    """A switch's own database, as AMI shows it."""

    rows: Mapping[str, str]
    status: Mapping[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    name: str = "pbx"

    def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
        if action.name == "CoreStatus":
            return Reply({"Response": "Success", **self.status})
        family = dict(action.headers)["Family"]
        self.asked.append(family)
        events = tuple({"Key": key, "Val": value} for key, value in self.rows.items() if family in key)
        return Reply({"Response": "Success"}, (), events)


def test_what_a_switch_counted() -> None:
    """Calls by seat are added up by site and day; callees, paces and what is no number count nothing."""
    rows = {
        "/seatline-count/zhaotong/20251119/by/08702120001": "5",
        "/seatline-count/zhaotong/20251119/by/08702120002": "2",
        "/seatline-count/zhaotong/20251119/to/13800138000": "7",
        "/seatline-count/zhaotong/day": "20251119",
        "/seatline-count/zhaotong/20251118/by/08702120001": "x",
    }
    switch: Any = Database(rows)
    assert counted_calls(switch, ["zhaotong"]) == {"zhaotong/20251119": 7}
    assert switch.asked == ["seatline-count/zhaotong"]


def test_asterisk_counts_calls_itself() -> None:
    """Of the calls processed since it started those that go on have no record yet; one too old to count says
    nothing."""
    told = {"CoreProcessedCalls": "9", "CoreCurrentCalls": "2", "CoreStartupDate": "2025-11-01"}
    switch: Any = Database({}, told | {"CoreStartupTime": "08:00:00"})
    assert counted_calls(switch, ["zhaotong"]) == {UP_SINCE: 7, UP: 2}
    older: Any = Database({}, {"CoreCurrentCalls": "2"})
    assert counted_calls(older, ["zhaotong"]) == {}
