"""A number sheet as rows of cells, from CSV or a spreadsheet, and where each stands (表格)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from provisioning.core.problem import Place, Problem, Severity

_CELL = re.compile("([A-Z]+)([0-9]+)")

MAX_ROWS = 60_000
MAX_COLUMNS = 100
MAX_CELLS = 1_000_000

HEADER_WITHIN = 30
"""So many of the first rows that hold anything may stand above the list; its header is one of them."""

CellKind = Literal["text", "number", "date", "flag", "error", "formula"]
"""What a cell is stored as. In CSV everything is text; of a formula only its last result is known."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, where it begins, and what it is stored as.

    In a spreadsheet `line` and `column` are the row and the column, both from 1; in CSV the line and the
    character. `text` is empty where the cell is; of a number it is what a cell of format General shows.
    `covered`: the text is that of a merged cell that begins in a row above (合并单元格).
    """

    text: str
    line: int
    column: int
    kind: CellKind = "text"
    covered: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row from the first column on; the last one is filled.

    A sheet has tens of thousands: a row keeps the texts, and makes a Cell when somebody asks for one.
    `kinds` names the cells that are not text, `covered` those that belong to a merged cell from above.
    """

    line: int
    texts: tuple[str, ...]
    kinds: Mapping[int, CellKind] | None = None
    covered: frozenset[int] = frozenset()

    def at(self, index: int) -> tuple[int, int]:
        """Line and column of a cell."""
        return self.line, index + 1

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> Cell:
        kind: CellKind = self.kinds.get(index, "text") if self.kinds else "text"
        return Cell(self.texts[index], *self.at(index), kind, index in self.covered)

    def __iter__(self) -> Iterator[Cell]:
        return (self[index] for index in range(len(self.texts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The rows of a sheet that hold anything, and what is wrong with it as a sheet.

    `name` is the sheet's name within its workbook, None for CSV.
    """

    file: str
    name: str | None = None
    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()

    def place(self, cell: Cell) -> Place:
        return place(self.file, self.name, cell.line, cell.column)

    def problem(
        self, cell: Cell, code: str, message: str, hint: str, severity: Severity = "error"
    ) -> Problem:
        return Problem(code=code, message=message, hint=hint, place=self.place(cell), severity=severity)


def place(file: str, sheet: str | None, line: int, column: int) -> Place:
    """The place of a cell: file, line and column in text; file, sheet and cell in a spreadsheet."""
    if sheet is None:
        return Place(file=file, line=line, column=column)
    return Place(file=file, sheet=sheet, cell=cell_name(line, column))


def position(at: Place) -> tuple[int, int]:
    """Line and column of a place, or row and column of its cell; (0, 0) where it has none."""
    found = _CELL.fullmatch(at.cell or "")
    if found is None:
        return at.line or 0, at.column or 0
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(found[2]), column


def where(sheet: str | None, line: int, column: int) -> str:
    """The place of a cell in a few words, for messages within the same file."""
    return f"line {line}" if sheet is None else f"cell {cell_name(line, column)}"


def cell_name(row: int, column: int) -> str:
    """What a spreadsheet calls the cell: C17 for row 17, column 3."""
    return f"{column_name(column)}{row}"


def column_name(column: int) -> str:
    """What a spreadsheet calls the column: C for 3."""
    letters = ""
    while column > 0:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters
