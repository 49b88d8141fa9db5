"""Writes a site's IAD files for carrying, or offers them to be fetched, and keeps what left (IAD文件下发)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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
    """What became of an offer: the windows that opened, whom to tell, the devices that get no window, each
    with the reason, and those that are gone from the site."""

    offers: tuple[Offer, ...]
    waiting: tuple[Waiting, ...]
    carried: Mapping[str, str]
    gone: tuple[str, ...] = ()

    @property
    def carried_only(self) -> tuple[str, ...]:
        return tuple(self.carried)


CARRIED: Mapping[str, str] = {
    "no-address": "knows no address to fetch from yet",
    "other-device": "is another device than the one that got a file, and knows no address to fetch from",
    "never-fetches": "does not fetch",
}
"""Why a file has to be carried."""


def renew_iads(
    ledger: Ledger,
    planned: SiteIads,
    *,
    chosen: Collection[str],
    stolen: bool,
    force: bool,
    new_secret: Callable[[], str],
    at: datetime,
    who: str,
) -> tuple[str, ...]:
    """Gives devices other secrets before their files are carried (更换密钥); which ones. Plan anew then.

    Those in whose place another box stands get another address and web password; with `stolen` all the
    chosen do, and the numbers on their ports, now or in the file that may be in wrong hands, another SIP
    secret: the switch has to learn it too. The operator's passwords are not ours to change. Raises as
    `write_iads`, before anything is changed.
    """
    _ready(planned, force, chosen)
    names = [one.device.name for one in planned.iads if _is_chosen(one, chosen)]
    renewed = tuple(name for name in names if stolen or name in planned.strange)
    if not renewed:
        return ()
    numbers: tuple[str, ...] = ()
    contract = planned.contract
    if stolen and contract is not None and contract.site.switch != "none":
        known = {
            line["number"]
            for name in renewed
            for file in (planned.wanted.get(name), planned.former.get(name))
            if file is not None
            for line in file.document["lines"].values()
        }
        numbers = tuple(seat.long_number for seat in contract.site.seats if seat.long_number in known)
    ledger.renew_iads(planned.site, renewed, numbers, new_secret=new_secret, at=at, who=who)
    return renewed


def write_iads(
    ledger: Ledger,
    planned: SiteIads,
    write: FileWriter,
    *,
    force: bool,
    at: datetime,
    who: str,
    chosen: Collection[str] = (),
) -> tuple[WrittenIad, ...]:
    """Writes the files of the chosen IADs of the site, by default of all, and records them as carried.

    FlowError, and nothing written, when one of them cannot be; TooMuchChange when all lines would go and
    nobody said force. What the site no longer has is forgotten, unless some are chosen.
    """
    ready = _ready(planned, force, chosen)
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
    if planned.gone and not chosen:
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
    ledger: Ledger,
    planned: SiteIads,
    *,
    minutes: int,
    force: bool,
    at: datetime,
    who: str,
    chosen: Collection[str] = (),
    again: bool = False,
) -> Offered:
    """Opens a window for each device whose file has changed and that can fetch it: of the chosen ones, where
    some are. With `again` also for those whose file has not: a fetch may have broken off.

    Raises as `write_iads`. A device that has never got a file knows no address to fetch from: it is
    `carried`, as is one without a format of its own, and one in the place of another box: what the former
    one had registered is not told to fetch either.
    """
    ready = _ready(planned, force, chosen)
    changed = [(one, files) for one, files in ready if again or one.device.name in planned.changed]
    carried = {
        one.device.name: CARRIED[reason]
        for one, files in changed
        if (reason := _carried_because(planned, one, files)) is not None
    }
    able = [(one, files) for one, files in changed if one.device.name not in carried]
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
    gone = () if chosen else planned.gone
    if gone:
        ledger.forget_iads(planned.site, gone, at=at, who=who)
    return Offered(
        offers=offers,
        waiting=tuple(_waiting(planned, one, files) for one, files in able),
        carried=carried,
        gone=gone,
    )


def _carried_because(planned: SiteIads, one: PlannedIad, files: DeviceFiles) -> str | None:
    """Why the device cannot fetch its file, one of CARRIED; None where it can."""
    name = one.device.name
    former = planned.former.get(name)
    if not files.fetched:
        return "never-fetches"
    if name in planned.replaced:
        return "other-device"
    if one.device.fetch_url is None or former is None or not former.document["fetches"]:
        return "no-address"
    return None


def _waiting(planned: SiteIads, one: PlannedIad, files: DeviceFiles) -> Waiting:
    """Whom the switch tells: the lines the device has registered, which are those it got last."""
    lines = planned.former[one.device.name].document["lines"].values()
    endpoints = tuple(names.seat_endpoint(line["number"]) for line in lines)
    return Waiting(iad=one.device.name, endpoints=endpoints, event=files.check_sync)


def _is_chosen(one: PlannedIad, chosen: Collection[str]) -> bool:
    """Whether a device is meant: all are where none is named."""
    return not chosen or one.device.name in chosen


def _ready(
    planned: SiteIads, force: bool, chosen: Collection[str] = ()
) -> list[tuple[PlannedIad, DeviceFiles]]:
    """The chosen devices with their files; every fault that keeps one from being written is told at once."""
    if not force and (why := planned.loses_all):
        raise TooMuchChange(why)
    faults = [one.fault for one in planned.iads if one.fault and _is_chosen(one, chosen)]
    if faults:
        told = "\n".join(f"site {planned.site}: {fault}" for fault in faults)
        others = (
            "" if len(faults) == len(planned.iads) else "; name the others behind the site to have theirs"
        )
        raise FlowError(f"{told}\nNothing was written{others}.")
    _check_names(planned, chosen)
    return [(one, one.files) for one in planned.iads if one.files is not None and _is_chosen(one, chosen)]


def _check_names(planned: SiteIads, chosen: Collection[str]) -> None:
    """FlowError where a chosen device's file and another's would be one."""
    seen: dict[str, PlannedIad] = {}
    for one in planned.iads:
        for name, _ in one.files.files if one.files is not None else ():
            other = seen.setdefault(name.lower(), one)
            if other is not one and (_is_chosen(one, chosen) or _is_chosen(other, chosen)):
                raise FlowError(
                    f"site {planned.site}: {other.device.name} and {one.device.name} would both be {name}; "
                    "give each its own MAC address or name. Nothing was written."
                )
