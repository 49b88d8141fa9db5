"""What all Grandstream gateways share: the XML of P-numbers, profiles of line settings, ports on them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pbx.errors import Malformed
from pbx.iad.address import scheme_and_path
from pbx.iad.device import Device, Line, Server
from pbx.iad.grandstream_keys import (
    CALLER_ID,
    CHINA_TONES,
    PCMA,
    PCMU,
    SCHEME,
    SPECIAL,
    SWITCH,
    TRANSPORT,
    Ranges,
    port_number,
)
from pbx.iad.settings import (
    LINE_FIELDS,
    bounded,
    host_name,
    meant,
    no_required,
    settle,
    vlan,
    web_password,
)
from pbx.iad.xml import Node, written

CHECK_SYNC = "check-sync"
TEXTS: Mapping[str, str] = {"dial_plan": "{ x+ | *x+ }"}
LONGEST_TEXT = 64
LONGEST_WEB_PASSWORD = 30
TIMERS = {
    "none": ("0", "0", "0"),
    "supported": ("1", "1", "0"),
    "required": ("1", "1", "1"),
}
"""Ask for a session timer when calling, when called, and insist on one."""
_USER_AGENT = r"Grandstream Model HW ({models})[0-9A-Za-z]*( V\S+)? SW \S+ DevId ([0-9A-Fa-f]{{12}})"

Kind = tuple[bool, bool]
"""What a profile is for: T.38, untouched."""
ORDINARY: Kind = (False, False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the models of a family differ: their tables, and whether each port is an account of its own."""

    profile: Mapping[str, tuple[int, ...]]
    ports: Mapping[str, Ranges]
    accounts: bool
    slic: Mapping[str, str]
    constant: tuple[tuple[int, str], ...]

    @property
    def profiles(self) -> int:
        """How many profiles or accounts there are."""
        return len(self.profile["active"])


def settings(layout: Layout) -> dict[str, tuple[str, ...]]:
    """The settings of a family with this layout."""
    return {
        "tones": ("china", "leave"),
        "caller_id": tuple(CALLER_ID),
        "slic": tuple(layout.slic),
        "polarity": tuple(SWITCH),
        "special": tuple(SPECIAL),
        "fax": ("passthrough", "t38"),
        "dial_plan": (),
        "vlan": (),
        "ntp": (),
    }


def file_name(device: Device) -> str:
    """cfg<mac>.xml, which the device asks for."""
    if device.mac is None:
        raise Malformed(f"{device.name}: a Grandstream asks for a file named by its MAC: state the mac")
    return f"cfg{device.mac.replace(':', '')}.xml"


def sent_by(user_agent: str, models: str) -> str | None:
    """The MAC in the User-Agent of a device whose model matches."""
    found = re.fullmatch(_USER_AGENT.format(models=models), user_agent)
    return ":".join(re.findall("..", found[3].lower())) if found else None


def render(device: Device, layout: Layout, models: Mapping[str, int]) -> bytes:
    """The device's file."""
    values = settle(device, models, settings(layout), TEXTS)
    device = meant(device, settings(layout), TEXTS)
    bounded(device, LONGEST_TEXT)
    no_required(device.server, "reliable")
    rows = [*_device_rows(device, layout, values), *_line_rows(device, layout, values)]
    config = Node("config", "", tuple(Node(f"P{key}", value) for key, value in rows), {"version": "1"})
    mac = (Node("mac", device.mac.replace(":", "")),) if device.mac else ()
    return written(Node("gs_provision", "", (*mac, config), {"version": "1"}))


def _device_rows(device: Device, layout: Layout, values: Mapping[str, str]) -> Iterable[tuple[int, str]]:
    if device.admin_password is not None:
        password = web_password(device, LONGEST_WEB_PASSWORD)
        yield from ((2, password), (196, password))
    scheme, path = ("http", "") if device.fetch_url is None else scheme_and_path(device.fetch_url)
    yield from ((212, SCHEME[scheme]), (237, path))
    if "vlan" in values:
        yield 51, vlan(values["vlan"])
    if "ntp" in values:
        yield 30, host_name(values["ntp"], "ntp")
    yield from layout.constant
    if values["tones"] == "china":
        yield from CHINA_TONES


