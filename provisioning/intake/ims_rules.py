"""What must hold between the values under site.ims (IMS 接入校验)."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.core.problem import Problem
from provisioning.core.site import Ims, SessionTimers
from provisioning.intake.paper import Paper, Rule

USUAL_USER = Ims(domain="", proxy="").user
"""The pattern of the public user where the contract does not say."""


def timers_fit(paper: Paper) -> Iterator[Problem]:
    """A session does not expire before the least time in which it may."""
    timers = paper.site.group("ims").group("session_timers")
    if timers.faulty:
        return
    usual = SessionTimers()
    expires = timers.get("expires") or usual.expires
    least = timers.get("least") or usual.least
    if least > expires:
        key = "least" if timers.has("least") else "expires"
        yield timers.problem(
            key,
            "session-timers",
            f"a session expires after {expires} seconds, before the least time of {least}",
            f"write expires of {least} or more, or a smaller least",
        )


def digest_users_differ(paper: Paper) -> Iterator[Problem]:
    """Seats that register one by one mostly have a digest user each."""
    ims = paper.site.group("ims")
    pattern = ims.get("auth_user")
    if pattern is None or ims.get("register") == "trunk":
        return
    if not any(field in pattern for field in ("{user}", "{local}", "{long}")):
        yield ims.warning(
            "auth_user",
            "auth-user-shared",
            f'"{pattern}" gives every seat the same digest user',
            "put {user} or {local} into it, unless the operator really says so",
        )


def service_numbers_register(paper: Paper) -> Iterator[Problem]:
    """A service number is shown as it is (12393), so it should be registered as it is."""
    ims = paper.site.group("ims")
    if not paper.site.has("ims") or "user" in ims.faulty:
        return
    pattern = ims.get("user") or USUAL_USER
    area = paper.site.get("area_code")
    for row in paper.seats:
        number = row.get("long_number")
        if number is None or area is None or number.startswith("0"):
            continue
        user = pattern.replace("{area}", area[1:]).replace("{local}", number).replace("{long}", number)
        if user != number:
            yield ims.warning(
                "user",
                "service-number-user",
                f"{number} registers as {user}, and the operator is shown {number} as the caller",
                'write user: "{long}" where the operator registers the number as it is',
            )
            return


def trunk_shows_its_seats(paper: Paper) -> Iterator[Problem]:
    """A trunk's calls show the number of the seat that calls, so the pattern of its user tells seats apart.

    An account's name (office-1) is no number: then the callers' numbers are shown in the usual form.
    """
    ims = paper.site.group("ims")
    user = ims.get("user")
    if user is None or ims.get("register") != "trunk" or "{local}" in user or "{long}" in user:
        return
    if Ims(domain="", proxy="", user=user).caller == user and len(paper.seats) > 1:
        shown = user.replace("{area}", (paper.site.get("area_code") or "0870")[1:])
        yield ims.warning(
            "user",
            "caller-shared",
            f"every call will show {shown} as its caller, whichever seat it is made from",
            'write user: "+86{area}{local}": the main number registers, and each seat shows its own',
        )


def trunk_keeps_its_number(paper: Paper) -> Iterator[Problem]:
    """The number that a trunk registers, and whose password it has, does not change with the seats."""
    site, ims = paper.site, paper.site.group("ims")
    numbers = [number for row in paper.seats if (number := row.get("long_number")) is not None]
    said = site.has("main_number") or "main_number" in site.faulty
    if ims.get("register") == "trunk" and not said and len(numbers) > 1:
        yield ims.warning(
            "register",
            "trunk-without-main-number",
            f"the trunk registers {min(numbers)}, the lowest of its numbers: a seat with a lower one would "
            "take its place, and its password",
            "write main_number: with the number that the operator registers; it may be a seat's",
        )


def fixed_numbers_abroad(paper: Paper) -> Iterator[Problem]:
    """Behind a + stands a country, and no national number with its 0."""
    out = paper.site.group("ims").group("numbers_out")
    fixed = out.get("fixed")
    if fixed is not None and fixed.startswith("+") and "{number}" in fixed:
        sent = fixed.replace("{number}", "08702120001")
        yield out.warning(
            "fixed",
            "number-form-with-zero",
            f'"{fixed}" sends {sent}, with the 0 of the area code behind the country',
            'write "+86{area}{local}", unless the operator really says so',
        )


def beginnings_once(paper: Paper) -> Iterator[Problem]:
    """What the operator's numbers begin with is named once, and becomes something else."""
    first: dict[str, int] = {}
    for one in paper.site.group("ims").groups("numbers_in"):
        begins, becomes = one.get("begins"), one.get("becomes")
        if begins is None:
            continue
        if begins in first:
            yield one.problem(
                "begins",
                "duplicate-beginning",
                f"numbers that begin with {begins} are named twice; first in line {first[begins]}",
                "keep one entry",
            )
        elif begins == becomes:
            yield one.problem(
                "becomes",
                "beginning-unchanged",
                f"what begins with {begins} becomes the same",
                "delete the entry, or write what it becomes",
            )
        first.setdefault(begins, one.place("begins").line or 0)


IMS_RULES: tuple[Rule, ...] = (
    timers_fit,
    digest_users_differ,
    service_numbers_register,
    trunk_shows_its_seats,
    trunk_keeps_its_number,
    fixed_numbers_abroad,
    beginnings_once,
)
