"""The plan of IADs: devices and ports added, changed, moved, removed; never a secret."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pbx.iad.device import Device, Line, Port, Server
from provisioning.planning import explain
from provisioning.planning.iad_plan import Former, Wanted, document, iad_plan, loses_all, to_hand_out

A, B, C, D = (f"0870212000{n}" for n in range(1, 5))


def device(name: str = "iad-1", lines: dict[int, str] | None = None, **changes) -> Device:
    made = Device(
        name=name,
        model="grandstream-ht814",
        mac="c0:74:ad:00:00:01",
        server=Server(domain="192.0.2.10"),
        ports=tuple(
            Port(number=n, line=line((lines or {})[n]) if n in (lines or {}) else None) for n in range(1, 5)
        ),
        admin_password="CANARYadmin",
        fetch_url="https://prov.example.net/iad/CANARYtoken",
    )
    return replace(made, **changes)


def line(number: str, **changes) -> Line:
    made = Line(user=number, auth_user=f"seat-{number}", password=f"CANARY{number}")
    return replace(made, **changes)


def plain(one: Device, key: str = "token"):
    numbers = {port: held.user for port, held in one.lines}
    return document(one, numbers=numbers, key=key)


def former(*devices: Device):
    return {one.name: Former(document=json.loads(json.dumps(plain(one))), digest="d") for one in devices}


def wanted(*devices: Device, digest: str = "d"):
    return {
        one.name: Wanted(
            document=plain(one), file=f"{one.name}.xml", short_numbers={A: "6001"}, digest=digest
        )
        for one in devices
    }


def told(before, after) -> list[str]:
    return list(explain.lines(iad_plan("zhaotong", former(*before), wanted(*after))))


def test_a_new_device_is_added_with_its_ports() -> None:
    """The first plan names the device, its model and how many lines, then every port in use."""
    assert told([], [device(lines={1: A, 3: B})]) == [
        "+ iad iad-1: grandstream-ht814; 2 lines",
        f"+ port iad-1/1 (6001): {A}",
        f"+ port iad-1/3: {B}",
    ]


def test_what_is_as_it_was_is_no_change() -> None:
    """The plan of what left the house is empty, even when it has been through the ledger."""
    assert told([device(lines={1: A})], [device(lines={1: A})]) == []


def test_a_device_that_goes_is_removed_with_its_ports() -> None:
    """What is removed is said device by device and port by port."""
    assert told([device(lines={1: A})], []) == ["- iad iad-1: grandstream-ht814", f"- port iad-1/1: {A}"]


def test_a_move_is_one_change() -> None:
    """A number that comes to another port has moved; nothing is removed and added."""
    before = [device(lines={1: A, 2: B}), device("iad-2")]
    after = [device(lines={2: B}), device("iad-2", {3: A})]
    assert told(before, after) == [f"~ port iad-2/3 (6001): {A} moves here from iad-1/1"]


def test_two_that_change_places_are_two_moves() -> None:
    """Where two seats change places both moves are told."""
    assert told([device(lines={1: A, 2: B})], [device(lines={1: B, 2: A})]) == [
        f"~ port iad-1/1: {B} moves here from iad-1/2",
        f"~ port iad-1/2 (6001): {A} moves here from iad-1/1",
    ]


def test_a_device_is_replaced_by_another_name() -> None:
    """A device under another name takes over the lines: they move, and only the device is removed."""
    assert told([device(lines={1: A})], [device("iad-9", {1: A})]) == [
        "+ iad iad-9: grandstream-ht814; 1 line",
        f"~ port iad-9/1 (6001): {A} moves here from iad-1/1",
        "- iad iad-1: grandstream-ht814",
    ]


def test_a_number_in_the_place_of_another() -> None:
    """A number that takes the port of one that goes is one change; so is one that moves to such a port."""
    assert told([device(lines={1: A, 2: B})], [device(lines={1: C, 2: B})]) == [f"~ port iad-1/1: {A} -> {C}"]
    assert told([device(lines={1: A, 2: B})], [device(lines={1: B})]) == [
        f"~ port iad-1/1: {B} moves here from iad-1/2; {A} removed"
    ]
    assert told([device(lines={1: A})], [device(lines={1: D, 2: A})]) == [
        f"+ port iad-1/1: {D}",
        f"~ port iad-1/2 (6001): {A} moves here from iad-1/1",
    ]


def test_a_number_that_goes_is_removed() -> None:
    """A port nobody stands on any more is removed."""
    assert told([device(lines={1: A, 2: B})], [device(lines={2: B})]) == [f"- port iad-1/1: {A}"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mac": "c0:74:ad:00:00:09"}, "MAC c0:74:ad:00:00:01 -> c0:74:ad:00:00:09"),
        ({"mac": None}, "MAC c0:74:ad:00:00:01 -> (none)"),
        ({"model": "grandstream-ht818"}, "model grandstream-ht814 -> grandstream-ht818"),
        ({"server": Server(domain="192.0.2.99")}, "server domain 192.0.2.10 -> 192.0.2.99"),
        ({"settings": {"fax": "t38"}}, "setting fax (none) -> t38"),
        ({"fetch_url": None}, "does not fetch its file any more"),
        ({"fetch_url": "https://prov.example.net/iad/CANARYother"}, "address or web password changed"),
        ({"admin_password": "CANARYother"}, "address or web password changed"),
    ],
)
def test_a_device_that_changes_says_what(changes, words) -> None:
    """What is otherwise about the device itself is said in words, its secrets only that they changed."""
    assert told([device(lines={1: A})], [device(lines={1: A}, **changes)]) == [f"~ iad iad-1: {words}"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "CANARYother"}, "secret changed"),
        ({"display": "Front desk"}, "display (none) -> Front desk"),
        ({"untouched": True}, "untouched no -> yes"),
        ({"user": A, "auth_user": "other"}, f"auth_user seat-{A} -> other; secret changed"),
    ],
)
def test_a_line_that_changes_says_what(changes, words) -> None:
    """What is otherwise about a line is said in words, its password only that it changed."""
    after = device(lines={1: A})
    after = replace(after, ports=(Port(number=1, line=line(A, **changes)), *after.ports[1:]))
    assert told([device(lines={1: A})], [after]) == [f"~ port iad-1/1 (6001): {A}; {words}"]


def test_a_file_that_reads_otherwise_is_a_change() -> None:
    """Where a newer seatline writes the same device in other words, the device is to get its new file."""
    one = device(lines={1: A})
    plan = iad_plan("zhaotong", former(one), wanted(one, digest="other"))
    assert list(explain.lines(plan)) == ["~ iad iad-1: its file is written otherwise now"]
    unknown = {name: replace(it, digest=None) for name, it in wanted(one).items()}
    assert not iad_plan("zhaotong", former(one), unknown)


def test_ports_are_told_in_their_order() -> None:
    """Port 10 comes after port 9, and each device's ports after the device."""
    ports = tuple(Port(number=n, line=line(f"0870212{n:04}")) for n in range(1, 13))
    found = told([], [device(ports=ports)])
    assert [text.split()[2].rstrip(":") for text in found[1:]] == [f"iad-1/{n}" for n in range(1, 13)]


