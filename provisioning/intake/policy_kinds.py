"""The kinds of values of a contract's policy: hours, days, zones and rights to call (呼叫权限)."""

from __future__ import annotations

import re

from provisioning.core.contract import Zone
from provisioning.intake import words
from provisioning.intake.text_form import shown
from provisioning.intake.words import Word
from provisioning.intake.wrong import Wrong


def _hours(text: str) -> object:
    found = re.fullmatch(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})", text)
    if found:
        h1, m1, h2, m2 = (int(part) for part in found.groups())
        start, end = h1 * 60 + m1, h2 * 60 + m2
        if h1 < 24 and m1 < 60 and m2 < 60 and end <= 24 * 60 and start < end:
            return (start, end)
    raise Wrong(
        "bad-hours",
        f"{shown(text)} is not a span of hours within one day",
        'write "08:00-19:00", the earlier time first, the end at most 24:00',
    )


_ZONES = tuple(zone.value for zone in Zone)
_ZONE_NAMES = {
    "网内": "internal",
    "本地": "local",
    "国内": "domestic",
    "长途": "domestic",
    "国内长途": "domestic",
    "服务": "service",
    "港澳台": "hmt",
    "国际": "international",
}
"""What the column 呼叫权限 calls the zones."""


def _zone(text: str) -> object:
    if text not in _ZONES:
        raise Wrong(
            "bad-choice", f"{shown(text)} is not one of {' | '.join(_ZONES)}", words.choice_hint(text, _ZONES)
        )
    return Zone(text)


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _weekdays(text: str) -> object:
    names = text.split("-")
    if 1 <= len(names) <= 2 and all(name in _DAYS for name in names):
        return text
    raise Wrong(
        "bad-days",
        f"{shown(text)} is neither a day of the week nor a span of them",
        f"write mon-fri or one day; the days are {', '.join(_DAYS)}",
    )


def _right(text: str) -> object:
    sign, name = text[:1], text[1:].strip()
    zone = _ZONE_NAMES.get(name, name)
    if sign in ("+", "-") and zone in _ZONES:
        return sign + zone
    bare = _ZONE_NAMES.get(text, text)
    if bare in _ZONES:
        raise Wrong(
            "bad-right",
            f"{shown(text)} says neither + nor -",
            f"write +{bare} to open the zone for this seat, -{bare} to close it",
        )
    raise Wrong(
        "bad-right",
        f"{shown(text)} is not a right to call",
        f"write + or - and a zone, such as +international (国际) or -domestic (国内): {', '.join(_ZONES)}",
    )


HOURS = Word(due="a span of hours", example="08:00-19:00", read=_hours)
WEEKDAYS = Word(due="days of the week", example="mon-fri", read=_weekdays)
RIGHT = Word(
    due="a right to call", example="+international", read=_right, sheds_invisible=True, halves_width=True
)
ZONE = Word(due="a zone", example="local", read=_zone)
