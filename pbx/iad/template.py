"""A user's own template for boxes without a public format: ${name} is put in, and nothing else (自备模板).

The language has no logic on purpose: what a file says is seen by looking at the template and its sample.
pbx/iad/TEMPLATES.md describes the folder; template_folder.py reads and checks one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape as html_escape
from types import MappingProxyType

from pbx.errors import Malformed
from pbx.iad.device import Device, Label, Line, Port, plain

_MARK = re.compile(r"\$(?P<kept>\$?)\{(?P<name>[^{}\n]*)(?P<end>\}?)")
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_MAC = r"((?:[0-9A-Fa-f]{2}[:-]?){5}[0-9A-Fa-f]{2})"
_LONGEST_AGENT = 500

ENCODINGS: Mapping[str, str] = {
    "ascii": "ascii",
    "gb18030": "gb18030",
    "gbk": "gbk",
    "utf-8": "utf-8",
    "utf-8-bom": "utf-8-sig",
}
"""The encodings a template may have, and Python's name for each."""
LINE_ENDS: Mapping[str, str] = {"lf": "\n", "crlf": "\r\n"}

ESCAPES: Mapping[str, Callable[[str], str]] = {
    "none": lambda text: text,
    "xml": lambda text: html_escape(text, quote=True),
    "ini-quote": lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"',
}
"""How a text is made harmless in the file."""


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _host(address: str | None) -> str | None:
    return address and address.partition(":")[0]


def _port(address: str | None, transport: str) -> str | None:
    return address and (address.partition(":")[2] or ("5061" if transport == "tls" else "5060"))


