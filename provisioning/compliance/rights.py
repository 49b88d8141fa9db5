"""What a single call may not be, rule by rule: closed zones, hours, lists, stops, display (呼叫权限).

`RULES` is the whole of it: each rule with the kinds of call it is asked of, and the sentence it says of one
that should not have happened. Emergency calls are asked by one of them only: whose number was shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from provisioning.compliance.made import MARGIN, SECOND, Kind, MadeCall, Terms
from provisioning.core.contract import Contract
from provisioning.core.cycle import SHANGHAI
from provisioning.core.numbering import national
from provisioning.core.site import Seat
from provisioning.core.status import Stop

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What else is known about the time of a call, for the rules that look beyond it.

    `callers` are the starts of incoming calls by contract and caller, in order; `first` the call that began
    what a passed-on call belongs to, by (switch, linkedid). `recorded` are the unique ids of
    calls that have a recording, by switch; of a switch that is not in it nobody keeps book of recordings.
    `together` are the `whole` calls of which some call has a recording, or is one of a machine.
    """

    stops: Sequence[Stop] = ()
    callers: Mapping[tuple[str, str], Sequence[int]] = field(default_factory=dict)
    first: Mapping[tuple[str, str], MadeCall] = field(default_factory=dict)
    recorded: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    together: AbstractSet[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Asked:
    """One call that a rule is asked about, with the contract whose it is."""

    made: MadeCall
    terms: Terms
    around: Around

    @property
    def contract(self) -> Contract:
        return self.terms.contract

    @property
    def seat(self) -> Seat | None:
        """None for the main number, which is no telephone's."""
        return self.terms.seats.get(self.made.call.seat or "")

    @property
    def called(self) -> str:
        """Who was called; for an incoming call, who called."""
        return self.terms.called(self.made.call.other or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`name` is the word after refused- in call records; `broken` says what is wrong, or None."""

    name: str
    term: str
    kinds: frozenset[Kind]
    broken: Callable[[Asked], str | None]


def _zone(asked: Asked) -> str | None:
    """A zone is open by its rate, unless only to seats that name it; a seat's own rights come last."""
    tariff, zone = asked.contract.calls, asked.made.call.zone
    if zone is None:
        return f"{asked.called} is of a class that no contract opens: {asked.made.call.number_class}"
    rights = asked.seat.zones if asked.seat is not None else ()
    if f"-{zone}" in rights:
        return f"{zone} calls are closed to this seat"
    if tariff is None or not tariff.is_open(zone):
        return f"{zone} calls are closed"
    if zone in asked.contract.policy.zones_by_seat and f"+{zone}" not in rights:
        return f"{zone} calls are open only to seats that name them"
    return None


def _listed(asked: Asked) -> str | None:
    """Whoever calls only its own list, by the contract or as a card terminal, calls nobody else."""
    seat = asked.seat
    terminal = seat is not None and "pos" in seat.features
    if not (asked.contract.policy.allow_list or terminal):
        return None
    listed = {asked.terms.called(number) for number in seat.allowed} if seat is not None else set()
    return None if asked.called in listed else f"{asked.called} is not on the seat's list"


def _hours(asked: Asked) -> str | None:
    """Out of hours, or on a day without any: unless it calls back within the time that the contract gives."""
    policy = asked.contract.policy
    began = asked.made.began
    if policy.hours is None and not policy.holidays:
        return None
    if began.date() in policy.holidays:
        wrong = f"{began:%Y-%m-%d} is a holiday"
    elif policy.hours is None or _is_open(asked.made, policy.hours, policy.days):
        return None
    else:
        wrong = f"{began:%a %H:%M:%S} is out of hours"
    return None if _calls_back(asked) else wrong


def _is_open(made: MadeCall, hours: tuple[int, int], days: str | None) -> bool:
    """Whether the call began in the hours, or so near to them that the switch's clock may have said so."""
    for moment in (made.began, made.began + timedelta(microseconds=MARGIN)):
        minute = moment.hour * 60 + moment.minute
        opens, closes = hours
        within = opens <= minute < closes if opens <= closes else minute >= opens or minute < closes
        if within and (days is None or _DAYS[moment.weekday()] in days_of(days)):
            return True
    return False


def days_of(days: str) -> frozenset[str]:
    """The days that "mon-fri", "sat" or "mon&wed-fri" names."""
    named: set[str] = set()
    for part in re.split(r"[&,]", days.lower()):
        first, _, last = part.strip().partition("-")
        begin, end = _DAYS.index(first[:3]), _DAYS.index((last or first)[:3])
        named.update(_DAYS[(begin + n) % 7] for n in range((end - begin) % 7 + 1))
    return frozenset(named)


def _calls_back(asked: Asked) -> bool:
    """Whether the one called has called this contract in the hours before (回拨)."""
    within = asked.contract.policy.call_backs_within
    if within is None:
        return False
    start = asked.made.start
    calls = asked.around.callers.get((asked.contract.id, asked.called), ())
    return any(start - within * 3600 * SECOND - MARGIN <= at <= start for at in calls)


def _stopped(asked: Asked) -> str | None:
    """While it is stopped a seat makes no call but emergency ones; stopped both ways it has none at all."""
    made = asked.made
    for stop in asked.around.stops:
        callee = made.kind is Kind.INTERNAL and stop.way == "both" and stop.seat == asked.called
        mine = stop.contract == asked.contract.id and (stop.seat in (None, made.call.seat) or callee)
        way = stop.way == "both" or made.kind is not Kind.INCOMING
        begun = _instant(stop.since) + MARGIN <= made.start
        if mine and way and begun and (stop.until is None or made.start < _instant(stop.until)):
            since = stop.since.astimezone(SHANGHAI)
            return f"service was stopped ({stop.why}) from {since:%Y-%m-%d %H:%M} on"
    return None


def _instant(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _longest(asked: Asked) -> str | None:
    """No answered call is longer than the contract lets it be; the main number answers, and lets wait."""
    most, made = asked.contract.policy.max_call_seconds, asked.made
    if asked.called == asked.terms.switchboard:
        return None
    if most is None or made.answer is None or made.end - made.answer <= most * SECOND + MARGIN:
        return None
    return f"it lasted {(made.end - made.answer) // SECOND} s, and {most} s at most are allowed"


_LINE = re.compile(r"PJSIP/(?:line-(?P<site>.+)|seat-(?P<seat>[0-9]+)-line)-[0-9a-f]{8}")
"""The leg to an operator on a switch of ours: the site's line, or a seat's own."""


def _shown(asked: Asked) -> str | None:
    """Only the seat's own numbers are shown, on a line of its own contract."""
    made, seat = asked.made, asked.seat
    area = asked.contract.site.area_code
    own = {made.call.seat} | ({seat.second_number, seat.short_number} if seat is not None else set())
    number = national(made.shown, area) or made.shown
    if not {number, made.shown} & own:
        return f"it was shown as {made.shown or 'nobody'}, and the seat is {made.call.seat}"
    line = _LINE.fullmatch(made.leg)
    if line is None or line["site"] == asked.contract.site.name or (line["seat"] or "") in own:
        return None
    return f"it went out by another's line, {made.leg.rpartition('-')[0]}"


def _passed_on(asked: Asked) -> str | None:
    """Calls are passed on to the numbers that the seat has been given for it, and to no others (前转)."""
    made, seat, policy = asked.made, asked.seat, asked.contract.policy
    if not made.passed_on:
        return None
    if seat is None:
        return f"a call of the main number was passed on to {asked.called}"
    first = asked.around.first.get((made.switch, made.linkedid))
    by_mobile = first is None or asked.terms.called(first.call.other or "") == seat.mobile
    if policy.mobile_calls_out and seat.mobile is not None and by_mobile:
        return None
    forwards = (seat.forward_always, seat.forward_busy, seat.forward_no_answer, seat.forward_unreachable)
    targets = {*seat.further, *([seat.mobile] if "one-number" in seat.features else [])}
    targets |= set(forwards) if policy.forwarding == "open" else set()
    given = {asked.terms.called(target) for target in targets if target is not None}
    return None if asked.called in given else f"a call was passed on to {asked.called}"


def _recorded(asked: Asked) -> str | None:
    """Where the contract wants recordings, a call of two people has one, or a leg of it; machines are never
    recorded."""
    made, recorded = asked.made, asked.around.recorded.get(asked.made.switch)
    if asked.contract.policy.recording_keep_days is None or recorded is None:
        return None
    if made.answer is None or not made.leg or made.whole in asked.around.together:
        return None
    return None if {made.linkedid, made.uniqueid} & recorded else "no recording of it is known"


def by_machine(made: MadeCall, terms: Terms) -> bool:
    """Whether a fax machine or a card terminal has part in it."""
    numbers = (made.call.seat or "", terms.called(made.call.other or ""), *made.legs)
    sides = (terms.seats.get(number) for number in numbers)
    return any({"fax", "pos"} & set(seat.features) for seat in sides if seat is not None)


OUT = frozenset((Kind.OUTSIDE, Kind.INTERNAL))
WORLD = frozenset((Kind.OUTSIDE,))

RULES: tuple[Rule, ...] = (
    Rule(name="stopped", term="停机", kinds=OUT | {Kind.INCOMING}, broken=_stopped),
    Rule(name="not-listed", term="亲情号码", kinds=OUT, broken=_listed),
    Rule(name="zone", term="呼叫权限", kinds=OUT, broken=_zone),
    Rule(name="hours", term="外呼时段", kinds=WORLD, broken=_hours),
    Rule(name="shown-number", term="外显号码", kinds=WORLD | {Kind.EMERGENCY}, broken=_shown),
    Rule(name="forwarding", term="前转", kinds=WORLD, broken=_passed_on),
    Rule(name="too-long", term="最长通话", kinds=OUT, broken=_longest),
    Rule(name="not-recorded", term="录音", kinds=OUT | {Kind.INCOMING}, broken=_recorded),
)
"""Each rule, in the order in which a switch asks; a call may break several."""
