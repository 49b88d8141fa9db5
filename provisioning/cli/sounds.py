"""What callers hear: prompts, ringback tone, recorded names: sound list, add, remove, install."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioning.cli import screens
from provisioning.cli.options import Config, Json

if TYPE_CHECKING:
    from provisioning.core.site import Site
    from provisioning.flows.ports import Ledger
    from provisioning.settings import Settings
    from provisioning.settings_switch import SwitchSettings

app = typer.Typer(help="Prompts and recordings that callers hear (提示音, 彩铃).", no_args_is_help=True)

SiteName = Annotated[str, typer.Argument(metavar="SITE", help="A site of the ledger.", show_default=False)]
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="One that `sound list SITE` shows.", show_default=False)
]


@app.command("list")
def listed(site: SiteName, json: Json = False, config: Config = None) -> None:
    """What callers of a site hear, and what of it is the customer's own (提示音列表).

    Example: seatline sound list zhaotong
    """
    from provisioning import wiring
    from provisioning.flows import keep_sounds

    settings = wiring.load_settings(config)
    _, found = _site(settings, site)
    folder = wiring.sound_folder(_switch(settings, site))
    shown = list(keep_sounds.listed(folder, found, wiring.prompts()))
    if json:
        screens.print_json([one.to_json() for one in shown])
        return
    rows = ((one.name, one.whose, "" if one.seconds is None else one.seconds, one.says) for one in shown)
    screens.table(("name", "whose", "seconds>", "says"), rows)


@app.command()
def add(
    site: SiteName,
    name: Name,
    file: Annotated[
        Path, typer.Argument(metavar="FILE.wav", help="A recording of 2 minutes at most.", show_default=False)
    ],
    json: Json = False,
    config: Config = None,
) -> None:
    """Check a customer's recording, convert it, and have the switch play it from now on (上传提示音).

    Any WAV file will do. NAME is what `sound list` shows: greeting, night, ringback (彩铃), waiting,
    refused-hours ..., or name-08702120001, how the directory says whose number it is.

    Example: seatline sound add zhaotong ringback company-song.wav
    """
    from provisioning import wiring
    from provisioning.flows import keep_sounds
    from provisioning.flows.errors import FlowError

    settings = wiring.load_settings(config)
    ledger, found = _site(settings, site)
    switch = _switch(settings, site)
    folder = wiring.sound_folder(switch)
    try:
        content = wiring.read_first(str(file), keep_sounds.LARGEST + 1)
    except OSError as fault:
        raise FlowError(f"{file} cannot be read: {fault.strerror}") from fault
    kept = keep_sounds.add(
        folder,
        ledger,
        found,
        name,
        content,
        file=str(file),
        prompts=wiring.prompts(),
        at=wiring.now(),
        who=wiring.who(),
        told=lambda: wiring.reload_music(switch),
    )
    if json:
        screens.print_json(
            {"site": kept.site, "name": kept.name, "seconds": kept.seconds, "sha256": kept.sha256}
        )
    else:
        screens.line(f"{kept.name} of site {kept.site} is {file} now, {kept.seconds:.1f} s")
    if name == "ringback" and not _rings_back(found):
        screens.say(
            f"site {site} has no ringback tone by its contract: nobody hears it until it has the feature"
        )


@app.command()
def remove(site: SiteName, name: Name, json: Json = False, config: Config = None) -> None:
    """Take a customer's recording away: callers hear ours again, or ordinary ringing (删除提示音).

    Example: seatline sound remove zhaotong ringback
    """
    from provisioning import wiring
    from provisioning.flows import keep_sounds

    settings = wiring.load_settings(config)
    ledger, found = _site(settings, site)
    folder = wiring.sound_folder(_switch(settings, site))
    keep_sounds.remove(folder, ledger, found.name, name, at=wiring.now(), who=wiring.who())
    if json:
        screens.print_json({"site": site, "name": name, "removed": True})
    else:
        screens.line(f"{name} of site {site} is no longer the customer's own")


@app.command()
def install(
    switch: Annotated[
        str | None, typer.Argument(metavar="[SWITCH]", help="One of the settings.", show_default=False)
    ] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Bring the prompts that go with seatline to a switch, Chinese and English (安装提示音).

    Once for each switch, and after an update; customers' own recordings stay. Without SWITCH it is the only
    one of the settings.

    Example: seatline sound install
    """
    from provisioning import wiring
    from provisioning.flows import keep_sounds

    chosen = wiring.switch_named(wiring.load_settings(config), switch)
    count = keep_sounds.install(wiring.sound_folder(chosen), wiring.shipped_sounds())
    if json:
        screens.print_json({"switch": chosen.name, "written": count})
    else:
        screens.line(f"{chosen.name}: {count} files written" if count else f"{chosen.name}: all in place")


def _rings_back(site: Site) -> bool:
    return "ringback" in site.features or any("ringback" in seat.features for seat in site.seats)


def _site(settings: Settings, name: str) -> tuple[Ledger, Site]:
    """The ledger, and a site as its newest version has it."""
    from provisioning import wiring
    from provisioning.flows.errors import FlowError

    ledger = wiring.open_ledger(settings)
    sites = {version.contract.site.name: version.contract.site for version in ledger.versions()}
    if name not in sites:
        known = ", ".join(sorted(sites)) or "none"
        raise FlowError(f"no contract in the ledger has a site {name!r}; known: {known}")
    return ledger, sites[name]


def _switch(settings: Settings, site: str) -> SwitchSettings:
    """The switch that serves a site."""
    from provisioning.flows.errors import SourceUnreachable

    serving = [switch for switch in settings.switches.values() if switch.serves(site)]
    if len(serving) != 1:
        known = ", ".join(switch.name for switch in serving) or "none"
        raise SourceUnreachable(
            f"which switch serves site {site} is not clear ({known}): name it in `sites` of one "
            "[switches.NAME] in seatline.toml"
        )
    return serving[0]
