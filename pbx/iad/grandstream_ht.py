"""Grandstream HT801, HT802, HT813 (accounts) and HT814, HT818 (two profiles, 4 or 8 ports) (潮流网络)."""

from __future__ import annotations

from collections.abc import Mapping

from pbx.errors import Malformed
from pbx.iad import grandstream, grandstream_reading
from pbx.iad.device import Device
from pbx.iad.grandstream_keys import ACCOUNT_PORTS, HT_PORTS, PROFILE

MODELS: Mapping[str, int] = {
    "grandstream-ht801": 1,
    "grandstream-ht802": 2,
    "grandstream-ht813": 1,
    "grandstream-ht814": 4,
    "grandstream-ht818": 8,
}
_SLIC = {"china": "5", "china-pbx": "6", "usa": "0"}
_CONSTANT = (
    (64, "TZY-8"),
    (342, "4"),
    (145, "0"),
    (194, "0"),
    (276, "1"),
    (28120, "1"),
    (277, "1"),
    (4428, "1"),
)
_COMMON = {name: numbers[:2] for name, numbers in PROFILE.items() if name != "codec_8"}
_KEYS = {**_COMMON, "timers": (2395, 2495)}


def _layout(accounts: int) -> grandstream.Layout:
    return grandstream.Layout(
        profile={name: numbers[: accounts or 2] for name, numbers in _KEYS.items()},
        ports=ACCOUNT_PORTS if accounts else HT_PORTS,
        accounts=bool(accounts),
        slic=_SLIC,
        constant=_CONSTANT,
    )


_LAYOUTS = {model: _layout(ports if ports <= 2 else 0) for model, ports in MODELS.items()}
SETTINGS: Mapping[str, tuple[str, ...]] = grandstream.settings(_layout(1))
TEXTS: Mapping[str, str] = grandstream.TEXTS
CHECK_SYNC: str | None = grandstream.CHECK_SYNC
LACKS: frozenset[str] = frozenset({"name"})


def file_name(device: Device) -> str:
    """cfg<mac>.xml"""
    return grandstream.file_name(device)


def render(device: Device) -> bytes:
    """The device's file."""
    return grandstream.render(device, _layout_of(device.model), MODELS)


def parse(content: bytes, model: str) -> Device:
    """What such a file means."""
    return grandstream_reading.parse(content, model, _layout_of(model), MODELS)


def sent_by(user_agent: str) -> str | None:
    """The MAC in the User-Agent of an HT8xx."""
    return grandstream.sent_by(user_agent, "HT8[0-9]{2}")


def _layout_of(model: str) -> grandstream.Layout:
    if model not in _LAYOUTS:
        raise Malformed(f"{model} is not of this family")
    return _LAYOUTS[model]
