"""How a site stands in files: nothing is lost, little is written, and one file decides."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbx.config import Config
from pbx.section import CONTEXT, Section
from provisioning.core.contract import Contract
from provisioning.core.site import Ims
from provisioning.planning import names
from provisioning.planning.desired import desired
from provisioning.planning.layout import (
    Layout,
    dialplan_parts,
    joined,
    laid_out,
    nothing_left,
    slots_filled,
    whole,
)

Make = Callable[..., Contract]
IMS = st.sampled_from(
    [
        None,
        Ims(domain="ims.example.net", proxy="sip:192.0.2.1:5060"),
        Ims(domain="ims.example.net", proxy="sip:192.0.2.1:5060", register="trunk"),
    ]
)
OPTIONS = st.lists(
    st.tuples(st.sampled_from(["allow", "set_var", "auth", "context"]), st.sampled_from(["1", "2", "A=;"])),
    max_size=4,
).map(tuple)
ODD = st.builds(
    Section,
    st.sampled_from(["seat-08702120001", "seat-08702120002", "08702120001", "line-zhaotong", "by-hand"]),
    st.sampled_from(["endpoint", "aor", "acl"]),
    OPTIONS,
)


def sections(contract: Contract, slot: str = "a", passwords: int = 0) -> tuple[Section, ...]:
    numbers = [seat.long_number for seat in contract.site.seats]
    secrets = {number: f"Secret{number}" for number in numbers}
    known = dict.fromkeys(numbers[:passwords], "Operators")
    return tuple(s for _, s in desired(contract, secrets, slot, known).only("seatline-pjsip-"))


def read(layout: Layout) -> Config:
    """What the files of a layout say, as a value that does not care about order."""
    return Config({"x.conf": whole(layout.first, (one for file in layout.seats for one in file))})


@settings(max_examples=40)
@given(count=st.integers(0, 60), ims=IMS, slot=st.sampled_from(names.SLOTS), passwords=st.integers(0, 60))
def test_nothing_is_lost(make: Make, count: int, ims: Ims | None, slot: str, passwords: int) -> None:
    """What is laid out reads as the same objects with the same options in the same order."""
    meant = sections(make(count, ims=ims), slot, passwords)
    assert read(laid_out(meant, "zhaotong", slot)) == Config({"x.conf": meant})


@given(st.lists(ODD, unique_by=lambda section: section.name))
def test_nothing_of_a_hands_work_is_lost(meant: list[Section]) -> None:
    """Objects nobody planned, and seats that have little in common, are laid out as exactly."""
    assert read(laid_out(meant, "zhaotong", "a")) == Config({"x.conf": tuple(meant)})


@pytest.mark.parametrize("count", [1, 69, 2001])
def test_the_first_file_decides(make: Make, count: int) -> None:
    """Seats are objects only with a first file that fills their templates: not without one, nor with that of
    the other slot, nor with that of a site taken away."""
    layouts = {slot: laid_out(sections(make(count), slot), "zhaotong", slot) for slot in names.SLOTS}
    a, b = layouts["a"], layouts["b"]
    seats = [one for layout in (a, b) for file in layout.seats for one in file]
    line = whole(a.first, ())
    assert not whole((), seats)
    assert not whole(nothing_left(sections(make(count)), "zhaotong", "b"), seats)
    assert Config({"x.conf": whole(a.first, seats)}) == Config({"x.conf": sections(make(count), "a")})
    assert Config({"x.conf": whole(b.first, seats)}) == Config({"x.conf": sections(make(count), "b")})
    assert [section.name for section in line] == ["line-zhaotong", "line-zhaotong-aor"]
    assert (slots_filled(a.first, "zhaotong"), slots_filled(b.first, "zhaotong")) == (("a",), ("b",))
    assert not slots_filled(a.first, "other")


def test_a_seat_is_written_shortly(make: Make) -> None:
    """A seat's own lines are few, and its secrets stand in its own file."""
    layout = laid_out(sections(make(69)), "zhaotong", "a")
    lines = sum(1 + len(one.lines) for file in layout.seats for one in file if one.inherits)
    assert lines == 69 * 13
    assert not [line for one in layout.first for line in one.lines if line[0] == "password"]
    most = names.seats_per_file(69)
    assert all(sum(one.name.startswith("seat-") for one in file) <= most for file in layout.seats)


def test_templates_are_looked_up_quickly(make: Make) -> None:
    """The first file names all templates of both slots before any object: Asterisk finds them at once."""
    layout = laid_out(sections(make(69)), "zhaotong", "a")
    named = [one.name for one in layout.first if one.template]
    assert named == [one.name for one in layout.first[: len(named)]]
    for slot in names.SLOTS:
        seats = laid_out(sections(make(69), slot), "zhaotong", slot).seats
        assert {one.inherits for one in seats[0] if one.inherits} <= set(named)


def test_the_first_files_are_read_first() -> None:
    """In the order of their names the first files of all sites stand before the seats of any."""
    sites = ["zhaotong", "aaa", "zzz", "0", "a-b", "1-x"]
    seats = [names.seats_file(site, slot, n) for site in sites for slot in "ab" for n in (1, 1000)]
    assert max(map(names.pjsip_file, sites)) < min(seats)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=3), st.booleans())
def test_a_long_context_goes_on_in_the_next_file(lengths: list[int], same: bool) -> None:
    """Contexts cut over files are the same contexts when they are joined, in files of bounded length."""
    key = "same" if same else "exten"
    contexts = tuple(
        Section(f"c{number}", CONTEXT, tuple((key if n % 3 else "exten", f"{n}") for n in range(length)))
        for number, length in enumerate(lengths)
    )
    parts = dialplan_parts(contexts)
    read_back = [tuple(Section(one.name, CONTEXT, one.lines) for one in part) for part in parts]
    assert joined(read_back) == contexts
    for part in parts:
        assert sum(len(one.lines) for one in part) <= names.LINES_PER_FILE + 2
        assert all(not one.lines or one.lines[0][0] == "exten" for one in part)
