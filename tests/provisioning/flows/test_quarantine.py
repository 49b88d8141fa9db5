"""Lines in quarantine, on both databases: tried again, released, voided, audited, and never billed twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pbx import cdr_csv, cdr_json
from pbx.cdr import Cdr
from pbx.cdr_lines import parse
from pbx.live.files import RecordFiles
from provisioning.core.call import Outcome, RatedCall
from provisioning.flows.collect_calls import Source, collect
from provisioning.flows.decide_held import Held, State, Wanted, readable_raw, release, retry, shown, void
from provisioning.flows.errors import FlowError
from provisioning.store.ledger import SqlLedger

NOW = datetime(2025, 8, 2, 8, 0, tzinfo=UTC)
WHO = "clerk@office"
ALL = Wanted(decided=True)


def record(number: int, **changes: Any) -> Cdr:
    second = 1753977590_000000 + number * 1_000_000
    plain = Cdr(
        accountcode="08702120001",
        src="08702120001",
        dst="13800138000",
        dcontext="c",
        clid='"a" <6001>',
        channel="PJSIP/a",
        dstchannel="PJSIP/b",
        lastapp="Dial",
        lastdata="PJSIP/b",
        start=second + 123456,
        answer=second + 234567,
        end=second + 999999,
        duration=1,
        billsec=0,
        disposition="ANSWERED",
        amaflags="DOCUMENTATION",
        uniqueid=f"pbx-1753977590.{number}",
        userfield="",
        peeraccount="",
        linkedid=f"pbx-1753977590.{number}",
        sequence=number,
        exact=True,
        raw=b"",
    )
    return replace(plain, **changes)


def csv(*records: Cdr) -> bytes:
    return b"".join(cdr_csv.render(one) + b"\n" for one in records)


def jsons(*records: Cdr) -> bytes:
    return b"".join(cdr_json.render(one) + b"\n" for one in records)


@pytest.fixture
def read(ledger: SqlLedger, tmp_path: Path) -> Callable[..., tuple[int, int, int, int]]:
    """Appends these bytes to a file and collects it: read, new, duplicate, quarantined."""

    def collected(data: bytes, name: str = "Master.csv", switch: str = "pbx") -> tuple[int, int, int, int]:
        path = tmp_path / name
        with path.open("ab") as file:
            file.write(data)
        got = collect(
            [Source(switch, str(path))], ledger, RecordFiles(), now=NOW, progress=lambda *_: None
        ).document()
        return got["read"], got["new"], got["duplicate"], got["quarantined"]

    return collected


def held(ledger: SqlLedger) -> list[tuple[str, State]]:
    return [(line.code, line.state) for line in ledger.held_lines(ALL)]


def billable(ledger: SqlLedger) -> list[tuple[int, str]]:
    """The sequence and the called number of each call record."""
    return sorted((one.sequence, one.dst) for _, one in ledger.to_rate(again=True))


def only(ledger: SqlLedger) -> Held:
    (line,) = ledger.held_lines(Wanted())
    return line


def test_one_of_two_payloads_is_billed(ledger, read):
    """Of a conflict the released payload takes the other's place, which is kept; and back again as often."""
    read(csv(record(1), record(1, dst="110")))
    first = only(ledger)
    look = shown(ledger, first.id)
    assert (look.differing, look.standing.record.dst, look.line.record.dst) == (
        ("dst",),
        "13800138000",
        "110",
    )
    release(ledger, first.id, "the clock was wrong", at=NOW, who=WHO)
    assert billable(ledger) == [(1, "110")]
    assert held(ledger) == [("conflict", State.RELEASED), ("conflict", State.REPLACED)]
    other = ledger.held_lines(ALL)[1]
    release(ledger, other.id, "it was right", at=NOW, who=WHO)
    assert billable(ledger) == [(1, "13800138000")]
    assert held(ledger) == [("conflict", State.REPLACED), ("conflict", State.RELEASED)]
    assert [one.state for one in ledger.decisions_of(first.id)] == [State.RELEASED, State.REPLACED]
    assert ledger.held_count() == 0


