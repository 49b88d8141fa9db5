"""Plans what would change on a site's IADs: the contract in force against what left the house (IAD计划)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from pbx.errors import Malformed
from pbx.iad.device import Device, Label
from provisioning.core.contract import Contract
from provisioning.core.site import Site
from provisioning.flows.errors import FlowError
from provisioning.flows.iad_passwords import lacking, passwords_of, shown
from provisioning.flows.known_iads import all_there, former_files, renamed_iads
from provisioning.flows.ports import Ledger
from provisioning.planning import iads
from provisioning.planning.iad_plan import (
    Document,
    Former,
    Wanted,
    document,
    iad_plan,
    is_other_device,
    is_strange_to_secrets,
    loses_all,
    to_hand_out,
)
from provisioning.planning.iads import Given, MissingPasswords
from provisioning.planning.plan import Plan


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

    `labels` say whose telephone each port is, for formats that people read. Malformed for what the format
    cannot hold, such as a device without the MAC that names its file."""

    def __call__(self, device: Device, labels: Mapping[int, Label]) -> DeviceFiles: ...


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
    renamed: Mapping[str, str] = field(default_factory=dict)
    """The names under which the ledger still has devices that have another name now, by that one."""

    @property
    def gone(self) -> tuple[str, ...]:
        """The IADs that got a file and are not at the site any more."""
        return tuple(name for name in self.former if name not in self.wanted)

    @property
    def changed(self) -> frozenset[str]:
        """The IADs that need a new file."""
        return to_hand_out(self.former, self.wanted)

    @property
    def replaced(self) -> frozenset[str]:
        """The IADs in whose place another box stands: it knows no address to fetch from."""
        return frozenset(
            name
            for name, one in self.wanted.items()
            if name in self.former and is_other_device(self.former[name].document, one.document)
        )

    @property
    def strange(self) -> frozenset[str]:
        """Those of them that get secrets of their own: the former box may lie in anybody's drawer."""
        return frozenset(
            name
            for name in self.replaced
            if is_strange_to_secrets(self.former[name].document, self.wanted[name].document)
        )

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
    chosen: Collection[str] = (),
    who: str = "seatline",
) -> SiteIads:
    """Plans a site's IADs; without a contract in force all that got a file are to go.

    With `to_write` every device has its own secrets afterwards, and what is missing is a FlowError: of the
    `chosen` devices, where some are. Without, nothing is written to the ledger, and what is missing is a
    note: what can be planned is. A device that has another name now is known by its MAC address, and keeps
    what it has.
    """
    all_there(site, contract, chosen)
    handed_out = ledger.handed_out(site)
    renamed = renamed_iads(contract, handed_out)
    if renamed and to_write:
        ledger.rename_iads(site, {was: name for name, was in renamed.items()}, at=at, who=who)
        handed_out, renamed = ledger.handed_out(site), {}
    former = former_files(handed_out, renamed)
    notes = [f"site {site}: {name} was {was}, by its MAC address" for name, was in renamed.items()]
    found: tuple[PlannedIad, ...] = ()
    shorts: Mapping[str, str] = MappingProxyType({})
    if contract is not None and contract.site.iads:
        if lacks := _addresslacking(contract.site, addresses):
            if to_write:
                raise FlowError(lacks)
            return _unplanned(site, contract, former, f"{lacks}; its IADs are not planned")
        wants = [iad.name for iad in contract.site.iads if not chosen or iad.name in chosen]
        asked = {
            iad.name: renamed.get(iad.name, iad.name)
            for iad in contract.site.iads
            if iad.name in former or (to_write and iad.name in wants)
        }
        held = ledger.device_secrets(site, tuple(asked.values()), new_secret=new_secret, at=at)
        secrets = {name: held[kept] for name, kept in asked.items()}
        given = Given(
            passwords=passwords_of(ledger, contract, notes, wants if to_write else None),
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
        renamed=renamed,
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


def _addresslacking(site: Site, addresses: Addresses) -> str | None:
    if site.switch == "none":
        return None if site.ims is not None else f"site {site.name}: switch: none needs ims in the contract"
    if addresses.sip is not None:
        return None
    return (
        f'site {site.name}: where its IADs find the switch is not set; add sip = "host:port", like '
        '"192.0.2.10:5060", to the [switches.NAME] in seatline.toml that serves it'
    )


def _without_port(contract: Contract, found: tuple[PlannedIad, ...]) -> list[str]:
    stand = {line["number"] for one in found for line in one.document["lines"].values()}
    left = [seat.long_number for seat in contract.site.seats if seat.long_number not in stand]
    if not left:
        return []
    name, seats = contract.site.name, len(contract.site.seats)
    return [f"site {name}: {len(left)} of {seats} seats have no port on any IAD ({shown(left)}); add an IAD"]


def _planned(contract: Contract, given: Given, formats: Formats) -> tuple[PlannedIad, ...]:
    try:
        placed = iads.placed(contract, given)
    except MissingPasswords as missing:
        raise FlowError(lacking(contract, list(missing.numbers))) from None
    except (Malformed, ValueError) as fault:
        raise FlowError(f"contract {contract.id}: its IADs cannot be configured: {fault}") from None
    found = []
    for one in placed:
        device = one.device
        files: DeviceFiles | None = None
        lacks: str | None = None
        try:
            files = formats(device, one.labels)
        except (Malformed, FlowError) as wrong:
            lacks = f"{device.name} ({device.model}): {wrong}"
        numbers = {port: seat.long_number for port, seat in one.seats.items()}
        fetches = files is None or files.fetched
        plain = document(device, numbers=numbers, key=given.tokens.get(device.name, ""), fetches=fetches)
        found.append(PlannedIad(device=device, document=plain, files=files, fault=lacks))
    return tuple(found)


def _wanted(one: PlannedIad, shorts: Mapping[str, str]) -> Wanted:
    return Wanted(
        document=one.document,
        file=one.files.name if one.files else "",
        short_numbers=shorts,
        digest=one.files.digest if one.files else None,
    )
