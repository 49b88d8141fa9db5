"""Where a seat's calls go on to: further numbers, forwarding, members' mobiles (一号通, 前转, 手机短号)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioning.core.contract import Zone
from provisioning.core.numbering import classify
from provisioning.core.problem import Problem
from provisioning.core.zones import ZONE_OF, is_open
from provisioning.intake import number_forms
from provisioning.intake.fields import Fields
from provisioning.intake.paper import Paper, Rule

MOST_FURTHER = 3
"""So many further numbers ring with a seat."""
FORWARDS = ("forward_always", "forward_busy", "forward_no_answer", "forward_unreachable")


def _owners(paper: Paper) -> dict[str, Fields]:
    """Whose each number of the contract is: long, second and short ones."""
    return {
        row.get(column): row
        for row in paper.seats
        for column in ("short_number", "second_number", "long_number")
        if row.get(column) is not None
    }


def _goes_on(row: Fields) -> Iterator[tuple[str, str]]:
    """The columns of a row that name where calls go on to, with each number."""
    for number in row.get("further") or ():
        yield "further", number
    by_feature = not row.has("further") and "one-number" in (row.get("features") or ())
    if by_feature and row.get("mobile") is not None:
        yield "mobile", row.get("mobile")
    for column in FORWARDS:
        if row.get(column) is not None:
            yield column, row.get(column)


def _open_zones(paper: Paper, row: Fields) -> frozenset[Zone] | None:
    """The zones that a seat may call; None where it cannot be said, as something of them is faulty."""
    contract, policy = paper.contract, paper.contract.group("policy")
    rates = contract.group("calls").group("rates")
    if (
        not contract.group("calls").has("rates")
        or not contract.sound("calls")
        or not policy.sound("zones_by_seat")
    ):
        return None
    rated = [zone for zone in Zone if rates.get(zone.value) is not None]
    by_seat = [found.value for found in policy.many("zones_by_seat")]
    rights = row.get("zones") or ()
    return frozenset(zone for zone in rated if is_open(zone, rated=rated, by_seat=by_seat, rights=rights))


def _zone(number: str, area: str, own: Mapping[str, Fields]) -> Zone | None:
    return Zone.INTERNAL if number in own else ZONE_OF[classify(number, area)]


def goes_where_it_may(paper: Paper) -> Iterator[Problem]:
    """Calls go on only to numbers that the contract opens to the seat, and never back to the seat itself."""
    area = paper.site.get("area_code")
    own = _owners(paper)
    known = paper.rows is not None and not any("short_number" in row.faulty for row in paper.seats)
    for row in paper.seats:
        opened = None
        for column, number in _goes_on(row):
            if own.get(number) is row:
                yield row.problem(
                    column,
                    "goes-on-to-itself",
                    f"{column} {number} is the seat's own number",
                    "write another number, or leave it empty",
                )
                continue
            if number not in own and number_forms.is_short_form(number):
                if known:
                    yield row.problem(
                        column,
                        "unknown-short-number",
                        f"{column}: {number} is no short number of this contract",
                        "write a short number of the number rows, or the number with its area code",
                    )
                continue
            opened = opened if opened is not None else _open_zones(paper, row)
            zone = _zone(number, area or "", own)
            if area is None or opened is None or zone in opened or "zones" in row.faulty:
                continue
            yield row.problem(
                column,
                "target-not-open",
                f"{column}: {number} is {zone or 'of no zone'}, which the seat may not call",
                "write a number that it may call, or open the zone: a rate under calls.rates, and 呼叫权限 "
                "(zones) of the seat where policy.zones_by_seat asks for it",
            )


def legs_are_listed(paper: Paper) -> Iterator[Problem]:
    """A telephone that calls its own list only does not ring with a number that is not on it (亲情电话)."""
    if paper.contract.group("policy").get("allow_list") is not True:
        return
    own = _owners(paper)
    for row in paper.seats:
        listed = row.get("allowed") or ()
        for column, number in _goes_on(row):
            if column in FORWARDS or number in own or number in listed or "allowed" in row.faulty:
                continue
            yield row.warning(
                column,
                "target-not-listed",
                f"{column}: {number} never rings with {row.get('long_number') or 'the seat'}: policy."
                "allow_list is on, and the seat does not list it",
                "add it to the column allowed (亲情号码), or leave it out here",
            )


def further_numbers(paper: Paper) -> Iterator[Problem]:
    """At most three further numbers ring with a seat, each named once."""
    for row in paper.seats:
        further: tuple[str, ...] = row.get("further") or ()
        if len(further) > MOST_FURTHER:
            yield row.problem(
                "further",
                "too-many-further",
                f"{len(further)} further numbers ring with {row.get('long_number') or 'the seat'}; "
                f"there are at most {MOST_FURTHER}",
                f"keep {MOST_FURTHER} of them",
            )
        twice = next((number for at, number in enumerate(further) if number in further[:at]), None)
        if twice is not None:
            yield row.problem(
                "further", "duplicate-further", f"{twice} is named twice", "name each number once"
            )


def forwarding_is_open(paper: Paper) -> Iterator[Problem]:
    """Forwarding is closed unless the contract opens it; what the rows say of it then does nothing."""
    policy = paper.contract.group("policy")
    if policy.get("forwarding") == "open" and policy.get("allow_list") is True:
        yield policy.problem(
            "forwarding",
            "family-phones-forward",
            "policy.allow_list is on, and such telephones forward no call (亲情电话)",
            "write forwarding: closed, or allow_list: false",
        )
    if policy.get("forwarding") == "open" or not policy.sound("forwarding"):
        return
    for row in paper.seats:
        written = [column for column in FORWARDS if row.get(column) is not None]
        if written:
            yield row.warning(
                written[0],
                "forwarding-closed",
                f"{', '.join(written)} of {row.get('long_number') or 'the seat'} does nothing: "
                "policy.forwarding is closed",
                "write policy.forwarding: open, if the contract opens it",
            )


def forwarding_ends(paper: Paper) -> Iterator[Problem]:
    """Seats that always forward do not forward to each other in a circle."""
    own = _owners(paper)
    seen: set[int] = set()
    for first in paper.seats:
        way: dict[int, Fields] = {}
        row: Fields | None = first
        while row is not None and id(row) not in seen:
            seen.add(id(row))
            way[id(row)] = row
            row = own.get(row.get("forward_always") or "")
        circle = list(way.values())[list(way).index(id(row)) :] if row is not None and id(row) in way else []
        if row is not None and len(circle) > 1:
            numbers = " to ".join(str(one.get("long_number")) for one in (*circle, row))
            yield row.problem(
                "forward_always",
                "forwarding-circle",
                f"calls are forwarded from {numbers}: nobody ever hears them",
                "let one of them ring",
            )


def member_mobiles(paper: Paper) -> Iterator[Problem]:
    """A member's short number belongs to one mobile, and is no seat's (手机短号)."""
    shorts = {row.get("short_number"): row for row in paper.seats if row.get("short_number") is not None}
    by_short: dict[str, tuple[str, Fields]] = {}
    by_mobile: dict[str, tuple[str, Fields]] = {}
    for row in paper.seats:
        short, mobile = row.get("mobile_short"), row.get("mobile")
        if short is None:
            continue
        if short in shorts:
            yield row.problem(
                "mobile_short",
                "duplicate-short-number",
                f"the short number {short} is a seat's; it stands in {shorts[short].where('short_number')}",
                "give the mobile a short number of its own",
            )
        if mobile is None:
            if "mobile" not in row.faulty:
                yield row.problem(
                    "mobile_short",
                    "mobile-short-without-mobile",
                    f"{short} is the short number of a mobile, and none is written",
                    "write the mobile under 手机号码 (mobile), or leave 手机短号 empty",
                )
            continue
        for index, key, value in ((by_short, short, mobile), (by_mobile, mobile, short)):
            other, first = index.setdefault(key, (value, row))
            if other != value:
                yield row.problem(
                    "mobile_short",
                    "duplicate-mobile-short",
                    f"{key} stands for {other} in {first.where('mobile_short')} and for {value} here",
                    "one mobile has one short number in the whole contract",
                )


def mobiles_call_out(paper: Paper) -> Iterator[Problem]:
    """Where mobiles call with their seat's number some seat has a mobile (一号通呼出)."""
    policy = paper.contract.group("policy")
    if policy.get("mobile_calls_out") is not True or paper.rows is None:
        return
    if not any(row.get("mobile") is not None or "mobile" in row.faulty for row in paper.seats):
        yield policy.warning(
            "mobile_calls_out",
            "no-mobile",
            "mobiles may call with their seat's number, and no seat has a mobile",
            "write the mobiles under 手机号码 (mobile)",
        )


REACH_RULES: tuple[Rule, ...] = (
    goes_where_it_may,
    legs_are_listed,
    further_numbers,
    forwarding_is_open,
    forwarding_ends,
    member_mobiles,
    mobiles_call_out,
)
