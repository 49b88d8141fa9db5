"""The switch: plan, apply, drift, doctor."""

from __future__ import annotations

import json as jsons
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pbx.errors import SwitchError
from provisioning.cli import faults, screens
from provisioning.cli.options import Config, Json, Sites
from provisioning.flows.errors import FlowError

if TYPE_CHECKING:
    from provisioning.flows.apply_plan import Applied
    from provisioning.flows.plan_site import SwitchPlan
    from provisioning.flows.ports import Ledger, Switch
    from provisioning.settings import Settings, SwitchSettings


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

    Examples: seatline plan   |   seatline plan zhaotong --out zhaotong.plan
    """
    from provisioning import wiring

    settings = wiring.load_settings(config)
    ledger, meant = _meant(settings, sites or [])
    progress = screens.Progress(quiet=json)
    plans = [_planned(ledger, switch, chosen, progress) for switch, chosen in meant]
    progress.finish()
    if out is not None:
        saved = {one.switch: one.digest for one in plans}
        try:
            out.write_text(jsons.dumps({"seatline-plan": 1, "digests": saved}) + "\n", encoding="utf-8")
        except OSError as fault:
            raise FlowError(f"{out}: the plan cannot be saved: {fault.strerror}") from None
    if json:
        screens.print_json(_together([one.to_json() for one in plans]))
    else:
        for one in plans:
            _show_plan(one)
    if any(plans):
        raise typer.Exit(2)


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

    Examples: seatline apply   |   seatline apply zhaotong --yes   |   seatline apply --plan zhaotong.plan
    """
    from provisioning import wiring
    from provisioning.flows.apply_plan import apply_sites, worst

    settings = wiring.load_settings(config)
    ledger, meant = _meant(settings, sites or [])
    progress = screens.Progress(quiet=json)
    agreed = _approved(plan, meant) if plan is not None else {}
    if plan is None and not yes:
        agreed = {switch.name: _asked(ledger, switch, chosen, progress, json) for switch, chosen in meant}
    results, codes = [], []
    for switch, chosen in meant:
        try:
            with _connected(switch) as session:
                applied = apply_sites(
                    session,
                    wiring.world(settings, ledger),
                    sites=chosen,
                    hand_written=wiring.hand_written_dialplan(),
                    today=wiring.today(),
                    force=force,
                    approved=agreed.get(switch.name),
                    progress=progress,
                )
        except (FlowError, SwitchError) as fault:  # the other switches are applied all the same
            screens.say(faults.told(fault))
            codes.append(faults.code_of(fault))
            continue
        finally:
            progress.finish()
        results.append(applied)
        codes.append(applied.exit_code)
        if not json:
            _show_applied(applied)
    if json:
        screens.print_json({"switches": [one.to_json() for one in results]})
    if code := worst(codes):
        raise typer.Exit(code)


def drift(sites: Sites = None, json: Json = False, config: Config = None) -> None:
    """What the switch holds or runs differently from the ledger (漂移). Exit code 2 if anything does.

    Example: seatline drift zhaotong
    """
    from provisioning import wiring
    from provisioning.flows.drift import find_drift

    settings = wiring.load_settings(config)
    ledger, meant = _meant(settings, sites or [])
    progress = screens.Progress(quiet=json)
    reports = []
    for switch, chosen in meant:
        with _connected(switch) as session:
            reports.append(
                find_drift(
                    session,
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
            for registration in one.unregistered:
                screens.say(f"{one.switch}: {registration}")
            if not one:
                screens.line(f"{one.switch}: holds and runs what the ledger says")
    if any(reports):
        raise typer.Exit(2)


def doctor(json: Json = False, config: Config = None) -> None:
    """Look at ledger, disk, sources and switches: a line a check (检查). Exit code 1 if anything is bad.

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


def _planned(
    ledger: Ledger, switch: SwitchSettings, chosen: tuple[str, ...], progress: Callable[..., None]
) -> SwitchPlan:
    from provisioning import wiring
    from provisioning.flows.plan_site import plan_sites

    with _connected(switch) as session:
        return plan_sites(
            session,
            ledger,
            sites=chosen,
            hand_written=wiring.hand_written_dialplan(),
            today=wiring.today(),
            progress=progress,
        )


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


def _show_applied(applied: Applied) -> None:
    for outcome in applied.outcomes:
        screens.line(f"{applied.switch}: {outcome.site or 'hand-written dialplan'}: {outcome.status}")
        if outcome.fault is not None:
            screens.say(faults.told(outcome.fault))


def _asked(
    ledger: Ledger, switch: SwitchSettings, chosen: tuple[str, ...], progress: screens.Progress, json: bool
) -> str:
    """Shows the plan and asks; the digest of what was agreed to."""

    planned = _planned(ledger, switch, chosen, progress)
    progress.finish()
    if not planned:
        return planned.digest
    if json or not screens.may_ask():
        raise FlowError("there are changes; say --yes to apply them, or --plan FILE with a saved plan")
    _show_plan(planned)
    typer.confirm(f"Apply this to {switch.name}?", abort=True, err=True)
    return planned.digest


def _approved(file: Path, meant: Meant) -> dict[str, str]:
    """The digests of a saved plan, one for each switch that is meant."""

    try:
        digests = dict(jsons.loads(file.read_text(encoding="utf-8"))["digests"])
    except OSError as fault:
        raise FlowError(f"{file}: cannot be read: {fault.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise FlowError(f"{file}: not a plan saved by `seatline plan --out`") from None
    if missing := [switch.name for switch, _ in meant if switch.name not in digests]:
        raise FlowError(f"{file}: holds no plan for switch {', '.join(missing)}; save it again")
    return digests


@contextmanager
def _connected(switch: SwitchSettings) -> Iterator[Switch]:
    from provisioning import wiring

    session = wiring.connect(switch)
    try:
        yield session
    finally:
        session.close()


Meant = list[tuple["SwitchSettings", tuple[str, ...]]]


def _meant(settings: Settings, sites: list[str]) -> tuple[Ledger, Meant]:
    """The ledger, and each switch with the sites meant on it; no site means all that it serves."""
    from provisioning import wiring

    switches = settings.switches.values()
    if not switches:
        raise FlowError("no switch is set: add [switches.NAME] to seatline.toml")
    if homeless := [site for site in sites if not any(one.serves(site) for one in switches)]:
        raise FlowError(
            f"no switch serves site {homeless[0]}: add it to `sites` of a switch in seatline.toml"
        )
    if not sites and len(switches) > 1 and any(one.sites is None for one in switches):
        raise FlowError("with several switches, say in seatline.toml which `sites` each of them serves")
    ledger = wiring.open_ledger(settings)
    if sites:
        named = [(one, tuple(site for site in sites if one.serves(site))) for one in switches]
        return ledger, [(one, chosen) for one, chosen in named if chosen]
    recorded = wiring.recorded_sites(ledger)
    known = [(one, tuple(site for site in one.sites or () if site in recorded)) for one in switches]
    return ledger, [(one, chosen) for one, chosen in known if one.sites is None or chosen]


def _together(plans: list[dict[str, Any]]) -> dict[str, Any]:
    """One plan of several switches, in the form of `plan --json`."""
    if len(plans) == 1:
        return plans[0]
    changes = [{**change, "switch": one["switch"]} for one in plans for change in one["changes"]]
    counts = {action: sum(one[action] for one in plans) for action in ("add", "change", "remove")}
    return {"changes": changes, **counts, "switches": plans}
