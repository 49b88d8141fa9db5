"""Opening and closing disputes, on the real ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pbx import cdr_csv, cdr_json
from pbx.cdr_lines import parse
from provisioning.core.contract import OneOff, Recurring, Zone
from provisioning.core.cycle import Cycle
from provisioning.core.dispute import Result
from provisioning.core.recording import Recording
from provisioning.flows.errors import ChangedMeanwhile, FlowError
from provisioning.flows.find_recordings import Wanted
from provisioning.flows.make_bill import bill_of_cycle
from provisioning.flows.ports import Batch, SourceState
from provisioning.flows.rate_calls import rate_calls
from provisioning.flows.settle_dispute import Wish, calls_meant, close_dispute, open_dispute

JULY, AUGUST, SEPTEMBER = Cycle(2025, 7), Cycle(2025, 8), Cycle(2025, 9)
AT = datetime(2025, 11, 2, 1, 0, tzinfo=UTC)
WHO = "clerk@office"
LINE = Recurring(item="line", name="专线", quantity=Decimal(1), total=Decimal("500.00"))


class Desk:
    """A ledger with a contract, its calls, bills and disputes."""

    def __init__(self, make, ledger):
        self.make, self.ledger, self.collected = make, ledger, 0
        self.contract(make.contract(recurring=[LINE]))

    def contract(self, contract, day=None):
        self.ledger.record_versions(
            [(contract, day or contract.term.first)],
            new_secret=lambda: "0123456789abcdefABCDEFGH",
            at=AT,
            who=WHO,
        )

    def collect(self, *records):
        named = []
        for record in records:
            self.collected += 1
            record = replace(record, uniqueid=f"pbx-1.{self.collected}")
            named.append(parse(cdr_json.render(record) if record.exact else cdr_csv.render(record)))
        self.ledger.store(Batch(source=_source(self.collected), new=tuple(named)), at=AT)
        return rate_calls(self.ledger)

    def upgrade(self, record):
        """A better source has the same call."""
        self.ledger.store(Batch(source=_source(self.collected), upgraded=(record,)), at=AT)

    def bill(self, cycle=JULY, *, close=False):
        made = bill_of_cycle(self.ledger, "zhaotong", cycle, close=close, now=AT, who=WHO)
        return dict(made.document)

    def sums(self, cycle=JULY):
        """The bill's total, what is disputed of it, and what is asked for."""
        bill = self.bill(cycle)
        return bill["amount"], bill.get("disputed", "0.00"), bill.get("undisputed", bill["amount"])

    def open(self, why="not ours", **wish):
        wish = {"cycle": JULY, **wish}
        return open_dispute(self.ledger, Wish(contract="zhaotong", **wish), why, now=AT, who=WHO)

    def close(self, number, result=Result.UPHELD, why="looked at", credit=None):
        given = None if credit is None else Decimal(credit)
        return close_dispute(self.ledger, number, result, why, credit=given, now=AT, who=WHO)


def _source(offset):
    return SourceState(
        switch="pbx",
        path="/seatline.json",
        inode=1,
        offset=offset,
        prefix_length=0,
        prefix_sha256="",
        tail_sha256="",
    )


@pytest.fixture
def desk(make, ledger):
    return Desk(make, ledger)


def test_a_disputed_closed_bill_is_not_asked_for_until_it_is_decided(desk, make) -> None:
    """A closed bill keeps its total; what is disputed of it is not asked for, and after a rejection is."""
    desk.collect(make.cdr(), make.cdr(dst="12345"))
    desk.bill(close=True)
    stored = desk.ledger.bill("zhaotong", JULY).document
    (opened,) = desk.open(zone="service")
    assert (opened.calls, opened.amount, opened.is_open) == (1, Decimal("0.12"), True)
    assert desk.sums() == ("500.24", "0.12", "500.12")
    assert desk.ledger.bill("zhaotong", JULY).document == stored
    closed = desk.close(opened.id, Result.REJECTED, why="their fax machine")
    assert (closed.closing.result, closed.closing.credit) == (Result.REJECTED, 0)
    assert json.dumps(desk.bill()) == json.dumps(stored)
    assert desk.bill(AUGUST)["adjustments"] == []


