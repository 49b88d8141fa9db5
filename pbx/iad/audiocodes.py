"""AudioCodes MP-112, MP-114, MP-118 and MP-124: an ini file of parameters and tables (奥科)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from pbx.errors import Malformed
from pbx.iad.address import address, domain_and_proxy, host_and_port, next_hop, scheme_and_path
from pbx.iad.device import Device, Line, Port, Server
from pbx.iad.reader import Reader
from pbx.iad.settings import (
    ascii_only,
    bounded,
    host_name,
    meant,
    no_required,
    overrides,
    settle,
    without_characters,
)

MODELS: Mapping[str, int] = {
    "audiocodes-mp112": 2,
    "audiocodes-mp114": 4,
    "audiocodes-mp118": 8,
    "audiocodes-mp124": 24,
}
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "caller_id": ("fsk", "etsi-fsk", "dtmf"),
    "polarity": ("off", "on"),
    "fax": ("passthrough", "t38"),
    "dial_plan": (),
    "ntp": (),
}
TEXTS: Mapping[str, str] = {"dial_plan": "x.T|*x.T"}
CHECK_SYNC: str | None = "check-sync;reboot=false"
LACKS: frozenset[str] = frozenset({"name", "mac", "admin_password"})

_LONGEST = 50
_SWITCH = {"off": "0", "on": "1"}
_CALLER_ID = {"fsk": "0", "etsi-fsk": "1", "dtmf": "16"}
_TRANSPORT = {"udp": "0", "tcp": "1", "tls": "2"}
_RELIABLE = {"none": "0", "supported": "1", "required": "2"}
_FAX = {"t38": "1", "passthrough": "2"}
_FIXED = (
    ("EnableSilenceCompression", "0"),
    ("RFC2833TxPayloadType", "101"),
    ("FirstTxDTMFOption", "4"),
    ("RxDTMFOption", "3"),
    ("EnableEarlyMedia", "1"),
    ("EnableCallerID", "1"),
    ("EnableForward", "0"),
    ("IsProxyUsed", "1"),
    ("IsRegisterNeeded", "1"),
    ("AuthenticationMode", "0"),
    ("TimeBetweenDigits", "4"),
    ("NTPServerUTCOffset", "28800"),
)
"""No silence suppression, DTMF after RFC 4733, no forwarding at the gateway; each port registers itself."""
_TABLES: Mapping[str, tuple[str, ...]] = {
    "ProxyIp": ("IpAddress", "TransportType", "ProxySetId"),
    "CodersGroup0": ("Name", "pTime", "rate", "PayloadType", "Sce"),
    "TelProfile": (
        "ProfileName",
        "TelPreference",
        "CodersGroupID",
        "IsFaxUsed",
        "JitterBufMinDelay",
        "JitterBufOptFactor",
        "EnableEC",
    ),
    "TrunkGroup": (
        "TrunkGroupNum",
        "FirstTrunkId",
        "FirstBChannel",
        "LastBChannel",
        "FirstPhoneNumber",
        "ProfileId",
        "LastTrunkId",
        "Module",
    ),
    "Authentication": ("UserId", "UserPassword"),
    "CallerDisplayInfo": ("DisplayString", "IsCidRestricted"),
}
"""The tables of the file and their columns, in order."""
_CODERS = (("g711Alaw64k", "20", "0", "8", "0"), ("g711Ulaw64k", "20", "0", "0", "0"))
_JITTER = {False: ("10", "10"), True: ("40", "13")}
"""Least delay in ms and how eagerly the jitter buffer adapts: ordinary, and untouched (13: it does not)."""

Row = tuple[int, tuple[str, ...]]
"""A row of a table: its index and its cells."""
Kind = tuple[bool, bool]
"""What a profile is for: T.38, untouched."""


def file_name(device: Device) -> str:
    """<mac>.ini, or by the device's name; such a name has no hyphen."""
    return f"{device.mac.replace(':', '') if device.mac else device.name.replace('-', '_')}.ini"


def render(device: Device) -> bytes:
    """The device's file."""
    values = settle(device, MODELS, SETTINGS, TEXTS)
    device = meant(device, SETTINGS, TEXTS)
    no_required(device.server, "timers")
    ascii_only(device)
    bounded(device, _LONGEST)
    without_characters(device, "\";,'", "no ini table can write that")
    if found := set(values["dial_plan"]) & set("\"';"):
        raise Malformed(f"{device.name}: dial_plan holds {' '.join(sorted(found))}, no ini can write")
    lines = [f"{key} = {value}" for key, value in _parameters(device, values)]
    for name, rows in _tables(device):
        lines += ["", f"[ {name} ]", _format(name), *(_row(name, row) for row in rows), f"[ \\{name} ]"]
    return ("\r\n".join(lines) + "\r\n").encode()