def test_nothing_holds_a_secret() -> None:
    """Neither document nor plan holds a secret; a fingerprint says nothing to who does not have the token."""
    one = device(lines={1: A})
    plan = iad_plan("zhaotong", {}, wanted(one))
    assert "CANARY" not in repr(plan) + json.dumps(plain(one))
    assert plain(one)["lines"]["1"]["secret"] != plain(one, key="other")["lines"]["1"]["secret"]
    assert plain(one)["secret"] != plain(one, key="other")["secret"]


def test_the_same_password_on_two_ports_does_not_show() -> None:
    """Two lines with one password have two fingerprints."""
    ports = tuple(Port(number=n, line=line(f"0870212{n:04}", password="same")) for n in (1, 2))
    assert len({held["secret"] for held in plain(device(ports=ports))["lines"].values()}) == 2


def test_a_device_that_loses_a_line_to_another_gets_a_file_too() -> None:
    """A move is told where it comes to; both devices are to be handed out."""
    before = [device(lines={1: A, 2: B}), device("iad-2"), device("iad-3")]
    after = [device(lines={2: B}), device("iad-2", {3: A}), device("iad-3")]
    held, due = former(*before), wanted(*after, digest="other")
    due["iad-3"] = replace(due["iad-3"], digest="d")
    assert to_hand_out(held, due) == {"iad-1", "iad-2"}
    (said,) = explain.lines(iad_plan("zhaotong", held, due))
    assert said.endswith(f"{A} moves here from iad-1/1")
    assert to_hand_out(held, wanted(*before)) == frozenset()
    assert to_hand_out({}, wanted(*before)) == {"iad-1", "iad-2", "iad-3"}


def test_losing_all_lines_needs_force() -> None:
    """Where telephones are in use and none would be left, somebody has to say that it is meant so."""
    used, empty = device(lines={1: A}), device()
    assert "all of 1 lines" in (loses_all("zhaotong", former(used), wanted(empty)) or "")
    assert "--force" in (loses_all("zhaotong", former(used), {}) or "")
    assert loses_all("zhaotong", former(used), wanted(device(lines={4: B}))) is None
    assert loses_all("zhaotong", former(empty), wanted(empty)) is None
    assert loses_all("zhaotong", {}, wanted(used)) is None
