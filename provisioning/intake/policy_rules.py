"""What the policy says can be done: zones, rights, times, the switchboard (策略校验)."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.core.problem import Problem
from provisioning.intake.fields import Fields
from provisioning.intake.paper import Paper, Rule

SHORTEST = 60
"""A call that may last for less is cut before its warning tone means anything."""

_ENFORCED_BY_SWITCH = (
    *("hours", "calls_per_number_per_day", "calls_per_callee_per_day", "calls_per_minute", "calls_per_seat"),
    *("zones_by_seat", "mobile_calls_out", "recording", "allow_list", "max_call_seconds"),
)


def needs_a_switch(paper: Paper) -> Iterator[Problem]:
    """Without a switch in the path nothing holds the seats to the policy, which is told in one warning."""
    policy = paper.contract.group("policy")
    named = [key for key in _ENFORCED_BY_SWITCH if policy.get(key)]
    if named and paper.site.get("switch") == "none":
        yield paper.contract.warning(
            "policy",
            "nothing-enforces",
            f"{', '.join(named)}: recorded, but with switch: none nothing enforces it",
            "ask the operator to, or let a switch stand between: site.switch: asterisk",
        )


def zones_have_rates(paper: Paper) -> Iterator[Problem]:
    """A zone that is open to single seats has a rate, and some seat names it."""
    calls, policy = paper.contract.group("calls"), paper.contract.group("policy")
    rates = calls.group("rates")
    named = {right for row in paper.seats for right in row.get("zones") or ()}
    told = paper.rows is not None and not any("zones" in row.faulty for row in paper.seats)
    for found in policy.many("zones_by_seat"):
        zone = found.value.value
        at = policy.at(found)
        if rates.get(zone) is None and zone not in rates.faulty and paper.contract.sound("calls"):
            yield at.problem(
                None,
                "zone-without-rate",
                f"policy.zones_by_seat names {zone}, but calls.rates does not open it",
                f"write a rate for {zone}, or leave it out here",
            )
        elif told and f"+{zone}" not in named:
            yield at.warning(
                None,
                "zone-of-no-seat",
                f"policy.zones_by_seat opens {zone} to seats that name it, and none does",
                f"write +{zone} in the column 呼叫权限 (zones) of the seats that may call it",
            )


def rights_have_rates(paper: Paper) -> Iterator[Problem]:
    """A seat's own right to call opens only a zone with a rate, and is said once."""
    rates = paper.contract.group("calls").group("rates")
    priced = paper.contract.group("calls").has("rates") and paper.contract.sound("calls")
    for row in paper.seats:
        rights: tuple[str, ...] = row.get("zones") or ()
        for right in rights:
            zone = right[1:]
            if right[0] == "+" and priced and rates.get(zone) is None:
                yield row.problem(
                    "zones",
                    "right-without-rate",
                    f"{right} opens {zone} to {row.get('long_number') or 'the seat'}, "
                    "but calls.rates has no rate for it",
                    f"write a rate for {zone}; with policy.zones_by_seat: [{zone}] the others stay closed",
                )
        zones = [right[1:] for right in rights]
        twice = next((zone for at, zone in enumerate(zones) if zone in zones[:at]), None)
        if twice is not None:
            yield row.problem(
                "zones", "right-twice", f"{twice} is named twice", "say once whether it is open or closed"
            )


def calls_last(paper: Paper) -> Iterator[Problem]:
    """The longest call is long enough to be one."""
    policy = paper.contract.group("policy")
    seconds = policy.get("max_call_seconds")
    if seconds is not None and seconds < SHORTEST:
        yield policy.warning(
            "max_call_seconds",
            "calls-cut-short",
            f"every call ends after {seconds} seconds",
            "max_call_seconds is in seconds: 15 minutes are 900",
        )


def switchboard_works(paper: Paper) -> Iterator[Problem]:
    """A switchboard has a main number, the contract's feature, and operators that are seats (融合总机)."""
    site = paper.site
    board = site.group("switchboard")
    included = [found for found in site.many("features") if found.value == "switchboard"]
    if not site.has("main_number") and "main_number" not in site.faulty:
        if site.has("switchboard"):
            yield site.problem(
                "switchboard",
                "switchboard-without-main-number",
                "the switchboard answers the main number, and there is none",
                "write site.main_number (总机号)",
            )
        elif included:
            yield site.at(included[0]).warning(
                None,
                "switchboard-without-main-number",
                "the switchboard answers the main number, and there is none",
                "write site.main_number (总机号); nothing to mend where none is used",
            )
        return
    if site.has("switchboard") and not included and "features" not in site.faulty:
        yield site.warning(
            "switchboard",
            "feature-not-included",
            "site.switchboard does nothing: site.features does not include switchboard",
            "add switchboard to site.features, if the paper has it",
        )
    if included and not board.many("operators") and board.sound("operators") and site.sound("switchboard"):
        yield site.warning(
            "switchboard" if site.has("switchboard") else "features",
            "switchboard-without-operators",
            "callers of the main number who dial no number reach nobody: there are no operators",
            'write switchboard: {operators: ["6001"]} under site',
        )


def main_number_is_no_second(paper: Paper) -> Iterator[Problem]:
    """The main number of a switchboard is no seat's second number: a call to it can ring only one of them."""
    site = paper.site
    main = site.get("main_number")
    if main is None or not any(found.value == "switchboard" for found in site.many("features")):
        return
    for row in paper.seats:
        if row.get("second_number") == main:
            yield row.problem(
                "second_number",
                "duplicate-long-number",
                f"{main} is the main number of the switchboard; it stands in {site.where('main_number')}",
                "write another second number, or leave it empty",
            )


def operators_are_seats(paper: Paper) -> Iterator[Problem]:
    """An operator of the switchboard is a seat, named once, by its long or short number (话务员)."""
    board = paper.site.group("switchboard")
    seats = {
        row.get(column): row
        for row in paper.seats
        for column in ("short_number", "long_number")
        if row.get(column)
    }
    known = paper.rows is not None and all(row.sound("long_number", "short_number") for row in paper.seats)
    seen: list[Fields] = []
    for found in board.many("operators"):
        at = board.at(found)
        row = seats.get(found.value)
        if row is None and known:
            yield at.problem(
                None,
                "unknown-operator",
                f"the operator {found.value} is no seat of this contract",
                "write the long or the short number of a seat",
            )
        elif row is not None and any(row is one for one in seen):
            yield at.problem(
                None,
                "duplicate-operator",
                f"the operator {found.value} is named twice",
                "name each operator once, by its long or its short number",
            )
        if row is not None:
            seen.append(row)


POLICY_RULES: tuple[Rule, ...] = (
    needs_a_switch,
    zones_have_rates,
    rights_have_rates,
    calls_last,
    switchboard_works,
    main_number_is_no_second,
    operators_are_seats,
)
