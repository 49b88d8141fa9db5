"""What is written down of requests for IAD files that were refused, and how much of it at most (异常取用)."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

ODD_FETCH = "iad-odd-fetch"
"""The audit's word for such a request."""
ALERT = "ALERT "
"""What a told line begins with that somebody should look at."""
LONGEST_SHOWN = 200
"""Characters of what a stranger says that are written down."""

REASONS: Mapping[str, tuple[str, bool]] = {
    "unknown-token": ("nobody's address", True),
    "taken": (
        "its file was fetched already; if the device did not get it whole: "
        "`seatline iad {site} {iad} --offer --again`; if that was not the device: "
        "`seatline iad {site} {iad} --renew --to DIR`",
        True,
    ),
    "no-offer": ("no file waits for it", True),
    "expired": ("its time to fetch is over", True),
    "wrong-method": ("not asked for with GET", True),
    "unknown-model": ("its model has no family or template any more", True),
    "wrong-user-agent": ("not the User-Agent of such a device", True),
    "wrong-mac": ("the User-Agent names another MAC", True),
    "other-name": ("the device itself asked for another file as well", False),
    "wrong-name": ("another file name", True),
}
"""Why nothing was handed out, in words ({site} and {iad} are the device's), and whether that is told at
once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OddFetch:
    """A request that got nothing. It holds neither the token nor the name that was asked for."""

    reason: str
    site: str | None
    iad: str | None
    remote: str
    user_agent: str

    @property
    def device(self) -> str:
        """Whose address it was."""
        return f"{self.site}/{self.iad}" if self.iad is not None else "unknown"

    def __str__(self) -> str:
        words = REASONS[self.reason][0].format(site=self.site, iad=self.iad)
        agent = f", {self.user_agent!r}" if self.user_agent else ""
        return f"odd fetch, device {self.device}, from {shown(self.remote)}{agent}: {self.reason}, {words}"


class Trail(Protocol):
    """Where it is written."""

    def audit(
        self, *, event: str, subject: str, detail: Mapping[str, Any], at: datetime, who: str
    ) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """In each span of time, at most so many of one origin and so many altogether."""

    span: timedelta
    each: int
    altogether: int


LIMITS = (
    Limit(span=timedelta(minutes=1), each=5, altogether=30),
    Limit(span=timedelta(hours=1), each=20, altogether=120),
)
"""For strangers, each by its address; and once more for our devices' addresses, each by device and reason: a
scanner drowns no device's alarm, and what a device does of its own nature not that its file was taken."""


@dataclass(slots=True)
class _Tally:
    began: datetime | None = None
    counts: Counter[str] = field(default_factory=Counter)


class Budget:
    """Counts what is written, so that no scanner can fill the ledger or the terminal (限量).

    For one thread: it holds no lock.
    """

    def __init__(self, limits: tuple[Limit, ...] = LIMITS) -> None:
        self._limits = limits
        self._tallies: dict[bool, list[_Tally]] = {ours: [_Tally() for _ in limits] for ours in (True, False)}
        self.left_out = 0
        """How many were not written since the last that was."""

    def admits(self, odd: OddFetch, now: datetime) -> int | None:
        """How many were left out before this one, if it is to be written; None when it is left out too."""
        tallies = self._tallies[odd.iad is not None]
        origin = f"{odd.device} {odd.reason}" if odd.iad is not None else _network(odd.remote)
        for limit, tally in zip(self._limits, tallies, strict=True):
            if tally.began is None or not timedelta(0) <= now - tally.began < limit.span:
                tally.began, tally.counts = now, Counter()
            if tally.counts[origin] >= limit.each or tally.counts.total() >= limit.altogether:
                self.left_out += 1
                return None
        for tally in tallies:
            tally.counts[origin] += 1
        left_out, self.left_out = self.left_out, 0
        return left_out


def alarm(odd: OddFetch, left_out: int) -> str | None:
    """What is told at once of an odd fetch; None for what a device does of its own nature."""
    if not REASONS[odd.reason][1] and not left_out:
        return None
    return f"{odd}" + (f" ({left_out} more since the last that was told)" if left_out else "")


def write_down(ledger: Trail, odd: OddFetch, *, left_out: int, at: datetime, who: str) -> None:
    """Puts an `iad-odd-fetch` into the ledger's audit: neither token nor content, nor the name asked for."""
    detail: dict[str, Any] = {
        "reason": odd.reason,
        "remote": shown(odd.remote),
        "user_agent": odd.user_agent,
    }
    if left_out:
        detail["left_out"] = left_out
    ledger.audit(event=ODD_FETCH, subject=odd.device, detail=detail, at=at, who=who)


def shown(text: str) -> str:
    """What a stranger said, harmless: printable ASCII, at most 200 characters."""
    return "".join(each if " " <= each <= "~" else "?" for each in text[:LONGEST_SHOWN])


def _network(remote: str) -> str:
    """Where a stranger comes from: an IPv4 address, or the /64 of an IPv6 one, which is one customer's."""
    try:
        address = ipaddress.ip_address(remote)
    except ValueError:
        return "elsewhere"
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or ipaddress.ip_network((int(address), 64), strict=False))
