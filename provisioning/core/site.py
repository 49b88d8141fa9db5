"""A site and its seats: what the switch is built from (装机地址, 座机)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One row of the number sheet: a telephone with its long and its short number (座机, 长号, 短号).

    Numbers are digits only; `long_number` is the national form with area code ("08702120001") or a
    service number ("12393"). `extra` holds columns we do not know, by their header, searchable.
    """

    long_number: str
    short_number: str | None = None
    remark: str | None = None
    name: str | None = None
    department: str | None = None
    iad: str | None = None
    port: int | None = None
    mobile: str | None = None
    second_number: str | None = None
    features: tuple[str, ...] = ()
    changed_to: str | None = None
    allowed: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{3,12}", self.long_number):
            raise ValueError(f"not a long number: {self.long_number!r}")
        if self.short_number is not None and not re.fullmatch(r"[0-9]{2,8}", self.short_number):
            raise ValueError(f"not a short number: {self.short_number!r}")
        object.__setattr__(self, "extra", MappingProxyType(dict(self.extra)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortNumbers:
    """The shape of the site's short numbers: how many digits, and which may come first (短号)."""

    digits: int
    first: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceLine:
    """A voice line: bandwidth as written ("100M"), how many, and calls at once, if stated (语音专线)."""

    bandwidth: str
    count: int = 1
    concurrent_calls: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ims:
    """How the site's numbers register to the operator's IMS (operator 侧接入).

    `user` is a pattern of the public user: {area} is the area code without its 0, {local} the number
    without its area code, {long} the number as the contract writes it. `register` says whether each seat
    registers or one trunk does for all.
    """

    domain: str
    proxy: str
    register: str = "seat"
    user: str = "+86{area}{local}"

    def __post_init__(self) -> None:
        if self.register not in ("seat", "trunk"):
            raise ValueError(f"register is seat or trunk, not {self.register!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Iad:
    """An analog gateway by name, model and MAC (综合接入设备)."""

    name: str
    model: str
    mac: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything a switch needs to know of one place: numbers, lines, the operator's IMS (装机地址)."""

    name: str
    area_code: str
    seats: tuple[Seat, ...]
    ims: Ims | None = None
    short_numbers: ShortNumbers | None = None
    main_number: str | None = None
    voice_lines: tuple[VoiceLine, ...] = ()
    iads: tuple[Iad, ...] = ()
    features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", self.name):
            raise ValueError(f"not a site name: {self.name!r}")
        if not re.fullmatch(r"0[0-9]{2,3}", self.area_code):
            raise ValueError(f"not an area code: {self.area_code!r}")

    def ims_user(self, long_number: str) -> str:
        """The public IMS user of a number at this site, by the pattern of its `ims`.

        ValueError when the site has no `ims`, or the pattern does not suit.
        """
        if self.ims is None:
            raise ValueError(f"site {self.name} has no ims")
        in_area = long_number.startswith(self.area_code)
        local = long_number[len(self.area_code) :] if in_area else long_number
        fields = {"area": self.area_code[1:], "local": local, "long": long_number}
        unknown = sorted(set(re.findall(r"\{([^{}]*)\}", self.ims.user)) - set(fields))
        if unknown:
            raise ValueError(f"the pattern {self.ims.user!r} asks for an unknown field: {', '.join(unknown)}")
        return re.sub(r"\{(area|local|long)\}", lambda found: fields[found[1]], self.ims.user)
