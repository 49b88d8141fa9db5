"""What one call costs, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.charging.rating import LONGEST, price, rate_call, started_increments
from provisioning.core.call import Outcome
from provisioning.core.contract import Zone
from provisioning.core.cycle import Cycle

SECOND = 1_000_000


def priced(make, seconds, rate="0.06", **record):
    rates = {**make.RATES, Zone.DOMESTIC: Decimal(rate)}
    known = make.directory(make.version(calls=make.tariff(rates)))
    return rate_call(make.cdr(seconds=seconds, **record), known)


@pytest.mark.parametrize(
    ("seconds", "rate", "minutes", "amount"),
    [
        (61, "0.06", 2, "0.12"),
        (60, "0.06", 1, "0.06"),
        (59, "0.06", 1, "0.06"),
        (0, "0.06", 1, "0.06"),
        (1, "0.15", 1, "0.15"),
        (600, "0.15", 10, "1.50"),
        (61, "0.005", 2, "0.01"),
        (1, "0.005", 1, "0.01"),
        (1, "0.004", 1, "0.00"),
    ],
)
def test_every_started_minute_counts(make, seconds, rate, minutes, amount) -> None:
    """61 seconds at 0.06 cost 0.12, 60 seconds 0.06, and one second at 0.15 costs 0.15."""
    call = priced(make, seconds, rate)
    assert (call.outcome, call.increments, call.amount) == (Outcome.RATED, minutes, Decimal(amount))
    assert call.rate == Decimal(rate)


def test_the_reason_explains_the_price(make) -> None:
    """A rated call says how its price came about."""
    assert priced(make, 61).reason == "2 started minutes x 0.06, domestic"
    assert priced(make, 60).reason == "1 started minute x 0.06, domestic"
    known = make.directory(make.version(calls=make.tariff(increment=6)))
    assert rate_call(make.cdr(seconds=7), known).reason == (
        "2 started units of 6 s x 0.06 a minute, domestic"
    )


def test_a_call_knows_whose_and_what_it_is(make) -> None:
    """A rated call carries contract, version, seat, direction, class, zone, day and cycle."""
    call = priced(make, 61)
    assert (call.contract, call.version, call.seat) == ("zhaotong", 1, "08702120001")
    assert (call.direction, call.other) == ("outgoing", "13800138000")
    assert (call.number_class, call.zone) == ("mobile", Zone.DOMESTIC)
    assert (call.day, call.cycle, call.microseconds) == (date(2025, 7, 10), Cycle(2025, 7), 61 * SECOND)


def test_a_microsecond_over_a_minute_is_a_second_minute(make) -> None:
    """A call of 60.000001 s costs two minutes where the contract says exact and the record knows."""
    record = make.cdr(microseconds=60 * SECOND + 1)
    assert rate_call(record, make.directory()).increments == 2


def test_whole_seconds_count_where_the_contract_says_so(make) -> None:
    """The same call costs one minute where the contract says whole, or the record knows no better."""
    record = make.cdr(microseconds=60 * SECOND + 1)
    whole = make.directory(make.version(calls=make.tariff(duration="whole")))
    assert rate_call(record, whole).increments == 1
    assert rate_call(replace(record, exact=False), make.directory()).increments == 1


def test_a_call_under_a_second_costs_one_minute(make) -> None:
    """An answered call with billsec 0 has one increment and is not free."""
    record = make.cdr(microseconds=300_000)
    assert record.billsec == 0
    assert rate_call(record, make.directory()).amount == Decimal("0.06")


@pytest.mark.parametrize("disposition", ["NO ANSWER", "BUSY", "FAILED", "CONGESTION"])
def test_only_answered_calls_are_charged(make, disposition) -> None:
    """A call that nobody answered is free, even to a closed zone."""
    record = make.cdr(disposition=disposition, dst="0012025550123")
    call = rate_call(replace(record, answer=None), make.directory())
    assert (call.outcome, call.reason, call.cycle) == (Outcome.FREE, "not answered", None)
    assert (call.contract, call.seat, call.zone) == ("zhaotong", "08702120001", Zone.INTERNATIONAL)
    assert call.day == date(2025, 7, 10)


@pytest.mark.parametrize("number", ["110", "119", "120", "122", "12110", "12395"])
def test_emergency_calls_are_always_free(make, number) -> None:
    """A call to an emergency number is free and has no zone, in a contract or out of any."""
    call = rate_call(make.cdr(dst=number, userfield="emergency"), make.directory())
    assert (call.outcome, call.number_class, call.zone) == (Outcome.FREE, "emergency", None)
    stranger = rate_call(make.cdr(dst=number, accountcode="", src="sip"), make.directory())
    assert (stranger.outcome, stranger.contract) == (Outcome.FREE, None)


def test_a_false_emergency_goes_to_review(make) -> None:
    """A call that the switch marked as an emergency and that went to a mobile is looked at by a person."""
    call = rate_call(make.cdr(userfield="emergency"), make.directory())
    assert (call.outcome, call.amount) == (Outcome.REVIEW, 0)


@pytest.mark.parametrize("dst", ["6002", "08702120002", "2120002", "+868702120002"])
def test_a_call_within_the_contract_is_internal(make, dst) -> None:
    """A call between two numbers of a contract is internal, by short, local, long or +86 number."""
    call = rate_call(make.cdr(dst=dst), make.directory())
    assert (call.outcome, call.zone, call.number_class) == (Outcome.FREE, Zone.INTERNAL, "internal")
    assert call.reason == "2 started minutes x 0, internal"


def test_another_contract_on_the_same_switch_is_not_internal(make) -> None:
    """A call to a number of another contract is a local call like any other."""
    other = make.version(id="other", seats=(make.seat("08702120099", "6009"),))
    known = make.directory(make.version(), other)
    call = rate_call(make.cdr(dst="08702120099"), known)
    assert (call.contract, call.zone, call.amount) == ("zhaotong", Zone.LOCAL, Decimal("0.12"))
    assert rate_call(make.cdr(dst="6009"), known).outcome is Outcome.UNRATED


def test_incoming_calls_cost_what_the_contract_says(make) -> None:
    """An incoming call is free at "0" and costs its started minutes at any other rate."""
    record = make.cdr(src="13800138000", dst="08702120001")
    free = rate_call(record, make.directory())
    assert (free.outcome, free.direction, free.zone) == (Outcome.FREE, "incoming", None)
    paid = rate_call(record, make.directory(make.version(calls=make.tariff(incoming="0.03"))))
    assert (paid.outcome, paid.amount) == (Outcome.RATED, Decimal("0.06"))
    assert paid.reason == "2 started minutes x 0.03, incoming"


def test_use_before_charging_starts_is_free(make) -> None:
    """Before billing.starts a call is free as trial use; on that day it costs."""
    known = make.directory(make.version(starts=date(2025, 8, 1)))
    before = rate_call(make.cdr("2025-07-31 23:59:59"), known)
    assert (before.outcome, before.reason) == (
        Outcome.FREE,
        "trial use: charging starts on 2025-08-01",
    )
    assert rate_call(make.cdr("2025-08-01 00:00:00"), known).amount == Decimal("0.12")


def test_a_call_belongs_to_the_month_of_its_answer(make) -> None:
    """A call answered at 2025-07-31 23:59:59 in Shanghai belongs to July, one second later to August."""
    assert rate_call(make.cdr("2025-07-31 23:59:59"), make.directory()).cycle == Cycle(2025, 7)
    assert rate_call(make.cdr("2025-08-01 00:00:00"), make.directory()).cycle == Cycle(2025, 8)


def test_the_tariff_of_the_day_of_answer_counts(make) -> None:
    """A call is priced by the version in force on the day it was answered."""
    dearer = make.tariff({**make.RATES, Zone.DOMESTIC: Decimal("0.10")})
    known = make.directory(make.version(), make.version(number=2, effective=date(2025, 8, 1), calls=dearer))
    assert rate_call(make.cdr("2025-07-31 23:59:59"), known).amount == Decimal("0.12")
    later = rate_call(make.cdr("2025-08-01 00:00:00"), known)
    assert (later.amount, later.version) == (Decimal("0.20"), 2)


@pytest.mark.parametrize(
    ("dst", "reason"),
    [
        ("0012025550123", "international calls are closed in the contract, yet one was answered"),
        ("0085221234567", "hmt calls are closed in the contract, yet one was answered"),
        ("17909013800138000", "17909013800138000 is of class ip-prefix, which has no zone"),
        ("7777", "'7777' is no number that we know"),
        ("s", "'s' is no number that we know"),
    ],
)
def test_what_has_no_price_is_never_priced_0(make, dst, reason) -> None:
    """A call to a closed zone, without a zone or to no known number is unrated, with the reason."""
    call = rate_call(make.cdr(dst=dst), make.directory())
    assert (call.outcome, call.reason, call.amount) == (Outcome.UNRATED, reason, 0)
    assert call.contract == "zhaotong"


def test_a_zone_without_a_rate_has_no_price(make) -> None:
    """A zone that is not among the contract's rates is unrated."""
    rates = {zone: rate for zone, rate in make.RATES.items() if zone is not Zone.SERVICE}
    call = rate_call(make.cdr(dst="12345"), make.directory(make.version(calls=make.tariff(rates))))
    assert (call.outcome, call.reason) == (Outcome.UNRATED, "the contract has no rate for service calls")


