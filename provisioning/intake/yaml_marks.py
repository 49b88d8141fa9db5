"""Full-width marks where YAML takes only its own: colon, comma, quotes (全角标点)."""

from __future__ import annotations

import re

_QUOTES = "“”\uff02\u2018\u2019"
_SLIP = re.compile(
    r"(?:^[ ]*(?:-[ ]+)?|[{,，][ ]*)[a-z_]+(?P<colon>：)"
    r"|(?P<comma>，)[ ]*[a-z_]+[ ]*[:：]"
    rf"|[:：,\[{{][ ]*(?P<quote>[{_QUOTES}])"
)
_QUOTED = re.compile(r'"[^"]*"')
_ALL_QUOTED = re.compile(f"[{_QUOTES}][^{_QUOTES}]*[{_QUOTES}]")

COLON = 'write an ASCII colon and a blank, ": ", with the input method switched to half-width'
COMMA = 'write an ASCII comma and a blank, ", ", with the input method switched to half-width'
QUOTE = "write ASCII quotes, with the input method switched to half-width"
_HINTS = {"colon": COLON, "comma": COMMA, "quote": QUOTE}


def slip(lines: list[str], first: int, last: int) -> tuple[int, int, str, str] | None:
    """The full-width mark nearest before the end of these lines: line, column, the mark, what to write.

    Lines count from 1. Only marks beside a key or before a value are meant: a name may hold any.
    """
    for number in range(min(last, len(lines)), max(first, 1) - 1, -1):
        bare = _QUOTED.sub(lambda found: "0" * len(found[0]), lines[number - 1])
        found = _SLIP.search(bare)
        if found is not None and found.lastgroup is not None:
            kind = found.lastgroup
            return number, found.start(kind) + 1, found[kind], _HINTS[kind]
    return None


def hint(text: str) -> str | None:
    """What to write instead of the full-width mark in a bare text, None where it has none."""
    if "：" in text:
        return COLON
    if "，" in text:
        return COMMA
    return QUOTE if re.search("[“”\uff02]", text) else None


def all_quoted(text: str) -> bool:
    """Whether the text stands in full-width quotes, which are part of it and quote nothing."""
    return bool(_ALL_QUOTED.fullmatch(text))
