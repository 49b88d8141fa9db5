"""Master.csv: call records as cdr_csv writes them, 21 columns, times in GMT (话单文件)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from pbx.cdr import FIELDS, SECOND, TIMES, BrokenRecord, Cdr, checked, readable

COLUMNS = len(FIELDS)
MISSING = {
    16: ("newcdrcolumns", "loguniqueid", "loguserfield"),
    17: ("newcdrcolumns", "loguniqueid or loguserfield"),
    18: ("newcdrcolumns",),
    19: ("loguniqueid", "loguserfield"),
    20: ("loguniqueid or loguserfield",),
}
"""What is not set to yes in cdr.conf, by the number of columns a switch writes."""

_FIELD = r'("[^"]*(?:""[^"]*)*"|[^",\r\n]*)'
_LINE = re.compile(",".join([_FIELD] * COLUMNS))
_OPEN = re.compile(r'"[^"]*(?:""[^"]*)*')
_NEXT = re.compile(_FIELD + r"(,|\Z)")
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})")
_WHOLE = frozenset(("duration", "billsec", "sequence"))
_FORM = "%Y-%m-%d %H:%M:%S"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(line: bytes) -> Cdr:
    """The record of one line of Master.csv, without its newline.

    Quoting is RFC 4180 (quotes doubled); Asterisk quotes every text and no number. A carriage return at the
    end is taken off. Raises BrokenRecord for anything that is not exactly one record of 21 columns.
    """
    text = readable(line).removesuffix("\r")
    found = _LINE.fullmatch(text)
    if found is None:
        raise _what_is_wrong(text)
    unquoted = [column[1:-1] if column[:1] == '"' else column for column in found.groups()]
    if '""' in text:
        unquoted = [column.replace('""', '"') for column in unquoted]
    values = dict(zip(FIELDS, unquoted, strict=True))
    if '"' in values["accountcode"]:
        # "0870212 and "0870213", make "0870212""0870213", when the former was torn before its first comma.
        raise _glued(1)
    return checked(
        values,
        start=_instant("start", values["start"]),
        answer=_instant("answer", values["answer"]) if values["answer"] else None,
        end=_instant("end", values["end"]),
        raw=line,
        exact=False,
    )


def render(record: Cdr) -> bytes:
    """The line as cdr_csv would write it, without its newline; `parse` reads it back."""
    columns: list[str] = []
    for name in FIELDS:
        value = getattr(record, name)
        if name in _WHOLE:
            columns.append(str(value))
        elif name in TIMES:
            columns.append(
                "" if value is None else f'"{_EPOCH + timedelta(seconds=value // SECOND):{_FORM}}"'
            )
        else:
            columns.append('"' + value.replace('"', '""') + '"')
    return ",".join(columns).encode()


def _instant(name: str, text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is not None:
        day, (hour, minute, second) = _day(found[1]), map(int, found.group(2, 3, 4))
        if day is not None and hour < 24 and minute < 60 and second < 60:
            return (day * 86400 + hour * 3600 + minute * 60 + second) * SECOND
    raise BrokenRecord("time", f"{name} is {text[:40]!r}, not a time like 2025-07-31 15:59:59")


@lru_cache(maxsize=512)
def _day(text: str) -> int | None:
    """Days since 1970, None for the 31st of April."""
    try:
        return (datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH).days
    except ValueError:
        return None


def _what_is_wrong(text: str) -> BrokenRecord:
    """The reason why a line is not 21 columns: broken quotes, a text without an end, or another count."""
    count = place = 0
    while True:
        found = _NEXT.match(text, place)
        if found is None:
            return _bad_quoting(text, place, count + 1)
        count, place = count + 1, found.end()
        if not found[2]:
            break
    missing = MISSING.get(count)
    setting = f": set {', '.join(missing)} to yes under [csv] in cdr.conf" if missing else ""
    return BrokenRecord(
        "columns",
        f"a record of {count} columns; this switch must write {COLUMNS} "
        f"(newcdrcolumns, loguniqueid, loguserfield){setting}",
    )


def _bad_quoting(text: str, place: int, column: int) -> BrokenRecord:
    if _OPEN.fullmatch(text, place):
        return BrokenRecord("unfinished", f"the text in column {column} has no end", unfinished=True)
    return _glued(column)


def _glued(column: int) -> BrokenRecord:
    return BrokenRecord(
        "quoting", f"a quote out of place in column {column}: two records may be glued together"
    )
