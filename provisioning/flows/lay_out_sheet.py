"""What a number sheet to fill in is made for: a recorded contract, or the file of one to come (号码表样)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provisioning.core.contract import Contract
from provisioning.core.problem import Problem
from provisioning.core.site import Iad, Seat, ShortNumbers
from provisioning.flows.check_contracts import ReadFile, check, opened
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Ledger
from provisioning.intake.contract_file import ContractFile, Unreadable
from provisioning.intake.fields import Fields
from provisioning.intake.tree import Listing
from provisioning.planning.allotment import MOST_PORTS
from provisioning.planning.iad_models import ports_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Whose sheet it is, which seats there are, what may be typed.

    `changes` adds the columns 操作 and 原号码, which only `contract change` reads.
    """

    contract: str
    customer: str | None = None
    seats: tuple[Seat, ...] = ()
    short_numbers: ShortNumbers | None = None
    iads: tuple[str, ...] = ()
    most_ports: int = MOST_PORTS
    changes: bool = False


def of_recorded(contract: str, *, ledger: Ledger, changes: bool = False) -> Outline:
    """The sheet of a contract as its latest version in the ledger has it; FlowError where there is none."""
    versions = ledger.versions(contract)
    if not versions:
        raise FlowError(
            f"there is no contract {contract} in the ledger, and no file of that name; "
            "`seatline contract list` shows all contracts"
        )
    return _of(versions[-1].contract, changes)


def of_file(path: str, *, read: ReadFile, changes: bool = False) -> Outline | tuple[Problem, ...]:
    """The sheet of a contract file, with its number rows, or empty where there are none yet; else what is
    wrong with the file."""
    reading = check([path], read)
    if reading.contracts:
        return _of(reading.contracts[0], changes)
    file = opened(path, read)
    errors = [problem for problem in file.problems if problem.severity == "error"]
    if file.contract is None or errors or not _without_numbers(file, file.contract):
        return reading.problems
    site, shape = file.contract.group("site"), file.contract.group("site").group("short_numbers")
    iads = [
        Iad(name=iad.get("name"), model=iad.get("model"))
        for iad in site.groups("iads")
        if iad.has("name") and iad.has("model")
    ]
    return Outline(
        contract=file.contract.get("contract"),
        customer=file.contract.group("customer").get("name"),
        short_numbers=ShortNumbers(digits=shape.get("digits"), first=shape.get("first"))
        if shape.has("digits") and shape.has("first")
        else None,
        iads=tuple(iad.name for iad in iads),
        most_ports=_most_ports(iads),
        changes=changes,
    )


def _without_numbers(file: ContractFile, contract: Fields) -> bool:
    """Whether the file has no number rows yet: no key, an empty list, or a sheet that is still to come."""
    written = contract.group("site").get("numbers")
    if isinstance(written, Listing):
        return not written.items
    content = None if file.sheet is None else file.sheet.content
    return written is None or (isinstance(content, Unreadable) and content.code == "file-missing")


def _of(contract: Contract, changes: bool) -> Outline:
    site = contract.site
    return Outline(
        contract=contract.id,
        customer=contract.customer.name,
        seats=site.seats,
        short_numbers=site.short_numbers,
        iads=tuple(iad.name for iad in site.iads),
        most_ports=_most_ports(site.iads),
        changes=changes,
    )


def _most_ports(iads: Iterable[Iad]) -> int:
    """The ports of the largest IAD; where one's number is not known, as many as an IAD may have."""
    known = [ports_of(iad) or MOST_PORTS for iad in iads]
    return max(known, default=MOST_PORTS)
