"""Writes a site's IAD files for carrying, or offers them to be fetched, and keeps what left (IAD文件下发)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from provisioning.flows.errors import FlowError, TooMuchChange
from provisioning.flows.hand_out import DeviceFile, offer_iads
from provisioning.flows.notify import Waiting
from provisioning.flows.plan_iads import DeviceFiles, PlannedIad, SiteIads
from provisioning.flows.ports import HandedOut, Ledger, Offer
from provisioning.planning import names


class FileWriter(Protocol):
    """Puts files into a folder, each whole or not at all; FlowError when it cannot."""

    def __call__(self, files: Sequence[tuple[str, bytes]]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenIad:
    """A device whose files were written: their names, how many ports it has and how many are in use."""

    iad: str
    model: str
    mac: str | None
    files: tuple[str, ...]
    ports: int
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What became of an offer: the windows that opened, whom to tell, and the devices that get no window."""

    offers: tuple[Offer, ...]
    waiting: tuple[Waiting, ...]
    carried_only: tuple[str, ...]


def write_iads(
    ledger: Ledger, planned: SiteIads, write: FileWriter, *, force: bool, at: datetime, who: str
) -> tuple[WrittenIad, ...]:
    """Writes the files of all IADs of the site, and records them as carried.

    FlowError, and nothing written, when one of them cannot be; TooMuchChange when all lines would go and
    nobody said force. What the site no longer has is forgotten.
    """
    ready = _ready(planned, force)
    write([file for _, files in ready for file in files.files])
    carried = [
        HandedOut(
            site=planned.site,
            iad=one.device.name,
            document=one.document,
            digest=files.digest,
            how="carried",
            at=at,
        )
        for one, files in ready
    ]
    if carried:
        ledger.record_handed_out(carried, who=who)
    if planned.gone:
        ledger.forget_iads(planned.site, planned.gone, at=at, who=who)
    return tuple(written(one) for one, _ in ready)


def written(one: PlannedIad) -> WrittenIad:
    """What there is to say of a device and its files."""
    return WrittenIad(
        iad=one.device.name,
        model=one.device.model,
        mac=one.device.mac,
        files=tuple(name for name, _ in one.files.files) if one.files else (),
        ports=len(one.device.ports),
        used=len(one.device.lines),
    )


def offer_changed(
    ledger: Ledger, planned: SiteIads, *, minutes: int, force: bool, at: datetime, who: str
) -> Offered:
    """Opens a window for each device whose file has changed and that can fetch it.

    Raises as `write_iads`. A device that has never got a file knows no address to fetch from: it is
    `carried_only`, as is one without a format of its own.
    """
    ready = _ready(planned, force)
    changed = [(one, files) for one, files in ready if one.device.name in planned.changed]
    able = [(one, files) for one, files in changed if files.fetched and _knows_address(planned, one)]
    files = [
        DeviceFile(
            site=planned.site,
            iad=one.device.name,
            model=one.device.model,
            mac=one.device.mac,
            file_name=held.name,
            content=held.content,
            document=one.document,
        )
        for one, held in able
    ]
    offers = offer_iads(ledger, files, minutes=minutes, at=at, who=who)
    if planned.gone:
        ledger.forget_iads(planned.site, planned.gone, at=at, who=who)
    fetching = {one.device.name for one, _ in able}
    return Offered(
        offers=offers,
        waiting=tuple(_waiting(planned, one, files) for one, files in able),
        carried_only=tuple(one.device.name for one, _ in changed if one.device.name not in fetching),
    )


def _knows_address(planned: SiteIads, one: PlannedIad) -> bool:
    """Whether the device's present file tells it where to fetch the next."""
    former = planned.former.get(one.device.name)
    return one.device.fetch_url is not None and former is not None and bool(former.document["fetches"])


def _waiting(planned: SiteIads, one: PlannedIad, files: DeviceFiles) -> Waiting:
    """Whom the switch tells: the lines the device has registered, which are those it got last."""
    lines = planned.former[one.device.name].document["lines"].values()
    endpoints = tuple(names.seat_endpoint(line["number"]) for line in lines)
    return Waiting(iad=one.device.name, endpoints=endpoints, event=files.check_sync)


def _ready(planned: SiteIads, force: bool) -> list[tuple[PlannedIad, DeviceFiles]]:
    """The devices with their files; every fault that keeps one from being written is told at once."""
    if not force and (why := planned.loses_all):
        raise TooMuchChange(why)
    faults = [one.fault for one in planned.iads if one.fault]
    if faults:
        told = "\n".join(f"site {planned.site}: {fault}" for fault in faults)
        raise FlowError(f"{told}\nNothing was written.")
    ready = [(one, one.files) for one in planned.iads if one.files is not None]
    seen: dict[str, str] = {}
    for one, files in ready:
        for name, _ in files.files:
            if (other := seen.setdefault(name.lower(), one.device.name)) != one.device.name:
                raise FlowError(
                    f"site {planned.site}: {other} and {one.device.name} would both be {name}; "
                    "give each its own MAC address or name. Nothing was written."
                )
    return ready
