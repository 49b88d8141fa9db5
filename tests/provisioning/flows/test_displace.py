"""A seat's telephone: known, displaced by a test telephone, and put back as it was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from pbx.action import Action, Reply
from provisioning.core.site import Seat, Site
from provisioning.flows.displace import displaced, endpoints, line_calls, telephones

SEAT = "08702120001"


def contact(port: int, agent: str) -> str:
    told = {"via_addr": "192.0.2.1", "via_port": str(port), "user_agent": agent}
    return json.dumps(told, separators=(",", ":"))


@dataclass
class Registrar:
    """A switch with nothing but its registrations and endpoints."""

    kept: dict[str, str] = field(default_factory=dict)
    listed: tuple[dict[str, str], ...] = ()
    name: str = "pbx"
    deaf: bool = False
    """Whether it does not keep what it is told."""

    def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
        headers = dict(action.headers)
        key = f"/registrar/{headers.get('Key', '')}"
        match action.name:
            case "DBGetTree":
                events = tuple({"Key": key, "Val": value} for key, value in self.kept.items())
                return Reply({"Response": "Success"}, events=(*events, {"Event": "DBGetTreeComplete"}))
            case "DBPut" if not self.deaf:
                self.kept[key] = headers["Val"]
            case "DBDel":
                self.kept.pop(key, None)
            case "PJSIPShowEndpoints":
                return Reply({"Response": "Success"}, events=self.listed)
        return Reply({"Response": "Success"})

    def send_all(self, actions: Iterable[Action], *, timeout: float = 10.0) -> list[Reply]:
        return [self.send(action) for action in actions]

    def close(self) -> None: ...


def key(seat: str, tag: str) -> str:
    return f"/registrar/contact/{seat};@{tag}"


THERE = {key(SEAT, "a"): contact(5062, "Grandstream"), key("08702120002", "b"): contact(5063, "Yealink")}
OURS = contact(40000, "seatline-softphone")


def test_who_is_registered():
    """Telephones are known by the long number of their seat; what cannot be read is nobody's."""
    switch = Registrar({**THERE, key("08702120003", "c"): "no JSON", "/registrar/other/x": "{}"})
    found = telephones(switch)
    assert set(found) == {SEAT, "08702120002"}
    assert (found[SEAT].address, found[SEAT].agent) == ("192.0.2.1:5062", "Grandstream")


def test_a_displaced_telephone_is_put_back():
    """Once the test telephone has signed off the former registration stands again, every byte of it, and
    nobody else's was touched."""
    switch = Registrar(dict(THERE))
    with displaced(switch, SEAT, lambda _: None) as fate:
        del switch.kept[key(SEAT, "a")]
        switch.kept[key(SEAT, "t")] = OURS
        del switch.kept[key(SEAT, "t")]
    assert switch.kept == THERE
    assert fate == ["back"]


def test_a_test_telephone_that_is_still_there_is_put_off():
    """A test telephone that ended without signing off does not keep the seat."""
    switch, waited = Registrar(dict(THERE)), []
    with displaced(switch, SEAT, waited.append) as fate:
        del switch.kept[key(SEAT, "a")]
        switch.kept[key(SEAT, "t")] = OURS
    assert switch.kept == THERE
    assert fate == ["back"]
    assert waited


def test_a_telephone_that_came_back_stays():
    """A telephone that has registered anew meanwhile is newer than what was noted."""
    switch = Registrar(dict(THERE))
    with displaced(switch, SEAT, lambda _: None) as fate:
        del switch.kept[key(SEAT, "a")]
        switch.kept[key(SEAT, "n")] = contact(5099, "Grandstream")
    assert key(SEAT, "n") in switch.kept
    assert key(SEAT, "a") not in switch.kept
    assert fate == ["returned"]


def test_a_seat_that_was_free_is_free_again():
    """Where no telephone was, none is left; the report has nothing to say of one."""
    switch = Registrar({})
    with displaced(switch, SEAT, lambda _: None) as fate:
        switch.kept[key(SEAT, "t")] = OURS
    assert switch.kept == {}
    assert fate == []


def test_a_switch_that_keeps_nothing_is_told():
    """When the switch does not take the registration back, the report says that it is lost."""
    switch = Registrar(dict(THERE), deaf=True)
    with displaced(switch, SEAT, lambda _: None) as fate:
        del switch.kept[key(SEAT, "a")]
    assert fate == ["lost"]


def test_a_fault_puts_back_too():
    """An interrupted acceptance leaves the seat as it was."""
    switch = Registrar(dict(THERE))
    try:
        with displaced(switch, SEAT, lambda _: None):
            del switch.kept[key(SEAT, "a")]
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert switch.kept == THERE


def test_who_talks():
    """An endpoint in a call is not idle, and the calls of a line are those of all its endpoints."""
    listed = (
        {"ObjectName": "seat-001", "DeviceState": "In use", "ActiveChannels": "1"},
        {"ObjectName": "seat-002", "DeviceState": "Not in use", "ActiveChannels": "0"},
        {"ObjectName": "seat-003", "DeviceState": "Unavailable", "ActiveChannels": "0"},
        {"ObjectName": "line-x", "DeviceState": "In use", "ActiveChannels": "2"},
        {"ObjectName": "seat-001-line", "DeviceState": "In use", "ActiveChannels": "1"},
        {"ObjectName": "seat-004-line", "DeviceState": "In use", "ActiveChannels": "7"},
        {"ObjectName": "line-y", "DeviceState": "In use", "ActiveChannels": "7"},
    )
    switch = Registrar(listed=listed)
    site = Site(name="x", area_code="0870", seats=(Seat(long_number="001"), Seat(long_number="002")))
    assert [name for name, one in endpoints(switch).items() if one.idle] == ["seat-002", "seat-003"]
    assert line_calls(switch, site) == 3
