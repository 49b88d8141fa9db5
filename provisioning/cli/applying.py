"""An apply as the command line wishes it: shown and agreed to first, then done, switch by switch (下发)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from provisioning.cli import faults, screens
from provisioning.cli.meant import Down, Meant, at_each, show_plan
from provisioning.flows.errors import FlowError

if TYPE_CHECKING:
    from provisioning.flows.apply_plan import Applied
    from provisioning.flows.plan_site import SwitchPlan
    from provisioning.flows.ports import Ledger, Switch
    from provisioning.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line says: how to apply, and whether to ask first."""

    settings: Settings
    ledger: Ledger
    progress: screens.Progress
    force: bool
    undo: bool
    ask: bool
    json: bool


def run(wish: Wish, chosen: Meant, agreed: Mapping[str, str]) -> tuple[list[Applied], list[Down]]:
    """Applies at one switch after the other and shows what became of each; `agreed` are digests by switch."""

    def work(session: Switch, named: tuple[str, ...]) -> Applied:
        one = _applied(wish, session, named, agreed.get(session.name))
        wish.progress.finish()
        if not wish.json:
            _show(one)
        return one

    try:
        return at_each(chosen, wish.progress, work)
    except KeyboardInterrupt:
        wish.progress.finish()
        screens.say(
            "A site that was being changed is entirely old or entirely new; the next apply finishes it."
        )
        raise


def _applied(wish: Wish, session: Switch, sites: tuple[str, ...], agreed: str | None) -> Applied:
    """Asks first where that is wished, and applies; `agreed` is the digest of a plan that was agreed to."""
    from provisioning import wiring
    from provisioning.flows.apply_plan import apply_sites

    digest = _asked(wish, session, sites) if wish.ask else agreed
    return apply_sites(
        session,
        wiring.world(wish.settings, wish.ledger),
        sites=sites,
        hand_written=wiring.hand_written_dialplan(),
        today=wiring.today(),
        force=wish.force,
        undo=wish.undo,
        approved=digest,
        progress=wish.progress,
        serves=wish.settings.switches[session.name].serves,
    )


def _asked(wish: Wish, session: Switch, sites: tuple[str, ...]) -> str:
    """Shows the plan and asks; the digest of what was agreed to."""
    planned = _planned(wish, session, sites)
    wish.progress.finish()
    if not planned:
        return planned.digest
    if wish.json or not screens.may_ask():
        raise FlowError("there are changes; say --yes to apply them, or --plan FILE with a saved plan")
    show_plan(planned)
    if not typer.confirm(f"Apply this to {planned.switch}?", err=True):
        raise FlowError(f"{planned.switch}: not applied, as you say")
    return planned.digest


def _planned(wish: Wish, session: Switch, sites: tuple[str, ...]) -> SwitchPlan:
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
        serves=wish.settings.switches[session.name].serves,
    )


def _show(done: Applied) -> None:
    """A line a site; what went wrong is talk."""
    for outcome in done.outcomes:
        screens.line(f"{done.switch}: {outcome.site or 'hand-written dialplan'}: {outcome.status}")
        if outcome.fault is not None:
            screens.say(faults.told(outcome.fault))
