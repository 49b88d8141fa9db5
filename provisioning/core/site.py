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
    `further` are up to three numbers that ring with it (一号通), `ring_order` together or in-order;
    `mobile_short` is the short number of its mobile (手机短号); the four `forward_` where its calls go on
    to (前转). `zones` are its own rights to call (呼叫权限): "+international" opens, "-domestic" closes.
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
    mobile_short: str | None = None
    further: tuple[str, ...] = ()
    ring_order: str = "together"
    forward_always: str | None = None
    forward_busy: str | None = None
    forward_no_answer: str | None = None
    forward_unreachable: str | None = None
    zones: tuple[str, ...] = ()
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
class SessionTimers:
    """RFC 4028 as the operator wants it: whether we offer, insist on, or refuse session timers.

    `use` is none, supported or required; `expires` and `least` (Min-SE) are seconds.
    """

    use: str = "supported"
    expires: int = 1800
    least: int = 90

    def __post_init__(self) -> None:
        if self.use not in ("none", "supported", "required"):
            raise ValueError(f"session timers are none, supported or required, not {self.use!r}")
        if not 90 <= self.least <= self.expires:
            raise ValueError("a session expires no sooner than its least time, of at least 90 seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbersOut:
    """The form in which the operator wants the numbers we send, a pattern for each class (号码格式).

    {number} is the national form ("08702120001", "13800138000", "10086", "0012025550100"), {area} the area
    code without its 0, {local} the number without area code, {abroad} what stands behind 00.
    """

    fixed: str = "+86{area}{local}"
    mobile: str = "+86{number}"
    service: str = "{number}"
    emergency: str = "{number}"
    international: str = "00{abroad}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberIn:
    """How the operator writes numbers it sends: what begins so becomes that, before all else (来话号码)."""

    begins: str
    becomes: str


_USUAL_USER = "+86{area}{local}"


def _tells_seats(pattern: str) -> bool:
    return "{local}" in pattern or "{long}" in pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Ims:
    """How the site's numbers register to the operator's IMS (operator 侧接入).

    `user` is a pattern of the public user: {area} is the area code without its 0, {local} the number
    without its area code, {long} the number as the contract writes it. `auth_user` is the digest user, a
    pattern too, with {user} the public user and {domain}. `register` says whether each seat registers or one
    trunk does for all. `realm` None means the one of the challenge. `expires` is in seconds. `identity` says
    in which header we assert the caller: pai (P-Asserted-Identity), ppi (P-Preferred-Identity), or none.
    `reliable` is 100rel (RFC 3262): none, supported or required. Passwords are not here: the ledger has them.
    """

    domain: str
    proxy: str
    register: str = "seat"
    user: str = _USUAL_USER
    auth_user: str = "{user}@{domain}"
    realm: str | None = None
    expires: int = 3600
    reliable: str = "supported"
    session_timers: SessionTimers = SessionTimers()
    identity: str = "pai"
    user_phone: bool = True
    numbers_out: NumbersOut = NumbersOut()
    numbers_in: tuple[NumberIn, ...] = ()

    def __post_init__(self) -> None:
        for value, known in (
            (self.register, ("seat", "trunk")),
            (self.reliable, ("none", "supported", "required")),
            (self.identity, ("pai", "ppi", "none")),
        ):
            if value not in known:
                raise ValueError(f"{value!r} is none of {', '.join(known)}")

    @property
    def caller(self) -> str:
        """The pattern of a caller's number: that of the public user, unless it is an account's name.

        A trunk may register as "office-1"; its calls then show numbers in the usual form.
        """
        between = re.sub(r"\{[a-z]+\}", "", self.user)
        return _USUAL_USER if re.search("[A-Za-z]", between) and not _tells_seats(self.user) else self.user


@dataclass(frozen=True, slots=True, kw_only=True)
class Iad:
    """An analog gateway by name, model and MAC (综合接入设备).

    `settings` override the line settings of its family, such as caller_id, slic, fax, for this device.
    """

    name: str
    model: str
    mac: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Switchboard:
    """Who answers the main number, and when (融合总机): `operators` are seats by their long numbers, in the
    order of the sheet; `hours` minutes after midnight in Asia/Shanghai on `days` ("mon-fri"), outside of
    them callers hear the night greeting; None: always open.
    """

    operators: tuple[str, ...] = ()
    hours: tuple[int, int] | None = None
    days: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything a switch needs to know of one place: numbers, lines, the operator's IMS (装机地址).

    `switch` says how the site is wired: "asterisk", its IAD ports register to the site's Asterisk; or
    "none", they register straight to the operator's IMS and no switch is in the path.
    """

    name: str
    area_code: str
    seats: tuple[Seat, ...]
    ims: Ims | None = None
    short_numbers: ShortNumbers | None = None
    main_number: str | None = None
    voice_lines: tuple[VoiceLine, ...] = ()
    iads: tuple[Iad, ...] = ()
    features: tuple[str, ...] = ()
    switchboard: Switchboard | None = None
    switch: str = "asterisk"

    def __post_init__(self) -> None:
        if self.switch not in ("asterisk", "none"):
            raise ValueError(f"a site's switch is asterisk or none, not {self.switch!r}")
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", self.name):
            raise ValueError(f"not a site name: {self.name!r}")
        if not re.fullmatch(r"0[0-9]{2,3}", self.area_code):
            raise ValueError(f"not an area code: {self.area_code!r}")

    def ims_user(self, long_number: str) -> str:
        """The public IMS user of a number at this site, by the pattern of its `ims`.

        ValueError when the site has no `ims`, or the pattern does not suit.
        """
        return _filled(self._ims().user, self._fields_of(long_number))

    def ims_caller(self, long_number: str) -> str:
        """How the operator is shown a number of this site (外显号码); service numbers as they are."""
        if not long_number.startswith("0"):
            return long_number
        return _filled(self._ims().caller, self._fields_of(long_number))

    def ims_auth_user(self, long_number: str) -> str:
        """The digest user of a number at the operator's IMS, by the pattern of its `ims` (鉴权用户名).

        ValueError as for `ims_user`.
        """
        ims = self._ims()
        fields = self._fields_of(long_number)
        return _filled(ims.auth_user, {**fields, "user": self.ims_user(long_number), "domain": ims.domain})

    def _ims(self) -> Ims:
        if self.ims is None:
            raise ValueError(f"site {self.name} has no ims")
        return self.ims

    def _fields_of(self, long_number: str) -> dict[str, str]:
        """A service number has the area of the site; another area's number has its own."""
        area, local = self.area_code, long_number
        if long_number.startswith(area):
            local = long_number[len(area) :]
        elif found := re.fullmatch(r"(010|02[0-9]|0[3-9][0-9]{2})([0-9]+)", long_number):
            area, local = found[1], found[2]
        return {"area": area[1:], "local": local, "long": long_number}


def _filled(pattern: str, fields: Mapping[str, str]) -> str:
    unknown = sorted(set(re.findall(r"\{([^{}]*)\}", pattern)) - set(fields))
    if unknown:
        raise ValueError(f"the pattern {pattern!r} asks for an unknown field: {', '.join(unknown)}")
    return re.sub(r"\{([a-z]+)\}", lambda found: fields[found[1]], pattern)
