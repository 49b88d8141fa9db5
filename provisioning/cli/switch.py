"""The switch: plan, apply, drift, doctor."""

from __future__ import annotations

import json as jsons
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioning.cli import screens
from provisioning.cli.options import Config, Json, Sites

if TYPE_CHECKING:
    from pbx.live.ami import Ami
    from provisioning.flows.plan_site import SwitchPlan
    from provisioning.flows.ports import Ledger
    from provisioning.settings import Settings, SwitchSettings

Meant = list[tuple["SwitchSettings", tuple[str, ...]]]


def plan(
    sites: Sites = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Save the plan for `apply --plan`.", show_default=False)
    ] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """What would change on the switch, as + ~ - (计划).

    Exit code 2 when there are changes, 0 when there are none. Nothing is touched.
    """
    from provisioning import wiring
    from provisioning.flows.plan_site import plan_sites

    settings = wiring.load_settings(config)
    ledger = wiring.open_ledger(settings)
    progress = screens.Progress(quiet=json)
    plans: list[SwitchPlan] = []
    for switch, chosen in _meant(settings, ledger, sites or []):
        with _connected(switch) as ami:
            plans.append(
                plan_sites(
                    ami,
                    ledger,
                    sites=chosen,
                    hand_written=wiring.hand_written_dialplan(),
                    today=wiring.today(),
                    progress=progress,
                )
            )
    progress.finish()
    if out is not None:
        saved = {one.switch: one.digest for one in plans}
        out.write_text(jsons.dumps({"seatline-plan": 1, "digests": saved}) + "\n", encoding="utf-8")
    if json:
        screens.print_json(_together([one.to_json() for one in plans]))
    else:
        for one in plans:
            _show_plan(one)
    if any(plans):
        raise typer.Exit(2)


def _show_plan(planned: SwitchPlan) -> None:
    from provisioning.planning import explain

    for one in planned.plans:
        for text in explain.lines(one):
            style = {"+": "green", "~": "yellow", "-": "red"}[text[0]]
            screens.coloured(f"{text}  [{one.site or planned.switch}]", style)
    for note in planned.notes:
        screens.say(f"{planned.switch}: {note}")
    if planned.orphans:
        found = ", ".join(planned.orphans)
        screens.say(f"{planned.switch}: sites no contract knows, left alone: {found}")
    screens.line(f"{planned.switch}: {explain.summary(planned.plans)}")


