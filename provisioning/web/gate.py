"""Who may come in at once: so many altogether, a few of one origin, counted before TLS (连接限额)."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections import Counter
from collections.abc import Callable

from provisioning.flows.odd_fetch import ALERT

CONNECTIONS = 200
"""Altogether: far below the files a process may have open, whose end would stop the server."""
OF_ONE_ORIGIN = 16
"""Of one IPv4 address or one IPv6 /64, which may be a whole site's. A proxy on this machine is everybody."""
BETWEEN_ALERTS = 60.0
"""Seconds between two lines on connections that were turned away."""


class Gate:
    """Counts the connections there are, and tells once a minute that some were turned away.

    For the event loop's thread alone: it holds no lock.
    """

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._inside: Counter[str] = Counter()
        self._told: float | None = None
        self._left_out = 0

    def admits(self, host: str) -> str | None:
        """The origin that is counted from now on until it `leaves`; None where it is turned away."""
        origin = origin_of(host)
        if self._inside.total() >= CONNECTIONS:
            self._refuse(f"{CONNECTIONS} connections at once are all there may be")
            return None
        if not _is_here(host) and self._inside[origin] >= OF_ONE_ORIGIN:
            self._refuse(f"{origin} holds {OF_ONE_ORIGIN} connections at once, and gets no more")
            return None
        self._inside[origin] += 1
        return origin

    def leaves(self, origin: str) -> None:
        """One connection of that origin is over."""
        self._inside[origin] -= 1
        if self._inside[origin] <= 0:
            del self._inside[origin]

    def _refuse(self, why: str) -> None:
        now = self._clock()
        if self._told is not None and now - self._told < BETWEEN_ALERTS:
            self._left_out += 1
            return
        more = f" ({self._left_out} more turned away since the last that was told)" if self._left_out else ""
        self._told, self._left_out = now, 0
        self._tell(f"{ALERT}turned away: {why}{more}")


class Visitor(socket.socket):
    """A connection that is counted until it is closed."""

    def __init__(self, accepted: socket.socket, gate: Gate, origin: str) -> None:
        family, kind, proto = accepted.family, accepted.type, accepted.proto
        super().__init__(family, kind, proto, fileno=accepted.detach())
        self._gate = gate
        self._origin: str | None = origin

    def close(self) -> None:
        super().close()
        origin, self._origin = self._origin, None
        if origin is not None:
            self._gate.leaves(origin)


class Door(socket.socket):
    """A listening socket with a gate: whom it does not admit is hung up on before a byte is read."""

    def __init__(self, listening: socket.socket, gate: Gate) -> None:
        family, kind, proto = listening.family, listening.type, listening.proto
        super().__init__(family, kind, proto, fileno=listening.detach())
        self._gate = gate

    def accept(self) -> tuple[socket.socket, object]:
        """The next connection; ConnectionAbortedError for one that is turned away: the loop asks again."""
        accepted, address = super().accept()
        origin = self._gate.admits(address[0])
        if origin is None:
            accepted.close()
            raise ConnectionAbortedError
        return Visitor(accepted, self._gate, origin), address


def origin_of(host: str) -> str:
    """Where somebody comes from: an IPv4 address, or the /64 of an IPv6 one, which is one customer's."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return "elsewhere"
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or ipaddress.ip_network((int(address), 64), strict=False))


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
