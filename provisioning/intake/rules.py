"""What must hold between the values of one contract: days, money, calls, site (合同内校验)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from provisioning.core.contract import Zone
from provisioning.core.problem import Problem
from provisioning.intake import number_forms
from provisioning.intake.fields import Fields
from provisioning.intake.paper import Paper, Rule


def term_order(paper: Paper) -> Iterator[Problem]:
    """A term does not end before it begins."""
    term = paper.contract.group("term")
    first, last = term.get("from"), term.get("to")
    if first and last and last < first:
        yield term.problem(
            "to",
            "term-ends-before-it-begins",
            f"the term ends on {last}, before it begins on {first}",
            "term.to is the last day of the contract; compare both days with the paper",
        )


def billing_start(paper: Paper) -> Iterator[Problem]:
    """Charging begins within the term."""
    term, billing = paper.contract.group("term"), paper.contract.group("billing")
    starts: date | None = billing.get("starts")
    first, last = term.get("from"), term.get("to")
    if starts and first and starts < first:
        yield billing.problem(
            "starts",
            "billing-before-term",
            f"charging starts on {starts}, before the term begins on {first}",
            "write the day charging starts, not before term.from; without the key it is term.from",
        )
    elif starts and first and last and first <= last < starts:
        yield billing.problem(
            "starts",
            "billing-after-term",
            f"charging starts on {starts}, after the term has ended on {last}",
            "write a day within the term",
        )


def due_is_one(paper: Paper) -> Iterator[Problem]:
    """An invoice is due in one way only."""
    billing = paper.contract.group("billing")
    if not billing.has("due"):
        return
    due = billing.group("due")
    written = [key for key in ("days", "working_days", "day_of_month") if due.has(key) or key in due.faulty]
    if len(written) != 1:
        yield billing.problem(
            "due",
            "due-not-one",
            f"billing.due says {' and '.join(written) or 'nothing'}",
            "write one of {days: 30}, {working_days: 10}, {day_of_month: 30}",
        )


def calls_are_priced(paper: Paper) -> Iterator[Problem]:
    """A contract says what calls cost in every zone; where it does not, the reader is told what follows."""
    contract = paper.contract
    if not contract.has("calls"):
        if "calls" not in contract.faulty:
            yield contract.warning(
                None,
                "calls-not-priced",
                "the contract says nothing of calls: no zone is open, answered outgoing calls stay unrated",
                "write calls: with increment, rates and incoming",
            )
        return
    calls = contract.group("calls")
    if not calls.has("rates"):
        return
    rates = calls.group("rates")
    silent = [zone.value for zone in Zone if not rates.has(zone.value) and zone.value not in rates.faulty]
    if silent:
        yield calls.warning(
            "rates",
            "rate-missing",
            f"calls.rates says nothing of {', '.join(silent)}: such calls are refused, and unrated if made",
            "write a rate, or closed",
        )


def zones_once(paper: Paper) -> Iterator[Problem]:
    """An allowance names each zone once, and only open ones."""
    calls = paper.contract.group("calls")
    allowance, rates = calls.group("allowance"), calls.group("rates")
    seen: set[Zone] = set()
    for found in allowance.many("zones"):
        zone: Zone = found.value
        at = allowance.at(found)
        if zone in seen:
            yield at.problem(None, "duplicate-zone", f"the zone {zone} is named twice", "name each zone once")
        elif rates.has(zone.value) and rates.get(zone.value) is None:
            yield at.problem(
                None,
                "allowance-of-closed-zone",
                f"minutes are included for {zone}, but calls.rates closes it",
                "open the zone with a rate, or leave it out here",
            )
        seen.add(zone)


def payers_fit(paper: Paper) -> Iterator[Problem]:
    """The group pays for seats of the contract or for members' mobiles, each once, in one way (统付)."""
    numbers = {row.get("long_number") for row in paper.seats}
    known = paper.rows is not None and None not in numbers
    first: dict[str, int] = {}
    for payer in paper.contract.groups("payers"):
        seat = payer.get("seat")
        if seat is not None:
            if known and seat not in numbers and not number_forms.MOBILE.fullmatch(seat):
                yield payer.problem(
                    "seat",
                    "payer-without-seat",
                    f"{seat} is neither a seat of this contract nor a mobile number",
                    "write a long number of the number rows, or a member's mobile number",
                )
            if seat in first:
                yield payer.problem(
                    "seat",
                    "duplicate-payer",
                    f"{seat} stands twice among the payers; first in line {first[seat]}",
                    "keep one entry",
                )
            first.setdefault(seat, payer.place("seat").line or 0)
        yield from _way_fits(payer)


