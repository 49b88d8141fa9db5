"""What pbx/iad knows of a model, for the rules of contract files and for allotting ports (机型)."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache

from pbx.errors import Malformed
from pbx.iad import models
from pbx.iad.device import Device, Port, Server
from provisioning.core.iad_model import IadModel, UnknownModel
from provisioning.core.site import Iad

PORTS = "ports"
"""The setting by which the contract says how many ports a device has whose maker publishes nothing."""


@cache
def iad_model(name: str) -> IadModel:
    """The model of that name; UnknownModel for a slip. Of any other box there can be a worksheet."""
    try:
        ports = models.ports_of(name)
    except Malformed:
        if near := _near(name):
            raise UnknownModel(name, near) from None
        return IadModel(name=name, ports=None, strange=True)
    if ports is None:
        return IadModel(name=name, ports=None)
    family = models.family_of(name)
    nameless = Device(
        name="iad",
        model=name,
        mac=None,
        server=Server(domain="127.0.0.1"),
        ports=tuple(Port(number=number) for number in range(1, ports + 1)),
    )
    try:
        family.file_name(nameless)
    except Malformed:
        needs_mac = True
    else:
        needs_mac = False
    return IadModel(name=name, ports=ports, settings=family.SETTINGS, needs_mac=needs_mac)


def _near(name: str) -> tuple[str, ...]:
    """The models that may be meant: the same without its maker, in capitals, or nearly the same."""
    small = re.sub(r"-?v[0-9]$", "", name.lower())
    if whole := tuple(model for model in models.MODELS if model == small or model.endswith(f"-{small}")):
        return whole
    return tuple(get_close_matches(small, models.MODELS, n=3, cutoff=0.75))


def ports_of(iad: Iad) -> int | None:
    """How many ports an IAD has; None where neither its model nor its settings say. Loads no family."""
    try:
        known = models.ports_of(iad.model)
    except Malformed:
        known = None
    said = iad.settings.get(PORTS, "")
    return int(said) if known is None and said.isdecimal() and int(said) else known
