"""What the contract allows, forbids and promises, as contexts that the hand-written dialplan asks (策略数据).

One extension a fact, its value what it returns; nothing here decides anything. Each context is there only
if it has something to say, and is described in dialplans/README.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pbx import dialplan
from pbx.dialplan import Exten
from pbx.section import Section
from provisioning.core.contract import Contract, Customer, Policy
from provisioning.core.site import Seat, Site, Switchboard
from provisioning.core.status import Stop
from provisioning.planning import initials, names
from provisioning.planning.stops import fact

Fact = tuple[str, str]
"""What an extension is called, and what it returns."""

KINDS = ("fax", "pos", "video", "t38")
"""Features that make a seat's telephone another kind of telephone; only the seat's own count."""
FORWARDS = ("always", "busy", "no-answer", "unreachable")


def contexts(contract: Contract, slot: str, stops: Iterable[Stop] = ()) -> tuple[Section, ...]:
    """The contexts of a site's policy, those with nothing in them left out."""
    site = contract.site
    seats = sorted(site.seats, key=lambda seat: seat.long_number)
    facts = {
        "policy": (*_counted_with(contract), *_policy(contract.policy, site)),
        "seat": (fact for seat in seats for fact in _seat(seat, contract.policy)),
        "allowed": (
            (f"{seat.long_number}-{number}", "yes")
            for seat in seats
            for number in dict.fromkeys(seat.allowed)
        ),
        "changed": ((seat.long_number, seat.changed_to) for seat in seats if seat.changed_to is not None),
        "members": (fact for seat in seats for fact in _member(seat)),
        "directory": initials.directory(site),
        "stopped": _stopped(stops),
    }
    made = (
        (part, tuple(Exten(name, "Return", (value,)) for name, value in dict(said).items()))
        for part, said in facts.items()
    )
    return tuple(
        dialplan.context(names.context(site.name, slot, part), extensions)
        for part, extensions in made
        if extensions
    )


def span(minutes: tuple[int, int]) -> str:
    """Minutes after midnight as hours.conf reads them: "08:00-19:00", the end at most 24:00."""
    return "-".join(f"{at // 60:02}:{at % 60:02}" for at in minutes)


def counted_with(customer: Customer) -> str:
    """What calls to one callee are counted under, of all contracts of a customer. The underscore is in no
    site's name, and both stand in one place of the switch's database."""
    return f"of_{customer.key}"


def _counted_with(contract: Contract) -> Iterator[Fact]:
    """Whose calls count together, where calls to one callee are limited."""
    if contract.policy.calls_per_callee_per_day is not None:
        yield "customer", counted_with(contract.customer)


def _policy(policy: Policy, site: Site) -> Iterator[Fact]:
    """What holds for all seats of a contract."""
    if policy.hours is not None:
        yield "hours", span(policy.hours)
        yield from [("days", policy.days)] if policy.days is not None else []
    for day in policy.holidays:
        yield f"holiday-{day:%Y%m%d}", "yes"
    numbers = (
        ("call-backs-within", policy.call_backs_within),
        ("calls-per-number", policy.calls_per_number_per_day),
        ("calls-per-callee", policy.calls_per_callee_per_day),
        ("calls-per-minute", policy.calls_per_minute),
        ("calls-per-seat", policy.calls_per_seat),
        ("recording", policy.recording_keep_days),
        ("max-seconds", policy.max_call_seconds),
    )
    yield from ((key, str(value)) for key, value in numbers if value is not None)
    yield from ((f"by-seat-{zone.value}", "yes") for zone in policy.zones_by_seat)
    flags = (
        ("allow-list", policy.allow_list),
        ("forwarding", policy.forwarding == "open"),
        ("mobile-calls-out", policy.mobile_calls_out),
    )
    yield from ((key, "yes") for key, said in flags if said)
    yield from ((f"feature-{feature}", "yes") for feature in site.features)
    if site.main_number is not None and "switchboard" in site.features:
        yield "main-number", site.main_number
        yield from _switchboard(site.switchboard) if site.switchboard is not None else ()


def _switchboard(board: Switchboard) -> Iterator[Fact]:
    """Who answers the main number, and when."""
    if board.operators:
        yield "switchboard-operators", "&".join(board.operators)
    if board.hours is not None:
        yield "switchboard-hours", span(board.hours)
    if board.days is not None:
        yield "switchboard-days", board.days


def _seat(seat: Seat, policy: Policy) -> Iterator[Fact]:
    """What is one seat's own, each under its long number."""
    number = seat.long_number
    for feature in seat.features:
        yield f"{number}-{feature}", "yes"
    if seat.short_number is not None:
        yield f"{number}-short", seat.short_number
    if seat.mobile is not None:
        yield f"{number}-mobile", seat.mobile
    if seat.second_number is not None:
        yield f"{number}-second", seat.second_number
    further = seat.further or ((seat.mobile,) if seat.mobile and "one-number" in seat.features else ())
    if further:
        yield f"{number}-further", "&".join(further)
        yield f"{number}-ring-order", seat.ring_order
    if policy.forwarding == "open":
        targets = (seat.forward_always, seat.forward_busy, seat.forward_no_answer, seat.forward_unreachable)
        for case, target in zip(FORWARDS, targets, strict=True):
            if target is not None:
                yield f"{number}-forward-{case}", target
    for right in seat.zones:
        yield f"{number}-zone-{right[1:]}", "open" if right[0] == "+" else "closed"


def _member(seat: Seat) -> Iterator[Fact]:
    """A member's mobile by its short number, and the other way round (手机短号)."""
    if seat.mobile is not None and seat.mobile_short is not None:
        yield seat.mobile_short, seat.mobile
        yield seat.mobile, seat.mobile_short


def _stopped(stops: Iterable[Stop]) -> Iterator[Fact]:
    """Under a seat's number, or `all`: its stops as way:since:until in seconds since 1970, between &."""
    told: dict[str, list[str]] = {}
    for stop in sorted(stops, key=lambda stop: (stop.since, stop.way)):
        key, said = fact(stop)
        told.setdefault(key, []).append(said)
    yield from ((key, "&".join(said)) for key, said in told.items())
