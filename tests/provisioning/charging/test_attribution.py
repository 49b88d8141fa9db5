"""Whose call a record is: account code, then caller, then called number."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from provisioning.charging.attribution import Attributed, Unattributed, attribute
from provisioning.charging.rating import rate_call
from provisioning.core.call import Direction, Outcome
from provisioning.core.contract import Zone
from provisioning.planning import names

DAY = date(2025, 7, 10)


def owner_of(known, cdr, day=DAY):
    found = attribute(cdr, known, day)
    assert isinstance(found, Attributed), found
    return found.version.contract.id, found.seat, found.direction, found.other


def reason_of(known, cdr, day=DAY):
    found = attribute(cdr, known, day)
    assert isinstance(found, Unattributed), found
    return found.reason


def test_the_account_code_comes_first(make) -> None:
    """A call with a seat's account code is that seat's, whatever number was shown."""
    record = make.cdr(accountcode="08702120001", src="08702120002")
    assert owner_of(make.directory(), record) == (
        "zhaotong",
        "08702120001",
        Direction.OUTGOING,
        "13800138000",
    )


@pytest.mark.parametrize("dst", ["08702120001", "+868702120001", "868702120001", "2120001"])
def test_the_account_of_the_called_seat_makes_it_incoming(make, dst) -> None:
    """A call from outside to the account's own number is incoming, in whichever form it was dialled."""
    record = make.cdr(accountcode="08702120001", src="13800138000", dst=dst)
    assert owner_of(make.directory(), record) == (
        "zhaotong",
        "08702120001",
        Direction.INCOMING,
        "13800138000",
    )


@pytest.mark.parametrize("shown", ["08702120001", "6001", "08702120002", "", "13800138000"])
def test_whoever_shows_the_called_seats_own_number_is_charged_to_nobody(make, shown) -> None:
    """A call that our switch took from the operator is incoming, whatever number the caller shows."""
    context = names.context("zhaotong", "b", "line")
    record = make.cdr(src=shown, dst="+868702120001", dcontext=context)
    assert owner_of(make.directory(), record) == ("zhaotong", "08702120001", Direction.INCOMING, shown)
    dear = make.directory(make.version(calls=make.tariff({Zone.INTERNAL: Decimal("0.06")})))
    assert rate_call(record, dear).outcome is Outcome.FREE


def test_a_call_to_the_switchboard_is_incoming(make) -> None:
    """A call from outside to the main number, charged to the seat that took it, is incoming."""
    known = make.directory(make.version(main_number="08702120000"))
    record = make.cdr(accountcode="08702120001", src="13800138000", dst="08702120000")
    assert owner_of(known, record)[2] is Direction.INCOMING


def test_a_call_between_two_seats_is_outgoing(make) -> None:
    """A call from seat to seat is an outgoing call of the one that dialled."""
    for src in ("08702120001", "6001"):
        record = make.cdr(src=src, dst="6002")
        assert owner_of(make.directory(), record) == ("zhaotong", "08702120001", Direction.OUTGOING, "6002")


def test_a_forwarded_leg_is_paid_by_the_account(make) -> None:
    """A leg from an outside caller to an outside number is an outgoing call of the account."""
    record = make.cdr(src="13900139000", dst="13800138000")
    assert owner_of(make.directory(), record)[1:3] == ("08702120001", Direction.OUTGOING)


@pytest.mark.parametrize("src", ["08702120001", "+868702120001", "868702120001", "2120001"])
@pytest.mark.parametrize("accountcode", ["", "sales"])
def test_the_caller_decides_without_an_account(make, src, accountcode) -> None:
    """Without an account code of ours the caller's number, in any form, makes it an outgoing call."""
    record = make.cdr(accountcode=accountcode, src=src)
    assert owner_of(make.directory(), record)[1:3] == ("08702120001", Direction.OUTGOING)


def test_else_the_called_number_decides(make) -> None:
    """A call by a stranger to a number of a contract is incoming."""
    record = make.cdr(accountcode="", src="13900139000", dst="+868702120002")
    assert owner_of(make.directory(), record)[1:] == ("08702120002", Direction.INCOMING, "13900139000")


def test_the_second_number_is_its_seats(make) -> None:
    """A call under a seat's second number is that seat's."""
    seats = (make.seat("08702120001", second_number="08702120091"),)
    record = make.cdr(accountcode="", src="08702120091")
    assert owner_of(make.directory(make.version(seats=seats)), record)[1] == "08702120001"


LEG = "Local/13800138000@seatline-leg-0000001a;2"


@pytest.mark.parametrize("src", ["08702120001", "13900139000", "", "08702120002"])
@pytest.mark.parametrize("dcontext", [names.context("zhaotong", "a"), names.context("zhaotong", "a", "line")])
def test_a_leg_made_for_a_seat_is_an_outgoing_call_of_the_seat(make, src, dcontext) -> None:
    """A leg to a further number, a forwarded call or a call of its mobile is the seat's and charged, whatever
    number it shows and wherever the call came from."""
    record = make.cdr(channel=LEG, src=src, dcontext=dcontext, dst="13800138000")
    assert owner_of(make.directory(), record) == (
        "zhaotong", "08702120001", Direction.OUTGOING, "13800138000",
    )  # fmt: skip
    rated = rate_call(record, make.directory())
    assert (rated.outcome, rated.zone) == (Outcome.RATED, Zone.DOMESTIC)


def test_a_leg_to_the_seat_itself_is_no_incoming_call(make) -> None:
    """A leg for a seat that ends at the seat's own number is a call inside, not one from outside."""
    record = make.cdr(channel=LEG, src="", dst="08702120001")
    assert owner_of(make.directory(), record)[2] is Direction.OUTGOING
    assert rate_call(record, make.directory()).zone is Zone.INTERNAL


