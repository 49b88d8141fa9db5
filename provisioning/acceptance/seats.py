"""Which seats take part in the test calls: those that miss it least (测试座机的选择).

One seat is called, and for that a softphone signs on in place of its telephone. Another one only calls: that
takes no telephone's place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from provisioning.acceptance.trials import Words
from provisioning.core.contract import Contract, Zone
from provisioning.core.site import Seat, Site

BUSY = Words("正在通话", "it is in a call")
TAKEN = Words("已有话机注册", "a telephone is registered there")
_UNTOUCHED = ("fax", "pos", "t38")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The calls out that the switch has counted: today's by seat and to each callee, and by seat those that
    began within the last minute."""

    by: Mapping[str, int] = field(default_factory=dict)
    to: Mapping[str, int] = field(default_factory=dict)
    lately: Mapping[str, int] = field(default_factory=dict)


NOTHING_MADE = Made()


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """How the site stands: whose telephones are registered, who talks, whose service is stopped, what was
    called today."""

    registered: Collection[str] = ()
    busy: Collection[str] = ()
    stopped: Collection[str] = ()
    made: Made = NOTHING_MADE


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Who takes part; None, and why, where nobody can. `displaces`: a telephone is registered at `called`.
    Where no other seat may call, the called one is the caller too: calls out can be made at least."""

    caller: Seat | None
    called: Seat | None
    why: Words | None = None
    displaces: bool = False


def choose(contract: Contract, now: Now, *, named: Sequence[str] = (), displace: bool = True) -> Chosen:
    """The seat that is called and the one that calls it.

    First come seats without a telephone, then, if they may be displaced, those whose telephone is idle.
    `named` are the only ones that may be called, whatever is registered there; where none of them can be,
    `why` is that of the first.
    """
    site = contract.site
    able = [seat for seat in site.seats if unfit(seat, site, now) is None]
    free = [seat for seat in able if seat.long_number not in now.registered]
    taken = [seat for seat in able if seat.long_number in now.registered]
    candidates = [*free, *(taken if displace else [])]
    if named:
        candidates = [seat for seat in able if seat.long_number in named]
    for called in candidates:
        callers = [seat for seat in callers_of(contract, now, called.long_number) if seat is not called]
        if callers:
            return Chosen(caller=callers[0], called=called, displaces=called.long_number in now.registered)
    if candidates:
        called = candidates[0]
        return Chosen(
            caller=next(iter(sorted(callers_of(contract, now), key=lambda seat: seat is called)), None),
            called=called,
            why=Words("无其他座机可呼叫它", "no other seat may call it"),
            displaces=called.long_number in now.registered,
        )
    why = Words("无可用的空闲座机", "no seat is free to be called")
    if named:
        why = next(
            (
                reason
                for seat in site.seats
                if seat.long_number in named and (reason := unfit(seat, site, now))
            ),
            why,
        )
    elif taken and not displace:
        why = Words(
            "所有座机均有话机注册，且不允许顶替", "every seat has a telephone, and none may be displaced"
        )
    return Chosen(caller=next(iter(callers_of(contract, now)), None), called=None, why=why)


def unfit(seat: Seat, site: Site, now: Now) -> Words | None:
    """Why a seat cannot be called for a test; None where it can."""
    rules: tuple[tuple[bool, Words], ...] = (
        (seat.long_number in now.busy, BUSY),
        (seat.long_number in now.stopped, Words("已停机", "its service is stopped")),
        (seat.changed_to is not None, Words("已改号", "its number has changed")),
        (seat.long_number == site.main_number, Words("总机号", "it is the main number")),
        (any(one in seat.features for one in _UNTOUCHED), Words("传真或POS", "a fax or a card terminal")),
        (
            bool(seat.further) or ("one-number" in seat.features and seat.mobile is not None),
            Words("一号通会呼叫外部号码", "further telephones ring with it"),
        ),
        (
            any((seat.forward_always, seat.forward_busy, seat.forward_no_answer, seat.forward_unreachable)),
            Words("已设前转", "its calls are forwarded"),
        ),
    )
    return next((why for holds, why in rules if holds), None)


def callers_of(contract: Contract, now: Now, number: str | None = None) -> list[Seat]:
    """The seats that may call a number, any of them for None; those with a short number first."""
    able = [
        seat
        for seat in contract.site.seats
        if seat.long_number not in (*now.busy, *now.stopped)
        and seat.changed_to is None
        and not any(one in seat.features for one in _UNTOUCHED)
        and (number is None or not contract.policy.allow_list or number in seat.allowed)
    ]
    return sorted(able, key=lambda seat: (seat.short_number is None, seat.long_number in now.registered))


def is_open(contract: Contract, seat: Seat, zone: Zone) -> bool:
    """Whether a seat may call into a zone, by the rates and by its own rights."""
    if contract.calls is None or not contract.calls.is_open(zone) or f"-{zone.value}" in seat.zones:
        return False
    return zone not in contract.policy.zones_by_seat or f"+{zone.value}" in seat.zones
