"""The written forms of telephone numbers in contract files and number sheets (号码格式).

What class a number is, `core/numbering` says; here is only what may be written where, and what the usual
slips look like. Numbers stand in national form, so a written number is stricter than a dialled one.
"""

from __future__ import annotations

import re

from provisioning.core.numbering import NumberClass, classify
from provisioning.intake.text_form import shown
from provisioning.intake.wrong import Wrong

AREA_CODE = re.compile(r"0(?:10|2[0-9]|[3-9][0-9]{2})")
MOBILE = re.compile(r"1[3-9][0-9]{9}")
FIXED = re.compile(r"(?:010|02[0-9])[2-8][0-9]{7}|0[3-9][0-9]{2}[2-8][0-9]{6,7}")
"""A fixed number in national form; behind a two-digit area code local numbers have eight digits."""
UNUSUAL = re.compile(r"(?:010|02[0-9])[19][0-9]{7}|0[3-9][0-9]{2}[19][0-9]{6,7}")
"""A fixed number whose local part begins with 1 or 9: no public one does, an operator may assign one."""
_SHORT = re.compile(r"[2-9][0-9]{1,5}")

_SERVICES = frozenset({NumberClass.SERVICE, NumberClass.SERVICE_95_96, NumberClass.SHARED_400_800})
_ELSEWHERE = _SERVICES | {
    NumberClass.EMERGENCY,
    NumberClass.HMT,
    NumberClass.INTERNATIONAL,
    NumberClass.AREA_SERVICE,
}
"""Classes of numbers that mean the same wherever they are dialled, besides fixed ones and mobiles."""

_SCIENTIFIC = re.compile(r"[0-9]+(\.[0-9]+)?[eE]\+?[0-9]+")
_FRACTION = re.compile(r"[0-9]+\.0*")
_SEPARATED = re.compile(r"[0-9()+. -]*[0-9][0-9()+. -]*")


def digits(text: str, due: str) -> str:
    """The text when it is digits only; else Wrong, naming the slip if it is a known one."""
    if re.fullmatch(r"[0-9]+", text):
        return text
    if _SCIENTIFIC.fullmatch(text):
        raise Wrong(
            "scientific-notation",
            f"{shown(text)} is what a spreadsheet makes of a long number; its last digits are lost",
            "give the column the cell format Text (文本), type the numbers again and save",
        )
    if _FRACTION.fullmatch(text):
        raise Wrong(
            "number-not-text",
            f"{shown(text)} was stored as a number, not as text",
            "give the column the cell format Text (文本) and type the numbers again, with their leading 0",
        )
    if _SEPARATED.fullmatch(text):
        bare = re.sub(r"[^0-9]", "", text)
        raise Wrong("bad-number", f"{shown(text)} is not {due}", f"write digits only, such as {shown(bare)}")
    raise Wrong("bad-number", f"{shown(text)} is not {due}", "write digits only")


def is_fixed(number: str) -> bool:
    """Whether the digits are a fixed number in national form, an unusual one included (固定电话)."""
    return bool(FIXED.fullmatch(number) or UNUSUAL.fullmatch(number))


def long_number(text: str) -> str:
    """A seat's number: national form with area code, or a service number; else Wrong (长号)."""
    number = digits(text, "a long number")
    kind = classify(number, "")
    if kind is NumberClass.EMERGENCY:
        raise Wrong(
            "emergency-number", f"{number} is an emergency number", "write the number the operator assigned"
        )
    if is_fixed(number) or (kind in _SERVICES and 5 <= len(number) <= 12):
        return number
    if MOBILE.fullmatch(number):
        raise Wrong(
            "mobile-as-long-number",
            f"{number} is a mobile number, not a seat's",
            "write the fixed number here, and the mobile number under mobile (手机号码)",
        )
    raise _not_national(number, "a long number")


def any_number(text: str) -> str:
    """A number that can be called from anywhere: fixed with area code, mobile, service, abroad."""
    number = digits(text, "a telephone number")
    if is_fixed(number) or MOBILE.fullmatch(number) or classify(number, "") in _ELSEWHERE:
        return number
    raise _not_national(number, "a telephone number")


def callable_number(text: str) -> str:
    """A number a seat may call: as `any_number`, or the shape of a short number (亲情号码)."""
    return text if is_short_form(text) else any_number(text)


def is_short_form(text: str) -> bool:
    """Whether the digits can only mean a short number of the contract."""
    return bool(_SHORT.fullmatch(text)) and classify(text, "") is NumberClass.UNKNOWN


def mobile(text: str) -> str:
    number = digits(text, "a mobile number")
    if MOBILE.fullmatch(number):
        return number
    raise Wrong(
        "bad-number",
        f"{shown(number)} is not a mobile number: those have 11 digits, the first 1, the second 3 to 9",
        "write it like 13800138000",
    )


def short_number(text: str) -> str:
    """A short number that clashes with nothing else that can be dialled; else Wrong (短号)."""
    number = digits(text, "a short number")
    if not 2 <= len(number) <= 8:
        raise Wrong(
            "bad-short-number",
            f"{shown(number)} has {len(number)} digits; a short number has 2 to 8",
            "write the short number as the opening form lists it",
        )
    clash = short_clash(number)
    if clash is not None:
        raise Wrong(
            "short-number-collides",
            f"the short number {number} collides with {clash}",
            "take another short number, such as four digits beginning with 6",
        )
    return number


def short_clash(number: str) -> str | None:
    """What else the digits of a short number would dial, None when nothing."""
    if classify(number, "") is NumberClass.EMERGENCY:
        return f"the emergency number {number}"
    for start, meaning in _CLASHES.items():
        if number.startswith(start):
            return meaning
    if classify(number, "") is NumberClass.LOCAL:
        return f"local numbers, which have {len(number)} digits too"
    return None


_CLASHES = {
    "0": "long-distance and international dialling, which begins with 0",
    "10": "the operators' service numbers 10xxx",
    "12": "the service numbers 12xxx",
    "1": "the service numbers 1xx and mobile numbers",
    "95": "the service numbers 95xxx",
    "96": "the service numbers 96xxx",
}


def _not_national(number: str, due: str) -> Wrong:
    if FIXED.fullmatch("0" + number):
        return Wrong(
            "leading-zero-lost",
            f"{number} has lost its leading 0",
            f'write "0{number}" as text: in YAML in quotes, in a spreadsheet in a cell of format Text (文本)',
        )
    if classify(number, "") is NumberClass.LOCAL:
        return Wrong(
            "area-code-missing",
            f"{number} has no area code",
            f"write the area code before it, such as 0870{number}",
        )
    if number.startswith("86") and (FIXED.fullmatch("0" + number[2:]) or MOBILE.fullmatch(number[2:])):
        home = number[2:] if MOBILE.fullmatch(number[2:]) else "0" + number[2:]
        return Wrong("bad-number", f"{number} is in international form", f"write the national form {home}")
    if AREA_CODE.match(number):
        return Wrong(
            "bad-number",
            f"{shown(number)} is not {due}: with an area code it has 11 or 12 digits, behind 010 and 02x 11",
            "compare it with the operator's list",
        )
    return Wrong(
        "bad-number",
        f"{shown(number)} is not {due}",
        "write area code and number, such as 08702120001, or a service number such as 12393",
    )
