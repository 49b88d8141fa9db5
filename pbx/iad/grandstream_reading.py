"""Reads what pbx/iad/grandstream.py writes back into a device, on its own way and strictly (潮流网络)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pbx.errors import Malformed
from pbx.iad.device import Device, Line, Port, Server
from pbx.iad.grandstream import FIXED, TEXTS, TIMERS, Kind, Layout, settings
from pbx.iad.grandstream_keys import (
    CALLER_ID,
    CHINA_TONES,
    PCMA,
    PCMU,
    SCHEME,
    SPECIAL,
    SWITCH,
    TRANSPORT,
    port_number,
)
from pbx.iad.reader import Reader
from pbx.iad.settings import LINE_FIELDS, overrides
from pbx.iad.xml import read


def parse(content: bytes, model: str, layout: Layout, models: Mapping[str, int]) -> Device:
    """What such a file means."""
    if model not in models:
        raise Malformed(f"{model} is not of this family")
    mac, pairs = _opened(content)
    reader = Reader(pairs, "the file")
    values, admin, url = _read_device(reader, layout)
    profiles = [_read_profile(reader, layout, index) for index in range(layout.profiles)]
    first = profiles[0]
    if first is None:
        raise Malformed("profile 1 says nothing")
    if any((one.server, one.values) != (first.server, first.values) for one in profiles if one):
        raise Malformed("the profiles disagree on the server or the settings")
    ports = _read_ports(reader, layout, models[model], profiles)
    reader.finish()
    return Device(
        name="",
        model=model,
        mac=mac,
        server=first.server,
        ports=ports,
        settings=overrides({**values, **first.values}, settings(layout), TEXTS),
        fetch_url=url,
        admin_password=admin,
    )


@dataclass(frozen=True, slots=True)
class _Profile:
    """A profile as read: what it says of the server, of the settings, and what lines it is for."""

    server: Server
    values: Mapping[str, str]
    kind: Kind
    active: bool


def _opened(content: bytes) -> tuple[str | None, list[tuple[str, str]]]:
    root = read(content)
    names = [child.name for child in root.children]
    if root.name != "gs_provision" or names not in (["config"], ["mac", "config"]):
        raise Malformed("not a gs_provision document with one config")
    if any(node.attributes != {"version": "1"} for node in (root, root.children[-1])):
        raise Malformed("gs_provision or config is not of version 1")
    pairs = []
    for node in root.children[-1].children:
        if not re.fullmatch(r"P[1-9][0-9]*", node.name) or node.children or node.attributes:
            raise Malformed(f"<{node.name}> is no P-number")
        pairs.append((node.name, node.text))
    mac = root.children[0].text if len(names) == 2 else None
    if mac is not None and not re.fullmatch("[0-9a-f]{12}", mac):
        raise Malformed("<mac> holds no MAC")
    return (":".join(re.findall("..", mac)) if mac else None), pairs


def _read_device(reader: Reader, layout: Layout) -> tuple[dict[str, str], str | None, str | None]:
    admin = reader.optional("P2")
    if admin != reader.optional("P196"):
        raise Malformed("the passwords of administrator and user differ")
    scheme, path = reader.choice("P212", SCHEME), reader.take("P237")
    found = {"vlan": reader.optional("P51"), "ntp": reader.optional("P30")}
    values = {name: value for name, value in found.items() if value is not None}
    for key, value in layout.constant:
        reader.expect(f"P{key}", value)
    values["tones"] = "china" if reader.has(f"P{CHINA_TONES[0][0]}") else "leave"
    if values["tones"] == "china":
        for key, value in CHINA_TONES:
            reader.expect(f"P{key}", value)
    return values, admin, f"{scheme}://{path}" if path else None


def _read_profile(reader: Reader, layout: Layout, index: int) -> _Profile | None:
    keys = {name: f"P{numbers[index]}" for name, numbers in layout.profile.items()}
    active = reader.flag(keys["active"])
    if not active and not reader.has(keys["server"]):
        return None
    for name, value in FIXED.items():
        reader.expect(keys[name], value)
    untouched = reader.flag(keys["echo_off"])
    reader.expect(keys["jitter_type"], "0" if untouched else "1")
    t38 = reader.choice(keys["fax"], {"t38": "0", "passthrough": "1"}) == "t38"
    reader.expect(keys["fax_reinvite"], "1" if t38 else "0")
    codecs = [reader.take(keys[name]) for name in sorted(keys) if name.startswith("codec_")]
    if codecs != [PCMA, PCMA if untouched else PCMU, *[PCMA] * (len(codecs) - 2)]:
        raise Malformed("the codecs are not A-law first")
    values = {
        "slic": reader.choice(keys["slic"], layout.slic),
        "caller_id": reader.choice(keys["caller_id"], CALLER_ID),
        "polarity": reader.choice(keys["polarity"], SWITCH),
        "special": reader.choice(keys["special"], SPECIAL),
        "dial_plan": reader.take(keys["dial_plan"]),
    }
    return _Profile(_read_server(reader, keys), values, (t38, untouched), active)


def _read_server(reader: Reader, keys: Mapping[str, str]) -> Server:
    asked = tuple(reader.take(keys[name]) for name in ("caller_timer", "callee_timer", "force_timer"))
    timers = next((word for word, flags in TIMERS.items() if flags == asked), None)
    if timers is None:
        raise Malformed("the session timer's settings go with no way of using it")
    if "timers" in keys:
        reader.expect(keys["timers"], "0" if timers == "none" else "1")
    return Server(
        domain=reader.take(keys["server"]),
        proxy=reader.take(keys["proxy"]) or None,
        transport=reader.choice(keys["transport"], TRANSPORT),
        expires=60 * reader.number(keys["expires"]),
        reliable="supported" if reader.flag(keys["reliable"]) else "none",
        timers=timers,
        session_expires=reader.number(keys["session_expires"]),
        least_expires=reader.number(keys["least_expires"]),
        user_phone=reader.flag(keys["user_phone"]),
    )


def _read_ports(
    reader: Reader, layout: Layout, ports: int, profiles: Sequence[_Profile | None]
) -> tuple[Port, ...]:
    found = []
    for number in range(1, ports + 1):
        keys = {name: f"P{port_number(table, number)}" for name, table in layout.ports.items()}
        if layout.accounts:
            account = profiles[number - 1]
            profile = account if account is not None and account.active else None
        else:
            profile = _profile_of(reader, keys, profiles)
        if profile is None:
            reader.empty(*(keys[name] for name in LINE_FIELDS))
            found.append(Port(number=number))
            continue
        t38, untouched = profile.kind
        texts = {name: reader.take(keys[name]) for name in LINE_FIELDS}
        found.append(Port(number=number, line=Line(**texts, t38=t38, untouched=untouched)))
    return tuple(found)


def _profile_of(
    reader: Reader, keys: Mapping[str, str], profiles: Sequence[_Profile | None]
) -> _Profile | None:
    """The profile of a port in use, None of one that is not."""
    reader.expect(keys["hunt_group"], "0")
    reader.expect(keys["dials_itself"], "")
    enabled, index = reader.flag(keys["enabled"]), reader.number(keys["profile"])
    if not enabled:
        return None
    profile = profiles[index] if index < len(profiles) else None
    if profile is None or not profile.active:
        raise Malformed(f"{keys['profile']}: a port is on a profile that is not active")
    return profile
