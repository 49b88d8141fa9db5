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

_WHOLE = frozenset(("duration", "billsec", "sequence"))
_FIELD = r'("[^"]*(?:""[^"]*)*"|[^",\r\n]*)'
_LINE = re.compile(",".join([_FIELD] * COLUMNS))
_CLID, _START = FIELDS.index("clid"), FIELDS.index("start")
_USUAL = re.compile(
    ",".join(
        {
            "clid": r'"((?:[^"]++|"")*+)"',
            "answer": r'(?:"([^"]++)")?+',
            **dict.fromkeys(_WHOLE, "([0-9-]++)"),
        }.get(name, r'"([^"]*+)"')
        for name in FIELDS
    )
)
"""A line where only the caller's name holds quotes: nearly all are so, and it is told soon."""
_OPEN = re.compile(r'"[^"]*(?:""[^"]*)*')
_NEXT = re.compile(_FIELD + r"(,|\Z)")
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = re.compile(" ([0-9]{2}):([0-9]{2}):([0-9]{2})")
_FORM = "%Y-%m-%d %H:%M:%S"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(line: bytes) -> Cdr:
    """The record of one line of Master.csv, without its newline.

    Quoting is RFC 4180 (quotes doubled); Asterisk quotes every text and no number. A carriage return at the
    end is taken off. Raises BrokenRecord for anything that is not exactly one record of 21 columns.
    """
    text = readable(line).removesuffix("\r")
    usual = _USUAL.fullmatch(text)
    if usual is None:
        columns = [column.replace('""', '"') for column in _columns_of(text)]
    else:
        columns = [*usual.groups(default="")]
        columns[_CLID] = columns[_CLID].replace('""', '"')
    if '"' in columns[0]:
        # "0870212 and "0870213", make "0870212""0870213", when the former was torn before its first comma.
        raise _glued(1)
    start, answer, end = columns[_START : _START + len(TIMES)]
    return checked(
        columns,
        start=instant("start", start),
        answer=instant("answer", answer) if answer else None,
        end=instant("end", end),
        raw=line,
        exact=False,
    )


def _columns_of(text: str) -> list[str]:
    """The columns of any line, quoted or not as each may be."""
    found = _LINE.fullmatch(text)
    if found is None:
        raise _what_is_wrong(text)
    return [column[1:-1] if column[:1] == '"' else column for column in found.groups()]


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


def instant(name: str, text: str) -> int:
    """Microseconds since 1970 of a time as Asterisk writes it in GMT; BrokenRecord names the field."""
    day, clock = _day(text[:10]), _clock(text[10:])
    if day is None or clock is None:
        raise BrokenRecord("time", f"{name} is {text[:40]!r}, not a time like 2025-07-31 15:59:59")
    return (day + clock) * SECOND


@lru_cache(maxsize=512)
def _day(text: str) -> int | None:
    """Seconds from 1970 to a day, None for the 31st of April."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return (datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH).days * 86400
    except ValueError:
        return None


@lru_cache(maxsize=86400)
def _clock(text: str) -> int | None:
    """Seconds from midnight to a time of the day, behind its blank."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = map(int, found.groups())
    return hour * 3600 + minute * 60 + second if hour < 24 and minute < 60 and second < 60 else None


def settings_missing(line: bytes) -> str | None:
    """What cdr.conf must say for the switch that wrote this line, in words; None for a line that is not one
    of whole columns of another count than 21, as a switch writes it that is set otherwise."""
    try:
        count, broken = _counted(readable(line).removesuffix("\r"))
    except BrokenRecord:
        return None
    return None if broken is not None or count not in MISSING else _columns(count)


def _what_is_wrong(text: str) -> BrokenRecord:
    """The reason why a line is not 21 columns: broken quotes, a text without an end, or another count."""
    count, broken = _counted(text)
    if broken is not None:
        return _bad_quoting(text, broken, count + 1)
    return BrokenRecord("columns", _columns(count))


def _counted(text: str) -> tuple[int, int | None]:
    """How many columns a line has, and where the one behind them cannot be read, None if all can."""
    count = place = 0
    while True:
        found = _NEXT.match(text, place)
        if found is None:
            return count, place
        count, place = count + 1, found.end()
        if not found[2]:
            return count, None


def _columns(count: int) -> str:
    missing = MISSING.get(count)
    setting = f": set {', '.join(missing)} to yes under [csv] in cdr.conf" if missing else ""
    return (
        f"a record of {count} columns; this switch must write {COLUMNS} "
        f"(newcdrcolumns, loguniqueid, loguserfield){setting}"
    )


def _bad_quoting(text: str, place: int, column: int) -> BrokenRecord:
    if _OPEN.fullmatch(text, place):
        return BrokenRecord("unfinished", f"the text in column {column} has no end", unfinished=True)
    return _glued(column)


def _glued(column: int) -> BrokenRecord:
    return BrokenRecord(
        "quoting", f"a quote out of place in column {column}: two records may be glued together"
    )
