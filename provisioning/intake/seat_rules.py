"""What must hold between the number rows of one contract, and between them and its site (号码表校验)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from provisioning.core.problem import Problem
from provisioning.intake import number_forms
from provisioning.intake.area_plan import fits_plan
from provisioning.intake.fields import Fields
from provisioning.intake.money_rules import counts_seats
from provisioning.intake.paper import Paper, Rule


def serves_members(contract: Fields) -> bool:
    """Whether the group only pays for its members' mobiles: payers, and no fee by seats (集团成员统付)."""
    if not contract.groups("payers") and "payers" not in contract.faulty:
        return False
    return not any(counts_seats(fee) for fee in contract.groups("recurring"))


def has_seats(paper: Paper) -> Iterator[Problem]:
    """A contract has number rows, unless the group only pays for its members."""
    site = paper.site
    if not paper.contract.has("site") or serves_members(paper.contract):
        return
    payers = bool(paper.contract.groups("payers"))
    lacks = "a fee is charged by seats" if payers else "there are no payers either"
    hint = (
        "write the number rows, or the name of their sheet; [] is for a contract that only pays "
        "for members' mobiles: payers, and no fee by seats"
    )
    if paper.rows == ():
        yield site.problem("numbers", "no-numbers", f"site.numbers is empty, and {lacks}", hint)
    elif not site.has("numbers") and "numbers" not in site.faulty:
        yield site.problem(None, "missing-key", 'the key "numbers" is missing under site', hint)


def in_the_area(paper: Paper) -> Iterator[Problem]:
    """The fixed numbers of a site have its area code; a single other one is probably a slip."""
    area = paper.site.get("area_code")
    if area is None:
        return
    rows = [row for row in paper.seats if number_forms.is_fixed(row.get("long_number") or "")]
    strangers = [row for row in rows if not row.get("long_number").startswith(area)]
    if strangers and len(strangers) < len(rows):
        for row in strangers:
            yield row.warning(
                "long_number",
                "number-outside-area",
                f"{row.get('long_number')} does not have the site's area code {area}, as others have",
                "compare it with the operator's list",
            )
    elif strangers and not any("long_number" in row.faulty for row in paper.seats):
        yield paper.site.problem(
            "area_code",
            "area-code-differs",
            f"the area code is {area}, but no number has it: the first is {rows[0].get('long_number')}",
            "correct site.area_code, or the number rows",
        )


def numbers_once(paper: Paper) -> Iterator[Problem]:
    """A long number, or a second one, belongs to one seat; so does a short number."""
    yield from _once(paper, ("long_number", "second_number"), "duplicate-long-number", "long number")
    yield from _once(paper, ("short_number",), "duplicate-short-number", "short number")


def _once(paper: Paper, columns: tuple[str, ...], code: str, what: str) -> Iterator[Problem]:
    first: dict[str, tuple[Fields, str]] = {}
    for column in columns:
        for row in paper.seats:
            number = row.get(column)
            if number is None:
                continue
            earlier, there = first.setdefault(number, (row, column))
            if earlier is not row or there != column:
                yield row.problem(
                    column,
                    code,
                    f"the {what} {number} stands twice; first in {earlier.where(there)}",
                    "each number belongs to one seat; compare with the operator's list",
                )


def short_number_fits(paper: Paper) -> Iterator[Problem]:
    """A short number has the length and the first digit that the site states."""
    shape = paper.site.group("short_numbers")
    count, first = shape.get("digits"), shape.get("first")
    if count is None or first is None:
        return
    for row in paper.seats:
        number: str | None = row.get("short_number")
        if number is not None and (len(number) != count or number[0] not in first):
            yield row.problem(
                "short_number",
                "short-number-shape",
                f"the short number {number} does not have {count} digits beginning with {' or '.join(first)}",
                "correct it, or site.short_numbers",
            )


def one_length(paper: Paper) -> Iterator[Problem]:
    """The numbers of one area are all of one length; a different one is probably a slip."""
    area = paper.site.get("area_code")
    if area is None:
        return
    lengths = Counter(len(row.get("long_number")) for row in _in_area(paper, area))
    if len(lengths) < 2:
        return
    usual = lengths.most_common(1)[0][0]
    for row in _in_area(paper, area):
        number: str = row.get("long_number")
        if len(number) != usual:
            yield row.warning(
                "long_number",
                "number-length",
                f"{number} has {len(number)} digits, most others of area {area} have {usual}",
                "compare it with the operator's list",
            )


def usual_numbers(paper: Paper) -> Iterator[Problem]:
    """The local part of a fixed number begins with 2 to 8, and is as long as the area's numbers are."""
    for row in paper.seats:
        number: str = row.get("long_number") or ""
        if number_forms.UNUSUAL.fullmatch(number):
            yield row.warning(
                "long_number",
                "number-unusual",
                f"{number} is unusual: behind the area code public numbers begin with 2 to 8",
                "compare it with the operator's list",
            )
        elif number_forms.is_fixed(number) and not fits_plan(number):
            yield row.warning(
                "long_number",
                "number-not-in-plan",
                f"{number} is not in the numbering plan: no such area, or its numbers have another length",
                "compare it with the operator's list",
            )


def _in_area(paper: Paper, area: str) -> Iterator[Fields]:
    for row in paper.seats:
        number = row.get("long_number")
        if number is not None and number.startswith(area) and number_forms.is_fixed(number):
            yield row


def changed_elsewhere(paper: Paper) -> Iterator[Problem]:
    """A number-change notice tells of another number than the seat's own (改号通知)."""
    for row in paper.seats:
        number = row.get("changed_to")
        if number is not None and number == row.get("long_number"):
            yield row.problem(
                "changed_to",
                "changed-to-itself",
                f"the notice of a number change tells of the seat's own number {number}",
                "write the number that callers are told, or leave it empty; for another number of the seat "
                "itself write the one so far under 原号码, in a sheet for `seatline contract change`",
            )


def allowed_numbers(paper: Paper) -> Iterator[Problem]:
    """With an allow-list a seat has numbers it may call; a short one among them is one of the contract's."""
    shorts = {row.get("short_number") for row in paper.seats}
    known = not any("short_number" in row.faulty for row in paper.seats)
    listed = paper.contract.group("policy").get("allow_list") is True
    for row in paper.seats:
        allowed: tuple[str, ...] = row.get("allowed") or ()
        if listed and not allowed and "allowed" not in row.faulty:
            yield row.warning(
                "long_number",
                "nothing-allowed",
                f"{row.get('long_number') or 'the seat'} may call nobody but emergency numbers: "
                "policy.allow_list is on and the seat lists no number",
                "write the numbers it may call in the column allowed (亲情号码), separated by ;",
            )
        for number in allowed:
            if known and number not in shorts and number_forms.is_short_form(number):
                yield row.problem(
                    "allowed",
                    "unknown-short-number",
                    f"{number} among the allowed numbers is no short number of this contract",
                    "write a short number of the number rows, or the number with its area code",
                )


SEAT_RULES: tuple[Rule, ...] = (
    has_seats,
    in_the_area,
    numbers_once,
    short_number_fits,
    one_length,
    usual_numbers,
    changed_elsewhere,
    allowed_numbers,
)
