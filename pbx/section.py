"""A section of an Asterisk configuration file as a value; rendering and parsing are inverses (配置段).

The traps of the format (main/config.c, all tried on 22.10): an unescaped `;` starts a comment, and `;--` one
that swallows the rest of the file; blanks at the ends and a leading `>` are lost; a line break starts another
line, perhaps another section; NUL cuts. A Section holds plain values; `;` is written `\\;`, and all else of
that list cannot be in a Section.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pbx.errors import Malformed

CONTEXT = "context"
"""The kind of a section of the dialplan, which has no `type=`."""
SECRET_OPTIONS = frozenset({"password", "md5_cred", "password_digest", "oauth_secret", "refresh_token"})
"""Options whose values are never shown."""
MASK = "********"
LONGEST_NAME = 79
"""Asterisk keeps names of sections and contexts in 80 bytes."""
LONGEST_VALUE = 900
"""Bytes; UpdateConfig takes a value as one header line of at most 1024 with its name."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*")
_KEY = re.compile(r"[A-Za-z0-9_]+")
_PLAIN = re.compile(r"[!-=?-~](?:[ -~]{0,800}[!-~])?")
"""What nearly all values are, and what is safe in them."""
_BLANKS = "".join(map(chr, range(33)))


@dataclass(frozen=True, slots=True)
class Section:
    """A named section (配置段): in pjsip files `kind` is its type (endpoint, auth, aor, registration) and
    stands first as `type=`; in dialplan files it is "context" and options are `exten`, `same`, `include`.

    Raises Malformed for a name or value that Asterisk would read as something else.
    """

    name: str
    kind: str
    options: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        where = f"section [{self.name}]"
        if not _NAME.fullmatch(self.name) or len(self.name) > LONGEST_NAME:
            raise Malformed(f"{self.name!r} cannot be a section's name: letters, digits and _ . @ + - only")
        if not _KEY.fullmatch(self.kind):
            raise Malformed(f"{where}: {self.kind!r} cannot be a type")
        for key, value in self.options:
            if not _KEY.fullmatch(key) or key == "type":
                raise Malformed(f"{where}: {key!r} cannot be an option's name")
            if fault := _fault(value):
                raise Malformed(f"{where}: the value of {key} {fault}")

    def values(self, key: str) -> tuple[str, ...]:
        """All values of an option, in order."""
        return tuple(value for name, value in self.options if name == key)

    def get(self, key: str, otherwise: str = "") -> str:
        """The last value of an option, which is the one that counts."""
        return (otherwise, *self.values(key))[-1]

    def masked(self) -> Section:
        """The same section with its secrets hidden, to be shown."""
        return Section(self.name, self.kind, tuple((k, masked(k, v)) for k, v in self.options))

    def __repr__(self) -> str:
        options = ", ".join(f"{key}={masked(key, value)}" for key, value in self.options)
        return f"Section([{self.name}] {self.kind}: {options})"


def masked(key: str, value: str) -> str:
    """The value of an option as it may be shown."""
    return MASK if key in SECRET_OPTIONS else value


def render(sections: Iterable[Section]) -> str:
    """The text of a configuration file that holds these sections. parse(render(x)) == x."""
    return "\n".join(_rendered(section) for section in sections)


def parse(text: str) -> tuple[Section, ...]:
    """The sections of a configuration file, without comments and blank lines.

    Understands what we write and plain hand-written files, the dialplans/*.conf: `key=value`, `key => value`,
    `[name]`, comments to the end of the line. Raises Malformed, with the line, for what it does not take:
    templates, additions `[name](+)`, block comments, `#include` and `#exec`.
    """
    found: list[tuple[str, list[tuple[str, str]], int]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        bare = _without_comment(line, number).strip(_BLANKS)
        if not bare:
            continue
        if bare.startswith("["):
            if not bare.endswith("]"):
                raise Malformed(f"line {number}: {bare} is not a plain [section]")
            found.append((bare[1:-1], [], number))
            continue
        key, equals, value = bare.partition("=")
        if not equals or not found:
            reason = "is not of the form name = value" if found else "stands before the first [section]"
            raise Malformed(f"line {number}: {key.strip(_BLANKS)!r} {reason}")
        found[-1][1].append((key.strip(_BLANKS), value.removeprefix(">").strip(_BLANKS)))
    return tuple(_born(name, options, f"line {number}: ") for name, options, number in found)


def section_of(name: str, lines: Iterable[tuple[str, str]]) -> Section:
    """A section from all its lines; a line `type` makes it one of pjsip, else it is a context."""
    return _born(name, list(lines), "")


def _born(name: str, lines: list[tuple[str, str]], where: str) -> Section:
    kinds = [value for key, value in lines if key == "type"]
    if len(kinds) > 1:
        raise Malformed(f"{where}section [{name}] has more than one type")
    try:
        return Section(name, (*kinds, CONTEXT)[0], tuple(line for line in lines if line[0] != "type"))
    except Malformed as fault:
        raise Malformed(f"{where}{fault}") from None


def _fault(value: str) -> str | None:
    """What makes a value unsafe, or None."""
    if _PLAIN.fullmatch(value):
        return None
    if not value:
        return "is empty"
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        return "holds a line break or another control character"
    if value[0] == " " or value[-1] == " ":
        return "has blanks at its ends"
    if value[0] == ">":
        return "begins with >"
    if any(0xD800 <= ord(char) < 0xE000 for char in value):
        return "is not text UTF-8 can carry"
    if len(value.encode()) > LONGEST_VALUE:
        return f"is over {LONGEST_VALUE} bytes"
    return None


def _rendered(section: Section) -> str:
    joint = " => " if section.kind == CONTEXT else "="
    kind = () if section.kind == CONTEXT else (("type", section.kind),)
    lines = [key + joint + value.replace(";", r"\;") for key, value in (*kind, *section.options)]
    return "\n".join((f"[{section.name}]", *lines, ""))


def _without_comment(line: str, number: int) -> str:
    """A line up to its comment, `\\;` read as `;` (config_text_file_load does it the same way)."""
    kept = ""
    while True:
        before, semicolon, rest = line.partition(";")
        if not semicolon:
            return kept + before
        if not before.endswith("\\"):
            if rest.startswith("--") and not rest.startswith("---"):
                raise Malformed(f"line {number}: block comments (;-- ... --;) are not taken here")
            return kept + before
        kept, line = kept + before[:-1] + ";", rest
