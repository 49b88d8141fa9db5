"""Number rows, inline or from a sheet, as fields by the columns' English names (长短号开通明细)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from provisioning.core.problem import Place, Problem
from provisioning.intake import csv_text, schema
from provisioning.intake.csv_text import Cell, Row
from provisioning.intake.fields import Fields, Found
from provisioning.intake.text_form import half_width, nearest, shown, without_invisible
from provisioning.intake.tree import Listing, Mapping, Node, Scalar
from provisioning.intake.walk import Walk
from provisioning.intake.words import text

MAX_COLUMNS = 100
MAX_PROBLEMS = 10_000
_HEADER_WITHIN = 20
_EXTRA = text(500)


def _plain(header: str) -> str:
    """A header as it is compared: half-width, small letters, without blanks and invisible characters."""
    return re.sub(r"\s+", "", half_width(without_invisible(header))).lower()


_COLUMN_OF = {_plain(name): name for name in schema.COLUMNS}
_COLUMN_OF |= {_plain(header): name for header, name in schema.HEADERS.items()}
_LONG_HEADERS = frozenset(name for name, column in _COLUMN_OF.items() if column == "long_number")

# What stands below the last number on the paper: seal, signature, date.
_DIGITS = re.compile(r"[0-9\uff10-\uff19]{3,}")
_LONG_DIGITS = re.compile(r"[0-9\uff10-\uff19]{5,}")
_NUMBER_COLUMNS = frozenset({"long_number", "short_number", "mobile", "second_number", "changed_to"})
_SIGNATURE = re.compile(r"盖章|签章|签字|签名|公章|甲方|乙方|经办人|日期|年\s*月\s*日")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows that could be read, and everything said about them."""

    rows: tuple[Fields, ...] = ()
    problems: tuple[Problem, ...] = ()


def _is_long_header(header: str) -> bool:
    return len(header) < 100 and _plain(header) in _LONG_HEADERS


def column_of(header: str) -> str | None:
    """The English name of the column with that header, None when it is none of ours."""
    return _COLUMN_OF.get(_plain(header))


def inline_rows(file: str, listing: Listing) -> Rows:
    """The rows of `site.numbers` written as a list."""
    walk = Walk(file)
    written = {key.text for node in listing.items if isinstance(node, Mapping) for key, _ in node.entries}
    if len(written) > MAX_COLUMNS:
        walk.complain(
            listing,
            "too-many-columns",
            f"the rows have {len(written)} different keys; at most {MAX_COLUMNS} are read",
            "check the indentation",
        )
        return Rows(problems=tuple(walk.problems))
    found = [_inline_row(walk, node, f"site.numbers[{n}]") for n, node in enumerate(listing.items, start=1)]
    return Rows(rows=tuple(row for row in found if row is not None), problems=tuple(walk.problems))


def _inline_row(walk: Walk, node: Node, path: str) -> Fields | None:
    if not isinstance(node, Mapping):
        walk.complain(
            Found(None, node.line, node.column),
            *("wrong-kind", f"{path} is not a group of keys", 'write a row as {long_number: "08702120001"}'),
        )
        return None
    values: dict[str, Found] = {}
    faulty: set[str] = set()
    extra: dict[str, str] = {}
    for key, child in node.entries:
        column = column_of(key.text)
        if column is None:
            _inline_extra(walk, key, child, path, extra)
            continue
        if column in values or column in faulty:
            walk.complain(key, "duplicate-key", f"{path}: {column} is written twice", "keep one of them")
            continue
        found = _inline_value(walk, child, column, f"{path}.{column}")
        if found is None:
            faulty.add(column)
        else:
            values[column] = found
    if "long_number" not in values and "long_number" not in faulty:
        walk.complain(
            node,
            *("missing-key", f"{path} has no long_number", 'write long_number: "08702120001"'),
        )
    return Fields(walk.file, node.line, node.column, values, frozenset(faulty), extra)


def _inline_value(walk: Walk, node: Node, column: str, path: str) -> Found | None:
    """A cell; where several values may stand, a list is as good as a text with ";"."""
    several = schema.SEVERAL.get(column)
    if several is None or not isinstance(node, Listing):
        return walk.scalar(node, schema.COLUMNS[column], path)
    parts = [walk.scalar(item, several, path) for item in node.items]
    if any(part is None for part in parts):
        return None
    return Found(tuple(part.value for part in parts if part is not None), node.line, node.column)


def _inline_extra(walk: Walk, key: Scalar, node: Node, path: str, extra: dict[str, str]) -> None:
    """A key we do not know: kept like a sheet's extra column, unless it looks like a slip."""
    close = _slip_of(key.text)
    if close is not None:
        walk.complain(
            key, "unknown-key", f"there is no key {shown(key.text)} under {path}", f"did you mean {close}?"
        )
        return
    name = walk.word(key.text, _EXTRA, key, path)
    value = walk.scalar(node, _EXTRA, f"{path}.{shown(key.text)[1:-1]}")
    if name is not None and value is not None:
        extra[name.value] = value.value


@lru_cache(maxsize=1024)  # the same headers come back in every row
def _slip_of(header: str) -> str | None:
    """The column whose name this is with a letter or two wrong, None when it is a word of its own."""
    return nearest(_plain(header), _COLUMN_OF, cutoff=0.8)


