"""The names our objects and files have on a switch, and what a name says (命名)."""

from __future__ import annotations

import re

SLOTS = ("a", "b")
"""The two generations of a site's dialplan that can be loaded side by side."""
SHARED_FILE = "seatline-extensions-0-shared.conf"
"""The hand-written contexts, the same for every site of the switch."""
APPLYING_FILE = "staged-seatline-applying.conf"
"""Which sites are being applied; nobody includes it."""
PJSIP_FILES = "seatline-pjsip-"
"""How the names of all live files of PJSIP objects begin."""
DIALPLAN_FILES = "seatline-extensions-"
"""How the names of all live files of dialplan begin."""

_CONTEXT = re.compile(r"seatline-(?P<site>.+)-(?P<slot>[ab])(?P<part>-numbers|-open|-line|)")


def pjsip_file(site: str, number: int) -> str:
    """A site's file of PJSIP objects; numbered from 1."""
    return f"{PJSIP_FILES}{site}-{number:02}.conf"


def dialplan_file(site: str, slot: str) -> str:
    """A site's file of dialplan contexts in one of the slots."""
    return f"{DIALPLAN_FILES}{site}-{slot}-01.conf"


def seats_per_file(seats: int) -> int:
    """How many of that many seats stand in one file, with all that belongs to them.

    Up to 100 seats are one file, so that one step of the switch makes all of them new. Larger sites need
    several steps anyway, and small files are quicker: every UpdateConfig writes its whole file anew.
    """
    return 100 if seats <= 100 else 25


def staged(file: str) -> str:
    """Where a file is built before anybody includes it."""
    return f"staged-{file}"


def former(file: str) -> str:
    """Where the generation before is kept for rolling back."""
    return f"former-{file}"


def seat_endpoint(long_number: str) -> str:
    """The endpoint, and digest user, of a seat."""
    return f"seat-{long_number}"


def seat_auth(long_number: str) -> str:
    return f"{long_number}-auth"


def seat_registration(long_number: str) -> str:
    return f"{long_number}-ims"


_SEAT_SECTION = {
    "endpoint": re.compile(r"seat-([0-9]{3,12})"),
    "auth": re.compile(r"([0-9]{3,12})-auth"),
    "aor": re.compile(r"([0-9]{3,12})"),
    "registration": re.compile(r"([0-9]{3,12})-ims"),
}


def seat_of(kind: str, name: str) -> str | None:
    """The long number of the seat that a PJSIP object of that kind and name belongs to, if it does to one."""
    pattern = _SEAT_SECTION.get(kind)
    found = pattern.fullmatch(name) if pattern else None
    return found[1] if found else None


def line_endpoint(site: str) -> str:
    """The endpoint of the operator's side of a site."""
    return f"line-{site}"


def line_aor(site: str) -> str:
    return f"line-{site}-aor"


def line_registration(site: str) -> str:
    """The registration of a site whose trunk registers for all its seats."""
    return f"line-{site}-ims"


def context(site: str, slot: str, part: str = "") -> str:
    """A context of a site: the seats' own (no part), "numbers", "open" or "line"."""
    return "-".join(("seatline", site, slot, *((part,) if part else ())))


def slot_of(context_name: str, site: str) -> str | None:
    """The slot a context belongs to, None if it is none of that site's."""
    found = _CONTEXT.fullmatch(context_name)
    return found["slot"] if found and found["site"] == site else None


def part_of(context_name: str, site: str) -> str | None:
    """Which of a site's contexts one is: "" for the seats' own, "numbers" ...; None if it is none of them."""
    found = _CONTEXT.fullmatch(context_name)
    return found["part"].removeprefix("-") if found and found["site"] == site else None


def site_of(context_name: str) -> str | None:
    """The site a context belongs to, None if it is not one of ours that a site has."""
    found = _CONTEXT.fullmatch(context_name)
    return found["site"] if found else None
