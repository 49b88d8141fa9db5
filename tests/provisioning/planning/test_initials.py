"""The switchboard's directory: names as keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.core.site import Seat
from provisioning.planning import initials


@pytest.mark.parametrize(
    ("name", "pressed"),
    [
        ("张伟", "99"), ("李娜", "56"), ("王小明", "996"), ("欧阳娜", "696"), ("财务科", "295"),
        ("Anna Li", "25"), ("anna", "2"), ("单田芳", "783"), ("简单", "53"),
        ("李雯", "5"), ("翟天", "98"), ("", ""), ("110", ""), ("张 伟", "99"),
    ],
)  # fmt: skip
def test_a_name_is_its_initials_on_the_keys(name, pressed):
    """张伟 is ZW, 99; a surname may be read otherwise; what the table does not know ends the initials."""
    assert initials.keys(name) == pressed


def test_the_first_level_of_gb_2312_is_in_the_order_of_pinyin():
    """The first character of each initial, and the one before it, are told apart."""
    edges = "啊芭擦搭蛾发噶哈击喀垃妈拿哦啪期然撒塌挖昔压匝"
    letters = [initials.keys("啊" + edge)[1] for edge in edges]
    wanted = [initials.keys(letter) for letter in "ABCDEFGHJKLMNOPQRSTWXYZ"]
    assert letters == wanted


def test_a_seat_is_found_by_name_and_department(make):
    """All initials or the first of them lead to a seat, so does its department; moved seats are left out."""
    seats = (
        Seat(long_number="08702120001", name="张伟", department="财务科"),
        Seat(long_number="08702120002", name="王芳", department="财务科"),
        Seat(long_number="08702120003", name="张强", changed_to="08702120001"),
        Seat(long_number="08702120004"),
    )
    site = make(seats, main_number="08702120000").site
    found = dict(initials.directory(replace(site, features=("switchboard",))))
    assert found == {
        "2": "08702120001&08702120002",
        "29": "08702120001&08702120002",
        "295": "08702120001&08702120002",
        "9": "08702120001&08702120002",
        "93": "08702120002",
        "99": "08702120001",
    }
    assert dict(initials.directory(site)) == {}


def test_nobody_has_to_listen_to_hundreds(make):
    """A key that many names begin with offers the first twenty."""
    seats = [Seat(long_number=f"0870212{n:04}", name="王芳") for n in range(1, 60)]
    site = replace(make(seats, main_number="08702120000").site, features=("switchboard",))
    assert len(dict(initials.directory(site))["9"].split("&")) == initials.MOST