def _line_rows(device: Device, layout: Layout, values: Mapping[str, str]) -> Iterable[tuple[int, str]]:
    lines = dict(device.lines)
    if layout.accounts:
        for number in range(1, layout.profiles + 1):
            line = lines.get(number)
            yield from _profile_rows(device, layout, values, number - 1, _kind(line), line is not None)
    else:
        kinds = _kinds(device, layout)
        for index in range(layout.profiles):
            kind = kinds[index] if index < len(kinds) else ORDINARY
            yield from _profile_rows(device, layout, values, index, kind, index < len(kinds))
    for port in device.ports:
        profile = 0 if layout.accounts or port.line is None else kinds.index(_kind(port.line))
        texts = _port_values(port.line, profile)
        yield from ((port_number(table, port.number), texts[name]) for name, table in layout.ports.items())


def _kinds(device: Device, layout: Layout) -> list[Kind]:
    used = {_kind(line) for _, line in device.lines}
    kinds = sorted(used | {ORDINARY})
    if len(kinds) > layout.profiles:
        kinds = sorted(used)
    if len(kinds) > layout.profiles:
        raise Malformed(
            f"{device.name}: {device.model} has {layout.profiles} profiles, and its lines are of "
            f"{len(kinds)} kinds (ordinary, untouched, T.38): put some of them on another device"
        )
    return kinds


def _kind(line: Line | None) -> Kind:
    return (line.t38, line.untouched) if line else ORDINARY


def _profile_rows(
    device: Device, layout: Layout, values: Mapping[str, str], index: int, kind: Kind, used: bool
) -> Iterable[tuple[int, str]]:
    if not used and index:
        yield layout.profile["active"][index], "0"
        return
    says = _profile_values(device.server, layout, values, kind) | {"active": "1" if used else "0"}
    yield from ((keys[index], says[name]) for name, keys in layout.profile.items())


def _profile_values(server: Server, layout: Layout, values: Mapping[str, str], kind: Kind) -> dict[str, str]:
    t38, untouched = kind
    if server.expires % 60 or not 1 <= server.expires // 60 <= 64800:
        raise Malformed(f"a Grandstream registers every so many whole minutes; {server.expires} s is none")
    asks, answers, insists = TIMERS[server.timers]
    codecs = {f"codec_{slot}": PCMU if slot == 2 and not untouched else PCMA for slot in range(1, 9)}
    return {
        **codecs,
        **FIXED,
        "server": server.domain,
        "proxy": server.proxy or "",
        "transport": TRANSPORT[server.transport],
        "expires": str(server.expires // 60),
        "user_phone": "1" if server.user_phone else "0",
        "reliable": "1" if server.reliable == "supported" else "0",
        "timers": "0" if server.timers == "none" else "1",
        "session_expires": str(server.session_expires),
        "least_expires": str(server.least_expires),
        "caller_timer": asks,
        "callee_timer": answers,
        "force_timer": insists,
        "fax": "0" if t38 else "1",
        "fax_reinvite": "1" if t38 else "0",
        "jitter_type": "0" if untouched else "1",
        "echo_off": "1" if untouched else "0",
        "slic": layout.slic[values["slic"]],
        "caller_id": CALLER_ID[values["caller_id"]],
        "polarity": SWITCH[values["polarity"]],
        "special": SPECIAL[values["special"]],
        "dial_plan": values["dial_plan"],
    }


FIXED: Mapping[str, str] = {
    "dns_mode": "0",
    "register": "1",
    "call_unregistered": "0",
    "retry": "30",
    "check_user": "0",
    "proxy_only": "1",
    "dtmf_1": "101",
    "dtmf_2": "101",
    "dtmf_3": "101",
    "dtmf_payload": "101",
    "frames": "2",
    "srtp": "0",
    "silence": "0",
    "jitter_length": "1",
    "between_digits": "4",
    "call_features": "0",
}
"""What every profile says: DTMF after RFC 4733 and nothing else, 20 ms, no silence suppression, no star codes
and so no forwarding at the gateway, no call before registration, SIP from the proxy only."""


def _port_values(line: Line | None, profile: int) -> dict[str, str]:
    texts = {name: getattr(line, name) if line else "" for name in LINE_FIELDS}
    enabled = "1" if line else "0"
    return {**texts, "enabled": enabled, "profile": str(profile), "hunt_group": "0", "dials_itself": ""}
