"""What an acceptance reads of the running switch, without a call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from pbx.action import Action, Reply
from provisioning.core.cycle import SHANGHAI
from provisioning.core.site import Ims, Seat, Site
from provisioning.flows.accept_readings import calls_made, refuses_by_itself, registered
from provisioning.flows.drift import Drift, DriftReport

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI)
SITE = Site(
    name="zhaotong",
    area_code="0870",
    seats=tuple(Seat(long_number=f"0870212000{n}") for n in (1, 2)),
    ims=Ims(domain="ims.example.net", proxy="sip:127.0.0.2:5070"),
)


@dataclass
class Switch:
    """A switch that has counted calls, and whose registrations come about one look after the other."""

    counted: dict[str, str] = field(default_factory=dict)
    states: Iterator[tuple[str, ...]] = field(default_factory=lambda: iter(()))
    name: str = "pbx"

    def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
        if action.name == "DBGetTree":
            family = f"/{dict(action.headers)['Family']}/"
            kept = {key: value for key, value in self.counted.items() if key.startswith(family)}
            events = tuple({"Key": key, "Val": value} for key, value in kept.items())
            return Reply({"Response": "Success"}, events=(*events, {"Event": "DBGetTreeComplete"}))
        listed = zip(SITE.seats, next(self.states), strict=True)
        return Reply(
            {"Response": "Success"},
            events=tuple(
                {
                    "ObjectName": f"{seat.long_number}-ims",
                    "Status": state,
                    "Event": "OutboundRegistrationDetail",
                }
                for seat, state in listed
            ),
        )

    def send_all(self, actions: Iterable[Action], *, timeout: float = 10.0) -> list[Reply]:
        return [self.send(action) for action in actions]

    def close(self) -> None: ...


def test_calls_are_those_of_today_and_of_the_last_minute(make):
    """Counted are today's calls in Asia/Shanghai, by seat and to each callee of the customer, and of the pace
    only what is younger than a minute."""
    one = make.contract()
    customer = f"/seatline-count/of_{one.customer.key}"
    family, lately, long_ago = "/seatline-count/zhaotong", NOON.timestamp() - 20, NOON.timestamp() - 61
    switch = Switch(
        {
            f"{family}/20261123/by/08702120001": "7",
            f"{customer}/20261123/to/13800138000": "3",
            f"{family}/20261122/by/08702120002": "9",
            f"{family}/day": "20261123",
            f"{family}/called-us/20261123/13800138000": "1795000000",
            f"{family}/pace/08702120001/0": f"{lately * 1000:.0f}",
            f"{family}/pace/08702120001/1": f"{long_ago * 1000:.0f}",
            f"{family}/pace/08702120001/next": "2",
        }
    )
    made = calls_made(switch, one, NOON)
    assert (made.by, made.to, made.lately) == ({"08702120001": 7}, {"13800138000": 3}, {"08702120001": 1})


@pytest.mark.parametrize(
    ("states", "expected", "looks"),
    [
        ((("Unregistered", "Registered"), ("Registered", "Registered")), (2, 2), 1),
        ((("Rejected", "Registered"),), (1, 2), 0),
        ((("Unregistered", "Registered"),) * 60, (1, 2), 60),
    ],
)
def test_registrations_that_have_only_begun_are_waited_for(states, expected, looks):
    """Right after an apply the numbers are only on their way to the operator: what is under way is waited
    for, what the operator has turned down is not, and not without end."""
    paused: list[float] = []
    assert registered(Switch(states=iter(states)), SITE, paused.append) == expected
    assert len(paused) == looks


def drift(*objects: str) -> DriftReport:
    drifts = tuple(
        Drift(file="", object=name, field="", wanted="a", found="b", site="zhaotong", where="running")
        for name in objects
    )
    return DriftReport(switch="pbx", drifts=drifts, orphans=(), notes=())


@pytest.mark.parametrize(
    ("changed", "right"),
    [
        ((), True),
        (("seatline-emergency", "seat-08702120001"), True),
        (("seatline-may-call",), False),
        (("seatline-zhaotong-a-open",), False),
    ],
)
def test_a_refusal_is_our_own_while_the_rules_run_as_written(changed, right):
    """A 403 proves that a zone is closed only where the dialplan that closes it runs as the contract has it:
    else the operator may have said it."""
    assert refuses_by_itself("zhaotong", "a", drift(*changed)) is right
