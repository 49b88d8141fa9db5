"""A row of a table of call records: as cdr_pgsql, cdr_adaptive_odbc and cdr_sqlite3_custom write it (话单表).

The columns have the names of Asterisk's fields; what stands in them depends on their types, not on a setting:

| type of the column | start, answer, end | disposition, amaflags | billsec, duration |
| --- | --- | --- | --- |
| double precision (cdr_pgsql) | seconds since 1970, with microseconds | | with microseconds |
| integer (cdr_pgsql) | seconds since 1970 | Asterisk's own numbers | whole |
| timestamp | whole seconds of a clock that only a setting tells | | |
| text (cdr_sqlite3_custom) | as its mapping says: a date, or `start(double)` | words or numbers | whole |

Measured with Asterisk 22.10. cdr_adaptive_odbc writes no more than the year into a column of numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from pbx import cdr_csv, cdr_json
from pbx.cdr import FIELDS, SECOND, TIMES, BrokenRecord, Cdr, checked, payload

DISPOSITION_NUMBERS: Mapping[str, str] = {
    "0": "NO ANSWER",
    "1": "NO ANSWER",
    "2": "FAILED",
    "4": "BUSY",
    "8": "ANSWERED",
    "16": "CONGESTION",
}
"""What became of a call, as Asterisk numbers it (cdr.h); a column of integers has these."""
AMAFLAG_NUMBERS: Mapping[str, str] = {"1": "OMIT", "2": "BILLING", "3": "DOCUMENTATION"}
OF_ITS_COLUMNS = ("year", "column")
"""Codes of what is wrong with every row, since the columns cannot hold what has to stand in them."""
LATIN9 = "iso8859-15"
"""What cdr_pgsql says its texts are in, where `encoding` is not set; they are UTF-8 all the same."""

_WHOLE = ("duration", "billsec", "sequence")
_TEXTS = tuple(name for name in FIELDS if name not in (*TIMES, *_WHOLE))
_NUMBERED = {"disposition": DISPOSITION_NUMBERS, "amaflags": AMAFLAG_NUMBERS}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400 * SECOND
_SECONDS = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,6}))?")
_AMOUNT = re.compile(r"(-?[0-9]{1,10})(?:\.[0-9]*)?")
_MADE_AT = re.compile(r"(?:^|-)([0-9]{9,11})\.[0-9]+\Z")


class ZoneUnknown(BrokenRecord):
    """A time without its zone, and nobody said which clock wrote it. `apart` is by how many seconds the clock
    was ahead of GMT, as far as the unique id tells."""

    def __init__(self, apart: int | None) -> None:
        super().__init__("zone", "times without their zone")
        self.apart = apart


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in a row. `fine`: it is known to the microsecond; `local`: a zone was needed to tell it."""

    instant: int
    fine: bool
    local: bool = False


def record_of(values: Mapping[str, object], zone: tzinfo | None, *, mended: bool = False) -> Cdr:
    """The record of a row, of each of the 21 fields its value; `raw` is the line that cdr_custom, or with
    whole seconds cdr_csv, would have written of it.

    `zone` is that of times without one. With `mended`, texts that went through LATIN9 are made whole. Raises
    BrokenRecord for a row that is no record, ZoneUnknown where a zone is needed and there is none.
    """
    texts = {name: _text(name, values[name], mended=mended) for name in _TEXTS}
    for name, numbers in _NUMBERED.items():
        texts[name] = numbers.get(texts[name], texts[name])
    for name in _WHOLE:
        texts[name] = _whole(name, values[name])
    times = {name: _moment(name, values[name], zone, texts["uniqueid"]) for name in TIMES}
    start, answer, end = (times[name] for name in TIMES)
    if start is None or end is None:
        raise BrokenRecord("time", f"{'end' if start else 'start'} is empty")
    exact = all(one is None or one.fine for one in (start, answer, end))
    step = 1 if exact else SECOND
    record = checked(
        [texts.get(name, "") for name in FIELDS],
        start=start.instant // step * step,
        answer=None if answer is None else answer.instant // step * step,
        end=end.instant // step * step,
        raw=b"",
        exact=exact,
    )
    return _with_line(record)


def is_local(values: Mapping[str, object]) -> bool:
    """Whether a time of the row depends on the zone it is read in, or was written in."""
    return any(
        isinstance(values[name], datetime)
        or (isinstance(values[name], str) and "-" in str(values[name]).strip())
        for name in TIMES
    )


