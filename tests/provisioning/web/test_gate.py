"""Who may come in at once: nobody takes all the places, and nobody is turned away silently."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provisioning.web import gate as gates
from provisioning.web import server as serving
from provisioning.web.app import Desk
from provisioning.web.gate import CONNECTIONS, OF_ONE_ORIGIN, Door, Gate, origin_of
from provisioning.web.server import Place, Quiet, server

from .hours import Hours
from .test_server import certificate


def test_one_origin_gets_a_few_places() -> None:
    """An address that holds its places gets no more until it leaves one; another is not concerned."""
    told: list[str] = []
    gate = Gate(told.append, clock=lambda: 0.0)
    for _ in range(OF_ONE_ORIGIN):
        assert gate.admits("192.0.2.1") == "192.0.2.1"
    assert gate.admits("192.0.2.1") is None
    assert gate.admits("::ffff:192.0.2.1") is None
    assert gate.admits("192.0.2.2") == "192.0.2.2"
    gate.leaves("192.0.2.1")
    assert gate.admits("192.0.2.1") == "192.0.2.1"
    assert told == ["ALERT turned away: 192.0.2.1 holds 16 connections at once, and gets no more"]


def test_a_network_of_ipv6_is_one_origin() -> None:
    """Addresses of one /64 are one customer's and share their places."""
    gate = Gate(lambda _: None)
    admitted = [gate.admits(f"2001:db8::{n:x}") for n in range(40)]
    assert admitted == ["2001:db8::/64"] * OF_ONE_ORIGIN + [None] * (40 - OF_ONE_ORIGIN)
    assert gate.admits("2001:db8:0:1::1") == "2001:db8:0:1::/64"
    assert origin_of("fe80::1%eth0") == "fe80::/64"


def test_a_proxy_on_this_machine_may_have_them_all() -> None:
    """Loopback is where a proxy speaks for everybody: it is bound by the whole number only."""
    gate = Gate(lambda _: None)
    admitted = [gate.admits("127.0.0.1") for _ in range(CONNECTIONS + 1)]
    assert admitted == ["127.0.0.1"] * CONNECTIONS + [None]


def test_turning_away_is_told_once_a_minute() -> None:
    """A flood is told in a line a minute, which counts what was not told."""
    told: list[str] = []
    now = [0.0]
    gate = Gate(told.append, clock=lambda: now[0])
    for _ in range(OF_ONE_ORIGIN + 10):
        gate.admits("192.0.2.1")
    now[0] = 61.0
    gate.admits("192.0.2.1")
    assert len(told) == 2
    assert told[1].endswith("(9 more turned away since the last that was told)")


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> Hours:
    return Hours(monkeypatch)


@pytest.fixture
def port(tmp_path: Path, told: list[str], hours: Hours, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server that speaks TLS, on an address that is nobody's proxy, with room for six and two of each."""
    monkeypatch.setattr(gates, "CONNECTIONS", 6)
    monkeypatch.setattr(gates, "OF_ONE_ORIGIN", 2)
    monkeypatch.setattr(gates, "_is_here", lambda host: False)
    made, key = certificate(tmp_path)
    place = Place(host="127.0.0.1", port=0, certificate=made, key=key)
    desk: Any = Desk(ledger=None, family_of=None, clock=lambda: datetime.now(UTC), tell=told.append)
    runs = server(desk, tls=place.tls())
    door = Door(place.listener(), Gate(told.append))
    thread = threading.Thread(target=runs.run, kwargs={"sockets": [door]})
    thread.start()
    end = time.monotonic() + 60
    while not runs.started:
        assert time.monotonic() < end
        time.sleep(0.01)
    yield door.getsockname()[1]
    runs.should_exit = True
    thread.join(60)
    desk.workers.shutdown()
    door.close()
    assert not thread.is_alive()


def call(port: int, source: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(source, 0))


def test_places_are_counted_before_tls(port: int, told: list[str], hours: Hours, tmp_path: Path) -> None:
    """Whoever never speaks TLS holds a place all the same, loses it soon, and keeps nobody else out."""
    trusted = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
    held = [call(port, "127.0.0.1") for _ in range(2)]
    with call(port, "127.0.0.1") as third:
        assert third.recv(1) == b""
    for one in held:  # they are still there: it was hung up on at once
        one.setblocking(False)
        with pytest.raises(BlockingIOError):
            one.recv(1)
        one.settimeout(60)
    assert told == ["ALERT turned away: 127.0.0.1 holds 2 connections at once, and gets no more"]
    with trusted.wrap_socket(call(port, "127.0.0.2"), server_hostname="127.0.0.1") as other:
        assert other.version() is not None
    hours.pass_by(serving.HANDSHAKE_SECONDS)
    for one in held:
        assert one.recv(1) == b""  # its handshake took too long
        one.close()
    with trusted.wrap_socket(call(port, "127.0.0.1"), server_hostname="127.0.0.1") as again:
        assert again.version() is not None


def test_asyncio_tells_no_traceback() -> None:
    """What the loop itself complains of is a line a minute, without what it was about."""
    import logging

    said: list[str] = []
    quiet = Quiet(said.append)
    fault = OSError(24, "CANARY")
    for _ in range(50):
        quiet.emit(
            logging.LogRecord("asyncio", logging.ERROR, "x", 1, "CANARY", None, (OSError, fault, None))
        )
    assert said == ["ALERT the server itself: OSError"]