def parse(content: bytes, model: str) -> Device:
    """What such a file means."""
    if model not in MODELS:
        raise Malformed(f"{model} is not of this family")
    pairs, tables = _opened(content)
    reader = Reader(pairs, "the file")
    for key, value in _FIXED:
        reader.expect(key, value)
    values = {
        "caller_id": reader.choice("CallerIDType", _CALLER_ID),
        "polarity": reader.choice("EnableReversalPolarity", _SWITCH),
        "dial_plan": _bare(reader.take("DigitMapping")),
    }
    if (clock := reader.optional("NTPServerIP")) is not None:
        values["ntp"] = clock
    url = reader.optional("IniFileURL")
    server = _read_server(reader, tables)
    reader.finish()
    return Device(
        name="",
        model=model,
        mac=None,
        server=server,
        ports=_read_ports(tables, MODELS[model]),
        settings=overrides(values, SETTINGS, TEXTS),
        fetch_url=None if url is None else _bare(url).rpartition("/")[0],
    )


def sent_by(user_agent: str) -> str | None:
    """An AudioCodes names its model, never its MAC: ""."""
    return "" if re.fullmatch(r"(Mozilla/4\.0 \(compatible; )?AudioCodes;? ?.*", user_agent) else None


# writing


def _parameters(device: Device, values: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    server = device.server
    domain, _ = host_and_port(server.domain)
    yield from _FIXED
    yield from (
        ("CallerIDType", _CALLER_ID[values["caller_id"]]),
        ("EnableReversalPolarity", _SWITCH[values["polarity"]]),
        ("DigitMapping", f"'{values['dial_plan']}'"),
        ("SIPGatewayName", f"'{domain}'"),
        ("ProxyName", f"'{domain}'"),
        ("RegistrarName", f"'{domain}'"),
        ("SIPTransportType", _TRANSPORT[server.transport]),
        ("RegistrationTime", str(server.expires)),
        ("PRACKMode", _RELIABLE[server.reliable]),
        ("SIPSessionExpires", "0" if server.timers == "none" else str(server.session_expires)),
        ("MinSE", str(server.least_expires)),
        ("IsUserPhone", "1" if server.user_phone else "0"),
    )
    if "ntp" in values:
        yield "NTPServerIP", host_name(values["ntp"], "ntp")
    if device.fetch_url is not None:
        yield "IniFileURL", "'{}://{}/{}'".format(*scheme_and_path(device.fetch_url), file_name(device))


def _tables(device: Device) -> Iterable[tuple[str, Sequence[Row]]]:
    kinds = sorted({(line.t38, line.untouched) for _, line in device.lines})
    lines = [(number - 1, line) for number, line in device.lines]
    yield "ProxyIp", [(0, (address(*next_hop(device.server)), "-1", "0"))]
    yield "CodersGroup0", [*enumerate(_CODERS)]
    yield "TelProfile", [(index, _profile(kind)) for index, kind in enumerate(kinds, start=1)]
    yield (
        "TrunkGroup",
        [(row, _trunk_group(place + 1, line, kinds)) for row, (place, line) in enumerate(lines)],
    )
    yield "Authentication", [(place, (line.auth_user, line.password)) for place, line in lines]
    yield "CallerDisplayInfo", [(place, (line.display, "0")) for place, line in lines]


def _profile(kind: Kind) -> tuple[str, ...]:
    t38, untouched = kind
    fax = _FAX["t38" if t38 else "passthrough"]
    return "", "1", "0", fax, *_JITTER[untouched], "0" if untouched else "1"


def _trunk_group(port: int, line: Line, kinds: Sequence[Kind]) -> tuple[str, ...]:
    profile = kinds.index((line.t38, line.untouched)) + 1
    return "1", "255", str(port), str(port), line.user, str(profile), "255", "255"


def _format(table: str) -> str:
    return f"FORMAT {table}_Index = {', '.join(f'{table}_{column}' for column in _TABLES[table])};"


def _row(table: str, row: Row) -> str:
    index, cells = row
    return f"{table} {index} = {', '.join(_cell(cell) for cell in cells)};"


def _cell(text: str) -> str:
    return text if re.fullmatch(r"-?[0-9]+", text) and len(text) < 6 else f'"{text}"'


# reading


def _opened(content: bytes) -> tuple[list[tuple[str, str]], dict[str, dict[int, tuple[str, ...]]]]:
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        raise Malformed("the file is not ASCII") from None
    if not text.endswith("\r\n"):
        raise Malformed("the file does not end its last line with a carriage return")
    pairs: list[tuple[str, str]] = []
    tables: dict[str, dict[int, tuple[str, ...]]] = {}
    lines = iter(line.strip() for line in text.split("\r\n"))
    for line in lines:
        if not line or line.startswith(";"):
            continue
        if found := re.fullmatch(r"\[ ?(\w+) ?\]", line):
            if found[1] in tables or found[1] not in _TABLES:
                raise Malformed(f"a table {found[1]} too many")
            tables[found[1]] = _read_table(found[1], lines)
            continue
        key, equals, value = line.partition("=")
        if not equals:
            raise Malformed(f"{key.strip()} is not of the form name = value")
        pairs.append((key.strip(), value.strip()))
    if missing := [name for name in _TABLES if name not in tables]:
        raise Malformed(f"the table {missing[0]} is missing")
    return pairs, tables


def _read_table(name: str, lines: Iterable[str]) -> dict[int, tuple[str, ...]]:
    columns = ", ".join(f"{name}_{column}" for column in _TABLES[name])
    heading = False
    rows: dict[int, tuple[str, ...]] = {}
    for line in lines:
        if re.fullmatch(rf"\[ ?\\{name} ?\]", line):
            return rows
        if not heading:
            if line != f"FORMAT {name}_Index = {columns};":
                raise Malformed(f"the table {name} has other columns")
            heading = True
            continue
        found = re.fullmatch(rf"{name} ([0-9]+) = (.*);", line)
        cells = re.findall(r'"([^"]*)"|([^",\s]+)', found[2]) if found else []
        if not found or len(cells) != len(_TABLES[name]) or int(found[1]) in rows:
            raise Malformed(f"a row of the table {name} is not as it should be")
        rows[int(found[1])] = tuple(quoted or bare for quoted, bare in cells)
    raise Malformed(f"the table {name} does not end")


def _bare(quoted: str) -> str:
    if not re.fullmatch("'[^']*'", quoted):
        raise Malformed("a text stands without its inverted commas")
    return quoted[1:-1]


def _read_server(reader: Reader, tables: Mapping[str, Mapping[int, tuple[str, ...]]]) -> Server:
    name = _bare(reader.take("ProxyName"))
    reader.expect("RegistrarName", f"'{name}'")
    reader.expect("SIPGatewayName", f"'{name}'")
    if list(tables["ProxyIp"]) != [0] or tables["ProxyIp"][0][1:] != ("-1", "0"):
        raise Malformed("there is not just one proxy")
    if tables["CodersGroup0"] != dict(enumerate(_CODERS)):
        raise Malformed("the coders are not A-law first")
    domain, proxy = domain_and_proxy(name, *host_and_port(tables["ProxyIp"][0][0]))
    expires, least = reader.number("SIPSessionExpires"), reader.number("MinSE")
    usual = Server(domain=domain)
    return Server(
        domain=domain,
        proxy=proxy,
        transport=reader.choice("SIPTransportType", _TRANSPORT),
        expires=reader.number("RegistrationTime"),
        reliable=reader.choice("PRACKMode", _RELIABLE),
        timers="supported" if expires else "none",
        session_expires=expires or usual.session_expires,
        least_expires=least,
        user_phone=reader.flag("IsUserPhone"),
    )


def _read_ports(tables: Mapping[str, Mapping[int, tuple[str, ...]]], ports: int) -> tuple[Port, ...]:
    both = (False, True)
    kinds: dict[tuple[str, ...], Kind] = {_profile(kind): kind for kind in product(both, both)}
    profiles: dict[int, Kind] = {}
    for index, row in tables["TelProfile"].items():
        if row not in kinds:
            raise Malformed(f"TelProfile {index} is none of ours")
        profiles[index] = kinds[row]
    lines: dict[int, Line] = {}
    for group, trunk, first, last, user, profile, last_trunk, module in tables["TrunkGroup"].values():
        port = int(first) if first.isdigit() else 0
        whole = (group, trunk, last_trunk, module) == ("1", "255", "255", "255")
        if not whole or first != last or not 1 <= port <= ports or port in lines or not profile.isdigit():
            raise Malformed("TrunkGroup does not name each port in use once")
        if not {port - 1} <= tables["Authentication"].keys() & tables["CallerDisplayInfo"].keys():
            raise Malformed(f"port {port} has a number and no password or name")
        if int(profile) not in profiles:
            raise Malformed(f"port {port} is on a profile that is not there")
        auth_user, password = tables["Authentication"][port - 1]
        display, restricted = tables["CallerDisplayInfo"][port - 1]
        if restricted != "0":
            raise Malformed(f"port {port} hides its number")
        t38, untouched = profiles[int(profile)]
        texts = {"user": user, "auth_user": auth_user, "password": password, "display": display}
        lines[port] = Line(**texts, t38=t38, untouched=untouched)
    if {port - 1 for port in lines} != tables["Authentication"].keys() | tables["CallerDisplayInfo"].keys():
        raise Malformed("a port without a number has a password or a name")
    return tuple(
        Port(number=port, line=lines[port]) if port in lines else Port(number=port)
        for port in range(1, ports + 1)
    )
