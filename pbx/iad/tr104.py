"""TR-104, the data model of voice devices an operator's ACS speaks: parameters and values, vendor neutral.

The file is the SetParameterValues of CWMP (TR-069), to be given to an ACS. Instances are numbered as written;
an ACS whose device numbers them otherwise adds the objects first (Broadband Forum; 华为、中兴等运营商终端).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pbx.errors import Malformed
from pbx.iad.address import address, host_and_port
from pbx.iad.device import Device, Line, Port, Server
from pbx.iad.reader import Reader
from pbx.iad.settings import meant, overrides, settle
from pbx.iad.xml import Node, read, written

MODELS: Mapping[str, int] = {f"tr104-{lines}": lines for lines in (1, 2, 4, 8, 16, 24, 32, 48, 64)}
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "root": ("InternetGatewayDevice", "Device"),
    "fax": ("passthrough", "t38"),
    "dial_plan": (),
    "alaw_entry": (),
}
TEXTS: Mapping[str, str] = {"dial_plan": "(x.T|*x.T)"}
CHECK_SYNC: str | None = None
LACKS: frozenset[str] = frozenset(
    {
        "name",
        "mac",
        "server.reliable",
        "server.timers",
        "server.session_expires",
        "server.least_expires",
        "server.user_phone",
        "fetch_url",
        "admin_password",
    }
)

Typed = tuple[str, str, str]
"""A parameter: its path, its type, its value."""
Kind = tuple[bool, bool]
"""What a profile is for: T.38, untouched."""

_TRANSPORT = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}
_LONGEST = {"user": 32, "auth_user": 128, "password": 128, "display": 256}
_FIXED: tuple[Typed, ...] = (
    ("Enable", "string", "Enabled"),
    ("SignalingProtocol", "string", "SIP"),
    ("DTMFMethod", "string", "RFC2833"),
    ("Region", "string", "CN"),
    ("DigitMapEnable", "boolean", "1"),
    ("RTP.TelephoneEventPayloadType", "unsignedInt", "101"),
)
_FORWARDING = (
    "CallingFeatures.CallForwardUnconditionalEnable",
    "CallingFeatures.CallForwardOnBusyEnable",
    "CallingFeatures.CallForwardOnNoAnswerEnable",
)
_TEXTS = {
    "user": "DirectoryNumber",
    "auth_user": "SIP.AuthUserName",
    "password": "SIP.AuthPassword",
    "display": "CallingFeatures.CallerIDName",
}


def file_name(device: Device) -> str:
    """<mac>.xml, or by the device's name: nobody asks for it."""
    return f"{device.mac.replace(':', '') if device.mac else device.name}.xml"


def render(device: Device) -> bytes:
    """The parameters of the device."""
    values = settle(device, MODELS, SETTINGS, TEXTS)
    device = meant(device, SETTINGS, TEXTS)
    _fits(device)
    if len(values["dial_plan"]) > 256:
        raise Malformed(f"{device.name}: dial_plan has over 256 characters, the most TR-104 takes")
    service = f"{values['root']}.Services.VoiceService.1"
    rows = [(f"{service}.{path}", kind, value) for path, kind, value in _service(device, values)]
    structs = tuple(_struct(*row) for row in rows)
    parts = (Node("ParameterList", "", structs, _array(len(structs))), Node("ParameterKey"))
    return written(Node("cwmp:SetParameterValues", "", parts))


def parse(content: bytes, model: str) -> Device:
    """What such parameters mean."""
    if model not in MODELS:
        raise Malformed(f"{model} is not of this family")
    pairs = [*_pairs(content)]
    roots = {path.split(".", 1)[0] for path, _ in pairs}
    if len(roots) != 1:
        raise Malformed("the parameters have no common root")
    (root,) = roots
    service = f"{root}.Services.VoiceService.1."
    if any(not path.startswith(service) for path, _ in pairs):
        raise Malformed(f"a parameter is not of {service}")
    reader = Reader(((path.removeprefix(service), value) for path, value in pairs), "the parameters")
    profiles = _numbers(pairs, rf"{re.escape(service)}VoiceProfile\.(\d{{1,4}})\.SIP\.ProxyServer")
    if not profiles:
        raise Malformed("there is no profile")
    found = [_read_profile(reader, pairs, service, profile) for profile in profiles]
    reader.finish()
    server, dial_plan, alaw = _agreed(found)
    values = {"root": root, "dial_plan": dial_plan} | ({"alaw_entry": alaw} if alaw else {})
    return Device(
        name="",
        model=model,
        mac=None,
        server=server,
        ports=tuple(sorted((port for one in found for port in one[3]), key=lambda port: port.number)),
        settings=overrides(values, SETTINGS, TEXTS),
    )


