"""The files of a site's IADs: iad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pbx.errors import SwitchError
from provisioning.cli import faults, screens
from provisioning.cli.options import Config, Json
from provisioning.flows.errors import FlowError

if TYPE_CHECKING:
    from provisioning.flows.plan_iads import SiteIads
    from provisioning.flows.ports import Ledger
    from provisioning.flows.write_iads import Offered, WrittenIad
    from provisioning.settings import Settings

HALF_AN_HOUR = 30


def iad(
    site: Annotated[str, typer.Argument(metavar="SITE", help="The site whose IADs are meant.")],
    iads: Annotated[
        list[str] | None,
        typer.Argument(metavar="[IAD]...", help="These devices alone.", show_default=False),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="DIR", help="Write the files there.", show_default=False)
    ] = None,
    offer: Annotated[bool, typer.Option("--offer", help="Let changed devices fetch theirs, once.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="With --offer: unchanged devices too (a fetch broke off).")
    ] = False,
    renew: Annotated[
        bool,
        typer.Option("--renew", help="With --to: new secrets for the named devices (their file was stolen)."),
    ] = False,
    minutes: Annotated[
        int, typer.Option("--minutes", help="How long an offered file waits for its device.")
    ] = HALF_AN_HOUR,
    force: Annotated[bool, typer.Option("--force", help="Even when all lines would go.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """The IAD files of a site: written for carrying them there, or offered for fetching (IAD配置文件).

    The folder and the files are for your eyes only: they hold the passwords of every line. With --offer
    `seatline serve` hands each changed device its new file, once, within so many minutes, and the switch
    tells the device to fetch. A device whose fetch broke off gets its file once more with --offer --again.

    Where somebody else got the file, --renew gives the device another address and web password, and the
    telephones on it other SIP secrets, which `seatline apply` brings to the switch. The new file is carried:
    nothing that the thief knows fetches it. So it is with a device that stands in the place of another.

    Examples: seatline iad zhaotong --to usb   |   seatline iad zhaotong --offer --minutes 15
              seatline iad zhaotong iad-2 --offer --again   |   seatline iad zhaotong iad-2 --renew --to usb
    """
    from provisioning import wiring

    chosen = tuple(dict.fromkeys(iads or ()))
    _check_meant(chosen, to=to, offer=offer, again=again, renew=renew)
    settings = wiring.load_settings(config)
    ledger = wiring.open_ledger(settings)
    if offer and settings.serve.url is None:
        raise FlowError(
            'devices are not told where to fetch; set url = "https://..." in [serve] of seatline.toml'
        )
    planned = _planned(settings, ledger, site, chosen)
    if to is not None:
        before = ledger.open_offers(site, at=wiring.now())
        renewed = _renewed(ledger, planned, chosen, stolen=renew, force=force)
        if renewed:
            planned = _planned(settings, ledger, site, chosen)
        _write(ledger, planned, Path(to), chosen, force=force, json=json, before=before, renewed=renewed)
        if renew and not json:
            _say_where_else(planned)
    else:
        _offer(settings, ledger, planned, chosen, minutes=minutes, force=force, again=again, json=json)


def _check_meant(chosen: tuple[str, ...], *, to: str | None, offer: bool, again: bool, renew: bool) -> None:
    """FlowError for options that do not go together."""
    if to == "":
        raise FlowError("--to needs the name of a folder; --to . is the one you are in")
    if (to is None) == (not offer):
        raise FlowError(
            "say either --to DIR, to carry the files to the site, or --offer, to have them fetched"
        )
    if again and not offer:
        raise FlowError("--again goes with --offer; --to writes unchanged files anyway")
    if renew and offer:
        raise FlowError(
            "--renew goes with --to DIR: a device whose address is new has to be carried its file"
        )
    if renew and not chosen:
        raise FlowError("--renew needs the names of the devices: seatline iad SITE IAD... --renew --to DIR")


def _renewed(
    ledger: Ledger, planned: SiteIads, chosen: tuple[str, ...], *, stolen: bool, force: bool
) -> tuple[str, ...]:
    from provisioning import wiring
    from provisioning.flows.write_iads import renew_iads

    return renew_iads(
        ledger,
        planned,
        chosen=chosen,
        stolen=stolen,
        force=force,
        new_secret=wiring.new_secret,
        at=wiring.now(),
        who=wiring.who(),
    )


def _say_where_else(planned: SiteIads) -> None:
    """What is left to do elsewhere when SIP secrets are renewed."""
    if planned.contract is not None and planned.contract.site.switch == "none":
        screens.say("the operator's passwords in that file are as before: ask the operator for others")
    else:
        screens.say(
            f"the switch has the former SIP secrets until `seatline apply {planned.site}`: then these "
            "telephones are silent until their device has its file"
        )


def _planned(settings: Settings, ledger: Ledger, site: str, chosen: tuple[str, ...]) -> SiteIads:
    from provisioning import wiring, wiring_iads
    from provisioning.flows.plan_iads import plan_iads
    from provisioning.flows.plan_site import in_force_by_site

    in_force, known = in_force_by_site(ledger, wiring.today())
    if site not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise FlowError(f"no contract has a site {site!r}; sites with a contract: {listed}")
    planned = plan_iads(
        ledger,
        site,
        in_force.get(site),
        addresses=wiring_iads.iad_addresses(settings, site),
        formats=wiring_iads.iad_formats(settings),
        new_secret=wiring.new_secret,
        at=wiring.now(),
        to_write=True,
        chosen=chosen,
        who=wiring.who(),
    )
    if not planned.iads and not planned.former:
        why = (
            "has no IADs: the contract names them under site.iads"
            if site in in_force
            else f"has no contract in force on {wiring.today()}, and none of its IADs ever got a file"
        )
        raise FlowError(f"site {site} {why}")
    return planned


def _write(
    ledger: Ledger,
    planned: SiteIads,
    to: Path,
    chosen: tuple[str, ...],
    *,
    force: bool,
    json: bool,
    before: Mapping[str, datetime],
    renewed: tuple[str, ...],
) -> None:
    """Writes the files, and says which open offers (`before`) are closed by that."""
    from provisioning import wiring, wiring_iads
    from provisioning.flows.write_iads import write_iads

    written = write_iads(
        ledger,
        planned,
        wiring_iads.device_folder(to),
        force=force,
        at=wiring.now(),
        who=wiring.who(),
        chosen=chosen,
    )
    after = ledger.open_offers(planned.site, at=wiring.now())
    closed = [name for name in before if name not in after]
    gone = [] if chosen else list(planned.gone)
    if json:
        files = [_told(one) for one in written]
        told = {"renewed": list(renewed), "closed": closed, "gone": gone}
        screens.print_json({"site": planned.site, "files": files, **told})
        return
    rows = [
        (one.iad, one.model, one.mac, "\n".join(one.files), f"{one.used} of {one.ports}") for one in written
    ]
    screens.table(("device", "model", "MAC", "file", "ports in use>"), rows, title=f"{planned.site}: {to}")
    if renewed:
        screens.line(f"with another address and web password: {', '.join(renewed)}")
    for name in closed:
        until = f"{before[name]:%Y-%m-%d %H:%M} UTC"
        screens.line(f"{name}: its offer, open until {until}, is closed: the carried file takes its place")
    _show_gone(gone)


def _show_gone(gone: Sequence[str]) -> None:
    if gone:
        screens.line(f"no longer at the site: {', '.join(gone)}")


def _told(one: WrittenIad) -> dict[str, object]:
    return {
        "iad": one.iad,
        "model": one.model,
        "mac": one.mac,
        "file": one.files[0],
        "more": list(one.files[1:]),
        "ports": one.ports,
        "used": one.used,
    }


def _offer(
    settings: Settings,
    ledger: Ledger,
    planned: SiteIads,
    chosen: tuple[str, ...],
    *,
    minutes: int,
    force: bool,
    again: bool,
    json: bool,
) -> None:
    from provisioning import wiring
    from provisioning.flows.write_iads import offer_changed

    offered = offer_changed(
        ledger,
        planned,
        minutes=minutes,
        force=force,
        at=wiring.now(),
        who=wiring.who(),
        chosen=chosen,
        again=again,
    )
    notified = _notified(settings, planned, offered)
    if json:
        files = [
            {
                "iad": one.iad,
                "model": one.model,
                "mac": one.mac,
                "file": one.file_name,
                "until": one.until.isoformat(timespec="seconds"),
                "notified": notified.get(one.iad),
            }
            for one in offered.offers
        ]
        told = {"carry": list(offered.carried_only), "gone": list(offered.gone)}
        screens.print_json({"site": planned.site, "offers": files, **told})
        return
    rows = [
        (one.iad, one.model, one.file_name, f"{minutes} min", notified.get(one.iad)) for one in offered.offers
    ]
    if rows:
        screens.table(("device", "model", "file", "waits", "told to fetch"), rows, title=planned.site)
    for name, why in offered.carried.items():
        screens.line(f"{name}: {why}; carry its file: --to DIR")
    _show_gone(offered.gone)
    if not rows and not offered.carried and not offered.gone:
        screens.line(
            f"{planned.site}: no changes: every IAD got the file it should have (--again offers it once more)"
        )


def _notified(settings: Settings, planned: SiteIads, offered: Offered) -> dict[str, str]:
    """How the switch told each device that its file waits; a switch that is down is told, and no fault."""
    from provisioning import wiring
    from provisioning.flows.notify import notify_devices

    if not offered.waiting:
        return {}
    contract = planned.contract
    switch = next((one for one in settings.switches.values() if one.serves(planned.site)), None)
    if switch is None or (contract is not None and contract.site.switch == "none"):
        return {one.iad: "no switch can tell it: start it anew, and it fetches" for one in offered.waiting}
    try:
        session = wiring.connect(switch)
    except (FlowError, SwitchError) as fault:
        screens.say(faults.told(fault))
        return {one.iad: "the switch is down: start the device anew" for one in offered.waiting}
    try:
        return {one.iad: one.text for one in notify_devices(session, offered.waiting)}
    except SwitchError as fault:
        screens.say(faults.told(fault))
        return {one.iad: "the switch is down: start the device anew" for one in offered.waiting}
    finally:
        session.close()
