"""What many calls together may not be."""

from __future__ import annotations

import pytest

ANNA, BERT = "08702120001", "08702120002"


def many(one, count, *, at=0, apart=60, **call):
    """So many calls, one after another."""
    for n in range(count):
        seconds = at + n * apart
        one.call(f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}", **call)


def test_the_calls_beyond_the_days_limit_are_found(office):
    """With 3 a day the fourth and fifth call of a seat are found, together; another seat has its own."""
    one = office(calls_per_number_per_day=3)
    many(one, 5, at=36000)
    many(one, 3, at=36000, seat=BERT)
    assert one.found() == [("number-limit", [4, 5])]


def test_what_does_not_count_is_not_counted(office):
    """Emergency calls, calls inside, incoming and refused calls are no part of a day's limit."""
    one = office(calls_per_number_per_day=1, calls_per_callee_per_day=1)
    one.call()
    many(one, 2, dst="110")
    many(one, 2, dst="6002")
    many(one, 2, incoming=True)
    many(one, 2, disposition="NO ANSWER", dstchannel="")
    assert one.found() == []


def test_a_day_begins_at_midnight_in_shanghai(office):
    """Calls at 23:59 and 00:01 in Shanghai are of two days, though of one day in GMT."""
    one = office(calls_per_number_per_day=1)
    one.call("23:59:00")
    one.call("00:01:00", day="2025-07-11")
    assert one.days() == {"2025-07-10": [], "2025-07-11": [], "2025-07-12": []}
    one.call("23:59:30", day="2025-07-11")
    assert one.found("2025-07-11") == [("number-limit", [3])]


def test_a_call_of_several_tries_is_one_call(office):
    """A call that left two records of one channel, to one number, counts once."""
    one = office(calls_per_number_per_day=1)
    first = one.call()
    one.call(uniqueid=first.uniqueid, disposition="NO ANSWER")
    assert one.found() == []


def test_a_callee_is_protected_from_all_seats_together(office):
    """With 2 a day the third call to a mobile is found, whoever made it and however it was written."""
    one = office(calls_per_callee_per_day=2)
    one.call("10:00:00", dst="13900138001")
    one.call("10:01:00", dst="+8613900138001", seat=BERT)
    one.call("10:02:00", dst="013900138001", seat="08702120003")
    one.call("10:03:00", dst="13900138002")
    (found,) = one.audit()
    assert (found.rule, found.seat, [made.record for made in found.calls]) == ("callee-limit", None, [3])
    assert "13900138001" in found.said


def test_a_callee_is_protected_from_all_contracts_of_a_customer(office):
    """With 2 a day to one callee, calls from another contract of the customer count too, and each contract
    is told its own; a local number there is another callee."""
    one = office(calls_per_callee_per_day=2)
    one.branch("04772120001", calls_per_callee_per_day=3)
    one.call("10:00:00", dst="13900138001", seat="04772120001")
    one.call("10:01:00", dst="13900138001")
    one.call("10:02:00", dst="+8613900138001", seat=BERT)
    one.call("10:03:00", dst="13900138001", seat="04772120001")
    for n, seat in enumerate((ANNA, BERT, "04772120001")):
        one.call(f"11:0{n}:00", dst="2135555", seat=seat)
    found = [each for each in one.audit() if each.rule == "callee-limit"]
    told = {(each.contract, *(made.record for made in each.calls)) for each in found}
    assert told == {("branch-2025", 4), (one.contract.id, 3)}


def test_a_members_short_number_is_its_mobile(office, make):
    """Calls to a member's short number and to its mobile are calls to one callee."""
    seats = (make.seat(ANNA, mobile="13900138001", mobile_short="6901"), *make.SEATS[1:])
    one = office(seats=seats, calls_per_callee_per_day=1)
    one.call("10:00:00", dst="13900138001", seat=BERT)
    one.call("10:01:00", dst="*113900138001", seat=BERT)
    assert ("callee-limit", [2]) in one.found()


def test_calls_beyond_the_lines_capacity_are_found(office):
    """On a line of 2, in and out together, a third call while two are up is found."""
    one = office(lines=2)
    one.call("10:00:00", seconds=600)
    one.call("10:01:00", seconds=600, incoming=True, seat=BERT)
    one.call("10:02:00", seconds=60, seat="08702120003")
    one.call("10:30:00", seconds=60)
    assert one.found() == [("capacity", [3])]


