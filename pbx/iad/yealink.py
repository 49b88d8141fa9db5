"""Yealink desk and video telephones: <mac>.cfg, an account for each line (亿联话机)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pbx.errors import Malformed
from pbx.iad.address import address, host_and_port, scheme_and_path
from pbx.iad.device import Device, Line, Port, Server, plain
from pbx.iad.reader import Reader
from pbx.iad.settings import (
    LINE_FIELDS,
    host_name,
    meant,
    no_required,
    overrides,
    settle,
    vlan,
    web_password,
)

MODELS: Mapping[str, int] = {
    "yealink-t33g": 4,
    "yealink-t41s": 6,
    "yealink-t42s": 12,
    "yealink-t43u": 12,
    "yealink-t46g": 16,
    "yealink-t46s": 16,
    "yealink-t46u": 16,
    "yealink-t48s": 16,
    "yealink-t48u": 16,
    "yealink-t53": 12,
    "yealink-t54w": 16,
    "yealink-t57w": 16,
    "yealink-t58w": 16,
}
SETTINGS: Mapping[str, tuple[str, ...]] = {"tones": ("china", "leave"), "vlan": (), "ntp": ()}
TEXTS: Mapping[str, str] = {}
CHECK_SYNC: str | None = "check-sync"
LACKS: frozenset[str] = frozenset({"name", "mac", "server.least_expires"})
LONGEST_WEB_PASSWORD = 32

FIRST_LINE = "#!version:1.0.0.1"
NOTHING = "%NULL%"
_TRANSPORT = {"udp": "0", "tcp": "1", "tls": "2"}
_DEVICE = (
    ("lang.gui", "Chinese_S"),
    ("lang.wui", "Chinese_S"),
    ("local_time.time_zone", "+8"),
    ("local_time.summer_time", "0"),
    ("static.auto_provision.pnp_enable", "0"),
    ("static.auto_provision.dhcp_option.enable", "0"),
    ("static.auto_provision.power_on", "1"),
    ("sip.trust_ctrl", "1"),
    ("sip.notify_reboot_enable", "0"),
    ("features.direct_ip_call_enable", "0"),
    ("voice.vad", "0"),
)
_ACCOUNT = (
    ("codec.pcma.enable", "1"),
    ("codec.pcma.priority", "1"),
    ("codec.pcmu.enable", "1"),
    ("codec.pcmu.priority", "2"),
    ("codec.g722.enable", "0"),
    ("codec.g729.enable", "0"),
    ("dtmf.type", "1"),
    ("dtmf.dtmf_payload", "101"),
    ("ptime", "20"),
    ("srtp_encryption", "0"),
    ("session_timer.refresher", "0"),
)
"""What every account says: A-law first, DTMF after RFC 4733, 20 ms."""
_TEXTS = {"user": "user_name", "auth_user": "auth_name", "password": "password", "display": "display_name"}
_USER_AGENTS = (re.compile(r"[yY]ealink\s+SIP(?: VP)?-\w+\s+[\d.]+\s+([\da-fA-F]{2}(?::[\da-fA-F]{2}){5})"),)


def file_name(device: Device) -> str:
    """<mac>.cfg"""
    if device.mac is None:
        raise Malformed(f"{device.name}: a Yealink asks for a file named by its MAC: state the mac")
    return f"{device.mac.replace(':', '')}.cfg"


def render(device: Device) -> bytes:
    """The telephone's file."""
    values = settle(device, MODELS, SETTINGS, TEXTS)
    device = meant(device, SETTINGS, TEXTS)
    no_required(device.server, "reliable", "timers")
    _voice_only(device)
    rows = [*_device_rows(device, values)]
    for port in device.ports:
        rows += [(f"account.{port.number}.{key}", value) for key, value in _account(device.server, port.line)]
    lines = [f"{key} = {value or NOTHING}" for key, value in rows]
    return ("\n".join((FIRST_LINE, "", *lines)) + "\n").encode()


def parse(content: bytes, model: str) -> Device:
    """What such a file means."""
    if model not in MODELS:
        raise Malformed(f"{model} is not of this family")
    reader = Reader(_pairs(content), "the file")
    for key, value in _DEVICE:
        reader.expect(key, value)
    values = {"tones": "leave"}
    if reader.has("voice.tone.country"):
        reader.expect("voice.tone.country", "China")
        values["tones"] = "china"
    if (server_clock := reader.optional("local_time.ntp_server1")) is not None:
        values["ntp"] = server_clock
    if (number := reader.optional("static.network.vlan.internet_port_vid")) is not None:
        reader.expect("static.network.vlan.internet_port_enable", "1")
        values["vlan"] = number
    admin = reader.optional("static.security.user_password")
    if admin is not None and not admin.startswith("admin:"):
        raise Malformed("static.security.user_password is not of the user admin")
    url = reader.take("static.auto_provision.server.url")
    accounts = [_read_account(reader, account) for account in range(1, MODELS[model] + 1)]
    reader.finish()
    servers = [server for server, _ in accounts]
    if any(server != servers[0] for server in servers):
        raise Malformed("the accounts disagree on the server")
    return Device(
        name="",
        model=model,
        mac=None,
        server=servers[0],
        ports=tuple(port for _, port in accounts),
        settings=overrides(values, SETTINGS, TEXTS),
        fetch_url=url.removesuffix("/") or None,
        admin_password=None if admin is None else admin.removeprefix("admin:"),
    )


