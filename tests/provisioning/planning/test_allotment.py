"""Seats to ports: what the sheet says, what was before, then the lowest free ones in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.core.site import Iad, Seat, Site
from provisioning.planning.allotment import DoesNotFit, allotted

SIZES = {"iad-1": 4, "iad-2": 2, "iad-3": 3}


def number(n: int) -> str:
    return f"0870212{n:04}"


def site(*seats: Seat, iads: tuple[str, ...] = ("iad-1", "iad-2")) -> Site:
    return Site(
        name="zhaotong",
        area_code="0870",
        seats=seats,
        iads=tuple(Iad(name=name, model=f"model-{SIZES.get(name)}") for name in iads),
    )


def seat(n: int, iad: str | None = None, port: int | None = None, **more: str) -> Seat:
    return Seat(long_number=number(n), iad=iad, port=port, **more)


def size(iad: Iad) -> int | None:
    return SIZES.get(iad.name)


def places(of: Site) -> dict[int, str]:
    return {int(one.long_number[-4:]): f"{one.iad}/{one.port}" for one in of.seats}


def test_seats_stand_in_sheet_order() -> None:
    """Seats fill the ports of the first IAD, then those of the next, in the order of the sheet."""
    found = allotted(site(*(seat(n) for n in (5, 3, 4, 1, 2))), None, size)
    assert places(found) == {5: "iad-1/1", 3: "iad-1/2", 4: "iad-1/3", 1: "iad-1/4", 2: "iad-2/1"}


def test_the_sheet_wins() -> None:
    """A seat stands where the sheet says; the others go around it."""
    found = allotted(site(seat(1), seat(2, "iad-1", 1), seat(3, "iad-2"), seat(4)), None, size)
    assert places(found) == {1: "iad-1/2", 2: "iad-1/1", 3: "iad-2/1", 4: "iad-1/3"}


def test_a_seat_that_goes_moves_nobody() -> None:
    """When a seat is taken out, every other keeps its port; the next new one gets the port that is free."""
    first = allotted(site(*(seat(n) for n in range(1, 6))), None, size)
    second = allotted(site(seat(1), seat(3), seat(4), seat(5)), first, size)
    assert places(second) == {n: place for n, place in places(first).items() if n != 2}
    third = allotted(site(seat(1), seat(9), seat(3), seat(4), seat(5)), second, size)
    assert places(third) == {**places(second), 9: "iad-1/2"}


def test_the_sheet_sends_an_allotted_seat_away() -> None:
    """A seat that says a port takes it from one that merely got it, which goes to the lowest free port."""
    first = allotted(site(seat(1), seat(2)), None, size)
    second = allotted(site(seat(1), seat(2), seat(3, "iad-1", 1)), first, size)
    assert places(second) == {1: "iad-1/3", 2: "iad-1/2", 3: "iad-1/1"}


def test_a_seat_that_says_its_iad_only_finds_a_port_there() -> None:
    """On a full IAD it takes the place of the last that was merely allotted there."""
    first = allotted(site(*(seat(n) for n in range(1, 5))), None, size)
    second = allotted(site(*(seat(n) for n in range(1, 5)), seat(9, "iad-1")), first, size)
    assert places(second) == {**places(first), 4: "iad-2/1", 9: "iad-1/4"}


@pytest.mark.parametrize(
    ("now", "stand"),
    [
        ({"iad-1": "b", "iad-2": "a"}, {1: "iad-2/1", 3: "iad-2/3", 5: "iad-1/1"}),
        ({"iad-2": "a", "iad-3": "b"}, {1: "iad-2/1", 3: "iad-2/3", 5: "iad-3/1"}),
        ({"iad-1": "c", "iad-2": "b"}, {1: "iad-1/1", 3: "iad-1/3", 5: "iad-2/1"}),
        ({"iad-1": "b"}, {1: "iad-1/2", 3: "iad-1/3", 5: "iad-1/1"}),
        ({"iad-1": None, "iad-2": "b"}, {1: "iad-1/1", 3: "iad-1/3", 5: "iad-2/1"}),
    ],
    ids=("names swapped", "renamed", "box replaced", "name of a box that is gone", "address no longer said"),
)
def test_an_iad_under_another_name_keeps_its_seats(now: dict[str, str | None], stand: dict[int, str]) -> None:
    """An IAD is known by its MAC address: under another name its telephones stay on their ports."""

    def boxes(macs: Mapping[str, str | None]) -> tuple[Iad, ...]:
        return tuple(Iad(name=name, model="model-4", mac=mac) for name, mac in macs.items())

    before = replace(site(*(seat(n) for n in (1, 2, 3, 4, 5))), iads=boxes({"iad-1": "a", "iad-2": "b"}))
    first = allotted(before, None, lambda _: 4)
    after = replace(site(seat(1), seat(3), seat(5)), iads=boxes(now))
    assert places(allotted(after, first, lambda _: 4)) == stand


def test_an_iad_that_is_gone_or_smaller_gives_its_seats_up() -> None:
    """Seats whose port is not there any more get another; those whose port is stay."""
    first = allotted(site(*(seat(n) for n in range(1, 7)), iads=("iad-1", "iad-3")), None, size)
    second = allotted(site(*(seat(n) for n in range(1, 7)), iads=("iad-1", "iad-2")), first, size)
    assert places(second) == {**places(first), 5: "iad-2/1", 6: "iad-2/2"}


def test_a_port_alone_is_one_of_the_only_iad() -> None:
    """With one IAD a sheet needs no column that names it; with two the port says too little."""
    found = allotted(site(seat(1), seat(2, None, 1), iads=("iad-1",)), None, size)
    assert places(found) == {1: "iad-1/2", 2: "iad-1/1"}
    with pytest.raises(DoesNotFit, match="of which IAD is not said"):
        allotted(site(seat(1, None, 1)), None, size)


def test_neither_a_second_number_nor_the_main_number_takes_a_port() -> None:
    """Two numbers on one telephone are one port (两号一机); a switchboard's number is no seat."""
    whole = replace(site(seat(1, second_number=number(7)), seat(2)), main_number=number(0))
    assert places(allotted(whole, None, size)) == {1: "iad-1/1", 2: "iad-1/2"}


