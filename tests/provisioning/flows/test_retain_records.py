"""Removing records whose time is over, on the real ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, text

from pbx import cdr_csv, cdr_json
from pbx.cdr_lines import parse
from provisioning.compliance.retention import Fate
from provisioning.core.call import Outcome
from provisioning.core.contract import Allowance, Zone
from provisioning.core.cycle import Cycle
from provisioning.core.dispute import Result
from provisioning.flows import retain_records
from provisioning.flows.admit_records import Verdict
from provisioning.flows.errors import FlowError
from provisioning.flows.make_bill import bill_of_cycle
from provisioning.flows.ports import Batch, HeldLine, SourceState
from provisioning.flows.rate_calls import rate_calls
from provisioning.flows.retain_records import retain
from provisioning.flows.settle_dispute import Wish, calls_meant, close_dispute, open_dispute
from provisioning.store.verify import verify

JULY, AUGUST = Cycle(2025, 7), Cycle(2025, 8)
AT = datetime(2025, 11, 2, 1, 0, tzinfo=UTC)
OVER = datetime(2026, 1, 31, 16, 0, tzinfo=UTC)
"""The first moment of February in Shanghai: what was called in July and is kept six months may go."""
NOT_YET = datetime(2026, 1, 31, 15, 59, tzinfo=UTC)
WHO = "clerk@office"


class Store:
    """A ledger with a contract, its calls, and the months going by."""

    def __init__(self, make, ledger, url):
        self.make, self.ledger, self.url, self.collected = make, ledger, url, 0
        self.contract(make.contract())

    def contract(self, contract, day=None):
        self.ledger.record_versions(
            [(contract, day or contract.term.first)],
            new_secret=lambda: "0123456789abcdefABCDEFGH",
            at=AT,
            who=WHO,
        )

    def lines(self, *records):
        named = []
        for record in records:
            self.collected += 1
            record = replace(record, uniqueid=f"pbx-1.{self.collected}")
            named.append(parse(cdr_json.render(record) if record.exact else cdr_csv.render(record)))
        return tuple(named)

    def store(self, *records, **more):
        source = SourceState(
            switch="pbx",
            path="/seatline.json",
            inode=1,
            offset=self.collected,
            prefix_length=0,
            prefix_sha256="",
            tail_sha256="",
        )
        return self.ledger.store(Batch(source=source, new=records, **more), at=AT)

    def collect(self, *records):
        """Collected and rated; returns the records as they were read."""
        lines = self.lines(*records)
        self.store(*lines)
        rate_calls(self.ledger)
        return lines

    def close_bill(self, cycle=JULY, contract="zhaotong"):
        return bill_of_cycle(self.ledger, contract, cycle, close=True, now=AT, who=WHO).document

    def retain(self, now=OVER, **more):
        """What became of how many, by contract and month."""
        done = retain(self.ledger, now=now, who=WHO, **more)
        return {(one.contract, str(one.month), one.fate): one.records for one in done.shares}

    def left(self):
        """How many records and verdicts there are."""
        return self.rows("SELECT count(*) FROM call_record")[0][0], sum(self.ledger.outcome_counts().values())

    def rows(self, asked):
        engine = create_engine(self.url)
        try:
            with engine.begin() as connection:
                return connection.execute(text(asked)).all()
        finally:
            engine.dispose()

    def sound(self):
        return verify(self.url)


@pytest.fixture
def store(make, ledger, full_ledger_url):
    return Store(make, ledger, full_ledger_url)


def test_records_go_when_their_months_are_over(store, make) -> None:
    """July's calls, kept six months, go on the 1st of February in Shanghai and not a minute sooner."""
    store.collect(make.cdr(), make.cdr("2025-07-31 23:59:59"), make.cdr("2025-08-01 00:00:01"))
    store.close_bill()
    assert store.retain(NOT_YET) == {}
    assert store.retain(OVER) == {("zhaotong", "2025-07", Fate.REMOVED): 2}
    assert store.left() == (1, 1)
    assert store.retain(OVER) == {}
    assert store.sound() == []


