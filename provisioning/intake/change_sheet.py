"""Reads a number sheet or a member form as what it asks for, number by number (变更单读入)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from provisioning.core.problem import Place, Problem
from provisioning.intake import headers, member_form, number_rows, operations, row_kinds
from provisioning.intake.cell_values import RowReader
from provisioning.intake.fields import Fields
from provisioning.intake.headers import Columns
from provisioning.intake.member_form import Form
from provisioning.intake.number_rows import Rows
from provisioning.intake.operations import CLEARS, WORDS, Entry, Operation, operation_of, ticked
from provisioning.intake.sheet import Row, Sheet
from provisioning.intake.sheet_file import read_sheet
from provisioning.intake.text_form import half_width, shown
from provisioning.intake.walk import Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a file asks for, and everything said about it; with an error in it the entries are not whole."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()


def read(file: str, content: bytes) -> Asked:
    """The entries of a number sheet or a member form, with the operation of each where it says one."""
    return _asked(member_form.read(read_sheet(file, content, member_form.names_numbers)))


def rows(file: str, content: bytes) -> Rows:
    """The number rows of a contract: of a number sheet, or of a member form that adds all its numbers."""
    sheet = read_sheet(file, content, headers.is_long_header)
    if headers.header_at(sheet.rows) is None:
        form = read_sheet(file, content, member_form.names_numbers)
        sheet = form if member_form.is_form(form) else sheet
    if not _asks(sheet):
        return number_rows.rows_of(sheet)
    asked = _asked(member_form.read(sheet))
    wrong = [_not_added(entry) for entry in asked.entries if entry.operation not in (None, Operation.ADD)]
    return Rows(rows=tuple(entry.row for entry in asked.entries), problems=(*asked.problems, *wrong))


def _asks(sheet: Sheet) -> bool:
    """Whether the sheet says what is to be done with its numbers: a form, or a column of operations."""
    if member_form.is_form(sheet):
        return True
    at = headers.header_at(sheet.rows)
    if at is None:
        return False
    column = _index(sheet.rows[at], operations.is_operation_header)
    if column is None:
        return False
    return any(operation_of(row.texts[column]) for row in sheet.rows[at + 1 :] if column < len(row))


def _not_added(entry: Entry) -> Problem:
    return Problem(
        code="form-not-add",
        message=f"{entry.long_number or 'this number'} is to be {_DONE[entry.operation or Operation.ADD]}: a "
        "contract's numbers are those that are added",
        hint="record the contract with its numbers, then `seatline contract change` with this form",
        place=entry.place("operation"),
    )


_DONE: Mapping[Operation, str] = {
    Operation.ADD: "added",
    Operation.REMOVE: "removed",
    Operation.CHANGE: "changed",
}


def _asked(form: Form) -> Asked:
    sheet = form.sheet
    walk = Walk(sheet.file, sheet.name)
    walk.problems.extend(sheet.problems)
    if headers.header_at(sheet.rows) is None:
        if not any(problem.severity == "error" for problem in sheet.problems):
            walk.problems.append(headers.no_header(sheet))
        return Asked(problems=tuple(walk.problems))
    reader = _FormReader(walk, form)
    entries = reader.entries()
    if not entries and all(problem.severity == "warning" for problem in walk.problems):
        walk.complain(
            sheet.rows[0][0],
            *("no-numbers", "there is no number below the header", "write one row for each number"),
        )
    return Asked(entries=tuple(entries), problems=tuple(walk.problems))


def _index(header: Row, fits: operations.Fits) -> int | None:
    return next((index for index, text in enumerate(header.texts) if fits(text)), None)


class _FormReader:
    """Reads the one list of a form: what is to be done with each number, and its columns."""

    def __init__(self, walk: Walk, form: Form) -> None:
        self._walk = walk
        self._form = form
        header = form.sheet.rows[0]
        self._operation_at = _index(header, operations.is_operation_header)
        self._former_at = _index(header, operations.is_former_header)
        self._own = {at for at in (self._operation_at, self._former_at) if at is not None}
        cells = [replace(cell, text="") if at in self._own else cell for at, cell in enumerate(header)]
        self._columns = headers.columns(walk, cells)
        self._cells = RowReader(walk, self._columns)

    def entries(self) -> list[Entry]:
        found: list[Entry] = []
        for row in self._form.sheet.rows[1:]:
            if row_kinds.is_tally(self._columns, row):
                self._no_seat(row)
            else:
                found.append(self._entry(row))
        self._cells.close()
        return found

    def _entry(self, row: Row) -> Entry:
        places: dict[str, Place] = {}
        told = len(self._walk.problems)
        operation = self._operation(row, places)
        former = self._former(row, places)
        cleared = [
            index
            for index, text in enumerate(row.texts)
            if half_width(text) in CLEARS and index != self._columns.long_at
        ]
        clears = set()
        for index in cleared:
            name = self._columns.known.get(index) or self._columns.extra.get(index)
            if name is not None:
                clears.add(name)
                places[name] = self._form.sheet.place(row[index])
        read = self._cells.read(_without(row, {*cleared, *self._own}))
        return Entry(
            row=read,
            operation=operation,
            clears=frozenset(clears),
            former=former,
            faulty=any(problem.severity == "error" for problem in self._walk.problems[told:]),
            places=places,
        )

    def _operation(self, row: Row, places: dict[str, Place]) -> Operation | None:
        """What the row says, else what is ticked above the list."""
        at = self._operation_at
        text = row.texts[at] if at is not None and at < len(row) else ""
        if at is None or not text or text in CLEARS:
            if self._form.boxes is not None:
                places["operation"] = self._form.sheet.place(self._form.boxes)
            return self._form.operation
        places["operation"] = self._form.sheet.place(row[at])
        said = operation_of(text)
        boxes = ticked(text) if said is None else None
        if boxes is not None and len(boxes.ticked) == 1:
            said = boxes.ticked[0]
        if said is None:
            known = ", ".join(words[0] for words in WORDS.values())
            self._walk.complain(
                row[at],
                "bad-operation",
                f"{shown(text)} does not say what is to be done with the number",
                f"write one of {known} (add, remove, change), or leave it empty",
            )
        return said

    def _former(self, row: Row, places: dict[str, Place]) -> str | None:
        """The number that the seat has had so far, where the row says one."""
        at = self._former_at
        if at is None or at >= len(row) or not row.texts[at] or row.texts[at] in CLEARS:
            return None
        places["former"] = self._form.sheet.place(row[at])
        alone = RowReader(self._walk, Columns({at: "long_number"}, {}, at))
        only: Fields = alone.read(_without(row, set(range(len(row))) - {at}))
        number: str | None = only.get("long_number")
        return number

    def _no_seat(self, row: Row) -> None:
        cell = row_kinds.first_filled(row)
        self._walk.complain(
            cell,
            "row-without-seat",
            f"{shown(cell.text)} is no seat: a sum, a note or a page number stands here",
            "delete the row",
        )


def _without(row: Row, gone: set[int]) -> Row:
    """The row with these cells empty."""
    texts = tuple("" if index in gone else text for index, text in enumerate(row.texts))
    kinds = {index: kind for index, kind in row.kinds.items() if index not in gone} if row.kinds else {}
    return replace(row, texts=texts, kinds=kinds or None, covered=row.covered - gone)
