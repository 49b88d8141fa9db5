"""What is done each night: collect, rate, audit, sweep recordings, count complaints (夜间作业)."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from provisioning.cli import screens
from provisioning.cli.collect import RECORDS
from provisioning.cli.options import Config, Json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from provisioning.compliance.finding import Finding
    from provisioning.flows.nightly import Report, Step
    from provisioning.flows.ports import Ledger, Progress
    from provisioning.settings import Settings

SHOWN = 50
"""Findings shown to a person; --json has them all."""


def nightly(
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="DATE",
            help="Audit calls from this day on; without it the last 7 days, and what was collected late.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Collect, rate, and report every call that should not have happened (夜间作业).

    For cron. Each step is reported, and one that fails does not keep the others from being done. Twice does
    no harm, and says the same. Exit code 1 while a step failed or calls wait for a price, 4 where a source of
    records could not be read, 3 where only findings, or lines in quarantine, are to be looked at.

    Examples: seatline nightly   |   seatline nightly --since 2025-07-01 --json
    """
    from provisioning import wiring
    from provisioning.flows import nightly as night

    first = _day(since)
    settings = wiring.load_settings(config)
    ledger = wiring.open_ledger(settings, create=True)
    progress = screens.Progress(quiet=json)

    def told(name: str, report: Report) -> None:
        progress.finish()
        if not json:
            _show(name, report)

    done = night.run(_steps(settings, ledger, first, progress), told)
    summary = {name: report.state.value for name, report in done.reports.items()}
    ledger.audit(event="nightly", subject="all", detail=summary, at=wiring.now(), who=wiring.who())
    if json:
        screens.print_json(done.document())
    if done.code:
        raise typer.Exit(done.code)


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


def _steps(settings: Settings, ledger: Ledger, since: date | None, progress: Progress) -> Iterator[Step]:
    from provisioning import wiring
    from provisioning.flows.nightly import Step

    now = wiring.now()
    yield Step("collect", lambda: _collect(settings, ledger, progress))
    yield Step("rate", lambda: _rate(settings, ledger, progress))
    swept: set[str] = set()
    yield Step("recordings", lambda: _recordings(settings, swept, progress))
    yield Step("compliance", lambda: _audit(settings, ledger, since, swept, now, progress))
    yield Step("complaints", lambda: _complaints(ledger, now))


def _collect(settings: Settings, ledger: Ledger, progress: Progress) -> Report:
    """The records of every switch of the settings."""
    from provisioning import wiring
    from provisioning.flows.collect_calls import Source, collect
    from provisioning.flows.nightly import FOUND_CODE, UNREACHABLE_CODE, Report, State

    sources = [Source(one.name, str(path)) for one in settings.switches.values() for path in one.records]
    if not sources:
        return Report(state=State.LEFT_OUT, said="no switch in seatline.toml says where its `records` are")
    with wiring.locks(settings).held(RECORDS):
        got = collect(sources, ledger, wiring.record_files(), now=wiring.now(), progress=progress)
    unread = [str(file.error) for file in got.unreachable]
    document = got.document()
    said = f"{document['new']} new, {document['duplicate']} known, {document['quarantined']} in quarantine"
    notes = [f"{file.path}: {note}" for file in got.sources for note in file.notes]
    strange = [
        f"{file.path}: not one line is a call record we know"
        for file in got.sources
        if file.read and file.read == file.broken
    ]
    state, code = State.DONE, 0
    if unread or strange:
        state, code = State.FAILED, UNREACHABLE_CODE if unread else 1
    elif got.quarantined:
        state, code = State.FOUND, FOUND_CODE
    return Report(
        state=state,
        said=said,
        code=code,
        lines=(*unread, *strange, *notes),
        document=document,
    )


def _rate(settings: Settings, ledger: Ledger, progress: Progress) -> Report:
    """All records without a final verdict."""
    from provisioning import wiring
    from provisioning.flows.nightly import Report, State
    from provisioning.flows.rate_calls import rate_calls

    with wiring.locks(settings).held(RECORDS):
        verdicts = rate_calls(ledger, progress=progress)
    counts = verdicts.document()
    said = ", ".join(f"{counts[outcome]} {outcome}" for outcome in counts)
    if verdicts.complete:
        return Report(state=State.DONE, said=said, document=counts)
    waiting = tuple(f"{cdr.src} to {cdr.dst}: {call.reason}" for cdr, call in ledger.unpriced())
    return Report(state=State.FOUND, said=said, code=1, lines=waiting, document=counts)


