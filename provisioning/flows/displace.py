"""Telephones at their seats: who is registered, who talks; one's place taken and given back (话机).

The switch keeps a telephone's registration in its database; a softphone that signs on as the same seat takes
its place. What was there is noted before, and written back afterwards as it was: the telephone rings again at
once, not only when it registers next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pbx.action import Action
from provisioning.core.site import Site
from provisioning.flows.ports import Switch
from provisioning.planning import names

FAMILY = "registrar"
"""Where Asterisk's database has the registrations: /registrar/contact/<AOR>;@<hash>."""
OURS = ("seatline-softphone", "seatline-sipp")
"""What our test telephones call themselves."""
_IDLE = frozenset({"Not in use", "Unavailable", "Invalid", "Unknown", ""})
_STEP, _MOST_STEPS = 0.2, 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A telephone at a seat: where it is and what it is."""

    address: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint of the running switch: whether it is idle, and its calls."""

    idle: bool
    calls: int


def telephones(switch: Switch) -> Mapping[str, Registered]:
    """The telephones that are registered, by the long number of their seat."""
    found: dict[str, Registered] = {}
    for key, value in _kept(switch):
        try:
            told = json.loads(value)
            address = f"{told['via_addr']}:{told['via_port']}"
            found[key.partition(";")[0]] = Registered(address=address, agent=str(told.get("user_agent", "")))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def endpoints(switch: Switch) -> Mapping[str, Endpoint]:
    """All endpoints that run, by name."""
    listed = switch.send(Action("PJSIPShowEndpoints"), timeout=60)
    return {
        event["ObjectName"]: Endpoint(
            idle=event.get("DeviceState", "") in _IDLE,
            calls=int(event["ActiveChannels"]) if event.get("ActiveChannels", "").isdigit() else 0,
        )
        for event in listed.events
        if event.get("ObjectName")
    }


def line_calls(switch: Switch, site: Site) -> int:
    """The calls that are on a site's line now, by whichever of its endpoints."""
    own = {names.line_endpoint(site.name), *(names.seat_line(seat.long_number) for seat in site.seats)}
    return sum(one.calls for name, one in endpoints(switch).items() if name in own)


@contextmanager
def displaced(switch: Switch, number: str, pause: Callable[[float], None]) -> Iterator[list[str]]:
    """A while in which a softphone may take the place of a seat's telephone.

    Afterwards the list says what became of it: "back" as it was, "returned" by itself, "lost" where it could
    not be put back; nothing where there was none.
    """
    before = _of(switch, number) if number else {}
    said: list[str] = []
    try:
        yield said
    finally:
        if before:
            said.append(_put_back(switch, number, before, pause))
        elif number:
            _take_away(switch, number, before, pause)


def _put_back(switch: Switch, number: str, before: Mapping[str, str], pause: Callable[[float], None]) -> str:
    left = _take_away(switch, number, before, pause)
    if left:
        return "back" if left == before else "returned"
    for key, value in before.items():
        headers = (("Family", FAMILY), ("Key", f"contact/{key}"), ("Val", value))
        switch.send(Action("DBPut", headers))
    return "back" if _of(switch, number) == before else "lost"


def _take_away(
    switch: Switch, number: str, before: Mapping[str, str], pause: Callable[[float], None]
) -> Mapping[str, str]:
    """What is registered at a seat once our own telephone is gone; it signs off by itself, or is put off."""
    for _ in range(_MOST_STEPS):
        held = _of(switch, number)
        ours = [key for key, value in held.items() if key not in before and _is_ours(value)]
        if not ours:
            return held
        pause(_STEP)
    for key in ours:
        switch.send(Action("DBDel", (("Family", FAMILY), ("Key", f"contact/{key}"))))
    return _of(switch, number)


def _is_ours(value: str) -> bool:
    return any(f'"user_agent":"{agent}"' in value for agent in OURS)


def _of(switch: Switch, number: str) -> dict[str, str]:
    """The registrations of one seat, as the database has them."""
    return {key: value for key, value in _kept(switch) if key.partition(";")[0] == number}


def _kept(switch: Switch) -> Iterator[tuple[str, str]]:
    reply = switch.send(Action("DBGetTree", (("Family", FAMILY),)), timeout=60)
    for event in reply.events:
        before, found, key = event.get("Key", "").partition(f"/{FAMILY}/contact/")
        if found and not before and "Val" in event:
            yield key, event["Val"]
