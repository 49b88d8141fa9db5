"""Call records: what Asterisk 22 writes is read exactly, and nothing else is read at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pbx import cdr_csv, cdr_json
from pbx.cdr import FIELDS, SECOND, BrokenRecord, Cdr, agrees, clock_apart, differences
from pbx.cdr_lines import Line, readings
from pbx.errors import Malformed

CORPUS = Path(__file__).parent / "cdr_corpus"
"""45 calls with every odd caller's name we could think of, as a real Asterisk 22.10 wrote them, twice."""

SAMPLE = Cdr(
    accountcode="08702120001",
    src="08702120001",
    dst="13800138000",
    dcontext="seatline-zhaotong-a",
    clid='"张, 三" <08702120001>',
    channel="PJSIP/seat-08702120001-00000001",
    dstchannel="PJSIP/line-zhaotong-00000002",
    lastapp="Dial",
    lastdata="PJSIP/+8613800138000@line-zhaotong",
    start=1753977590_123456,
    answer=1753977599_999999,
    end=1753977661_000001,
    duration=70,
    billsec=61,
    disposition="ANSWERED",
    amaflags="DOCUMENTATION",
    uniqueid="pbx-1753977590.4",
    userfield="",
    peeraccount="",
    linkedid="pbx-1753977590.4",
    sequence=4,
    exact=True,
    raw=b"",
)

# Texts that hurt: quotes, backslashes, commas, what stands between two fields, line ends, no ASCII.
HOSTILE = st.text(
    st.sampled_from(
        ["\\", '"', ",", ":", "{", "}", "\n", "\r", "\t", "a", "7", "长", "😀", "\x01", "\u2028"]
    ),
    max_size=12,
)
FIELD_ENDS = st.sampled_from(
    ['","src":"', '\\","dst":"x', '"}', '","sequence":7}', '{"schema":"1"', '\n{"schema":"']
)
TEXTS = st.one_of(
    HOSTILE, FIELD_ENDS, st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
)
TIMES = st.integers(631_152_000 * SECOND, 4_000_000_000 * SECOND)
WHOLE = st.integers(-(2**31), 2**31 - 1)
RECORDS = st.builds(
    Cdr,
    **dict.fromkeys(FIELDS, TEXTS),
    exact=st.just(True),
    raw=st.just(b""),
).flatmap(
    lambda record: st.builds(
        replace,
        st.just(record),
        start=TIMES,
        answer=st.none() | TIMES,
        end=TIMES,
        duration=WHOLE,
        billsec=WHOLE,
        sequence=WHOLE,
        disposition=st.sampled_from(("ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION")),
        accountcode=TEXTS.map(lambda text: text.replace('"', "")),
        uniqueid=TEXTS.filter(bool),
    )
)


def whole_seconds(record: Cdr) -> Cdr:
    """The record as far as Master.csv can tell it."""
    answer = None if record.answer is None else record.answer // SECOND * SECOND
    return replace(
        record,
        start=record.start // SECOND * SECOND,
        answer=answer,
        end=record.end // SECOND * SECOND,
        exact=False,
    )


def broken(line: bytes, parse=cdr_csv.parse) -> BrokenRecord:
    with pytest.raises(BrokenRecord) as caught:
        parse(line)
    return caught.value


def corpus(name: str) -> list[Cdr | BrokenRecord]:
    lines, place = [], 0
    for raw in (CORPUS / name).read_bytes().split(b"\n")[:-1]:
        lines.append(Line(place, raw, place + len(raw) + 1))
        place += len(raw) + 1
    return [
        reading.result for reading in readings(lines, name.removeprefix("Master.").removeprefix("seatline."))
    ]


@given(RECORDS)
@settings(max_examples=150)
def test_master_csv_parses_what_it_renders(record):
    """A line of Master.csv says everything but the fractions of the seconds."""
    line = cdr_csv.render(record)
    assert cdr_csv.parse(line) == replace(whole_seconds(record), raw=line)


@given(RECORDS)
@settings(max_examples=150)
@example(replace(SAMPLE, clid="ends in backslash\\"))
@example(replace(SAMPLE, src='\\","dst":"x'))
@example(replace(SAMPLE, userfield='\\"}'))
def test_cdr_custom_parses_what_it_renders(record):
    """A line of seatline.json says everything, whatever quotes and backslashes the texts hold."""
    line = cdr_json.render(record)
    assert cdr_json.parse(line) == replace(record, raw=line)


@given(RECORDS)
@settings(max_examples=50)
def test_both_files_tell_the_same_call(record):
    """The same call is the same from both files, compared at whole seconds."""
    exact, whole = cdr_json.parse(cdr_json.render(record)), cdr_csv.parse(cdr_csv.render(record))
    assert agrees(exact, whole)
    assert agrees(whole, exact)


