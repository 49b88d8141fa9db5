"""Channel events beside call records: what they tell of calls that have none, and of clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pbx import cdr_json
from pbx.cdr import SECOND
from pbx.cdr_event import SeenCall
from pbx.cdr_lines import parse
from pbx.live.files import RecordFiles
from provisioning.flows.collect_calls import Source
from provisioning.flows.collect_events import EventFile, collect_events
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Batch, SourceState
from provisioning.flows.rate_calls import rate_calls
from provisioning.flows.reconcile_sources import Reconciled, What, reconcile_sources
from provisioning.flows.settle_call import settle

NOON = 1_752_033_600
"""2025-07-09 12:00 in Shanghai."""
NOW = datetime.fromtimestamp(NOON, UTC) + timedelta(hours=6)
WHOLE = ("CHAN_START", "ANSWER", "BRIDGE_ENTER", "BRIDGE_EXIT", "CHAN_END")


def event(
    kind: str, second: float, number: int, *, linked: int | None = None, born: int | None = None
) -> str:
    """A line of the channel with that number, so many seconds after noon."""
    at = NOON * SECOND + round(second * SECOND)
    made = NOON + (number if born is None else born)
    linkedid = f"pbx-{made}.{number if linked is None else linked}"
    return (
        f'{{"schema":"1","eventtype":"{kind}","eventtime":{at // SECOND}.{at % SECOND:06d},'
        f'"uniqueid":"pbx-{made}.{number}","linkedid":"{linkedid}","channame":"PJSIP/seat-1-{number:08x}",'
        '"accountcode":"08702120001","context":"seatline","exten":"13800138000","num":"08702120001"}\n'
    )


def call(number: int, *, kinds: tuple[str, ...] = WHOLE, born: int | None = None) -> list[str]:
    """A call of 60 seconds that began `number` (or `born`) seconds after noon, as far as these events go."""
    began = number if born is None else born
    seconds = dict(zip(WHOLE, (0, 5, 5, 65, 65), strict=True))
    return [event(kind, began + seconds[kind], number, born=born) for kind in kinds]


class Desk:
    """A ledger with a contract, a file of events, and what is done with both."""

    def __init__(self, make, ledger, folder: Path) -> None:
        self.make, self.ledger, self.file, self.stored = make, ledger, folder / "seatline-events.json", 0
        ledger.record_versions(
            [(make.contract(), make.contract().term.first)],
            new_secret=lambda: "0123456789abcdefABCDEFGH",
            at=NOW,
            who="a test",
        )

    def write(self, *lines: str) -> None:
        with self.file.open("a") as file:
            file.write("".join(lines))

    def hear(self) -> EventFile:
        (told,) = collect_events(
            [Source("pbx", str(self.file))], self.ledger, RecordFiles(), now=NOW, progress=lambda *_: None
        )
        assert told.error is None
        return told

    def record(self, number: int, *, kind: str = "json", born: int | None = None, **changes) -> None:
        """Collects the record that belongs to `call(number)`."""
        self.stored += 1
        began = (NOON + (number if born is None else born)) * SECOND
        made = replace(
            self.make.cdr(),
            start=began,
            answer=began + 5 * SECOND,
            end=began + 65 * SECOND,
            duration=65,
            billsec=60,
            uniqueid=f"pbx-{began // SECOND}.{number}",
            linkedid=f"pbx-{began // SECOND}.{number}",
            sequence=number,
            exact=True,
        )
        line = parse(cdr_json.render(replace(made, **changes)))
        state = SourceState(
            switch="pbx", path="/seatline.json", inode=1, offset=self.stored, prefix_length=0,
            prefix_sha256="", tail_sha256="",
        )  # fmt: skip
        self.ledger.store(Batch(source=state, kind=kind, new=(line,)), at=NOW)

    def reconcile(self) -> Reconciled:
        return reconcile_sources(self.ledger, now=NOW)

    def found(self) -> list[tuple[What, str]]:
        return [(one.what, one.uniqueid) for one in self.reconcile().findings]


@pytest.fixture
def desk(make, ledger, tmp_path: Path) -> Desk:
    return Desk(make, ledger, tmp_path)


def test_a_sound_call_is_priced_as_without_events(desk: Desk) -> None:
    """Events that agree with the record change nothing, read twice or once."""
    desk.write(*call(1))
    desk.record(1)
    assert (desk.hear().events, desk.hear().events) == (5, 0)
    assert rate_calls(desk.ledger).document() == {"rated": 1, "free": 0, "unrated": 0, "review": 0}
    assert desk.found() == []


def test_a_call_that_a_crash_took_is_listed_and_not_invented(desk: Desk) -> None:
    """Asterisk was killed in mid-call: its channels are counted from 0 again, and the call has no record."""
    desk.write(*call(0, kinds=WHOLE[:3]), *call(0, born=120))
    desk.record(0, born=120)
    assert desk.hear().restarts == 1
    (lost,) = desk.reconcile().findings
    assert (lost.what, lost.src, lost.dst) == (What.MISSING, "08702120001", "13800138000")
    assert (lost.began, lost.answered, lost.seen_end) == (NOON * SECOND, (NOON + 5) * SECOND, False)
    assert "Asterisk stopped in mid-call" in lost.said
    assert rate_calls(desk.ledger).document()["rated"] == 1


def test_a_crash_of_which_asterisk_came_back_at_once_is_known(desk: Desk) -> None:
    """Within two seconds the channels are numbered from 0 again, after a silence that no running Asterisk
    makes between a channel's number and its first event."""
    desk.write(*(event(kind, at, 0) for kind, at in (("CHAN_START", 0), ("ANSWER", 0.1))))
    desk.write(event("CHAN_START", 0.1, 1, linked=0, born=0), event("ANSWER", 0.2, 1, linked=0, born=0))
    desk.write(*(event(kind, 1.2, 0, born=1) for kind in ("CHAN_START", "CHAN_END")))
    told = desk.hear()
    assert (told.restarts, told.steps) == (1, 0)
    assert (What.MISSING, f"pbx-{NOON}.0") in desk.found()


