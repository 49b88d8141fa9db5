"""Which tests fit a contract and what there is to make them with; why not the others (测试项的取舍)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from provisioning.acceptance.seats import Chosen, Now, is_open
from provisioning.acceptance.trials import TRIALS, Words
from provisioning.core.contract import Contract, Policy, Zone

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The far end of calls out and in: a telephone of the operator's that we play (`telephone`), or one in a
    person's hand. `zone` is what a call to it is charged as. `answers` are numbers out there that answer by
    themselves, each with its zone."""

    number: str | None = None
    zone: Zone | None = None
    telephone: bool = False
    answers: Mapping[str, Zone | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What test calls can be made with: whether it hears, and whether many can be made at once."""

    hears: bool
    at_once: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """All that decides about a test. `now` is the time in Asia/Shanghai, `site_now` how the site stands."""

    contract: Contract
    site_now: Now
    chosen: Chosen
    outside: Outside
    tools: Tools
    now: datetime


_Rule = Callable[[Circumstances], Words | None]
"""Why a test cannot be made; None where it can."""


def reasons(at: Circumstances) -> Mapping[str, Words | None]:
    """By test why it is not made, None for those that are."""
    return {
        trial: next((why for rule in _RULES[trial] if (why := rule(at)) is not None), None)
        for trial in TRIALS
    }


def open_hours(policy: Policy, now: datetime) -> bool:
    """Whether seats may call out at that time."""
    if now.date() in policy.holidays:
        return False
    if policy.hours is None:
        return True
    minute = now.hour * 60 + now.minute
    within = policy.hours[0] <= minute < policy.hours[1]
    return within and (policy.days is None or _on(policy.days, now))


def _on(days: str, now: datetime) -> bool:
    """Whether a day is in a span of weekdays; from sat to mon goes on over the end of the week."""
    first, _, last = days.partition("-")
    begin, end = _DAYS.index(first), _DAYS.index(last or first)
    day = now.weekday()
    return begin <= day <= end if begin <= end else day >= begin or day <= end


def _line(at: Circumstances) -> Words | None:
    return (
        None if at.contract.site.ims else Words("合同无运营商线路", "the contract has no line to an operator")
    )


def _called(at: Circumstances) -> Words | None:
    return None if at.chosen.called else at.chosen.why


def _caller(at: Circumstances) -> Words | None:
    return None if at.chosen.caller else Words("无可主叫的座机", "no seat may call")


def _inside(at: Circumstances) -> Words | None:
    return at.chosen.why or _called(at) or _caller(at)


def _short(at: Circumstances) -> Words | None:
    called = at.chosen.called
    return None if called and called.short_number else Words("该座机无短号", "the seat has no short number")


def _hearing(at: Circumstances) -> Words | None:
    if at.tools.hears:
        return None
    return Words("未装pjsua2，SIPp不能测话音", "pjsua2 is not installed, and SIPp cannot hear")


def _outside(at: Circumstances) -> Words | None:
    if at.outside.number is not None:
        return None
    return Words(
        "未给出外线号码（--outside或[outside]）",
        "no number outside was given (--outside, or [outside] in settings)",
    )


def _telephone(at: Circumstances) -> Words | None:
    if at.outside.telephone:
        return None
    return Words("外线话机由人接听，请看其显示", "a person answers outside: look at the telephone's display")


def _another(at: Circumstances) -> Words | None:
    """Whether there is another number of the contract that could be claimed."""
    return (
        None if len(at.contract.site.seats) > 1 else Words("合同仅一部座机", "the contract has one seat only")
    )


def _may_call(at: Circumstances) -> Words | None:
    """Whether the contract lets the calling seat reach the number outside at this hour."""
    seat, contract, outside = at.chosen.caller, at.contract, at.outside
    if seat is None or outside.number is None:
        return None
    if outside.zone is None or not is_open(contract, seat, outside.zone):
        return Words(
            "合同未开通该外线号码的区域", "the contract does not open the zone of the number outside"
        )
    if not open_hours(contract.policy, at.now):
        return Words("不在合同允许呼出的时间", "the contract lets nobody call out at this hour")
    if contract.policy.allow_list and outside.number not in seat.allowed:
        return Words("外线号码不在亲情号码表", "the number outside is not on the seat's list")
    return None


def _enough(count: int) -> _Rule:
    """Whether the contract's limits leave the calling seat, and the number outside, so many calls now."""

    def rule(at: Circumstances) -> Words | None:
        seat, outside, policy, made = (
            at.chosen.caller,
            at.outside.number,
            at.contract.policy,
            at.site_now.made,
        )
        if seat is None or outside is None:
            return None
        number = seat.long_number
        day, minute = Words("每日", "a day"), Words("每分钟", "a minute")
        for most, so_far, name, span in (
            (policy.calls_per_number_per_day, made.by.get(number, 0), number, day),
            (policy.calls_per_callee_per_day, made.to.get(outside, 0), outside, day),
            (policy.calls_per_minute, made.lately.get(number, 0), number, minute),
        ):
            if most is not None and so_far + count > most:
                return Words(
                    f"合同{span.chinese}限{most}次，{name}已呼{so_far}次，测试需{count}次",
                    f"the contract allows {most} calls {span.english}, {name} has had {so_far}, "
                    f"and the test takes {count}",
                )
        return None

    return rule


def _fax(at: Circumstances) -> Words | None:
    site = at.contract.site
    if "fax" in site.features or any("fax" in seat.features for seat in site.seats):
        return None
    return Words("合同不含传真", "the contract has no fax")


def _closed(zone: Zone) -> _Rule:
    def rule(at: Circumstances) -> Words | None:
        seat = at.chosen.caller
        if seat is not None and is_open(at.contract, seat, zone):
            return Words("合同已开通", "the contract opens them")
        return None

    return rule


def _many(at: Circumstances) -> Words | None:
    if not at.contract.site.voice_lines:
        return Words("合同未写并发数", "the contract says nothing of calls at once")
    if not at.outside.answers:
        return Words(
            "未给出自动应答的外线号码（[outside] answers）",
            "no numbers outside that answer by themselves were given ([outside] answers in settings)",
        )
    if not at.tools.at_once:
        return Words("未装SIPp", "SIPp is not installed")
    if not open_hours(at.contract.policy, at.now):
        return Words("不在合同允许呼出的时间", "the contract lets nobody call out at this hour")
    return None


_CALL_IN = (_line, _outside, _called)
_CALL_OUT = (_line, _outside, _caller, _may_call, _enough(1))

_RULES: Mapping[str, tuple[_Rule, ...]] = {
    "configuration": (),
    "registrations": (_line,),
    "signing-on": (_called,),
    "short": (_inside, _short),
    "long": (_inside,),
    "caller-inside": (_inside,),
    "voice-inside": (_inside, _hearing),
    "delay-inside": (_inside,),
    "quality-inside": (_inside, _hearing),
    "out": _CALL_OUT,
    "caller-outside": (*_CALL_OUT, _telephone),
    "voice-outside": (*_CALL_OUT, _telephone, _hearing),
    "delay-outside": _CALL_OUT,
    "quality-outside": (*_CALL_OUT, _hearing),
    "in": _CALL_IN,
    "caller-in": _CALL_IN,
    "emergency": (_line,),
    "international": (_caller, _closed(Zone.INTERNATIONAL)),
    "capacity": (_line, _caller, _many),
    "fax": (_fax, _inside, _hearing),
    "claims": (*_CALL_OUT, _another, _enough(2), _telephone, _hearing),
    "hmt": (_caller, _closed(Zone.HMT)),
}
"""What a test needs, in the order in which its lack is told (测试前提)."""
