"""The switch, looked at: plan, drift, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioning.cli import screens
from provisioning.cli.options import Config, Json, Sites

if TYPE_CHECKING:
    from provisioning.cli.meant import Down
    from provisioning.flows.drift import DriftReport
    from provisioning.flows.plan_site import SwitchPlan
    from provisioning.flows.ports import Switch


def plan(
    sites: Sites = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Save the plan for `apply --plan`.", show_default=False)
    ] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """What would change on the switch and the IADs, as + ~ - (计划).

    Exit code 2 when there are changes, 0 when there are none. Nothing is touched.

    Examples: seatline plan   |   seatline plan zhaotong --out zhaotong.plan
    """
    from provisioning import wiring
    from provisioning.cli import iad_screen, saved_plan
    from provisioning.cli.meant import (
        at_each,
        direct_to_operator,
        down_code,
        meant,
        show_plan,
        tell_overlooked,
    )
    from provisioning.flows.plan_site import plan_sites

    settings = wiring.load_settings(config)
    ledger, chosen, direct = meant(settings, sites or [])
    overlooked = tell_overlooked(settings, ledger, sites or [])
    progress = screens.Progress(quiet=json)

    def planned(session: Switch, named: tuple[str, ...]) -> SwitchPlan:
        texts, today = wiring.hand_written_dialplan(), wiring.today()
        return plan_sites(
            session,
            ledger,
            sites=named,
            hand_written=texts,
            today=today,
            progress=progress,
            serves=settings.switches[session.name].serves,
        )

    plans, down = at_each(chosen, progress, planned)
    devices = iad_screen.planned(settings, ledger, sites or [])
    if out is not None:
        saved_plan.save(out, sites or [], plans, devices)
    if json:
        screens.print_json(iad_screen.merged(_together(plans, down), devices) | {"overlooked": overlooked})
    else:
        for one in plans:
            show_plan(one)
        iad_screen.show(devices)
    shown = {one.site for one in devices}
    for site in direct:
        if site not in shown:
            screens.say(direct_to_operator(site))
    if code := down_code(down) or 2 * (any(plans) or any(devices)):
        raise typer.Exit(code)


def drift(sites: Sites = None, json: Json = False, config: Config = None) -> None:
    """What switch and IADs hold or run differently from the ledger (漂移).

    Exit code 2 if anything does. A file differs, the running state differs, a registration is missing, an
    IAD has an old file, or an unknown object stands beside ours: that one is left alone.

    Example: seatline drift zhaotong
    """
    from provisioning import wiring
    from provisioning.cli import iad_screen
    from provisioning.cli.meant import at_each, direct_to_operator, down_code, meant, tell_overlooked
    from provisioning.flows.drift import find_drift

    settings = wiring.load_settings(config)
    ledger, chosen, direct = meant(settings, sites or [])
    overlooked = tell_overlooked(settings, ledger, sites or [])
    progress = screens.Progress(quiet=json)

    def drifted(session: Switch, named: tuple[str, ...]) -> DriftReport:
        texts, today = wiring.hand_written_dialplan(), wiring.today()
        return find_drift(
            session,
            ledger,
            sites=named,
            hand_written=texts,
            today=today,
            progress=progress,
            serves=settings.switches[session.name].serves,
        )

    reports, down = at_each(chosen, progress, drifted)
    stale = iad_screen.stale(ledger, iad_screen.planned(settings, ledger, sites or []))
    if json:
        told = [*(one.to_json() for one in reports), *(one.to_json() for one in down)]
        stale_iads = [{**one, "class": OLD_FILE} for one in stale]
        screens.print_json({"switches": told, "iads": stale_iads, "overlooked": overlooked})
    else:
        for one in reports:
            _show_drift(one)
        for iad in stale:
            screens.line(
                f"{OLD_FILE}: site {iad['site']}: {iad['iad']} should have another file than it was "
                f"given ({iad['how']} {iad['at']}); `seatline iad {iad['site']} --to DIR` writes it"
            )
    for site in direct:
        (screens.say if json else screens.line)(direct_to_operator(site))
    if code := down_code(down) or 2 * (any(reports) or bool(stale)):
        raise typer.Exit(code)


OLD_FILE = "IAD has an old file"
"""The class of a drift that is in a device."""


def _show_drift(report: DriftReport) -> None:
    for found in report.drifts:
        screens.line(f"{report.switch}: {found}")
    for orphan in report.orphans:
        screens.line(f"{report.switch}: site {orphan} is on the switch, and no contract knows it")
    for note in report.notes:
        screens.line(f"{report.switch}: {note}")
    for registration in report.unregistered:
        show = screens.line if registration.missing else screens.say
        show(f"{report.switch}: {registration}")
    if not report:
        screens.line(f"{report.switch}: {report.verdict}")


def doctor(json: Json = False, config: Config = None) -> None:
    """Look at ledger, disk, sources and switches: a line a check (检查).

    Exit code 1 if anything is bad.

    Example: seatline doctor --config site/seatline.toml
    """
    from provisioning import checkup, wiring

    findings = checkup.examine(wiring.load_settings(config))
    if json:
        told = [{"check": one.check, "verdict": one.verdict, "text": one.text} for one in findings]
        screens.print_json({"findings": told})
    else:
        style = {"ok": "green", "warning": "yellow", "bad": "bold red"}
        for one in findings:
            screens.coloured(f"{one.verdict:8}{one.check}: {one.text}", style[one.verdict])
    if any(one.verdict == "bad" for one in findings):
        raise typer.Exit(1)


def _together(plans: list[SwitchPlan], down: list[Down]) -> dict[str, Any]:
    """One plan of several switches, in the form of `plan --json`."""
    told = [one.to_json() for one in plans]
    if len(told) == 1 and not down:
        return told[0]
    changes = [{**change, "switch": one["switch"]} for one in told for change in one["changes"]]
    counts = {action: sum(one[action] for one in told) for action in ("add", "change", "remove")}
    return {"changes": changes, **counts, "switches": [*told, *(one.to_json() for one in down)]}
