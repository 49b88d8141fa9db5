"""Records glued together in one line: the whole one is found again, and nothing else is taken for one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx import cdr_csv, cdr_json
from pbx.cdr import Cdr
from pbx.cdr_glued import pieces

RENDER = {"csv": cdr_csv.render, "json": cdr_json.render}
PARSE = {"csv": cdr_csv.parse, "json": cdr_json.parse}
TEXTS = st.text(st.characters(blacklist_characters="\n\r\0", blacklist_categories=("Cs",)), max_size=30)


def record(number: int, **changes: object) -> Cdr:
    second = 1753977590_000000 + number * 1_000_000
    plain = Cdr(
        accountcode="08702120001",
        src="6001",
        dst="13800138000",
        dcontext="c",
        clid='"a, ""b" <6001>',
        channel="PJSIP/a",
        dstchannel="PJSIP/b",
        lastapp="Dial",
        lastdata="PJSIP/b",
        start=second,
        answer=second,
        end=second,
        duration=5,
        billsec=5,
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
    return replace(plain, **changes)


@pytest.mark.parametrize("kind", ["csv", "json"])
@given(name=TEXTS, other=TEXTS, account=st.sampled_from(["", "08702120001"]), data=st.data())
def test_what_is_glued_is_found_where_it_begins(kind, name, other, account, data):
    """Wherever a record was torn and whatever its texts say, the one behind it is found, or nothing is."""
    torn = RENDER[kind](record(12, clid=name, userfield=other))
    whole = RENDER[kind](record(2, clid=other, accountcode=account, dst=name))
    cut = data.draw(st.integers(1, len(torn) - 1))
    found = pieces(torn[:cut] + whole, kind)
    assert found is None or found == [(0, None), (cut, PARSE[kind](whole))]
    if torn[:cut].count(b'"') != 2:  # one quoted text alone may be an account code with quotes
        assert found is not None


@pytest.mark.parametrize("kind", ["csv", "json"])
@given(cut=st.integers(1, 2000))
def test_a_name_that_looks_like_a_record_is_none(kind, cut):
    """A caller whose name is a whole record of somebody else makes no call record, wherever it is torn."""
    forged = RENDER[kind](record(7, dst="01085200000")).decode()
    torn = RENDER[kind](record(1, clid=forged, userfield=forged))[:cut]
    whole = RENDER[kind](record(2, clid=forged))
    found = pieces(torn + whole, kind)
    if found is not None:
        assert [one.sequence for _, one in found if one] in ([2], [1, 2])
    assert pieces(torn, kind) is None or kind == "json"


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_nuls_before_a_record_are_cut_off(kind):
    """What a power loss left as NULs before a record is held, and the record is found."""
    whole = RENDER[kind](record(2))
    found = pieces(b'"half' + b"\0" * 4000 + whole, kind)
    assert found == [(0, None), (4005, PARSE[kind](whole))]


def test_an_account_code_with_quotes_is_not_taken_apart():
    """A record whose account code holds a quote looks glued and may be none: nothing is told of it."""
    assert pieces(cdr_csv.render(record(1, accountcode='0870"2120001')), "csv") is None


def test_a_number_cut_at_its_end_makes_no_record():
    """A record that lost its newline may have lost digits too: in Master.csv only the last one counts."""
    first, second = cdr_csv.render(record(571)), cdr_csv.render(record(2))
    assert [one and one.sequence for _, one in pieces(first + second, "csv")] == [None, 2]
    first, second = cdr_json.render(record(571)), cdr_json.render(record(2))
    assert [one and one.sequence for _, one in pieces(first + second, "json")] == [571, 2]


def test_garbage_is_no_record():
    """A line of which no part is a record is left whole."""
    for raw in (b"", b"nonsense", b'"",' * 9000, b'"' * 60000, b'{"schema":"' * 90, b"\0" * 60000):
        assert pieces(raw, "csv") is None
        assert pieces(raw, "json") is None
