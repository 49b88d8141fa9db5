"""Grandstream GXW4216, 4224, 4232 and 4248: cfg<mac>.xml with four profiles and 16 to 48 ports (潮流网络)."""

from __future__ import annotations

from collections.abc import Mapping

from pbx.iad import grandstream, grandstream_reading
from pbx.iad.device import Device
from pbx.iad.grandstream_keys import GXW_PORTS, PROFILE

MODELS: Mapping[str, int] = {
    "grandstream-gxw4216": 16,
    "grandstream-gxw4224": 24,
    "grandstream-gxw4232": 32,
    "grandstream-gxw4248": 48,
}
LAYOUT = grandstream.Layout(
    profile=PROFILE,
    ports=GXW_PORTS,
    accounts=False,
    slic={"china": "14", "usa": "0"},
    constant=(
        (64, "TZY-8"),
        (342, "4"),
        (1362, "zh"),
        (145, "0"),
        (194, "0"),
        (276, "1"),
        (277, "1"),
        (4428, "1"),
    ),
)
"""GMT+8, Chinese; option 66 of a DHCP server moves it nowhere, it asks for files when notified and at its
start only, no telnet, no calls by address; a NOTIFY is not challenged, and comes from the proxy only."""
SETTINGS: Mapping[str, tuple[str, ...]] = grandstream.settings(LAYOUT)
TEXTS: Mapping[str, str] = grandstream.TEXTS
CHECK_SYNC: str | None = grandstream.CHECK_SYNC
LACKS: frozenset[str] = frozenset({"name"})


def file_name(device: Device) -> str:
    """cfg<mac>.xml"""
    return grandstream.file_name(device)


def render(device: Device) -> bytes:
    """The device's file."""
    return grandstream.render(device, LAYOUT, MODELS)


def parse(content: bytes, model: str) -> Device:
    """What such a file means."""
    return grandstream_reading.parse(content, model, LAYOUT, MODELS)


def sent_by(user_agent: str) -> str | None:
    """The MAC in the User-Agent of a GXW42xx."""
    return grandstream.sent_by(user_agent, "GXW42[0-9]{2}")
