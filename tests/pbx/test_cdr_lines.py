"""Lines to call records: a broken line harms no other, and what is not complete waits."""

from __future__ import annotations

import pytest

from pbx import cdr_csv, cdr_json
from pbx.cdr import BrokenRecord, Cdr
from pbx.cdr_lines import BOM, LONGEST_LINE, Line, kind_of, readings

PARSERS = {"csv": cdr_csv, "json": cdr_json}


def record(number: int, clid: str = "x") -> Cdr:
    second = 1753977590_000000 + number * 1000000
    return Cdr(
        accountcode="08702120001",
        src="6001",
        dst="13800138000",
        dcontext="c",
        clid=clid,
        channel="PJSIP/a",
        dstchannel="PJSIP/b",
        lastapp="Dial",
        lastdata="PJSIP/b",
        start=second,
        answer=second,
        end=second,
        duration=0,
        billsec=0,
        disposition="ANSWERED",
        amaflags="DOCUMENTATION",
        uniqueid=f"pbx-1753977590.{number}",
        userfield="",
        peeraccount="",
        linkedid=f"pbx-1753977590.{number}",
        sequence=number,
        exact=False,
        raw=b"",
    )


def lines(data: bytes) -> list[Line]:
    found, place = [], 0
    for raw in data.split(b"\n")[:-1]:
        found.append(Line(place, raw[:LONGEST_LINE], place + len(raw) + 1))
        place += len(raw) + 1
    return found


def read(data: bytes, kind: str, *, finished: bool = False) -> list[int | str]:
    """What became of it: the sequence of each record, the code of each broken line."""
    outcome: list[int | str] = []
    for reading in readings(lines(data), kind, finished=finished):
        broken = isinstance(reading.result, BrokenRecord)
        outcome.append(reading.result.code if broken else reading.result.sequence)
    return outcome


def written(kind: str, *records: Cdr) -> bytes:
    return b"".join(PARSERS[kind].render(one) + b"\n" for one in records)


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_name_with_newlines_is_one_record(kind):
    """A caller's name with newlines, blank lines and quotes in it makes one record of several lines."""
    data = written(kind, record(1), record(2, 'a\n\n"b"\r\nc}\n'), record(3))
    assert read(data, kind) == [1, 2, 3]
    found = list(readings(lines(data), kind))
    assert found[1].result.clid == 'a\n\n"b"\r\nc}\n'
    assert data[found[1].line.offset : found[1].line.end] == found[1].line.raw + b"\n"


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_torn_record_swallows_nothing(kind):
    """A record torn inside a text and followed by a newline is broken alone; the next ones are read."""
    torn = written(kind, record(1)).split(b"PJSIP/a")[0] + b"\n"
    assert read(torn + written(kind, record(2), record(3)), kind)[1:] == [2, 3]


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_glued_record_is_found_again(kind):
    """Of half a record with the next glued to it, as after a full disk, the half is held, the next read."""
    torn = written(kind, record(1))[:50]
    data = torn + written(kind, record(2), record(3))
    assert read(data, kind) == ["torn", 2, 3]
    half, glued, _ = readings(lines(data), kind)
    assert half.line == Line(0, torn, 50)
    assert glued.line == Line(50, written(kind, record(2))[:-1], len(torn + written(kind, record(2))))
    assert glued.result.raw == glued.line.raw


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_an_open_text_at_the_end_waits(kind):
    """A text without an end in the last line waits for the next line, unless nobody writes any more."""
    data = written(kind, record(1), record(2, "a\nb"))
    upto = data[: data.index(b"a\nb") + 2]
    assert read(upto, kind) == [1]
    assert read(upto, kind, finished=True) == [1, "unfinished"]
    assert read(data, kind) == [1, 2]


def test_an_endless_text_is_given_up():
    """A quote that is never closed costs its own line only, however long the file goes on."""
    data = b'"open\n' + b"x\n" * 40 + written("csv", record(1))
    assert read(data, "csv") == ["unfinished", *["columns"] * 40, 1]
    data = b'"open\n' + b"x" * 9000 + b"\n" + written("csv", record(1))
    assert read(data, "csv") == ["unfinished", "columns", 1]


def test_a_line_over_64_kib_is_held():
    """A line longer than any switch writes is held with its beginning, and the next is read."""
    data = b"x" * (LONGEST_LINE + 1) + b"\n" + written("csv", record(1))
    assert read(data, "csv") == ["long", 1]


def test_blank_lines_are_nothing():
    """Blank lines, with or without CR, are no records and no faults."""
    assert read(b"\n\r\n" + written("csv", record(1)) + b"\n", "csv") == [1]


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_byte_order_mark_is_passed_over(kind):
    """A byte order mark at the beginning of a file is not part of the first record."""
    assert read(BOM + written(kind, record(1)), kind) == [1]
    assert kind_of(BOM + written(kind, record(1))) == kind
    assert read(written(kind, record(1)) + BOM + written(kind, record(2)), kind)[0] == 1


def test_an_empty_file_has_some_kind():
    """The kind of a file is told by its first byte; an empty one counts as Master.csv."""
    assert kind_of(b"") == "csv"
    assert kind_of(b'{"schema"') == "json"
    assert kind_of(b'"0870') == "csv"