def test_an_upheld_dispute_is_a_credit_on_the_next_bill_and_on_no_other(desk, make) -> None:
    """July's dispute, upheld, is taken off August's bill; once that is closed September's is whole."""
    desk.collect(make.cdr(), make.cdr("2025-08-10 10:00:00"))
    desk.bill(close=True)
    (opened,) = desk.open(zone="domestic")
    desk.close(opened.id)
    assert desk.sums(JULY) == ("500.12", "0.00", "500.12")
    for close in (False, True):
        august = desk.bill(AUGUST, close=close)
        assert [(line["dispute"], line["amount"]) for line in august["adjustments"]] == [(opened.id, "-0.12")]
        assert august["amount"] == "500.00"
    assert desk.bill(SEPTEMBER)["adjustments"] == []
    (known,) = desk.ledger.disputes("zhaotong")
    assert known.closing.billed == AUGUST


def test_a_month_with_an_open_dispute_can_be_closed(desk, make) -> None:
    """Billing goes on: the bill is closed whole, and what is disputed is still told apart on it."""
    desk.collect(make.cdr(), make.cdr(dst="12345"))
    (opened,) = desk.open(number="13800138000")
    assert desk.sums() == ("500.24", "0.12", "500.12")
    closed = desk.bill(close=True)
    assert (closed["amount"], closed["disputed"], closed["undisputed"]) == ("500.24", "0.12", "500.12")
    assert "disputed" not in desk.ledger.bill("zhaotong", JULY).document
    assert desk.sums() == ("500.24", "0.12", "500.12")
    desk.close(opened.id)
    assert desk.bill(AUGUST)["amount"] == "499.88"


def test_a_credit_on_an_open_month_stands_on_its_own_bill(desk, make) -> None:
    """Upheld before July's bill is closed, the credit is on July's bill: that is the next one."""
    desk.collect(make.cdr())
    (opened,) = desk.open(zone="domestic")
    desk.close(opened.id, credit="0.05")
    assert (desk.bill(AUGUST)["adjustments"], desk.bill()["amount"]) == ([], "500.07")
    assert desk.bill(close=True)["amount"] == "500.07"
    assert desk.bill(AUGUST)["amount"] == "500.00"


def test_a_late_disputed_call_stands_on_the_bill_that_adjusts_it(desk, make) -> None:
    """A late call of July is disputed on August's bill, where it stands, the others on July's."""
    desk.collect(make.cdr(), make.cdr(dst="12345"))
    desk.bill(close=True)
    desk.collect(make.cdr(dst="13900138001"))
    (opened,) = desk.open(zone="domestic")
    assert (opened.calls, opened.amount) == (2, Decimal("0.24"))
    for close in (False, True):
        desk.bill(AUGUST, close=close)
        assert desk.sums(JULY) == ("500.24", "0.12", "500.12")
        assert desk.sums(AUGUST) == ("500.12", "0.12", "500.00")
        assert [line["disputed"] for line in desk.bill(AUGUST)["adjustments"]] == ["0.12"]


def test_a_fee_may_be_disputed(desk) -> None:
    """A monthly fee is a line like any other; one that is not on the bill is named with those that are."""
    with pytest.raises(FlowError, match="no fee 'seat'; it has line"):
        desk.open(item="seat")
    with pytest.raises(FlowError, match="which month"):
        desk.open(item="line", cycle=None)
    (opened,) = desk.open(item="line")
    assert desk.sums() == ("500.00", "500.00", "0.00")
    assert desk.bill()["recurring"][0]["disputed"] == "500.00"
    desk.close(opened.id, credit="100.00")
    assert desk.bill()["amount"] == "400.00"