def test_channels_that_begin_together_may_be_told_in_any_order(desk: Desk) -> None:
    """A channel with a lower number that is told after a higher one, in the same moment, is no restart."""
    desk.write(event("CHAN_START", 7, 7), event("CHAN_START", 7.01, 6), event("CHAN_END", 9, 6))
    desk.write(event("CHAN_END", 9, 7))
    assert desk.hear().restarts == 0


def test_a_record_that_was_lost_is_missed(desk: Desk) -> None:
    """A call began and ended, as a full disk leaves it: it is listed until its record comes."""
    desk.write(*call(1))
    desk.hear()
    assert desk.found() == [(What.MISSING, f"pbx-{NOON + 1}.1")]
    desk.record(1)
    assert desk.found() == []


def test_a_call_that_goes_on_is_not_missed(desk: Desk) -> None:
    """A record is written at the end; after four hours somebody should look."""
    desk.write(*call(1, kinds=WHOLE[:3]))
    desk.hear()
    assert desk.found() == [(What.OPEN, f"pbx-{NOON + 1}.1")]
    earlier = datetime.fromtimestamp(NOON, UTC) + timedelta(hours=3)
    assert reconcile_sources(desk.ledger, now=earlier).findings == ()


def test_the_legs_of_one_call_are_one_finding(desk: Desk) -> None:
    """Caller and called are channels of one linkedid: either's record tells of the call."""
    desk.write(*call(1), *(event(kind, 2, 2, linked=1, born=1) for kind in ("CHAN_START", "CHAN_END")))
    desk.hear()
    (lost,) = desk.reconcile().findings
    assert lost.uniqueid == f"pbx-{NOON + 1}.1"
    desk.record(1)
    assert desk.found() == []


def test_a_clock_set_back_sends_the_calls_it_struck_to_review(desk: Desk) -> None:
    """Time goes backwards in the order of the file: who talked then is not charged, who called later is."""
    desk.write(event("CHAN_START", 1, 1), event("ANSWER", 6, 1), event("BRIDGE_ENTER", 6, 1))
    desk.write(event("CHAN_START", -3600, 2, born=-3600), event("CHAN_END", -3594, 2, born=-3600))
    desk.write(event("BRIDGE_EXIT", -3590, 1), event("CHAN_END", -3590, 1), *call(3, born=-3000))
    assert desk.hear().steps == 1
    desk.record(1, end=(NOON + 66) * SECOND)
    desk.record(3, born=-3000)
    assert rate_calls(desk.ledger).document() == {"rated": 1, "free": 0, "unrated": 0, "review": 1}
    (struck,) = (one for one in desk.reconcile().findings if one.what is What.DOUBTED)
    assert (struck.sequence, "went back" in struck.said) == (1, True)


def test_events_that_come_late_take_a_price_back(desk: Desk) -> None:
    """A call that is already priced goes to review when its events contradict it, and once only."""
    desk.record(1, end=(NOON + 366) * SECOND, billsec=360, duration=365)
    assert rate_calls(desk.ledger).rated == 1
    desk.write(*call(1))
    assert desk.hear().doubted == 1
    assert rate_calls(desk.ledger).document() == {"rated": 0, "free": 0, "unrated": 0, "review": 1}


@pytest.mark.parametrize(("billed", "outcome"), [(True, "rated"), (False, "free")])
def test_a_person_decides_of_a_call_in_doubt(desk: Desk, billed: bool, outcome: str) -> None:
    """As recorded, or never: it is rated so, listed no more and stands in the audit."""
    desk.record(1, end=(NOON + 366) * SECOND, billsec=360, duration=365)
    desk.write(*call(1))
    desk.hear()
    rate_calls(desk.ledger)
    (doubted,) = desk.reconcile().findings
    settle(
        desk.ledger, doubted.call, billed=billed, why="the switch's own log says so", now=NOW, who="a clerk"
    )
    assert rate_calls(desk.ledger).document()[outcome] == 1
    assert desk.found() == []
    assert desk.ledger.last_audited("call-settled") == NOW


