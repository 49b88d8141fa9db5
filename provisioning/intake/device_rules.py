"""What must hold between a site's IADs, their models and the seats on their ports (接入设备校验)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from provisioning.core.contract import Contract
from provisioning.core.iad_model import UnknownModel
from provisioning.core.problem import Problem
from provisioning.intake import build
from provisioning.intake.fields import Fields
from provisioning.intake.paper import Paper, Rule
from provisioning.intake.text_form import nearest

PORTS = "ports"
"""The setting that says how many ports a device has whose maker publishes nothing."""
MOST_PORTS = 1024


def model_known(paper: Paper) -> Iterator[Problem]:
    """An IAD is of a model that we write a file for, or it is set up by hand from a worksheet."""
    for iad in paper.site.groups("iads"):
        name = iad.get("model")
        if paper.models is None or name is None:
            continue
        try:
            model = paper.models(name)
        except UnknownModel as unknown:
            yield iad.problem(
                "model", "unknown-model", str(unknown), f"did you mean {' or '.join(unknown.near)}?"
            )
            continue
        if model.strange:
            yield iad.warning(
                "model",
                "strange-model",
                f"{name} is no model that seatline writes a file for: a worksheet says how to set it up",
                "write maker and model in small letters, such as grandstream-gxw4224 or huawei-iad208e",
            )


def settings_fit(paper: Paper) -> Iterator[Problem]:
    """A setting of an IAD is one that its family has, with a value that it may have."""
    for iad in paper.site.groups("iads"):
        model = paper.model(iad)
        if model is None:
            continue
        settings = iad.group("settings")
        if model.settings is None:
            yield from _counted(settings)
            continue
        for key in settings.values:
            may = model.settings.get(key)
            value = settings.get(key)
            if may is None:
                close = nearest(key, model.settings)
                known = ", ".join(sorted(model.settings)) or "none"
                yield settings.problem(
                    key,
                    "unknown-setting",
                    f"a {model.name} has no setting {key}",
                    f"did you mean {close}?" if close else f"its settings are {known}",
                )
            elif may and value not in may:
                yield settings.problem(
                    key,
                    "wrong-setting",
                    f'{key} of a {model.name} cannot be "{value}"',
                    f"write one of {', '.join(may)}",
                )


def _counted(settings: Fields) -> Iterator[Problem]:
    """The number of ports of a device whose maker publishes nothing; other settings are a template's."""
    said: str | None = settings.get(PORTS)
    if said is not None and not (said.isascii() and said.isdecimal() and 1 <= int(said) <= MOST_PORTS):
        yield settings.problem(
            PORTS,
            "wrong-setting",
            f'"{said}" is no number of ports',
            f"write how many telephone ports the device has, from 1 to {MOST_PORTS}",
        )


def ports_fit(paper: Paper) -> Iterator[Problem]:
    """A row names an IAD of the site and a port that it has, and no two rows the same port."""
    names = [iad.get("name") for iad in paper.site.groups("iads")]
    known = paper.site.sound("iads")
    first: dict[tuple[str, int], str] = {}
    for row in paper.seats:
        iad, port = row.get("iad"), row.get("port")
        if iad is not None and known and iad not in names:
            listed = ", ".join(sorted(name for name in names if name)) or "none"
            yield row.problem(
                "iad",
                "unknown-iad",
                f"there is no IAD {iad} at the site",
                f"site.iads lists {listed}; correct the row or add the IAD there",
            )
        if port is not None and iad is None and "iad" not in row.faulty and known and len(names) != 1:
            yield row.problem(
                "port",
                "port-without-iad",
                f"port {port} of which IAD is not said",
                "write the IAD's name in the column iad (接入设备), or leave both empty",
            )
        place = _place(paper, row)
        if place is None:
            continue
        if place in first:
            yield row.problem(
                "port",
                "duplicate-port",
                f"port {port} of {place[0]} is used twice; first in {first[place]}",
                "give each seat its own port",
            )
        first.setdefault(place, row.where("port"))


def ports_there(paper: Paper) -> Iterator[Problem]:
    """A seat's port is one that its IAD has, where that is known."""
    ports = {iad.get("name"): (iad.get("model"), _ports(paper, iad)) for iad in paper.site.groups("iads")}
    for row in paper.seats:
        place = _place(paper, row)
        model, most = ports.get(place[0], (None, None)) if place else (None, None)
        if place is not None and most is not None and place[1] > most:
            yield row.problem(
                "port",
                "port-beyond-model",
                f"port {place[1]} of {place[0]}: a {model} has {most}",
                "correct the port, the IAD or its model",
            )