def test_a_release_is_rated_anew(ledger, read):
    """A record that was settled waits for a verdict again when another payload takes its place."""
    read(csv(record(1), record(1, dst="110")))
    (waiting,) = ledger.to_rate(again=False)
    ledger.save_rated([(*waiting, RatedCall(outcome=Outcome.FREE, reason="incoming"))])
    assert list(ledger.to_rate(again=False)) == []
    release(ledger, only(ledger).id, "why", at=NOW, who=WHO)
    ((number, changed),) = ledger.to_rate(again=False)
    assert (number, changed.dst) == (waiting[0], "110")


def test_reading_it_all_again_changes_nothing(ledger, read, tmp_path):
    """After a decision the same lines read once more bring no payload back, and no line into quarantine."""
    data = csv(record(1), record(1, dst="110"), record(2))
    read(data)
    release(ledger, only(ledger).id, "why", at=NOW, who=WHO)
    read(data, "copy.csv")
    assert billable(ledger) == [(1, "110"), (2, "13800138000")]
    assert ledger.held_count() == 0


def test_a_decision_twice_is_one(ledger, read):
    """To release or void the same line again changes nothing and adds no decision."""
    read(csv(record(1), record(1, dst="110")) + b"nonsense\n")
    conflict, broken = ledger.held_lines(Wanted())
    for _ in range(2):
        release(ledger, conflict.id, "why", at=NOW, who=WHO)
        void(ledger, Wanted(ids=(broken.id,)), "nothing", at=NOW, who=WHO)
    assert [len(ledger.decisions_of(one.id)) for one in (conflict, broken)] == [1, 1]


def test_what_is_voided_is_never_billed(ledger, read):
    """A voided line is kept with its bytes, counts no more as open, and a retry leaves it alone."""
    read(csv(record(1), record(1, dst="110")))
    line = only(ledger)
    assert [one.id for one in void(ledger, Wanted(code="conflict"), "the first", at=NOW, who=WHO)] == [
        line.id
    ]
    assert retry(ledger, Wanted(ids=(line.id,)), at=NOW, who=WHO) == {}
    assert billable(ledger) == [(1, "13800138000")]
    (kept,) = ledger.held_lines(ALL)
    assert (kept.raw, kept.state) == (cdr_csv.render(record(1, dst="110")), State.VOIDED)
    assert (ledger.held_count(), ledger.held_lines(Wanted())) == (0, ())


def test_a_call_record_by_decision_is_not_voided(ledger, read):
    """A line that was released is a call record: to void it is refused, and nothing else is done."""
    read(csv(record(1), record(1, dst="110")) + b"nonsense\n")
    conflict, broken = ledger.held_lines(Wanted())
    release(ledger, conflict.id, "why", at=NOW, who=WHO)
    with pytest.raises(FlowError, match=f"line {conflict.id} is a call record by decision"):
        void(ledger, Wanted(ids=(conflict.id, broken.id)), "why", at=NOW, who=WHO)
    assert ledger.held_count() == 1


def test_a_glued_line_of_before_is_read_by_a_retry(ledger, read, monkeypatch):
    """What an older seatline held as a whole is taken apart by a retry: the record is collected, the torn
    part held; what is no record stays as it was."""
    from pbx import cdr_glued

    with monkeypatch.context() as older:
        older.setattr(cdr_glued, "pieces", lambda raw, kind: None)
        read(csv(record(1))[:100] + csv(record(2)) + b"nonsense\n")
    assert (billable(ledger), ledger.held_count()) == ([], 2)
    assert retry(ledger, Wanted(), at=NOW, who=WHO) == {State.ADMITTED: 1, State.OPEN: 1}
    assert billable(ledger) == [(2, "13800138000")]
    assert held(ledger) == [("quoting", State.ADMITTED), ("columns", State.OPEN), ("torn", State.OPEN)]
    assert retry(ledger, Wanted(), at=NOW, who=WHO) == {State.OPEN: 2}


