"""Reads a number sheet or a member form as what it asks for, number by number (变更单读入)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from provisioning.core.problem import Place, Problem
from provisioning.intake import boxes, headers, member_form, number_rows, operations, row_kinds
from provisioning.intake.cell_values import RowReader
from provisioning.intake.fields import Fields
from provisioning.intake.headers import Columns
from provisioning.intake.member_form import Form
from provisioning.intake.number_rows import Rows
from provisioning.intake.operations import CLEARS, WORDS, Entry, Operation, operation_of
from provisioning.intake.sheet import Row, Sheet
from provisioning.intake.sheet_file import read_sheet
from provisioning.intake.text_form import half_width, shown, without_invisible
from provisioning.intake.walk import Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a file asks for, and everything said about it; with an error in it the entries are not whole."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()


def read(file: str, content: bytes) -> Asked:
    """The entries of a number sheet or a member form, with the operation of each where it says one."""
    sheet = read_sheet(file, content, member_form.is_heading)
    secret = headers.password_cell(sheet.rows, member_form.is_heading)
    if secret is not None:
        return Asked(problems=(*sheet.problems, headers.password_in_numbers(sheet.place(secret))))
    return _asked(member_form.read(sheet))


def rows(file: str, content: bytes) -> Rows:
    """The number rows of a contract: of a number sheet, or of a member form that adds all its numbers."""
    sheet = read_sheet(file, content, headers.is_long_header)
    if headers.header_at(sheet.rows) is None:
        form = read_sheet(file, content, member_form.names_numbers)
        sheet = form if member_form.has_header(form) else sheet
    secret = headers.password_cell(sheet.rows, member_form.names_numbers)
    if secret is not None:
        return Rows(problems=(*sheet.problems, headers.password_in_numbers(sheet.place(secret))))
    if not _asks(sheet):
        return number_rows.rows_of(sheet)
    asked = _asked(member_form.read(sheet))
    wrong = [_not_added(entry) for entry in asked.entries if entry.operation not in (None, Operation.ADD)]
    return Rows(rows=tuple(entry.row for entry in asked.entries), problems=(*asked.problems, *wrong))


def _asks(sheet: Sheet) -> bool:
    """Whether it is read as a form: it says what is to be done with them, or heads them as forms do."""
    if member_form.is_form(sheet):
        return True
    at = headers.header_at(sheet.rows)
    if at is None:
        return member_form.has_header(sheet)
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
        self._former_short_at = _former_short_at(header)
        own = (self._operation_at, self._former_at, self._former_short_at)
        self._own = {at for at in own if at is not None}
        cells = [replace(cell, text="") if at in self._own else cell for at, cell in enumerate(header)]
        self._columns = headers.columns(walk, cells)
        self._cells = RowReader(walk, self._columns)

    def entries(self) -> list[Entry]:
        found: list[Entry] = []
        for written in self._form.sheet.rows[1:]:
            row = _without(written, {at for at, text in enumerate(written.texts) if _is_blank(text)})
            if not any(row.texts):
                continue
            if row_kinds.too_many(self._walk, row):
                break
            if row_kinds.is_tally(self._columns, row):
                row_kinds.no_seat(self._walk, row)
            else:
                found.append(self._entry(row))
        self._cells.close()
        return found

    def _entry(self, row: Row) -> Entry:
        places: dict[str, Place] = {}
        told = len(self._walk.problems)
        operation = self._operation(row, places)
        former = self._former(row, places)
        former_short = self._former_short(row, places)
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
            former_short=former_short,
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
        said = operation_of(text) or boxes.option(text)
        ticked = boxes.ticked(text) if said is None else None
        if ticked is not None:
            said = ticked.operation
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
            if self._form.renumbers:
                self._walk.complain(
                    row_kinds.at_or_first(row, self._columns.long_at),
                    "former-missing",
                    "a new number stands here without the number that the seat has had so far",
                    "write it under 原号码; a seat that is added stands in a form of its own, under 号码",
                )
            return None
        places["former"] = self._form.sheet.place(row[at])
        alone = RowReader(self._walk, Columns({at: "long_number"}, {}, at))
        only: Fields = alone.read(_without(row, set(range(len(row))) - {at}))
        number: str | None = only.get("long_number")
        return number

    def _former_short(self, row: Row, places: dict[str, Place]) -> str | None:
        """The short number that the seat has had so far, where the row says one: only to be compared."""
        at = self._former_short_at
        text = row.texts[at] if at is not None and at < len(row) else ""
        if at is None or not text or text in CLEARS:
            return None
        places["former_short"] = self._form.sheet.place(row[at])
        return half_width(without_invisible(text, no_break=True)).strip()


def _former_short_at(header: Row) -> int | None:
    """Which column has the short numbers so far: 原短号, or 短号 beside 新短号."""
    found = _index(header, operations.is_former_short_header)
    if found is None and _index(header, operations.is_new_short_header) is not None:
        return _index(
            header,
            lambda text: (
                headers.column_of(text) == "short_number" and not operations.is_new_short_header(text)
            ),
        )
    return found


def _is_blank(text: str) -> bool:
    """Whether nobody sees anything in the cell."""
    return bool(text) and not without_invisible(text, no_break=True).strip()


def _without(row: Row, gone: set[int]) -> Row:
    """The row with these cells empty."""
    texts = tuple("" if index in gone else text for index, text in enumerate(row.texts))
    kinds = {index: kind for index, kind in row.kinds.items() if index not in gone} if row.kinds else {}
    return replace(row, texts=texts, kinds=kinds or None, covered=row.covered - gone)