def _recordings(settings: Settings, done: set[str], progress: Progress) -> Report:
    """The recordings of every switch that has a folder of them: new ones taken up, due ones removed. `done`
    gets the names of those switches."""
    from provisioning import wiring
    from provisioning.cli.recordings import document
    from provisioning.flows.nightly import FOUND_CODE, Report, State
    from provisioning.flows.sweep_recordings import lines_of

    swept = wiring.sweep_recordings(settings, progress=progress)
    if not swept:
        return Report(state=State.LEFT_OUT, said="no switch in seatline.toml says where its `recordings` are")
    done.update(one.switch for one in swept)
    new, gone = (sum(len(getattr(one, what)) for one in swept) for what in ("taken", "removed"))
    kept, sound = sum(one.kept for one in swept), all(one.is_sound for one in swept)
    return Report(
        state=State.DONE if sound else State.FOUND,
        said=f"{new} new, {gone} removed, {kept} kept" + ("" if sound else ", some are not as they were"),
        code=0 if sound else FOUND_CODE,
        lines=tuple(line for one in swept for line in lines_of(one)),
        document={"switches": [document(one) for one in swept]},
    )


def _recorded(settings: Settings, swept: AbstractSet[str]) -> Mapping[str, AbstractSet[str]]:
    """The unique ids of the calls that have or had a recording, of each switch whose recordings were swept:
    of another nobody knows which there are."""
    from provisioning import wiring

    book = wiring.open_recordings(settings)
    return {
        one.name: {recording.uniqueid for recording in book.recordings_of(one.name).values()}
        for one in settings.switches.values()
        if one.name in swept
    }


def _audit(
    settings: Settings,
    ledger: Ledger,
    since: date | None,
    swept: AbstractSet[str],
    now: datetime,
    progress: Progress,
) -> Report:
    """Calls that should not have happened."""
    from provisioning.flows.audit_calls import audit_calls
    from provisioning.flows.nightly import FOUND_CODE, Report, State

    audited = audit_calls(
        ledger, now=now, since=since, recorded=_recorded(settings, swept), progress=progress
    )
    looked = f"{screens.counted(audited.calls, 'call record')} from {audited.first} to {audited.last}"
    if not audited.findings:
        return Report(state=State.DONE, said=f"nothing wrong in {looked}", document=audited.document())
    rules = ", ".join(f"{count} {rule}" for rule, count in audited.by_rule().items())
    return Report(
        state=State.FOUND,
        said=f"{screens.counted(len(audited.findings), 'finding')} in {looked}: {rules}",
        code=FOUND_CODE,
        lines=tuple(_finding(one) for one in audited.findings),
        document=audited.document(),
    )


def _finding(found: Finding) -> str:
    first = found.calls[0]
    more = f" (the first of {len(found.calls)})" if len(found.calls) > 1 else ""
    whose = " ".join(part for part in (found.contract, found.seat) if part) or "nobody's"
    other = first.call.other or "unknown"
    return f"{first.began:%Y-%m-%d %H:%M:%S} {whose}, {other}: {found.rule}: {found.said}{more}"


def _complaints(ledger: Ledger, now: datetime) -> Report:
    """The contracts with more complaints this month than an operator bears."""
    from provisioning.core import status
    from provisioning.core.cycle import SHANGHAI, Cycle
    from provisioning.flows.nightly import FOUND_CODE, Report, State

    today = now.astimezone(SHANGHAI).date()
    month = Cycle.of(today)
    noted = ledger.complaints(since=status.midnight(month.first))
    over = status.alarms(noted)
    document = {
        "complaints": len(noted),
        "alarms": [
            {"contract": contract, "month": str(cycle), "complaints": count}
            for (contract, cycle), count in over.items()
        ],
    }
    said = f"{screens.counted(len(noted), 'complaint')} in {month}"
    if not over:
        return Report(state=State.DONE, said=said, document=document)
    lines = tuple(
        f"{contract}: {count} complaints in {cycle}; more than {status.COMPLAINTS_A_MONTH} and the operator "
        "may end the service"
        for (contract, cycle), count in over.items()
    )
    return Report(state=State.FOUND, said=said, code=FOUND_CODE, lines=lines, document=document)
