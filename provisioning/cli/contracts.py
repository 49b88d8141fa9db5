"""Contract files and what the ledger has of them: check, contract add, change, list, show."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioning.cli import contract_change, problems, screens, seat_changes
from provisioning.cli.options import Config, Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioning.core.seat_change import SeatChange
    from provisioning.intake.contract_file import Reading
    from provisioning.settings import Settings

_SHOWN = 20
"""So many changed seats are told one by one."""

app = typer.Typer(help="Contracts in the ledger (合同).", no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Contract files (YAML).")]


def check(files: Files, json: Json = False, config: Config = None) -> None:
    """Read contract files and their number sheets, and report every problem (核对).

    Changes nothing. Exit code 3 when there are problems.

    Example: seatline check zhaotong.yaml jilin.yaml
    """
    from provisioning import wiring

    reading = _read(files, wiring.load_settings(config))
    if json:
        screens.print_json(_document(reading))
    else:
        problems.show(reading.problems, reading.warnings)
        if not reading.problems:
            contracts = screens.counted(len(reading.contracts), "contract")
            screens.line(f"{contracts}, {screens.counted(reading.seats, 'seat')}: no problems")
    if reading.problems:
        raise typer.Exit(3)


@app.command()
def add(
    files: Files,
    from_: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%d"],
            help="The day this version takes effect (default: the term's first day; for a later version "
            "today, or the first day term.changes_by allows, or the day after a former term that has ended).",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Also take back what `contract change` changed since, or take a --from that "
            "term.changes_by does not allow or that drops a version still to come.",
        ),
    ] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Record contracts in the ledger, each as a version from its day on (入账).

    All of the files or none. A contract that is recorded so already is left as it is. To correct the latest
    version, record the corrected file with --from that version's day, or the same file with the right day:
    it takes the version's place, as long as no bill from there on is closed.

    What a later version changes of the seats is printed. A file from before a `contract change`, which would
    undo it, is refused: `seatline sheet new ID --to FILE --force` brings its sheet up to date.

    The operator's passwords (site.ims.passwords) go to the ledger with the contract, and are never shown.

    Example: seatline contract add zhaotong.yaml --from 2025-10-01
    """
    from provisioning import wiring
    from provisioning.flows.record_contracts import record_contracts

    settings = wiring.load_settings(config)
    reading = _read(files, settings)
    if reading.problems:
        if json:
            screens.print_json(_document(reading))
        else:
            problems.show(reading.problems, reading.warnings)
            screens.say("nothing was recorded")
        raise typer.Exit(3)
    problems.show(reading.problems, reading.warnings)
    recorded = record_contracts(
        reading.contracts,
        ledger=wiring.open_ledger(settings, create=True),
        today=wiring.today(),
        now=wiring.now(),
        who=wiring.who(),
        new_secret=wiring.new_secret,
        effective=from_.date() if from_ else None,
        force=force,
        ims_passwords=reading.ims_passwords,
    )
    for note in recorded.notes:
        screens.say(note)
    if json:
        versions = [
            {
                "contract": one.contract.id,
                "version": one.number,
                "from": one.effective.isoformat(),
                "seats": len(one.contract.site.seats),
                "changes": _changes(recorded.changes.get(one.contract.id)),
            }
            for one in recorded.recorded
        ]
        screens.print_json({"recorded": versions, "unchanged": list(recorded.unchanged)})
        return
    for one in recorded.recorded:
        seats = screens.counted(len(one.contract.site.seats), "seat")
        changes = recorded.changes.get(one.contract.id, ())
        told = f": {seat_changes.total(seat_changes.counts(changes))}" if changes else ""
        screens.line(f"{one.contract.id}: version {one.number} from {one.effective}, {seats}{told}")
        seat_changes.show(changes, _SHOWN)
    for contract in recorded.unchanged:
        screens.line(f"{contract}: recorded so already")


app.command("change")(contract_change.change)


@app.command("list")
def list_(json: Json = False, config: Config = None) -> None:
    """All contracts, each by its newest version (合同清单).

    Example: seatline contract list --json
    """
    from provisioning import wiring

    versions = wiring.open_ledger(wiring.load_settings(config)).versions()
    newest = {version.contract.id: version for version in versions}
    rows = [
        {
            "contract": one.contract.id,
            "customer": one.contract.customer.name,
            "site": one.contract.site.name,
            "seats": len(one.contract.site.seats),
            "term": f"{one.contract.term.first}..{one.contract.term.last}",
            "renewal_months": one.contract.term.renewal_months,
            "version": one.number,
            "from": one.effective.isoformat(),
        }
        for one in newest.values()
    ]
    if json:
        screens.print_json(rows)
    else:
        columns = ("contract", "site", "seats>", "term", "version>", "from", "customer")
        screens.table(columns, [[row[column.rstrip(">")] for column in columns] for row in rows])


@app.command()
def show(
    contract: Annotated[str, typer.Argument(metavar="ID", help="The contract's id.")],
    json: Json = False,
    config: Config = None,
) -> None:
    """One contract: its versions, and all that the newest one says (合同详情).

    Example: seatline contract show zhaotong-2025
    """
    from provisioning import wiring
    from provisioning.cli import contract_screen
    from provisioning.core.document import to_document
    from provisioning.flows.errors import FlowError

    versions = wiring.open_ledger(wiring.load_settings(config)).versions(contract)
    if not versions:
        raise FlowError(f"there is no contract {contract} in the ledger; `seatline contract list` shows all")
    if json:
        told = [
            {"version": one.number, "from": one.effective.isoformat(), "changes": changed}
            for one, changed in zip(versions, contract_screen.changed(versions), strict=True)
        ]
        screens.print_json({"versions": told, "contract": to_document(versions[-1].contract)})
    else:
        contract_screen.show(versions)


def _read(files: list[Path], settings: Settings) -> Reading:
    from provisioning import wiring, wiring_iads
    from provisioning.flows.check_contracts import check as check_contracts

    formats = wiring_iads.iad_formats(settings)
    return check_contracts([str(file) for file in files], wiring.read_first, formats)


def _changes(changes: Sequence[SeatChange] | None) -> dict[str, object] | None:
    """What a version changes, for programs; None for a contract's first."""
    if changes is None:
        return None
    return {**seat_changes.counts(changes), "seats": seat_changes.document(changes)}


def _document(reading: Reading) -> dict[str, object]:
    return problems.document(reading.problems, reading.warnings) | {"seats": reading.seats}
