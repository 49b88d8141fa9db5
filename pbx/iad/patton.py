"""Patton SmartNode SN4112 to SN4332: a script of its command line (SmartWare)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pbx.errors import Malformed
from pbx.iad.address import domain_and_proxy, host_and_port, next_hop, scheme_and_path
from pbx.iad.cli_text import Script, lines_of, quoted, unquoted
from pbx.iad.device import Device, Line, Port, Server
from pbx.iad.settings import (
    ascii_only,
    host_name,
    meant,
    overrides,
    settle,
    vlan,
    web_password,
    without_characters,
)

MODELS: Mapping[str, int] = {
    "patton-sn4112": 2,
    "patton-sn4114": 4,
    "patton-sn4116": 6,
    "patton-sn4118": 8,
    "patton-sn4316": 16,
    "patton-sn4324": 24,
    "patton-sn4332": 32,
}
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "tones": ("china", "leave"),
    "fax": ("passthrough", "t38"),
    "vlan": (),
    "ntp": (),
}
TEXTS: Mapping[str, str] = {}
CHECK_SYNC: str | None = "check-sync"
LACKS: frozenset[str] = frozenset(
    {
        "name",
        "mac",
        "server.reliable",
        "server.timers",
        "server.session_expires",
        "server.least_expires",
        "server.user_phone",
        "line.display",
        "line.untouched",
    }
)
LONGEST_WEB_PASSWORD = 32

_REFUSED = '"\\$'
_FILE = "$(system.mac).cfg"
_WORD = r'([^\s"]+|"[^"]*")'
_IDENTITY = "authentication outbound"
_G711 = "rx-length 20 tx-length 20"
_FAX = {
    "passthrough": f"fax transmission 1 bypass g711alaw64k {_G711}",
    "t38": "fax transmission 1 relay t38-udp",
}
_VOIP = (
    f"codec 1 g711alaw64k {_G711}",
    f"codec 2 g711ulaw64k {_G711}",
    "dtmf-relay rtp",
    "no silence-compression",
)
_TONES = {
    "dial": ("play 1 5000 450 -10",),
    "ringback": ("play 1 1000 450 -10", "pause 2 4000"),
    "busy": ("play 1 350 450 -10", "pause 2 350"),
    "congestion": ("play 1 700 450 -10", "pause 2 700"),
}
"""450 Hz; milliseconds on and off."""
_SIP = "context sip-gateway GW_SIP"
_SWITCH = "context cs switch"
_PROVISIONING = "profile provisioning PF_CONFIG"

Paths = Iterable[tuple[str, ...]]
"""Commands, each with the modes it stands in."""

_FIRST: tuple[tuple[str, ...], ...] = (
    ("cli version 3.20",),
    ("clock local default-offset +08:00",),
)
_CONSTANT: tuple[tuple[str, ...], ...] = (
    *(("profile voip default", command) for command in _VOIP),
    ("context ip router", "interface eth0", "ipaddress dhcp"),
    ("port ethernet 0 0", "medium auto"),
    (_SWITCH, "no shutdown"),
    (_SWITCH, "interface sip IF_SIP", "bind context sip-gateway GW_SIP"),
    (_SWITCH, "interface sip IF_SIP", "route call dest-table RT_FROM_SIP"),
)
_LAST: tuple[tuple[str, ...], ...] = (
    (_SIP, "interface TRANSPORT_ETH0", "bind interface eth0 port 5060"),
    (_SIP, "bind location-service LOC"),
    (_SIP, "notify check-sync accept"),
    (_SIP, "no shutdown"),
)
_SYNC: tuple[tuple[str, ...], ...] = (
    (_PROVISIONING, "destination configuration"),
    (_PROVISIONING, "activation reload graceful"),
    ("actions", "rule ACT_SYNC", "condition sip gateway:GW_SIP NOTIFY_CHECK_SYNC_RELOAD"),
    ("actions", "rule ACT_SYNC", 'action "provisioning execute PF_CONFIG"'),
)


def file_name(device: Device) -> str:
    """<mac>.cfg"""
    if device.mac is None:
        raise Malformed(f"{device.name}: a SmartNode asks for a file named by its MAC: state the mac")
    return f"{device.mac.replace(':', '')}.cfg"


def render(device: Device) -> bytes:
    """The device's script."""
    values = settle(device, MODELS, SETTINGS, TEXTS)
    device = meant(device, SETTINGS, TEXTS)
    ascii_only(device)
    without_characters(device, _REFUSED, "no command line can write that")
    fax = _fax(device)
    paths = [*_FIRST, *_device(device, values), *_CONSTANT, ("profile voip default", _FAX[fax])]
    paths += [*_ethernet(values), *_passwords(device), *_sip(device)]
    for _, line in device.lines:
        paths += _identity(line.user, quoted(line.auth_user), *next_hop(device.server), device.server)
    paths += _LAST
    for port in device.ports:
        paths += _port(port)
    return lines_of(paths).encode("ascii")


