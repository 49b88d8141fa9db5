"""Included minutes: which part of each call they cover, in call order, each cycle anew (套餐内分钟数)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provisioning.core.call import Direction, Outcome, RatedCall
from provisioning.core.contract import CallTariff


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """One call, with how many of its increments the allowance covers and how many are to be paid."""

    call: RatedCall
    tariff: CallTariff
    included: int
    payable: int

    def __post_init__(self) -> None:
        if self.included < 0 or self.payable < 0 or self.included + self.payable != self.call.increments:
            raise ValueError("included and payable increments are all of a call's increments")


def use_allowance(calls: Iterable[tuple[RatedCall, CallTariff]]) -> tuple[Used, ...]:
    """What of each call is included and what is to be paid: one contract's calls of a cycle, in order.

    Each call brings the tariff of the contract version it was rated by: where the allowance changes within a
    cycle, what is used so far counts against the new one. Only whole increments are covered, and only of
    charged outgoing calls in the allowance's zones: a free call uses up nothing.
    """
    seconds_used: dict[str | None, int] = {}
    found = []
    for call, tariff in calls:
        allowance, included = tariff.allowance, 0
        covered = call.outcome is Outcome.RATED and call.direction is Direction.OUTGOING
        if allowance is not None and covered and call.zone in allowance.zones:
            account = call.seat if allowance.per == "seat" else None
            left = allowance.minutes * 60 - seconds_used.get(account, 0)
            included = min(call.increments, max(0, left) // tariff.increment)
            seconds_used[account] = seconds_used.get(account, 0) + included * tariff.increment
        found.append(Used(call=call, tariff=tariff, included=included, payable=call.increments - included))
    return tuple(found)
