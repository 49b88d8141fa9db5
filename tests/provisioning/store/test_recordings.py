"""What the ledger knows of recorded calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from provisioning.core.recording import Recording
from provisioning.flows.find_recordings import Wanted
from provisioning.store.ledger import SqlLedger, open_ledger

START = datetime(2025, 7, 8, 18, 40, tzinfo=UTC)


def recording(number: int = 1, **changes: Any) -> Recording:
    uniqueid = f"pbx-1752000000.{number}"
    made = Recording(
        switch="pbx",
        path=f"zhaotong/20250709/{uniqueid}.wav",
        uniqueid=uniqueid,
        site="zhaotong",
        contract="zhaotong-2025",
        seat="08702120001",
        started=START + timedelta(minutes=number),
        milliseconds=60_000,
        size=960_044,
        sha256=bytes(32),
        keep_until=date(2025, 8, 8),
    )
    return replace(made, **changes)


@pytest.fixture
def ledger(full_ledger_url: str, sample: Any, add: Callable[..., Any]) -> Any:
    with open_ledger(full_ledger_url) as opened:
        add(opened, (sample.contract(), date(2025, 7, 1)))
        yield opened


def numbers(found: Any) -> list[int]:
    """Which of ours were found, by the numbers they were made with."""
    return [int(one.recording.uniqueid.rpartition(".")[2]) for one in found]


def id_of(ledger: SqlLedger, number: int) -> int:
    id = ledger.recordings_of("pbx")[recording(number).path].id
    assert id is not None
    return id


def take(ledger: SqlLedger, *found: Recording, at: datetime = START) -> None:
    ledger.take_recordings(found, at=at, who="clerk@office")


def test_a_recording_is_taken_up_once(ledger: SqlLedger) -> None:
    """A path that is known already stays as it was first recorded."""
    take(ledger, recording(1))
    take(ledger, recording(1, sha256=b"x" * 32), recording(2))
    found = ledger.recordings_of("pbx")
    assert [one.sha256[:1] for one in found.values()] == [b"\0", b"\0"]
    assert replace(found[recording(1).path], id=None) == recording(1)
    assert ledger.recordings_of("other") == {}


def test_what_is_due_is_marked_once(ledger: SqlLedger) -> None:
    """Only what is past its last day, not held and bound to a day is marked as removed, and only once."""
    take(ledger, recording(1), recording(2, keep_until=None), recording(3, keep_until=date(2025, 9, 1)))
    take(ledger, recording(4))
    (held,) = ledger.hold_recordings((id_of(ledger, 4),), "dispute", at=START, who="clerk@office")
    assert held == id_of(ledger, 4)
    assert ledger.count_due("pbx", date(2025, 8, 8)) == 0
    assert ledger.count_due("pbx", date(2025, 8, 9)) == 1
    assert [one.uniqueid for one in ledger.mark_due("pbx", date(2025, 8, 9), at=START, who="c")] == [
        recording(1).uniqueid
    ]
    assert ledger.mark_due("pbx", date(2025, 8, 9), at=START, who="c") == ()
    assert numbers(ledger.find_recordings(Wanted())) == [2, 3, 4]
    assert numbers(ledger.find_recordings(Wanted(removed=True))) == [1, 2, 3, 4]
    assert [one.event for one in ledger.recording_accesses(id_of(ledger, 1))] == ["recording-removed"]


def test_recordings_are_found_by_seat_site_and_day(ledger: SqlLedger, sample: Any) -> None:
    """Recordings are found by what a clerk knows of a call; its call record says who called whom."""
    other = recording(2, seat="08702120002", site="elsewhere", started=START + timedelta(days=1))
    take(ledger, recording(1), other)
    ledger.store(sample.batch(sample.record(1)), at=START)
    for wanted, found in (
        (Wanted(seat="08702120002"), [2]),
        (Wanted(site="zhaotong"), [1]),
        (Wanted(since=START + timedelta(hours=1)), [2]),
        (Wanted(until=START + timedelta(hours=1)), [1]),
        (Wanted(ids=(id_of(ledger, 2),)), [2]),
        (Wanted(held=True), []),
        (Wanted(), [1, 2]),
    ):
        assert numbers(ledger.find_recordings(wanted)) == found
    first, second = ledger.find_recordings(Wanted())
    assert (first.src, first.dst) == ("08702120001", "13800138000")
    assert (second.src, second.dst) == (None, None)


def test_a_call_of_two_records_is_one_recording(ledger: SqlLedger, sample: Any) -> None:
    """A recorded call that left two records is listed once."""
    take(ledger, recording(1))
    second = sample.record(1, sequence=2)
    ledger.store(sample.batch(sample.record(1), second), at=START)
    assert numbers(ledger.find_recordings(Wanted())) == [1]


def test_a_call_to_a_colleague_is_found_by_either_seat(ledger: SqlLedger, sample: Any) -> None:
    """A call inside is recorded as the called seat's, and is found by the calling seat as well."""
    take(ledger, recording(1, seat="08702120002"), recording(2, seat="08702120003"))
    ledger.store(sample.batch(sample.record(1)), at=START)
    assert numbers(ledger.find_recordings(Wanted(seat="08702120001"))) == [1]
    assert numbers(ledger.find_recordings(Wanted(seat="08702120002"))) == [1]


