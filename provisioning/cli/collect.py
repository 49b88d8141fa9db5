"""Collecting call records: the command and what it says (采集)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioning.cli import screens
from provisioning.cli.options import Config, Json
from provisioning.flows.errors import FlowError, LedgerMissing, SourceUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provisioning.flows.collect_calls import Source
    from provisioning.settings import Settings

RECORDS = "records"
"""The lock of everything that changes call records or fixes their prices: collect, rate, bill --close."""


def collect(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]...", help="Files, folders or URLs; without any, the settings' `records`."
        ),
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


def _sources(settings: Settings, named: list[str], switch: str | None) -> Iterator[Source]:
    from provisioning import wiring
    from provisioning.flows.collect_calls import Source

    if not named:
        chosen = [wiring.switch_named(settings, switch)] if switch else list(settings.switches.values())
        for one in chosen:
            for text in one.records:
                yield Source(one.name, text)
        if not any(one.records for one in chosen):
            raise FlowError("no sources: name files, or set `records` of a switch in seatline.toml")
        return
    if switch is not None and settings.switches and switch not in _collected_switches(settings):
        wiring.switch_named(settings, switch)  # a slip here would count every call twice
    for text in named:
        yield Source(switch or _owner(settings, text), text)


def _collected_switches(settings: Settings) -> frozenset[str]:
    """The switches that the ledger has records of: they may be named, whatever the settings say today."""
    from provisioning import wiring

    try:
        return wiring.open_ledger(settings).collected_switches()
    except LedgerMissing:
        return frozenset()


def _owner(settings: Settings, text: str) -> str:
    """The switch among whose records that source is, or the only one; "local" where none is set at all."""
    if not settings.switches:
        return "local"
    owners = [
        (len(own), one.name)
        for one in settings.switches.values()
        for own in one.records
        if text == own or _lies_in(text, own)
    ]
    if owners:
        return max(owners)[1]
    if len(settings.switches) == 1:
        return next(iter(settings.switches))
    known = ", ".join(sorted(settings.switches))
    raise SourceUnreachable(f"{text}: say with --switch which switch wrote it; known: {known}")


def _lies_in(text: str, folder: str) -> bool:
    if "://" in text or "://" in folder:
        return text.startswith(folder.rstrip("/") + "/")
    return Path(text).resolve().is_relative_to(Path(folder).resolve())
