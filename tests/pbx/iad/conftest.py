"""A device of any model for the tests of families."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest

from pbx.iad.device import Device, Line, Port, Server
from pbx.iad.models import ports_of


def a_line(number: int, **others: object) -> Line:
    user = f"087021200{number:02}"
    return Line(user=user, auth_user=f"seat-{user}", password=f"secret-{number:02}", **others)


def a_device(model: str, used: Collection[int] = (1,), **others: object) -> Device:
    """A device whose ports in `used` have a line; `lines` puts other lines in their place."""
    lines = dict.fromkeys(used) | dict(others.pop("lines", {}))
    ports = tuple(
        Port(number=number, line=(lines[number] or a_line(number)) if number in lines else None)
        for number in range(1, (ports_of(model) or 0) + 1)
    )
    whole = {"name": "iad-1", "mac": "c0:74:ad:00:00:01", "server": Server(domain="192.0.2.10")} | others
    return Device(model=model, ports=ports, **whole)


@pytest.fixture
def device() -> Callable[..., Device]:
    """Builds a device: device("grandstream-gxw4224", used=(1, 2), server=...)."""
    return a_device


@pytest.fixture
def line() -> Callable[..., Line]:
    """Builds the line of a port: line(3, untouched=True)."""
    return a_line
