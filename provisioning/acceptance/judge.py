"""From what was measured to a verdict, test by test (测试判定)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pbx.trial import Measured, Sound
from provisioning.acceptance import trials
from provisioning.acceptance.trials import Words


class Verdict(StrEnum):
    """What becomes of a test (结论)."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_MADE = "not made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line of the report: a test of `trials.TRIALS`, what was found, and whether that is right.

    Of one that was not made `found` says why.
    """

    trial: str
    verdict: Verdict
    found: Words


def result(trial: str, good: bool, found: Words) -> Result:
    return Result(trial=trial, verdict=Verdict.PASSED if good else Verdict.FAILED, found=found)


def not_made(trial: str, why: Words) -> Result:
    return Result(trial=trial, verdict=Verdict.NOT_MADE, found=why)


def connected(trial: str, call: Measured) -> Result:
    """Whether the call came about."""
    if call.answered:
        return result(trial, True, Words("接通", "connected"))
    return result(trial, False, _not_connected(call))


def showed(trial: str, call: Measured, right: Collection[str]) -> Result:
    """Whether the called telephone was shown one of these numbers, in its asserted identity too."""
    if call.shown is None:
        return result(trial, False, Words("被叫未收到来电", "the call did not reach the called telephone"))
    shown = [one for one in (call.shown, call.asserted) if one is not None]
    told = "、".join(dict.fromkeys(one or "-" for one in shown))
    return result(trial, all(one in right for one in shown), Words(told, told.replace("、", ", ")))


def voice(trial: str, call: Measured) -> Result:
    """Whether each end heard the other, and no echo of itself."""
    ends = _both(call)
    if ends is None:
        return result(trial, False, _not_connected(call))
    good = all(end.tone >= trials.TONE_AT_LEAST and end.own < end.tone / 10 for end in ends)
    caller, called = (f"{end.tone:.1f}" for end in ends)
    echo = max(end.own for end in ends)
    echoed = Words(f"，回声{echo:.1f}秒", f", echo {echo:.1f} s") if echo else Words("", "")
    return result(
        trial,
        good,
        Words(
            f"主叫听到{caller}秒，被叫听到{called}秒{echoed.chinese}",
            f"caller heard {caller} s, called heard {called} s{echoed.english}",
        ),
    )


def delay(trial: str, call: Measured, most: float) -> Result:
    """Whether it rang soon enough."""
    if call.rang_after is None:
        return result(trial, False, _not_connected(call))
    told = f"{call.rang_after:.2f}"
    return result(trial, call.rang_after <= most, Words(f"{told}秒", f"{told} s"))


def quality(trial: str, call: Measured) -> Result:
    """Whether the voice came whole and evenly, at both ends."""
    ends = [end for end in (call.by_caller, call.by_called) if end is not None]
    if not call.answered or not ends:
        return result(trial, False, _not_connected(call))
    loss, jitter = max(end.loss for end in ends), max(end.jitter for end in ends)
    packets = sum(end.packets for end in ends)
    good = loss <= trials.MOST_LOST and jitter <= trials.MOST_JITTER and all(end.packets for end in ends)
    return result(
        trial,
        good,
        Words(
            f"丢包{loss:.2%}，抖动{jitter:.1f}ms（{packets}包）",
            f"loss {loss:.2%}, jitter {jitter:.1f} ms, of {packets} packets",
        ),
    )


def refused(trial: str, call: Measured, *, by_us: bool) -> Result:
    """Whether a call to what is closed was turned down, with or without an announcement before.

    It has to be the switch that did (`by_us`): an operator's 403 is that of a call that was let out.
    """
    code = f"{call.code or '-'}"
    found = Words(code, code)
    if call.answered:
        found = Words("已接通", "connected")
    elif call.rang_after is not None:
        found = Words(f"提示音后{code}", f"{code} after an announcement")
    if call.code == 403 and not call.answered and not by_us:
        found = Words(
            f"{code}，但交换机的限制与合同不一致，可能由运营商拒绝",
            f"{code}, but what closes it on the switch is not as the contract says: it may be the operator's",
        )
    return result(trial, call.code == 403 and not call.answered and by_us, found)


def fax(trial: str, call: Measured) -> Result:
    """Whether both fax tones came through whole and strong enough."""
    ends = _both(call)
    if ends is None:
        return result(trial, False, _not_connected(call))
    whole = min(end.whole for end in ends)
    levels = [end.level for end in ends if end.level is not None]
    good = (
        all(end.tone >= trials.TONE_AT_LEAST for end in ends)
        and whole >= trials.FAX_WHOLE
        and len(levels) == len(ends)
        and min(levels) >= trials.FAX_LEVEL
    )
    level = f"{min(levels):.1f}" if levels else "-"
    return result(
        trial,
        good,
        Words(f"连续{whole:.1%}，电平{level}dBFS", f"there for {whole:.1%} of the time, at {level} dBFS"),
    )


def capacity(trial: str, codes: Sequence[int], room: int) -> Result:
    """Whether of one call more than there was room for just one was turned down, with 503.

    The calls were chosen so that the contract allows all of them (burst.py): a 403 is none of its limits.
    """
    counted: Mapping[int, int] = Counter(codes)
    good = counted.get(200, 0) == room and counted.get(503, 0) == len(codes) - room
    told = [f"{code or '-'}: {count}" for code, count in sorted(counted.items())]
    return result(
        trial,
        good,
        Words(
            f"{len(codes)}路同时呼出（空闲{room}路）：{'，'.join(told)}",
            f"{len(codes)} calls at once, room for {room}: {', '.join(told)}",
        ),
    )


def _both(call: Measured) -> tuple[Sound, Sound] | None:
    if not call.answered or call.by_caller is None or call.by_called is None:
        return None
    return call.by_caller, call.by_called


def _not_connected(call: Measured) -> Words:
    code = call.code or "-"
    return Words(f"未接通（{code}）", f"not connected ({code})")