def test_a_closed_bill_is_still_proved(store, make) -> None:
    """After removal a bill's calls and amount are still compared with the sums that were kept; a sum that is
    changed by hand is found."""
    store.collect(make.cdr(), make.cdr(dst="12345"), make.cdr(dst="13900138001", seconds=600))
    document = store.close_bill()
    store.retain()
    assert store.left() == (0, 0)
    assert bill_of_cycle(store.ledger, "zhaotong", JULY, close=False, now=OVER, who=WHO).document == document
    kept = store.rows("SELECT zone, calls, increments, amount FROM removed_calls ORDER BY zone")
    assert [tuple(row) for row in kept] == [("domestic", 2, 12, "0.72"), ("service", 1, 2, "0.12")]
    assert store.sound() == []
    store.rows("UPDATE removed_calls SET amount = '0.71' WHERE zone = 'domestic' RETURNING id")
    assert [one.code for one in store.sound()] == ["bill-wrong"]


def test_no_number_of_a_removed_call_is_left(store, make) -> None:
    """Whom a removed call talked to stands nowhere in the ledger's records, verdicts and sums any more."""
    other = "13912345678"
    record = make.cdr(dst=other)
    (line,) = store.collect(record)
    conflict = HeldLine(
        offset=1, raw=line.raw, code="conflict", reason="src differ", key=(line.uniqueid, line.sequence)
    )
    store.store(held=(conflict,))
    store.rows(
        "INSERT INTO held_decision (line, state, why, at, who) "
        "SELECT id, 'voided', 'so', '2025-08-01', 'a' FROM held_line RETURNING id"
    )
    store.rows(
        "INSERT INTO channel_life (switch, uniqueid, linkedid, channel, src, dst, began, heard, whole, "
        f"bridges, cut, stepped, open) VALUES ('pbx', 'pbx-1.9', '{line.uniqueid}', 'c', 's', '{other}', "
        f"{line.start}, {line.start}, true, 0, false, 0, false) RETURNING id"
    )
    wish = Wish(contract="zhaotong", cycle=JULY, number=other)
    calls_meant(store.ledger, wish, now=AT, who=WHO)
    (opened,) = open_dispute(store.ledger, wish, "not ours", now=AT, who=WHO)
    store.close_bill()
    close_dispute(store.ledger, opened.id, Result.REJECTED, "ours", now=AT, who=WHO)
    store.retain()
    (told,) = store.ledger.disputes()
    assert (str(told.about), told.calls) == ("number ...5678", 1)
    tables = ("call_record", "rated_call", "removed_calls", "removed_record", "held_line", "channel_life")
    tables += ("dispute", "audit")
    for table in tables:
        for row in store.rows(f"SELECT * FROM {table}"):
            assert other not in repr([bytes(v) if isinstance(v, memoryview) else v for v in row]), table
    assert store.rows("SELECT count(*) FROM held_line")[0][0] == 1


def test_a_doubt_outlives_the_other_records_of_its_call(store, make) -> None:
    """What channel events tell against a record stays as long as the record: it is not billed unseen."""
    (good,) = store.collect(make.cdr())
    end = good.end + 60_000_000
    longer = replace(good, sequence=2, end=end, duration=good.duration + 60, billsec=good.billsec + 60)
    store.rows(
        "INSERT INTO channel_life (switch, uniqueid, linkedid, channel, src, dst, began, heard, whole, "
        f"bridges, cut, stepped, open, answered, ended) VALUES ('pbx', '{good.uniqueid}', '{good.uniqueid}', "
        f"'c', 's', 'd', {good.start}, {good.end}, true, 0, false, 0, false, {good.answer}, {good.end}) "
        "RETURNING id"
    )
    store.store(parse(cdr_json.render(longer)))
    assert rate_calls(store.ledger).review == 1
    store.close_bill()
    store.retain()
    assert (store.left(), rate_calls(store.ledger).review) == ((1, 1), 1)


def test_a_removed_record_is_not_collected_anew(store, make) -> None:
    """The line of a removed record, read once more, is known: it is no new call, and nobody pays twice."""
    old = store.collect(make.cdr(), make.cdr(dst="12345"))
    store.close_bill()
    store.retain()
    (new,) = store.lines(make.cdr("2025-07-20 10:00:00"))
    told = store.store(*old, new)
    assert [(line.code, line.key) for line in told] == [
        (Verdict.REMOVED, (one.uniqueid, one.sequence)) for one in old
    ]
    rate_calls(store.ledger)
    assert (store.left(), store.ledger.held_count()) == ((1, 1), 0)
    assert store.sound() == []


