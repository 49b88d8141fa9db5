"""How text looks that users typed: what YAML would take it for, invisible and full-width characters."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

Bare = Literal["number", "flag", "date", "nothing"]
"""What YAML makes of an unquoted scalar that is not plain text."""

_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F_]+")
_SPECIAL_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?")
_FLAGS = {"true", "True", "TRUE", "false", "False", "FALSE"}
_NOTHING = {"", "~", "null", "Null", "NULL"}

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
"""Characters that no name, remark or code may hold: line breaks, tabs, NUL, terminal commands."""

_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")

_NO_BREAK = "\u00a0"

_SHOWN_LENGTH = 60


def bare_form(text: str) -> Bare | None:
    """What an unquoted YAML scalar is taken for when it is not plain text, else None."""
    if text in _NOTHING:
        return "nothing"
    if text in _FLAGS:
        return "flag"
    if _DATE.fullmatch(text):
        return "date"
    if _NUMBER.fullmatch(text) or _SPECIAL_NUMBER.fullmatch(text):
        return "number"
    return None


def shown(text: str) -> str:
    """Text of the user in double quotes, shortened, safe to put on a terminal."""
    cut = text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"
    return f'"{printable(cut)}"'


def printable(text: str) -> str:
    """Text of the user with line breaks and whatever cannot be seen written out: <U+000A>."""
    return _INVISIBLE.sub(_escaped, CONTROL.sub(_escaped, text))


def counted(number: Decimal | int, noun: str) -> str:
    """How many of a thing: 1 digit, 2 digits."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _escaped(found: re.Match[str]) -> str:
    return f"<U+{ord(found[0]):04X}>"


def without_invisible(text: str, *, no_break: bool = False) -> str:
    """The text without characters nobody sees: zero-width ones, marks of direction, soft hyphens.

    With `no_break` without no-break spaces too, which belong into no number.
    """
    if text.isascii():
        return text
    visible = _INVISIBLE.sub("", text)
    return visible.replace(_NO_BREAK, "") if no_break else visible


def unseen(text: str) -> bool:
    """Whether a character of the text is one that nobody sees."""
    return not text.isascii() and _INVISIBLE.search(text) is not None


def trimmed(text: str) -> str:
    """The text without blanks around it; a no-break space stays, to be told of, where there is other text."""
    bare = text.strip()
    return bare if text.isascii() or not bare or _NO_BREAK not in text else text.strip(" \t\r\n\u3000")


def half_width(text: str) -> str:
    """The text with full-width letters, digits and marks made half-width (全角转半角)."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def nearest(word: str, known: Iterable[str], cutoff: float = 0.5) -> str | None:
    """The known word that looks most like this one, None when none does."""
    if len(word) > _SHOWN_LENGTH:
        return None
    close = difflib.get_close_matches(word.strip().lower(), list(known), n=1, cutoff=cutoff)
    return close[0] if close else None
