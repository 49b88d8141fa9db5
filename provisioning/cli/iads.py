"""The files of a site's IADs: iad."""

from __future__ import annotations

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
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Write all files there.", show_default=False)
    ] = None,
    offer: Annotated[bool, typer.Option("--offer", help="Let changed devices fetch theirs, once.")] = False,
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
    tells the device to fetch.

    Examples: seatline iad zhaotong --to usb   |   seatline iad zhaotong --offer --minutes 15
    """
    from provisioning import wiring

    if (to is None) == (not offer):
        raise FlowError(
            "say either --to DIR, to carry the files to the site, or --offer, to have them fetched"
        )
    settings = wiring.load_settings(config)
    ledger = wiring.open_ledger(settings)
    if offer and settings.serve.url is None:
        raise FlowError(
            'devices are not told where to fetch; set url = "https://..." in [serve] of seatline.toml'
        )
    planned = _planned(settings, ledger, site)
    if to is not None:
        _write(ledger, planned, to, force=force, json=json)
    else:
        _offer(settings, ledger, planned, minutes=minutes, force=force, json=json)


def _planned(settings: Settings, ledger: Ledger, site: str) -> SiteIads:
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
    )
    if not planned.iads and not planned.former:
        why = (
            "has no IADs: the contract names them under site.iads"
            if site in in_force
            else f"has no contract in force on {wiring.today()}, and none of its IADs ever got a file"
        )
        raise FlowError(f"site {site} {why}")
    return planned


def _write(ledger: Ledger, planned: SiteIads, to: Path, *, force: bool, json: bool) -> None:
    from provisioning import wiring, wiring_iads
    from provisioning.flows.write_iads import write_iads

    written = write_iads(
        ledger, planned, wiring_iads.device_folder(to), force=force, at=wiring.now(), who=wiring.who()
    )
    if json:
        screens.print_json({"site": planned.site, "files": [_told(one) for one in written]})
        return
    rows = [
        (one.iad, one.model, one.mac, "\n".join(one.files), f"{one.used} of {one.ports}") for one in written
    ]
    screens.table(("device", "model", "MAC", "file", "ports in use>"), rows, title=f"{planned.site}: {to}")
    if planned.gone:
        screens.line(f"no longer at the site: {', '.join(planned.gone)}")


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
    settings: Settings, ledger: Ledger, planned: SiteIads, *, minutes: int, force: bool, json: bool
) -> None:
    from provisioning import wiring
    from provisioning.flows.write_iads import offer_changed

    offered = offer_changed(ledger, planned, minutes=minutes, force=force, at=wiring.now(), who=wiring.who())
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
        told = {"site": planned.site, "offers": files, "carry": list(offered.carried_only)}
        screens.print_json(told)
        return
    rows = [
        (one.iad, one.model, one.file_name, f"{minutes} min", notified.get(one.iad)) for one in offered.offers
    ]
    if rows:
        screens.table(("device", "model", "file", "waits", "told to fetch"), rows, title=planned.site)
    for name in offered.carried_only:
        screens.line(f"{name}: knows no address to fetch from yet; carry its file: --to DIR")
    if not rows and not offered.carried_only:
        screens.line(f"{planned.site}: no changes: every IAD got the file it should have")


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