def ports_suffice(paper: Paper) -> Iterator[Problem]:
    """The IADs have a port for every seat (else a warning), and each for all the seats that name it."""
    iads = paper.site.groups("iads")
    ports = {iad.get("name"): _ports(paper, iad) for iad in iads}
    if not iads or paper.rows is None:
        return
    total, seats = 0, len(paper.seats)
    for iad in iads:
        name, most = iad.get("name"), ports[iad.get("name")]
        if most is None:
            total = seats
            continue
        total += most
        named = sum(row.get("iad") == name for row in paper.seats)
        if name is not None and named > most:
            yield iad.problem(
                "model",
                "iad-overfull",
                f"{named} seats name {name}, which has {_ports_said(most)}: {named - most} too few",
                "let the rows name other IADs, or none: then ports are allotted in order",
            )
    if total < seats:
        listed = ", ".join(f"{name} {most}" for name, most in ports.items())
        yield paper.site.warning(
            "iads",
            "too-few-ports",
            f"{seats} seats, and all IADs have {_ports_said(total)} ({listed}): {seats - total} get none",
            "add an IAD under site.iads, or take a larger model",
        )


def _ports_said(count: int) -> str:
    return "1 port" if count == 1 else f"{count} ports"


def mac_there(paper: Paper) -> Iterator[Problem]:
    """Where a family's files are named by the device's MAC address, the contract file should say it."""
    for iad in paper.site.groups("iads"):
        model = paper.model(iad)
        if model is not None and model.needs_mac and not iad.has("mac") and "mac" not in iad.faulty:
            yield iad.warning(
                "name",
                "iad-without-mac",
                f"{iad.get('name') or 'the IAD'} has no MAC address: a {model.name} asks for its file by it",
                'write mac: "..." from the device\'s label before its file is written',
            )


def switchless_complete(paper: Paper) -> Iterator[Problem]:
    """Without a switch the IADs register to the operator's IMS themselves, each number with its own."""
    site = paper.site
    if site.get("switch") != "none":
        return
    if not site.has("ims") and "ims" not in site.faulty:
        yield site.problem(
            "switch",
            "switchless-without-ims",
            "switch: none lets the IADs register to the operator's IMS, and the site has no ims",
            "write ims: with domain and proxy of the operator, or delete switch: none",
        )
    if site.group("ims").get("register") == "trunk":
        yield site.group("ims").problem(
            "register",
            "switchless-trunk",
            "register: trunk needs a switch that registers for all seats, and the site has switch: none",
            "write register: seat, or delete switch: none",
        )
    if not site.groups("iads") and "iads" not in site.faulty:
        yield site.warning(
            "switch",
            "switchless-without-iads",
            "the site has neither switch nor IADs: nothing of it is configured",
            "write iads: with name and model of each, or delete switch: none",
        )


def unwritten(paper: Paper, unwritable: Callable[[Contract], Mapping[str, str]]) -> Iterator[Problem]:
    """The file of every IAD can be written: what its format cannot hold stands in the contract file.

    `unwritable` gives the reasons by IAD, a line each."""
    iads = paper.site.groups("iads")
    faults = unwritable(build.contract(paper)) if iads else {}
    for iad in iads:
        settings = iad.group("settings")
        for why in faults.get(iad.get("name"), "").splitlines():
            key = next((key for key in settings.values if names_setting(why, key)), None)
            where, at = (settings, key) if key is not None else (iad, "model")
            yield where.problem(
                at,
                "unwritable-iad",
                f"no file can be written for {iad.get('name')}: {why}",
                "correct the device's model or settings here, or the seats on it in the sheet",
            )


def names_setting(why: str, key: str) -> bool:
    """Whether the reason why a file cannot be written is about that setting."""
    return re.search(rf"\b{re.escape(key)}\b", why) is not None


def _place(paper: Paper, row: Fields) -> tuple[str, int] | None:
    """The IAD and port a row says; a port alone is one of the only IAD there is."""
    port = row.get("port")
    if port is None:
        return None
    iad = row.get("iad")
    iads = paper.site.groups("iads")
    if iad is None and "iad" not in row.faulty and len(iads) == 1:
        iad = iads[0].get("name")
    return None if iad is None else (iad, port)


def _ports(paper: Paper, iad: Fields) -> int | None:
    """How many ports an IAD has, by its model or by its settings; None where nobody knows."""
    model = paper.model(iad)
    if model is None or model.ports is not None:
        return None if model is None else model.ports
    said: str = iad.group("settings").get(PORTS) or ""
    return int(said) if said.isascii() and said.isdecimal() and 1 <= int(said) <= MOST_PORTS else None


DEVICE_RULES: tuple[Rule, ...] = (
    model_known,
    settings_fit,
    ports_fit,
    ports_there,
    ports_suffice,
    mac_there,
    switchless_complete,
)