@pytest.mark.parametrize("microseconds", [0, 300_000])
def test_a_removed_record_is_known_from_an_exact_source_too(store, make, microseconds) -> None:
    """Removed as whole seconds and told with microseconds by another source, the latest call is the same."""
    (old,) = store.collect(make.cdr(exact=False))
    store.close_bill()
    store.retain()
    moved = {name: getattr(old, name) + microseconds for name in ("start", "answer", "end")}
    exact = parse(cdr_json.render(replace(old, exact=True, **moved)))
    assert [line.code for line in store.store(exact)] == [Verdict.REMOVED]
    assert store.left() == (0, 0)


def test_the_same_key_of_another_switch_is_another_call(store, make) -> None:
    """What was removed of one switch keeps no record of another from being collected."""
    (old,) = store.collect(make.cdr())
    store.close_bill()
    store.retain()
    source = replace(_source(), switch="other", path="/other.json")
    assert store.ledger.store(Batch(source=source, new=(old,)), at=AT) == ()
    assert store.left() == (1, 0)


def _source():
    return SourceState(
        switch="pbx", path="/x", inode=1, offset=1, prefix_length=0, prefix_sha256="", tail_sha256=""
    )


def test_what_money_hangs_on_stays(store, make) -> None:
    """Without a closed bill, without a price, late or disputed: such records stay whatever their age."""
    store.collect(make.cdr())
    assert store.retain() == {("zhaotong", "2025-07", Fate.UNBILLED): 1}
    store.collect(make.cdr(billsec=1), make.cdr(dst="0012025550123"))
    store.close_bill()
    store.collect(make.cdr(dst="12345"))
    (dispute,) = _disputed(store, zone="domestic")
    assert store.retain() == {("zhaotong", "2025-07", Fate.DISPUTED): 4}
    close_dispute(store.ledger, dispute.id, Result.REJECTED, "so", now=AT, who=WHO)
    assert store.retain() == {
        ("zhaotong", "2025-07", Fate.REMOVED): 1,
        ("zhaotong", "2025-07", Fate.UNPRICED): 2,
        ("zhaotong", "2025-07", Fate.LATE): 1,
    }
    store.close_bill(AUGUST)
    assert store.retain()["zhaotong", "2025-07", Fate.REMOVED] == 1
    assert store.sound() == []


def _disputed(store, **wish):
    return open_dispute(
        store.ledger, Wish(contract="zhaotong", cycle=JULY, **wish), "not ours", now=AT, who=WHO
    )


def test_a_dispute_that_comes_too_late_is_told_why(store, make) -> None:
    """Calls that are removed cannot be disputed any more; the message says that they are gone."""
    store.collect(make.cdr())
    store.close_bill()
    store.retain()
    with pytest.raises(FlowError, match="1 of its records were removed when their time was over"):
        _disputed(store)


def test_a_dispute_opened_meanwhile_keeps_its_records(store, make) -> None:
    """Between looking and removing a dispute may come: its records stay, and are counted as disputed."""
    store.collect(make.cdr())
    store.close_bill()

    class Meanwhile:
        def __getattr__(self, name):
            if name == "remove_records":
                _disputed(store)
            return getattr(store.ledger, name)

    done = retain(Meanwhile(), now=OVER, who=WHO)
    assert (done.removed, [(one.fate, one.records) for one in done.kept]) == (0, [(Fate.DISPUTED, 1)])
    assert store.left() == (1, 1)