OF_DEVICE: Mapping[str, Callable[[Device], str | None]] = {
    "name": lambda device: device.name,
    "model": lambda device: device.model,
    "mac": lambda device: device.mac and device.mac.replace(":", ""),
    "mac_upper": lambda device: device.mac and device.mac.replace(":", "").upper(),
    "mac_colons": lambda device: device.mac,
    "domain": lambda device: device.server.domain,
    "domain_host": lambda device: _host(device.server.domain),
    "domain_port": lambda device: _port(device.server.domain, device.server.transport),
    "proxy": lambda device: device.server.proxy or "",
    "proxy_host": lambda device: _host(device.server.proxy) or "",
    "proxy_port": lambda device: _port(device.server.proxy, device.server.transport) or "",
    "transport": lambda device: device.server.transport,
    "expires": lambda device: str(device.server.expires),
    "reliable": lambda device: device.server.reliable,
    "timers": lambda device: device.server.timers,
    "session_expires": lambda device: str(device.server.session_expires),
    "least_expires": lambda device: str(device.server.least_expires),
    "user_phone": lambda device: _yes(device.server.user_phone),
    "fetch_url": lambda device: device.fetch_url or "",
    "admin_password": lambda device: device.admin_password,
    "ports": lambda device: str(len(device.ports)),
    "used_ports": lambda device: str(len(device.lines)),
}
"""What may stand everywhere; None where this device has no such thing, and the template cannot do without."""
OF_PORT: Mapping[str, Callable[[Port], str]] = {
    "port": lambda port: str(port.number),
    "port_from_0": lambda port: str(port.number - 1),
}
"""What may stand in the blocks of ports, used or not."""
OF_LINE: Mapping[str, Callable[[Line], str]] = {
    "user": lambda line: line.user,
    "auth_user": lambda line: line.auth_user,
    "password": lambda line: line.password,
    "display": lambda line: line.display,
    "untouched": lambda line: _yes(line.untouched),
    "t38": lambda line: _yes(line.t38),
}
"""What may stand in the block of a used port alone: an unused one never shows a secret."""
OF_LABEL: Mapping[str, Callable[[Label], str]] = {
    "short_number": lambda label: label.short_number,
    "seat_name": lambda label: label.name,
    "department": lambda label: label.department,
}
"""Whose telephone it is, for people: in the block of a used port alone."""
NOBODY = Label()
NO_LABELS: Mapping[int, Label] = MappingProxyType({})
TEXTS = frozenset(
    (
        *OF_LABEL,
        *("name", "domain", "domain_host", "proxy", "proxy_host", "fetch_url", "admin_password"),
        *("user", "auth_user", "password", "display"),
    )
)
"""The variables that are escaped, as settings of any text are; the others are words and figures of ours."""
IN_FILE_NAME = frozenset(("name", "model", "mac", "mac_upper", "mac_colons"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A file of the template: its name, for messages, and its lines, without their ends."""

    file: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What stands for each port, used and unused, in the place of a line of the template."""

    used: Text
    unused: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A line of the result and where it comes from."""

    text: str
    file: str
    line: int
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """All that variables.toml says. `values` are the box's words for ours; no text holds one of `refused`."""

    model: str
    ports: int
    file_name: str
    device: Text
    blocks: Mapping[str, Block] = field(hash=False)
    encoding: str = "utf-8"
    line_ends: str = "lf"
    escape: str = "none"
    refused: str = ""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    check_sync: str | None = None
    user_agent: str | None = None


class Template:
    """A family of one model, with a user's template; it has all of `Family` but the way back.

    A setting that may be any text has no default: TEXTS is empty, and the contract says it.
    """

    MODELS: Mapping[str, int]
    SETTINGS: Mapping[str, tuple[str, ...]]
    TEXTS: Mapping[str, str]
    LACKS: frozenset[str]
    CHECK_SYNC: str | None

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self.MODELS = {shape.model: shape.ports}
        self.SETTINGS = shape.settings
        self.TEXTS = {}
        self.LACKS = frozenset() if _asks_for(shape, "fetch_url") else frozenset({"fetch_url"})
        self.CHECK_SYNC = shape.check_sync
        self._agent = None if shape.user_agent is None else re.compile(_agent(shape.user_agent))

    def file_name(self, device: Device) -> str:
        """The name by the pattern of variables.toml. Malformed without a MAC it needs."""
        where = "variables.toml: file_name"
        name = put_in(self._shape.file_name, lambda name: self._of_device(device, name), where)
        if not _FILE_NAME.fullmatch(name):
            raise Malformed(f"{device.name}: {name!r} is no file name of letters, digits and . _ -")
        return name

    def render(self, device: Device, labels: Mapping[int, Label] = NO_LABELS) -> bytes:
        """The device's file; `labels` say whose telephone each port in use is.

        Malformed for what the template cannot say of this device."""
        end = LINE_ENDS[self._shape.line_ends]
        text = "".join(made.text + end for made in self.lines(device, labels))
        try:
            return text.encode(ENCODINGS[self._shape.encoding])
        except UnicodeEncodeError as fault:
            odd = f"U+{ord(text[fault.start]):04X}"
            raise Malformed(
                f"{device.name}: {self._shape.encoding} cannot hold the character {odd}"
            ) from None

    def lines(self, device: Device, labels: Mapping[int, Label] = NO_LABELS) -> Iterator[Made]:
        """The lines of the device's file, each with the line of the template it comes from."""
        if device.model != self._shape.model or len(device.ports) != self._shape.ports:
            raise Malformed(
                f"{device.name} is a {device.model} with {len(device.ports)} ports; "
                f"the template is for {self._shape.model} with {self._shape.ports}: the contract "
                f'says how many with settings: {{ports: "{self._shape.ports}"}}'
            )
        if unknown := sorted(set(device.settings) - set(self.SETTINGS)):
            raise Malformed(f"{device.name}: the template of {device.model} has no setting {unknown[0]!r}")
        for number, line in enumerate(self._shape.device.lines, start=1):
            block = self._shape.blocks.get(line.strip())
            if block is None:
                yield self._made(device, self._shape.device, number, line, None, NOBODY)
                continue
            for port in device.ports:
                text = block.unused if port.line is None else block.used
                for at, inner in enumerate(text.lines, start=1):
                    yield self._made(device, text, at, inner, port, labels.get(port.number, NOBODY))

    def parse(self, content: bytes, model: str) -> Device:
        """Not possible: a template says how a file is written, not how one is read."""
        raise Malformed(f"a file of {model} is written by a template, which cannot read it back")

    def sent_by(self, user_agent: str) -> str | None:
        """By the pattern `user_agent` of variables.toml; without one any User-Agent will do."""
        if self._agent is None:
            return ""
        found = self._agent.fullmatch(user_agent[:_LONGEST_AGENT])
        if found is None:
            return None
        digits = re.sub(r"[:-]", "", found[1]).lower() if self._agent.groups else ""
        return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))

    def _made(
        self, device: Device, text: Text, number: int, line: str, port: Port | None, label: Label
    ) -> Made:
        where = f"{text.file}:{number}"

        def value(name: str) -> str:
            if port is not None and name in OF_PORT:
                return OF_PORT[name](port)
            if port is not None and port.line is not None and (name in OF_LINE or name in OF_LABEL):
                said = OF_LINE[name](port.line) if name in OF_LINE else OF_LABEL[name](label)
                return self._written(name, said, f"{device.name} port {port.number}")
            return self._of_device(device, name)

        return Made(
            text=put_in(line, value, where),
            file=text.file,
            line=number,
            port=None if port is None else port.number,
        )

    def _of_device(self, device: Device, name: str) -> str:
        if name in self.SETTINGS:
            return self._written(name, self._setting(device, name), device.name)
        value = OF_DEVICE[name](device)
        if value is None:
            raise Malformed(f"{device.name} has no {name.replace('_', ' ')}, and the template needs it")
        return self._written(name, value, device.name)

    def _setting(self, device: Device, name: str) -> str:
        known = self.SETTINGS[name]
        if name not in device.settings:
            if not known:
                raise Malformed(
                    f"{device.name}: the template needs the setting {name}, and it has no default"
                )
            return known[0]
        value = device.settings[name]
        if known and value not in known:
            raise Malformed(f"{device.name}: {name} is {', '.join(known)}, not {value!r}")
        return value

    def _written(self, name: str, value: str, whose: str) -> str:
        """The value as it stands in the file: the box's word for it, or the text made harmless."""
        if name in self._shape.values:
            words = self._shape.values[name]
            if value not in words:
                raise Malformed(f"{whose}: variables.toml [values.{name}] has no word for {value!r}")
            return words[value]
        plain(value, f"{whose}: {name}")
        if name not in TEXTS and self.SETTINGS.get(name, ("a word",)):
            return value
        if odd := next((each for each in value if each in self._shape.refused), None):
            raise Malformed(f"{whose}: {name} holds {odd!r}, which the template refuses")
        return ESCAPES[self._shape.escape](value)