@given(
    st.binary(max_size=300)
    | st.builds(lambda r, n, b: cdr_csv.render(r)[:n] + b, RECORDS, WHOLE, st.binary())
)
@settings(max_examples=150)
@example(b"")
@example(b'"')
@example(b"," * 20)
def test_any_bytes_are_a_record_or_broken(line):
    """Any bytes are a call record or are refused with a reason; nothing else happens."""
    for parse in (cdr_csv.parse, cdr_json.parse):
        reason = ""
        try:
            reason = parse(line).uniqueid
        except Malformed as fault:
            reason = str(fault)
        assert reason


@given(RECORDS, st.integers(0, 400), st.sampled_from(["csv", "json"]))
@settings(max_examples=150)
def test_a_record_cut_and_glued_to_the_next_is_refused(record, cut, kind):
    """What a full disk leaves, half a record and the next one behind it, is never taken for a record."""
    parser = {"csv": cdr_csv, "json": cdr_json}[kind]
    line = parser.render(record)
    if 0 < cut < len(line):
        broken(line[:cut] + parser.render(SAMPLE), parser.parse)


def test_the_real_files_are_read_whole():
    """What a real Asterisk 22 wrote is read, names with newlines and broken UTF-8 included, but for a line
    it cut off itself and for quotes in an account code, which look like two records glued together."""
    whole = corpus("Master.csv")
    assert len(whole) == 45
    assert [fault.code for fault in whole if isinstance(fault, BrokenRecord)] == ["quoting"]
    exact = corpus("seatline.json")
    assert [fault.code for fault in exact if isinstance(fault, BrokenRecord)] == ["cut", "cut"]
    assert len([record for record in exact if isinstance(record, Cdr)]) == 43


def test_the_real_files_tell_the_same_calls():
    """Each real record of cdr_custom agrees with the one of the same key in Master.csv."""
    whole = {(r.uniqueid, r.sequence): r for r in corpus("Master.csv") if isinstance(r, Cdr)}
    for record in corpus("seatline.json"):
        if isinstance(record, Cdr):
            assert differences(whole[record.uniqueid, record.sequence], record) == ()
            assert record.raw + b"\n" in (CORPUS / "seatline.json").read_bytes()


def test_asterisks_json_is_not_json():
    """The lines of cdr_custom need a reader of their own: with a backslash or a tab they are no JSON."""
    refused = 0
    for line in (CORPUS / "seatline.json").read_bytes().split(b"\n"):
        try:
            json.loads(line)
        except ValueError:
            refused += 1
    assert refused > 10


def test_an_unanswered_call_has_no_answer():
    """An unanswered call has an empty answer in Master.csv and 0.000000 in seatline.json."""
    record = replace(SAMPLE, answer=None, disposition="NO ANSWER", billsec=0)
    assert b',,"2025-' in cdr_csv.render(record)
    assert b'"answer":0.000000' in cdr_json.render(record)
    assert cdr_csv.parse(cdr_csv.render(record)).answer is None
    assert cdr_json.parse(cdr_json.render(record)).answer is None
    absent = cdr_json.render(record).replace(b',"answer":0.000000', b"")
    assert cdr_json.parse(absent).answer is None


def test_microseconds_come_from_the_text():
    """1753977599.999999 is 1753977599999999 microseconds, which no float would promise."""
    assert cdr_json.parse(cdr_json.render(SAMPLE)).answer == 1753977599999999


def test_times_of_master_csv_are_gmt():
    """2025-07-31 15:59:59 in Master.csv is the last second of July in Shanghai."""
    line = cdr_csv.render(replace(SAMPLE, answer=1753977599 * SECOND))
    assert b'"2025-07-31 15:59:59"' in line
    assert cdr_csv.parse(line).answer == 1753977599 * SECOND


