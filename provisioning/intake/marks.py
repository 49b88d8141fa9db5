"""What a spreadsheet's file says of its cells beside their values, and how far they reach (单元格标记)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from provisioning.intake.sheet import MAX_CELLS, CellKind, cell_name
from provisioning.intake.text_form import shown
from provisioning.intake.wrong import Wrong

MAX_AREA = 2_000_000
"""The most cells, blank ones included, between the first and the last filled cell of a workbook's sheets: the
library that reads them keeps every one of them in memory, 56 bytes each."""

MAX_TEXT = 256 * 1024 * 1024
"""The most characters that the cells of a workbook may come to; a text that stands often counts as often."""

ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")

Position = tuple[int, int]
"""Row and column, both from 1."""


@dataclass(slots=True, kw_only=True)
class Marks:
    """Of one sheet, by its name: which cells are formulas or errors, which rows are hidden, what is merged.

    `kinds` need not name what is known from the value. A merged range is its first and its last cell.
    """

    name: str = ""
    kinds: dict[Position, CellKind] = field(default_factory=dict)
    errors: dict[Position, str] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    merged: list[tuple[Position, Position]] = field(default_factory=list)
    filled: int = 0
    first: Position | None = None
    last: Position = (0, 0)

    def reach(self, row: int, column: int) -> None:
        """Makes the extent include the cell."""
        first = self.first or (row, column)
        self.first = (min(first[0], row), min(first[1], column))
        self.last = (max(self.last[0], row), max(self.last[1], column))

    @property
    def area(self) -> int:
        if self.first is None:
            return 0
        return (self.last[0] - self.first[0] + 1) * (self.last[1] - self.first[1] + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A workbook that can be handed to the library: made anew from parts that are bounded.

    `marks` has one entry for each sheet, in the order of the workbook.
    """

    content: bytes
    marks: tuple[Marks, ...]


class TooFar(Wrong):
    """A cell stands so far from the others that the sheet cannot be read."""

    def __init__(self, sheet: str, cell: str) -> None:
        super().__init__(
            "sheet-too-large",
            f"the cells of the sheet {shown(sheet)} reach as far as {cell}: too far to be read",
            "select all rows below the last number and all columns behind the last one, delete them and save",
        )
        self.sheet = sheet
        self.cell = cell


def bounded(marks: Sequence[Marks]) -> None:
    """Raises Wrong when the sheets of a workbook have more cells than are read, or reach too far."""
    if sum(sheet.filled for sheet in marks) > MAX_CELLS:
        raise Wrong(
            "too-many-cells",
            f"the workbook has more than {MAX_CELLS} filled cells",
            "delete the sheets, rows and columns that do not belong to the number list",
        )
    if sum(sheet.area for sheet in marks) > MAX_AREA:
        widest = max(marks, key=lambda sheet: sheet.area)
        raise TooFar(widest.name, cell_name(*widest.last))


def too_much_text() -> Wrong:
    return Wrong(
        "too-much-text",
        f"the texts of all cells come to more than {MAX_TEXT} characters",
        "delete what does not belong to the number list",
    )
