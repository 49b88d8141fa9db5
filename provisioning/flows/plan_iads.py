"""Plans what would change on a site's IADs: the contract in force against what left the house (IAD计划)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from pbx.errors import Malformed
from pbx.iad.device import Device
from provisioning.core.contract import Contract
from provisioning.core.site import Site
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Ledger
from provisioning.planning import iads
from provisioning.planning.iad_plan import (
    Document,
    Former,
    Wanted,
    document,
    iad_plan,
    loses_all,
    to_hand_out,
)
from provisioning.planning.iads import Given, MissingPasswords
from provisioning.planning.plan import Plan

SHOWN = 5
"""How many numbers without a password are named."""
_KEPT_AS = {"asterisk": "SIP secret", "none": "IMS password"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFiles:
    """The files of one device; the first is the device's own, others are for people.

    `fetched` says whether it can fetch at all, and `check_sync` is the event that makes it do so.
    """

    files: tuple[tuple[str, bytes], ...] = field(repr=False)
    fetched: bool = False
    check_sync: str | None = None

    @property
    def name(self) -> str:
        return self.files[0][0]

    @property
    def content(self) -> bytes:
        return self.files[0][1]

    @property
    def digest(self) -> str:
        """The digest of the device's own file."""
        return hashlib.sha256(self.content).hexdigest()


class Formats(Protocol):
    """Writes a device in its family's format, by the user's template, or as a worksheet.

    Malformed for what the format cannot hold, such as a device without the MAC that names its file."""

    def __call__(self, device: Device) -> DeviceFiles: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """What devices are told to turn to: `sip` the site's switch, `url` where they fetch their files."""

    sip: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedIad:
    """One IAD as it should be. `files` is None where it cannot be written, and `fault` says why."""

    device: Device
    document: Document
    files: DeviceFiles | None
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteIads:
    """A site's IADs: what they got last, what they should have, and the changes between (IAD计划)."""

    site: str
    contract: Contract | None
    iads: tuple[PlannedIad, ...]
    former: Mapping[str, Former]
    wanted: Mapping[str, Wanted]
    plan: Plan
    notes: tuple[str, ...] = ()

    @property
    def gone(self) -> tuple[str, ...]:
        """The IADs that got a file and are not at the site any more."""
        return tuple(name for name in self.former if name not in self.wanted)

    @property
    def changed(self) -> frozenset[str]:
        """The IADs that need a new file."""
        return to_hand_out(self.former, self.wanted)

    @property
    def loses_all(self) -> str | None:
        return loses_all(self.site, self.former, self.wanted)

    def __bool__(self) -> bool:
        return bool(self.plan)


def plan_iads(
    ledger: Ledger,
    site: str,
    contract: Contract | None,
    *,
    addresses: Addresses,
    formats: Formats,
    new_secret: Callable[[], str],
    at: datetime,
    to_write: bool = False,
) -> SiteIads:
    """Plans a site's IADs; without a contract in force all that got a file are to go.

    With `to_write` every device has its own secrets afterwards, and what is missing is a FlowError. Without,
    nothing is written to the ledger, and what is missing is a note: what can be planned is.
    """
    former = {
        name: Former(document=one.document, digest=one.digest)
        for name, one in ledger.handed_out(site).items()
    }
    notes: list[str] = []
    found: tuple[PlannedIad, ...] = ()
    shorts: Mapping[str, str] = MappingProxyType({})
    if contract is not None and contract.site.iads:
        if lacks := _address_lacking(contract.site, addresses):
            if to_write:
                raise FlowError(lacks)
            return _unplanned(site, contract, former, f"{lacks}; its IADs are not planned")
        asked = [iad.name for iad in contract.site.iads if to_write or iad.name in former]
        secrets = ledger.device_secrets(site, asked, new_secret=new_secret, at=at)
        given = Given(
            passwords=_passwords(ledger, contract, notes, to_write=to_write),
            sip=addresses.sip,
            url=addresses.url,
            tokens={name: one.token for name, one in secrets.items()},
            admin_passwords={name: one.admin_password for name, one in secrets.items()},
        )
        try:
            found = _planned(contract, given, formats)
        except FlowError as fault:
            if to_write:
                raise
            return _unplanned(site, contract, former, str(fault))
        notes += _without_port(contract, found)
        shorts = {seat.long_number: seat.short_number for seat in contract.site.seats if seat.short_number}
        notes += [f"site {site}: {one.fault}" for one in found if one.fault]
    wanted = {one.device.name: _wanted(one, shorts) for one in found}
    plan = iad_plan(site, former, wanted)
    return SiteIads(
        site=site,
        contract=contract,
        iads=found,
        former=former,
        wanted=wanted,
        plan=plan,
        notes=tuple(notes),
    )