def parse(content: bytes, model: str) -> Device:
    """What such a script means."""
    if model not in MODELS:
        raise Malformed(f"{model} is not of this family")
    script = Script(content)
    for path in (*_FIRST, *_CONSTANT, *_LAST):
        script.expect(*path)
    values, admin, url = _read_device(script)
    t38 = script.takes("profile voip default", _FAX["t38"])
    if not t38:
        script.expect("profile voip default", _FAX["passthrough"])
    server = _read_server(script)
    words = script.all(("authentication-service AUTH",), rf"username {_WORD} password {_WORD}")
    users = {word[0]: word[1] for word in words}
    ports = tuple(_read_port(script, number, server, users, t38) for number in range(1, MODELS[model] + 1))
    if users or len(words) != sum(port.line is not None for port in ports):
        raise Malformed("there is a password that no port uses")
    script.finish()
    return Device(
        name="",
        model=model,
        mac=None,
        server=server,
        ports=ports,
        settings=overrides(values, SETTINGS, TEXTS),
        fetch_url=url,
        admin_password=admin,
    )


def sent_by(user_agent: str) -> str | None:
    """The MAC, which a SmartNode gives as its serial number in its User-Agent."""
    form = r"SmartNode \(Model:\w+(?:/[^;]+)?; Serial:([0-9A-Fa-f]{12}); Software Version:"
    found = re.match(form, user_agent)
    return ":".join(re.findall("..", found[1].lower())) if found else None


# writing


def _fax(device: Device) -> str:
    kinds = {line.t38 for _, line in device.lines} or {False}
    if len(kinds) > 1:
        raise Malformed(f"{device.name}: on a SmartNode T.38 is for all lines or for none")
    for name in ("user", "auth_user"):
        if len({getattr(line, name) for _, line in device.lines}) < len(device.lines):
            raise Malformed(f"{device.name}: two lines have the same {name}")
    return "t38" if True in kinds else "passthrough"


def _device(device: Device, values: Mapping[str, str]) -> Paths:
    if "ntp" in values:
        yield ("sntp-client",)
        yield (f"sntp-client server primary {host_name(values['ntp'], 'ntp')}",)
    if device.admin_password is not None:
        password = web_password(device, LONGEST_WEB_PASSWORD)
        if set(password) & set(_REFUSED):
            raise Malformed(f"{device.name}: the administrator's password holds one of {' '.join(_REFUSED)}")
        yield (f"administrator administrator password {quoted(password)}",)
    if device.fetch_url is not None:
        scheme, path = scheme_and_path(device.fetch_url)
        yield from _SYNC[:1]
        yield _PROVISIONING, f"location 1 {scheme}://{path}/{_FILE}"
        yield from _SYNC[1:]
    if values["tones"] == "china":
        yield from _tones()


def _tones() -> Paths:
    for tone, commands in _TONES.items():
        yield from ((f"profile call-progress-tone CN_{tone.upper()}", command) for command in commands)
    yield from (
        ("profile tone-set default", f"map call-progress-tone {tone}-tone CN_{tone.upper()}")
        for tone in _TONES
    )


def _ethernet(values: Mapping[str, str]) -> Paths:
    mode: tuple[str, ...] = ("port ethernet 0 0",)
    if "vlan" in values:
        mode = (*mode, f"vlan {vlan(values['vlan'])}")
    for command in ("encapsulation ip", "bind interface eth0 router", "no shutdown"):
        yield *mode, command
    if "vlan" in values:
        yield "port ethernet 0 0", "no shutdown"


def _sip(device: Device) -> Paths:
    host, port = next_hop(device.server)
    yield _SWITCH, "interface sip IF_SIP", f"remote {host} {port}"
    yield "location-service LOC", f"domain {host_and_port(device.server.domain)[0]}"
    for number, line in device.lines:
        yield (
            _SWITCH,
            "routing-table called-uri RT_FROM_SIP",
            f"route sip:{_user(line)}@.% dest-interface IF_FXS{number}",
        )


