"""A context's lines as the running dialplan has them: each step under its number (拨号方案步骤)."""

from __future__ import annotations

import re

from pbx.errors import Malformed
from pbx.section import Section

NOT_CONTEXTS = ("general", "globals")
"""Sections of extensions.conf that are no contexts."""

_PRIORITY = re.compile(r"(?P<number>[1-9][0-9]*|n|hint)(?:\((?P<label>[A-Za-z0-9_-]+)\))?")
_APPLICATION = re.compile(r"(?P<name>[A-Za-z0-9_]+)(?:\((?P<data>.*)\))?", re.DOTALL)


def steps(section: Section) -> dict[str, str]:
    """The lines of a context, by place: {"6001,1": "NoOp()", "6001,2(top)": "Dial(x)", "include": "a, b"}.

    `n` and `same` are counted out as pbx_config does. Raises Malformed for what it would drop or misread: a
    priority that is none, an application that is not of the form Name(arguments), two lines in one place, and
    for settings of contexts that are not used here (switch, ignorepat, ...).
    """
    lines: dict[str, str] = {}
    taken: set[tuple[str, str]] = set()
    extension, last = "", 0
    includes = section.values("include")
    for key, value in section.options:
        if key == "include":
            continue
        where = f"[{section.name}] {key} => {value}"
        parts = ([extension] if key == "same" else []) + value.split(",", 1 if key == "same" else 2)
        if key not in ("exten", "same") or len(parts) != 3 or not parts[0].strip():
            raise Malformed(f"{where}: a line of a context is exten => extension,priority,application(...)")
        extension = parts[0].strip()
        priority = _PRIORITY.fullmatch(parts[1].strip())
        if priority is None or (priority["number"] == "n" and last == 0):
            raise Malformed(f"{where}: {parts[1]!r} is not a priority here")
        if priority["number"] == "hint":
            number, text = "hint", parts[2].strip()
        else:
            last = last + 1 if priority["number"] == "n" else int(priority["number"])
            number, text = str(last), _application(parts[2].strip(), where)
        if (extension, number) in taken:
            raise Malformed(f"{where}: {extension},{number} is there twice")
        taken.add((extension, number))
        label = f"({priority['label']})" if priority["label"] else ""
        lines[f"{extension},{number}{label}"] = text
    return ({"include": ", ".join(includes)} if includes else {}) | lines


def _application(text: str, where: str) -> str:
    application = _APPLICATION.fullmatch(text)
    if application is None:
        raise Malformed(f"{where}: {text!r} is not an application with its arguments, Name(arguments)")
    return f"{application['name']}({application['data'] or ''})"
