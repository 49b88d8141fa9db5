"""Collecting call records: the command and what it says (采集)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioning.cli import screens
from provisioning.cli.options import Config, Json
from provisioning.cli.witness_screen import witnesses_told
from provisioning.flows.errors import FlowError, LedgerMissing, SourceUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provisioning.flows.collect_calls import Collected, Source
    from provisioning.settings import Settings
    from provisioning.settings_switch import SwitchSettings

RECORDS = "records"
"""The lock of everything that changes call records or fixes their prices: collect, rate, bill --close."""
KEPT = "what was collected so far is in the ledger, and the next run goes on from there"


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
    following: Annotated[
        bool, typer.Option("--follow", help="Show calls as they end, over AMI; collects nothing.")
    ] = False,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", min=1, help="With --follow: for so long, then end.", show_default=False),
    ] = None,
    verifying: Annotated[
        bool,
        typer.Option("--verify", help="Prove that the ledger holds what the files hold; collects nothing."),
    ] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Collect call records, each exactly once (采集话单).

    Reads what each source has gained since the last time. Twice adds nothing. Broken lines are kept aside
    with their raw bytes, the rest goes on. A source that cannot be read does not keep the others from being
    read. Ctrl-C ends it at any moment: the next run goes on from there.

    Examples: seatline collect   |   seatline collect /var/log/asterisk/cdr-csv/Master.csv --switch pbx   |
    seatline collect sftp://collector@pbx-2.example.net/var/log/asterisk --switch pbx-2
    """
    from provisioning import wiring, wiring_sources, wiring_witness
    from provisioning.cli import interrupts

    settings = wiring.load_settings(config)
    if verifying:
        from provisioning.cli.verify_collected import verify

        if following or seconds is not None:
            raise FlowError("--verify looks at files, --follow at switches: say one of them")
        verify(settings, sources or [], switch, json=json)
        return
    if following or seconds is not None:
        from provisioning.cli.follow import follow

        if sources or not following:
            raise FlowError("--follow watches switches and takes no SOURCE; --seconds is for it alone")
        follow(settings, switch, seconds=seconds, json=json)
        return
    meant = list(_sources(settings, sources or [], switch))
    progress = screens.Progress(quiet=json)
    ledger = wiring.open_ledger(settings, create=True)
    with interrupts.told(KEPT), wiring.locks(settings).held(RECORDS):
        chosen = [] if sources else _chosen(settings, switch)
        events = wiring_witness.collect_events(settings, chosen, progress)
        done = wiring_sources.collect(settings, meant, ledger, progress)
    progress.finish()
    if json:
        told = {"events": [file.document() for file in events]} if events else {}
        screens.print_json({**done.document(), **told})
    else:
        screens.table(
            ("source", "read>", "new>", "duplicate>", "quarantined>"),
            [(file.path, file.read, file.new, file.duplicate, file.quarantined) for file in done.sources],
        )
    for file in done.sources:
        for note in file.notes:
            screens.say(f"{file.path}: {note}")
    unheard = witnesses_told(events)
    for error in dict.fromkeys(file.error for file in done.unreachable):
        screens.say(f"seatline: {error}")  # a machine out of reach is one fault, however many its files
    if done.quarantined:
        lines = screens.counted(done.quarantined, "line")
        screens.say(
            f"{lines} in quarantine: broken, or at odds with what was read before; "
            "`seatline quarantine list` has all that wait for you"
        )
    for file in done.refused:
        screens.say(f"seatline: {file.refused}")
    if done.unreachable or unheard:
        raise typer.Exit(4)
    if done.refused:
        raise typer.Exit(3)
    if strange := strangers(settings, done):
        raise FlowError(f"{', '.join(strange)}: not one line is a call record we know; is it the right file?")


def strangers(settings: Settings, done: Collected) -> list[str]:
    """The sources that have never given a call record, nor now: of another one a broken line is no wonder."""
    from provisioning import wiring

    broken = [file for file in done.sources if file.read and file.read == file.broken]
    book = wiring.open_collected(settings) if broken else None
    return [file.path for file in broken if book and not book.had_records(file.switch, file.path)]


def _chosen(settings: Settings, switch: str | None) -> list[SwitchSettings]:
    from provisioning import wiring

    return [wiring.switch_named(settings, switch)] if switch else list(settings.switches.values())


def _sources(settings: Settings, named: list[str], switch: str | None) -> Iterator[Source]:
    from provisioning import wiring
    from provisioning.flows.collect_calls import Source

    if not named:
        chosen = _chosen(settings, switch)
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
