"""As many calls at once as fill a line, and one more, within the contract's own limits (满线测试)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provisioning.acceptance.seats import Made, Now, callers_of, is_open
from provisioning.acceptance.trials import MOST_AT_ONCE, Words
from provisioning.core.contract import Contract, Policy, Zone
from provisioning.core.site import Seat

PER_SEAT = 5
"""Calls at once of one seat, at most: a test is no blast."""


def burst(
    contract: Contract, now: Now, answers: Mapping[str, Zone | None], room: int
) -> tuple[tuple[Seat, str], ...] | Words:
    """Who calls which number: one call more than there is room for; or why that cannot be.

    No seat makes more calls than the contract lets it have at once or start in a minute, none more than it
    has left today, and none of the numbers is called more often than on a day is allowed. Only numbers whose
    zone is open are called, and never one that has none, such as an emergency number.
    """
    policy, count = contract.policy, room + 1
    if room < 1:
        return Words("线路正满", "the line is full already")
    if room > MOST_AT_ONCE:
        return Words(
            f"空闲{room}路，超过测试上限{MOST_AT_ONCE}路",
            f"there is room for {room} calls, more than the {MOST_AT_ONCE} of a test",
        )
    if policy.allow_list:
        return Words("座机只能呼叫亲情号码", "seats call only the numbers on their lists")
    zones = {
        number: zone
        for number, zone in answers.items()
        if zone is not None and contract.calls is not None and contract.calls.is_open(zone)
    }
    if not zones:
        return Words(
            "合同未开通自动应答号码的区域", "the contract does not open the zone of any number that answers"
        )
    seats = [
        seat
        for seat in callers_of(contract, now)
        if all(is_open(contract, seat, one) for one in zones.values())
    ]
    callers = _in_turn([(seat, _left(policy, now.made, seat)) for seat in seats])
    if len(callers) < count:
        return Words(
            f"现可呼出的座机共能呼{len(callers)}路，需{count}路",
            f"the seats that may call have {len(callers)} calls left, it takes {count}",
        )
    often = policy.calls_per_callee_per_day or count + sum(now.made.to.values())
    called = [number for number in zones for _ in range(often - now.made.to.get(number, 0))]
    if len(called) < count:
        return Words(
            f"每日每被叫限{often}次，自动应答号码今日尚可呼{len(called)}次，需{count}次",
            f"with {often} calls a day to one number, those that answer have {len(called)} left today, "
            f"it takes {count}",
        )
    return tuple(zip(callers[:count], called[:count], strict=True))


def _left(policy: Policy, made: Made, seat: Seat) -> int:
    """How many calls a seat may start now."""
    left = min(PER_SEAT, policy.calls_per_seat or PER_SEAT)
    if policy.calls_per_minute is not None:
        left = min(left, policy.calls_per_minute - made.lately.get(seat.long_number, 0))
    if policy.calls_per_number_per_day is not None:
        left = min(left, policy.calls_per_number_per_day - made.by.get(seat.long_number, 0))
    return left


def _in_turn(left: Sequence[tuple[Seat, int]]) -> list[Seat]:
    """Each seat as often as it may call, those that may in turns."""
    return [seat for turn in range(PER_SEAT) for seat, most in left if turn < most]
