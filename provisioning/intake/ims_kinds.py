"""The kinds of values under site.ims: patterns of users and numbers, and what numbers begin with."""

from __future__ import annotations

import re
from collections.abc import Mapping

from provisioning.intake import words
from provisioning.intake.text_form import nearest, shown
from provisioning.intake.words import Word
from provisioning.intake.wrong import Wrong

_FIELD = re.compile(r"\{([^{}]*)\}")

USER_FIELDS = ("area", "local", "long")
AUTH_USER_FIELDS = ("user", "domain", *USER_FIELDS)
NUMBER_FIELDS: Mapping[str, tuple[str, ...]] = {
    "fixed": ("number", "area", "local"),
    "mobile": ("number",),
    "service": ("number", "area"),
    "emergency": ("number", "area"),
    "international": ("number", "abroad"),
}
"""The fields there are in the pattern of each class of numbers sent out (core.site.NumbersOut)."""
_WHOLE: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "fixed": (("number",), ("area", "local")),
    "international": (("number",), ("abroad",)),
}
"""Which fields make up the whole number that is called; elsewhere {number} does."""


def _pattern(code: str, what: str, fields: tuple[str, ...], between: str, example: str) -> Word:
    listed = ", ".join(f"{{{field}}}" for field in fields)

    def read(text: str) -> object:
        for name in _FIELD.findall(text):
            if name not in fields:
                close = nearest(name, fields)
                hint = f"did you mean {{{close}}}?" if close else f"the fields here are {listed}"
                raise Wrong(code, f"{shown(text)} asks for {{{name}}}, which is no field here", hint)
        rest = _FIELD.sub("", text)
        if not text or len(text) > 128 or not re.fullmatch(rf"[{between}]*", rest):
            raise Wrong(
                code,
                f"{shown(text)} is not {what}",
                f'use {listed} and plain characters, such as "{example}"',
            )
        return text

    return Word(due=what, example=example, read=read)


def _number_out(name: str, example: str) -> Word:
    what = f"the form of a {name} number"
    fields = NUMBER_FIELDS[name]
    plain = _pattern("bad-number-form", what, fields, "0-9+", example)
    needed = _WHOLE.get(name, (("number",),))
    listed = " or ".join("".join(f"{{{field}}}" for field in fields) for fields in needed)

    def read(text: str) -> object:
        plain.read(text)
        if not any(all(f"{{{field}}}" in text for field in fields) for fields in needed):
            raise Wrong(
                "bad-number-form",
                f"{shown(text)} does not hold the whole number that is called",
                f'put {listed} into it, such as "{example}"',
            )
        if "+" in text[1:]:
            raise Wrong(
                "bad-number-form", f"{shown(text)} has a + within", "a + can only stand at the very beginning"
            )
        return text

    return Word(due=what, example=example, read=read)


def _digits(code: str, due: str, example: str, least: int) -> Word:
    def read(text: str) -> object:
        if not re.fullmatch(r"\+?[0-9]{0,16}", text) or len(text) < least:
            raise Wrong(code, f"{shown(text)} is not {due}", f'write it like "{example}"')
        return text

    return Word(due=due, example=example, read=read, sheds_invisible=True, halves_width=True)


AUTH_USER = _pattern(
    "bad-auth-user",
    "a pattern of a digest user",
    AUTH_USER_FIELDS,
    r"A-Za-z0-9+._@-",
    "{user}@{domain}",
)
REALM = words.pattern(
    "[A-Za-z0-9][A-Za-z0-9._@:-]{0,127}", code="bad-realm", due="a digest realm", example="ims.example.net"
)
NUMBERS_OUT: Mapping[str, Word] = {
    "fixed": _number_out("fixed", "+86{area}{local}"),
    "mobile": _number_out("mobile", "+86{number}"),
    "service": _number_out("service", "{number}"),
    "emergency": _number_out("emergency", "{number}"),
    "international": _number_out("international", "00{abroad}"),
}
BEGINS = _digits("bad-beginning", "what a number begins with: digits, with or without +", "+86", 1)
BECOMES = _digits(
    "bad-beginning", 'what stands there instead: digits, with or without +, or nothing ("")', "0", 0
)

SESSION_TIMERS: Mapping[str, Word] = {
    "use": words.one_of("none", "supported", "required"),
    "expires": words.whole(90, 86_400),
    "least": words.whole(90, 86_400),
}

IMS_KEYS: Mapping[str, Word] = {
    "auth_user": AUTH_USER,
    "realm": REALM,
    "expires": words.whole(60, 604_800),
    "reliable": words.one_of("none", "supported", "required"),
    "identity": words.one_of("pai", "ppi", "none"),
}
"""The single values under site.ims that say how to speak with the operator."""
