"""A change of what the contract says is told as the seat's or the site's, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from pbx.config import Config
from provisioning.core.contract import Contract, Policy, Zone
from provisioning.core.site import Seat, Switchboard
from provisioning.core.status import Stop
from provisioning.planning.desired import desired
from provisioning.planning.explain import lines
from provisioning.planning.plan import plan

Make = Callable[..., Contract]
ONE = Seat(long_number="08702120001", short_number="6001", mobile="13800138000")
TWO = Seat(long_number="08702120002", short_number="6002")


def config(contract: Contract, *stops: Stop) -> Config:
    secrets = {seat.long_number: f"Secret{seat.long_number}" for seat in contract.site.seats}
    return desired(contract, secrets, "a", {}, stops)


def told(before: Config, after: Config) -> list[str]:
    return list(lines(plan("zhaotong", before, after)))


@pytest.fixture
def office(make: Make) -> Contract:
    """Two seats, forwarding open."""
    return replace(make([ONE, TWO]), policy=Policy(forwarding="open"))


def with_first(contract: Contract, **fields: object) -> Contract:
    first = replace(contract.site.seats[0], **fields)
    return replace(contract, site=replace(contract.site, seats=(first, *contract.site.seats[1:])))


SEATS: list[tuple[dict[str, object], str, str]] = [
    (
        {"forward_always": "13900138001"},
        "forwarding (none) -> 13900138001",
        "forwarding 13900138001 -> (none)",
    ),
    (
        {"forward_no_answer": "6002"},
        "forwarding when not answered (none) -> 6002",
        "forwarding when not answered 6002 -> (none)",
    ),
    ({"features": ("ringback",)}, "ringback on", "ringback off"),
    ({"mobile": "13900138009"}, "mobile 13800138000 -> 13900138009", "mobile 13900138009 -> 13800138000"),
    (
        {"further": ("13900138001", "13900138002")},
        "numbers that ring with it (none) -> 13900138001, 13900138002; ringing (none) -> together",
        "numbers that ring with it 13900138001, 13900138002 -> (none); ringing together -> (none)",
    ),
    (
        {"allowed": ("01085200000", "6002")},
        "allowed numbers 01085200000, 6002 added",
        "allowed numbers 01085200000, 6002 removed",
    ),
    (
        {"changed_to": "08702120009"},
        "number-change notice (none) -> 08702120009",
        "number-change notice 08702120009 -> (none)",
    ),
    (
        {"mobile_short": "6801"},
        "mobile's short number (none) -> 6801",
        "mobile's short number 6801 -> (none)",
    ),
    ({"zones": ("-local",)}, "calls to local (none) -> closed", "calls to local closed -> (none)"),
]


@pytest.mark.parametrize(("fields", "forth", "back"), SEATS, ids=lambda value: str(value)[:30])
def test_a_seat_is_changed(office: Contract, fields: dict[str, object], forth: str, back: str) -> None:
    """What the sheet says of one seat is a change of that seat alone, there and back."""
    before, after = config(office), config(with_first(office, **fields))
    assert told(before, after) == [f"~ seat 08702120001 (6001): {forth}"]
    assert told(after, before) == [f"~ seat 08702120001 (6001): {back}"]


def test_a_members_other_mobile(office: Contract) -> None:
    """Another mobile under the same short number is told as that alone."""
    first, other = (
        with_first(office, mobile=one, mobile_short="6801") for one in ("13800138000", "13900139000")
    )
    (line,) = told(config(first), config(other))
    assert line == "~ seat 08702120001 (6001): mobile 13800138000 -> 13900139000"


def test_a_second_number(office: Contract) -> None:
    """A second number is its seat's, with what registers it, and no seat of its own."""
    (line,) = told(config(office), config(with_first(office, second_number="08702120101")))
    assert line.startswith("~ seat 08702120001 (6001): number 08702120101 added; ")
    assert "second number (none) -> 08702120101" in line


def test_a_policy_is_changed(office: Contract) -> None:
    """What holds for all seats is a change of the site's dialplan, fact by fact."""
    policy = Policy(
        forwarding="closed",
        hours=(480, 1140),
        holidays=(date(2025, 10, 1),),
        calls_per_number_per_day=500,
        zones_by_seat=(Zone.LOCAL,),
    )
    assert told(config(office), config(replace(office, policy=policy))) == [
        "~ dialplan zhaotong: forwarding off; hours (none) -> 08:00-19:00; holiday 20251001 on; "
        "calls-per-number (none) -> 500; by seat only: local on"
    ]


def test_a_switchboard(office: Contract) -> None:
    """A switchboard's main number that is no seat's is the line's, its operators the dialplan's."""
    board = Switchboard(operators=("08702120001",))
    features = {"features": ("switchboard",), "main_number": "08702120000", "switchboard": board}
    dialplan, line = told(config(office), config(replace(office, site=replace(office.site, **features))))
    assert "switchboard-operators (none) -> 08702120001" in dialplan
    assert line.startswith("~ line line-zhaotong: number 08702120000 added")


def test_a_name_in_the_directory(office: Contract) -> None:
    """A seat that gets a name changes the switchboard's directory, and no other seat."""
    features = {"features": ("switchboard",), "main_number": "08702120000"}
    board = replace(office, site=replace(office.site, **features))
    named = with_first(board, name="Ann")
    (line,) = told(config(board), config(named))
    assert line == "~ dialplan zhaotong: directory of names changed"


def test_stops_are_told_in_local_time(office: Contract) -> None:
    """A stop of a seat is the seat's, one of the contract the dialplan's; both in the hours of Shanghai."""
    july, august = datetime(2025, 6, 30, 16, tzinfo=UTC), datetime(2025, 7, 31, 16, tzinfo=UTC)
    seat = Stop(contract="zhaotong-2025", seat="08702120002", way="out", since=july)
    every = Stop(contract="zhaotong-2025", seat=None, way="both", since=july, until=august)
    assert told(config(office), config(office, seat, every)) == [
        "~ dialplan zhaotong: stopped (none) -> both from 2025-07-01 00:00 to 2025-08-01 00:00",
        "~ seat 08702120002 (6002): stopped (none) -> out from 2025-07-01 00:00",
    ]


def test_a_line_by_hand(office: Contract) -> None:
    """A line that a hand has put into a policy context is a difference of the dialplan, and no fault."""
    before = config(office)
    (file,) = (name for name in before.files if "extensions" in name)
    sections = tuple(
        replace(section, options=(*section.options, ("exten", "_X.,1,Hangup()"), ("same", "n,NoOp()")))
        if section.name.endswith("-policy")
        else section
        for section in before.files[file]
    )
    (line,) = told(Config(dict(before.files) | {file: sections}), before)
    assert line.startswith("~ dialplan zhaotong: ")
