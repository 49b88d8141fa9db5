"""Call records and money: collect, rate, bill."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioning.cli import screens
from provisioning.cli.options import Config, Json
from provisioning.flows.errors import FlowError, LedgerMissing, SourceUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provisioning.flows.collect_calls import Source
    from provisioning.flows.ports import Ledger
    from provisioning.settings import Settings


RECORDS = "records"
"""The lock of everything that changes call records or fixes their prices: collect, rate, bill --close."""


def collect(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[SOURCE]...", help="Files or folders; without any, the settings' `records`."),
    ] = None,
    switch: Annotated[
        str | None, typer.Option("--switch", help="The switch that wrote these sources.", show_default=False)
    ] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Collect call records, each exactly once (采集话单).

    Reads what each source has gained since the last time. Twice adds nothing. Broken lines are kept aside
    with their raw bytes, the rest goes on.

    Examples: seatline collect   |   seatline collect /var/log/asterisk/cdr-csv/Master.csv --switch pbx
    """
    from provisioning import wiring
    from provisioning.flows.collect_calls import collect as collect_calls

    settings = wiring.load_settings(config)
    meant = list(_sources(settings, sources or [], switch))
    progress = screens.Progress(quiet=json)
    ledger = wiring.open_ledger(settings, create=True)
    with wiring.locks(settings).held(RECORDS):
        done = collect_calls(meant, ledger, wiring.record_files(), now=wiring.now(), progress=progress)
    progress.finish()
    if json:
        screens.print_json(done.document())
    else:
        screens.table(
            ("source", "read>", "new>", "duplicate>", "quarantined>"),
            [(file.path, file.read, file.new, file.duplicate, file.quarantined) for file in done.sources],
        )
    for file in done.sources:
        for note in file.notes:
            screens.say(f"{file.path}: {note}")
        if file.error is not None:
            screens.say(f"seatline: {file.error}")
    if done.quarantined:
        lines = screens.counted(done.quarantined, "line")
        screens.say(
            f"{lines} in quarantine: broken, or at odds with what was read before; "
            "`seatline doctor` counts all that are held"
        )
    if done.unreachable:
        raise typer.Exit(4)
    if strange := [file.path for file in done.sources if file.read and file.read == file.broken]:
        raise FlowError(f"{', '.join(strange)}: not one line is a call record we know; is it the right file?")


def _sources(settings: Settings, paths: list[Path], switch: str | None) -> Iterator[Source]:
    from provisioning import wiring
    from provisioning.flows.collect_calls import Source

    if not paths:
        chosen = [wiring.switch_named(settings, switch)] if switch else list(settings.switches.values())
        for one in chosen:
            for path in one.records:
                yield Source(one.name, str(path))
        if not any(one.records for one in chosen):
            raise FlowError("no sources: name files, or set `records` of a switch in seatline.toml")
        return
    if switch is not None and settings.switches and switch not in _collected_switches(settings):
        wiring.switch_named(settings, switch)  # a slip here would count every call twice
    for path in paths:
        yield Source(switch or _owner(settings, path), str(path))


def _collected_switches(settings: Settings) -> frozenset[str]:
    """The switches that the ledger has records of: they may be named, whatever the settings say today."""
    from provisioning import wiring

    try:
        return wiring.open_ledger(settings).collected_switches()
    except LedgerMissing:
        return frozenset()


def _owner(settings: Settings, path: Path) -> str:
    """The switch among whose records that path lies, or the only one; "local" where none is set at all."""
    if not settings.switches:
        return "local"
    place = path.resolve()
    owners = [
        (len(folder.resolve().parts), one.name)
        for one in settings.switches.values()
        for folder in one.records
        if place.is_relative_to(folder.resolve())
    ]
    if owners:
        return max(owners)[1]
    if len(settings.switches) == 1:
        return next(iter(settings.switches))
    known = ", ".join(sorted(settings.switches))
    raise SourceUnreachable(f"{path}: say with --switch which switch wrote it; known: {known}")