def sent_by(user_agent: str) -> str | None:
    """None: such a device talks to its ACS, not to us."""
    return None


# writing


def _array(count: int) -> dict[str, str]:
    return {"soap-enc:arrayType": f"cwmp:ParameterValueStruct[{count}]"}


def _struct(path: str, kind: str, value: str) -> Node:
    return Node(
        "ParameterValueStruct",
        "",
        (Node("Name", path), Node("Value", value, (), {"xsi:type": f"xsd:{kind}"})),
    )


def _fits(device: Device) -> None:
    for number, line in device.lines:
        for name, longest in _LONGEST.items():
            if len(getattr(line, name)) > longest:
                raise Malformed(f"{device.name} line {number}: {name} has over {longest} characters")
        if not re.fullmatch(r"[A-Za-z0-9+._*#-]+", line.user):
            raise Malformed(f"{device.name} line {number}: {line.user!r} is no user of a SIP address")


def _service(device: Device, values: Mapping[str, str]) -> Iterable[Typed]:
    kinds: dict[Kind, list[Port]] = {(False, False): []}
    for port in device.ports:
        kind = (port.line.t38, port.line.untouched) if port.line else (False, False)
        kinds.setdefault(kind, []).append(port)
    for profile, (kind, ports) in enumerate(sorted(kinds.items()), start=1):
        before = f"VoiceProfile.{profile}"
        yield from _under(before, _profile(device.server, kind, values))
        for place, port in enumerate(ports, start=1):
            yield from _under(f"{before}.Line.{place}", _line(port, device.server, values))


def _under(before: str, rows: Iterable[Typed]) -> Iterable[Typed]:
    return ((f"{before}.{path}", kind, value) for path, kind, value in rows)


def _profile(server: Server, kind: Kind, values: Mapping[str, str]) -> Iterable[Typed]:
    t38, untouched = kind
    domain, port = host_and_port(server.domain)
    proxy, proxy_port = host_and_port(server.proxy or ":")
    transport = _TRANSPORT[server.transport]
    yield from _FIXED
    yield from (
        ("DigitMap", "string", values["dial_plan"]),
        ("FaxT38.Enable", "boolean", "1" if t38 else "0"),
        ("FaxPassThrough", "string", "Disable" if t38 else "Force" if untouched else "Auto"),
        ("ModemPassThrough", "string", "Force" if untouched else "Auto"),
        ("SIP.ProxyServer", "string", domain),
        ("SIP.ProxyServerPort", "unsignedInt", port),
        ("SIP.ProxyServerTransport", "string", transport),
        ("SIP.RegistrarServer", "string", domain),
        ("SIP.RegistrarServerPort", "unsignedInt", port),
        ("SIP.RegistrarServerTransport", "string", transport),
        ("SIP.OutboundProxy", "string", proxy),
        ("SIP.OutboundProxyPort", "unsignedInt", proxy_port),
        ("SIP.UserAgentDomain", "string", domain),
        ("SIP.UserAgentTransport", "string", transport),
        ("SIP.RegistrationPeriod", "unsignedInt", str(server.expires)),
        ("SIP.UseCodecPriorityInSDPResponse", "boolean", "1"),
    )


def _line(port: Port, server: Server, values: Mapping[str, str]) -> Iterable[Typed]:
    yield "PhyReferenceList", "string", str(port.number)
    if "alaw_entry" in values:
        yield from _codec(f"Codec.List.{_entry(values['alaw_entry'])}")
    line = port.line
    if line is None:
        yield "Enable", "string", "Disabled"
        yield from ((name, "string", "") for name in ("SIP.URI", *_TEXTS.values()))
        return
    domain, _ = host_and_port(server.domain)
    yield "Enable", "string", "Enabled"
    yield "SIP.URI", "string", f"sip:{line.user}@{domain}"
    yield from ((path, "string", getattr(line, name)) for name, path in _TEXTS.items())
    yield "VoiceProcessing.EchoCancellationEnable", "boolean", "0" if line.untouched else "1"
    yield from ((name, "boolean", "0") for name in _FORWARDING)


def _entry(value: str) -> str:
    if not re.fullmatch("[1-9][0-9]{0,2}", value):
        raise Malformed(f"alaw_entry is the number of G.711ALaw in the device's codec list, not {value!r}")
    return value


def _codec(entry: str) -> Iterable[Typed]:
    yield from (
        (f"{entry}.Enable", "boolean", "1"),
        (f"{entry}.Priority", "unsignedInt", "1"),
        (f"{entry}.PacketizationPeriod", "string", "20"),
        (f"{entry}.SilenceSuppression", "boolean", "0"),
    )


# reading