def sent_by(user_agent: str) -> str | None:
    """The MAC in the User-Agent of a Yealink telephone."""
    for pattern in _USER_AGENTS:
        if found := pattern.fullmatch(user_agent):
            return found[1].lower()
    return None


def _voice_only(device: Device) -> None:
    faults = []
    for number, line in device.lines:
        if line.untouched or line.t38:
            faults.append(f"{device.name} account {number}: a telephone has no fax or card terminal on it")
        if NOTHING in (line.user, line.auth_user, line.password, line.display):
            faults.append(f"{device.name} account {number}: {NOTHING} means nothing at all to a Yealink")
    if faults:
        raise Malformed("; ".join(faults))


def _device_rows(device: Device, values: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    yield from _DEVICE
    if values["tones"] == "china":
        yield "voice.tone.country", "China"
    if "ntp" in values:
        yield "local_time.ntp_server1", host_name(values["ntp"], "ntp")
    if "vlan" in values:
        yield "static.network.vlan.internet_port_enable", "1"
        yield "static.network.vlan.internet_port_vid", vlan(values["vlan"])
    if device.admin_password is not None:
        yield "static.security.user_password", f"admin:{web_password(device, LONGEST_WEB_PASSWORD)}"
    url = "" if device.fetch_url is None else "{}://{}/".format(*scheme_and_path(device.fetch_url))
    yield "static.auto_provision.server.url", url


def _account(server: Server, line: Line | None) -> Iterable[tuple[str, str]]:
    yield "enable", "1" if line else "0"
    yield "label", line.display or line.user if line else ""
    yield from ((key, getattr(line, name) if line else "") for name, key in _TEXTS.items())
    host, port = host_and_port(server.domain)
    proxy, proxy_port = host_and_port(server.proxy or ":")
    yield from (
        ("sip_server.1.address", host),
        ("sip_server.1.port", port),
        ("sip_server.1.transport_type", _TRANSPORT[server.transport]),
        ("sip_server.1.expires", str(server.expires)),
        ("outbound_proxy_enable", "1" if proxy else "0"),
        ("outbound_proxy.1.address", proxy),
        ("outbound_proxy.1.port", proxy_port),
        ("100rel_enable", "1" if server.reliable == "supported" else "0"),
        ("session_timer.enable", "1" if server.timers == "supported" else "0"),
        ("session_timer.expires", str(server.session_expires)),
        ("enable_user_equal_phone", "1" if server.user_phone else "0"),
    )
    yield from _ACCOUNT


def _pairs(content: bytes) -> Iterable[tuple[str, str]]:
    try:
        first, *lines = content.decode().split("\n")
    except UnicodeDecodeError:
        raise Malformed("the file is not UTF-8") from None
    if first != FIRST_LINE:
        raise Malformed(f"the first line is not {FIRST_LINE}")
    for number, line in enumerate(lines, start=2):
        if not line.strip() or line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        if not equals:
            raise Malformed(f"line {number} is not of the form name = value")
        value = plain(value.strip(" "), key.strip())
        yield key.strip(), "" if value == NOTHING else value


def _read_account(reader: Reader, account: int) -> tuple[Server, Port]:
    def key(name: str) -> str:
        return f"account.{account}.{name}"

    for name, value in _ACCOUNT:
        reader.expect(key(name), value)
    proxy, proxy_port = (
        reader.take(key("outbound_proxy.1.address")),
        reader.take(key("outbound_proxy.1.port")),
    )
    if reader.flag(key("outbound_proxy_enable")) != bool(proxy):
        raise Malformed(f"{key('outbound_proxy_enable')} does not go with its proxy")
    server = Server(
        domain=address(reader.take(key("sip_server.1.address")), reader.take(key("sip_server.1.port"))),
        proxy=address(proxy, proxy_port) if proxy else None,
        transport=reader.choice(key("sip_server.1.transport_type"), _TRANSPORT),
        expires=reader.number(key("sip_server.1.expires")),
        reliable="supported" if reader.flag(key("100rel_enable")) else "none",
        timers="supported" if reader.flag(key("session_timer.enable")) else "none",
        session_expires=reader.number(key("session_timer.expires")),
        user_phone=reader.flag(key("enable_user_equal_phone")),
    )
    if not reader.flag(key("enable")):
        reader.empty(key("label"), *(key(name) for name in _TEXTS.values()))
        return server, Port(number=account)
    texts = {name: reader.take(key(_TEXTS[name])) for name in LINE_FIELDS}
    if reader.take(key("label")) not in (texts["display"], texts["user"]):
        raise Malformed(f"{key('label')} is neither the name nor the number")
    return server, Port(number=account, line=Line(**texts, untouched=False, t38=False))
