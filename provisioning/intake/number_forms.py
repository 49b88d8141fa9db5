"""The written forms of telephone numbers in contract files and number sheets (号码格式).

What class a number is, `core/numbering` says; here is only what may be written where, and what the usual
slips look like. Numbers stand in national form, so a written number is stricter than a dialled one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from provisioning.core.numbering import NumberClass, classify
from provisioning.intake.text_form import counted, shown
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
_KEPT_DIGITS = 15
_FRACTION = re.compile(r"[0-9]+\.0*")
_SEPARATED = re.compile('=?"?[\'`\u2018\u2019]?[0-9()+. _\u00b7\u2010-\u2015-]+"?')
"""A number with something between its digits or, as some programs write text, ="..." or ' around it."""
_COUNTRY = re.compile(r"(?:00)?86(?=[0-9]{9})")


def _meant(text: str, fits: Callable[[str], object]) -> str | None:
    """The number that was probably meant: without separators and +86, with its 0; None when none fits."""
    bare = re.sub(r"[^0-9]", "", text)
    home = _COUNTRY.sub("", bare) if _COUNTRY.match(bare) else bare
    return next((number for number in (home, "0" + home, bare) if fits(number)), None)


def digits(text: str, due: str, fits: Callable[[str], object]) -> str:
    """The text when it is digits only; else Wrong, naming the slip if it is a known one.

    `fits` knows the numbers that are due: none is suggested that would be refused in its turn.
    """
    if text.isascii() and text.isdigit():
        if len(text) > _KEPT_DIGITS and not text[_KEPT_DIGITS:].strip("0"):
            raise Wrong(
                "digits-lost",
                f"of {shown(text)} the last digits are lost: a spreadsheet keeps 15 digits of a number",
                "give the column the cell format Text (文本) and type the numbers again, from the paper",
            )
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
    if "," in text:
        raise Wrong(
            "bad-number",
            f"{shown(text)} is not {due}: a comma stands in it",
            "write one number in a cell, and half-width commas between the cells",
        )
    meant = _meant(text, fits) if _SEPARATED.fullmatch(text) else None
    raise Wrong(
        "bad-number",
        f"{shown(text)} is not {due}",
        f"write digits only, such as {shown(meant)}" if meant else "write digits only",
    )


def is_fixed(number: str) -> bool:
    """Whether the digits are a fixed number in national form, an unusual one included (固定电话)."""
    return bool(FIXED.fullmatch(number) or UNUSUAL.fullmatch(number))


def _is_long(number: str) -> bool:
    return is_fixed(number) or (5 <= len(number) <= 12 and classify(number, "") in _SERVICES)


def _is_any(number: str) -> bool:
    return is_fixed(number) or bool(MOBILE.fullmatch(number)) or classify(number, "") in _ELSEWHERE


def _is_short(number: str) -> bool:
    return 2 <= len(number) <= 8 and short_clash(number) is None


def long_number(text: str) -> str:
    """A seat's number: national form with area code, or a service number; else Wrong (长号)."""
    if FIXED.fullmatch(text):
        return text
    personal = _meant(text, MOBILE.fullmatch) if _SEPARATED.fullmatch(text) else None
    number = personal or digits(text, "a long number", _is_long)
    if _is_long(number):
        return number
    if classify(number, "") is NumberClass.EMERGENCY:
        raise Wrong(
            "emergency-number", f"{number} is an emergency number", "write the number the operator assigned"
        )
    if MOBILE.fullmatch(number):
        raise Wrong(
            "mobile-as-long-number",
            f"{number} is a mobile number, not a seat's",
            "write the fixed number here, and the mobile number under mobile (手机号码)",
        )
    raise _not_national(number, "a long number", _is_long)


def any_number(text: str) -> str:
    """A number that can be called from anywhere: fixed with area code, mobile, service, abroad."""
    number = digits(text, "a telephone number", _is_any)
    if _is_any(number):
        return number
    raise _not_national(number, "a telephone number", _is_any)


def new_number(text: str) -> str:
    """The number a seat has now: fixed, mobile or service, neither emergency nor abroad (新号码)."""
    number = any_number(text)
    kind = classify(number, "")
    if kind is NumberClass.EMERGENCY:
        raise Wrong(
            "emergency-number", f"{number} is an emergency number", "write the number that callers are told"
        )
    if kind in (NumberClass.HMT, NumberClass.INTERNATIONAL):
        raise Wrong(
            "number-abroad",
            f"{number} is a number outside mainland China",
            "write the fixed or mobile number that callers are told",
        )
    return number


def callable_number(text: str) -> str:
    """A number a seat may call: as `any_number`, or the shape of a short number (亲情号码)."""
    return text if is_short_form(text) else any_number(text)


def reached_number(text: str) -> str:
    """A number to which a seat's calls go on: any that it may call but an emergency one (前转, 一号通)."""
    number = callable_number(text)
    if classify(number, "") is NumberClass.EMERGENCY:
        raise Wrong(
            "emergency-number",
            f"{number} is an emergency number: no call goes on to it",
            "write the number of a person's telephone",
        )
    return number


def is_short_form(text: str) -> bool:
    """Whether the digits can only mean a short number of the contract."""
    return bool(_SHORT.fullmatch(text)) and classify(text, "") is NumberClass.UNKNOWN


def mobile(text: str) -> str:
    number = digits(text, "a mobile number", MOBILE.fullmatch)
    if MOBILE.fullmatch(number):
        return number
    raise Wrong(
        "bad-number",
        f"{shown(number)} is not a mobile number: those have 11 digits, the first 1, the second 3 to 9",
        f"write it like {_meant(number, MOBILE.fullmatch) or '13800138000'}",
    )


def short_number(text: str) -> str:
    """A short number that clashes with nothing else that can be dialled; else Wrong (短号)."""
    number = digits(text, "a short number", _is_short)
    if not 2 <= len(number) <= 8:
        raise Wrong(
            "bad-short-number",
            f"{shown(number)} has {counted(len(number), 'digit')}; a short number has 2 to 8",
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
    kind = classify(number, "")
    if kind is NumberClass.EMERGENCY:
        return f"the emergency number {number}"
    if number.startswith(_CLASHING):
        return next(meaning for start, meaning in _CLASHES.items() if number.startswith(start))
    if kind is NumberClass.LOCAL:
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

_CLASHING = tuple(_CLASHES)


def _not_national(number: str, due: str, fits: Callable[[str], object]) -> Wrong:
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
    meant = _meant(number, fits) if _COUNTRY.match(number) else None
    if meant is not None:
        return Wrong("bad-number", f"{number} is in international form", f"write the national form {meant}")
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
