"""What a single call may not be."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from provisioning.compliance.rights import days_of
from provisioning.core.contract import Zone
from provisioning.core.cycle import SHANGHAI
from provisioning.core.status import Stop

ANNA, BERT = "08702120001", "08702120002"


def rules(office):
    return [rule for rule, _ in office.found()]


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "dst", ["13800138000", "2120002", "6002", "01085200000", "12345", "95588", "110", "0870110", "+86119"]
)
def test_calls_that_the_contract_has_opened_are_all_right(office, dst):
    """Calls inside, to the zones with a rate and to emergency numbers break nothing."""
    one = office()
    one.call(dst=dst)
    assert one.found() == []


@pytest.mark.parametrize("dst", ["0012025550123", "0085221234567", "1790912025550123", "106908235", "6999"])
def test_a_call_that_went_out_to_a_closed_zone_is_found(office, dst):
    """A call abroad, to Hong Kong, by a carrier's prefix or to nobody's number is found."""
    one = office()
    one.call(dst=dst)
    assert rules(one) == ["zone"]


def test_a_refused_call_never_happened(office):
    """What was not answered and called nobody breaks nothing, whatever was dialled."""
    one = office()
    one.call(dst="0012025550123", disposition="NO ANSWER", dstchannel="")
    assert one.found() == []
    one.call(dst="0012025550123", disposition="NO ANSWER")
    assert rules(one) == ["zone"]


def test_a_contract_without_rates_opens_nothing(office):
    """Where a contract prices no calls, only emergency numbers may be called."""
    one = office(calls=False)
    one.call(dst="110")
    one.call(dst="13800138000")
    assert one.found() == [("zone", [2])]


@pytest.mark.parametrize(
    ("zones", "dst", "found"),
    [
        (("+international",), "0012025550123", []),
        ((), "0012025550123", ["zone"]),
        (("-domestic",), "13800138000", ["zone"]),
        (("-domestic",), "95588", []),
        (("+hmt",), "0085221234567", ["zone"]),
    ],
)
def test_a_seat_has_rights_of_its_own(office, make, zones, dst, found):
    """A seat opens what the contract leaves to seats and closes others; without a rate nothing opens."""
    rates = {zone: make.tariff().rates[Zone.DOMESTIC] for zone in Zone} | {Zone.HMT: None}
    seats = (make.seat(ANNA, "6001", zones=zones), make.seat(BERT, "6002"))
    one = office(seats=seats, rates=rates, zones_by_seat=(Zone.INTERNATIONAL, Zone.HMT))
    one.call(dst=dst)
    assert rules(one) == found


@pytest.mark.parametrize(
    ("at", "found"),
    [
        ("07:59:57", True),
        ("07:59:59", False),
        ("08:00:00", False),
        ("18:59:59", False),
        ("19:00:00", True),
        ("23:00:00", True),
    ],
)
def test_calls_out_of_hours_are_found(office, at, found):
    """With 08:00-19:00 a call at 07:59:57 or 19:00:00 is found; the switch's moment of thought is not."""
    one = office(hours=(480, 1140))
    one.call(at)
    assert rules(one) == (["hours"] if found else [])


def test_inside_and_in_an_emergency_there_are_no_hours(office):
    """Emergency calls, calls inside the contract and incoming calls have no hours."""
    one = office(hours=(480, 1140))
    one.call("22:00:00", dst="120")
    one.call("22:00:00", dst="6002")
    one.call("22:00:00", incoming=True)
    assert one.found() == []


def test_hours_may_go_over_midnight(office):
    """With 20:00-06:00 calls are right at 23:00 and wrong at noon."""
    one = office(hours=(1200, 360))
    one.call("23:00:00")
    one.call("05:59:00")
    one.call("12:00:00")
    assert one.found() == [("hours", [3])]


