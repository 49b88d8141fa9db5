"""Changes a recorded contract by a number sheet or a member form: what it does, then its version (变更)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from provisioning.core.contract import Contract, ContractVersion
from provisioning.core.document import to_document
from provisioning.core.problem import Place, Problem
from provisioning.core.seat_change import SeatChange, seat_changes
from provisioning.flows.check_contracts import ReadFile, content_of
from provisioning.flows.choose_day import refused_day, usual_day
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Ledger
from provisioning.flows.record_contracts import Recorded, record_contracts
from provisioning.intake import change_sheet, sheet_file
from provisioning.intake.changes import merged
from provisioning.intake.contract_file import Unreadable
from provisioning.planning.allotment import DoesNotFit, allotted
from provisioning.planning.iad_models import iad_model, ports_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a file would change of a contract, seat by seat, and from which day.

    `contract` is the changed one; None where there are problems. `standing` is the version it changes;
    `which` says in words which day `effective` is. `followed` tells what else follows a changed number,
    `notes` what is still to be done.
    """

    standing: ContractVersion
    contract: Contract | None
    changes: tuple[SeatChange, ...] = ()
    effective: date
    which: str
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
    """What the file changes of the contract's latest version; changes nothing.

    FlowError where there is no such contract, or the day does not do.
    """
    versions = ledger.versions()
    mine = [version for version in versions if version.contract.id == contract]
    if not mine:
        raise FlowError(f"there is no contract {contract} in the ledger; `seatline contract list` shows all")
    standing = mine[-1]
    content = content_of(path, read, sheet_file.MAX_BYTES, "sheet")
    if isinstance(content, Unreadable):
        problem = Problem(
            code=content.code, message=content.message, hint=content.hint, place=Place(file=path)
        )
        return Proposal(standing=standing, contract=None, effective=today, which="today", problems=(problem,))
    asked = change_sheet.read(path, content)
    errors = tuple(problem for problem in asked.problems if problem.severity == "error")
    result = merged(
        standing.contract,
        asked.entries,
        standing=_named(standing),
        others=[(other.contract, _named(other)) for other in _others(versions, standing, today)],
        models=iad_model,
        force=force,
    )
    changed, misplaced = _with_ports(None if errors else result.contract, standing, path)
    day, which = _day(changed or standing.contract, standing, today, effective, force=force)
    before = standing.contract
    after = changed or before
    return Proposal(
        standing=standing,
        contract=changed,
        changes=seat_changes(before.site.seats, after.site.seats, result.former) if changed else (),
        effective=day,
        which=which,
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
    today: date,
    now: datetime,
    who: str,
    new_secret: Callable[[], str],
) -> Recorded:
    """Records what was proposed; FlowError when the contract has changed since it was looked at."""
    standing, contract = proposal.standing, proposal.contract
    if contract is None:
        raise ValueError("a proposal with problems cannot be recorded")
    latest = ledger.versions(contract.id)[-1]
    if latest != standing:
        raise FlowError(
            f"contract {contract.id} has been recorded anew meanwhile, as version {latest.number}; "
            "run the command again"
        )
    return record_contracts(
        [contract],
        ledger=ledger,
        today=today,
        now=now,
        who=who,
        new_secret=new_secret,
        effective=proposal.effective,
        force=True,  # the day has been looked at
    )


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
    contract: Contract | None, standing: ContractVersion, path: str
) -> tuple[Contract | None, tuple[Problem, ...]]:
    """The contract with a port for every seat, as recording it would give them."""
    if contract is None:
        return None, ()
    try:
        site = allotted(contract.site, standing.contract.site, ports_of)
    except DoesNotFit as fault:
        hint = "compare the columns iad (接入设备) and port (端口) with `seatline contract show`"
        return None, tuple(
            Problem(code="ports-do-not-fit", message=line, hint=hint, place=Place(file=path))
            for line in str(fault).splitlines()
        )
    return replace(contract, site=site), ()


def _day(
    contract: Contract, standing: ContractVersion, today: date, effective: date | None, *, force: bool
) -> tuple[date, str]:
    """The day the change counts from; FlowError where the one given does not do."""
    if effective is None:
        return usual_day(contract, standing, today)
    if effective < standing.effective:
        raise FlowError(
            f"contract {contract.id}: version {standing.number}, which this would change, is in force from "
            f"{standing.effective} on; give that day or a later one with --from"
        )
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
    missing = [seat.long_number for seat in contract.site.seats if seat.long_number not in known]
    if missing:
        told = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        yield (
            f"the operator's password of {told} is not in the ledger yet: add it to the sheet that "
            "site.ims.passwords names, and record the contract file with `seatline contract add`"
        )
