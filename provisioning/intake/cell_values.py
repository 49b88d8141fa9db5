"""A row's cells as values: by the column's kind, and by what a spreadsheet stored them as (单元格取值)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.core.problem import Severity
from provisioning.intake import headers, number_forms, row_kinds, schema
from provisioning.intake.fields import RowFields, RowValues
from provisioning.intake.headers import EXTRA, Columns
from provisioning.intake.sheet import Cell, CellKind, Row, cell_name, column_name
from provisioning.intake.text_form import shown, unseen
from provisioning.intake.walk import Walk
from provisioning.intake.words import Word
from provisioning.intake.wrong import Wrong

FREE_TEXT = frozenset({"remark", "name", "department"})
SHARED = FREE_TEXT | {"iad", "features", "ring_order", "zones"}
"""Columns in which a cell merged over several rows holds for all of them (合并单元格)."""

SHOWN_EACH = 10
"""So many cells of a column are named with the same fault; the rest is counted."""

_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+[0-9]+")
_LOST_FROM = 15
"""So many digits of a number a spreadsheet keeps."""

_NOTHING: frozenset[str] = frozenset()
_KEPT: frozenset[CellKind] = frozenset({"number", "date", "flag"})
"""What may stand where text is due that is no number to be dialled."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """What the cells of one column are read as; `column` is None for one that is kept as it is."""

    name: str
    column: str | None
    word: Word

    @property
    def dialled(self) -> bool:
        return self.word.halves_width and "number" not in self.word.bare


class RowReader:
    """Reads the rows below one header; what is wrong goes to the walk."""

    def __init__(self, walk: Walk, columns: Columns) -> None:
        self._walk = walk
        self._columns = columns
        self._said: dict[tuple[str, int], list[Cell]] = {}
        self._readers: dict[int, _Reader] = {}

    def read(self, row: Row) -> RowFields:
        """One seat's values; a value that is faulty has been complained of."""
        values: dict[str, Any] = {}
        faulty: set[str] = set()
        extra: dict[str, str] = {}
        for index, text in enumerate(row.texts):
            if not text and not (row.kinds and index in row.kinds):
                continue
            reader = self._readers.get(index) or self._reader(index)
            value = self._value(row, index, text, reader)
            if reader.column is None:
                if value is not None:
                    extra[reader.name] = value
            elif value is None:
                faulty.add(reader.column)
            else:
                values[reader.column] = value
        if "long_number" not in values and "long_number" not in faulty:
            self._walk.complain(
                row_kinds.at_or_first(row, self._columns.long_at),
                "number-missing",
                "the row has no long number",
                "write it, or delete the row; what stands below the last number begins with 甲方 or 盖章",
            )
        return RowFields(
            self._walk.file,
            *row.at(0),
            RowValues(values, row, self._columns.known),
            frozenset(faulty) if faulty else _NOTHING,
            extra,
            self._walk.sheet,
        )

    def close(self) -> None:
        """Tells how many cells more have the faults of which only the first ones were named."""
        for (_, index), cells in self._said.items():
            if len(cells) > SHOWN_EACH:
                reader, last = self._readers[index], cells[-1]
                self._walk.complain(
                    cells[SHOWN_EACH],
                    "same-fault-below",
                    f"{reader.name}: {len(cells) - SHOWN_EACH} more cells of this column have the fault of "
                    f"{cell_name(cells[0].line, cells[0].column)}, as far as "
                    f"{cell_name(last.line, last.column)}",
                    "mend the whole column at once",
                )

    def _reader(self, index: int) -> _Reader:
        column = self._columns.known.get(index)
        name = column or self._columns.extra.get(index) or f"column {index + 1}"
        reader = _Reader(name, column, EXTRA if column is None else schema.COLUMNS[column])
        self._readers[index] = reader
        return reader

    def _value(self, row: Row, index: int, text: str, reader: _Reader) -> Any:
        """The cell's value; None where it has none, which has been complained of."""
        plain = text.isascii() or (not reader.word.halves_width and not unseen(text))
        odd = (row.kinds and index in row.kinds) or (row.covered and index in row.covered)
        if odd or not plain or "\n" in text:
            return self._odd(row[index], index, reader)
        if reader.column is None and _SCIENTIFIC.fullmatch(text):
            self._digits_lost(row[index], index, reader)
        try:
            return reader.word.read(text)
        except Wrong as wrong:
            self._walk.complain(row[index], wrong.code, f"{reader.name}: {wrong.message}", wrong.hint)
            return None

    def _odd(self, cell: Cell, index: int, reader: _Reader) -> Any:
        """The value of a cell that is more than plain text."""
        if cell.covered and reader.column is not None and reader.column not in SHARED:
            self._say(
                *(cell, index, "merged-number"),
                f"{reader.name}: a merged cell holds {shown(cell.text)} for several rows",
                "take the merging of cells back, and write in each row what belongs to it",
            )
            return None
        if cell.kind != "text" and not self._stored(cell, index, reader):
            return None
        if reader.column is None or reader.column in FREE_TEXT:
            cell = headers.one_line(self._walk, cell, reader.name)
        found = self._walk.word(cell.text, reader.word, cell, reader.name) if cell.text else None
        return None if found is None else found.value

    def _stored(self, cell: Cell, index: int, reader: _Reader) -> bool:
        """Whether a cell that a spreadsheet did not store as text can be read all the same."""
        if cell.kind == "number" and _digits(cell.text) > _LOST_FROM:
            return self._digits_lost(cell, index, reader)
        if cell.kind in _KEPT and not reader.dialled:
            return True
        code, what, hint = _STORED[cell.kind]
        message = f"{reader.name}: {what.format(shown(cell.text)[1:-1])}"
        if cell.kind == "number" and number_forms.is_fixed("0" + cell.text):
            hint = _ZERO_LOST
        hint = hint.format(cell.text, column=column_name(cell.column), cell=cell_name(cell.line, cell.column))
        if reader.column is None:
            kept = "its last result is kept" if cell.kind == "formula" else "nothing is kept of it"
            self._say(cell, index, code, f"{message}; {kept}", hint, "warning")
            return cell.kind == "formula"
        self._say(cell, index, code, message, hint)
        return False

    def _digits_lost(self, cell: Cell, index: int, reader: _Reader) -> bool:
        known = reader.column is not None
        self._say(
            *(cell, index, "digits-lost"),
            f"{reader.name}: of {shown(cell.text)} the last digits are lost: "
            "a spreadsheet keeps 15 digits of a number",
            "give the column the cell format Text (文本) and type the numbers again, from the paper",
            "error" if known else "warning",
        )
        return not known

    def _say(
        self, cell: Cell, index: int, code: str, message: str, hint: str, severity: Severity = "error"
    ) -> None:
        """Complains of the first cells of a column that have a fault; `close` counts the others."""
        cells = self._said.setdefault((code, index), [])
        cells.append(cell)
        if len(cells) <= SHOWN_EACH:
            self._walk.complain(cell, code, message, hint, severity)


