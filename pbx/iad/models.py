"""Which models there are, how many ports each has, and the family that writes its file (机型).

Families are imported when one is needed: `lookup` and `check` ask for names and ports only. MODELS repeats
what each family says of itself; a test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from pbx.errors import Malformed
from pbx.iad.family import Family

_PORTS: Mapping[str, Mapping[str, int]] = {
    "grandstream_gxw": {
        "grandstream-gxw4216": 16,
        "grandstream-gxw4224": 24,
        "grandstream-gxw4232": 32,
        "grandstream-gxw4248": 48,
    },
    "grandstream_ht": {
        "grandstream-ht801": 1,
        "grandstream-ht802": 2,
        "grandstream-ht813": 1,
        "grandstream-ht814": 4,
        "grandstream-ht818": 8,
    },
    "cisco": {
        "cisco-spa112": 2,
        "cisco-spa122": 2,
        "cisco-spa8000": 8,
        "cisco-ata191": 2,
        "cisco-ata192": 2,
    },
    "yealink": {
        "yealink-t33g": 4,
        "yealink-t41s": 6,
        "yealink-t42s": 12,
        "yealink-t43u": 12,
        "yealink-t46g": 16,
        "yealink-t46s": 16,
        "yealink-t46u": 16,
        "yealink-t48s": 16,
        "yealink-t48u": 16,
        "yealink-t53": 12,
        "yealink-t54w": 16,
        "yealink-t57w": 16,
        "yealink-t58w": 16,
    },
    "tr104": {f"tr104-{lines}": lines for lines in (1, 2, 4, 8, 16, 24, 32, 48, 64)},
    "audiocodes": {
        "audiocodes-mp112": 2,
        "audiocodes-mp114": 4,
        "audiocodes-mp118": 8,
        "audiocodes-mp124": 24,
    },
    "patton": {
        "patton-sn4112": 2,
        "patton-sn4114": 4,
        "patton-sn4116": 6,
        "patton-sn4118": 8,
        "patton-sn4316": 16,
        "patton-sn4324": 24,
        "patton-sn4332": 32,
    },
}
MODELS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {model: (family, ports) for family, models in _PORTS.items() for model, ports in models.items()}
)
"""Every model we write a file for: the name of its family and its FXS ports (accounts, for a phone)."""

WORKSHEET_VENDORS: Mapping[str, str] = MappingProxyType(
    {"huawei": "Huawei", "zte": "ZTE", "dinstar": "Dinstar", "newrock": "New Rock", "maipu": "Maipu"}
)
"""Vendors without a public format, by the first word of a model: a worksheet or a user's template instead."""


def family_of(model: str) -> Family:
    """The family that writes this model's file. Malformed for a model that has none, naming near ones."""
    if model in MODELS:
        return FAMILIES[MODELS[model][0]]()
    if vendor := worksheet_vendor(model):
        raise Malformed(
            f"{vendor} publishes no file format for {model}: it gets a worksheet, or a template of yours"
        )
    raise _unknown(model)


def ports_of(model: str) -> int | None:
    """How many ports the model has; None for a worksheet-only model. Malformed for an unknown one."""
    if model in MODELS:
        return MODELS[model][1]
    if worksheet_vendor(model):
        return None
    raise _unknown(model)


def worksheet_vendor(model: str) -> str | None:
    """The vendor of a model that gets a worksheet ("huawei-iad1224": "Huawei"); None for any other model."""
    vendor, hyphen, rest = model.partition("-")
    return WORKSHEET_VENDORS.get(vendor) if hyphen and re.fullmatch(r"[a-z0-9][a-z0-9.-]*", rest) else None


def family_names() -> tuple[str, ...]:
    """The families by their module's name."""
    return tuple(_PORTS)


def _unknown(model: str) -> Malformed:
    near = get_close_matches(model.lower(), MODELS, n=3, cutoff=0.6)
    hint = f"nearest: {', '.join(near)}" if near else f"known: {', '.join(MODELS)}"
    others = ", ".join(f"{vendor}-…" for vendor in WORKSHEET_VENDORS)
    return Malformed(f"no such IAD model: {model!r}; {hint}; with a worksheet: {others}")


def _grandstream_gxw() -> Family:
    from pbx.iad import grandstream_gxw

    return grandstream_gxw


def _grandstream_ht() -> Family:
    from pbx.iad import grandstream_ht

    return grandstream_ht


def _cisco() -> Family:
    from pbx.iad import cisco

    return cisco


def _yealink() -> Family:
    from pbx.iad import yealink

    return yealink


def _tr104() -> Family:
    from pbx.iad import tr104

    return tr104


def _audiocodes() -> Family:
    from pbx.iad import audiocodes

    return audiocodes


def _patton() -> Family:
    from pbx.iad import patton

    return patton


FAMILIES: Mapping[str, Callable[[], Family]] = MappingProxyType(
    {
        "grandstream_gxw": _grandstream_gxw,
        "grandstream_ht": _grandstream_ht,
        "cisco": _cisco,
        "yealink": _yealink,
        "tr104": _tr104,
        "audiocodes": _audiocodes,
        "patton": _patton,
    }
)
"""How each family is imported."""
