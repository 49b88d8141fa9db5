"""A site knows its numbers' public IMS users; an illegal seat cannot be built."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.core.site import Ims, Seat, Site

IMS = Ims(domain="ims.example.net", proxy="sip:127.0.0.2:5070")


def site(user: str) -> Site:
    seats = (Seat(long_number="08702120001"),)
    return Site(name="zhaotong", area_code="0870", seats=seats, ims=replace(IMS, user=user))


@pytest.mark.parametrize(
    ("pattern", "number", "user"),
    [
        ("+86{area}{local}", "08702120001", "+868702120001"),
        ("86{area}{local}", "08702120001", "868702120001"),
        ("{long}", "12393", "12393"),
        ("{local}", "08702120001", "2120001"),
        ("+86{area}{local}", "01085200000", "+861085200000"),
        ("+86{area}{local}", "04317654321", "+864317654321"),
        ("+86{area}{local}", "12393", "+8687012393"),
    ],
)
def test_the_ims_user_follows_the_sites_pattern(pattern: str, number: str, user: str) -> None:
    """Each province writes its public users in its own way."""
    assert site(pattern).ims_user(number) == user


@pytest.mark.parametrize("pattern", ["{name}", "{0}", "{area.x}"])
def test_a_pattern_with_an_unknown_field_is_refused(pattern: str) -> None:
    """A pattern may ask for area, local and long only."""
    with pytest.raises(ValueError, match="unknown field"):
        site(pattern).ims_user("08702120001")


@pytest.mark.parametrize(
    ("pattern", "number", "user"),
    [
        ("{user}@{domain}", "08702120001", "+868702120001@ims.example.net"),
        ("86{area}{local}@{domain}", "08702120001", "868702120001@ims.example.net"),
        ("{long}", "12393", "12393"),
    ],
)
def test_the_digest_user_follows_the_sites_pattern(pattern: str, number: str, user: str) -> None:
    """Each province has digest users of its own too, from the public user and the domain."""
    made = replace(site("+86{area}{local}"), ims=replace(IMS, auth_user=pattern))
    assert made.ims_auth_user(number) == user


def test_a_site_without_ims_has_no_users() -> None:
    """Who has no operator has no user there, public or digest."""
    alone = replace(site("{long}"), ims=None)
    for ask in (alone.ims_user, alone.ims_auth_user):
        with pytest.raises(ValueError, match="has no ims"):
            ask("08702120001")


@pytest.mark.parametrize("number", ["", "12", "+868702120001", "0870 2120001", "０８７０", "1234567890123"])
def test_a_seat_needs_a_long_number_of_digits(number: str) -> None:
    """A seat without a plain long number cannot be built."""
    with pytest.raises(ValueError, match="long number"):
        Seat(long_number=number)


@pytest.mark.parametrize("name", ["", "Zhaotong", "../x", "a b", "-x", "x" * 41])
def test_a_site_name_is_safe_in_a_file_name(name: str) -> None:
    """A site's name is small letters, digits and hyphens."""
    with pytest.raises(ValueError, match="site name"):
        Site(name=name, area_code="0870", seats=())