def test_a_contract_without_calls_prices_none(make) -> None:
    """Without a tariff an outgoing call is unrated and an incoming one is free."""
    known = make.directory(make.version(no_calls=True))
    assert rate_call(make.cdr(), known).outcome is Outcome.UNRATED
    incoming = make.cdr(src="13800138000", dst="08702120001")
    assert rate_call(incoming, known).outcome is Outcome.FREE


def test_a_call_of_nobody_is_unrated(make) -> None:
    """An answered call between two strangers is unrated, and the reason names the numbers."""
    call = rate_call(make.cdr(accountcode="", src="13900139000"), make.directory())
    assert (call.outcome, call.contract) == (Outcome.UNRATED, None)
    assert "13900139000" in call.reason
    assert call.cycle == Cycle(2025, 7)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"answer": None}, "no time of answer"),
        ({"ring": -1}, "answered before it started"),
        ({"microseconds": -1, "billsec": 0}, "ended before it was answered"),
        ({"billsec": 59}, "billsec is 59 s, but end - answer is 61 s"),
        ({"billsec": 63}, "billsec is 63 s, but end - answer is 61 s"),
        ({"microseconds": 0, "billsec": -1}, "billsec is below zero"),
        ({"seconds": LONGEST + 1}, "over 4 hours"),
        ({"start": 0}, "the clock was wrong: start"),
    ],
)
def test_records_that_contradict_themselves_go_to_review(make, change, reason) -> None:
    """A record that cannot be right is not charged but looked at, and says why."""
    changes = dict(change)
    made = make.cdr(
        **{key: changes.pop(key) for key in list(changes) if key in ("ring", "microseconds", "seconds")}
    )
    call = rate_call(replace(made, **changes), make.directory())
    assert (call.outcome, call.amount) == (Outcome.REVIEW, 0)
    assert reason in call.reason


