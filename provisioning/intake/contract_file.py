"""The entrance: contract files with their number sheets to contracts, or all their problems (合同读入)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from posixpath import normpath

from provisioning.core.contract import Contract
from provisioning.core.iad_model import Models
from provisioning.core.problem import Place, Problem
from provisioning.intake import (
    build,
    change_sheet,
    device_rules,
    headers,
    number_rows,
    password_sheet,
    sheet_file,
    yaml_text,
)
from provisioning.intake.across import across
from provisioning.intake.capacity_rules import CAPACITY_RULES
from provisioning.intake.device_rules import DEVICE_RULES
from provisioning.intake.feature_rules import FEATURE_RULES
from provisioning.intake.fields import Fields
from provisioning.intake.ims_rules import IMS_RULES
from provisioning.intake.money_rules import MONEY_RULES
from provisioning.intake.number_rows import Rows
from provisioning.intake.oddities import ODDITIES
from provisioning.intake.paper import Paper
from provisioning.intake.password_sheet import Passwords
from provisioning.intake.policy_rules import POLICY_RULES
from provisioning.intake.reach_rules import REACH_RULES
from provisioning.intake.rules import CONTRACT_RULES
from provisioning.intake.seat_rules import SEAT_RULES, serves_members
from provisioning.intake.sheet import position
from provisioning.intake.text_form import printable, shown
from provisioning.intake.tree import Listing
from provisioning.intake.walk import Walk

RULES = (
    *(*CONTRACT_RULES, *MONEY_RULES, *POLICY_RULES, *FEATURE_RULES, *SEAT_RULES, *REACH_RULES),
    *(*DEVICE_RULES, *IMS_RULES, *CAPACITY_RULES, *ODDITIES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A file whose bytes could not be had, and why, in the words of a Problem."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFile:
    """A number sheet, or one of passwords: its name as shown to the user, and its bytes (号码表)."""

    name: str
    content: bytes | Unreadable = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFile:
    """A contract file whose keys are read; the rows of its number sheet are still to be had.

    `sheet_named` is the sheet it refers to, in its own words, CSV or a spreadsheet; None when its rows stand
    in the file itself or nowhere. `sheet` is what the caller found under that name.
    """

    name: str
    contract: Fields | None
    problems: tuple[Problem, ...]
    sheet_named: str | None = None
    sheet: SheetFile | None = None
    passwords_named: str | None = None
    """The sheet of the operator's passwords under site.ims; then `passwords` is what was found there."""
    passwords: SheetFile | None = None
    is_sheet: bool = False
    """Whether it is no contract file but a sheet."""

    def with_sheet(self, sheet: SheetFile) -> ContractFile:
        return replace(self, sheet=replace(sheet, name=printable(sheet.name)))

    def with_passwords(self, sheet: SheetFile) -> ContractFile:
        return replace(self, passwords=replace(sheet, name=printable(sheet.name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading the files came to. There are contracts only where there is no error in any file."""

    contracts: tuple[Contract, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    seats: int = 0
    """How many number rows there are in all files, sound or not."""
    ims_passwords: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False, hash=False)
    """The operator's passwords by contract and long number, of the contracts that have a sheet of them."""


def open_contract(name: str, content: bytes | Unreadable) -> ContractFile:
    """Reads the keys of one contract file; `name` is its name, shown to the user with no line break in it."""
    name = printable(name)
    if isinstance(content, Unreadable):
        problem = _unreadable(content, Place(file=name))
        return ContractFile(name=name, contract=None, problems=(problem,))
    if sheet_file.is_sheet(name, content):
        problem = _unreadable(_NO_CONTRACT, Place(file=name))
        return ContractFile(name=name, contract=None, problems=(problem,), is_sheet=True)
    parsed = yaml_text.parse(name, content)
    if parsed.root is None:
        return ContractFile(name=name, contract=None, problems=parsed.problems)
    walk = Walk(name)
    contract = walk.contract(parsed.root)
    written = contract.group("site").get("numbers")
    return ContractFile(
        name=name,
        contract=contract,
        problems=(*parsed.problems, *walk.problems),
        sheet_named=written if isinstance(written, str) else None,
        passwords_named=contract.group("site").group("ims").get("passwords"),
    )


_NO_CONTRACT = Unreadable(
    code="not-a-contract",
    message="this is a sheet, where a contract file is due",
    hint="name the contract file (.yaml): it names its sheet under site.numbers, and that is read with it; a "
    "sheet of changes is for `seatline contract change`",
)

Unwritable = Callable[[Contract], Mapping[str, str]]
"""The IADs of a contract that no file can be written for, each with the reason."""


def read_contracts(
    files: Sequence[ContractFile], models: Models | None = None, unwritable: Unwritable | None = None
) -> Reading:
    """All contracts of the files, or every problem of every file, in the order of files and lines.

    Without `models` nothing that depends on an IAD's model is judged; `unwritable` tries the devices of
    contracts that are right otherwise.
    """
    problems: list[Problem] = []
    papers: list[Paper] = []
    passwords: dict[str, Mapping[str, str]] = {}
    for file in files:
        problems += file.problems
        if file.contract is None:
            continue
        rows = _rows(file, file.contract)
        known = rows.rows if rows is not None and (rows.rows or not _errors(rows.problems)) else None
        problems += rows.problems if rows is not None else ()
        paper = Paper(contract=file.contract, rows=known, models=models)
        papers.append(paper)
        problems += [problem for rule in RULES for problem in rule(paper)]
        given = _passwords(file, file.contract)
        if given is not None:
            problems += (*given.problems, *password_sheet.against(given, paper))
            passwords[file.contract.get("contract")] = given.by_number
    problems += across(papers)
    if unwritable is not None and not _errors(problems):
        problems += [problem for paper in papers for problem in device_rules.unwritten(paper, unwritable)]
    ordered = _in_order(files, problems)
    errors = _errors(ordered)
    return Reading(
        contracts=() if errors else tuple(build.contract(paper) for paper in papers),
        problems=errors,
        warnings=tuple(problem for problem in ordered if problem.severity == "warning"),
        seats=sum(len(paper.seats) for paper in papers),
        ims_passwords={} if errors else passwords,
    )


def _errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(problem for problem in problems if problem.severity == "error")


def _rows(file: ContractFile, contract: Fields) -> Rows | None:
    """The number rows of a file; None when it does not say where they are, and they are needed."""
    site = contract.group("site")
    written = site.get("numbers")
    if written is None:
        none_due = contract.has("site") and "numbers" not in site.faulty and serves_members(contract)
        return Rows() if none_due else None
    if isinstance(written, Listing):
        return number_rows.inline_rows(file.name, written)
    if file.passwords_named is not None and normpath(file.passwords_named) == normpath(written):
        return Rows(problems=(headers.password_in_numbers(site.place("numbers")),))
    sheet = file.sheet or SheetFile(name=written, content=_not_given(written))
    if isinstance(sheet.content, Unreadable):
        return Rows(problems=(_unreadable(sheet.content, site.place("numbers")),))
    return change_sheet.rows(sheet.name, sheet.content)


def _passwords(file: ContractFile, contract: Fields) -> Passwords | None:
    """The operator's passwords; None where the file names no sheet of them."""
    ims = contract.group("site").group("ims")
    if file.passwords_named is None:
        return None
    sheet = file.passwords or SheetFile(name=file.passwords_named, content=_not_given(file.passwords_named))
    if isinstance(sheet.content, Unreadable):
        return Passwords(problems=(_unreadable(sheet.content, ims.place("passwords")),))
    return password_sheet.read(sheet.name, sheet.content)


def _not_given(name: str) -> Unreadable:
    return Unreadable(
        code="sheet-missing",
        message=f"the number sheet {shown(name)} is not there",
        hint="put it beside the contract file, or correct the name under site.numbers",
    )


def _unreadable(why: Unreadable, place: Place) -> Problem:
    return Problem(code=why.code, message=printable(why.message), hint=why.hint, place=place)


def _in_order(files: Sequence[ContractFile], problems: Sequence[Problem]) -> list[Problem]:
    """Each problem once, by file as given, each sheet behind its file, then line and column, or cell."""
    order: dict[str, int] = {}
    for file in files:
        for name in (file.name, *(sheet.name for sheet in (file.sheet, file.passwords) if sheet)):
            order.setdefault(name, len(order))
    return sorted(
        dict.fromkeys(problems),
        key=lambda problem: (
            order.get(problem.place.file, len(order)),
            *position(problem.place),
        ),
    )