def put_in(text: str, value: Callable[[str], str], where: str) -> str:
    """The text with its ${name}s replaced; $${ stands for ${ itself. Malformed for one that has no end."""

    def replaced(mark: re.Match[str]) -> str:
        if mark["kept"]:
            return mark[0][1:]
        if not mark["end"]:
            raise Malformed(f"{where}:{mark.start() + 1}: a ${{ without its }}; write $${{ for the two signs")
        return value(mark["name"])

    return _MARK.sub(replaced, text)


def names_in(text: str, where: str) -> tuple[tuple[str, int], ...]:
    """The names a line asks for, each with its column. Malformed as `put_in`."""
    put_in(text, lambda name: name, where)
    return tuple((mark["name"], mark.start() + 1) for mark in _MARK.finditer(text) if not mark["kept"])


def _asks_for(shape: Shape, name: str) -> bool:
    """Whether the files of the template say that anywhere."""
    texts = [shape.device, *(text for block in shape.blocks.values() for text in (block.used, block.unused))]
    return any(name == one for text in texts for line in text.lines for one, _ in names_in(line, text.file))


def _agent(pattern: str) -> str:
    """The pattern of a User-Agent as a regular expression: * is anything, ${mac} a MAC, however written."""
    parts = re.split(r"(\*|\$\{mac\})", pattern)
    return "".join({"*": ".*", "${mac}": _MAC}.get(part) or re.escape(part) for part in parts)