def test_a_fee_that_stands_twice_is_disputed_whole(desk, make) -> None:
    """An item both monthly and once is one fee to who objects to it: what is given back may be both."""
    once = OneOff(item="line", name="安装费", total=Decimal("80.00"), due=date(2025, 7, 5))
    desk.contract(make.contract(recurring=[LINE], once=[once]), date(2025, 7, 1))
    (opened,) = desk.open(item="line")
    assert (opened.amount, desk.bill()["disputed"]) == (Decimal("580.00"), "580.00")
    assert desk.close(opened.id).closing.credit == Decimal("580.00")


def test_one_call_by_each_of_its_names(desk, make) -> None:
    """A call is named by its record's number, its unique id, or that and its sequence."""
    desk.collect(make.cdr(), make.cdr(dst="12345"))
    second = desk.ledger.calls_found("zhaotong", JULY)[1]
    for name in (str(second.record), second.uniqueid, f"{second.uniqueid}/{second.sequence}"):
        for cycle in (JULY, None):
            (opened,) = desk.open(call=name, cycle=cycle)
            assert (opened.about.record, opened.calls, opened.cycle) == (second.record, 1, JULY)
            desk.close(opened.id, Result.REJECTED)
    for name in ("999999", "pbx-1.99", f"{second.uniqueid}/7"):
        with pytest.raises(FlowError, match="no rated call of call"):
            desk.open(call=name)


def test_a_seat_by_its_short_number(desk, make) -> None:
    """Who names a seat by its short number means the calls of its long one."""
    desk.collect(make.cdr(), make.cdr(src="08702120002", accountcode="08702120002"))
    wish = Wish(contract="zhaotong", cycle=JULY, number="6001")
    assert [one.call.seat for one in calls_meant(desk.ledger, wish, now=AT, who=WHO)] == ["08702120001"]
    (opened,) = desk.open(number="6001")
    assert (opened.about.number, opened.calls) == ("08702120001", 1)


def test_without_a_month_each_month_is_disputed_by_itself(desk, make) -> None:
    """A number's calls of two months are two disputes, each closed by itself."""
    desk.collect(make.cdr(), make.cdr("2025-08-10 10:00:00"), make.cdr("2025-09-10 10:00:00", dst="12345"))
    opened = desk.open(number="+86 138-0013-8000", cycle=None)
    assert [(one.cycle, one.about.number) for one in opened] == [
        (JULY, "13800138000"),
        (AUGUST, "13800138000"),
    ]


def test_nothing_is_disputed_twice_or_for_nothing(desk, make) -> None:
    """An open dispute is not opened again; no calls, an unknown zone or contract, no reason: one message."""
    desk.collect(make.cdr())
    (opened,) = desk.open(zone="domestic")
    with pytest.raises(FlowError, match=f"dispute {opened.id} is open already"):
        desk.open(zone="domestic")
    for wish, told in (
        ({"zone": "local"}, "no rated call of zone local in 2025-07"),
        ({"zone": "moon"}, "no zone 'moon'; they are internal"),
        ({"number": "110"}, "no rated call of number 110"),
        ({"cycle": AUGUST}, "no rated call in 2025-08"),
        ({"call": "pbx-1.1/x"}, "is no call"),
    ):
        with pytest.raises(FlowError, match=told):
            desk.open(**wish)
    with pytest.raises(FlowError, match="--why"):
        desk.open(zone="domestic", why=" ")
    with pytest.raises(FlowError, match="contract list"):
        open_dispute(desk.ledger, Wish(contract="nobody"), "so", now=AT, who=WHO)
    assert len(desk.ledger.disputes()) == 1


def test_no_more_is_given_back_than_was_asked_for(desk, make) -> None:
    """Two upheld disputes over one call give its price back once, and a credit above it is refused."""
    desk.collect(make.cdr(), make.cdr(dst="13900138001"))
    (zone,) = desk.open(zone="domestic")
    (number,) = desk.open(number="13800138000")
    with pytest.raises(FlowError, match=r"about 0.24 CNY: a credit is at most 0.24"):
        desk.close(zone.id, credit="0.25")
    desk.close(zone.id, credit="0.20")
    with pytest.raises(FlowError, match=r"given 0.08 of it back: a credit is at most 0.04"):
        desk.close(number.id, credit="0.12")
    assert desk.close(number.id).closing.credit == Decimal("0.04")
    assert desk.bill()["amount"] == "500.00"