def test_days_without_hours_and_holidays_are_closed(office):
    """With mon-fri and a holiday on Thursday the 10th, Thursday and Saturday are closed."""
    one = office(hours=(480, 1140), days="mon-fri", holidays=(date(2025, 7, 10),))
    one.call()
    one.call(day="2025-07-11")
    one.call(day="2025-07-12")
    assert one.days() == {
        "2025-07-10": [("hours", [1])],
        "2025-07-11": [],
        "2025-07-12": [("hours", [3])],
        "2025-07-13": [],
    }


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri", "mon tue wed thu fri"),
        ("sat", "sat"),
        ("fri-mon", "fri sat sun mon"),
        ("mon&wed-thu", "mon wed thu"),
    ],
)
def test_days_are_named_as_the_contract_file_names_them(text, days):
    """mon-fri are five days, fri-mon four, over the weekend."""
    assert days_of(text) == set(days.split())


def test_calling_back_is_no_matter_of_hours(office):
    """Whoever called the contract, answered or not, may be called back for as long as the contract says."""
    one = office(hours=(480, 1140), call_backs_within=2)
    one.call("18:30:00", seat=BERT, incoming=True, dst="13900138001", disposition="NO ANSWER")
    one.call("20:00:00", dst="+8613900138001")
    one.call("20:31:00", dst="13900138001")
    one.call("20:00:00", dst="13900138002")
    assert one.found() == [("hours", [4]), ("hours", [3])]


def test_without_that_clause_nobody_is_called_back(office):
    """Where the contract does not speak of call-backs, a call back out of hours is one out of hours."""
    one = office(hours=(480, 1140))
    one.call("18:30:00", incoming=True, dst="13900138001")
    one.call("20:00:00", dst="13900138001")
    assert rules(one) == ["hours"]


@pytest.mark.parametrize(
    ("dst", "found"),
    [
        ("13900138001", []),
        ("+8613900138001", []),
        ("6002", []),
        ("08702120002", []),
        ("110", []),
        ("13900138002", ["not-listed"]),
        ("6003", ["not-listed"]),
    ],
)
def test_a_family_phone_calls_its_list(office, make, dst, found):
    """With an allow-list a seat calls what is on its list, in any form, and nobody else, not even inside."""
    seats = (make.seat(ANNA, "6001", allowed=("13900138001", "6002")), *make.SEATS[1:])
    one = office(seats=seats, allow_list=True)
    one.call(dst=dst)
    assert rules(one) == found


def test_a_card_terminal_has_a_list_of_its_own(office, make):
    """A seat with the feature pos calls its list alone; the seat beside it is free."""
    seats = (make.seat(ANNA, features=("pos",), allowed=("95516",)), *make.SEATS[1:])
    one = office(seats=seats)
    one.call(dst="95516")
    one.call(dst="95588")
    one.call(dst="95588", seat=BERT)
    assert one.found() == [("not-listed", [2])]


@pytest.mark.parametrize(
    ("way", "seat", "found"),
    [("out", ANNA, [1, 2]), ("out", None, [1, 2]), ("both", ANNA, [1, 2, 3]), ("out", BERT, [])],
)
def test_a_stopped_seat_makes_no_calls(office, way, seat, found):
    """One-way stopped it makes no call but emergency ones; both ways it has none; before and after it has."""
    one = office()
    since, until = moment("2025-07-10 09:00:00"), moment("2025-07-10 11:00:00")
    one.around.stops = (Stop(contract="zhaotong", seat=seat, way=way, since=since, until=until),)
    one.call()
    one.call(dst="6002")
    one.call(incoming=True)
    one.call(dst="110")
    one.call("08:59:59")
    one.call("11:00:00")
    assert [record for rule, (record,) in one.found() if rule == "stopped"] == found
    assert {rule for rule, _ in one.found()} <= {"stopped"}


@pytest.mark.parametrize(("way", "found"), [("out", []), ("both", ["stopped"])])
def test_a_seat_stopped_both_ways_is_called_by_nobody(office, way, found):
    """A call inside to a seat that is stopped both ways is found; one to a seat stopped one way is right."""
    one = office()
    one.around.stops = (Stop(contract="zhaotong", seat=BERT, way=way, since=moment("2025-07-10 09:00:00")),)
    one.call(dst="6002")
    assert rules(one) == found


