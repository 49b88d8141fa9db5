"""Number rows, inline or from a sheet, as fields by the columns' English names (长短号开通明细)."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.core.problem import Problem
from provisioning.intake import headers, row_kinds, schema
from provisioning.intake.cell_values import RowReader
from provisioning.intake.fields import Fields, Found
from provisioning.intake.headers import EXTRA, Columns, column_of, slip_of
from provisioning.intake.sheet import MAX_COLUMNS, Row, Sheet, place
from provisioning.intake.sheet_file import read_sheet
from provisioning.intake.text_form import shown
from provisioning.intake.tree import Listing, Mapping, Node, Scalar
from provisioning.intake.walk import Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows that could be read, and everything said about them."""

    rows: tuple[Fields, ...] = ()
    problems: tuple[Problem, ...] = ()


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
    secret = _password_key(listing)
    if secret is not None:
        at = place(file, None, secret.line, secret.column)
        return Rows(problems=(headers.password_in_numbers(at),))
    found = [_inline_row(walk, node, f"site.numbers[{n}]") for n, node in enumerate(listing.items, start=1)]
    return Rows(rows=tuple(row for row in found if row is not None), problems=tuple(walk.problems))


def _password_key(listing: Listing) -> Scalar | None:
    """The first key of a row that holds a password."""
    rows = (node for node in listing.items if isinstance(node, Mapping))
    return next((key for row in rows for key, _ in row.entries if headers.names_password(key.text)), None)


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
    close = slip_of(key.text)
    if close is not None:
        walk.complain(
            key, "unknown-key", f"there is no key {shown(key.text)} under {path}", f"did you mean {close}?"
        )
        return
    name = walk.word(key.text, EXTRA, key, path)
    value = walk.scalar(node, EXTRA, f"{path}.{shown(key.text)[1:-1]}")
    if name is not None and value is not None:
        extra[name.value] = value.value


def sheet_rows(file: str, content: bytes) -> Rows:
    """The rows of a sheet's file, whatever kind of file it is."""
    return rows_of(read_sheet(file, content, headers.is_long_header))


def rows_of(sheet: Sheet) -> Rows:
    """The rows of a sheet: titles above, blank rows and a signature block are passed over."""
    walk = Walk(sheet.file, sheet.name)
    walk.problems.extend(sheet.problems)
    secret = headers.password_cell(sheet.rows, headers.is_long_header)
    if secret is not None:
        return Rows(problems=(*sheet.problems, headers.password_in_numbers(sheet.place(secret))))
    header_at = headers.header_at(sheet.rows)
    if header_at is None:
        if not any(problem.severity == "error" for problem in sheet.problems):
            walk.problems.append(headers.no_header(sheet))
        return Rows(problems=tuple(walk.problems))
    header, data_at = headers.header_cells(sheet.rows, header_at)
    columns = headers.columns(walk, header)
    rows = _data(walk, sheet, columns, sheet.rows[data_at:])
    if not rows and all(problem.severity == "warning" for problem in walk.problems):
        walk.complain(
            sheet.rows[header_at][0],
            *("no-numbers", "there is no number below the header", "write one row for each seat"),
        )
    return Rows(rows=rows, problems=tuple(walk.problems))


def _data(walk: Walk, sheet: Sheet, columns: Columns, rows: tuple[Row, ...]) -> tuple[Fields, ...]:
    found: list[Fields] = []
    reader = RowReader(walk, columns)
    signed = False
    for row in rows:
        if row_kinds.too_many(walk, row):
            break
        long = row_kinds.long_text(columns, row)
        if signed and row_kinds.holds_number(long, 5):
            walk.complain(
                row[columns.long_at],
                "row-after-signature",
                f"a number stands below the signature block: {shown(long)}",
                "move the row above the signature block, or delete it",
            )
        signed = signed or row_kinds.is_signature(columns, row)
        if signed or headers.is_repeated(columns, row):
            continue
        if row_kinds.is_signed_number(columns, row):
            walk.problems.append(row_kinds.signed_number(sheet, row))
            continue
        if row_kinds.is_tally(columns, row):
            row_kinds.no_seat(walk, row)
            continue
        found.append(reader.read(row))
    reader.close()
    return tuple(found)