def test_a_call_of_just_four_hours_is_charged(make) -> None:
    """A call of exactly four hours is no contradiction; billsec may be a second off."""
    assert priced(make, LONGEST).amount == Decimal("14.40")
    assert priced(make, 61, billsec=60).outcome is Outcome.RATED
    assert priced(make, 61, billsec=62).outcome is Outcome.RATED


def test_a_clock_that_was_never_set_goes_to_review(make) -> None:
    """A record from 1970 is in review, not in a cycle, and nothing breaks."""
    call = rate_call(make.cdr(10 * SECOND, ring=1), make.directory())
    assert (call.outcome, call.day, call.cycle) == (Outcome.REVIEW, None, None)


def test_rounding_on_the_bill_keeps_the_exact_amount(make) -> None:
    """Where the contract rounds on the bill a call keeps its exact amount, else it is whole fen."""
    rates = {**make.RATES, Zone.DOMESTIC: Decimal("0.055")}
    by_bill = make.version(calls=make.tariff(rates), rounding="bill")
    by_call = make.version(calls=make.tariff(rates))
    assert rate_call(make.cdr(seconds=60), make.directory(by_bill)).amount == Decimal("0.055")
    assert rate_call(make.cdr(seconds=60), make.directory(by_call)).amount == Decimal("0.06")