def test_a_closed_dispute_stays_closed(desk, make) -> None:
    """A dispute is decided once; a rejection with a credit, no reason or no such dispute is refused."""
    desk.collect(make.cdr())
    (opened,) = desk.open()
    with pytest.raises(FlowError, match="gives nothing back"):
        desk.close(opened.id, Result.REJECTED, credit="0.12")
    with pytest.raises(FlowError, match="--why"):
        desk.close(opened.id, why="")
    with pytest.raises(FlowError, match="no dispute 99"):
        desk.close(99)
    how = desk.close(opened.id).closing
    with pytest.raises(FlowError, match="was closed on 2025-11-02 by clerk@office: upheld"):
        desk.close(opened.id, Result.REJECTED)
    with pytest.raises(ChangedMeanwhile):
        desk.ledger.close_dispute(opened, how, held={}, calls=1, amount=Decimal("0.12"))


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("wish", [{"number": "13800138000"}, {"zone": "domestic"}, {"call": "pbx-1.1"}, {}])
def test_a_disputed_price_stands_still(desk, make, again, wish) -> None:
    """Rating leaves the disputed calls at their price until the dispute ends, after a change of contract too;
    those of other months it prices anew."""
    desk.collect(make.cdr(), make.cdr("2025-08-10 10:00:00"))
    (opened,) = desk.open(**wish)
    desk.contract(_dearer(make), date(2025, 7, 2))
    rate_calls(desk.ledger, again=again)
    assert (desk.bill()["amount"], desk.bill(AUGUST)["amount"]) == ("500.12", "501.20")
    desk.close(opened.id, Result.REJECTED)
    rate_calls(desk.ledger, again=again)
    assert desk.bill()["amount"] == "501.20"


def _dearer(make):
    tariff = make.tariff({**make.RATES, Zone.DOMESTIC: Decimal("0.60")})
    return make.contract(recurring=[LINE], calls=tariff)


def test_only_what_is_disputed_stands_still(desk, make) -> None:
    """The other calls of the month get their right price, and one without a price gets its first."""
    desk.collect(make.cdr(), make.cdr(dst="13900138001"), make.cdr(dst="0085221234567"))
    desk.open(number="13800138000")
    desk.open(zone="hmt")
    desk.open(item="line")
    rates = {**make.RATES, Zone.DOMESTIC: Decimal("0.60"), Zone.HMT: Decimal(1)}
    desk.contract(make.contract(recurring=[LINE], calls=make.tariff(rates)), date(2025, 7, 2))
    rate_calls(desk.ledger, again=True)
    lines = {(line["zone"], line["rate"]): line["amount"] for line in desk.bill()["calls"]}
    assert lines == {("domestic", "0.06"): "0.12", ("domestic", "0.60"): "1.20", ("hmt", "1.00"): "2.00"}


def test_a_better_source_does_not_move_a_disputed_line(desk, make) -> None:
    """Microseconds that come later count once the dispute is over; on a bill closed meanwhile, never."""
    whole = replace(make.cdr(seconds=60, exact=False), uniqueid="pbx-1.1")
    desk.collect(whole)
    (opened,) = desk.open()
    exact = replace(make.cdr(), uniqueid="pbx-1.1", answer=whole.answer, end=whole.end + 900_000)
    exact = parse(cdr_json.render(replace(exact, start=whole.start, duration=whole.duration)))
    desk.upgrade(exact)
    before = desk.sums()
    rate_calls(desk.ledger)
    assert desk.sums() == before
    desk.bill(close=True)
    desk.close(opened.id, Result.REJECTED)
    rate_calls(desk.ledger, again=True)
    assert desk.bill()["amount"] == before[0]
    assert desk.ledger.unsettled_calls("zhaotong", SEPTEMBER) == 0


