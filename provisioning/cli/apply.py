"""The switch, changed: apply."""

from __future__ import annotations

import json as jsons
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioning.cli import faults, iad_screen, screens
from provisioning.cli.meant import Meant, at_each, meant, show_plan
from provisioning.cli.options import Config, Json, Sites
from provisioning.flows.errors import FlowError

if TYPE_CHECKING:
    from provisioning.flows.apply_plan import Applied
    from provisioning.flows.plan_site import SwitchPlan
    from provisioning.flows.ports import Ledger, Switch
    from provisioning.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What the command line says: how to apply, and whether to ask first."""

    settings: Settings
    ledger: Ledger
    progress: screens.Progress
    force: bool
    undo: bool
    ask: bool
    json: bool


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
    json: Json = False,
    config: Config = None,
) -> None:
    """Bring the switch to what the contracts say: stage, verify, promote, reload, read back (下发).

    Each site is entirely old or entirely new. When the switch disagrees, the old configuration runs again
    (exit code 5), and the object is named. One switch that is down does not keep the others waiting.

    Examples: seatline apply   |   seatline apply zhaotong --yes   |   seatline apply --plan zhaotong.plan   |
    seatline apply zhaotong --undo
    """
    from provisioning import wiring
    from provisioning.flows.apply_plan import worst

    if undo and (plan is not None or not sites):
        raise FlowError("--undo takes back the last apply of the sites you name: seatline apply SITE --undo")
    settings = wiring.load_settings(config)
    ledger, chosen = meant(settings, sites or [])
    agreed = _approved(plan, chosen) if plan is not None else {}
    wish = _Wish(
        settings=settings,
        ledger=ledger,
        progress=screens.Progress(quiet=json),
        force=force,
        undo=undo,
        ask=plan is None and not yes,
        json=json,
    )

    def work(session: Switch, named: tuple[str, ...]) -> Applied:
        applied = _applied(wish, session, named, agreed.get(session.name))
        wish.progress.finish()
        if not json:
            _show_applied(applied)
        return applied

    done, down = at_each(chosen, wish.progress, work)
    if json:
        screens.print_json({"switches": [*(one.to_json() for one in done), *(one.to_json() for one in down)]})
    waiting = iad_screen.to_hand_out(iad_screen.planned(settings, ledger, sites or []))
    if waiting is not None:
        screens.say(waiting)
    if undo and any(one.changed for one in done):
        screens.say(
            "The ledger still says otherwise: until the former contract is recorded again, "
            "the next apply brings back what was undone."
        )
    if code := worst([*(one.exit_code for one in done), *(one.exit_code for one in down)]):
        raise typer.Exit(code)


def _applied(wish: _Wish, session: Switch, sites: tuple[str, ...], agreed: str | None) -> Applied:
    from provisioning import wiring
    from provisioning.flows.apply_plan import apply_sites

    approved = _asked(wish, session, sites) if wish.ask else agreed
    return apply_sites(
        session,
        wiring.world(wish.settings, wish.ledger),
        sites=sites,
        hand_written=wiring.hand_written_dialplan(),
        today=wiring.today(),
        force=wish.force,
        undo=wish.undo,
        approved=approved,
        progress=wish.progress,
    )


def _asked(wish: _Wish, session: Switch, sites: tuple[str, ...]) -> str:
    """Shows the plan and asks; the digest of what was agreed to."""
    planned = _planned(wish, session, sites)
    wish.progress.finish()
    if not planned:
        return planned.digest
    if wish.json or not screens.may_ask():
        raise FlowError("there are changes; say --yes to apply them, or --plan FILE with a saved plan")
    show_plan(planned)
    typer.confirm(f"Apply this to {planned.switch}?", abort=True, err=True)
    return planned.digest


def _planned(wish: _Wish, session: Switch, sites: tuple[str, ...]) -> SwitchPlan:
    from provisioning import wiring
    from provisioning.flows.plan_site import plan_sites
    from provisioning.flows.plan_undo import plan_undo

    if wish.undo:
        return plan_undo(session, wish.ledger, sites=sites, today=wiring.today())
    return plan_sites(
        session,
        wish.ledger,
        sites=sites,
        hand_written=wiring.hand_written_dialplan(),
        today=wiring.today(),
        progress=wish.progress,
    )


def _show_applied(applied: Applied) -> None:
    for outcome in applied.outcomes:
        screens.line(f"{applied.switch}: {outcome.site or 'hand-written dialplan'}: {outcome.status}")
        if outcome.fault is not None:
            screens.say(faults.told(outcome.fault))


def _approved(file: Path, chosen: Meant) -> dict[str, str]:
    """The digests of a saved plan, one for each switch that is meant."""

    try:
        digests = dict(jsons.loads(file.read_text(encoding="utf-8"))["digests"])
    except OSError as fault:
        raise FlowError(f"{file}: cannot be read: {fault.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise FlowError(f"{file}: not a plan saved by `seatline plan --out`") from None
    if missing := [switch.name for switch, _ in chosen if switch.name not in digests]:
        raise FlowError(f"{file}: holds no plan for switch {', '.join(missing)}; save it again")
    return digests
