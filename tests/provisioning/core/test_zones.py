"""Whether a seat may call a zone: the rates open it, the contract or the seat closes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.core.contract import Zone
from provisioning.core.zones import is_open

RATED = (Zone.LOCAL, Zone.INTERNATIONAL)


@pytest.mark.parametrize(
    ("zone", "by_seat", "rights", "opened"),
    [
        (Zone.LOCAL, (), (), True),
        (Zone.LOCAL, (), ("-local",), False),
        (Zone.LOCAL, (), ("-international",), True),
        (Zone.HMT, (), (), False),
        (Zone.HMT, (), ("+hmt",), False),
        (Zone.INTERNATIONAL, (Zone.INTERNATIONAL,), (), False),
        (Zone.INTERNATIONAL, (Zone.INTERNATIONAL,), ("+international",), True),
        (Zone.INTERNATIONAL, (Zone.INTERNATIONAL,), ("+local",), False),
        (Zone.HMT, (Zone.HMT,), ("+hmt",), False),
    ],
)
def test_a_zone_of_a_seat(
    zone: Zone, by_seat: tuple[Zone, ...], rights: tuple[str, ...], opened: bool
) -> None:
    """A rated zone is open unless the seat closes it; one opened by seat only to a seat that names it."""
    assert is_open(zone, rated=RATED, by_seat=by_seat, rights=rights) is opened


@given(
    zone=st.sampled_from(Zone),
    rated=st.sets(st.sampled_from(Zone)),
    by_seat=st.sets(st.sampled_from(Zone)),
    rights=st.sets(st.sampled_from([f"{sign}{zone.value}" for sign in "+-" for zone in Zone])),
)
def test_no_right_opens_what_has_no_rate(
    zone: Zone, rated: set[Zone], by_seat: set[Zone], rights: set[str]
) -> None:
    """Whatever a seat's rights say, a zone without a rate is closed to it."""
    if is_open(zone, rated=rated, by_seat=by_seat, rights=rights):
        assert zone in rated
