"""A row of a table becomes the record that the files would have of the same call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx import cdr_csv, cdr_json
from pbx.cdr import FIELDS, BrokenRecord, agrees
from pbx.cdr_row import ZoneUnknown, hours_off, is_local, record_of, went_through_latin9

SHANGHAI = ZoneInfo("Asia/Shanghai")
MADE = 1_795_263_406
"""When the channel was made, as its unique id says: 2026-11-21 12:16:46 GMT."""


def row(**changes: Any) -> dict[str, Any]:
    """A row as cdr_pgsql wrote it into columns of double precision."""
    return {
        "accountcode": "08702120001",
        "src": "08702120001",
        "dst": "13800138000",
        "dcontext": "seatline-zhaotong-a",
        "clid": '"张 \\"o\'q\\\\b, x" <08702120001>',
        "channel": "PJSIP/seat-08702120001-00000001",
        "dstchannel": None,
        "lastapp": "Dial",
        "lastdata": "",
        "start": MADE + 0.02018,
        "answer": MADE + 0.020447,
        "end": MADE + 1.922732,
        "duration": 1,
        "billsec": 1,
        "disposition": "ANSWERED",
        "amaflags": "DOCUMENTATION",
        "uniqueid": f"pbx-{MADE}.1",
        "userfield": None,
        "peeraccount": None,
        "linkedid": f"pbx-{MADE}.0",
        "sequence": 1,
    } | changes


def at(second: int, zone: Any = None) -> datetime:
    return datetime.fromtimestamp(second, UTC).replace(tzinfo=zone)


def times(*values: Any) -> dict[str, Any]:
    return dict(zip(("start", "answer", "end"), values, strict=True))


def test_doubles_are_read_to_the_microsecond():
    """A column of double precision holds microseconds; the line is the one cdr_custom would have written."""
    record = record_of(row(), None)
    assert (record.start, record.answer, record.end) == (
        MADE * 1_000_000 + 20_180, MADE * 1_000_000 + 20_447, MADE * 1_000_000 + 1_922_732,
    )  # fmt: skip
    assert record.exact
    assert cdr_json.parse(record.raw) == record


@pytest.mark.parametrize(
    ("given_times", "zone"),
    [
        (times(MADE, MADE, MADE + 1), None),
        (times(str(MADE), str(MADE), str(MADE + 1)), None),
        (times(at(MADE), at(MADE), at(MADE + 1)), UTC),
        (times(at(MADE + 28_800), at(MADE + 28_800), at(MADE + 28_801)), SHANGHAI),
        (times(at(MADE, UTC), at(MADE, UTC), at(MADE + 1, UTC)), None),
        (times("2026-11-21 12:16:46", "2026-11-21 12:16:46", "2026-11-21 12:16:47"), UTC),
    ],
    ids=["integers", "digits", "gmt", "local", "timestamptz", "texts"],
)
def test_whole_seconds_make_the_line_of_master_csv(given_times: dict[str, Any], zone: Any):
    """Times without microseconds are the call as Master.csv has it, and agree with the exact record."""
    record = record_of(row(**given_times), zone)
    assert (record.start, record.exact) == (MADE * 1_000_000, False)
    assert cdr_csv.parse(record.raw) == record
    assert agrees(record, record_of(row(), None))


def test_one_coarse_time_makes_all_coarse():
    """Where one time is known to the second only, the record is: half exact times would disagree with any."""
    record = record_of(row(end=MADE + 1), None)
    assert (record.exact, record.start, record.answer) == (False, MADE * 1_000_000, MADE * 1_000_000)


@pytest.mark.parametrize(
    "answer", [None, "", 0, 0.0, "0.000000", Decimal("0.000000"), at(0), at(28_800), at(0, UTC)]
)
def test_an_answer_at_the_beginning_of_1970_is_none(answer: Any):
    """cdr_adaptive_odbc writes 1970-01-01 00:00:00 where nobody answered, cdr_sqlite3_custom 0.000000."""
    assert record_of(row(answer=answer, disposition="BUSY"), SHANGHAI).answer is None


def test_numbers_stand_for_words_in_columns_of_integers():
    """cdr_pgsql and cdr_adaptive_odbc write Asterisk's own numbers into integer columns: 8 is ANSWERED."""
    record = record_of(row(disposition=8, amaflags=3), None)
    assert (record.disposition, record.amaflags) == ("ANSWERED", "DOCUMENTATION")
    assert [record_of(row(disposition=n), None).disposition for n in (0, 2, 4, 16)] == [
        "NO ANSWER", "FAILED", "BUSY", "CONGESTION",
    ]  # fmt: skip


