"""Workbooks of text as Excel files: the one place that knows XlsxWriter (XLSX).

Every cell is text, in a cell of the format Text: a telephone number keeps its 0, and what begins with = is
never a formula. The bytes are the same for the same workbook.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

_MADE = datetime(2025, 1, 1, tzinfo=UTC)
_TEXT = 49  # the format Text by its number in every workbook
_LONGEST_LIST = 255
_SPARE_ROWS = 2000
HEADER_ROW = 2
"""The row of a table's header, below its title, as Excel counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table: its heading, how wide it is, and what may be typed below it.

    `note` is shown when a cell of it is entered. `choices` are offered; with `only_choices` nothing else may
    be typed. `formula` must hold of what is typed, {cell} being the cell and {column} all cells of it.
    """

    heading: str
    width: float = 14
    note: str | None = None
    choices: tuple[str, ...] = ()
    only_choices: bool = False
    formula: str | None = None
    complaint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A sheet with a title row, a header that stays in sight, and rows of text (表)."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str | None]]
    spare_rows: int = _SPARE_ROWS
    """How many rows below the last one know what may be typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A sheet of sentences, one below the other (说明)."""

    name: str
    lines: tuple[str, ...]
    width: float = 100


def workbook(sheets: Sequence[Table | Page]) -> bytes:
    """The file with these sheets in their order; the first is the one that is seen when it is opened."""
    content = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(content, options)
    book.set_properties({"created": _MADE.replace(tzinfo=None)})
    styles = _Styles(
        title=book.add_format({"bold": True, "font_size": 14, "align": "center", "num_format": _TEXT}),
        header=book.add_format({"bold": True, "border": 1, "bg_color": "#DDEBF7", "num_format": _TEXT}),
        text=book.add_format({"num_format": _TEXT}),
        wrapped=book.add_format({"num_format": _TEXT, "text_wrap": True, "valign": "top"}),
    )
    lists = _Lists()
    for sheet in sheets:
        made = book.add_worksheet(sheet.name)
        if isinstance(sheet, Page):
            made.set_column(0, 0, sheet.width, styles.wrapped)
            for row, line in enumerate(sheet.lines):
                made.write_string(row, 0, line, styles.wrapped)
        else:
            _table(made, sheet, styles, lists)
    if lists.columns:
        _write_lists(book, lists)
    book.close()
    return content.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Styles:
    title: Any
    header: Any
    text: Any
    wrapped: Any


class _Lists:
    """Choices too long to stand in a rule itself: each is a column of a hidden sheet."""

    NAME = "lists"

    def __init__(self) -> None:
        self.columns: list[tuple[str, ...]] = []

    def source(self, choices: tuple[str, ...]) -> list[str] | str:
        if len(",".join(choices)) <= _LONGEST_LIST and not any("," in choice for choice in choices):
            return list(choices)
        self.columns.append(choices)
        letter = xl_col_to_name(len(self.columns) - 1)
        return f"={self.NAME}!${letter}$1:${letter}${len(choices)}"


def _write_lists(book: Any, lists: _Lists) -> None:
    sheet = book.add_worksheet(lists.NAME)
    sheet.hide()
    for column, choices in enumerate(lists.columns):
        for row, choice in enumerate(choices):
            sheet.write_string(row, column, choice)


def _table(sheet: Any, table: Table, styles: _Styles, lists: _Lists) -> None:
    last_column = len(table.columns) - 1
    last_row = HEADER_ROW - 1 + len(table.rows)
    last_typed = last_row + max(table.spare_rows, 1)
    if last_column > 0:
        sheet.merge_range(0, 0, 0, last_column, "", styles.title)
    sheet.write_string(0, 0, table.title, styles.title)
    for index, column in enumerate(table.columns):
        sheet.set_column(index, index, column.width, styles.text)
        sheet.write_string(HEADER_ROW - 1, index, column.heading, styles.header)
        for rule in _rules(column, index, last_typed, lists):
            sheet.data_validation(HEADER_ROW, index, last_typed, index, rule)
    for row, cells in enumerate(table.rows, start=HEADER_ROW):
        for index, cell in enumerate(cells):
            if cell:
                sheet.write_string(row, index, cell, styles.text)
    sheet.freeze_panes(HEADER_ROW, 1)
    sheet.autofilter(HEADER_ROW - 1, 0, max(last_row, HEADER_ROW), last_column)
    letter = xl_col_to_name(last_column)
    sheet.ignore_errors({"number_stored_as_text": f"A1:{letter}{last_typed + 1}"})
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, HEADER_ROW - 1)


def _rules(column: Column, index: int, last: int, lists: _Lists) -> Iterator[dict[str, Any]]:
    """What may be typed in the column, and what is told when a cell of it is entered."""
    letter = xl_col_to_name(index)
    rule: dict[str, Any] = {"validate": "any"}
    if column.choices:
        rule = {"validate": "list", "source": lists.source(column.choices)}
        rule["error_type"] = "stop" if column.only_choices else "information"
    elif column.formula:
        cells = f"${letter}${HEADER_ROW + 1}:${letter}${last + 1}"
        formula = column.formula.format(cell=f"{letter}{HEADER_ROW + 1}", column=cells)
        rule = {"validate": "custom", "value": f"={formula}", "error_type": "stop"}
    if column.note:
        rule |= {"input_title": column.heading[:32], "input_message": column.note[:255]}
    if column.complaint:
        rule |= {"error_title": column.heading[:32], "error_message": column.complaint[:255]}
    if rule != {"validate": "any"}:
        yield rule
