"""The numbering plan of mainland China: what class a dialled number is, and its national form (号码分类).

The plan is a table read from the top, the first row that fits the whole number wins. The switch decides by
the same rows (dialplans/), so a call is charged as what it was let through as; both are tested on
tests/golden/numbering/cases.csv.

`phonenumbers` is not asked here, on purpose. It takes local seven-digit numbers for national ones, drops
carrier prefixes, and does not know most service numbers; and a newer edition of its data must not change the
price of an old call. Only the shape of a number counts: an area code has two digits (010, 02x) or three.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

_AREA = r"(?:10|2[0-9]|[3-9][0-9]{2})"


class NumberClass(StrEnum):
    """What kind of number was dialled (号码类别)."""

    EMERGENCY = "emergency"
    HMT = "hmt"
    INTERNATIONAL = "international"
    IP_PREFIX = "ip-prefix"
    SMS_PORT = "sms-port"
    SERVICE = "service"
    SERVICE_95_96 = "95-96"
    SHARED_400_800 = "400-800"
    MOBILE = "mobile"
    LOCAL = "local"
    LONG_DISTANCE = "long-distance"
    AREA_SERVICE = "area-service"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the plan: the class, the shape of the whole number, and what it is in words."""

    number_class: NumberClass
    shape: str
    meaning: str


PLAN: tuple[Row, ...] = (
    Row(
        NumberClass.EMERGENCY, r"110|119|120|122|12110|12395", "police, fire, ambulance, traffic, sea rescue"
    ),
    Row(NumberClass.HMT, r"00(?:852|853|886)[0-9]{3,12}", "Hong Kong, Macau, Taiwan"),
    Row(NumberClass.INTERNATIONAL, r"00[1-9][0-9]{5,14}", "any other country"),
    Row(NumberClass.IP_PREFIX, r"(?:179|125)[0-9]{2}[01][0-9]{6,}", "a carrier's prefix before a number"),
    Row(
        NumberClass.SERVICE, r"100(?:00|01|10|11|15|50|60|86|99)[0-9]{0,3}", "an operator's customer service"
    ),
    Row(NumberClass.SERVICE, r"12[1-9][0-9]{2}", "public services: 12345, 12393"),
    Row(NumberClass.SMS_PORT, r"106[0-9]{5,17}", "a sender of text messages, not of calls"),
    Row(NumberClass.SERVICE_95_96, r"9[56][0-9]{3,10}", "banks, insurers, provincial services"),
    Row(NumberClass.SHARED_400_800, r"[48]00[0-9]{7}", "shared or called party pays"),
    Row(NumberClass.MOBILE, r"0?1[3-9][0-9]{9}", "a mobile, with or without a 0 before it"),
    Row(NumberClass.LONG_DISTANCE, rf"0{_AREA}[2-8][0-9]{{6,7}}", "0, area code, local number"),
    Row(NumberClass.AREA_SERVICE, rf"0{_AREA}(?:1[0-9]{{2,4}}|9[56][0-9]{{3,4}})", "a city's service number"),
    Row(NumberClass.SERVICE, r"1[0-9]{2,5}", "other service numbers: 114, 11185, 116114"),
    Row(NumberClass.LOCAL, r"[2-8][0-9]{6,7}", "a number of the home area without its area code"),
)
"""The plan, first fit first. A home-area number dialled in full is local (see `classify`)."""

_SHAPES = tuple((row.number_class, re.compile(row.shape)) for row in PLAN)
_SEPARATORS = str.maketrans("", "", " -()")
_DIALLED = re.compile(r"(\+?[0-9]{1,32})#?(?:;.*)?", re.DOTALL)
_COUNTRY = re.compile(r"0086([0-9]+)|86((?:1[3-9][0-9]|[48]00|10|[2-9][0-9])[0-9]{8,9}|1(?:10|19|20|22))")
_WITHOUT_ZERO = re.compile(rf"{_AREA}[2-8][0-9]{{6,7}}")
_AREA_SERVICE_WITHOUT_ZERO = re.compile(rf"{_AREA}(?:1[0-9]{{2,4}}|9[56][0-9]{{3,4}})")
_SPECIAL = frozenset({NumberClass.MOBILE, NumberClass.SHARED_400_800})


def classify(dialled: str, area_code: str) -> NumberClass:
    """The class of a number as it was dialled at a site with that area code ("0870").

    Understands +86, 0086 and 86 before a number, + for 00, and blanks, hyphens and parentheses between
    digits. A closing # and what stands behind a ; (`110;phone-context=+86`) are no part of the number. 110
    with the home area code in front is 110; with another one it calls that city. Contract numbers, short
    ones above all, are to be looked up before: they are no part of the plan.
    """
    return _read(dialled, area_code)[0]


def national(text: str, area_code: str) -> str | None:
    """The number in national form, or None if it has none (国内格式).

    "08702120001" for a fixed line (area code with its 0), "13800138000" for a mobile, "12393" for a service
    number, "0085221234567" abroad. A local number gets the home area code; with area code "", where the home
    is not known, it stays as it is. Numbers behind a carrier's prefix and numbers of no known class have no
    national form; a short number has none either.
    """
    return _read(text, area_code)[1]


@lru_cache(maxsize=1 << 16)
def _read(text: str, area_code: str) -> tuple[NumberClass, str | None]:
    bare = text.translate(_SEPARATORS)
    dialled = _DIALLED.fullmatch(bare)
    if not dialled:
        return NumberClass.UNKNOWN, None
    number = dialled[1]
    digits = _without_country("00" + number[1:] if number[0] == "+" else number)
    if _look_up(digits.removeprefix(area_code)) is NumberClass.EMERGENCY:
        digits = digits.removeprefix(area_code)
    found = _look_up(digits)
    if found is NumberClass.MOBILE:
        return found, digits.removeprefix("0")
    if found is NumberClass.LOCAL:
        return found, area_code + digits
    if found in (NumberClass.UNKNOWN, NumberClass.IP_PREFIX):
        return found, None
    if area_code and digits.startswith(area_code):
        if found is NumberClass.LONG_DISTANCE:
            return NumberClass.LOCAL, digits
        if found is NumberClass.AREA_SERVICE:
            return NumberClass.SERVICE, digits
    return found, digits


def _look_up(digits: str) -> NumberClass:
    for number_class, shape in _SHAPES:
        if shape.fullmatch(digits):
            return number_class
    return NumberClass.UNKNOWN


def _without_country(digits: str) -> str:
    """The number without 0086 or 86, with the 0 of its area code put back.

    A bare 86 counts as the country only before something as long as a national number, so that local
    numbers beginning with 86 stay what they are, and before 110, 119, 120 and 122. Empty where no number
    fits behind the country: of no class.
    """
    found = _COUNTRY.fullmatch(digits)
    if not found:
        return digits
    rest = found[1] or found[2]
    if rest.startswith("0"):
        return rest if not rest.startswith("00") else ""
    if _look_up(rest) in _SPECIAL:
        return rest
    if _WITHOUT_ZERO.fullmatch(rest):
        return "0" + rest
    if _look_up(rest) not in (NumberClass.UNKNOWN, NumberClass.LOCAL, NumberClass.IP_PREFIX):
        return rest
    return "0" + rest if _AREA_SERVICE_WITHOUT_ZERO.fullmatch(rest) else ""
