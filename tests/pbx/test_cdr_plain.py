"""Reading many call records plainly: nothing is taken that the careful parser would read otherwise."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pbx import cdr_csv, cdr_json, cdr_plain
from pbx.cdr import FIELDS, SECOND, BrokenRecord, Cdr, agrees
from pbx.cdr_lines import LONGEST_LINE, PARSERS, parse
from pbx.cdr_plain import plain, says_no_more

RENDER = {"csv": cdr_csv.render, "json": cdr_json.render}
KINDS = pytest.mark.parametrize("kind", ["csv", "json"])


def record(number: int = 1, **changes: Any) -> Cdr:
    second = 1_753_977_590 + number
    made = Cdr(
        accountcode="08702120001",
        src="08702120001",
        dst="13800138000",
        dcontext="seatline-zhaotong-a",
        clid='"办公室" <08702120001>',
        channel="PJSIP/a",
        dstchannel="PJSIP/b",
        lastapp="Dial",
        lastdata="PJSIP/b,60",
        start=second * 1_000_000 + 123_456,
        answer=second * 1_000_000 + 234_567,
        end=second * 1_000_000 + 999_999,
        duration=0,
        billsec=0,
        disposition="ANSWERED",
        amaflags="DOCUMENTATION",
        uniqueid=f"pbx-1753977590.{number}",
        userfield="",
        peeraccount="",
        linkedid=f"pbx-1753977590.{number}",
        sequence=number,
        exact=True,
        raw=b"",
    )
    return replace(made, **changes)


def block(kind: str, *records: Cdr) -> bytes:
    return b"".join(RENDER[kind](one) + b"\n" for one in records)


@KINDS
def test_what_switches_write_is_plain(kind: str) -> None:
    """Lines as a switch writes them are all taken, with key, beginning and digests."""
    unanswered = record(3, answer=None, disposition="NO ANSWER")
    lines = block(
        kind, record(1), record(2, clid='"O\'Neil, ""张三""" <1>', userfield="%,\\t"[:2]), unanswered
    )
    found = plain(lines, kind)
    careful = [PARSERS[kind](line) for line in lines.splitlines()]
    assert found.uniqueids == [one.uniqueid for one in careful]
    assert found.sequences == [1, 2, 3]
    assert found.starts == [one.start for one in careful]
    assert (found.size, found.sha256) == (len(lines), hashlib.sha256(lines).digest())
    digests = [int.from_bytes(hashlib.sha256(line).digest(), "big") for line in lines.splitlines()]
    assert found.total == sum(digests) % 2**256


@KINDS
def test_it_stops_at_the_first_line_that_is_not_plain(kind: str) -> None:
    """Lines before an odd one are taken, those behind it are not."""
    good, more = block(kind, record(1), record(2)), block(kind, record(3))
    for odd in (b"torn\n", b"\n", b'"' + more, more[:-2] + more, b"\xef\xbb\xbf" + more):
        found = plain(good + odd + more, kind)
        assert (found.sequences, found.size) == ([1, 2], len(good)), odd
    assert plain(b"torn\n" + good, kind) == cdr_plain.NOTHING
    assert plain(b"", kind) == cdr_plain.NOTHING


@KINDS
def test_the_same_key_twice_is_not_plain(kind: str) -> None:
    """A block in which a key comes twice is left to the careful one: it may be a conflict."""
    assert plain(block(kind, record(1), record(2), record(1, dst="110")), kind) == cdr_plain.NOTHING


@KINDS
@pytest.mark.parametrize(
    "changes",
    [
        {"uniqueid": ""},
        {"disposition": "PERHAPS"},
        {"sequence": 2**31},
        {"start": 0},
        {"userfield": "\0"},
        {"lastdata": "x" * LONGEST_LINE},
    ],
)
def test_what_is_broken_is_not_plain(kind: str, changes: dict[str, Any]) -> None:
    """No line that the careful parser refuses is taken."""
    assert plain(block(kind, record(1, **changes)), kind).size == 0


def test_days_that_are_not_are_left_to_the_calendar() -> None:
    """The 31st of April is never taken; the 29th of February is not plain, whatever the year."""
    line = block("csv", record(1))
    for day, taken in (
        ("2025-04-31", False),
        ("2025-02-29", False),
        ("2024-02-29", False),
        ("2025-04-30", True),
    ):
        assert bool(plain(line.replace(b"2025-07-31", day.encode()), "csv").size) is taken


