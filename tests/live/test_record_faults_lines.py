"""Call records that are too long for one of the books, or hold what breaks a line, of a real Asterisk."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def _beside(name: str) -> Any:
    """A module of this folder, once for the whole run."""
    known = {"desk": "live_desks"}.get(name, f"live_{name}")
    if known not in sys.modules:
        spec = importlib.util.spec_from_file_location(known, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[known] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[known])
    return sys.modules[known]


sites, desks, raw = _beside("sites"), _beside("desk"), _beside("raw_sip")
stations = _beside("stations")
pytestmark = pytest.mark.live

USER, PASSWORD = f"planted{'p' * 50}", "Planted0of0Nobody000"
CONTEXT = f"planted{'c' * 60}"
"""Long names, as a careless administrator might choose them."""
TELEPHONE = f"""
[{USER}]
type = endpoint
context = {CONTEXT}
transport = seatline-udp
identify_by = auth_username
auth = planted-auth
disallow = all
allow = alaw
accountcode = {stations.SEATS[0]}

[planted-auth]
type = auth
auth_type = userpass
username = {USER}
password = {PASSWORD}
"""
WAY = f"""
[{CONTEXT}]
exten => _X!,1,Set(CDR(userfield)=${{PJSIP_HEADER(read,X-Field)}})
 same => n,Answer()
 same => n,Hangup()
"""
QUOTES = '\\"' * 40
"""A caller's name of forty quotes, as SIP writes it."""


@pytest.fixture(scope="module")
def station(switches: Any, postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A contract, and beside it a hand-made context that lets anything into a call record."""
    with stations.station(switches, tmp_path_factory.mktemp("lines"), postgres) as made:
        made.pbx.shell("cat > /etc/asterisk/seatline-pjsip-planted.conf", stdin=TELEPHONE)
        made.pbx.shell("cat > /etc/asterisk/seatline-extensions-planted.conf", stdin=WAY)
        made.pbx.reload()
        yield made
        fresh(made)  # a line that was cut would trouble whoever reads the books next


def call(station: Any, wire: Any, to: str, name: str, field: str) -> None:
    """A call by SIP that shows this name, and leaves that text in its record's userfield."""
    shown = f'"{name}" <sip:08702120001@{station.pbx.sip}>'
    first = wire.ask("INVITE", to, shown=shown)
    proof = wire.proof("INVITE", f"sip:{to}@{wire.switch}", USER, PASSWORD, first)
    headers = [proof, *([f"X-Field: {field}"] if field else [])]
    asked = wire.request("INVITE", to, shown=shown, headers=headers, sequence=2)
    assert wire.final(asked).status == 200


def fresh(station: Any) -> tuple[Path, Path]:
    """Both books, empty: what they held is another test's, as is what was rotated away from them."""
    for book in (station.pbx.json_records, station.pbx.csv_records):
        for file in book.parent.glob(f"{book.name}*"):
            file.unlink(missing_ok=True)
    return station.pbx.json_records, station.pbx.csv_records


def test_a_record_that_is_too_long_for_one_book_is_in_the_other_or_held(station: Any) -> None:
    """Up to 1023 bytes a line of seatline.json is whole, then Asterisk cuts it; Master.csv has the call up to
    some 1015 bytes of its own shorter line, then drops it without a word in the books. Both whole: charged to
    the microsecond; one whole: charged by whole seconds; none: not charged, and held with what was left."""
    exact, whole = fresh(station)
    fits, cut, gone = station.numbers(3)
    gone = f"{gone}{'0' * 68}"
    with raw.Wire(stations.CALLER, station.pbx.sip) as wire:
        call(station, wire, fits, "x", '"' * 215)
        call(station, wire, cut, "x" * 60, '"' * 255)
        call(station, wire, gone, QUOTES, '"' * 255)
    station.wait_recorded()
    station.wait_written(exact, gone)
    station.wait_written(whole, cut)
    assert [len(line) for line in exact.read_bytes().splitlines()][1:] == [1023, 1023]
    assert gone not in whole.read_text()
    for book in station.books:
        said = book.collect(exact, whole)
        assert (said["read"], said["new"], said["quarantined"]) == (5, 2, 2)
        assert {one.dst: one.exact for one in book.records()} == {fits: True, cut: False}
        stations.charged_once(book, [fits, cut])
        assert "cut off by Asterisk" in " ".join(note for one in said["sources"] for note in one["notes"])
        verdict, text = book.doctor()["quarantine"]
        assert (verdict, text[:7]) == ("warning", "2 lines")


ODD = {
    "comma, semicolon": ("a,b;c", "a,b;c"),
    "quotes": ('say \\"no\\"', '"'),
    "backslash before the end": ("x", "a\\"),
    "backslash and quote": ('\\\\\\"', '\\"'),
    "Chinese and an emoji": ("李😀", "😀"),
    "cut in a character": ("李" * 30, "张" * 90),
    "a record's own words": ("x", '","src":"08702120002","dst":"110'),
    "variables": ("${EXTEN}", "${CHANNEL}"),
    "a quote and a comma": ('\\",\\"', '",'),
    "nothing": ("", ""),
}


def test_whatever_a_caller_is_called_the_call_is_charged_once(station: Any) -> None:
    """Names and texts with quotes, commas, backslashes, emoji, half a character or the words of a record make
    lines that are read as the call they are, alike from both books, and nothing of them is held."""
    files = fresh(station)
    numbers = station.numbers(len(ODD))
    with raw.Wire(stations.CALLER, station.pbx.sip) as wire:
        for number, (name, text) in zip(numbers, ODD.values(), strict=True):
            call(station, wire, number, name, text)
    station.wait_recorded()
    for file in files:
        station.wait_written(file, *numbers)
    for book in station.books:
        known = set(book.called())
        said = book.collect(*files)
        many = len(ODD)
        counts = [(one["read"], one["new"], one["duplicate"]) for one in said["sources"]]
        assert counts == [(many, many, 0), (many, 0, many)]
        assert said["quarantined"] == 0
        assert Counter(one.dst for one in book.records() if one.dst not in known) == Counter(numbers)
        told = {one.dst: one.userfield for one in book.records() if one.dst in numbers}
        assert [told[number] for number in numbers] == [
            "张" * 85 if text.startswith("张") else text for _, text in ODD.values()
        ]