RATE = st.decimals(min_value=0, max_value=10, places=3)
LASTED = st.integers(min_value=0, max_value=LONGEST * SECOND)
INCREMENT = st.sampled_from([1, 6, 30, 60, 180])
ROUNDING = st.sampled_from(["call", "bill"])


@given(one=LASTED, more=LASTED, increment=INCREMENT, rate=RATE, rounding=ROUNDING)
@settings(max_examples=200)
def test_a_longer_call_is_never_cheaper(one, more, increment, rate, rounding) -> None:
    """A longer call has at least as many increments and costs at least as much."""
    short, long = sorted((one, more))
    fewer, many = started_increments(short, increment), started_increments(long, increment)
    assert 1 <= fewer <= many
    assert price(fewer, increment, rate, rounding=rounding) <= price(many, increment, rate, rounding=rounding)


@given(
    parts=st.lists(st.integers(min_value=0, max_value=500), min_size=1, max_size=6),
    rate=RATE,
)
@settings(max_examples=100)
def test_exact_cost_is_additive(parts, rate) -> None:
    """The exact prices of a call's minutes, however grouped, add up to the price of all of them."""
    apart = sum((price(part, 60, rate, rounding="bill") for part in parts), Decimal(0))
    assert apart == price(sum(parts), 60, rate, rounding="bill")


@given(increments=st.integers(min_value=1, max_value=14_400), increment=INCREMENT, rate=RATE)
@settings(max_examples=200)
def test_a_rounded_price_is_within_half_a_fen(increments, increment, rate) -> None:
    """A call rounded to the fen costs at most half a fen more or less than exactly, and is in whole fen."""
    rounded = price(increments, increment, rate, rounding="call")
    exact = price(increments, increment, rate, rounding="bill")
    assert abs(rounded - exact) <= Decimal("0.005")
    assert rounded == rounded.quantize(Decimal("0.01"))


@pytest.mark.parametrize("end", [";1", ";2"])
def test_a_local_channel_is_looked_at_by_a_person(make, end) -> None:
    """An answered record of a Local channel has another leg that is charged, so it is never priced itself."""
    record = make.cdr(channel=f"Local/13800138000@forward-00000001{end}")
    call = rate_call(record, make.directory())
    assert (call.outcome, call.amount) == (Outcome.REVIEW, 0)
    assert call.reason == "a Local channel: its other leg is charged"
    missed = make.cdr(channel=record.channel, disposition="NO ANSWER")
    assert rate_call(missed, make.directory()).outcome is Outcome.FREE


@pytest.mark.parametrize(
    ("lastdata", "dstchannel", "outcome"),
    [
        ("Local/13800138000@out,30", "Local/13800138000@out-00000001;1", Outcome.RATED),
        ("Local/13800138000@out,30", "PJSIP/line-zhaotong-00000005", Outcome.REVIEW),
        ("Local/13800138000@out&PJSIP/line,30", "PJSIP/line-zhaotong-00000005", Outcome.RATED),
        ("PJSIP/+8613800138000@line-zhaotong,30", "PJSIP/line-zhaotong-00000005", Outcome.RATED),
    ],
    ids=["begins", "goes on", "could be the other one called", "no Local channel"],
)
def test_a_call_whose_local_channel_was_optimised_away_is_charged_once(
    make, lastdata, dstchannel, outcome
) -> None:
    """Asterisk then writes a second record of the caller's channel, which is not charged once more."""
    record = make.cdr(lastapp="Dial", lastdata=lastdata, dstchannel=dstchannel)
    assert rate_call(record, make.directory()).outcome is outcome
