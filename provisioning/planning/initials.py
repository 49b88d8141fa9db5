"""The directory of a switchboard: seats by the initials of their names on a telephone's keys (总机查号).

A caller who looks for 张伟 presses ZW, which is 99; for Anna Li it is AL, 25. GB 2312 has its 3755 commonest
characters in the order of pinyin, so the initial of most names is known by their place in it; a character
that is not among them ends the initials. Only keys go to the switch, no names.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping

from provisioning.core.site import Site

MOST = 20
"""So many seats one sequence of keys leads to: nobody listens to more."""

_FIRSTS = (
    (0xB0A1, "A"), (0xB0C5, "B"), (0xB2C1, "C"), (0xB4EE, "D"), (0xB6EA, "E"), (0xB7A2, "F"), (0xB8C1, "G"),
    (0xB9FE, "H"), (0xBBF7, "J"), (0xBFA6, "K"), (0xC0AC, "L"), (0xC2E8, "M"), (0xC4C3, "N"), (0xC5B6, "O"),
    (0xC5BE, "P"), (0xC6DA, "Q"), (0xC8BB, "R"), (0xC8F6, "S"), (0xCBFA, "T"), (0xCDDA, "W"), (0xCEF4, "X"),
    (0xD1B9, "Y"), (0xD4D1, "Z"),
)  # fmt: skip
"""The first character of each initial in GB 2312's first level."""
_LAST = 0xD7F9
_STARTS = [code for code, _ in _FIRSTS]
_SURNAMES: Mapping[str, str] = {
    "仇": "Q", "区": "O", "单": "S", "曾": "Z", "朴": "P", "查": "Z", "盖": "G", "翟": "Z", "解": "X",
}  # fmt: skip
"""Characters that are read otherwise where they are a surname, or are of the second level."""
_LETTERS = ("ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ")
_KEYS: Mapping[str, str] = {
    letter: str(key) for key, letters in enumerate(_LETTERS, start=2) for letter in letters
}


def keys(name: str) -> str:
    """The keys of a name's initials: of each character, or of each word in Latin letters."""
    pressed = ""
    for word in name.replace(".", " ").replace("·", " ").split():
        letters = word[0] if word[0].isascii() else word
        for at, character in enumerate(letters):
            initial = _initial(character, surname=not pressed and not at)
            if initial is None:
                return pressed
            pressed += _KEYS[initial]
    return pressed


def directory(site: Site) -> Iterator[tuple[str, str]]:
    """What is pressed and the seats it leads to, & between them; with one number for many, the first of them.

    A name is found by all its initials and by any of the first; so is a department. Sites without a
    switchboard have none, nor seats that have another number now.
    """
    if site.main_number is None or "switchboard" not in site.features:
        return
    found: dict[str, list[str]] = {}
    for seat in sorted(site.seats, key=lambda seat: seat.long_number):
        if seat.changed_to is not None:
            continue
        for pressed in map(keys, filter(None, (seat.name, seat.department))):
            for length in range(1, len(pressed) + 1):
                known = found.setdefault(pressed[:length], [])
                if seat.long_number not in known and len(known) < MOST:
                    known.append(seat.long_number)
    yield from ((pressed, "&".join(seats)) for pressed, seats in sorted(found.items()))


def _initial(character: str, *, surname: bool) -> str | None:
    """The letter a character's pinyin begins with; None for what is no letter and unknown characters."""
    if character.isascii():
        return character.upper() if character.isalpha() else None
    if surname and character in _SURNAMES:
        return _SURNAMES[character]
    try:
        pair = character.encode("gb2312")
    except UnicodeEncodeError:
        return None
    code = int.from_bytes(pair, "big")
    return _FIRSTS[bisect_right(_STARTS, code) - 1][1] if _STARTS[0] <= code <= _LAST else None
