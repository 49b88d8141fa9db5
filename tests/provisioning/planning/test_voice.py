"""What a seat's telephone and its line may carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from pbx.section import Section
from provisioning.core.contract import Contract
from provisioning.planning.desired import desired
from provisioning.planning.voice import kind_of

Make = Callable[..., Contract]


def sections(made: Contract, passwords: Mapping[str, str] = {}) -> dict[str, Section]:
    secrets = {seat.long_number: "S" for seat in made.site.seats}
    return {section.name: section for _, section in desired(made, secrets, "a", passwords)}


def contract(make: Make, *features: tuple[str, ...]) -> Contract:
    made = make(len(features))
    seats = zip(made.site.seats, features, strict=True)
    return replace(
        made, site=replace(made.site, seats=tuple(replace(one, features=own) for one, own in seats))
    )


@pytest.mark.parametrize(
    ("features", "codecs"),
    [
        ((), "alaw,ulaw"),
        (("one-number",), "alaw,ulaw"),
        (("video",), "alaw,ulaw,h264"),
        (("fax",), "alaw"),
        (("pos",), "alaw"),
        (("fax", "t38"), "alaw"),
        (("fax", "video"), "alaw"),
    ],
)
def test_codecs_follow_the_seats_own_features(make: Make, features: tuple[str, ...], codecs: str) -> None:
    """H.264 is a video seat's; a fax machine or card terminal has A-law and nothing else."""
    seat = sections(contract(make, features))["seat-08702120001"]
    assert seat.get("allow") == codecs


def test_a_contract_with_fax_has_telephones_all_the_same(make: Make) -> None:
    """That a contract includes fax or video makes no telephone a fax machine: the seat has to say it."""
    made = contract(make, ())
    made = replace(made, site=replace(made.site, features=("fax", "pos", "video", "t38")))
    assert sections(made)["seat-08702120001"].get("allow") == "alaw,ulaw"


def test_t38_is_the_seats_and_its_lines(make: Make) -> None:
    """T.38 is open on a seat that has it and on the line that it uses, else nowhere."""
    made = sections(contract(make, ("fax",), ("fax", "t38")))
    assert made["seat-08702120001"].get("t38_udptl") == ""
    assert made["seat-08702120001"].get("rtp_timeout") == "60"
    assert made["seat-08702120002"].get("t38_udptl") == "yes"
    assert made["seat-08702120002"].get("rtp_timeout") == "3600"
    assert made["line-zhaotong"].get("t38_udptl") == "yes"
    assert sections(contract(make, ("fax",)))["line-zhaotong"].get("t38_udptl") == ""


def test_a_line_of_ones_own_has_t38_where_its_seat_has(make: Make) -> None:
    """Where each seat has a line of its own, only the line of the seat with T.38 lets it through."""
    passwords = {"08702120001": "x", "08702120002": "y"}
    made = sections(contract(make, ("fax",), ("fax", "t38")), passwords)
    assert made["seat-08702120001-line"].get("t38_udptl") == ""
    assert made["seat-08702120002-line"].get("t38_udptl") == "yes"


def test_t38_alone_is_no_fax_machine(make: Make) -> None:
    """T.38 is how a fax machine sends: a seat without fax gets nothing by it."""
    (seat,) = contract(make, ("t38",)).site.seats
    assert kind_of(seat) == {"codecs": ("alaw", "ulaw"), "video": False, "t38": False}