def stale_iads(planned: SiteIads) -> tuple[str, ...]:
    """The IADs that fetched or were carried a file, and by now should have another (旧配置)."""
    return tuple(sorted(name for name in planned.former if name in planned.changed))


def _unplanned(site: str, contract: Contract, former: Mapping[str, Former], note: str) -> SiteIads:
    return SiteIads(
        site=site,
        contract=contract,
        iads=(),
        former=former,
        wanted={},
        plan=Plan(site=site, changes=(), existing=0),
        notes=(note,),
    )


def _address_lacking(site: Site, addresses: Addresses) -> str | None:
    if site.switch == "none":
        return None if site.ims is not None else f"site {site.name}: switch: none needs ims in the contract"
    if addresses.sip is not None:
        return None
    return (
        f'site {site.name}: where its IADs find the switch is not set; add sip = "host:port", like '
        '"192.0.2.10:5060", to the [switches.NAME] in seatline.toml that serves it'
    )


def _passwords(ledger: Ledger, contract: Contract, notes: list[str], *, to_write: bool) -> Mapping[str, str]:
    """What each seat registers with. Missing ones are a FlowError or, in a plan, a note."""
    site = contract.site
    known = ledger.ims_passwords(contract.id) if site.switch == "none" else ledger.secrets(site.name)
    missing = [seat.long_number for seat in site.seats if not known.get(seat.long_number)]
    if not missing:
        return known
    lacks = _lacking(contract, missing)
    if to_write:
        raise FlowError(lacks)
    notes.append(lacks)
    return _WithGaps(known)


def _without_port(contract: Contract, found: tuple[PlannedIad, ...]) -> list[str]:
    stand = {line["number"] for one in found for line in one.document["lines"].values()}
    left = [seat.long_number for seat in contract.site.seats if seat.long_number not in stand]
    if not left:
        return []
    name, seats = contract.site.name, len(contract.site.seats)
    return [f"site {name}: {len(left)} of {seats} seats have no port on any IAD ({_named(left)}); add an IAD"]


def _named(numbers: list[str]) -> str:
    return ", ".join(numbers[:SHOWN]) + (", ..." if len(numbers) > SHOWN else "")


def _lacking(contract: Contract, missing: list[str]) -> str:
    site, seats = contract.site, len(contract.site.seats)
    mend = (
        "name a sheet with the columns long_number and password (号码, 密码) under site.ims.passwords in the "
        "contract file, and record it again with `seatline contract add`"
        if site.switch == "none"
        else "record the contract again with `seatline contract add`"
    )
    verb = "has" if len(missing) == 1 else "have"
    what = _KEPT_AS[site.switch]
    return f"site {site.name}: {len(missing)} of {seats} seats {verb} no {what} ({_named(missing)}); {mend}"


class _WithGaps(dict[str, str]):
    """The passwords that are known, and something in the place of the others that no file ever shows."""

    def get(self, key: str, default: Any = None) -> Any:
        return self[key]

    def __missing__(self, key: str) -> str:
        return "missing"

    def __repr__(self) -> str:
        return "<passwords, some missing>"


def _planned(contract: Contract, given: Given, formats: Formats) -> tuple[PlannedIad, ...]:
    try:
        placed = iads.placed(contract, given)
    except MissingPasswords as missing:
        raise FlowError(_lacking(contract, list(missing.numbers))) from None
    except (Malformed, ValueError) as fault:
        raise FlowError(f"contract {contract.id}: its IADs cannot be configured: {fault}") from None
    found = []
    for one in placed:
        device = one.device
        files: DeviceFiles | None = None
        lacks: str | None = None
        try:
            files = formats(device)
        except (Malformed, FlowError) as wrong:
            lacks = f"{device.name} ({device.model}): {wrong}"
        numbers = {port: seat.long_number for port, seat in one.seats.items()}
        plain = document(device, numbers=numbers, key=given.tokens.get(device.name, ""))
        found.append(PlannedIad(device=device, document=plain, files=files, fault=lacks))
    return tuple(found)


def _wanted(one: PlannedIad, shorts: Mapping[str, str]) -> Wanted:
    return Wanted(
        document=one.document,
        file=one.files.name if one.files else "",
        short_numbers=shorts,
        digest=one.files.digest if one.files else None,
    )