def sheet_rows(file: str, content: bytes) -> Rows:
    """The rows of a CSV sheet: title above the header, blank rows and a signature block are passed over."""
    sheet = csv_text.rows(file, content, _is_long_header)
    walk = Walk(file)
    walk.problems.extend(sheet.problems)
    header_at = _header_at(sheet.rows)
    if header_at is None:
        if not sheet.problems:
            walk.problems.append(_no_header(file, sheet.rows))
        return Rows(problems=tuple(walk.problems))
    columns = _columns(walk, sheet.rows[header_at])
    rows = _data(walk, columns, sheet.rows[header_at + 1 :])
    if not rows and not walk.problems:
        walk.complain(
            sheet.rows[header_at][0],
            *("no-numbers", "there is no number below the header", "write one row for each seat"),
        )
    return Rows(rows=rows, problems=tuple(walk.problems))


def _header_at(rows: tuple[Row, ...]) -> int | None:
    for index, row in enumerate(rows[:_HEADER_WITHIN]):
        if any(_is_long_header(cell.text) for cell in row):
            return index
    return None


def _no_header(file: str, rows: tuple[Row, ...]) -> Problem:
    line, column = (rows[0][0].line, rows[0][0].column) if rows else (1, 1)
    return Problem(
        code="no-header",
        message="no row names the column of long numbers" if rows else "the sheet is empty",
        hint="write a header row with IMS固话号码 (or long_number), 对应短号码 (short_number), 备注 (remark)",
        place=Place(file=file, line=line, column=column),
    )


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the cells of a row mean, by their position: a column of ours, or an extra header."""

    known: dict[int, str]
    extra: dict[int, str]


def _columns(walk: Walk, header: Row) -> _Columns:
    known: dict[int, str] = {}
    extra: dict[int, str] = {}
    for index, cell in enumerate(header):
        column = column_of(cell.text)
        if column is not None:
            if column in known.values():
                walk.complain(
                    cell,
                    "duplicate-column",
                    f"a second column of {column} stands here: {shown(cell.text)}",
                    "keep one; member forms with several lists side by side come with a later version",
                )
                continue
            known[index] = column
        elif cell.text:
            name = walk.word(cell.text, _EXTRA, cell, "the header")
            if name is not None:
                extra[index] = _unused(name.value, extra)
            close = _slip_of(cell.text)
            if close is not None:
                walk.complain(
                    cell,
                    "unknown-column",
                    f"the column {shown(cell.text)} is kept but means nothing here",
                    f"did you mean {close}?",
                    "warning",
                )
    return _Columns(known, extra)


def _unused(name: str, taken: dict[int, str]) -> str:
    number, free = 1, name
    while free in taken.values():
        number += 1
        free = f"{name} ({number})"
    return free


def _data(walk: Walk, columns: _Columns, rows: tuple[Row, ...]) -> tuple[Fields, ...]:
    found: list[Fields] = []
    signed = False
    long_at = next(index for index, name in columns.known.items() if name == "long_number")
    for row in rows:
        if len(walk.problems) > MAX_PROBLEMS:
            walk.complain(
                row[0],
                "too-many-problems",
                f"after {MAX_PROBLEMS} problems reading stops here",
                "mend these first",
            )
            break
        if signed and long_at < len(row) and _LONG_DIGITS.fullmatch(row[long_at].text):
            walk.complain(
                row[long_at],
                "row-after-signature",
                f"a number stands below the signature block: {shown(row[long_at].text)}",
                "move the row above the signature block, or delete it",
            )
        signed = signed or _is_signature(columns, row)
        if not signed:
            found.append(_sheet_row(walk, columns, row, long_at))
    return tuple(found)


def _is_signature(columns: _Columns, row: Row) -> bool:
    """Whether the row begins what stands below the list: seal, signature, date; and holds no number."""
    if not _SIGNATURE.search(_first_filled(row).text):
        return False
    return not any(
        columns.known.get(index) in _NUMBER_COLUMNS and _DIGITS.fullmatch(cell.text)
        for index, cell in enumerate(row)
    )


def _sheet_row(walk: Walk, columns: _Columns, row: Row, long_at: int) -> Fields:
    values: dict[str, Found] = {}
    faulty: set[str] = set()
    extra: dict[str, str] = {}
    if len(row) > MAX_COLUMNS:
        walk.complain(
            row[MAX_COLUMNS],
            *(
                "too-many-columns",
                f"the row has over {MAX_COLUMNS} cells",
                "delete what does not belong here",
            ),
        )
    for index, cell in enumerate(row[:MAX_COLUMNS]):
        if not cell.text:
            continue
        column = columns.known.get(index)
        if column is None:
            name = columns.extra.get(index) or f"column {index + 1}"
            read = walk.word(cell.text, _EXTRA, cell, name)
            if read is not None:
                extra[name] = read.value
            continue
        found = walk.word(cell.text, schema.COLUMNS[column], cell, column)
        if found is None:
            faulty.add(column)
        else:
            values[column] = found
    if "long_number" not in values and "long_number" not in faulty:
        at = row[long_at] if long_at < len(row) else _first_filled(row)
        walk.complain(
            at,
            "number-missing",
            "the row has no long number",
            "write it, or delete the row; what stands below the last number begins with 甲方 or 盖章",
        )
    return Fields(walk.file, row[0].line, row[0].column, values, frozenset(faulty), extra)


def _first_filled(row: Row) -> Cell:
    return next((cell for cell in row if cell.text), row[0])
