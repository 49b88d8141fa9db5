"""An analog gateway as a value: its ports, the server they register to, its line settings (综合接入设备)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pbx.errors import Malformed

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def plain(text: str, what: str) -> str:
    """The text, if every family's file can hold it on one line; Malformed for control characters."""
    if found := _CONTROL.search(text):
        raise Malformed(f"{what} holds the control character U+{ord(found[0]):04X}")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a port registers as. `user` is the SIP user (its AOR), `auth_user` the digest user (注册帐号).

    `untouched` is a fax or card-terminal line: no echo cancelling, no silence suppression, a fixed jitter
    buffer (传真, POS). `t38` switches T.38 on; otherwise fax goes through as A-law.
    """

    user: str
    auth_user: str
    password: str = field(repr=False)
    display: str = ""
    untouched: bool = False
    t38: bool = False

    def __post_init__(self) -> None:
        for name in ("user", "auth_user", "password", "display"):
            plain(getattr(self, name), name)
        if not self.user or not self.auth_user:
            raise Malformed("a line has a SIP user and a digest user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Whose telephone a port is, for people: never part of what the device is told (使用人)."""

    short_number: str = ""
    name: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """An FXS port, counted from 1. Without a line it is disabled and carries no secret (语音口)."""

    number: int
    line: Line | None = None

    def __post_init__(self) -> None:
        if self.number < 1:
            raise Malformed(f"ports are counted from 1, not {self.number}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where the lines register: the SIP domain, and the proxy all requests go through, if it is another.

    `domain` is host or host:port; `proxy` is host or host:port. `expires` is seconds. `reliable` is 100rel:
    none, supported or required. `timers` are session timers: none, supported or required; `session_expires`
    and `least_expires` are seconds.
    """

    domain: str
    proxy: str | None = None
    transport: str = "udp"
    expires: int = 3600
    reliable: str = "none"
    timers: str = "supported"
    session_expires: int = 1800
    least_expires: int = 90
    user_phone: bool = False

    def __post_init__(self) -> None:
        for name in ("domain", "proxy"):
            value = getattr(self, name)
            if value is not None and not re.fullmatch(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?", value):
                raise Malformed(f"not a server: {value!r}")
        if self.transport not in ("udp", "tcp", "tls"):
            raise Malformed(f"not a transport: {self.transport!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One gateway, whole. `ports` are all it has, in order, used or not.

    `settings` override the family's line settings for China by plain names (pbx/iad/README.md lists them:
    tones, caller_id, slic, polarity, special ...). `fetch_url` is where the device asks for its next file,
    None for one that is only carried; `admin_password` closes its web page, None leaves it alone.
    """

    name: str
    model: str
    mac: str | None
    server: Server
    ports: tuple[Port, ...]
    settings: Mapping[str, str] = field(default_factory=dict, hash=False)
    fetch_url: str | None = field(default=None, repr=False)
    admin_password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.mac is not None and not re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", self.mac):
            raise Malformed(f"not a MAC address in small letters with colons: {self.mac!r}")
        if [port.number for port in self.ports] != list(range(1, len(self.ports) + 1)):
            raise Malformed(f"{self.name}: the ports are not 1, 2, 3 ...")
        object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))

    @property
    def lines(self) -> tuple[tuple[int, Line], ...]:
        """The ports in use, with what they register as."""
        return tuple((port.number, port.line) for port in self.ports if port.line is not None)