def _transport(server: Server) -> str:
    return f"preferred-transport-protocol {server.transport}"


def _user(line: Line) -> str:
    if not re.fullmatch(r"[A-Za-z0-9+_#*-]+", line.user):
        raise Malformed(f"{line.user!r} cannot be a SmartNode's subscriber number")
    return line.user


def _port(port: Port) -> Paths:
    physical, interface = f"port fxs 0 {port.number - 1}", f"IF_FXS{port.number}"
    if port.line is None:
        yield physical, "shutdown"
        return
    yield _SWITCH, f"interface fxs {interface}", "route call dest-interface IF_SIP"
    yield _SWITCH, f"interface fxs {interface}", f"subscriber-number {_user(port.line)}"
    yield physical, "encapsulation cc-fxs"
    yield physical, f"bind interface {interface} switch"
    yield physical, "no shutdown"


def _passwords(device: Device) -> Paths:
    for _, line in device.lines:
        words = f"username {quoted(line.auth_user)} password {quoted(line.password)}"
        yield "authentication-service AUTH", words


def _identity(number: str, user: str, host: str, port: str, server: Server) -> Paths:
    identity = ("location-service LOC", f"identity {number}")
    yield *identity, _IDENTITY, f"authenticate authentication-service AUTH username {user}"
    yield *identity, "call outbound", _transport(server)
    yield *identity, "registration outbound", f"registrar {host} {port}"
    yield *identity, "registration outbound", f"lifetime {server.expires}"
    yield *identity, "registration outbound", _transport(server)
    yield *identity, "registration outbound", "register auto"


# reading


def _read_device(script: Script) -> tuple[dict[str, str], str | None, str | None]:
    values = {"tones": "leave"}
    if script.takes("sntp-client"):
        values["ntp"] = script.one((), r"sntp-client server primary (\S+)")[0]
    admin = script.all((), rf"administrator administrator password {_WORD}")
    urls = script.all((_PROVISIONING,), rf"location 1 (\S+)/{re.escape(_FILE)}")
    if len(urls) > 1 or len(admin) > 1:
        raise Malformed("two addresses to fetch from, or two passwords of the administrator")
    for path in _SYNC if urls else ():
        script.expect(*path)
    if script.has("profile tone-set default"):
        values["tones"] = "china"
        for path in _tones():
            script.expect(*path)
    if vlans := script.all(("port ethernet 0 0",), r"vlan ([0-9]+)", keep=True):
        values["vlan"] = vlans[0][0]
    for path in _ethernet(values):
        script.expect(*path)
    return values, unquoted(admin[0][0]) if admin else None, urls[0][0] if urls else None


def _read_server(script: Script) -> Server:
    host, port = script.one((_SWITCH, "interface sip IF_SIP"), r"remote (\S+) ([0-9]+)")
    name = script.one(("location-service LOC",), r"domain (\S+)")[0]
    domain, proxy = domain_and_proxy(name, host, port)
    usual = Server(domain=domain)
    return Server(
        domain=domain,
        proxy=proxy,
        transport=script.said_by_all(r"preferred-transport-protocol (\w+)", usual.transport),
        expires=int(script.said_by_all("lifetime ([0-9]{1,9})", str(usual.expires))),
    )


def _read_port(script: Script, number: int, server: Server, users: dict[str, str], t38: bool) -> Port:
    physical, interface = f"port fxs 0 {number - 1}", f"IF_FXS{number}"
    if script.takes(physical, "shutdown"):
        return Port(number=number)
    for command in ("encapsulation cc-fxs", f"bind interface {interface} switch", "no shutdown"):
        script.expect(physical, command)
    user = script.one((_SWITCH, f"interface fxs {interface}"), r"subscriber-number (\S+)")[0]
    script.expect(_SWITCH, f"interface fxs {interface}", "route call dest-interface IF_SIP")
    script.expect(
        _SWITCH, "routing-table called-uri RT_FROM_SIP", f"route sip:{user}@.% dest-interface {interface}"
    )
    asked = ("location-service LOC", f"identity {user}", _IDENTITY)
    word = script.one(asked, rf"authenticate authentication-service AUTH username {_WORD}")[0]
    if word not in users:
        raise Malformed(f"port {number} has no password")
    password = unquoted(users.pop(word))
    host, port = next_hop(server)
    for path in [*_identity(user, word, host, port, server)][1:]:
        script.expect(*path)
    return Port(
        number=number,
        line=Line(user=user, auth_user=unquoted(word), password=password, t38=t38),
    )