def apply(
    sites: Sites = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="Only if the plan is still this one.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Even when over 30 % change or go.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Bring the switch to what the contracts say: stage, verify, promote, reload, read back (下发).

    Each site is entirely old or entirely new. When the switch disagrees, the old configuration runs again
    (exit code 5), and the object is named.
    """
    from provisioning import wiring
    from provisioning.flows.apply_plan import apply_sites

    settings = wiring.load_settings(config)
    ledger = wiring.open_ledger(settings)
    approved = _approved(plan)
    progress = screens.Progress(quiet=json)
    results = []
    for switch, chosen in _meant(settings, ledger, sites or []):
        digest = approved.get(switch.name, "") if plan is not None else None
        if not yes and plan is None:
            digest = _asked(ledger, switch, chosen, progress, json)
            if digest is None:
                continue
        with _connected(switch) as ami:
            results.append(
                apply_sites(
                    ami,
                    wiring.world(settings, ledger),
                    sites=chosen,
                    hand_written=wiring.hand_written_dialplan(),
                    today=wiring.today(),
                    force=force,
                    approved=digest,
                    progress=progress,
                )
            )
        progress.finish()
    if json:
        screens.print_json({"switches": [one.to_json() for one in results]})
    else:
        for one in results:
            for outcome in one.outcomes:
                screens.line(f"{one.switch}: {outcome.site or 'hand-written dialplan'}: {outcome.status}")
    for one in results:
        for outcome in one.outcomes:
            if outcome.fault is not None:
                screens.say(f"seatline: {outcome.fault}")
    code = next((one.exit_code for one in results if one.exit_code), 0)
    if code:
        raise typer.Exit(code)


def _asked(
    ledger: Ledger, switch: SwitchSettings, chosen: tuple[str, ...], progress: screens.Progress, json: bool
) -> str | None:
    """Shows the plan and asks; the digest of what was agreed to, None for nothing to do."""
    from provisioning import wiring
    from provisioning.flows.errors import FlowError
    from provisioning.flows.plan_site import plan_sites

    with _connected(switch) as ami:
        planned = plan_sites(
            ami,
            ledger,
            sites=chosen,
            hand_written=wiring.hand_written_dialplan(),
            today=wiring.today(),
            progress=progress,
        )
    progress.finish()
    if not planned:
        return planned.digest
    if json or not screens.may_ask():
        raise FlowError("there are changes; say --yes to apply them, or --plan FILE with a saved plan")
    _show_plan(planned)
    typer.confirm(f"Apply this to {switch.name}?", abort=True, err=True)
    return planned.digest


def _approved(file: Path | None) -> dict[str, str]:
    from provisioning.flows.errors import FlowError

    if file is None:
        return {}
    try:
        content = jsons.loads(file.read_text(encoding="utf-8"))
        return dict(content["digests"])
    except (OSError, ValueError, KeyError, TypeError):
        raise FlowError(f"{file}: not a plan saved by `seatline plan --out`") from None


def drift(sites: Sites = None, json: Json = False, config: Config = None) -> None:
    """What the switch holds or runs differently from the ledger (漂移). Exit code 2 if anything does."""
    from provisioning import wiring
    from provisioning.flows.drift import find_drift

    settings = wiring.load_settings(config)
    ledger = wiring.open_ledger(settings)
    progress = screens.Progress(quiet=json)
    reports = []
    for switch, chosen in _meant(settings, ledger, sites or []):
        with _connected(switch) as ami:
            reports.append(
                find_drift(
                    ami,
                    ledger,
                    sites=chosen,
                    hand_written=wiring.hand_written_dialplan(),
                    today=wiring.today(),
                    progress=progress,
                )
            )
    progress.finish()
    if json:
        screens.print_json({"switches": [one.to_json() for one in reports]})
    else:
        for one in reports:
            for found in one.drifts:
                screens.line(f"{one.switch}: {found}")
            for orphan in one.orphans:
                screens.line(f"{one.switch}: site {orphan} is on the switch, and no contract knows it")
            for note in one.notes:
                screens.line(f"{one.switch}: {note}")
            if not one:
                screens.line(f"{one.switch}: holds and runs what the ledger says")
    if any(reports):
        raise typer.Exit(2)


def doctor(json: Json = False, config: Config = None) -> None:
    """Look at ledger, disk, sources and switches: a line a check (检查). Exit code 1 if anything is bad."""
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


@contextmanager
def _connected(switch: SwitchSettings) -> Iterator[Ami]:
    from provisioning import wiring

    ami = wiring.connect(switch)
    try:
        yield ami
    finally:
        ami.close()


def _meant(settings: Settings, ledger: Ledger, sites: list[str]) -> Meant:
    """Each switch with the sites meant on it; no site means all that it serves."""
    from provisioning import wiring
    from provisioning.flows.errors import FlowError

    if not settings.switches:
        raise FlowError("no switch is set: add [switches.NAME] to seatline.toml")
    homeless = [site for site in sites if not any(one.serves(site) for one in settings.switches.values())]
    if homeless:
        raise FlowError(
            f"no switch serves site {homeless[0]}: add it to `sites` of a switch in seatline.toml"
        )
    if sites:
        wanted = {one.name: tuple(s for s in sites if one.serves(s)) for one in settings.switches.values()}
        return [(one, wanted[one.name]) for one in settings.switches.values() if wanted[one.name]]
    if len(settings.switches) > 1 and any(one.sites is None for one in settings.switches.values()):
        raise FlowError("with several switches, say in seatline.toml which `sites` each of them serves")
    recorded = wiring.recorded_sites(ledger)
    meant = []
    for one in settings.switches.values():
        known = tuple(site for site in one.sites or () if site in recorded)
        if one.sites is None or known:
            meant.append((one, known))
    return meant


def _together(plans: list[dict[str, Any]]) -> dict[str, Any]:
    """One plan of several switches, in the form of `plan --json`."""
    if len(plans) == 1:
        return plans[0]
    changes = [{**change, "switch": one["switch"]} for one in plans for change in one["changes"]]
    counts = {action: sum(one[action] for one in plans) for action in ("add", "change", "remove")}
    return {"changes": changes, **counts, "switches": plans}