def test_a_retry_finds_what_is_known_meanwhile(ledger, read, monkeypatch):
    """A held line whose call came in by another way is closed as known, and counts once."""
    from pbx import cdr_glued

    with monkeypatch.context() as older:
        older.setattr(cdr_glued, "pieces", lambda raw, kind: None)
        read(csv(record(1))[:100] + csv(record(2)))
    read(jsons(record(2)), "seatline.json")
    assert retry(ledger, Wanted(), at=NOW, who=WHO) == {State.KNOWN: 1}
    assert billable(ledger) == [(2, "13800138000")]


def test_a_retry_that_finds_a_conflict_says_so(ledger, read, monkeypatch):
    """A held line that is a record by now, but another one than the ledger's, stays open as that conflict."""
    from pbx import cdr_csv as parser

    real = parser.parse
    with monkeypatch.context() as older:
        from pbx import cdr_lines

        def strict(line: bytes) -> Cdr:
            if b"110" in line:
                raise cdr_lines.BrokenRecord("number", "an older seatline could not read it")
            return real(line)

        older.setitem(cdr_lines.PARSERS, "csv", strict)
        read(csv(record(1), record(1, dst="110")))
    assert held(ledger) == [("number", State.OPEN)]
    assert retry(ledger, Wanted(), at=NOW, who=WHO) == {State.OPEN: 1}
    assert held(ledger) == [("conflict", State.OPEN)]
    assert "dst differ" in only(ledger).reason


def test_a_torn_line_is_not_believed_by_a_retry(ledger, read, tmp_path):
    """A record of Master.csv without its newline may have lost digits: only a person takes it for whole."""
    read(csv(record(1)) + csv(record(57))[:-1])
    (tmp_path / "Master.csv").rename(tmp_path / "Master.csv.1")
    read(csv(record(3)))
    line = only(ledger)
    assert (line.code, line.record.sequence) == ("torn", 57)
    assert retry(ledger, Wanted(), at=NOW, who=WHO) == {State.OPEN: 1}
    release(ledger, line.id, "the switch's log has it", at=NOW, who=WHO)
    assert [one for one, _ in billable(ledger)] == [1, 3, 57]


def test_what_is_no_record_cannot_be_released(ledger, read):
    """Nonsense cannot be billed: to release it is refused with what can be done."""
    read(csv(record(1)) + b"nonsense\n")
    with pytest.raises(FlowError, match=r"no call record.*Void it, or retry"):
        release(ledger, only(ledger).id, "why", at=NOW, who=WHO)
    with pytest.raises(FlowError, match="no line 99 is in quarantine"):
        release(ledger, 99, "why", at=NOW, who=WHO)
    with pytest.raises(FlowError, match="--why"):
        void(ledger, Wanted(), " ", at=NOW, who=WHO)


def test_another_switchs_call_moves(ledger, read):
    """A call that was collected as another switch's moves to the released line's switch: one record, one
    charge."""
    read(csv(record(1), record(2)), "Master.csv", "local")
    assert read(csv(record(2)), "part.csv", "pbx") == (1, 0, 0, 1)
    line = only(ledger)
    assert shown(ledger, line.id).standing.switch == "local"
    release(ledger, line.id, "pbx wrote it", at=NOW, who=WHO)
    assert [one for one, _ in billable(ledger)] == [1, 2]
    assert list(ledger.stored("pbx", [line.key])) == [line.key]
    assert ledger.stored("local", [line.key]) == {}


def test_a_closed_bill_stays(ledger, read, sample_bill):
    """A call that stands on a closed bill keeps its payload, whatever somebody would release."""
    read(csv(record(1), record(1, dst="110")))
    sample_bill(ledger)
    with pytest.raises(FlowError, match="closed bill zhaotong-2025 2025-07"):
        release(ledger, only(ledger).id, "why", at=NOW, who=WHO)
    assert (ledger.held_count(), billable(ledger)) == (1, [])
    assert [one.code for one in ledger.held_lines(ALL)] == ["conflict"]