def _digits(number: str) -> int:
    """How many digits stand before the point of what a cell of format General shows."""
    whole, _, exponent = number.lower().partition("e")
    return int(exponent) + 1 if exponent else len(whole.partition(".")[0].lstrip("-"))


_STORED: Mapping[CellKind, tuple[str, str, str]] = {
    "number": (
        "number-not-text",
        "{0} is stored as a number, not as text",
        "give column {column} the cell format Text (文本) and type the numbers again, or fill an empty "
        'column with ={cell}&"" and paste it over column {column} as values; the format alone mends nothing',
    ),
    "date": (
        "date-not-text",
        "{0} is stored as a date, not as text",
        "give column {column} the cell format Text (文本) and type the value again",
    ),
    "flag": (
        "flag-not-text",
        "{0} is stored as a truth value, not as text",
        "give column {column} the cell format Text (文本) and type the value again",
    ),
    "error": (
        "error-cell",
        "the cell holds the error {0}",
        "write the value that belongs here, as text",
    ),
    "formula": (
        "formula-cell",
        "a formula stands here, where text is due: only its last result could be read",
        "give column {column} the cell format Text (文本), copy it and paste it over itself as values "
        "(选择性粘贴, 数值)",
    ),
}
"""What to say of a cell that is not text where text is due: code, message and hint."""

_ZERO_LOST = (
    "give column {column} the cell format Text (文本) and type the numbers again with their leading 0 "
    '("0{0}"), or fill an empty column with ="0"&{cell} and paste it over column {column} as values; '
    "the format alone brings no 0 back"
)
"""How to mend a number that was stored as a number and would be a fixed one with a 0 before it."""
