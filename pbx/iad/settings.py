"""What all families ask of a device before they write it, and what its settings come to (线路参数)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from pbx.errors import Malformed
from pbx.iad.device import Device, Line, Server

LINE_FIELDS = ("user", "auth_user", "password", "display")
PRINTABLE = re.compile(r"[!-~]*")
"""Printable ASCII without blanks: what the web pages of gateways take as a password."""


def settle(
    device: Device,
    models: Mapping[str, int],
    settings: Mapping[str, tuple[str, ...]],
    texts: Mapping[str, str],
) -> dict[str, str]:
    """All settings of the device with their values, the family's own where it overrides none.

    `texts` are the usual values of settings that may be any text; one without is left alone on the device.
    Malformed, with all that is wrong, for another model, another number of ports, an unknown setting or
    value, and blanks at the ends of a text (some families lose them, so none may have them).
    """
    faults = [*_shape_faults(device, models), *_setting_faults(device, settings), *_blank_faults(device)]
    if faults:
        raise Malformed("; ".join(faults))
    usual = {name: values[0] for name, values in settings.items() if values}
    return {**usual, **texts, **device.settings}


def overrides(
    values: Mapping[str, str], settings: Mapping[str, tuple[str, ...]], texts: Mapping[str, str]
) -> dict[str, str]:
    """The values that differ from the family's own: the opposite of `settle`."""
    usual = {name: choices[0] for name, choices in settings.items() if choices} | dict(texts)
    return {name: value for name, value in values.items() if usual.get(name) != value}


def meant(device: Device, settings: Mapping[str, tuple[str, ...]], texts: Mapping[str, str]) -> Device:
    """The device as its file says it: what says nothing is gone, `fax` stands on the lines.

    A setting that is the family's own anyway, a proxy that is the domain itself, and the lengths of session
    timers not used say nothing.
    """
    kept = overrides(device.settings, settings, texts)
    t38 = kept.pop("fax", None) == "t38"
    ports = tuple(replace(port, line=_with_fax(port.line, t38)) for port in device.ports)
    return replace(device, settings=kept, ports=ports, server=_server_meant(device.server))


def vlan(value: str) -> str:
    """A VLAN's number as a setting; Malformed for anything else."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,3}", value) or int(value) > 4094:
        raise Malformed(f"vlan is a number from 0 to 4094, not {value!r}")
    return value


def host_name(value: str, what: str) -> str:
    """A host name or address as a setting; Malformed for anything else."""
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", value):
        raise Malformed(f"{what} is a host name or an address, not {value!r}")
    return value


def web_password(device: Device, longest: int) -> str:
    """The password of the device's web page; Malformed for one its page would not take."""
    password = device.admin_password or ""
    if not 1 <= len(password) <= longest or not PRINTABLE.fullmatch(password):
        raise Malformed(
            f"{device.name}: the administrator's password has 1 to {longest} printable ASCII "
            "characters and no blank"
        )
    return password


def bounded(device: Device, longest: int) -> None:
    """Malformed, naming each, if texts of lines are longer than the family takes."""
    _refuse(
        device,
        lambda text: len(text) > longest,
        f"has over {longest} characters, the most {device.model} takes",
    )


def without_characters(device: Device, refused: str, why: str) -> None:
    """Malformed, naming each, if texts of lines hold a character that the family cannot write."""
    _refuse(
        device,
        lambda text: not set(text).isdisjoint(refused),
        f"holds one of {' '.join(refused)} and {why}",
    )


def ascii_only(device: Device) -> None:
    """Malformed, naming each, if texts of lines are not ASCII."""
    _refuse(device, lambda text: not text.isascii(), f"is not ASCII, and {device.model} takes nothing else")


def _refuse(device: Device, is_wrong: Callable[[str], bool], why: str) -> None:
    wrong = [
        f"{device.name} port {number}: {name} {why}"
        for number, line in device.lines
        for name in LINE_FIELDS
        if is_wrong(getattr(line, name))
    ]
    if wrong:
        raise Malformed("; ".join(wrong))


def no_required(server: Server, *names: str) -> None:
    """Malformed if one of reliable, timers is `required` and the family can only offer it."""
    words = {"reliable": "100rel", "timers": "session timers"}
    for name in names:
        if getattr(server, name) == "required":
            raise Malformed(
                f"this family offers {words[name]} but cannot insist on them: write `supported`, "
                "with which they are used whenever the other side asks"
            )


def _shape_faults(device: Device, models: Mapping[str, int]) -> list[str]:
    if device.model not in models:
        return [f"{device.name}: {device.model} is not of this family"]
    ports = models[device.model]
    if len(device.ports) != ports:
        return [f"{device.name}: {device.model} has {ports} ports, not {len(device.ports)}"]
    return []


def _setting_faults(device: Device, settings: Mapping[str, tuple[str, ...]]) -> list[str]:
    faults = []
    for name, value in device.settings.items():
        if name not in settings:
            faults.append(
                f"{device.name}: {device.model} has no setting {name!r}; it has {', '.join(settings)}"
            )
        elif settings[name] and value not in settings[name]:
            faults.append(f"{device.name}: {name} is one of {', '.join(settings[name])}, not {value!r}")
        elif not settings[name] and (value != value.strip() or not value.isprintable() or not value):
            faults.append(f"{device.name}: {name} is empty, has blanks at its ends or control characters")
    return faults


def _blank_faults(device: Device) -> list[str]:
    return [
        f"{device.name} port {number}: {name} has blanks at its ends"
        for number, line in device.lines
        for name in LINE_FIELDS
        if getattr(line, name) != getattr(line, name).strip()
    ]


def _with_fax(line: Line | None, t38: bool) -> Line | None:
    return line and replace(line, t38=line.t38 or t38)


def _server_meant(server: Server) -> Server:
    if server.proxy == server.domain:
        server = replace(server, proxy=None)
    if server.timers == "none":
        usual = Server(domain=server.domain)
        server = replace(server, session_expires=usual.session_expires, least_expires=usual.least_expires)
    return server
