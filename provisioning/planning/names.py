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

_CONTEXT = re.compile(
    r"seatline-(?P<site>.+)-(?P<slot>[ab])"
    r"(?P<part>-numbers|-open|-line|-forms|-from-operator|-policy|-seat|-allowed|-changed|-members|-directory|-stopped|)"
)


def pjsip_file(site: str) -> str:
    """A site's first file of PJSIP objects, which decides about the others and stands for all of them.

    Asterisk reads files in the order of their names, and has to read the first ones of all sites first. The
    underscore can be in no site's name: no file of old_layout.py is called like this, whatever its site.
    """
    return f"{PJSIP_FILES}0_{site}.conf"


def seats_file(site: str, slot: str, number: int) -> str:
    """A file of a site's seats in one of the slots, numbered from 1 (layout.py)."""
    return f"{PJSIP_FILES}1_{site}-{slot}-{number:03}.conf"


def dialplan_file(site: str, slot: str, number: int = 1) -> str:
    """A site's file of dialplan contexts in one of the slots; a long dialplan goes on in 2 and so on."""
    return f"{DIALPLAN_FILES}{site}-{slot}-{number:02}.conf"


LINES_PER_FILE = 120
"""Lines of one file of dialplan."""


def seats_per_file(seats: int) -> int:
    """How many of a site's seats stand in one file.

    Small files are written sooner: every UpdateConfig writes its whole file anew, and seven seats take three.
    Many files are read later: for each of them Asterisk goes through the list of all it knows.
    """
    return 7 if seats <= 1000 else 12 if seats <= 3000 else 16


def other_slot(slot: str | None) -> str:
    """The slot that is not that one; the first for none."""
    return SLOTS[1] if slot == SLOTS[0] else SLOTS[0]


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


def seat_line(long_number: str) -> str:
    """The endpoint of the operator's side that is one seat's own, to prove by its password who calls."""
    return f"seat-{long_number}-line"


def seat_line_auth(long_number: str) -> str:
    """The digest user and password of a seat at the operator's IMS."""
    return f"{long_number}-ims-auth"


_SEAT_SECTION = {
    "endpoint": re.compile(r"seat-([0-9]{3,12})(?:-line)?"),
    "auth": re.compile(r"([0-9]{3,12})(?:-ims)?-auth"),
    "aor": re.compile(r"([0-9]{3,12})"),
    "registration": re.compile(r"([0-9]{3,12})-ims"),
}


def seat_of(kind: str, name: str) -> str | None:
    """The long number of the seat that a PJSIP object of that kind and name belongs to, if it does to one."""
    pattern = _SEAT_SECTION.get(kind)
    found = pattern.fullmatch(name) if pattern else None
    return found[1] if found else None


def title(kind: str, name: str) -> str:
    """What to call an object of ours among those of its seat or line: the operator's are told apart."""
    if kind == "auth" and name.endswith("-ims-auth"):
        return "operator's auth"
    return "own line" if kind == "endpoint" and name.endswith("-line") and seat_of(kind, name) else kind


def line_endpoint(site: str) -> str:
    """The endpoint of the operator's side of a site."""
    return f"line-{site}"


def line_aor(site: str) -> str:
    return f"line-{site}-aor"


def line_registration(site: str) -> str:
    """The registration of a site whose trunk registers for all its seats."""
    return f"line-{site}-ims"


def registers_ours(name: str) -> bool:
    """Whether a registration of that name is a seat's or a site's trunk's."""
    return seat_of("registration", name) is not None or re.fullmatch(r"line-.+-ims", name) is not None


def line_auth(site: str) -> str:
    """The digest user and password of a trunk at the operator's IMS."""
    return f"line-{site}-ims-auth"


def line_sections(site: str) -> tuple[str, ...]:
    """All PJSIP objects of a site's line."""
    return line_endpoint(site), line_aor(site), line_registration(site), line_auth(site)


def context(site: str, slot: str, part: str = "") -> str:
    """A context of a site: the seats' own (no part), or one of the parts of dialplans/README.md."""
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