_texts = st.text(max_size=8) | st.sampled_from(['"', '""', "\\", '\\"', '","', "\r", "\n", "\t", "é"])


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(["csv", "json"]),
    changes=st.dictionaries(
        st.sampled_from(
            [
                name
                for name in FIELDS
                if name not in ("start", "answer", "end", "duration", "billsec", "sequence")
            ]
        ),
        _texts,
        max_size=3,
    ),
    numbers=st.tuples(*[st.integers(-(2**33), 2**33)] * 3),
    answer=st.none() | st.integers(0, 2**51),
    place=st.integers(0, 400),
    put=st.binary(max_size=3) | st.sampled_from([b'"', b"\\", b"\n", b"\r", b"\0", b",", b"}"]),
    cut=st.integers(0, 3),
)
@example(kind="csv", changes={}, numbers=(0, 0, 1), answer=None, place=0, put=b'"', cut=0)
def test_whatever_is_taken_the_careful_parser_takes_too(
    kind: str,
    changes: dict[str, str],
    numbers: tuple[int, int, int],
    answer: int | None,
    place: int,
    put: bytes,
    cut: int,
) -> None:
    """Of any line, however damaged, either nothing is taken or just what the careful parser reads in it."""
    duration, billsec, sequence = numbers
    texts = {name: text.encode("utf-8", "replace").decode() for name, text in changes.items()}
    made = record(1, **texts, duration=duration, billsec=billsec, sequence=sequence, answer=answer)
    line = RENDER[kind](made) + b"\n"
    line = line[:place] + put + line[place + cut :]
    lines = block(kind, record(7)) + line + block(kind, record(8))
    found = plain(lines, kind)
    taken = lines[: found.size].split(b"\n")[:-1]
    assert len(taken) == len(found.starts)
    for raw, uniqueid, sequence, start in zip(
        taken, found.uniqueids, found.sequences, found.starts, strict=True
    ):
        try:
            careful = PARSERS[kind](raw)
        except BrokenRecord as fault:
            raise AssertionError(f"taken, though {fault}: {raw!r}") from fault
        assert (careful.uniqueid, careful.sequence, careful.start) == (uniqueid, sequence, start)
        assert careful.raw == raw
        assert parse(raw) == careful


_seconds = st.integers(-1, 1)


@settings(max_examples=400, deadline=None)
@given(
    kinds=st.tuples(*[st.sampled_from(["csv", "json"])] * 2),
    changes=st.dictionaries(
        st.sampled_from([name for name in FIELDS if name not in ("start", "answer", "end")]),
        _texts,
        max_size=1,
    ),
    numbers=st.tuples(*[st.sampled_from([0, 0, 0, -1])] * 3),
    start=st.integers(-1, SECOND),
    answers=st.tuples(*[st.sampled_from([None, 1, 2, SECOND])] * 2),
    put=st.tuples(st.integers(0, 400), st.sampled_from([b"", b"", b"", b"0", b" ", b'"', b"\r", b"\xe5"])),
)
@example(
    kinds=("csv", "json"), changes={}, numbers=(0, 0, 0), start=1, answers=(None, None), put=(0, b"")
).via("the usual second source")
def test_what_is_said_to_be_known_is_the_same_call(
    kinds: tuple[str, str],
    changes: dict[str, str],
    numbers: tuple[int, int, int],
    start: int,
    answers: tuple[int | None, int | None],
    put: tuple[int, bytes],
) -> None:
    """A line that is said to say no more than another one agrees with that, and is not better."""
    whole = ("duration", "billsec", "sequence")
    texts = {
        name: text.encode("utf-8", "replace").decode() for name, text in changes.items() if name not in whole
    }
    two = [record(1, answer=None if one is None else 1_753_977_591 * SECOND + one) for one in answers]
    two[0] = replace(two[0], **texts, **dict(zip(whole, numbers, strict=True)), start=two[0].start + start)
    lines = [RENDER[kind](one) for kind, one in zip(kinds, two, strict=True)]
    place, byte = put
    lines[0] = lines[0][:place] + byte + lines[0][place:]
    lines = [line for line in lines if _is_record(line)]
    if len(lines) == 2 and says_no_more(*lines):
        line, known = map(parse, lines)
        assert agrees(line, known)
        assert known.exact or not line.exact


def _is_record(line: bytes) -> bool:
    try:
        parse(line)
    except BrokenRecord:
        return False
    return True


@pytest.mark.parametrize("answer", [None, 1_753_977_592 * SECOND + 999_999])
def test_the_usual_second_source_says_no_more(answer: int | None) -> None:
    """Master.csv's line of a call says no more than cdr_custom's, but that one more than Master.csv's."""
    made = record(1, answer=answer)
    whole, exact = cdr_csv.render(made), cdr_json.render(made)
    assert says_no_more(whole, exact)
    assert says_no_more(whole, whole)
    assert says_no_more(exact, exact)
    assert not says_no_more(exact, whole)
    for changes in (
        {"dst": "110"},
        {"clid": "x"},
        {"start": made.start + SECOND},
        {"answer": 1},
        {"billsec": 9},
    ):
        assert not says_no_more(whole, cdr_json.render(replace(made, **changes)))