@pytest.mark.parametrize("shown", ["13900000000", BERT, "12393", "", "anonymous", "110"])
@pytest.mark.parametrize("dst", ["13800138000", "110"])
def test_only_the_seats_own_number_is_shown(office, shown, dst):
    """A call that went out under another number, another seat's too, or none, is found; emergency or not."""
    one = office()
    one.call(dst=dst, src=shown)
    assert rules(one) == ["shown-number"]


@pytest.mark.parametrize("shown", [ANNA, "+868702120001", "08702120009", "6001"])
def test_a_seat_shows_any_of_its_own_numbers(office, make, shown):
    """Its long number in any form, and its second number, are the seat's own."""
    one = office(seats=(make.seat(ANNA, "6001", second_number="08702120009"),))
    one.call(src=shown)
    assert one.found() == []


@pytest.mark.parametrize(
    ("leg", "found"),
    [
        ("PJSIP/line-zhaotong-00000001", []),
        (f"PJSIP/seat-{ANNA}-line-00000001", []),
        ("SIP/trunk-0001", []),
        ("PJSIP/line-jilin-00000001", ["shown-number"]),
        (f"PJSIP/seat-{BERT}-line-00000001", ["shown-number"]),
    ],
)
def test_calls_go_out_by_their_own_line(office, leg, found):
    """A call by another contract's line, or another seat's, shows another's number there."""
    one = office()
    one.call(dstchannel=leg)
    assert rules(one) == found


def test_a_second_number_goes_out_by_a_line_of_its_own(office, make):
    """A second number with a password has a line of its own, and calls by it are right."""
    one = office(seats=(make.seat(ANNA, second_number="08702120009"), make.seat(BERT)))
    one.call(src="08702120009", dstchannel="PJSIP/seat-08702120009-line-00000001")
    assert one.found() == []
    one.call(seat=BERT, dstchannel="PJSIP/seat-08702120009-line-00000002")
    assert one.found() == [("shown-number", [2])]


def passed_on(one, to, *, first="13900138007"):
    """A call from outside that the switch passed on."""
    came = one.call(incoming=True, dst=first)
    one.call(dst=to, linkedid=came.linkedid, channel="Local/x@seatline-leg-00000001;2")
    return rules(one)


def test_a_call_that_was_passed_on_is_found_where_forwarding_is_closed(office, make):
    """Where forwarding is closed a call that was passed on to the outside is found, a target or not."""
    assert passed_on(office(), "13900138001") == ["forwarding"]
    seats = (make.seat(ANNA, forward_always="13900138001"),)
    assert passed_on(office(seats=seats), "13900138001") == ["forwarding"]


@pytest.mark.parametrize(
    ("facts", "to", "found"),
    [
        ({"forward_busy": "13900138001"}, "13900138001", []),
        ({"forward_busy": "13900138001"}, "13900138002", ["forwarding"]),
        ({"further": ("13900138001", "13900138002")}, "+8613900138002", []),
        ({"mobile": "13900138001", "features": ("one-number",)}, "13900138001", []),
        ({"mobile": "13900138001"}, "13900138001", ["forwarding"]),
    ],
)
def test_calls_are_passed_on_to_the_numbers_given_for_it(office, make, facts, to, found):
    """Where forwarding is open calls go on to the seat's targets; one number rings its further numbers."""
    one = office(seats=(make.seat(ANNA, **facts),), forwarding="open")
    assert passed_on(one, to) == found


def test_a_mobile_calls_out_through_its_seat(office, make):
    """Where the contract lets mobiles call with the seat's number, their own calls may go anywhere open."""
    seats = (make.seat(ANNA, mobile="13900138007"),)
    allowed = office(seats=seats, mobile_calls_out=True)
    assert passed_on(allowed, "13900138001") == []
    stranger = office(seats=seats, mobile_calls_out=True)
    assert passed_on(stranger, "13900138001", first="13900138008") == ["forwarding"]
    assert passed_on(office(seats=seats), "13900138001") == ["forwarding"]