@pytest.mark.parametrize(
    "channel",
    [
        "Local/13800138000@seatline-leg-0000001a;1",
        "Local/13800138000@seatline-dialled-0000001a;2",
        "Local/13800138000@my-seatline-leg-x-0000001a;2",
    ],
)
def test_any_other_half_of_a_local_channel_is_looked_at(make, channel) -> None:
    """Only the half of a leg that calls out is charged; any other answered Local channel goes to review."""
    record = make.cdr(channel=channel, dst="13800138000")
    assert rate_call(record, make.directory()).outcome is Outcome.REVIEW


def test_the_call_that_a_leg_belongs_to_stays_incoming(make) -> None:
    """A call from the operator whose far end is a leg is an incoming call still, and free."""
    context = names.context("zhaotong", "a", "line")
    record = make.cdr(
        src="13900139000", dst="+868702120001", dcontext=context, channel="PJSIP/line-zhaotong-00000001",
        dstchannel=LEG.replace(";2", ";1"),
    )  # fmt: skip
    assert owner_of(make.directory(), record)[2] is Direction.INCOMING
    assert rate_call(record, make.directory()).outcome is Outcome.FREE


def test_a_members_mobile_by_its_short_number_costs_what_the_mobile_costs(make) -> None:
    """A call to 6101, the short number of a member's mobile, is a call to that mobile; to 6102, nobody's, it
    has no price."""
    seats = (make.seat("08702120001", "6001", mobile="13800138000", mobile_short="6101"),)
    known = make.directory(make.version(seats=seats))
    rated = rate_call(make.cdr(dst="6101"), known)
    assert (rated.outcome, rated.zone, rated.other) == (Outcome.RATED, Zone.DOMESTIC, "6101")
    assert rate_call(make.cdr(dst="6102"), known).outcome is Outcome.UNRATED


def test_a_short_number_alone_is_nobodys(make) -> None:
    """A bare short number as caller says nothing: many contracts have a 6001."""
    record = make.cdr(accountcode="", src="6001", dst="6002")
    assert reason_of(make.directory(), record) == (
        "no number of a contract in force on 2025-07-10: caller 6001, called number 6002"
    )


def test_a_local_number_in_two_areas_is_not_guessed_at(make) -> None:
    """A local number that exists at sites in two areas is ambiguous, and the reason names both contracts."""
    other = make.version(id="kunming", area_code="0871", seats=(make.seat("08712120001"),))
    record = make.cdr(accountcode="", src="2120001")
    assert reason_of(make.directory(make.version(), other), record) == (
        "the caller 2120001 is a number of kunming and zhaotong on 2025-07-10"
    )


def test_a_local_number_means_the_area_of_its_own_site(make) -> None:
    """A seat with a number of another area is not meant by that number without its area code."""
    seats = (make.seat("08712120009"),)
    known = make.directory(make.version(seats=seats), make.version(id="kunming", area_code="0871"))
    assert "no number of a contract" in reason_of(known, make.cdr(accountcode="", src="2120009"))
    assert owner_of(known, make.cdr(accountcode="", src="08712120009"))[0] == "zhaotong"


def test_a_number_in_two_contracts_is_not_guessed_at(make) -> None:
    """An account code that two contracts hold on one day is ambiguous."""
    known = make.directory(make.version(), make.version(id="twin"))
    assert "zhaotong" in reason_of(known, make.cdr())
    assert "twin" in reason_of(known, make.cdr())


def test_outside_the_term_a_number_is_nobodys(make) -> None:
    """A call of the day after the term's end belongs to nobody, and the reason names the numbers."""
    reason = reason_of(make.directory(), make.cdr(), date(2026, 1, 1))
    assert reason == (
        "no number of a contract in force on 2026-01-01: account code 08702120001, called number 13800138000"
    )


def test_an_empty_record_says_so(make) -> None:
    """A record without any number is nobody's, and the reason says that it names none."""
    reason = reason_of(make.directory(), make.cdr(accountcode="", src="", dst=""))
    assert reason == "the record names no number at all"


JILIN = {"id": "jilin", "area_code": "0431"}


@pytest.mark.parametrize("dst", ["85200001", "043185200001"])
def test_a_local_caller_of_another_area_is_not_guessed_at(make, dst) -> None:
    """A local number that calls a contract in another area may be a stranger there: nobody is charged."""
    jilin = make.version(**JILIN, seats=(make.seat("043185200001"),))
    known = make.directory(make.version(), jilin)
    assert reason_of(known, make.cdr(accountcode="", src="2120001", dst=dst)) == (
        "ambiguous: the caller 2120001 without its area code may be a number of zhaotong, "
        f"but the called number {dst} is one of jilin"
    )
    in_full = make.cdr(accountcode="", src="08702120001", dst=dst)
    assert owner_of(known, in_full)[:3] == ("zhaotong", "08702120001", Direction.OUTGOING)


def test_a_local_caller_of_its_own_area_is_known(make) -> None:
    """A local number that calls its own contract, or another of its area, is the caller's outgoing call."""
    neighbour = make.version(id="neighbour", seats=(make.seat("08702130001"),))
    far = make.version(**JILIN, seats=(make.seat("04312120002"),))
    known = make.directory(make.version(), neighbour, far)
    for dst in ("2120002", "08702120002", "2130001", "13800138000"):
        record = make.cdr(accountcode="", src="2120001", dst=dst)
        assert owner_of(known, record) == ("zhaotong", "08702120001", Direction.OUTGOING, dst)