def rate(
    again: Annotated[
        bool, typer.Option("--again", help="All calls anew, but those on a closed bill.")
    ] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Attribute and price what is collected (批价).

    Exit code 1 while any call has no owner or no price, or waits for a person: they are shown, never dropped.

    Examples: seatline rate   |   seatline rate --again
    """
    from provisioning import wiring
    from provisioning.flows.rate_calls import rate_calls

    settings = wiring.load_settings(config)
    progress = screens.Progress(quiet=json)
    ledger = wiring.open_ledger(settings)
    with wiring.locks(settings).held(RECORDS):
        verdicts = rate_calls(ledger, again=again, progress=progress)
    progress.finish()
    if json:
        screens.print_json(verdicts.document())
    else:
        counts = verdicts.document()
        screens.line("  ".join(f"{counts[outcome]} {outcome}" for outcome in counts))
    if verdicts.complete:
        return
    _show_unpriced(ledger, json)
    raise typer.Exit(1)


def _show_unpriced(ledger: Ledger, json: bool) -> None:
    if json:
        return
    from provisioning.core.cycle import shanghai_time

    screens.table(
        ("answered", "from", "to", "verdict", "why"),
        [
            (
                shanghai_time(cdr.answer or cdr.start).strftime("%Y-%m-%d %H:%M:%S"),
                cdr.src,
                cdr.dst,
                call.outcome,
                call.reason,
            )
            for cdr, call in ledger.unpriced()
        ],
        title="Calls that are on no bill (the newest)",
    )


def bill(
    contract: Annotated[str, typer.Argument(metavar="CONTRACT", help="The contract's id.")],
    cycle: Annotated[str, typer.Option("--cycle", help="The month, as 2025-07.")],
    close: Annotated[bool, typer.Option("--close", help="Fix the bill for good.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """The bill of a contract for a month (账单).

    Example: seatline bill zhaotong-2025 --cycle 2025-07
    """
    from provisioning import wiring
    from provisioning.core.cycle import Cycle
    from provisioning.flows.make_bill import bill_of_cycle

    try:
        month = Cycle.parse(cycle)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--cycle") from None
    settings = wiring.load_settings(config)
    ledger = wiring.open_ledger(settings)
    with wiring.locks(settings).held(RECORDS) if close else nullcontext():
        made = bill_of_cycle(ledger, contract, month, close=close, now=wiring.now(), who=wiring.who())
    if json:
        screens.print_json(dict(made.document))
    else:
        _show_bill(dict(made.document))
    if made.waiting:
        screens.say(f"{made.waiting} calls of this month have no price yet and are not on it: seatline rate")
    if made.stale:
        stale = screens.counted(made.stale, "call record")
        screens.say(f"{stale}, not rated since collected, may change this bill: run seatline rate")
    if made.late:
        goes = "goes" if made.late == 1 else "go"
        screens.say(f"{screens.counted(made.late, 'late call')} of this closed month {goes} to the next bill")


def _show_bill(document: dict[str, Any]) -> None:
    rows: list[tuple[object, ...]] = []
    for fee in document["recurring"]:
        price = f"{fee['quantity']} x {fee['unit']}" if fee.get("unit") else fee["quantity"]
        rows.append((fee["name"], price, fee["amount"]))
    rows += [(fee["name"], "once", fee["amount"]) for fee in document["once"]]
    rows += [(f"calls {line['zone']}", _call_words(line), line["amount"]) for line in document["calls"]]
    rows += [
        (f"late calls {line['cycle']} {line['zone']}", _call_words(line), line["amount"])
        for line in document["adjustments"]
    ]
    state = "closed" if document["closed"] else "open"
    screens.table(
        ("item", "how", "CNY>"),
        [*rows, ("total", "", document["amount"])],
        title=f"{document['contract']}  {document['cycle']}  ({state})",
    )


def _call_words(line: dict[str, Any]) -> str:
    return f"{screens.counted(line['calls'], 'call')}, {line['minutes']} min x {line['rate']}"