def test_a_site_without_iads_stays_as_it_is() -> None:
    """Where the customer has telephones of its own there are no ports to allot."""
    whole = site(seat(1), iads=())
    assert allotted(whole, None, size) is whole


def test_more_seats_than_ports() -> None:
    """Where the ports do not suffice, the last seats of the sheet stand on none, unless they say one."""
    found = allotted(site(*(seat(n) for n in range(8)), seat(9, "iad-1")), None, size)
    assert [n for n, place in places(found).items() if place == "None/None"] == [5, 6, 7]
    assert places(found)[9] == "iad-1/1"


def test_a_model_of_unknown_size_takes_them_all() -> None:
    """Of a model that nobody publishes, ports are counted up as they are needed."""
    found = allotted(site(*(seat(n) for n in range(100)), iads=("iad-9",)), None, size)
    assert places(found)[99] == "iad-9/100"


@pytest.mark.parametrize(
    ("seats", "told"),
    [
        ([seat(1, "iad-1", 5)], "iad-1 has no port 5, only 4"),
        ([seat(1, "iad-1", 1), seat(2, "iad-1", 1)], f"port 1 of iad-1 is said for {number(1)} too"),
        ([seat(1, "iad-7")], "the site has no IAD iad-7"),
        ([seat(n, "iad-2") for n in range(3)], "all 2 ports of iad-2 are said for others"),
    ],
)
def test_what_does_not_fit_is_told(seats: list[Seat], told: str) -> None:
    """Nothing is allotted half: every reason is told, with the seat."""
    with pytest.raises(DoesNotFit, match=told):
        allotted(site(*seats), None, size)


def test_all_that_does_not_fit_is_told_at_once() -> None:
    """Two faults are two lines."""
    with pytest.raises(DoesNotFit) as caught:
        allotted(site(seat(1, "iad-7"), seat(2, "iad-1", 9)), None, size)
    assert len(str(caught.value).splitlines()) == 2


said = st.one_of(
    st.none(),
    st.sampled_from(list(SIZES)).map(lambda name: (name, None)),
    st.sampled_from([(name, port) for name, most in SIZES.items() for port in range(1, most + 1)]),
)


@st.composite
def sheets(draw: st.DrawFn) -> Site:
    """A site whose sheet says something of some seats, not the same port twice, and not too many."""
    taken: set[tuple[str, int]] = set()
    room = dict(SIZES)
    seats: list[Seat] = []
    numbers = draw(st.lists(st.integers(0, 14), unique=True, max_size=sum(SIZES.values())))
    for n in numbers:
        place = draw(said)
        if place is None or place in taken or not room[place[0]]:
            seats.append(seat(n))
            continue
        if place[1] is not None:
            taken.add(place)
        room[place[0]] -= 1
        seats.append(seat(n, *place))
    return site(*seats, iads=tuple(SIZES))


@given(sheets(), st.none() | sheets())
def test_every_seat_stands_on_one_port_of_its_own(wanted: Site, before: Site | None) -> None:
    """Whatever was before: each seat has one port, no port has two seats, and what is said holds."""
    former = None if before is None else allotted(before, None, size)
    found = allotted(wanted, former, size)
    stands = [(one.iad, one.port) for one in found.seats]
    assert len(set(stands)) == len(wanted.seats)
    assert all(port is not None and 1 <= port <= SIZES[str(iad)] for iad, port in stands)
    for asked, got in zip(wanted.seats, found.seats, strict=True):
        assert asked.iad in (None, got.iad)
        assert asked.port in (None, got.port)
        assert replace(got, iad=asked.iad, port=asked.port) == asked


@given(sheets(), st.sets(st.integers(0, 14)))
def test_who_stays_keeps_his_port(wanted: Site, gone: set[int]) -> None:
    """When seats go and the sheet says nothing new, all that stay keep their ports, even if it says none."""
    former = allotted(wanted, None, size)
    left = tuple(one for one in wanted.seats if int(one.long_number[-4:]) not in gone)
    silent = tuple(replace(one, iad=None, port=None) for one in left)
    for seats in (left, silent):
        found = allotted(replace(wanted, seats=seats), former, size)
        assert places(found) == {n: place for n, place in places(former).items() if n not in gone}


@given(sheets(), st.none() | sheets())
def test_allotting_again_changes_nothing(wanted: Site, before: Site | None) -> None:
    """A site whose seats all have their port is left as it is."""
    former = None if before is None else allotted(before, None, size)
    found = allotted(wanted, former, size)
    assert allotted(found, former, size) == found
    assert allotted(wanted, found, size) == found
