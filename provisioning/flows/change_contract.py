"""Changes a recorded contract by a number sheet or a member form: what it does, then its version (变更)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from provisioning.core.contract import Contract, ContractVersion
from provisioning.core.cycle import Cycle
from provisioning.core.document import to_document
from provisioning.core.problem import Place, Problem
from provisioning.core.seat_change import SeatChange, seat_changes
from provisioning.flows.carry_change import Addition, carried
from provisioning.flows.check_contracts import ReadFile, content_of
from provisioning.flows.choose_day import changed_from, lost_change, refused_day, usual_day
from provisioning.flows.errors import FlowError
from provisioning.flows.give_ports import with_ports
from provisioning.flows.ports import Ledger
from provisioning.flows.record_contracts import Recorded, replaced_note
from provisioning.intake import change_sheet, sheet_file
from provisioning.intake.changes import Merged, merged
from provisioning.intake.contract_file import Unreadable
from provisioning.planning.iad_models import iad_model
from provisioning.planning.line import further_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a file would change of a contract, seat by seat, and from which day.

    `contract` is the changed one; None where there are problems. `standing` is the version it changes,
    `later` are those still to come after it, `carried` what becomes of them; `which` says in words which day
    `effective` is. `followed` tells what else follows a changed number,
    `notes` what is still to be done.
    """

    standing: ContractVersion
    contract: Contract | None
    changes: tuple[SeatChange, ...] = ()
    effective: date
    which: str
    later: tuple[ContractVersion, ...] = ()
    carried: tuple[Addition, ...] = ()
    followed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def propose_change(
    contract: str,
    path: str,
    *,
    read: ReadFile,
    ledger: Ledger,
    today: date,
    effective: date | None = None,
    force: bool = False,
) -> Proposal:
    """What the file changes of the version that stands on the day, and of those after it; changes nothing.

    FlowError where there is no such contract, the day does not do, or it is not clear which version is meant.
    """
    versions = ledger.versions()
    mine = [version for version in versions if version.contract.id == contract]
    if not mine:
        raise FlowError(f"there is no contract {contract} in the ledger; `seatline contract list` shows all")
    standing, *later = changed_from(mine, effective, today)
    hint = f"check the name; `seatline sheet new {contract} --change --to FILE.xlsx` writes one to fill in"
    content = content_of(path, read, sheet_file.MAX_BYTES, "sheet", hint)
    if isinstance(content, Unreadable):
        problem = Problem(
            code=content.code, message=content.message, hint=content.hint, place=Place(file=path)
        )
        return Proposal(standing=standing, contract=None, effective=today, which="today", problems=(problem,))
    asked = change_sheet.read(path, content)
    errors = tuple(problem for problem in asked.problems if problem.severity == "error")
    others = [(other.contract, _named(other)) for other in _others(versions, standing, today)]

    def merge(version: ContractVersion) -> Merged:
        return merged(
            version.contract,
            asked.entries,
            standing=_named(version),
            others=others,
            models=iad_model,
            force=force,
        )

    result = merge(standing)
    before = standing.contract
    changed, misplaced = _with_ports(None if errors else result.contract, before, path)
    day, which = _day(changed or before, standing, today, effective, force=force)
    carrying: tuple[Addition, ...] = ()
    if changed is not None and result.contract is not None and later:
        asked_for = seat_changes(before.site.seats, result.contract.site.seats, result.former)
        carrying, misplaced = carried((changed, day), asked_for, later, merge)
        changed = None if misplaced else changed
    after = changed or before
    changes = seat_changes(before.site.seats, after.site.seats, result.former) if changed else ()
    lost = lost_change(after, day, billed=ledger.bill(contract, Cycle.of(day)) is not None)
    if changes and lost is not None:
        raise FlowError(f"{lost}\nNothing was recorded.")
    return Proposal(
        standing=standing,
        contract=changed,
        changes=changes,
        effective=day,
        which=which,
        later=tuple(later),
        carried=carrying,
        followed=tuple(_followed(before, after)),
        notes=tuple(_without_password(after, ledger.ims_passwords(contract))),
        problems=(*errors, *result.problems, *misplaced),
        warnings=(
            *(problem for problem in asked.problems if problem.severity == "warning"),
            *result.warnings,
        ),
    )


