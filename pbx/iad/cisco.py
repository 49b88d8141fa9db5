"""Cisco SPA112, SPA122, SPA8000, ATA191 and ATA192: a flat profile with keys numbered by line (思科)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pbx.errors import Malformed
from pbx.iad.address import scheme_and_path
from pbx.iad.device import Device, Line, Port, Server
from pbx.iad.reader import Reader
from pbx.iad.settings import meant, no_required, overrides, settle, web_password
from pbx.iad.xml import Node, read, written

MODELS: Mapping[str, int] = {
    "cisco-spa112": 2,
    "cisco-spa122": 2,
    "cisco-spa8000": 8,
    "cisco-ata191": 2,
    "cisco-ata192": 2,
}
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "tones": ("china", "leave"),
    "caller_id": ("fsk", "etsi-fsk", "dtmf"),
    "polarity": ("off", "on"),
    "fax": ("passthrough", "t38"),
    "dial_plan": (),
}
TEXTS: Mapping[str, str] = {"dial_plan": "(x.|*x.)"}
CHECK_SYNC: str | None = "resync"
LACKS: frozenset[str] = frozenset(
    {"name", "mac", "server.timers", "server.session_expires", "server.least_expires", "server.user_phone"}
)
LONGEST_WEB_PASSWORD = 63

_FILE = "spa$MA.xml"
_CALLER_ID = {"fsk": "Bellcore(N.Amer,China)", "etsi-fsk": "ETSI FSK", "dtmf": "ETSI DTMF"}
_TRANSPORT = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}
_POLARITY = {"off": "Forward", "on": "Reverse"}
_DEVICE = (
    ("Provision_Enable", "Yes"),
    ("Resync_On_Reset", "Yes"),
    ("Resync_Periodic", "0"),
    ("Resync_From_SIP", "Yes"),
    ("RTP_Packet_Size", "0.020"),
    ("AVT_Dynamic_Payload", "101"),
    ("Interdigit_Long_Timer", "5"),
    ("Interdigit_Short_Timer", "3"),
    ("Time_Zone", "GMT+08:00"),
)
_CHINA_TONES = (
    ("Dial_Tone", "450@-19;*(*/0/1)"),
    ("Ring_Back_Tone", "450@-19;*(1/4/1)"),
    ("Busy_Tone", "450@-19;*(.35/.35/1)"),
    ("Reorder_Tone", "450@-19;*(.7/.7/1)"),
)
"""450 Hz; seconds on and off."""
_LINE = (
    ("Use_DNS_SRV", "No"),
    ("Register", "Yes"),
    ("Make_Call_Without_Reg", "No"),
    ("Use_Auth_ID", "Yes"),
    ("Restrict_Source_IP", "Yes"),
    ("Auth_Resync-Reboot", "No"),
    ("Enable_IP_Dialing", "No"),
    ("Preferred_Codec", "G711a"),
    ("Use_Pref_Codec_Only", "No"),
    ("DTMF_Tx_Method", "AVT"),
    ("Silence_Supp_Enable", "No"),
    ("FAX_Passthru_Codec", "G711a"),
    ("FAX_Passthru_Method", "ReINVITE"),
    ("Cfwd_All_Serv", "No"),
    ("Cfwd_Busy_Serv", "No"),
    ("Cfwd_No_Ans_Serv", "No"),
)
"""What every line says: SIP from its proxy only, and a NOTIFY of the proxy is not challenged; A-law first,
DTMF after RFC 4733, no silence suppression, no forwarding at the gateway."""
_TEXTS = {"user": "User_ID", "auth_user": "Auth_ID", "password": "Password", "display": "Display_Name"}
_USER_AGENT = re.compile(r"Cisco/(?:SPA|ATA)\w+-\S+ (?:\(([0-9A-Fa-f]{12})\))?\(\w+\)")


def file_name(device: Device) -> str:
    """spa<mac>.xml"""
    if device.mac is None:
        raise Malformed(f"{device.name}: a Cisco adapter asks for a file named by its MAC: state the mac")
    return f"spa{device.mac.replace(':', '')}.xml"


def render(device: Device) -> bytes:
    """The device's file."""
    values = settle(device, MODELS, SETTINGS, TEXTS)
    device = meant(device, SETTINGS, TEXTS)
    no_required(device.server, "reliable")
    rows = [*_device_rows(device, values)]
    for port in device.ports:
        for name, value in _line_rows(device.server, values, port.line):
            rows.append((f"{name}_{port.number}_", value))
    return written(Node("flat-profile", "", tuple(Node(name, value) for name, value in rows)))


