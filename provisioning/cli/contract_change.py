"""contract change: a recorded contract changed by a number sheet or a member form."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioning.cli import problems, screens, seat_changes
from provisioning.cli.options import Config, Json

if TYPE_CHECKING:
    from provisioning.core.contract import ContractVersion
    from provisioning.flows.change_contract import Proposal
    from provisioning.flows.record_contracts import Recorded


def change(
    contract: Annotated[str, typer.Argument(metavar="ID", help="The contract's id.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A number sheet or a member form.")],
    from_: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%d"],
            help="The day the change takes effect (default: today, or the first day that term.changes_by "
            "allows). Versions from later days that are still to come get the change too.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also remove all seats, or take a day term.changes_by does not allow."),
    ] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Change the seats of a recorded contract by a sheet, and record its next version (变更).

    FILE is a number sheet or a member form (集团成员受理/变更单), as spreadsheet or CSV. A row changes the
    columns it fills in, and nothing else: an empty cell and a column that is not there wipe nothing, "-" or
    清除 clears a value. A number that is not known yet is added. A seat goes only by an explicit 删除
    (remove), in a column 操作 or ticked above the list; 原号码 names the number of a seat that gets another.

    Example: seatline contract change zhaotong-2025 changes.xlsx --dry-run
    """
    from provisioning import wiring
    from provisioning.flows.change_contract import propose_change, record_change

    ledger = wiring.open_ledger(wiring.load_settings(config))
    today = wiring.today()
    proposal = propose_change(
        contract,
        str(file),
        read=wiring.read_first,
        ledger=ledger,
        today=today,
        effective=from_.date() if from_ else None,
        force=force,
    )
    if proposal.contract is None:
        problems.show(proposal.problems, proposal.warnings, json=json)
        if not json:
            screens.say("nothing was recorded")
        raise typer.Exit(3)
    problems.show((), proposal.warnings)
    if not json:
        _show(proposal)
    for note in proposal.notes:
        screens.say(note)
    recorded = None
    if proposal.changes and not dry_run:
        recorded = record_change(
            proposal,
            ledger=ledger,
            now=wiring.now(),
            who=wiring.who(),
            new_secret=wiring.new_secret,
        )
        for note in recorded.notes:
            screens.say(note)
    if json:
        screens.print_json(_document(proposal, recorded))
    else:
        _tell(proposal, recorded)


def _show(proposal: Proposal) -> None:
    """What changes, seat by seat, before anything is recorded."""
    seat_changes.show(proposal.changes)
    for text in proposal.followed:
        screens.line(f"~ {text}")


def _tell(proposal: Proposal, recorded: Recorded | None) -> None:
    contract = proposal.standing.contract.id
    if not proposal.changes:
        screens.line(f"{contract}: the sheet changes nothing; nothing was recorded")
        return
    total = seat_changes.total(seat_changes.counts(proposal.changes))
    if recorded is None:
        screens.line(f"{contract}: {total}, from {proposal.effective}, {proposal.which}")
        for _, day in proposal.carried:
            screens.line(f"{contract}: the version to come from {day} on would have the change too")
        screens.line("nothing was recorded")
        return
    version = _version(recorded)
    seats = screens.counted(len(version.contract.site.seats), "seat")
    from_ = f"{version.effective}, {proposal.which}"
    screens.line(f"{contract}: {total}; version {version.number}, {seats}, from {from_}")


def _version(recorded: Recorded) -> ContractVersion:
    return recorded.recorded[0]


def _document(proposal: Proposal, recorded: Recorded | None) -> dict[str, Any]:
    return {
        "contract": proposal.standing.contract.id,
        "version": None if recorded is None else _version(recorded).number,
        "from": proposal.effective.isoformat(),
        "recorded": recorded is not None,
        "changes": seat_changes.document(proposal.changes),
        "followed": list(proposal.followed),
        "carried": [day.isoformat() for _, day in proposal.carried],
        **seat_changes.counts(proposal.changes),
    }