@pytest.mark.parametrize(("seconds", "found"), [(900, []), (901, []), (904, ["too-long"])])
def test_a_call_ends_in_time(office, seconds, found):
    """With 900 seconds a call of 904 is found; ending takes a moment."""
    one = office(max_call_seconds=900)
    one.call(seconds=seconds)
    one.call(seconds=seconds, dst="110")
    one.call(seconds=seconds, incoming=True)
    assert rules(one) == found


def test_a_call_without_its_recording_is_found(office, make):
    """An answered call that nothing was recorded of is found; refused, emergency and fax calls are not."""
    one = office(recording_keep_days=30, seats=(*make.SEATS[:2], make.seat("08702120003", features=("fax",))))
    one.call()
    one.call()
    one.call(disposition="NO ANSWER")
    one.call(dst="110")
    one.call(seat="08702120003")
    one.call(dst="08702120003")
    one.call(incoming=True)
    assert one.found() == []
    one.around.recorded = {"pbx": {one.calls[0].uniqueid}}
    assert one.found() == [("not-recorded", [2]), ("not-recorded", [7])]
    one.calls[1] = replace(one.calls[1], linkedid=one.calls[0].uniqueid, uniqueid="pbx-9")
    assert ("not-recorded", [2]) not in one.found()


def recorded(one, *calls):
    one.around.recorded = {"pbx": {made.uniqueid for made in calls}}
    return one.found()


def test_the_recording_of_a_leg_is_that_of_the_call(office):
    """A call that is forwarded before anybody rings, or made by a seat's mobile, is recorded on its leg."""
    one = office(recording_keep_days=30)
    came = one.call(incoming=True, dstchannel="Local/13900138001@seatline-leg-00000001;1")
    leg = one.call(dst="6002", linkedid=came.linkedid, channel="Local/13900138001@seatline-leg-00000001;2")
    assert recorded(one, leg) == []
    assert recorded(one) == [("not-recorded", [1]), ("not-recorded", [2])]


def test_a_machine_behind_the_main_number_is_not_recorded(office, make):
    """A call that the switchboard brings to a fax machine has no recording, and needs none."""
    seats = (*make.SEATS[:2], make.seat("08702120003", features=("fax",)))
    one = office(recording_keep_days=30, seats=seats, main="08702120000")
    to_fax, to_bert = "PJSIP/seat-08702120003-00000001", f"PJSIP/seat-{BERT}-00000002"
    one.call(seat="08702120000", incoming=True, dstchannel=to_fax)
    one.call(seat="08702120000", incoming=True, dstchannel=to_bert)
    assert recorded(one) == [("not-recorded", [2])]


def test_whoever_waits_for_an_operator_may_wait(office):
    """With 900 seconds a colleague's call of the main number, which answers and lets wait, may be longer."""
    one = office(max_call_seconds=900, main="08702120000")
    one.call(dst="08702120000", seconds=1200)
    assert one.found() == []


def test_the_main_number_passes_nothing_on(office):
    """A call of the main number that went on to the outside is found: nobody can be given a target for it."""
    one = office(main="08702120000", forwarding="open")
    came = one.call(seat="08702120000", incoming=True)
    one.call(seat="08702120000", dst="13900138001", linkedid=came.linkedid)
    assert one.found() == [("forwarding", [2])]


def test_on_the_day_of_a_change_the_former_contract_is_right_too(office):
    """A call out of hours that come into force that day is right, at whatever hour the change was made; the
    next day, and out of both contracts' hours, it is not."""
    one = office(hours=(480, 1320))
    one.change("2025-07-10", hours=(480, 1140))
    one.call("21:00:00")
    one.call("22:30:00")
    one.call("21:00:00", day="2025-07-11")
    assert one.days() == {"2025-07-10": [("hours", [2])], "2025-07-11": [("hours", [3])], "2025-07-12": []}


def test_a_call_may_break_several_rules(office):
    """A call abroad at night under another's number is three findings, in a fixed order."""
    one = office(hours=(480, 1140))
    one.call("22:00:00", dst="0012025550123", src="13900000000")
    assert rules(one) == ["hours", "shown-number", "zone"]
