"""Sites, a ledger in memory and a world, to apply to a real switch; for tests and the benchmark."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pbx.action import Action, Reply
from pbx.live.ami import Ami
from provisioning.core.contract import (
    Billing,
    CallTariff,
    Contract,
    ContractVersion,
    Customer,
    Operator,
    Policy,
    Stated,
    Term,
    Zone,
)
from provisioning.core.site import Ims, Seat, Site
from provisioning.core.status import Stop
from provisioning.flows.apply_plan import Applied, World, apply_sites
from provisioning.flows.lock_switch import Owner
from provisioning.flows.plan_site import SwitchPlan, plan_sites
from provisioning.flows.ports import Switch

TODAY = date(2026, 1, 1)
DIALPLANS = Path(__file__).parents[2] / "dialplans"
HAND_WRITTEN = {file.name: file.read_text(encoding="utf-8") for file in sorted(DIALPLANS.glob("*.conf"))}
NET = os.environ.get("SEATLINE_TEST_NET", "127.0.1")
PROXY = f"sip:{NET}.2:5070"
OTHER_PROXY = f"sip:{NET}.2:5071"


def seats(count: int, area: str = "0870", first: int = 1) -> tuple[Seat, ...]:
    """Seats 0870 212 0001, 6001 and on."""
    return tuple(
        Seat(long_number=f"{area}212{n:04}", short_number=f"6{n:0{4 if count > 999 else 3}}")
        for n in range(first, first + count)
    )


def contract(
    site: str = "zhaotong",
    *,
    of: Sequence[Seat] | None = None,
    zones: Sequence[str] = ("internal", "local", "domestic", "service"),
    area: str = "0870",
    proxy: str = PROXY,
    domain: str = "ims.example.net",
    register: str = "seat",
    last: date = date(2030, 12, 31),
) -> Contract:
    """A contract of a site with so many seats and these zones open."""
    return Contract(
        id=f"{site}-2025",
        customer=Customer(name=f"{site} 某办公室"),
        operator=Operator(name="中国移动"),
        term=Term(first=date(2025, 1, 1), last=last),
        billing=Billing(starts=date(2025, 1, 1)),
        recurring=(),
        once=(),
        stated=Stated(),
        calls=CallTariff(
            increment=60, rates={Zone(zone): Decimal("0.06") for zone in zones}, incoming=Decimal(0)
        ),
        messages=None,
        payers=(),
        policy=Policy(),
        site=Site(
            name=site,
            area_code=area,
            seats=tuple(of if of is not None else seats(3, area)),
            ims=Ims(domain=domain, proxy=proxy, register=register),
        ),
    )


@dataclass
class Book:
    """A ledger in memory: the contracts, their seats' secrets, and what was written into it."""

    contracts: tuple[Contract, ...] = ()
    secret_of: dict[str, str] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    """The operator's, by long number."""
    earlier: tuple[Contract, ...] = ()
    """Versions that those of the same contract in `contracts` have replaced."""
    lost: str = ""
    """A site whose record is where the program ends."""
    applied: list[Mapping[str, Any]] = field(default_factory=list)
    trail: list[Mapping[str, Any]] = field(default_factory=list)
    stopped: tuple[Stop, ...] = ()
    """What people have stopped."""

    def stops(self, contract: str | None = None) -> tuple[Stop, ...]:
        return tuple(one for one in self.stopped if contract in (None, one.contract))

    def versions(self, contract: str | None = None) -> tuple[ContractVersion, ...]:
        return tuple(
            ContractVersion(contract=one, number=number, effective=date(2025, 1, 1))
            for number, listed in enumerate((self.earlier, self.contracts), start=1)
            for one in listed
        )

    def secrets(self, site: str) -> Mapping[str, str]:
        drawn = {
            seat.long_number: f"Secret0of0{seat.long_number}000"
            for one in self.contracts
            for seat in one.site.seats
        }
        return drawn | self.secret_of

    def ims_passwords(self, contract: str) -> Mapping[str, str]:
        return self.passwords

    def record_applied(self, **kept: Any) -> None:
        if kept["site"] == self.lost:
            raise RuntimeError("the program ends here")
        self.applied.append(kept)

    def audit(self, **kept: Any) -> None:
        self.trail.append(kept)


class Unlocked:
    """The local lock left out, so that only the switch's own lock is between two writers."""

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        yield


@dataclass
class Wrapped:
    """A switch that lets a test look at each action before it is sent, and at each reply."""

    inner: Switch
    count: int = 0

    @property
    def name(self) -> str:
        return self.inner.name

    def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
        self.before(action)
        reply = self.inner.send(action, timeout=timeout)
        self.after(action, reply)
        self.count += 1
        return reply

    def send_all(self, actions: Iterable[Action], *, timeout: float = 10.0) -> list[Reply]:
        return [self.send(action, timeout=timeout) for action in actions]

    def close(self) -> None:
        self.inner.close()

    def before(self, action: Action) -> None: ...

    def after(self, action: Action, reply: Reply) -> None: ...


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def world(book: Book, *, who: str = "li@desk", host: str = "desk", pid: int | None = None) -> World:
    """The real clock and process, and a token nobody else has."""
    token = f"t-{os.getpid()}-{time.monotonic_ns()}"
    return World(
        ledger=book,
        lock=Unlocked(),
        owner=Owner(who=who, host=host, pid=pid or os.getpid(), token=token),
        clock=lambda: datetime.now(UTC),
        pause=time.sleep,
        alive=alive,
    )


def plan_of(switch: Switch, book: Book, *sites: str) -> SwitchPlan:
    return plan_sites(switch, book, sites=sites, hand_written=HAND_WRITTEN, today=TODAY)


def apply_to(switch: Switch, book: Book, *sites: str, force: bool = False, **more: Any) -> Applied:
    return apply_sites(
        switch, world(book), sites=sites, hand_written=HAND_WRITTEN, today=TODAY, force=force, **more
    )


def connect(host: str, port: int, user: str, secret: str) -> Ami:
    return Ami.connect(name="pbx", host=host, port=port, user=user, secret=secret, timeout=60)


def wait_for_a_long_day() -> None:
    """Waits until the day in Shanghai has some minutes left, for tests of what is counted by the day."""

    def lasts() -> bool:
        now = datetime.now(ZoneInfo("Asia/Shanghai"))
        return (now + timedelta(minutes=4)).date() == now.date()

    wait_for(lasts, "day in Shanghai that goes on", 300)


def wait_for(done: Callable[[], Any], what: str, timeout: float = 60.0) -> Any:
    """Asks again and again until the answer is something."""
    end = time.monotonic() + timeout
    while not (found := done()):
        assert time.monotonic() < end, f"no {what} within {timeout:g} s"
        time.sleep(0.05)
    return found