def test_a_call_without_a_record_is_dealt_with_but_never_billed(desk: Desk) -> None:
    """There is nothing to bill; a reason is asked for, and a call that nobody saw is refused."""
    desk.write(*call(1))
    desk.hear()
    (lost,) = desk.reconcile().findings
    for name, billed, why in ((lost.call, True, "so"), (lost.call, False, " "), ("pbx/nobody", False, "so")):
        with pytest.raises(FlowError):
            settle(desk.ledger, name, billed=billed, why=why, now=NOW, who="a clerk")
    settle(desk.ledger, lost.call, billed=False, why="adjusted by hand", now=NOW, who="a clerk")
    assert desk.found() == []


def test_a_call_that_ami_showed_and_nobody_recorded_is_listed(desk: Desk) -> None:
    """The live view is a witness too; the record that comes later takes the call off the list."""
    seen = SeenCall(
        uniqueid=f"pbx-{NOON + 1}.1", sequence=1, linkedid="", src="08702120001", dst="13800138000",
        channel="PJSIP/x", began=(NOON + 1) * SECOND, duration=65, billsec=60, disposition="ANSWERED",
    )  # fmt: skip
    for _ in range(2):
        desk.ledger.note_seen("pbx", [seen], at=NOW)
    assert desk.found() == [(What.UNRECORDED, seen.uniqueid)]
    desk.record(1)
    assert desk.found() == []


def test_the_ledger_says_which_of_many_seen_calls_it_has(desk: Desk) -> None:
    """A call is known by its channel and its record's number, or by its channel alone where the switch tells
    no number; however many are asked for at once."""
    desk.record(1)
    known, strange = f"pbx-{NOON + 1}.1", [(f"pbx-{NOON}.{n}", -1) for n in range(1200)]
    asked = [(known, 1), (known, 2), (known, -1), *strange]
    assert desk.ledger.recorded("pbx", asked) == {(known, 1), (known, -1)}
    assert desk.ledger.recorded("other", asked) == frozenset()


def test_more_lost_calls_than_are_told_are_counted(desk: Desk) -> None:
    """The first are told one by one, and how many there are in all, caller and called being one call."""
    for number in range(0, 60, 2):
        desk.write(*call(number), event("CHAN_START", number, number + 1, linked=number, born=number))
        desk.write(event("CHAN_END", number + 9, number + 1, linked=number, born=number))
    desk.hear()
    for most, told in ((2, 2), (100, 30)):
        since = datetime.fromtimestamp(NOON - 60, UTC)
        some, count = desk.ledger.odd_calls("pbx", What.MISSING, since=since, until=NOW, most=most)
        assert (len(some), count) == (told, 30)


def test_what_one_source_lost_is_told_and_billed(desk: Desk) -> None:
    """A record in one file of two is billed; calls from before the other file began do not count as lost."""
    desk.record(1)
    for number in (2, 3, 4):
        desk.record(number)
    desk.ledger.store(
        Batch(
            source=SourceState(
                switch="pbx", path="/Master.csv", inode=2, offset=1, prefix_length=0, prefix_sha256="",
                tail_sha256="",
            ),
            kind="csv",
            witnessed=tuple(((f"pbx-{NOON + n}.{n}", n), "csv") for n in (2, 4)),
        ),
        at=NOW,
    )  # fmt: skip
    told = desk.reconcile()
    assert [(one.what, one.sequence) for one in told.findings] == [(What.ONE_SOURCE, 3)]
    assert "not in Master.csv" in told.findings[0].said
    assert (told.grave, told.sources["pbx"]) == (0, {"json": 2, "csv,json": 2})


def test_a_rotated_and_a_torn_file_are_read_on(desk: Desk) -> None:
    """The rest of a rotated file comes first; a line that is no event is counted, and said once."""
    desk.write(*call(1, kinds=WHOLE[:3]))
    desk.hear()
    desk.write(*call(1)[3:], "{torn\n")
    desk.file.rename(desk.file.with_name("seatline-events.json.1"))
    desk.write(*call(2))
    told = desk.hear()
    assert (told.events, told.broken, told.restarts, told.steps) == (7, 1, 0, 0)
    assert any("no channel events" in note for note in told.notes)
    desk.record(1)
    desk.record(2)
    assert desk.found() == []


def test_a_file_that_is_read_again_changes_nothing(desk: Desk) -> None:
    """Restored from a backup or copied and truncated: what was known of the channels stands."""
    calls = (*call(100), *call(200), *call(300, kinds=WHOLE[:3]))
    desk.write(*calls)
    desk.hear()
    before = dict(desk.ledger.lives("pbx", [f"pbx-{NOON + n}.{n}" for n in (100, 200, 300)]))
    desk.file.write_text("".join((*call(0), *calls)))
    told = desk.hear()
    assert told.steps == 0
    assert len(before) == 3
    assert desk.ledger.lives("pbx", list(before)) == before