def test_unanswered_calls_go_by_their_own_month(store, make) -> None:
    """Calls that nobody answered need no bill; disputed months keep theirs too."""
    july, june = (make.cdr(f"2025-0{month}-10 10:00:00", disposition="NO ANSWER") for month in (7, 6))
    store.contract(make.contract("other", first=date(2025, 1, 1), seats=[make.seat("08702129999")]))
    other = replace(june, accountcode="08702129999", src="08702129999")
    store.collect(july, make.cdr(), other)
    (dispute,) = _disputed(store)
    store.close_bill()
    assert store.retain() == {
        ("other", "2025-06", Fate.REMOVED): 1,
        ("zhaotong", "2025-07", Fate.DISPUTED): 2,
    }
    close_dispute(store.ledger, dispute.id, Result.REJECTED, "so", now=AT, who=WHO)
    assert store.retain() == {("zhaotong", "2025-07", Fate.REMOVED): 2}


def test_a_month_goes_without_the_one_before_it(store, make) -> None:
    """Unanswered calls of July go, those of a disputed June stay."""
    seat = "08702129999"
    store.contract(make.contract("other", first=date(2025, 1, 1), seats=[make.seat(seat)]))
    june, unheard, july = (
        make.cdr(f"2025-{day} 10:00:00", accountcode=seat, src=seat, disposition=said)
        for day, said in (("06-10", "ANSWERED"), ("06-11", "NO ANSWER"), ("07-10", "NO ANSWER"))
    )
    store.collect(june, unheard, july)
    wish = Wish(contract="other", cycle=Cycle(2025, 6))
    open_dispute(store.ledger, wish, "not ours", now=AT, who=WHO)
    assert store.retain() == {
        ("other", "2025-06", Fate.DISPUTED): 2,
        ("other", "2025-07", Fate.REMOVED): 1,
    }
    assert store.left() == (2, 2)


def test_nobodys_records_are_kept_longest(store, make) -> None:
    """A record of no contract is kept a year, or as long as the contract that keeps longest."""
    stranger = make.cdr(accountcode="", src="099912345678", dst="099987654321")
    store.collect(stranger)
    assert store.ledger.outcome_counts()["unrated"] == 1
    assert store.retain(datetime(2026, 7, 31, 15, 59, tzinfo=UTC)) == {}
    contract = make.contract("other", seats=[make.seat("08702129999")])
    longer = replace(contract, billing=replace(contract.billing, keep_months=24))
    store.contract(longer)
    assert store.retain(datetime(2026, 8, 2, tzinfo=UTC)) == {}
    assert store.retain(datetime(2027, 8, 2, tzinfo=UTC)) == {(None, "2025-07", Fate.REMOVED): 1}


def test_records_that_nobody_rated_stay_and_are_counted(store, make) -> None:
    """A record without any verdict is not removed: nobody knows what it is worth."""
    store.store(*store.lines(make.cdr()))
    done = retain(store.ledger, now=datetime(2027, 8, 2, tzinfo=UTC), who=WHO)
    assert (done.removed, done.never_rated) == (0, 1)
    assert any("nobody has rated" in line for line in done.lines())


def test_each_version_keeps_its_own_calls(store, make) -> None:
    """The months of the version in force at the call count, not those of a later one."""
    contract = make.contract()
    shorter = replace(contract, billing=replace(contract.billing, keep_months=1))
    store.contract(shorter, date(2025, 8, 1))
    store.collect(make.cdr(), make.cdr("2025-08-10 10:00:00"))
    store.close_bill()
    store.close_bill(AUGUST)
    assert store.retain(datetime(2025, 10, 2, tzinfo=UTC)) == {("zhaotong", "2025-08", Fate.REMOVED): 1}


def test_a_dry_run_removes_nothing(store, make) -> None:
    """What would be removed is told, and everything stays."""
    store.collect(make.cdr())
    store.close_bill()
    assert store.retain(dry=True) == {("zhaotong", "2025-07", Fate.REMOVED): 1}
    assert store.left() == (1, 1)
    assert store.ledger.audited_since("records-removed", AT) == 0


def test_a_run_broken_off_goes_on(store, make, monkeypatch) -> None:
    """Each portion is removed, summed up and noted in one transaction; the next run does the rest."""
    monkeypatch.setattr(retain_records, "AT_ONCE", 2)
    store.collect(*(make.cdr() for _ in range(5)))
    store.close_bill()
    counted = []

    def stop(text, done=None, total=None):
        counted.append(done)
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.retain(progress=stop)
    assert (store.left(), counted) == ((1, 1), [2, 4])
    assert store.sound() == []
    assert store.retain() == {("zhaotong", "2025-07", Fate.REMOVED): 1}
    assert store.sound() == []
    assert store.ledger.audited_since("records-removed", AT) == 3