_Profile = tuple[Server, str, str | None, list[Port]]
"""A profile as read: its server, its dial plan, the entry of A-law in the list of codecs, its ports."""


def _pairs(content: bytes) -> Iterable[tuple[str, str]]:
    root = read(content)
    parts = [part.name for part in root.children]
    if root.name != "cwmp:SetParameterValues" or parts != ["ParameterList", "ParameterKey"]:
        raise Malformed("not a SetParameterValues")
    structs = root.children[0].children
    if root.children[0].attributes != _array(len(structs)):
        raise Malformed("the list does not say how many parameters it has")
    for struct in structs:
        names = [part.name for part in struct.children]
        if struct.name != "ParameterValueStruct" or names != ["Name", "Value"]:
            raise Malformed("the list holds something other than names with values")
        yield struct.children[0].text, struct.children[1].text


def _numbers(pairs: Iterable[tuple[str, str]], pattern: str) -> list[int]:
    found = (re.fullmatch(pattern, path) for path, _ in pairs)
    return sorted(int(one[1]) for one in found if one)


def _read_profile(reader: Reader, pairs: list[tuple[str, str]], service: str, profile: int) -> _Profile:
    before = f"VoiceProfile.{profile}."
    for path, _, value in _FIXED:
        reader.expect(before + path, value)
    reader.expect(f"{before}SIP.UseCodecPriorityInSDPResponse", "1")
    t38 = reader.flag(f"{before}FaxT38.Enable")
    untouched = reader.choice(f"{before}ModemPassThrough", {"yes": "Force", "no": "Auto"}) == "yes"
    reader.expect(f"{before}FaxPassThrough", "Disable" if t38 else "Force" if untouched else "Auto")
    dial_plan = reader.take(f"{before}DigitMap")
    server = _read_server(reader, f"{before}SIP.")
    pattern = rf"{re.escape(service + before)}Line\.(\d{{1,4}})\.PhyReferenceList"
    ports, entries = [], set()
    for place in _numbers(pairs, pattern):
        port, entry = _read_line(reader, f"{before}Line.{place}.", server, (t38, untouched))
        ports.append(port)
        entries.add(entry)
    if len(entries) > 1:
        raise Malformed("the lines disagree on the codecs")
    return server, dial_plan, next(iter(entries), None), ports


def _read_server(reader: Reader, before: str) -> Server:
    domain, port = reader.take(f"{before}ProxyServer"), reader.take(f"{before}ProxyServerPort")
    transport = reader.choice(f"{before}ProxyServerTransport", _TRANSPORT)
    reader.expect(f"{before}RegistrarServer", domain)
    reader.expect(f"{before}RegistrarServerPort", port)
    reader.expect(f"{before}UserAgentDomain", domain)
    reader.expect(f"{before}RegistrarServerTransport", _TRANSPORT[transport])
    reader.expect(f"{before}UserAgentTransport", _TRANSPORT[transport])
    proxy, proxy_port = reader.take(f"{before}OutboundProxy"), reader.take(f"{before}OutboundProxyPort")
    return Server(
        domain=address(domain, port),
        proxy=address(proxy, proxy_port) if proxy else None,
        transport=transport,
        expires=reader.number(f"{before}RegistrationPeriod"),
    )


def _read_line(reader: Reader, before: str, server: Server, kind: Kind) -> tuple[Port, str | None]:
    number = reader.number(f"{before}PhyReferenceList")
    entry = next((n for n in map(str, range(1, 1000)) if reader.has(f"{before}Codec.List.{n}.Enable")), None)
    for path, _, value in _codec(f"Codec.List.{entry}") if entry else ():
        reader.expect(before + path, value)
    texts = {name: before + path for name, path in _TEXTS.items()}
    if not reader.flag(f"{before}Enable", "Enabled", "Disabled"):
        reader.empty(f"{before}SIP.URI", *texts.values())
        return Port(number=number), entry
    t38, untouched = kind
    words = {name: reader.take(path) for name, path in texts.items()}
    line = Line(**words, untouched=untouched, t38=t38)
    reader.expect(f"{before}SIP.URI", f"sip:{line.user}@{host_and_port(server.domain)[0]}")
    reader.expect(f"{before}VoiceProcessing.EchoCancellationEnable", "0" if untouched else "1")
    for name in _FORWARDING:
        reader.expect(before + name, "0")
    return Port(number=number, line=line), entry


def _agreed(found: list[_Profile]) -> tuple[Server, str, str | None]:
    entries = {entry for _, _, entry, ports in found if ports}
    if len({(server, dial_plan) for server, dial_plan, _, _ in found}) != 1 or len(entries) != 1:
        raise Malformed("the profiles disagree on the server, the dial plan or the codecs")
    return found[0][0], found[0][1], entries.pop()