@pytest.mark.parametrize("seconds", [1.999999, Decimal("1.999999"), "1.999999", 1, "1"])
def test_seconds_with_a_fraction_are_cut_off_as_asterisk_does(seconds: Any):
    """A float column of billsec holds microseconds; the record has what Master.csv has, truncated seconds."""
    record = record_of(row(billsec=seconds, duration=seconds), None)
    assert (record.billsec, record.duration) == (1, 1)


def test_times_without_a_zone_are_no_record_and_tell_how_far_they_are_off():
    """Without a zone nothing is guessed; the unique id tells what it would be."""
    with pytest.raises(ZoneUnknown) as told:
        record_of(row(**times(at(MADE + 28_800), None, at(MADE + 28_801))), None)
    assert told.value.apart == 28_800


def test_a_record_read_in_the_wrong_zone_is_hours_off():
    """The unique id holds the second at which the channel was made: no call begins eight hours before."""
    local = times(at(MADE), at(MADE), at(MADE + 1))
    assert hours_off(record_of(row(**local), SHANGHAI)) == -28_800
    assert hours_off(record_of(row(**local), UTC)) == 0
    assert hours_off(record_of(row(**local, uniqueid="chosen-by-originate"), SHANGHAI)) is None


def test_only_clocks_depend_on_a_zone():
    """Seconds since 1970 are the same everywhere; dates are not, even with a zone: a switch may err."""
    assert not is_local(row())
    assert is_local(row(start=at(MADE, UTC)))
    assert is_local(row(start="2026-11-21 12:16:46"))


def test_an_hour_that_a_clock_showed_twice_is_no_time():
    """At the end of summer an hour comes twice: a time in it is not guessed at."""
    twice = datetime(2025, 10, 26, 2, 30)  # noqa: DTZ001 (what the column holds)
    with pytest.raises(BrokenRecord, match="twice"):
        record_of(row(**times(twice, None, twice)), ZoneInfo("Europe/Berlin"))


def test_texts_that_went_through_latin9_are_made_whole():
    """cdr_pgsql without `encoding` has UTF-8 taken for LATIN9: 张 becomes three letters, and is 张 again."""
    spoiled = row(clid='"张" <6001>'.encode().decode("iso8859-15"))
    assert went_through_latin9(spoiled)
    assert not went_through_latin9(row())
    assert record_of(spoiled, None, mended=True).clid == '"张" <6001>'
    assert record_of(row(), None, mended=True) == record_of(row(), None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"start": 2026.0, "end": 2026.0}, "year"),
        ({"src": 8702120001}, "column"),
        ({"start": None}, "time"),
        ({"end": "yesterday"}, "time"),
        ({"start": float("nan")}, "time"),
        ({"billsec": "many"}, "number"),
        ({"sequence": None}, "number"),
        ({"disposition": "32"}, "disposition"),
        ({"uniqueid": None}, "key"),
        ({"clid": "a\0b"}, "nul"),
    ],
)
def test_a_row_that_is_no_record_says_why(changes: dict[str, Any], code: str):
    """Nothing in a row is guessed at: what cannot be a call record is named."""
    with pytest.raises(BrokenRecord) as told:
        record_of(row(**changes), None)
    assert told.value.code == code


@given(
    texts=st.fixed_dictionaries(
        {
            name: st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=20)
            for name in FIELDS
            if name in ("accountcode", "src", "dst", "clid", "lastdata", "userfield", "linkedid")
        }
    ),
    start=st.integers(MADE * 1_000_000, (MADE + 86_400) * 1_000_000),
    exact=st.booleans(),
)
def test_whatever_stands_in_a_row_comes_back_from_its_line(texts: dict[str, str], start: int, exact: bool):
    """A row is the record that its line says, or is held: never another one."""
    value = Decimal(start).scaleb(-6) if exact else start // 1_000_000
    try:
        record = record_of(row(**texts, **times(value, None, value)), None)
    except BrokenRecord:
        return
    assert {name: getattr(record, name) for name in texts} == texts
    assert (record.start, record.exact) == (start if exact else start // 1_000_000 * 1_000_000, exact)
    assert (cdr_json if exact else cdr_csv).parse(record.raw) == record


def test_offsets_of_fixed_zones_are_taken_as_they_stand():
    """timestamptz says its own zone."""
    zone = timezone(timedelta(hours=8))
    assert record_of(row(**times(at(MADE + 28_800, zone), None, at(MADE + 28_801, zone))), None).start == (
        MADE * 1_000_000
    )
