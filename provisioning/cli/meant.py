"""Which switches and sites a command is about, and the sessions with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pbx.errors import SwitchError
from provisioning.cli import faults, screens
from provisioning.flows.errors import FlowError

if TYPE_CHECKING:
    from provisioning.flows.plan_site import SwitchPlan
    from provisioning.flows.ports import Ledger, Switch
    from provisioning.settings import Settings
    from provisioning.settings_switch import SwitchSettings

Meant = list[tuple["SwitchSettings", tuple[str, ...]]]
"""Switches, each with the sites that are meant on it; no site means all that it serves."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """A switch with which nothing could be done, and why; the others went on."""

    switch: str
    error: str
    exit_code: int

    def to_json(self) -> dict[str, Any]:
        return {"switch": self.switch, "exit_code": self.exit_code, "error": self.error}


def at_each(
    chosen: Meant, progress: screens.Progress, work: Callable[[Switch, tuple[str, ...]], T]
) -> tuple[list[T], list[Down]]:
    """Does the work at one switch after the other; one that fails is told, and does not stop the others."""
    done: list[T] = []
    down: list[Down] = []
    for switch, sites in chosen:
        try:
            with _connected(switch) as session:
                done.append(work(session, sites))
        except (FlowError, SwitchError) as fault:
            progress.finish()
            screens.say(faults.told(fault))
            down.append(Down(switch=switch.name, error=str(fault), exit_code=faults.code_of(fault)))
    progress.finish()
    return done, down


def down_code(down: list[Down]) -> int:
    """The exit code that says most of the switches that failed; 0 when none did."""
    from provisioning.flows.apply_plan import worst

    return worst(one.exit_code for one in down)


def show_plan(planned: SwitchPlan) -> None:
    from provisioning.planning import explain

    for one in planned.plans:
        for text in explain.lines(one):
            style = {"+": "green", "~": "yellow", "-": "red"}[text[0]]
            screens.coloured(f"{text}  [{one.site or planned.switch}]", style)
    for note in (*planned.notes, *planned.needs_force):
        screens.say(f"{planned.switch}: {note}")
    if planned.orphans:
        found = ", ".join(planned.orphans)
        screens.say(f"{planned.switch}: sites no contract knows, left alone: {found}")
    screens.line(f"{planned.switch}: {explain.summary(planned.plans)}")


@contextmanager
def _connected(switch: SwitchSettings) -> Iterator[Switch]:
    from provisioning import wiring

    session = wiring.connect(switch)
    try:
        yield session
    finally:
        session.close()


def meant(settings: Settings, sites: list[str]) -> tuple[Ledger, Meant, tuple[str, ...]]:
    """The ledger, each switch with the sites meant on it, and the sites meant that never had a switch.

    No site means all that a switch serves; one that serves none any more is looked at for what was left
    there. Where only sites without a switch are meant, none is needed.
    """
    from provisioning import wiring

    switches = settings.switches.values()
    ledger = wiring.open_ledger(settings)
    recorded, apart = wiring.recorded_sites(ledger), wiring.sites_without_switch(ledger)
    if (sites and apart.issuperset(sites)) or (recorded and recorded == apart):
        return ledger, [], tuple(dict.fromkeys(sites)) or tuple(sorted(apart))
    direct = tuple(dict.fromkeys(site for site in sites if site in apart))
    sites = [site for site in sites if site not in apart]
    if not switches:
        raise FlowError("no switch is set: add [switches.NAME] to seatline.toml")
    if homeless := [site for site in sites if not any(one.serves(site) for one in switches)]:
        raise FlowError(
            f"no switch serves site {homeless[0]}: add it to `sites` of a switch in seatline.toml"
        )
    if len(switches) > 1 and any(one.sites is None for one in switches):
        raise FlowError("with several switches, say in seatline.toml which `sites` each of them serves")
    if sites:
        named = [(one, tuple(site for site in sites if one.serves(site))) for one in switches]
        return ledger, [(one, chosen) for one, chosen in named if chosen], direct
    known = [(one, tuple(site for site in one.sites or () if site in recorded)) for one in switches]
    return ledger, [(one, chosen) for one, chosen in known if not one.sites or chosen], direct


def tell_overlooked(settings: Settings, ledger: Ledger, sites: Sequence[str]) -> list[str]:
    """Says what a command leaves out, though no site was named: a contract in force at a site that no switch
    serves, and names in `sites` that no contract has."""
    from provisioning import wiring
    from provisioning.flows.plan_site import contracts_by_site

    if sites or not settings.switches:
        return []
    in_force, known = contracts_by_site(ledger, wiring.today())
    switches = settings.switches.values()
    lines = [
        f"site {site}: a contract is in force there, and no switch serves it: add it to `sites` of a switch "
        "in seatline.toml"
        for site in sorted(in_force)
        if not any(one.serves(site) for one in switches)
    ]
    for one in switches:
        if strange := [site for site in one.sites or () if site not in known]:
            lines.append(f"switch {one.name}: no contract has site {', '.join(strange)} of its `sites`")
    for line in lines:
        screens.say(line)
    return lines


def taken_off(settings: Settings, sites: list[str], switch: str) -> tuple[Ledger, Meant]:
    """The ledger, and these sites on a switch that they are to be taken off (移机后清除)."""
    from provisioning import wiring

    if switch not in settings.switches:
        known = ", ".join(sorted(settings.switches)) or "none"
        raise FlowError(f"--off: no switch {switch!r} in seatline.toml; known: {known}")
    one = settings.switches[switch]
    if not sites:
        raise FlowError(f"--off takes the sites you name off a switch: seatline apply SITE --off {switch}")
    if served := [site for site in sites if one.serves(site)]:
        raise FlowError(
            f"--off: {switch} serves site {served[0]}; give the site to the `sites` of another switch first"
        )
    return wiring.open_ledger(settings), [(one, tuple(dict.fromkeys(sites)))]


def direct_to_operator(site: str) -> str:
    """What is said of a site that has no switch, where a switch is asked for."""
    return (
        f"{site}: no switch in the path, its IADs register straight to the operator; "
        f"see `seatline iad {site}`"
    )