def parse(content: bytes, model: str) -> Device:
    """What such a file means."""
    if model not in MODELS:
        raise Malformed(f"{model} is not of this family")
    root = read(content)
    if root.name != "flat-profile" or any(node.children or node.attributes for node in root.children):
        raise Malformed("not a flat profile")
    reader = Reader(((node.name, node.text) for node in root.children), "the profile")
    for name, value in _DEVICE:
        reader.expect(name, value)
    values = {"tones": "china" if reader.has(_CHINA_TONES[0][0]) else "leave"}
    for name, value in _CHINA_TONES if values["tones"] == "china" else ():
        reader.expect(name, value)
    values["caller_id"] = reader.choice("Caller_ID_Method", _CALLER_ID)
    admin = reader.optional("Admin_Passwd")
    url = _read_rule(reader.take("Profile_Rule"))
    read_lines = [_read_line(reader, number) for number in range(1, MODELS[model] + 1)]
    reader.finish()
    (server, settings), *others = [(server, settings) for server, settings, _ in read_lines]
    if any(other != (server, settings) for other in others):
        raise Malformed("the lines disagree on the server or the settings")
    return Device(
        name="",
        model=model,
        mac=None,
        server=server,
        ports=tuple(port for _, _, port in read_lines),
        settings=overrides({**values, **settings}, SETTINGS, TEXTS),
        fetch_url=url,
        admin_password=admin,
    )


def sent_by(user_agent: str) -> str | None:
    """The MAC in the User-Agent of an SPA or ATA; some firmware names only the serial number: ""."""
    found = _USER_AGENT.fullmatch(user_agent)
    return ":".join(re.findall("..", (found[1] or "").lower())) if found else None


def _device_rows(device: Device, values: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    yield from _DEVICE
    if values["tones"] == "china":
        yield from _CHINA_TONES
    yield "Caller_ID_Method", _CALLER_ID[values["caller_id"]]
    if device.admin_password is not None:
        yield "Admin_Passwd", web_password(device, LONGEST_WEB_PASSWORD)
    if device.fetch_url is None:
        yield "Profile_Rule", ""
    else:
        scheme, path = scheme_and_path(device.fetch_url)
        yield "Profile_Rule", f"{scheme}://{path}/{_FILE}"


def _line_rows(server: Server, values: Mapping[str, str], line: Line | None) -> Iterable[tuple[str, str]]:
    untouched, t38 = (line.untouched, line.t38) if line else (False, False)
    yield "Line_Enable", _yes(line is not None)
    yield from ((key, getattr(line, name) if line else "") for name, key in _TEXTS.items())
    yield from (
        ("Proxy", server.domain),
        ("Outbound_Proxy", server.proxy or ""),
        ("Use_Outbound_Proxy", _yes(server.proxy is not None)),
        ("SIP_Transport", _TRANSPORT[server.transport]),
        ("Register_Expires", str(server.expires)),
        ("SIP_100REL_Enable", _yes(server.reliable == "supported")),
    )
    yield from _LINE
    yield from (
        ("Second_Preferred_Codec", "Unspecified" if untouched else "G711u"),
        ("FAX_Enable_T38", _yes(t38)),
        ("Modem_Line", _yes(untouched)),
        ("Echo_Canc_Enable", _yes(not untouched)),
        ("Jitter_Buffer_Adjustment", _yes(not untouched)),
        ("Idle_Polarity", "Forward"),
        ("Caller_Conn_Polarity", _POLARITY[values["polarity"]]),
        ("Callee_Conn_Polarity", _POLARITY[values["polarity"]]),
        ("Dial_Plan", values["dial_plan"]),
    )


def _yes(on: bool) -> str:
    return "Yes" if on else "No"


def _read_rule(rule: str) -> str | None:
    if not rule:
        return None
    if not rule.endswith(f"/{_FILE}"):
        raise Malformed(f"Profile_Rule does not fetch {_FILE}")
    scheme, path = scheme_and_path(rule.removesuffix(f"/{_FILE}"))
    return f"{scheme}://{path}"


def _read_line(reader: Reader, number: int) -> tuple[Server, dict[str, str], Port]:
    def key(name: str) -> str:
        return f"{name}_{number}_"

    def on(name: str) -> bool:
        return reader.flag(key(name), "Yes", "No")

    for name, value in _LINE:
        reader.expect(key(name), value)
    reader.expect(key("Idle_Polarity"), "Forward")
    proxy = reader.take(key("Outbound_Proxy"))
    if on("Use_Outbound_Proxy") != bool(proxy):
        raise Malformed(f"{key('Use_Outbound_Proxy')} does not go with its proxy")
    server = Server(
        domain=reader.take(key("Proxy")),
        proxy=proxy or None,
        transport=reader.choice(key("SIP_Transport"), _TRANSPORT),
        expires=reader.number(key("Register_Expires")),
        reliable="supported" if on("SIP_100REL_Enable") else "none",
    )
    polarity = reader.choice(key("Caller_Conn_Polarity"), _POLARITY)
    reader.expect(key("Callee_Conn_Polarity"), _POLARITY[polarity])
    settings = {"polarity": polarity, "dial_plan": reader.take(key("Dial_Plan"))}
    untouched, t38 = on("Modem_Line"), on("FAX_Enable_T38")
    if on("Echo_Canc_Enable") == untouched or on("Jitter_Buffer_Adjustment") == untouched:
        raise Malformed(f"line {number} is a modem line by half")
    reader.expect(key("Second_Preferred_Codec"), "Unspecified" if untouched else "G711u")
    if not on("Line_Enable"):
        reader.empty(*(key(name) for name in _TEXTS.values()))
        return server, settings, Port(number=number)
    texts = {name: reader.take(key(written)) for name, written in _TEXTS.items()}
    return server, settings, Port(number=number, line=Line(**texts, untouched=untouched, t38=t38))
