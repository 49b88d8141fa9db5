"""A registered device hears from a real switch that a file waits for it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pbx.action import Action
from pbx.live.ami import Ami
from provisioning.flows.notify import Waiting, notify_devices


def _beside(name: str) -> Any:
    """The module of that name beside this file."""
    spec = importlib.util.spec_from_file_location(f"live_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules.setdefault(f"live_{name}", importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    return module


sites, Device = _beside("sites"), _beside("device").Device
pytestmark = pytest.mark.live

NUMBERS = ("08702120001", "08702120002", "08702120003")
SECRETS = {number: f"Secret0of0{number}000" for number in NUMBERS}


@pytest.fixture
def ami(pbx: Any) -> Iterator[Ami]:
    """A session with a switch that has a site of three seats, applied as any other."""
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as session:
        applied = sites.apply_to(session, sites.Book((sites.contract(),)))
        assert not [outcome.fault for outcome in applied.outcomes if outcome.fault]
        yield session


@pytest.fixture
def device(ami: Ami, pbx: Any, switches: Any) -> Iterator[Any]:
    """The second port of a device, registered."""
    with closing(Device(switches.desks, pbx.sip, NUMBERS[1], SECRETS[NUMBERS[1]])) as found:
        assert found.register() == "SIP/2.0 200 OK"
        yield found


def waiting(*numbers: str, event: str | None = "check-sync") -> Waiting:
    return Waiting(iad="iad-1", endpoints=tuple(f"seat-{number}" for number in numbers), event=event)


def test_a_registered_device_hears_that_a_file_waits(ami: Ami, device: Any) -> None:
    """The device gets a NOTIFY with the event of its family, over the line it has registered."""
    (one,) = notify_devices(ami, [waiting(*NUMBERS)])
    assert (one.verdict, one.text) == ("sent", f"told to fetch, over seat-{NUMBERS[1]}")
    (heard,) = device.listen(60)
    assert heard.startswith(f"NOTIFY sip:{NUMBERS[1]}@")
    headers = heard.split("\r\n")
    assert "Event: check-sync" in headers
    assert "Subscription-State: terminated" in headers
    assert heard.endswith("\r\n\r\n")  # no body


def test_an_event_may_have_parameters(ami: Ami, device: Any) -> None:
    """An event goes out as the family writes it, parameters and all."""
    (one,) = notify_devices(ami, [waiting(NUMBERS[1], event="check-sync;reboot=false")])
    assert one.verdict == "sent"
    assert "Event: check-sync;reboot=false" in device.listen(60)[0].split("\r\n")


def test_a_device_that_is_not_registered_is_said_to_be_so(ami: Ami, device: Any) -> None:
    """Of an endpoint without registration Asterisk says "NOTIFY sent" and sends nothing; we say the truth."""
    said = ami.send(Action("PJSIPNotify", (("Endpoint", f"seat-{NUMBERS[0]}"), ("Variable", "Event=x"))))
    assert (said.ok, said.message) == (True, "NOTIFY sent")
    assert [one.verdict for one in notify_devices(ami, [waiting(NUMBERS[0])])] == ["not-registered"]
    assert device.register(expires=0) == "SIP/2.0 200 OK"
    assert [one.verdict for one in notify_devices(ami, [waiting(*NUMBERS)])] == ["not-registered"]
    assert device.listen(0.5) == []


def test_an_endpoint_that_is_gone_is_not_told(ami: Ami, device: Any) -> None:
    """An endpoint that the switch does not have has no registration either."""
    assert [one.verdict for one in notify_devices(ami, [waiting("08702129999")])] == ["not-registered"]


def test_who_may_not_tell_says_so(pbx: Any, ami: Ami, device: Any) -> None:
    """An AMI user without write=system is refused, and the words say which right is missing."""
    with sites.connect(pbx.ami_host, pbx.ami_port, "collector", pbx.collector_secret) as session:
        (one,) = notify_devices(session, [waiting(NUMBERS[1])])
    assert one.verdict == "refused"
    assert "write=system" in one.text


def test_a_switch_without_the_module_says_so(pbx: Any, ami: Ami, device: Any) -> None:
    """Without res_pjsip_notify.so the switch does not know the action, and the words name the module."""
    pbx.cli("module unload res_pjsip_notify.so")
    try:
        (one,) = notify_devices(ami, [waiting(NUMBERS[1])])
    finally:
        pbx.cli("module load res_pjsip_notify.so")
    assert one.verdict == "refused"
    assert "res_pjsip_notify.so" in one.text
