"""Which sheet of a workbook is the number sheet, and what the others hold that is not read (选表)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from provisioning.core.problem import Place, Problem, Severity
from provisioning.intake.sheet import HEADER_WITHIN, MAX_COLUMNS, MAX_ROWS, Row, Sheet, cell_name, column_name
from provisioning.intake.text_form import counted, half_width, shown

IsHeader = Callable[[str], bool]

_LOOKED_AT = 1000
_NUMBER = re.compile("[0-9]{7,12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One sheet of a workbook. `rows` reads it; the rows are those that hold anything.

    `beyond` grows with the cells that stand behind the last column that is read.
    """

    name: str
    visible: bool
    hidden_rows: Collection[int]
    rows: Callable[[], Iterator[Row]]
    beyond: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Begun:
    """A visible sheet of which the first rows are read."""

    table: Table
    first: tuple[Row, ...]
    following: Iterator[Row]
    header: int | None

    @property
    def filled(self) -> bool:
        return self.header is not None and len(self.first) > self.header + 1


def chosen(file: str, tables: Sequence[Table], is_header: IsHeader) -> Sheet:
    """The one visible sheet with a header we know; without any, the first one that holds something."""
    warnings = tuple(
        _problem(
            *(file, table.name, "hidden-sheet"),
            f"the hidden sheet {shown(table.name)} holds numbers; it is not read",
            "show it (取消隐藏) if its numbers belong to the contract, else delete it",
            severity="warning",
        )
        for table in tables
        if not table.visible and _holds_numbers(table, is_header)
    )
    begun = [_begin(table, is_header) for table in tables if table.visible]
    with_header = [sheet for sheet in begun if sheet.header is not None]
    fitting = [sheet for sheet in with_header if sheet.filled] or with_header[:1]
    if len(fitting) > 1:
        names = ", ".join(shown(sheet.table.name) for sheet in fitting)
        several = _problem(
            *(file, fitting[1].table.name, "several-sheets"),
            f"several sheets hold a number list: {names}",
            "put all rows into one sheet, and delete or hide the others: hidden sheets are not read",
        )
        return Sheet(file=file, problems=(*warnings, several))
    left = fitting or [sheet for sheet in begun if sheet.first] or begun
    if not left:
        unseen = _problem(
            *(file, None, "no-header"),
            "the workbook has no sheet that can be seen",
            "show the sheet that holds the numbers (取消隐藏)",
        )
        return Sheet(file=file, problems=(*warnings, unseen))
    return _whole(file, left[0], warnings)


def _begin(table: Table, is_header: IsHeader) -> _Begun:
    rows = table.rows()
    first = tuple(islice(rows, HEADER_WITHIN))
    header = next((at for at, row in enumerate(first) if any(map(is_header, row.texts))), None)
    if header == len(first) - 1:
        first += tuple(islice(rows, 1))
    return _Begun(table, first, rows, header)


def _whole(file: str, begun: _Begun, warnings: tuple[Problem, ...]) -> Sheet:
    """The sheet with all its rows, or why it has too much."""
    table = begun.table
    following = begun.following if begun.header is not None else iter(())
    rows = tuple(islice(chain(begun.first, following), MAX_ROWS + 1))
    problems = [*warnings, *_seen(file, table, rows)]
    if table.beyond:
        row, column = table.beyond[0]
        problems.append(
            _problem(
                *(file, table.name, "too-many-columns"),
                f"a cell is filled behind column {column_name(MAX_COLUMNS)}, the last one that is read",
                "delete the columns that do not belong to the number list",
                cell=cell_name(row, column),
            )
        )
    if len(rows) > MAX_ROWS:
        problems.append(
            _problem(
                *(file, table.name, "too-many-rows"),
                f"the sheet has more than {MAX_ROWS} rows",
                "split it over several contracts",
            )
        )
        rows = ()
    return Sheet(file=file, name=table.name, rows=rows, problems=tuple(problems))


def _seen(file: str, table: Table, rows: Sequence[Row]) -> Iterator[Problem]:
    """A warning for rows that nobody sees who looks at the sheet; they are read all the same."""
    hidden = [row for row in rows if row.line in table.hidden_rows] if table.hidden_rows else []
    if hidden:
        others = f" and {counted(len(hidden) - 1, 'more row')}" if len(hidden) > 1 else ""
        yield _problem(
            *(file, table.name, "hidden-rows"),
            f"row {hidden[0].line}{others} cannot be seen, hidden or filtered; they are read too",
            "show all rows (取消隐藏, 清除筛选), and delete those that do not belong to the contract",
            cell=cell_name(hidden[0].line, 1),
            severity="warning",
        )


def _holds_numbers(table: Table, is_header: IsHeader) -> bool:
    return any(
        is_header(text) or _NUMBER.fullmatch(half_width(text))
        for row in islice(table.rows(), _LOOKED_AT)
        for text in row.texts
        if text
    )


def _problem(
    file: str,
    sheet: str | None,
    code: str,
    message: str,
    hint: str,
    cell: str | None = None,
    severity: Severity = "error",
) -> Problem:
    place = Place(file=file, sheet=sheet, cell=cell)
    return Problem(code=code, message=message, hint=hint, place=place, severity=severity)