def test_a_price_given_back_is_not_lowered_besides(desk, make) -> None:
    """What an upheld dispute gives back on an open bill was paid at that price: rating leaves it alone."""
    desk.collect(make.cdr())
    desk.contract(_dearer(make), date(2025, 7, 2))
    rate_calls(desk.ledger)
    (opened,) = desk.open()
    desk.close(opened.id)
    desk.contract(make.contract(recurring=[LINE], calls=make.tariff(make.RATES)), date(2025, 7, 2))
    rate_calls(desk.ledger, again=True)
    assert desk.bill()["amount"] == "500.00"
    assert desk.bill(close=True)["amount"] == "500.00"
    assert desk.ledger.unsettled_calls("zhaotong", JULY) == 0


def _recordings(*numbers):
    return [
        Recording(
            switch="pbx",
            path=f"zhaotong/20250710/pbx-1.{number}.wav",
            uniqueid=f"pbx-1.{number}",
            site="zhaotong",
            contract="zhaotong",
            seat="08702120001",
            started=AT,
            milliseconds=1000,
            size=1,
            sha256=bytes(32),
            keep_until=date(2025, 8, 10),
        )
        for number in numbers
    ]


def test_the_recordings_of_disputed_calls_are_held(desk, make) -> None:
    """A recording of a disputed call is kept until the last dispute over it is closed."""
    desk.collect(make.cdr(), make.cdr(dst="12345"))
    desk.ledger.take_recordings(_recordings(1, 2), at=AT, who=WHO)

    def held():
        return [one.recording.held for one in desk.ledger.find_recordings(Wanted())]

    (first,) = desk.open(zone="domestic")
    assert held() == [f"dispute {first.id}", None]
    (second,) = desk.open()
    assert held() == [f"dispute {first.id}", f"dispute {second.id}"]
    desk.close(first.id, Result.REJECTED)
    assert held() == [f"dispute {second.id}", f"dispute {second.id}"]
    desk.close(second.id, Result.REJECTED)
    assert held() == [None, None]


def test_a_recording_that_came_after_its_dispute_is_held_too(desk, make) -> None:
    """A dispute over a month that goes on is about its later calls as well; the others' recordings go."""
    desk.collect(make.cdr())
    (first,) = desk.open(number="13800138000")
    (second,) = desk.open(zone="domestic")
    desk.collect(make.cdr(), make.cdr(dst="12345"), make.cdr(dst="13900138001"))
    desk.ledger.take_recordings(_recordings(1, 2, 3, 4), at=AT, who=WHO)
    due = desk.ledger.mark_due("pbx", date(2025, 8, 11), at=AT, who=WHO)
    assert [one.uniqueid for one in due] == ["pbx-1.3"]
    held = [one.recording.held for one in desk.ledger.find_recordings(Wanted())]
    assert held == [f"dispute {first.id}", f"dispute {first.id}", f"dispute {second.id}"]
    desk.close(first.id, Result.REJECTED)
    desk.close(second.id, Result.REJECTED)
    assert len(desk.ledger.mark_due("pbx", date(2025, 8, 11), at=AT, who=WHO)) == 3


def test_calls_are_shown_to_find_the_one_and_the_audit_knows(desk, make) -> None:
    """The calls of a month, a zone or a number are shown, and who looked at them is noted first."""
    desk.collect(make.cdr(), make.cdr(dst="12345"))
    everything = Wish(contract="zhaotong", cycle=JULY)
    assert len(calls_meant(desk.ledger, everything, now=AT, who=WHO)) == 2
    (one,) = calls_meant(desk.ledger, replace(everything, zone="service"), now=AT, who=WHO)
    assert one.call.other == "12345"
    assert desk.ledger.audited_since("calls-looked-at", AT) == 2
    for wrong in (replace(everything, cycle=None), replace(everything, number="110")):
        with pytest.raises(FlowError):
            calls_meant(desk.ledger, wrong, now=AT, who=WHO)


def test_disputes_are_in_the_audit(desk, make) -> None:
    """Who opened and closed what, when and why, stands in the audit."""
    desk.collect(make.cdr())
    (opened,) = desk.open()
    desk.close(opened.id)
    for event in ("dispute-opened", "dispute-closed"):
        assert desk.ledger.audited_since(event, AT) == 1
