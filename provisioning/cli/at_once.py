"""A decision brought to the switch of its site at once, without asking (立即生效)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pbx.errors import SwitchError
from provisioning.cli import faults, screens
from provisioning.flows.errors import FlowError

if TYPE_CHECKING:
    from provisioning.flows.ports import Ledger
    from provisioning.settings import Settings

NoApply = Annotated[
    bool, typer.Option("--no-apply", help="Only record it; the next apply brings it to the switch.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of it on the switches, for programs, and the exit code that says it."""

    switches: tuple[dict[str, Any], ...] = ()
    exit_code: int = 0


def put_in_force(settings: Settings, ledger: Ledger, contract: str, *, json: bool, no_apply: bool) -> Done:
    """Applies the contract's site; whatever keeps it from that is told, for the decision is recorded."""
    from provisioning import wiring
    from provisioning.cli.meant import direct_to_operator
    from provisioning.core.contract import version_in_force

    standing = version_in_force(ledger.versions(contract), wiring.today())
    if standing is None:
        screens.say(f"contract {contract} is not in force today: there is nothing to bring to a switch")
        return Done()
    site = standing.contract.site
    if no_apply:
        screens.say(f"recorded; it comes to the switch with `seatline apply {site.name}`")
        return Done()
    if site.switch == "none":
        screens.say(f"{direct_to_operator(site.name)}: only the operator can stop their calls")
        return Done()
    if not settings.switches:
        screens.say("recorded; no switch is set in seatline.toml, so nothing was applied")
        return Done()
    return _applied(settings, ledger, site.name, json=json)


def _applied(settings: Settings, ledger: Ledger, site: str, *, json: bool) -> Done:
    from provisioning.cli.applying import Wish, run
    from provisioning.cli.meant import meant
    from provisioning.flows.apply_plan import worst

    wish = Wish(
        settings=settings,
        ledger=ledger,
        progress=screens.Progress(quiet=True),
        force=False,
        undo=False,
        ask=False,
        json=json,
    )
    try:
        _, chosen, _ = meant(settings, [site])
        done, down = run(wish, chosen, {})
    except (FlowError, SwitchError) as fault:
        screens.say(faults.told(fault))
        _say_unapplied(site)
        return Done(exit_code=faults.code_of(fault))
    code = worst([*(one.exit_code for one in done), *(one.exit_code for one in down)])
    if code:
        _say_unapplied(site)
    told: Sequence[dict[str, Any]] = [*(one.to_json() for one in done), *(one.to_json() for one in down)]
    return Done(switches=tuple(told), exit_code=code)


def _say_unapplied(site: str) -> None:
    screens.say(f"It is recorded, but not in force on the switch: run `seatline apply {site}`")
