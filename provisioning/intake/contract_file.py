"""The entrance: contract files with their number sheets to contracts, or all their problems (合同读入)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioning.core.contract import Contract
from provisioning.core.problem import Place, Problem
from provisioning.intake import build, number_rows, yaml_text
from provisioning.intake.across import across
from provisioning.intake.fields import Fields
from provisioning.intake.money_rules import MONEY_RULES
from provisioning.intake.number_rows import Rows
from provisioning.intake.oddities import ODDITIES
from provisioning.intake.paper import Paper
from provisioning.intake.rules import CONTRACT_RULES
from provisioning.intake.seat_rules import SEAT_RULES, serves_members
from provisioning.intake.text_form import printable, shown
from provisioning.intake.tree import Listing
from provisioning.intake.walk import Walk

RULES = (*CONTRACT_RULES, *MONEY_RULES, *SEAT_RULES, *ODDITIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A file whose bytes could not be had, and why, in the words of a Problem."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFile:
    """A number sheet: its name as shown to the user, and its bytes (号码表)."""

    name: str
    content: bytes | Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFile:
    """A contract file whose keys are read; the rows of its number sheet are still to be had.

    `sheet_named` is the CSV sheet it refers to, in its own words; None when its rows stand in the file
    itself or it names no CSV sheet. Then `sheet` is what the caller found under that name.
    """

    name: str
    contract: Fields | None
    problems: tuple[Problem, ...]
    sheet_named: str | None = None
    sheet: SheetFile | None = None

    def with_sheet(self, sheet: SheetFile) -> ContractFile:
        return replace(self, sheet=replace(sheet, name=printable(sheet.name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading the files came to. There are contracts only where there is no error in any file."""

    contracts: tuple[Contract, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    seats: int = 0
    """How many number rows there are in all files, sound or not."""


def open_contract(name: str, content: bytes | Unreadable) -> ContractFile:
    """Reads the keys of one contract file; `name` is its name, shown to the user with no line break in it."""
    name = printable(name)
    if isinstance(content, Unreadable):
        problem = _unreadable(content, Place(file=name))
        return ContractFile(name=name, contract=None, problems=(problem,))
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
        sheet_named=written if isinstance(written, str) and _kind(written) == "csv" else None,
    )


def read_contracts(files: Sequence[ContractFile]) -> Reading:
    """All contracts of the files, or every problem of every file, in the order of files and lines."""
    problems: list[Problem] = []
    papers: list[Paper] = []
    for file in files:
        problems += file.problems
        if file.contract is None:
            continue
        rows = _rows(file, file.contract)
        known = rows.rows if rows is not None and (rows.rows or not _errors(rows.problems)) else None
        problems += rows.problems if rows is not None else ()
        paper = Paper(contract=file.contract, rows=known)
        papers.append(paper)
        problems += [problem for rule in RULES for problem in rule(paper)]
    problems += across(papers)
    ordered = _in_order(files, problems)
    errors = _errors(ordered)
    return Reading(
        contracts=() if errors else tuple(build.contract(paper) for paper in papers),
        problems=errors,
        warnings=tuple(problem for problem in ordered if problem.severity == "warning"),
        seats=sum(len(paper.seats) for paper in papers),
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
    problem = _SHEET_PROBLEMS.get(_kind(written))
    if problem is not None:
        return Rows(problems=(_unreadable(problem, site.place("numbers")),))
    sheet = file.sheet or SheetFile(name=written, content=_not_given(written))
    if isinstance(sheet.content, Unreadable):
        return Rows(problems=(_unreadable(sheet.content, site.place("numbers")),))
    return number_rows.sheet_rows(sheet.name, sheet.content)


_SPREADSHEET_LATER = Unreadable(
    code="spreadsheet-later",
    message="spreadsheets (.xlsx, .xls, .ods) come with a later version",
    hint='save the sheet as "CSV UTF-8" and write its .csv name under site.numbers',
)
_SHEET_PROBLEMS: Mapping[str, Unreadable] = {
    "xlsx": _SPREADSHEET_LATER,
    "xls": _SPREADSHEET_LATER,
    "ods": _SPREADSHEET_LATER,
    "other": Unreadable(
        code="not-csv",
        message="the number sheet has no name that ends in .csv",
        hint='save it as "CSV UTF-8" and write its .csv name under site.numbers',
    ),
}


def _kind(name: str) -> str:
    """The kind of a sheet by its name: csv, xlsx, xls, ods or other."""
    ending = name.rpartition(".")[2].lower()
    return ending if ending in ("csv", "xlsx", "xls", "ods") else "other"


def _not_given(name: str) -> Unreadable:
    return Unreadable(
        code="sheet-missing",
        message=f"the number sheet {shown(name)} is not there",
        hint="put it beside the contract file, or correct the name under site.numbers",
    )


def _unreadable(why: Unreadable, place: Place) -> Problem:
    return Problem(code=why.code, message=printable(why.message), hint=why.hint, place=place)


def _in_order(files: Sequence[ContractFile], problems: Sequence[Problem]) -> list[Problem]:
    """Each problem once, by file as given, each sheet behind its file, then line and column."""
    order: dict[str, int] = {}
    for file in files:
        for name in (file.name, *([file.sheet.name] if file.sheet else [])):
            order.setdefault(name, len(order))
    return sorted(
        dict.fromkeys(problems),
        key=lambda problem: (
            order.get(problem.place.file, len(order)),
            problem.place.line or 0,
            problem.place.column or 0,
        ),
    )
