"""The switch, changed: apply."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioning.cli import screens
from provisioning.cli.options import Config, Json, Sites
from provisioning.flows.errors import FlowError


def apply(
    sites: Sites = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="Only if the plan is still this one.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Even when over 30 % change or go.")] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take the last apply of these sites back (撤销).")
    ] = False,
    off: Annotated[
        str | None,
        typer.Option(
            "--off",
            metavar="SWITCH",
            help="Remove these sites from a switch that does not serve them any more.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Bring the switch to what the contracts say: stage, verify, promote, reload, read back (下发).

    Each site is entirely old or entirely new. When the switch disagrees, the old configuration runs again
    (exit code 5), and the object is named. One switch that is down does not keep the others waiting.

    Examples: seatline apply   |   seatline apply zhaotong --yes   |   seatline apply --plan zhaotong.plan   |
    seatline apply zhaotong --undo   |   seatline apply zhaotong --off old-pbx
    """
    from provisioning import wiring
    from provisioning.cli import iad_screen, saved_plan
    from provisioning.cli.applying import Wish, run
    from provisioning.cli.meant import direct_to_operator, meant, taken_off, tell_overlooked
    from provisioning.flows.apply_plan import worst

    if undo and (plan is not None or not sites):
        raise FlowError("--undo takes back the last apply of the sites you name: seatline apply SITE --undo")
    settings = wiring.load_settings(config)
    if off is not None and (undo or plan is not None):
        raise FlowError("--off goes with neither --undo nor --plan")
    saved = saved_plan.read(plan) if plan is not None else None
    sites = saved.meant(sites or []) if saved is not None else sites
    direct: tuple[str, ...] = ()
    overlooked: list[str] = []
    if off is not None:
        ledger, chosen = taken_off(settings, sites or [], off)
    else:
        ledger, chosen, direct = meant(settings, sites or [])
        overlooked = tell_overlooked(settings, ledger, sites or [])
    if undo and direct:
        raise FlowError(f"there is no apply to undo; {direct_to_operator(direct[0])}")
    agreed = saved.agreed(chosen) if saved is not None else {}
    if saved is not None:
        saved.check_iads(iad_screen.planned(settings, ledger, sites or []))
    wish = Wish(
        settings=settings,
        ledger=ledger,
        progress=screens.Progress(quiet=json),
        force=force,
        undo=undo,
        ask=plan is None and not yes,
        json=json,
    )
    done, down = run(wish, chosen, agreed)
    if json:
        told = [*(one.to_json() for one in done), *(one.to_json() for one in down)]
        screens.print_json({"switches": told, "overlooked": overlooked})
    for site in direct:
        (screens.say if json else screens.line)(direct_to_operator(site))
    waiting = iad_screen.to_hand_out(iad_screen.planned(settings, ledger, sites or []))
    if waiting is not None:
        screens.say(waiting)
    if undo and any(one.status == "undone" for each in done for one in each.outcomes):
        screens.say(
            "The ledger still says otherwise: until the former contract is recorded again, "
            "the next apply brings back what was undone."
        )
    if code := worst([*(one.exit_code for one in done), *(one.exit_code for one in down)]):
        raise typer.Exit(code)
