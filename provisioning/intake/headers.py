"""The header of a number sheet: which column each name stands for, and what was meant by others (表头)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from provisioning.core.problem import Place, Problem
from provisioning.intake import schema
from provisioning.intake.csv_text import Cell, Row
from provisioning.intake.text_form import half_width, nearest, shown, without_invisible
from provisioning.intake.walk import Walk
from provisioning.intake.words import text

EXTRA = text(500)
"""A cell of a column we do not know, and the column's name: kept as it is."""

_HEADER_WITHIN = 20
_LONGEST = 100
_FULL_WIDTH_COMMAS = re.compile("[，；、]")


def plain(header: str) -> str:
    """A header as it is compared: half-width, small letters, without blanks, - and _."""
    return re.sub(r"[\s_-]+", "", half_width(without_invisible(header))).lower()


_NAMES = {plain(name): name for name in (*schema.COLUMNS, *schema.HEADERS)}
_COLUMN_OF = {plain(name): name for name in schema.COLUMNS}
_COLUMN_OF |= {plain(header): name for header, name in schema.HEADERS.items()}
_VAGUE = plain("电话号码")  # beside a column that says more it is a contact's number
_LONG_HEADERS = frozenset(name for name, column in _COLUMN_OF.items() if column == "long_number")


def column_of(header: str) -> str | None:
    """The English name of the column with that header, None when it is none of ours."""
    return _COLUMN_OF.get(plain(header)) if len(header) < _LONGEST else None


def is_long_header(header: str) -> bool:
    """Whether the text is a name of the column of long numbers, by which a header is known."""
    return column_of(header) == "long_number"


@lru_cache(maxsize=1024)  # the same headers come back in every row
def slip_of(header: str) -> str | None:
    """The column whose name this is with a letter or two wrong, None when it is a word of its own."""
    close = nearest(plain(header), _COLUMN_OF, cutoff=0.8 if header.isascii() else 0.75)
    return None if close is None else _NAMES[close]


@dataclass(frozen=True, slots=True)
class Columns:
    """What the cells of a row mean, by their position: a column of ours, or an extra header."""

    known: dict[int, str]
    extra: dict[int, str]
    long_at: int


def header_at(rows: tuple[Row, ...]) -> int | None:
    """Which row is the header: the first one that names the column of long numbers."""
    for index, row in enumerate(rows[:_HEADER_WITHIN]):
        if any(is_long_header(cell.text) for cell in row):
            return index
    return None


def no_header(file: str, rows: tuple[Row, ...]) -> Problem:
    """Why no header was found: nothing there, full-width commas, a name with a letter wrong."""
    hint = "write a header row with IMS固话号码 (or long_number), 对应短号码 (short_number), 备注 (remark)"
    if not rows:
        return Problem(
            code="no-header",
            message="the sheet is empty",
            hint=hint,
            place=Place(file=file, line=1, column=1),
        )
    cells = [cell for row in rows[:_HEADER_WITHIN] for cell in row if len(cell.text) < _LONGEST]
    for cell in cells:
        parts = _FULL_WIDTH_COMMAS.split(cell.text)
        if len(parts) > 1 and any(is_long_header(part) for part in parts):
            return _at(
                *(file, cell, "full-width-comma"),
                f"full-width commas stand between the cells: {shown(cell.text)}",
                'write "," with the input method switched to half-width, or save the sheet as "CSV UTF-8"',
            )
    for cell in cells:
        close = nearest(plain(cell.text), _LONG_HEADERS, cutoff=0.6)
        if close is not None:
            return _at(
                *(file, cell, "no-header"),
                f"no row names the column of long numbers; {shown(cell.text)} comes near",
                f"did you mean {_NAMES[close]}?",
            )
    return _at(file, rows[0][0], "no-header", "no row names the column of long numbers", hint)


def _at(file: str, cell: Cell, code: str, message: str, hint: str) -> Problem:
    place = Place(file=file, line=cell.line, column=cell.column)
    return Problem(code=code, message=message, hint=hint, place=place)


def columns(walk: Walk, header: Row) -> Columns:
    """What the header's cells stand for; a second column of one meaning is a problem."""
    known: dict[int, str] = {}
    extra: dict[int, str] = {}
    others: list[int] = []
    long = [index for index, cell in enumerate(header) if is_long_header(cell.text)]
    vague = [index for index in long if plain(header[index].text) == _VAGUE]
    for index, cell in enumerate(header):
        column = column_of(cell.text)
        if column is None or (index in vague and vague != long):
            others += [index] if cell.text else []
        elif column in known.values():
            walk.complain(
                cell,
                "duplicate-column",
                f"a second column of {column} stands here: {shown(cell.text)}",
                "keep one; member forms with several lists side by side come with a later version",
            )
        else:
            known[index] = column
    for index in others:
        _extra(walk, header[index], index, known, extra)
    return Columns(known, extra, next(index for index, name in known.items() if name == "long_number"))


def _extra(walk: Walk, cell: Cell, index: int, known: dict[int, str], extra: dict[int, str]) -> None:
    cell = one_line(walk, cell, "the header")
    name = walk.word(cell.text, EXTRA, cell, "the header")
    if name is not None:
        extra[index] = _unused(name.value, set(extra.values()))
    close = slip_of(cell.text)
    if close is not None and column_of(close) not in known.values():
        walk.complain(
            cell,
            "unknown-column",
            f"the column {shown(cell.text)} is kept but means nothing here",
            f"did you mean {close}?",
            "warning",
        )


def _unused(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free


def one_line(walk: Walk, cell: Cell, path: str) -> Cell:
    """The cell with its line breaks (Alt+Enter in a spreadsheet) as blanks, which is told."""
    if "\n" not in cell.text:
        return cell
    walk.complain(
        cell,
        "line-break",
        f"{path} holds a line break: {shown(cell.text)}; a blank is read for it",
        "take the line break out of the cell",
        "warning",
    )
    lines = [line.strip() for line in cell.text.split("\n")]
    return Cell(" ".join(line for line in lines if line), cell.line, cell.column)