def record_change(
    proposal: Proposal,
    *,
    ledger: Ledger,
    now: datetime,
    who: str,
    new_secret: Callable[[], str],
) -> Recorded:
    """Records what was proposed; ChangedMeanwhile when the contract is not any more as it was looked at."""
    standing, contract = proposal.standing, proposal.contract
    if contract is None:
        raise ValueError("a proposal with problems cannot be recorded")
    made = ledger.record_versions(
        [(contract, proposal.effective), *proposal.carried],
        new_secret=new_secret,
        at=now,
        who=who,
        expected={contract.id: (standing, *proposal.later)},
        from_file=False,
        remade=[contract.id] if proposal.later else [],
        renumbered={one.former: one.long_number for one in proposal.changes if one.former is not None},
    )
    notes = [replaced_note(standing)] if made[0].number == standing.number else []
    notes += [
        f"{contract.id}: version {version.number}, to come from {version.effective} on, has the change too."
        for version in made[1:]
    ]
    return Recorded(recorded=made, unchanged=(), notes=tuple(notes))


def _named(version: ContractVersion) -> str:
    return f"{version.contract.id} version {version.number}"


def _others(
    versions: Sequence[ContractVersion], standing: ContractVersion, today: date
) -> list[ContractVersion]:
    """The latest versions of the other contracts that are or will be in force."""
    latest = {version.contract.id: version for version in versions}
    return [
        version
        for version in latest.values()
        if version.contract.id != standing.contract.id
        and (version.contract.term.last >= today or version.contract.term.renewal_months)
    ]


def _with_ports(
    contract: Contract | None, before: Contract, path: str
) -> tuple[Contract | None, tuple[Problem, ...]]:
    """The contract with a port for every seat, or the problems where they do not fit."""
    if contract is None:
        return None, ()
    placed, misfits = with_ports(contract, before)
    hint = "compare the columns iad (接入设备) and port (端口) with `seatline contract show`"
    return None if misfits else placed, tuple(
        Problem(code="ports-do-not-fit", message=line, hint=hint, place=Place(file=path)) for line in misfits
    )


def _day(
    contract: Contract, standing: ContractVersion, today: date, effective: date | None, *, force: bool
) -> tuple[date, str]:
    """The day the change counts from; FlowError where the one given does not do."""
    if effective is None:
        return usual_day(contract, standing, today)
    refused = None if force else refused_day(contract, standing, effective, today)
    if refused is not None:
        raise FlowError(f"{refused}\nNothing was recorded.")
    return effective, "as --from says"


def _followed(before: Contract, after: Contract) -> list[str]:
    """What names a changed number and now names the new one."""
    said = []
    if before.site.main_number != after.site.main_number:
        said.append(f"main number: {before.site.main_number} -> {after.site.main_number}")
    for old, new in zip(before.payers, after.payers, strict=True):
        if to_document(old) != to_document(new):
            said.append(f"payer: {old.seat} -> {new.seat}")
    return said


def _without_password(contract: Contract, known: Mapping[str, str]) -> Iterator[str]:
    """Where the operator's passwords are in the ledger: which numbers that register still have none."""
    ims = contract.site.ims
    if ims is None or not known or ims.register != "seat":
        return
    registering = (*(seat.long_number for seat in contract.site.seats), *further_numbers(contract.site))
    missing = [number for number in registering if number not in known]
    if missing:
        told = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        yield (
            f"the operator's password of {told} is not in the ledger yet. Once the change is recorded, write "
            f"the number sheet that site.numbers names anew, with `seatline sheet new {contract.id} --to "
            "FILE.xlsx --force`, so that the contract file has the change too; then bring the sheet that "
            "site.ims.passwords names up to date, and record both with `seatline contract add`"
        )