def hours_off(record: Cdr) -> int | None:
    """By how many seconds a record begins later than its unique id was made, in quarters of an hour: 0 where
    the zone is right, as the id begins with the time. None where the id does not tell."""
    return _apart(record.uniqueid, record.start)


def went_through_latin9(values: Mapping[str, object]) -> bool:
    """Whether a text of the row is UTF-8 that was taken for LATIN9: 张 is three other letters there."""
    return any(_whole_again(value) != value for value in map(values.get, _TEXTS) if isinstance(value, str))


def _with_line(record: Cdr) -> Cdr:
    """The record with the line that says it; BrokenRecord where no line can."""
    raw = cdr_json.render(record) if record.exact else cdr_csv.render(record)
    made = cdr_json.parse(raw) if record.exact else cdr_csv.parse(raw)
    if payload(made) != payload(record):
        raise BrokenRecord("text", "no line of call records can hold the texts of this row")
    return made


def _text(name: str, value: object, *, mended: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, int) and not isinstance(value, bool) and name in _NUMBERED:
        return str(value)
    if not isinstance(value, str):
        raise BrokenRecord("column", f"{name} is a {type(value).__name__}: its column must be of type text")
    return _whole_again(value) if mended else value


def _whole_again(text: str) -> str:
    """The text as Asterisk sent it, where its UTF-8 was taken for LATIN9; any other as it is."""
    if text.isascii():
        return text
    try:
        return text.encode(LATIN9).decode("utf-8")
    except UnicodeError:
        return text


def _whole(name: str, value: object) -> str:
    """A number without what comes after its point: Asterisk cuts seconds off, it does not round them."""
    found = _AMOUNT.fullmatch(f"{value:f}" if isinstance(value, float | Decimal) else str(value))
    if found is None:
        raise BrokenRecord("number", f"{name} is {str(value)[:40]!r}, not a whole number")
    return str(int(found[1]))


def _moment(name: str, value: object, zone: tzinfo | None, uniqueid: str) -> Moment | None:
    """A time; None for one that is empty, or an answer at the beginning of 1970: nobody answered."""
    found = _read(name, value, zone, uniqueid)
    if found is None or (name == "answer" and found.instant < 2 * _DAY and not _is_year(value)):
        return None
    if _is_year(value):
        raise BrokenRecord(
            "year",
            f"{name} is {value}: cdr_adaptive_odbc writes only the year into a column of numbers; make "
            "start, answer and end timestamps in that table, without what stands there",
        )
    return found


def _is_year(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and 1970 <= value < 10_000


def _read(name: str, value: object, zone: tzinfo | None, uniqueid: str) -> Moment | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return _clock(name, value, zone, uniqueid)
    if isinstance(value, int) and not isinstance(value, bool):
        return Moment(value * SECOND, fine=False)
    if isinstance(value, float | Decimal):
        text = f"{value:.6f}"
    else:
        text = value.strip() if isinstance(value, str) else ""
    seconds = _SECONDS.fullmatch(text)
    if seconds is not None:
        rest = seconds[2]
        return Moment(int(seconds[1]) * SECOND + int((rest or "").ljust(6, "0")), fine=rest is not None)
    try:
        return _clock(name, datetime.fromisoformat(text), zone, uniqueid)
    except ValueError:
        raise BrokenRecord("time", f"{name} is {str(value)[:40]!r}, not a time") from None


def _clock(name: str, shown: datetime, zone: tzinfo | None, uniqueid: str) -> Moment | None:
    """What a clock showed, as an instant. Whole seconds may be all that was written: then it is not fine."""
    fine = shown.microsecond != 0
    if shown.tzinfo is None:
        if name == "answer" and shown.year == 1970:
            return None
        if zone is None:
            raise ZoneUnknown(_apart(uniqueid, _instant(shown.replace(tzinfo=UTC))))
        shown = shown.replace(tzinfo=zone)
        if shown.utcoffset() != shown.replace(fold=1).utcoffset():
            raise BrokenRecord("time", f"{name} is {shown:%F %T}, which that clock showed twice, or never")
    return Moment(_instant(shown), fine, local=True)


def _instant(shown: datetime) -> int:
    return (shown - _EPOCH) // timedelta(microseconds=1)


def _apart(uniqueid: str, start: int) -> int | None:
    made = _MADE_AT.search(uniqueid)
    return None if made is None else round((start // SECOND - int(made[1])) / 900) * 900
