"""What is done each night, once at a time and none left out, with a report of it (夜间作业)."""

from __future__ import annotations

import logging
import time
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioning.cli import screens
from provisioning.cli.options import Config, Json
from provisioning.flows.errors import FlowError, LockHeld

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provisioning.flows.nightly import Report
    from provisioning.settings import Settings

SHOWN = 50
"""Findings shown to a person; --json has them all."""
FOUND_CODE = 3
KEPT = "the next run goes on from there"
NOT_STORED = frozenset({"lines", "findings", "switches", "cycles"})
"""What the ledger does not keep of a report: it names numbers that were called."""


def nightly(
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="DATE",
            help="Audit calls from this day on; without it the last 7 days, what was collected late, and "
            "nights that were missed.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Collect, rate, and report every call that should not have happened (夜间作业).

    For a timer or cron. Collects, rates, sweeps recordings, audits, counts complaints, reconciles sources,
    listens for silent switches, removes records whose time is over, and reports. A step that fails does not
    keep the others from being done. Nights that were missed are made up for, one after the other. One run
    at a time; twice does no harm, and says the same. [nightly] in seatline.toml says where reports and
    metrics go, and whom to tell when a night fails. Exit code 1 while a step failed or calls wait for a
    price, 4 where a source of records could not be read, 3 where only findings, or lines in quarantine, are
    to be looked at, 6 while another run is at it, 75 where the ledger is out of reach: try again later.

    Examples: seatline nightly   |   seatline nightly --since 2025-07-01 --json
    """
    from provisioning import wiring
    from provisioning.cli import interrupts

    first = _day(since)
    settings = wiring.load_settings(config)
    began = wiring.now()
    # What was under way over a network when a run is ended is nothing to tell a person of.
    logging.getLogger("asyncio").addHandler(logging.NullHandler())
    logging.getLogger("asyncio").propagate = False
    try:
        with interrupts.told(KEPT):
            report, wrong, code = _night(settings, first, began, json=json)
    except (LockHeld, interrupts.Ended):
        raise
    except FlowError as fault:  # before the first step
        _tell_failure(settings, began, fault)
        raise
    if json:
        screens.print_json(report)
    for line in wrong:
        screens.say(f"seatline: {line}")
    if code:
        raise typer.Exit(code)


def _night(
    settings: Settings, since: date | None, began: datetime, *, json: bool
) -> tuple[Mapping[str, Any], list[str], int]:
    """All steps; the report, what could not be written, told or noted of it, and the exit code."""
    from provisioning import wiring, wiring_nightly
    from provisioning.cli.night_steps import steps
    from provisioning.cli.tonight import Tonight
    from provisioning.flows import nightly as night

    progress = screens.Progress(quiet=json)

    def told(name: str, report: Report) -> None:
        progress.finish()
        if not json:
            _show(name, report)

    with wiring_nightly.open_book(settings) as book:
        with wiring_nightly.turn(book) as turn:
            for run in turn.broken:
                screens.say(f"the night of {run} was broken off; this one goes on from there")
            last = book.last_night()
            tonight = Tonight(
                settings=settings,
                book=book,
                turn=turn,
                last=last,
                since=since,
                now=began,
                progress=progress,
            )
            done = night.run(steps(tonight), told, time.monotonic)
            report = wiring_nightly.report_of(
                done.document(),
                tonight.figures,
                began=began,
                ended=wiring.now(),
                since=None if last is None else last.began,
                broken=turn.broken,
                nights=tonight.nights,
            )
            # Told before it is noted as ended: a run that is killed in between is told of again, not never.
            wrong = wiring_nightly.publish(settings, report, book)
            summary = {name: one.state.value for name, one in done.reports.items()}
            noted = 0
            try:
                book.audit(event="nightly", subject="all", detail=summary, at=wiring.now(), who=wiring.who())
                book.end_night(turn.run.id, at=wiring.now(), code=done.code, document=_stored(report))
            except FlowError as fault:  # the next run finds this one broken off
                wrong.append(str(fault))
                noted = fault.exit_code
        return report, wrong, noted or _code(done.code, wrong)


def _code(code: int, wrong: list[str]) -> int:
    """The exit code of a night; findings that nobody heard of are worse than findings."""
    return 1 if wrong and code in (0, FOUND_CODE) else code


def _stored(report: Mapping[str, Any]) -> dict[str, Any]:
    """The report as the ledger keeps it, without any number that was called."""
    kept = {key: value for key, value in report.items() if key not in NOT_STORED}
    kept["steps"] = [
        {key: value for key, value in step.items() if key not in NOT_STORED} for step in report["steps"]
    ]
    return kept


def _tell_failure(settings: Settings, began: datetime, fault: FlowError) -> None:
    """A night that could not be begun, or not be noted, is reported and told like any other that failed."""
    from provisioning import wiring, wiring_nightly
    from provisioning.flows.nightly import Night, Report, State

    failed = Report(state=State.FAILED, said=str(fault), code=fault.exit_code)
    report = wiring_nightly.report_of(
        Night({"ledger": failed}).document(), {}, began=began, ended=wiring.now(), since=None
    )
    for line in wiring_nightly.publish(settings, report, None):
        screens.say(f"seatline: {line}")


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no day; write it as 2025-07-01", param_hint="--since") from None


def _show(name: str, report: Report) -> None:
    screens.line(f"{name}: {report.state.value}: {report.said}")
    for line in report.lines[:SHOWN]:
        screens.line(f"  {line}")
    if len(report.lines) > SHOWN:
        screens.line(f"  ... and {len(report.lines) - SHOWN} more; --json has them all")
