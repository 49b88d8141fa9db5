"""What a person may search a seat by, folded so that width and case of letters do not matter (查号).

Pure: `searched` is stored with each seat, `forms` is what is looked for in it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioning.core.contract import Contract
    from provisioning.core.site import Seat

LONGEST = 200
"""Nobody looks for more characters than that."""
_WRITTEN_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]*")
_NOT_DIGITS = re.compile(r"[^0-9]")
_COUNTRY = re.compile(r"(?:\+|00)86(?P<rest>[0-9]+)|86(?P<long>[0-9]{10,12})")


def folded(text: str) -> str:
    """Full-width and half-width, upper and lower case made the same, blanks made one space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def searched(contract: Contract, seat: Seat) -> str:
    """Every value a seat can be found by, each between newlines, so that a whole value can be told."""
    area = contract.site.area_code
    in_area = seat.long_number.startswith(area)
    values = [
        seat.long_number,
        seat.long_number[len(area) :] if in_area else None,
        seat.short_number,
        seat.name,
        seat.department,
        seat.remark,
        seat.iad,
        None if seat.port is None else str(seat.port),
        None if seat.iad is None or seat.port is None else f"{seat.iad}/{seat.port}",
        seat.mobile,
        seat.second_number,
        seat.changed_to,
        seat.mobile_short,
        *seat.further,
        contract.id,
        contract.customer.name,
        contract.site.name,
        *seat.extra.values(),
    ]
    found = dict.fromkeys(folded(value) for value in values if value)
    return "\n" + "\n".join(value for value in found if value) + "\n"


def forms(text: str) -> tuple[str, ...]:
    """The text as it may stand in `searched`: itself, and a number without separators or country code.

    None at all for a text that cannot stand there: empty, longer than LONGEST, or with control characters.
    """
    wanted = folded(text[: 2 * LONGEST])
    if not wanted or len(wanted) > LONGEST or not wanted.isprintable():
        return ()
    found = [wanted]
    if _WRITTEN_NUMBER.fullmatch(wanted):
        digits = _NOT_DIGITS.sub("", wanted)
        found.append(digits)
        country = _COUNTRY.fullmatch(("+" if wanted.startswith("+") else "") + digits)
        if country:
            rest = country["rest"] or country["long"]
            found += [rest, "0" + rest]
    return tuple(dict.fromkeys(found))
