"""What one call costs and why: a pure function of the record and of all contracts over time (批价).

The order in which it decides is the order of the functions in `rate_call`. Only answered calls are charged;
emergency calls never are. A record that contradicts itself goes to review and a call without owner or price
to the unrated ones: neither is ever priced 0. Included minutes (套餐内分钟数) depend on the calls before and
are taken off on the bill, not here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from pbx.cdr import Cdr
from provisioning.charging.attribution import Attributed, Unattributed, attribute, is_leg, own_seat
from provisioning.charging.directory import Directory
from provisioning.charging.zoning import INTERNAL, ZONE_OF
from provisioning.core.call import Direction, Outcome, RatedCall
from provisioning.core.contract import CallTariff, Zone
from provisioning.core.cycle import Cycle, shanghai_day
from provisioning.core.money import round_fen
from provisioning.core.numbering import NumberClass, classify

ANSWERED = "ANSWERED"
LOCAL_CHANNEL = "Local/"
"""How a channel begins that only ties two legs of one call together inside the switch: no telephone."""
WENT_ON = (
    "it tells how a call went on once its Local channel was optimised away: the record of its beginning is "
    "charged, this time is not; write /n behind the Local channel on the switch"
)
LONGEST = 4 * 3600
"""Seconds; an answered call over this is looked at by a person before anybody pays for it."""

_SECOND = 1_000_000
_OLDEST = 631_152_000 * _SECOND
_NEWEST = 4_102_444_800 * _SECOND
"""1990 to 2100 in microseconds since 1970 GMT: an instant outside was told by a wrong clock."""


def rate_call(
    cdr: Cdr, directory: Directory, *, doubt: str | None = None, waived: str | None = None
) -> RatedCall:
    """The verdict on one call record: whose, what zone, how long, how much, and the reason in a sentence.

    `doubt` is why it cannot be believed by what others tell of the call (doubt.py), `waived` why a person has
    decided that nobody pays for it.
    """
    day = _day(cdr)
    owner = attribute(cdr, directory, day) if day is not None else Unattributed("no time in it can be right")
    facts = _facts(cdr, directory, owner, day)
    if cdr.disposition != ANSWERED:
        return replace(facts, outcome=Outcome.FREE, reason="not answered")
    if _is_emergency(cdr, facts):
        return replace(facts, outcome=Outcome.FREE, reason=f"emergency call to {cdr.dst}: always free")
    if waived is not None:
        return replace(facts, outcome=Outcome.FREE, reason=f"a person waived it: {waived}")
    contradiction = contradicts_itself(cdr) or doubt
    if contradiction is not None:
        return replace(facts, outcome=Outcome.REVIEW, reason=contradiction)
    if cdr.channel.startswith(LOCAL_CHANNEL) and not is_leg(cdr):
        return replace(facts, outcome=Outcome.REVIEW, reason="a Local channel: its other leg is charged")
    if _went_on_without_local(cdr):
        return replace(facts, outcome=Outcome.REVIEW, reason=WENT_ON)
    if isinstance(owner, Unattributed):
        return facts
    return _rate_owned(cdr, facts, owner)


def _rate_owned(cdr: Cdr, facts: RatedCall, owner: Attributed) -> RatedCall:
    """The verdict on an answered call of a contract: measured, then priced by direction and zone."""
    contract = owner.version.contract
    tariff = contract.calls
    if tariff is not None:
        lasted = charged_microseconds(cdr, tariff.duration)
        started = started_increments(lasted, tariff.increment)
        facts = replace(facts, microseconds=lasted, increments=started)
    if facts.day is not None and facts.day < contract.billing.starts:
        return replace(
            facts, outcome=Outcome.FREE, reason=f"trial use: charging starts on {contract.billing.starts}"
        )
    if owner.direction is Direction.INCOMING:
        if tariff is None:
            return replace(facts, outcome=Outcome.FREE, reason="incoming, and the contract prices no calls")
        return _priced(facts, tariff, tariff.incoming, "incoming", contract.billing.rounding)
    if cdr.userfield == "emergency":
        return replace(facts, outcome=Outcome.REVIEW, reason=f"marked as emergency, but {cdr.dst} is none")
    if facts.number_class == NumberClass.UNKNOWN:
        return replace(facts, reason=f"{owner.other!r} is no number that we know")
    if facts.zone is None:
        return replace(facts, reason=f"{owner.other} is of class {facts.number_class}, which has no zone")
    if tariff is None:
        return replace(facts, reason="the contract prices no calls")
    if facts.zone not in tariff.rates:
        return replace(facts, reason=f"the contract has no rate for {facts.zone} calls")
    rate = tariff.rates[facts.zone]
    if rate is None:
        return replace(facts, reason=f"{facts.zone} calls are closed in the contract, yet one was answered")
    return _priced(facts, tariff, rate, facts.zone, contract.billing.rounding)


def _priced(facts: RatedCall, tariff: CallTariff, rate: Decimal, charged_as: str, rounding: str) -> RatedCall:
    """A measured call at that rate; at rate 0 there is nothing to pay, and the contract says so."""
    amount = price(facts.increments, tariff.increment, rate, rounding=rounding)
    return replace(
        facts,
        outcome=Outcome.RATED if rate > 0 else Outcome.FREE,
        reason=_sum(facts.increments, tariff.increment, rate, charged_as),
        rate=rate,
        amount=amount,
    )


def _sum(increments: int, increment: int, rate: Decimal, charged_as: str) -> str:
    """How the price came about, as a person says it: "2 started minutes x 0.06, domestic"."""
    plural = "s" if increments != 1 else ""
    if increment == 60:
        return f"{increments} started minute{plural} x {rate}, {charged_as}"
    return f"{increments} started unit{plural} of {increment} s x {rate} a minute, {charged_as}"


def _facts(cdr: Cdr, directory: Directory, owner: Attributed | Unattributed, day: date | None) -> RatedCall:
    """What is known of a call before anything is decided about its price."""
    answered = cdr.disposition == ANSWERED and cdr.answer is not None and _plausible(cdr.answer)
    cycle = Cycle.of(day) if answered and day is not None else None
    if isinstance(owner, Unattributed):
        return RatedCall(outcome=Outcome.UNRATED, reason=owner.reason, day=day, cycle=cycle)
    number_class, zone = None, None
    if owner.direction is Direction.OUTGOING:
        number_class, zone = _class_and_zone(owner, directory)
    return RatedCall(
        outcome=Outcome.UNRATED,
        reason="not decided yet",
        contract=owner.version.contract.id,
        version=owner.version.number,
        seat=owner.seat,
        direction=owner.direction,
        other=owner.other,
        number_class=number_class,
        zone=zone,
        day=day,
        cycle=cycle,
    )


def _class_and_zone(owner: Attributed, directory: Directory) -> tuple[str, Zone | None]:
    """Emergency before all, then the contract's own numbers, then the numbering plan; a member's mobile
    called by its short number is a mobile like any other (手机短号)."""
    area_code = owner.version.contract.site.area_code
    by_plan = classify(owner.other, area_code)
    if by_plan is NumberClass.EMERGENCY:
        return by_plan.value, None
    if own_seat(owner.other, directory, owner.version) is not None:
        return INTERNAL, Zone.INTERNAL
    mobile = directory.mobile_by_short(owner.version, owner.other)
    if mobile is not None:
        by_plan = classify(mobile, area_code)
    return by_plan.value, ZONE_OF[by_plan]


def _is_emergency(cdr: Cdr, facts: RatedCall) -> bool:
    """Whether it is a call to an emergency number, whoever made it: 110 is 110 in every area."""
    if facts.direction is None:
        return classify(cdr.dst, "") is NumberClass.EMERGENCY
    return facts.number_class == NumberClass.EMERGENCY


def _went_on_without_local(cdr: Cdr) -> bool:
    """Whether it tells how a call went on once its Local channel was optimised away: Dial called nothing but
    that, and whom it is with is none. The record of how the call began is charged."""
    return (
        cdr.lastapp == "Dial"
        and cdr.lastdata.startswith(LOCAL_CHANNEL)
        and "&" not in cdr.lastdata
        and cdr.dstchannel != ""
        and not cdr.dstchannel.startswith(LOCAL_CHANNEL)
    )


def _plausible(instant: int) -> bool:
    return _OLDEST <= instant < _NEWEST


def _day(cdr: Cdr) -> date | None:
    """The day of the answer, of the start if nobody answered, in Shanghai; None if no clock was right."""
    if cdr.disposition == ANSWERED and cdr.answer is not None and _plausible(cdr.answer):
        return shanghai_day(cdr.answer)
    return shanghai_day(cdr.start) if _plausible(cdr.start) else None


def contradicts_itself(cdr: Cdr) -> str | None:
    """Why an answered call's record cannot be right, or None.

    Asterisk counts billsec by another clock than it stamps records with: after a step of the clock the two
    disagree. Whole seconds on both sides may differ by one.
    """
    if cdr.answer is None:
        return "the record says ANSWERED and has no time of answer"
    for name, instant in (("start", cdr.start), ("answer", cdr.answer), ("end", cdr.end)):
        if not _plausible(instant):
            return f"the clock was wrong: {name} is not between 1990 and 2100"
    if cdr.answer < cdr.start:
        return "the call was answered before it started"
    if cdr.end < cdr.answer:
        return "the call ended before it was answered"
    if cdr.billsec < 0:
        return f"billsec is below zero: {cdr.billsec}"
    lasted = cdr.end - cdr.answer
    if abs(cdr.billsec * _SECOND - lasted) > _SECOND:
        return f"billsec is {cdr.billsec} s, but end - answer is {Decimal(lasted) / _SECOND} s"
    if max(lasted, cdr.billsec * _SECOND) > LONGEST * _SECOND:
        return f"the call lasted over {LONGEST // 3600} hours"
    return None


def charged_microseconds(cdr: Cdr, duration: str) -> int:
    """How long an answered call lasted as the tariff measures it: to the microsecond, or by billsec."""
    if duration == "exact" and cdr.exact and cdr.answer is not None:
        return cdr.end - cdr.answer
    return cdr.billsec * _SECOND


def started_increments(microseconds: int, increment: int) -> int:
    """How many increments of that many seconds were started; an answered call has at least one."""
    return max(1, -(-microseconds // (increment * _SECOND)))


def price(increments: int, increment: int, rate: Decimal, *, rounding: str) -> Decimal:
    """Increments of so many seconds at CNY a minute; in whole fen when the contract rounds each call."""
    exact = increments * increment * rate / 60
    return round_fen(exact) if rounding == "call" else exact
