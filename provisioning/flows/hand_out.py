"""Hands an IAD its file: opens a window, looks closely at who asks, gives it once (IAD文件取用)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from pbx.errors import Malformed
from provisioning.flows.errors import FlowError
from provisioning.flows.odd_fetch import OddFetch, shown
from provisioning.flows.ports import HandedOut, Offer

if TYPE_CHECKING:
    from pbx.iad.family import Family

LONGEST_WINDOW = 24 * 60
"""Minutes a file may wait for its device."""
LOOKS = 2
"""How often an offer is looked at that changes while it is looked at."""
LONGEST_AGENT = 512
"""Characters of a User-Agent that is looked at; no device has a longer one."""


class Windows(Protocol):
    """What of the ledger is asked here."""

    def handed_out(self, site: str) -> Mapping[str, HandedOut]: ...
    def offer(self, offers: Sequence[Offer], *, at: datetime, who: str) -> None: ...
    def device_at(self, token: str) -> tuple[str, str] | None: ...
    def offered(self, token: str) -> Offer | None: ...
    def take(
        self, token: str, *, at: datetime, detail: Mapping[str, Any], seen: Offer | None = None
    ) -> Offer | None: ...


FamilyOf = Callable[[str], "Family"]
"""The family of a model; Malformed where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFile:
    """A device's file as it would leave the house; `document` is the device without any secret."""

    site: str
    iad: str
    model: str
    mac: str | None
    file_name: str
    content: bytes = field(repr=False)
    document: Mapping[str, Any]


def offer_iads(
    ledger: Windows, files: Sequence[DeviceFile], *, minutes: int, at: datetime, who: str
) -> tuple[Offer, ...]:
    """Opens a window of so many minutes for each file: its device may fetch it once, at its own address.

    FlowError for a window that is not 1 minute to 24 hours. A former window of the same device is closed.
    """
    if not 1 <= minutes <= LONGEST_WINDOW:
        raise FlowError(f"a window is 1 to {LONGEST_WINDOW} minutes, not {minutes}")
    until = at + timedelta(minutes=minutes)
    offers = tuple(
        Offer(
            site=one.site,
            iad=one.iad,
            model=one.model,
            mac=one.mac,
            file_name=one.file_name,
            content=one.content,
            document=one.document,
            until=until,
        )
        for one in files
    )
    if offers:
        ledger.offer(offers, at=at, who=who)
    return offers


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks for what. `remote` is the address at the other end of the connection, whatever headers say."""

    token: str = field(repr=False)
    file_name: str = field(repr=False)
    user_agent: str = ""
    remote: str = "unknown"
    method: str = "GET"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """All that the decision looks at. `named` is the MAC in the User-Agent, as `Family.sent_by` gives it."""

    request: Request
    now: datetime
    device: tuple[str, str] | None
    offer: Offer | None
    fetched: bool
    known_family: bool
    named: str | None

    @property
    def late(self) -> bool:
        return self.offer is not None and (self.now >= self.offer.until or not self.offer.content)

    @property
    def right_mac(self) -> bool | None:
        """None where one of the two MACs is not known."""
        if self.offer is None or self.offer.mac is None or not self.named:
            return None
        return _digits(self.named) == _digits(self.offer.mac)

    @property
    def right_name(self) -> bool:
        return self.offer is not None and self.request.file_name == self.offer.file_name


CHECKS: tuple[tuple[str, Callable[[_Seen], bool]], ...] = (
    ("unknown-token", lambda seen: seen.device is None),
    ("taken", lambda seen: seen.offer is None and seen.fetched),
    ("no-offer", lambda seen: seen.offer is None),
    ("expired", lambda seen: seen.late),
    ("wrong-method", lambda seen: seen.request.method != "GET"),
    ("unknown-model", lambda seen: not seen.known_family),
    ("wrong-user-agent", lambda seen: seen.named is None),
    ("wrong-mac", lambda seen: seen.right_mac is False),
    ("other-name", lambda seen: not seen.right_name and seen.right_mac is True),
    ("wrong-name", lambda seen: not seen.right_name),
)
"""Why a file is not handed out: the first that is true. `odd_fetch.REASONS` has the words for each."""


def fetch(ledger: Windows, request: Request, *, now: datetime, family_of: FamilyOf) -> Offer | OddFetch:
    """The file, gone from its window; or what is odd about the request. Nothing is written for the latter.

    Only a request that passes all CHECKS takes the file: one that fails leaves it to the device it is for.
    What is taken is what the checks looked at: where it was offered anew in between, they look again. A file
    whose time is over is wiped.
    """
    detail = {"remote": shown(request.remote), "user_agent": shown(request.user_agent)}
    for _ in range(LOOKS):
        seen = _look(ledger, request, now, family_of)
        reason = next((reason for reason, odd in CHECKS if odd(seen)), None)
        if reason is not None:
            break
        taken = ledger.take(request.token, at=now, detail=detail, seen=seen.offer)
        if taken is not None:
            return taken
    if seen.offer is not None and seen.late and seen.offer.content:
        ledger.take(request.token, at=now, detail=detail)  # gives nothing, and wipes it
    reason = reason or "taken"  # somebody was quicker
    site, iad = seen.device or (None, None)
    return OddFetch(
        reason=reason, site=site, iad=iad, remote=request.remote, user_agent=shown(request.user_agent)
    )


def _look(ledger: Windows, request: Request, now: datetime, family_of: FamilyOf) -> _Seen:
    device = ledger.device_at(request.token)
    offer = ledger.offered(request.token)
    fetched, known_family, named = False, True, None
    if offer is not None:
        try:
            family = family_of(offer.model)
            if len(request.user_agent) <= LONGEST_AGENT:
                named = family.sent_by(request.user_agent)
        except Malformed:
            known_family = False
    elif device is not None:
        site, iad = device
        last = ledger.handed_out(site).get(iad)
        fetched = last is not None and last.how == "fetched"
    return _Seen(
        request=request,
        now=now,
        device=device,
        offer=offer,
        fetched=fetched,
        known_family=known_family,
        named=named,
    )


def _digits(mac: str) -> str:
    """A MAC as twelve small hexadecimal digits, however it was written."""
    return "".join(each for each in mac.lower() if each in "0123456789abcdef")