@pytest.fixture
def sample_bill(ledger) -> Callable[[SqlLedger], None]:
    """Closes a bill with the one call record there is."""
    from itertools import count

    from provisioning.core.call import Direction
    from provisioning.core.contract import (
        Billing,
        CallTariff,
        Contract,
        Customer,
        Operator,
        Policy,
        Stated,
        Term,
        Zone,
    )
    from provisioning.core.cycle import Cycle
    from provisioning.core.site import Seat, Site
    from provisioning.flows.ports import StoredBill

    contract = Contract(
        id="zhaotong-2025",
        customer=Customer(name="某办公室"),
        operator=Operator(name="某运营商"),
        term=Term(first=date(2025, 7, 1), last=date(2025, 12, 31), renewal_months=0),
        billing=Billing(starts=date(2025, 7, 1)),
        recurring=(),
        once=(),
        stated=Stated(),
        calls=CallTariff(increment=60, rates={Zone.LOCAL: Decimal("0.06")}, incoming=Decimal(0)),
        messages=None,
        payers=(),
        policy=Policy(),
        site=Site(name="zhaotong", area_code="0870", seats=(Seat(long_number="08702120001"),)),
    )
    numbers = count(1)
    ledger.record_versions(
        [(contract, date(2025, 7, 1))], new_secret=lambda: f"secret{next(numbers):020d}", at=NOW, who=WHO
    )

    def close(ledger: SqlLedger) -> None:
        ((number, one),) = ledger.to_rate(again=False)
        rated = RatedCall(
            outcome=Outcome.RATED,
            reason="domestic at 0.06",
            contract="zhaotong-2025",
            version=1,
            seat="08702120001",
            direction=Direction.OUTGOING,
            other="13800138000",
            number_class="mobile",
            zone=Zone.DOMESTIC,
            day=date(2025, 7, 31),
            cycle=Cycle(2025, 7),
            microseconds=1,
            increments=1,
            rate=Decimal("0.06"),
            amount=Decimal("0.06"),
        )
        ledger.save_rated([(number, one, rated)])
        document = {"contract": "zhaotong-2025", "cycle": "2025-07", "amount": "0.06"}
        stored = StoredBill(contract="zhaotong-2025", cycle=Cycle(2025, 7), document=document, closed_at=NOW)
        ledger.close_bill(stored, calls=[number], amount=Decimal("0.06"), who=WHO)

    return close


def test_every_decision_is_in_the_audit(ledger, read):
    """Who decided what and why stands in the audit, without anybody's number in it."""
    read(csv(record(1), record(1, dst="110")) + b"nonsense\n")
    conflict, broken = ledger.held_lines(Wanted())
    release(ledger, conflict.id, "a clock", at=NOW, who=WHO)
    void(ledger, Wanted(ids=(broken.id,)), "nothing", at=NOW, who=WHO)
    for event in ("held-line-released", "held-line-replaced", "held-line-voided"):
        assert (event, ledger.audited_since(event, NOW)) == (event, 1)


def test_the_ledger_stays_sound(ledger, read, full_ledger_url):
    """After releases and retries every line is still the one that came with its batch."""
    from provisioning.store.verify import verify

    read(csv(record(1), record(1, dst="110"), record(2)) + csv(record(3))[:99] + csv(record(4)))
    release(ledger, ledger.held_lines(Wanted(code="conflict"))[0].id, "why", at=NOW, who=WHO)
    ledger.close()
    assert verify(full_ledger_url) == []


def test_a_line_is_shown_without_harm():
    """Bytes that would move the cursor, hide or turn text, or are no UTF-8, are written out."""
    assert readable_raw(b"a\x1b[2J\xff\x00\n\xe2\x80\xae\xe5\xbc\xa0") == "a\\x1b[2J\\xff\\x00\\n\\u202e张"
    assert parse(csv(record(1))[:-1]).sequence == 1