_NEEDS = {"amount": "amount", "share": "share", "items": "items", "fixed": "amount"}


def _way_fits(payer: Fields) -> Iterator[Problem]:
    way = payer.get("way")
    if way is None:
        return
    needed = _NEEDS[way]
    if (not payer.has(needed) and needed not in payer.faulty) or payer.get(needed) == ():
        yield payer.problem(
            "way",
            "payer-way",
            f"way {way} needs {needed}",
            f"write {needed}: beside it",
        )
    for key in ("amount", "share", "items"):
        if key != needed and payer.has(key):
            yield payer.problem(
                key,
                "payer-way",
                f"way {way} takes {needed}, not {key}",
                f"delete {key}, or change the way",
            )


def short_number_shape(paper: Paper) -> Iterator[Problem]:
    """The site's short numbers as a whole collide with nothing else that can be dialled."""
    shape = paper.site.group("short_numbers")
    count, first = shape.get("digits"), shape.get("first")
    if count is None or first is None:
        return
    for digit in sorted(set(first)):
        clash = number_forms.short_clash(digit + "0" * (count - 1))
        if clash is not None:
            yield shape.problem(
                "first",
                "short-number-collides",
                f"short numbers of {count} digits that begin with {digit} collide with {clash}",
                'take another first digit or length, such as {digits: 4, first: "6"}',
            )


def ims_suits(paper: Paper) -> Iterator[Problem]:
    """A site with seats has a way to the operator, and each seat its own user there."""
    site = paper.site
    if not paper.contract.has("site"):
        return
    if not site.has("ims"):
        if paper.seats and "ims" not in site.faulty and site.get("switch") != "none":
            yield site.warning(
                None,
                "no-ims",
                "the site has no ims: its seats can call only each other, not even emergency numbers",
                "write ims: with domain and proxy of the operator",
            )
        return
    ims = site.group("ims")
    user = ims.get("user")
    by_seat = ims.get("register") != "trunk"
    if user is not None and by_seat and "{local}" not in user and "{long}" not in user:
        yield ims.problem(
            "user",
            "bad-ims-user",
            f'"{user}" gives every seat the same user',
            "put {local} or {long} into it, or write register: trunk",
        )


def devices_once(paper: Paper) -> Iterator[Problem]:
    """Every IAD has its own name and its own MAC address."""
    for key, code in (("name", "duplicate-iad"), ("mac", "duplicate-mac")):
        first: dict[str, int] = {}
        for iad in paper.site.groups("iads"):
            value = iad.get(key)
            if value is None:
                continue
            if value in first:
                yield iad.problem(
                    key,
                    code,
                    f"a second IAD has the {key} {value}; the first stands in line {first[value]}",
                    "give each its own",
                )
            first.setdefault(value, iad.place(key).line or 0)


def features_once(paper: Paper) -> Iterator[Problem]:
    """A feature is named once."""
    seen: set[str] = set()
    for found in paper.site.many("features"):
        if found.value in seen:
            at = paper.site.at(found)
            yield at.problem(
                None, "duplicate-feature", f"{found.value} is named twice", "name each feature once"
            )
        seen.add(found.value)


_NOT_CHARGED = ("messages", "payers")


def not_charged_yet(paper: Paper) -> Iterator[Problem]:
    """What the contract prices and no bill shows yet is told in one warning."""
    named = [key for key in _NOT_CHARGED if paper.contract.get(key)]
    if paper.contract.group("billing").has("late_fee"):
        named.append("billing.late_fee")
    if named:
        yield paper.contract.warning(
            named[0].partition(".")[0],
            "not-charged-yet",
            f"{', '.join(named)}: recorded, not yet on any bill",
            "nothing to mend; a later version charges it",
        )


CONTRACT_RULES: tuple[Rule, ...] = (
    term_order,
    billing_start,
    due_is_one,
    calls_are_priced,
    zones_once,
    payers_fit,
    short_number_shape,
    ims_suits,
    devices_once,
    features_once,
    not_charged_yet,
)
