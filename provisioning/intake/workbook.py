"""Spreadsheets by python-calamine, as rows of cells (电子表格).

The library is handed only what was made anew from bounded parts; whatever it then cannot read is a problem.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from io import BytesIO

from python_calamine import (
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from provisioning.core.problem import Place, Problem
from provisioning.intake import ods_file, sheet_choice, xls_file, xlsx_file
from provisioning.intake.compound_file import CompoundFile
from provisioning.intake.marks import Checked, Marks, TooFar
from provisioning.intake.sheet import MAX_CELLS, MAX_COLUMNS, CellKind, Row, Sheet
from provisioning.intake.sheet_choice import IsHeader, Table
from provisioning.intake.text_form import trimmed
from provisioning.intake.wrong import Wrong
from provisioning.intake.zip_parts import Parts, broken, protected

_NOTHING: frozenset[int] = frozenset()

Value = str | bool | int | float | datetime.datetime | datetime.date | datetime.time | datetime.timedelta


def from_zip(file: str, parts: Parts, is_header: IsHeader) -> Sheet:
    """The number sheet of an .xlsx or .ods workbook, or why there is none."""
    check = xlsx_file.checked if xlsx_file.workbook_of(parts) else ods_file.checked
    return _read(file, lambda: check(parts), is_header)


def from_compound(file: str, content: bytes, is_header: IsHeader) -> Sheet:
    """The number sheet of an .xls workbook, or why there is none."""
    return _read(file, lambda: xls_file.checked(CompoundFile(content)), is_header)


def _read(file: str, check: Callable[[], Checked], is_header: IsHeader) -> Sheet:
    place = Place(file=file)
    refused: Wrong
    try:
        return sheet_choice.chosen(file, _tables(check()), is_header)
    except TooFar as far:
        refused, place = far, Place(file=file, sheet=far.sheet, cell=far.cell)
    except Wrong as wrong:
        refused = wrong
    except PasswordError:
        refused = protected()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # what the library raises, and what its Rust part panics with
        refused = broken()
    problem = Problem(code=refused.code, message=refused.message, hint=refused.hint, place=place)
    return Sheet(file=file, problems=(problem,))


def _tables(checked: Checked) -> list[Table]:
    book = CalamineWorkbook.from_filelike(BytesIO(checked.content))
    if len(book.sheets_metadata) != len(checked.marks):
        raise broken()
    return [
        _table(book, index, marks)
        for index, marks in enumerate(checked.marks)
        if book.sheets_metadata[index].typ == SheetTypeEnum.WorkSheet
    ]


def _table(book: CalamineWorkbook, index: int, marks: Marks) -> Table:
    about = book.sheets_metadata[index]
    beyond: list[tuple[int, int]] = []
    return Table(
        name=about.name,
        visible=about.visible == SheetVisibleEnum.Visible,
        hidden_rows=marks.hidden_rows,
        rows=lambda: _Rows(book.get_sheet_by_index(index), marks, beyond).read(),
        beyond=beyond,
    )


class _Rows:
    """The rows of one sheet that hold anything."""

    def __init__(self, sheet: CalamineSheet, marks: Marks, beyond: list[tuple[int, int]]) -> None:
        self._sheet = sheet
        self._errors = marks.errors
        self._beyond = beyond
        self._kinds = _by_row(marks.kinds)
        merged = marks.merged or [
            ((top + 1, left + 1), (bottom + 1, right + 1))
            for (top, left), (bottom, right) in sheet.merged_cell_ranges or []
        ]
        self._covered = _covered(merged)
        self._anchors: dict[tuple[int, int], tuple[str, CellKind]] = {
            first: ("", "text") for covered in self._covered.values() for first in covered.values()
        }

    def read(self) -> Iterator[Row]:
        start = self._sheet.start
        if start is None:
            return
        before = [""] * start[1]  # the library gives blank rows above the first cell, but no columns
        for number, values in enumerate(self._sheet.iter_rows(), 1):
            row = self._row(number, before, values)
            if row is not None:
                yield row

    def _row(self, number: int, before: list[str], values: list[Value]) -> Row | None:
        texts = list(before)
        kinds: dict[int, CellKind] = {}
        for value in values:
            if type(value) is str:
                texts.append(trimmed(value) if value else value)
            else:
                text, kinds[len(texts)] = _shown(value)
                texts.append(text)
        if number in self._kinds:
            self._special(number, texts, kinds)
        if not any(texts):
            return None
        covered = _NOTHING
        if self._anchors:
            covered = self._merged(number, texts, kinds)
        if len(texts) > MAX_COLUMNS:
            self._beyond += [(number, at + 1) for at in range(MAX_COLUMNS, len(texts)) if texts[at]][:1]
            del texts[MAX_COLUMNS:]
        while texts and not texts[-1] and len(texts) - 1 not in kinds:
            texts.pop()
        return Row(number, tuple(texts), kinds or None, covered) if texts else None

    def _special(self, number: int, texts: list[str], kinds: dict[int, CellKind]) -> None:
        """Marks what the values do not tell: formulas, errors, dates the library has as text."""
        for column, kind in self._kinds[number].items():
            texts += [""] * (column - len(texts))
            kinds[column - 1] = kind
            texts[column - 1] = texts[column - 1] or self._errors.get((number, column), "")

    def _merged(self, number: int, texts: list[str], kinds: dict[int, CellKind]) -> frozenset[int]:
        """Takes up what merged cells from rows above say; keeps what those that begin here say."""
        covered: set[int] = set()
        for column, first in self._covered.get(number, {}).items():
            text, kind = self._anchors[first]
            if text:
                texts += [""] * (column - len(texts))
                texts[column - 1] = text
                covered.add(column - 1)
                if kind != "text":
                    kinds[column - 1] = kind
        for index, text in enumerate(texts):
            if text and (number, index + 1) in self._anchors:
                self._anchors[number, index + 1] = (text, kinds.get(index, "text"))
        return frozenset(covered)


def _by_row(kinds: Mapping[tuple[int, int], CellKind]) -> dict[int, dict[int, CellKind]]:
    found: dict[int, dict[int, CellKind]] = {}
    for (row, column), kind in kinds.items():
        found.setdefault(row, {})[column] = kind
    return found


def _covered(
    merged: list[tuple[tuple[int, int], tuple[int, int]]],
) -> dict[int, dict[int, tuple[int, int]]]:
    """By row and column, which merged cell of a row above covers it. Only its first column is taken up."""
    found: dict[int, dict[int, tuple[int, int]]] = {}
    held = 0
    for (top, left), (bottom, _) in merged:
        held += bottom - top
        if held > MAX_CELLS:
            raise Wrong(
                "too-many-cells",
                f"merged cells cover more than {MAX_CELLS} rows",
                "take the merging of cells back",
            )
        for row in range(top + 1, bottom + 1):
            found.setdefault(row, {})[left] = (top, left)
    return found


def _shown(value: Value) -> tuple[str, CellKind]:
    """What a cell that is not text shows, and what it is."""
    if isinstance(value, bool):
        return str(value).upper(), "flag"
    if isinstance(value, int | float):
        return _general(float(value)), "number"
    if isinstance(value, datetime.timedelta):
        return f"{value.total_seconds() / 3600:g} h", "date"
    return value.isoformat() if not isinstance(value, str) else value, "date"


def _general(number: float) -> str:
    """A number as a cell of format General shows it when it is wide enough: of 15 digits."""
    if not -1e300 < number < 1e300:
        return str(number)
    written = Decimal(f"{number:.15g}")
    return (
        str(int(written))
        if written == written.to_integral_value() and abs(written) < 10**30
        else f"{number:.15g}"
    )
