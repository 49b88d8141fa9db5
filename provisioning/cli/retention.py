"""Removing call records whose time is over."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioning.cli import screens
from provisioning.cli.collect import RECORDS
from provisioning.cli.options import Config, Json


def retain(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be removed; nothing is.")
    ] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Remove call records whose time is over, as their contracts say (话单到期清理).

    A record is kept for the contract's keep_months, the month of the call not counted; one that is nobody's
    as long as the contract that keeps longest, a year at least. What a dispute is open about, what has no
    price and what stands on no closed bill stays, whatever its age. The sums of what is removed stay.
    `seatline nightly` does it each night; twice does no harm. There is no way back but a backup.

    Examples: seatline retain --dry-run   |   seatline retain
    """
    from provisioning import wiring
    from provisioning.flows.retain_records import retain as run

    settings = wiring.load_settings(config)
    progress = screens.Progress(quiet=json)
    book = wiring.open_retention(settings)
    with wiring.locks(settings).held(RECORDS):
        done = run(book, now=wiring.now(), who=wiring.who(), dry=dry_run, progress=progress)
    progress.finish()
    if json:
        screens.print_json(done.document())
        return
    screens.line(done.said())
    for line in done.lines():
        screens.line(f"  {line}")