def test_a_recording_is_compared_with_the_talk_from_its_beginning(ledger: SqlLedger, sample: Any) -> None:
    """How long a recording should be: from its beginning or the answer, whichever is later, to the end."""
    call = sample.record(1)
    begun = datetime.fromtimestamp(call.start // 1_000_000, UTC)
    late = begun + timedelta(seconds=35)
    take(ledger, recording(1, started=begun), at=START)
    take(ledger, recording(2, started=late), recording(3), recording(4), at=START)
    other, unanswered = sample.record(2, **_times(call)), sample.record(3, answer=None)
    ledger.store(sample.batch(call, other, unanswered), at=START)
    of = {number: recording(number).path for number in (1, 2)}
    assert ledger.spoken("pbx", START) == ((of[1], 60_000, 60_000), (of[2], 60_000, 30_000))
    assert ledger.spoken("pbx", START + timedelta(seconds=1)) == ()
    assert ledger.spoken("other", START) == ()


def _times(call: Any) -> dict[str, int]:
    return {name: getattr(call, name) for name in ("start", "answer", "end")}


def test_holding_and_releasing_stand_in_the_audit(ledger: SqlLedger) -> None:
    """Who holds a recording, who lets go of it and who had it is written down, each with the reason."""
    take(ledger, recording(1))
    id = id_of(ledger, 1)
    assert ledger.hold_recordings((id,), "bill 7", at=START, who="li@desk") == (id,)
    assert ledger.hold_recordings((id,), "bill 7", at=START, who="li@desk") == ()
    (held,) = ledger.find_recordings(Wanted(held=True))
    assert held.recording.held == "bill 7"
    ledger.note_recordings((id,), "recording-fetched", "the customer asks", at=START, who="li@desk")
    assert ledger.hold_recordings((id,), None, at=START, who="wu@desk") == (id,)
    assert [(one.event, one.who, one.why) for one in ledger.recording_accesses(id)] == [
        ("recording-held", "li@desk", "bill 7"),
        ("recording-fetched", "li@desk", "the customer asks"),
        ("recording-released", "wu@desk", ""),
    ]


def test_what_is_removed_cannot_be_held(ledger: SqlLedger) -> None:
    """A recording that is marked as removed is not held any more: its file may be gone already."""
    take(ledger, recording(1))
    id = id_of(ledger, 1)
    ledger.mark_due("pbx", date(2026, 1, 1), at=START, who="c")
    assert ledger.hold_recordings((id,), "too late", at=START, who="c") == ()