def test_what_was_removed_is_told(store, make) -> None:
    """A person reads one sentence and a line a month; a program the same as JSON."""
    store.collect(make.cdr(), make.cdr(billsec=1))
    store.close_bill()
    done = retain(store.ledger, now=OVER, who=WHO)
    assert done.said() == "1 call record removed; 1 kept beyond their time"
    assert done.lines() == (
        "zhaotong 2025-07: 1 removed: their time is over",
        "zhaotong 2025-07: 1 kept: they have no price yet: `seatline rate` says why",
    )
    document = done.document()
    assert (document["removed"], document["kept"], document["dry_run"]) == (1, 1, False)
    assert [one["fate"] for one in document["cycles"]] == ["removed", "unpriced"]


def test_a_late_call_of_a_removed_month_costs_its_own_price(store, make) -> None:
    """A late call of a month whose records were removed is adjusted, and the former ones not again."""
    store.collect(make.cdr())
    store.close_bill()
    store.retain()
    store.collect(make.cdr(dst="12345"))
    late = store.ledger.late_calls("zhaotong", AUGUST)
    assert [call.outcome for _, call in late] == [Outcome.RATED]
    august = bill_of_cycle(store.ledger, "zhaotong", AUGUST, close=False, now=OVER, who=WHO).document
    assert [Decimal(line["amount"]) for line in august["adjustments"]] == [Decimal("0.12")]


def test_included_minutes_are_not_used_up_twice(store, make) -> None:
    """Where a removed month had included minutes a late call of it is on no bill, and that is told."""
    allowance = Allowance(minutes=60, per="contract", zones=(Zone.DOMESTIC,))
    contract = make.contract(
        "other", seats=[make.seat("08702129999")], calls=make.tariff(allowance=allowance)
    )
    store.contract(contract)
    call = make.cdr(accountcode="08702129999", src="08702129999")
    store.collect(call)
    store.close_bill(contract="other")
    assert store.retain() == {("other", "2025-07", Fate.REMOVED): 1}
    store.collect(make.cdr(accountcode="08702129999", src="08702129999", seconds=4000))
    august = bill_of_cycle(store.ledger, "other", AUGUST, close=False, now=OVER, who=WHO)
    assert (august.document["adjustments"], august.uncounted) == ([], 1)


def test_events_and_decided_lines_go_by_the_longest_time(store, make) -> None:
    """Events of a call without a record, and lines in quarantine somebody has decided on, go after a year;
    an undecided line stays, and a line that went is known by its digest when it is read once more."""
    decided, open_ = (HeldLine(offset=n, raw=b"broken %d" % n, code="x", reason="torn") for n in (1, 2))
    store.store(held=(decided, open_))
    store.rows(
        "INSERT INTO held_decision (line, state, why, at, who) "
        "SELECT min(id), 'voided', 'so', '2025-11-03', 'a' FROM held_line RETURNING id"
    )
    store.rows(
        "INSERT INTO seen_call (switch, uniqueid, sequence, src, dst, began, duration, billsec, disposition, "
        f"seen_at) VALUES ('pbx', 'pbx-9.9', 1, 's', 'd', {make.instant('2025-11-02 10:00:00')}, 1, 1, 'x', "
        "'2025-11-02') RETURNING id"
    )
    too_soon, over = datetime(2026, 11, 30, 15, 59, tzinfo=UTC), datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    for now, dry, gone in ((too_soon, False, (0, 0)), (over, True, (1, 1)), (over, False, (1, 1))):
        done = retain(store.ledger, now=now, who=WHO, dry=dry)
        assert (done.events, done.held_lines) == gone
    assert "1 call events and 1 held lines too" in done.said()
    store.store(held=(decided,))
    held = [bytes(raw) for (raw,) in store.rows("SELECT raw FROM held_line ORDER BY id")]
    assert held == [b"", b"broken 2"]
    done = retain(store.ledger, now=over, who=WHO)
    assert (done.events, done.held_lines) == (0, 0)