@pytest.mark.parametrize(
    ("columns", "setting"),
    [
        (16, "newcdrcolumns, loguniqueid, loguserfield to yes"),
        (17, "newcdrcolumns, loguniqueid or loguserfield to yes"),
        (18, "newcdrcolumns to yes"),
        (19, "loguniqueid, loguserfield to yes"),
        (20, "loguniqueid or loguserfield to yes"),
    ],
)
def test_fewer_columns_name_the_setting(columns, setting):
    """A switch set to write fewer columns is told which settings to mend."""
    fault = broken(b",".join(cdr_csv.render(replace(SAMPLE, clid="x")).split(b",")[:columns]))
    assert fault.code == "columns"
    assert str(fault).startswith(
        f"a record of {columns} columns; this switch must write 21 (newcdrcolumns, loguniqueid, loguserfield)"
    )
    assert setting in str(fault)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b'"ANSWERED"', b'"ANSWERED "', "disposition"),
        (b"70,61", b"70,6x", "number"),
        (b"70,61", b"70,9999999999", "number"),
        (b"70,61", b"70,", "number"),
        (b"70,61", "70,６１".encode(), "number"),
        (b"2025-07-31 16", b"2025-07-31T16", "time"),
        (b"2025-07-31 16", b"2025-06-31 16", "time"),
        (b"2025-07-31 16", b"2025-07-31 24", "time"),
        (b"2025-07-31 16", b"1970-01-01 16", "time"),
        (b'"pbx-1753977590.4","",', b'"","",', "key"),
        (b'"Dial"', b'"Di"al"', "quoting"),
        (b'"Dial"', b'Di"al"', "quoting"),
        (b'"Dial"', b'"Di\0al"', "nul"),
        (b'"Dial"', b'"Dial","x"', "columns"),
        (b",4", b",4.0", "number"),
    ],
)
def test_a_field_that_cannot_be_is_refused(old, new, code):
    """A line of Master.csv with anything out of order is refused, and the reason names it."""
    line = cdr_csv.render(SAMPLE)
    assert old in line
    assert broken(line.replace(old, new)).code == code


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b'"schema":"1"', b'"schema":"2"', "schema"),
        (b'"schema":"1",', b"", "fields"),
        (b'"src"', b'"Src"', "fields"),
        (b"123456", b"12345", "fields"),
        (b'"billsec":61', b'"billsec":61.5', "fields"),
        (b'"billsec":61', b'"billsec":61000000000', "number"),
        (b'"ANSWERED"', b'"8"', "disposition"),
        (b'"start":1753977590', b'"start":0', "time"),
        (b'"Dial"', b'"Di"al"', "fields"),
        (b"}", b"", "fields"),
        (b"}", b"}}", "fields"),
    ],
)
def test_a_line_of_another_shape_is_refused(old, new, code):
    """A line of seatline.json with another schema, order or number format is refused with the reason."""
    line = cdr_json.render(SAMPLE)
    assert old in line
    assert broken(line.replace(old, new), cdr_json.parse).code == code


def test_a_line_asterisk_cut_says_so():
    """Asterisk cuts a line of cdr_custom at 1023 bytes; the reason says so and names the other file."""
    line = cdr_json.render(replace(SAMPLE, userfield="x" * 1000))[: cdr_json.LONGEST]
    fault = broken(line, cdr_json.parse)
    assert fault.code == "cut"
    assert "Master.csv" in str(fault)


def test_windows_line_ends_are_taken():
    """A file that came by way of Windows, with CR before LF, is read the same."""
    for parser in (cdr_csv, cdr_json):
        line = parser.render(SAMPLE)
        assert agrees(parser.parse(line), parser.parse(line + b"\r"))


def test_unquoted_texts_are_taken():
    """A Master.csv rewritten by another program, quoting only where needed, is read the same."""
    line = cdr_csv.render(replace(SAMPLE, clid="x"))
    assert agrees(cdr_csv.parse(line.replace(b'"', b"")), cdr_csv.parse(line))


def test_bytes_that_are_no_utf8_lose_no_call():
    """A name cut through the middle of a Chinese character shows its bytes; the call is kept and charged."""
    for parser in (cdr_csv, cdr_json):
        line = parser.render(replace(SAMPLE, clid="张")).replace("张".encode(), "张".encode()[:2])
        assert parser.parse(line).clid == "\\xe5\\xbc"
        assert parser.parse(line).raw == line


@pytest.mark.parametrize("name", FIELDS)
def test_any_other_field_is_another_call(name):
    """Two records of one key that differ in any field are not the same call."""
    value = getattr(SAMPLE, name)
    other = replace(SAMPLE, **{name: value + "x" if isinstance(value, str) else value + SECOND})
    assert differences(SAMPLE, other) == (name,)
    assert differences(SAMPLE, whole_seconds(other)) == (name,)


def test_microseconds_count_between_exact_records():
    """Two records of cdr_custom that differ by a microsecond are in conflict."""
    other = replace(SAMPLE, end=SAMPLE.end + 1)
    assert differences(SAMPLE, other) == ("end",)


def test_another_time_zone_is_seen():
    """All times moved by eight hours are told from one time moved."""
    moved = replace(
        SAMPLE, **{name: getattr(SAMPLE, name) + 8 * 3600 * SECOND for name in ("start", "answer", "end")}
    )
    assert clock_apart(SAMPLE, moved) == 8 * 3600 * -1
    assert clock_apart(SAMPLE, replace(moved, end=SAMPLE.end)) == 0


def test_our_switchs_configuration_writes_these_lines() -> None:
    """The switch of docker/pbx writes the fields that are read, in that order."""
    text = (Path(__file__).parents[2] / "docker" / "pbx" / "etc" / "cdr_custom.conf").read_text("utf-8")
    assert f"fields = {cdr_json.MAPPING}\n" in text
