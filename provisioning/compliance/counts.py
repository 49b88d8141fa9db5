"""What many calls together may not be: too many a day, at once or a minute (频次与并发).

Each rule takes a contract's calls in the order in which they began and gives the ones too many, by whose
they are. Only calls that happened are counted: what a switch refused has cost nobody anything.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from provisioning.compliance.made import MARGIN, SECOND, Kind, MadeCall, Terms
from provisioning.core.capacity import calls_at_once
from provisioning.core.contract import Policy

MINUTE = 60 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class TooMany:
    """The calls beyond a limit: of one seat, or with `seat` None of the whole contract."""

    seat: str | None
    said: str
    calls: tuple[MadeCall, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingRule:
    """`name` is the word after refused- in call records; `too_many` takes one contract's calls in order, with
    `of_customer` those of all contracts of its customer, and tells of the contract's own."""

    name: str
    term: str
    too_many: Callable[[Terms, Sequence[MadeCall]], Iterator[TooMany]]
    of_customer: bool = False


def _a_day(terms: Terms, calls: Sequence[MadeCall]) -> Iterator[TooMany]:
    """So many calls of one number to the world a day."""
    most = terms.contract.policy.calls_per_number_per_day
    of: dict[tuple[object, str | None], list[MadeCall]] = defaultdict(list)
    for made in _to_the_world(calls):
        of[made.day, made.call.seat].append(made)
    for (_, seat), its in of.items():
        if most is not None and len(its) > most:
            said = f"{len(its)} calls on one day, and {most} are allowed"
            yield TooMany(seat=seat, said=said, calls=tuple(its[most:]))


def _a_callee(terms: Terms, calls: Sequence[MadeCall]) -> Iterator[TooMany]:
    """So many calls to one callee a day, from all numbers of the customer together."""
    most = terms.contract.policy.calls_per_callee_per_day
    to: dict[tuple[object, str], list[MadeCall]] = defaultdict(list)
    for made in _to_the_world(calls):
        to[made.day, terms.called(made.call.other or "")].append(made)
    for (_, callee), its in to.items():
        late = its[most:] if most is not None else []
        own = tuple(made for made in late if made.call.contract == terms.contract.id)
        if own:
            said = f"{len(its)} calls on one day to {callee}, and {most} are allowed"
            yield TooMany(seat=None, said=said, calls=own)


def _at_once(terms: Terms, calls: Sequence[MadeCall]) -> Iterator[TooMany]:
    """So many calls at once on the site's lines, in and out; an emergency call counts and is never one
    too many."""
    most = calls_at_once(terms.contract.site.voice_lines)
    on_line = [made for made in calls if made.kind is not Kind.INTERNAL]
    if most is not None and (over := _overlapping(on_line, most)):
        yield TooMany(seat=None, said=f"more than {most} calls at once on the line", calls=over)


def _of_a_seat(terms: Terms, calls: Sequence[MadeCall]) -> Iterator[TooMany]:
    """So many calls at once of one seat, made and taken, wherever to; emergency calls are not counted, one
    that is passed on is no further one, nor is one that went on without its telephone; whoever calls the
    main number waits there for others."""
    most = terms.contract.policy.calls_per_seat
    of: dict[str, list[MadeCall]] = defaultdict(list)
    for made in calls:
        seat = made.call.seat
        if (
            seat is not None
            and seat in terms.seats
            and made.kind is not Kind.EMERGENCY
            and not made.passed_on
            and not (made.kind is Kind.INCOMING and (made.went_on or seat == terms.switchboard))
        ):
            of[seat].append(made)
    for seat, its in of.items():
        if most is not None and (over := _overlapping(its, most)):
            yield TooMany(seat=seat, said=f"more than {most} calls at once", calls=over)


def _overlapping(calls: Sequence[MadeCall], most: int) -> tuple[MadeCall, ...]:
    """Those that began while `most` others were up, and stayed so for more than a moment."""
    over: list[MadeCall] = []
    up: list[MadeCall] = []
    for made in calls:
        up = [other for other in up if other.end > made.start + MARGIN]
        if len(up) >= most and made.kind is not Kind.EMERGENCY:
            over.append(made)
        up.append(made)
    return tuple(over)


def _a_minute(terms: Terms, calls: Sequence[MadeCall]) -> Iterator[TooMany]:
    """More than so many calls that a seat began within sixty seconds: no finger does that (自动群呼)."""
    most = terms.contract.policy.calls_per_minute
    if most is None:
        return
    of: dict[str | None, deque[int]] = defaultdict(lambda: deque(maxlen=most))
    fast: dict[str | None, list[MadeCall]] = defaultdict(list)
    for made in _to_the_world(calls):
        if made.passed_on:
            continue
        lately = of[made.call.seat]
        if len(lately) == most and made.start - lately[0] < MINUTE:
            fast[made.call.seat].append(made)
        lately.append(made.start)
    for seat, its in fast.items():
        yield TooMany(seat=seat, said=f"more than {most} calls within a minute", calls=tuple(its))


def _to_the_world(calls: Sequence[MadeCall]) -> Iterator[MadeCall]:
    return (made for made in calls if made.kind is Kind.OUTSIDE)


RULES: tuple[CountingRule, ...] = (
    CountingRule(name="number-limit", term="每号每日上限", too_many=_a_day),
    CountingRule(name="callee-limit", term="每被叫每日上限", too_many=_a_callee, of_customer=True),
    CountingRule(name="capacity", term="并发路数", too_many=_at_once),
    CountingRule(name="seat-capacity", term="单机并发", too_many=_of_a_seat),
    CountingRule(name="pace", term="呼叫频率", too_many=_a_minute),
)


def longest_memory(policy: Policy) -> int:
    """How long before a day its rules look back, in microseconds: to calls that still went on at midnight
    (4 hours at most), and to those that are called back."""
    return max(4, policy.call_backs_within or 0) * 3600 * SECOND
