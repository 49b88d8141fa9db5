r"""seatline.json: call records as cdr_custom writes them on our switches, with microseconds (话单文件).

The lines look like JSON and are not: Asterisk 22 puts a backslash before a quote and escapes nothing else
(res_cdrel_custom), so a caller's name with a backslash, a tab or a newline makes lines that no JSON library
reads. Since every quote inside a text has its backslash, `","src":"` can only stand between two fields: with
the fields in a fixed order each line has exactly one reading. It is cut at 1023 bytes, silently.
"""

from __future__ import annotations

import re

from pbx.cdr import FIELDS, SECOND, TIMES, BrokenRecord, Cdr, checked, readable

SCHEMA = "1"
"""The version of these fields in this order, written into every line by cdr_custom.conf."""
LONGEST = 1023
"""Bytes of a line after which Asterisk stops writing (res_cdrel_custom, measured)."""

MAPPING = ", ".join(
    (f'"schema: {SCHEMA}"', *(f"{name}(double)" if name in TIMES else name for name in FIELDS))
)
"""What cdr_custom.conf has to say after `fields =` for these lines (advanced mapping, format = json)."""

_WHOLE = ("duration", "billsec", "sequence")
_START = '{"schema":"'


def _pattern(name: str) -> str:
    if name in _WHOLE:
        return rf',"{name}":(-?[0-9]+)'
    if name in TIMES:
        part = rf',"{name}":([0-9]{{1,12}}\.[0-9]{{6}})'
        return f"(?:{part})?" if name == "answer" else part
    return rf',"{name}":"([^"]*(?:(?<=\\)"[^"]*)*?)"'


def _comes(name: str) -> str:
    return f',"{name}":'


def _usual(name: str) -> str:
    """The field where there is neither a quote nor a backslash in it; a caller's name may be quoted."""
    if name in _WHOLE or name in TIMES:
        return _pattern(name)
    return rf',"{name}":"((?:[^"\\]++|\\")*+)"' if name == "clid" else rf',"{name}":"([^"\\]*+)"'


_BEGIN = FIELDS.index("start")
_LINE = re.compile(re.escape(f'{_START}{SCHEMA}"') + "".join(_pattern(name) for name in FIELDS) + "}")
_USUAL = re.compile(re.escape(f'{_START}{SCHEMA}"') + "".join(_usual(name) for name in FIELDS) + "}")
"""Nearly all lines are so, and it is told soon; they have no other reading."""

_FOLLOWED_BY = {"start": ',"(?:answer|end)":', FIELDS[-1]: r"}\Z"}
_STEPS = {
    name: re.compile(_pattern(name) + f"(?={_FOLLOWED_BY.get(name, _comes(after))})")
    for name, after in zip(FIELDS, (*FIELDS[1:], ""), strict=True)
}


def parse(line: bytes) -> Cdr:
    """The record of one line of seatline.json, without its newline.

    Raises BrokenRecord for anything else: another schema, a field missing or out of place, a time that is
    not seconds with six decimals. An answer of 0.000000, or none at all, means that nobody answered.
    """
    text = readable(line).removesuffix("\r")
    found = _USUAL.fullmatch(text) or _LINE.fullmatch(text)
    if found is None:
        raise _what_is_wrong(text, len(line))
    columns = found.groups(default="")
    if '\\"' in text:
        columns = tuple(column.replace('\\"', '"') if '"' in column else column for column in columns)
    start, answer, end = columns[_BEGIN : _BEGIN + len(TIMES)]
    return checked(
        columns,
        start=_instant(start),
        answer=_instant(answer) or None if answer else None,
        end=_instant(end),
        raw=line,
        exact=True,
    )


def render(record: Cdr) -> bytes:
    """The line as cdr_custom would write it, without its newline and never cut; `parse` reads it back."""
    parts = [f'{_START}{SCHEMA}"']
    for name in FIELDS:
        value = getattr(record, name)
        if name in _WHOLE:
            parts.append(f'"{name}":{value}')
        elif name in TIMES:
            seconds, rest = divmod(value or 0, SECOND)
            parts.append(f'"{name}":{seconds}.{rest:06d}')
        else:
            parts.append(f'"{name}":"' + value.replace('"', '\\"') + '"')
    return (",".join(parts) + "}").encode()


def _instant(text: str) -> int:
    """Microseconds from the text of a double, digit by digit: a float would move them."""
    return int(text[:-7]) * SECOND + int(text[-6:])


def _what_is_wrong(text: str, size: int) -> BrokenRecord:
    """The reason why a line is not a record, as precisely as the line allows."""
    schema = re.match(re.escape(_START) + r'([^"]{0,20})"', text)
    if schema and schema[1] != SCHEMA:
        return BrokenRecord("schema", f"fields of schema {schema[1]}; this seatline reads schema {SCHEMA}")
    if not schema:
        return BrokenRecord("fields", f"no record of cdr_custom: it must begin with {_START}{SCHEMA}")
    if text.count(_START) > 1:
        return BrokenRecord("glued", "two records glued together: the first was torn, as when a disk is full")
    if size >= LONGEST and not text.endswith("}"):
        return BrokenRecord(
            "cut", f"cut off by Asterisk at {LONGEST} bytes; Master.csv may have this call with whole seconds"
        )
    name, rest = _first_bad(text, schema.end())
    if re.fullmatch(rf',"{name}":"[^"]*(?:(?<=\\)"[^"]*)*', rest):
        return BrokenRecord("unfinished", f"the text of {name} has no end", unfinished=True)
    return BrokenRecord("fields", f"the field {name} is missing, out of place or not what it must be")


def _first_bad(text: str, place: int) -> tuple[str, str]:
    """The first field that cannot be read where it should stand, and the text from there."""
    for name, step in _STEPS.items():
        found = step.match(text, place)
        if found is None:
            return name, text[place:]
        place = found.end()
    return FIELDS[-1], text[place:]