def test_what_is_not_on_the_line_takes_none_of_it(office):
    """Calls inside take no room; an emergency call is never one too many; a moment is no overlap."""
    one = office(lines=1)
    one.call("10:00:00", seconds=595)
    one.call("10:01:00", dst="6003", seat=BERT)
    one.call("10:02:00", dst="110", seat=BERT, seconds=30)
    one.call("10:09:59", seconds=30)
    assert one.found() == []


def test_a_call_over_midnight_is_still_up(office):
    """A call that began the day before takes room on the line until it ends."""
    one = office(lines=1)
    one.call("23:50:00", seconds=1200)
    one.call("00:05:00", day="2025-07-11", seat=BERT)
    assert one.days() == {"2025-07-10": [], "2025-07-11": [("capacity", [2])], "2025-07-12": []}


def test_a_seat_has_so_many_calls_at_once(office):
    """With two calls a seat, a third at once is found, in or out or inside; two seats have two each."""
    one = office(calls_per_seat=2)
    one.call("10:00:00", seconds=600)
    one.call("10:00:00", seconds=600, seat=BERT)
    one.call("10:01:00", seconds=600, incoming=True)
    one.call("10:05:00", dst="6003")
    assert one.found() == [("seat-capacity", [4])]


def test_what_is_passed_on_or_an_emergency_is_no_further_call(office):
    """A call that is passed on and one to 110 are none of the calls that a seat has at once or a minute."""
    one = office(calls_per_seat=1, calls_per_minute=1, forwarding="open")
    came = one.call("10:00:00", seconds=600, incoming=True)
    one.call("10:00:10", seconds=600, linkedid=came.linkedid)
    one.call("10:00:20", seconds=60, dst="110")
    one.call("10:20:00")
    assert one.found() == [("forwarding", [2])]


@pytest.mark.parametrize("went_on", [True, False])
def test_what_goes_on_without_the_telephone_is_no_call_of_it(office, went_on):
    """With one call a seat, calls that its forwarding takes elsewhere before it rings are none of its own."""
    one = office(calls_per_seat=1)
    leg = {"dstchannel": "Local/13900138001@seatline-leg-00000001;1"} if went_on else {}
    one.call("10:00:00", seconds=600, incoming=True, **leg)
    one.call("10:01:00", seconds=600, incoming=True, **leg)
    assert one.found() == ([] if went_on else [("seat-capacity", [2])])


def test_a_main_number_has_as_many_callers_as_call_it(office):
    """A seat's limit is no limit of the main number that is its own too: there its callers wait."""
    one = office(calls_per_seat=1, main=ANNA)
    one.call("10:00:00", seconds=600, incoming=True)
    one.call("10:01:00", seconds=600, incoming=True)
    assert one.found() == []


@pytest.mark.parametrize(("before", "after"), [(5, 1), (1, 5)])
def test_on_the_day_of_a_change_the_wider_limit_counts(office, before, after):
    """On the day on which a limit changes nothing within either is found; the day before the former one
    counts, though its last call is answered after midnight."""
    one = office(calls_per_number_per_day=before)
    one.change("2025-07-11", calls_per_number_per_day=after)
    many(one, 2, at=36000)
    one.call("23:59:58")
    many(one, 5, at=36000, day="2025-07-11")
    many(one, 2, at=36000, day="2025-07-12")
    late = {1: [("number-limit", [2, 3])], 5: []}
    next_day = {1: [("number-limit", [10])], 5: []}
    assert one.days() == {
        "2025-07-10": late[before],
        "2025-07-11": [],
        "2025-07-12": next_day[after],
        "2025-07-13": [],
    }


@pytest.mark.parametrize(("apart", "found"), [(15, []), (14, [("pace", [5, 6])])])
def test_a_blast_is_found(office, apart, found):
    """With 4 a minute, six calls 14 seconds apart are a blast, 15 seconds apart they are not."""
    one = office(calls_per_minute=4)
    many(one, 6, at=36000, apart=apart, seconds=1)
    assert one.found() == found


def test_without_limits_nothing_is_too_much(office):
    """A contract that limits nothing lets a hundred calls a minute go."""
    one = office()
    many(one, 100, apart=0)
    assert one.found() == []
