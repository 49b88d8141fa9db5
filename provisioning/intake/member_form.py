"""Member forms (集团成员受理/变更单): lists side by side as one list, and what is asked for the numbers.

The form of the contracts' annex has the same columns two to four times across (序号, 号码, 短号), up to 128
numbers, and boxes above: ☑新增 □删除 □变更. Whatever it says per number, the rows' own readers read; here its
cells are only laid in one list, each with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from provisioning.core.problem import Problem
from provisioning.intake import boxes, form_operation, headers, row_kinds
from provisioning.intake.headers import Columns, column_of, heading, is_long_header, plain
from provisioning.intake.operations import Operation, is_former_header, is_new_header, is_operation_header
from provisioning.intake.row_kinds import MAX_PROBLEMS
from provisioning.intake.sheet import HEADER_WITHIN, Cell, Row, Sheet
from provisioning.intake.text_form import shown

MAX_NUMBERS = 128
"""The most numbers that one form takes (annex 5)."""

_NAMES: Mapping[str, str] = {
    plain(written): known
    for known, names in {
        "IMS固话号码": ("号码", "成员号码", "业务号码", "用户号码", "集团成员号码", "成员固话号码"),
        "对应短号码": ("集团短号", "成员短号", "V网短号", "短号号码"),
        "姓名": ("成员姓名", "用户姓名", "使用人"),
        "部门": ("所属部门", "科室"),
    }.items()
    for written in names
}
"""The forms' own names of columns, by those that number sheets have."""

_COUNTERS = frozenset(map(plain, ("序号", "编号", "no", "no.", "#")))
_TITLE = re.compile(r"成员.{0,8}(?:受理|变更|登记|明细)|受理\s*[/、]?\s*变更\s*单")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form as one list: the sheet's first row is the header. `operation` is the one ticked above it.

    `boxes` is the cell that says so; `sheet.problems` has what is wrong with the form as a form.
    """

    sheet: Sheet
    operation: Operation | None = None
    boxes: Cell | None = None
    renumbers: bool = False
    """Whether its numbers are new ones, each beside the one that a seat has had so far (改号)."""


def names_numbers(header: str) -> bool:
    """Whether the text is a name of the column of numbers, in a number sheet or in a form."""
    return is_long_header(header) or _NAMES.get(heading(header)) == "IMS固话号码"


def is_heading(header: str) -> bool:
    """Whether the text is a column's name by which the header of a form is known."""
    return names_numbers(header) or is_former_header(header)


def has_header(sheet: Sheet) -> bool:
    """Whether the sheet has the header of a number sheet or a form."""
    return _header_at(sheet.rows) is not None


def is_form(sheet: Sheet) -> bool:
    """Whether the sheet is a member form: lists side by side, boxes, or its name above the list."""
    at = _header_at(sheet.rows)
    if at is None:
        return False
    if len(_lists(tuple(sheet.rows[at]))) > 1:
        return True
    above = sheet.rows[:at]
    titled = any(_TITLE.search(text) for row in above for text in row.texts)
    return titled or any(True for row in above for _ in boxes.asked(tuple(row)))


def read(sheet: Sheet) -> Form:
    """The sheet's lists as one, and the operation it asks for; a sheet without header stays as it is."""
    at, renumbering = _header_at(sheet.rows), _renumbering_at(sheet.rows)
    if renumbering is not None and (at is None or _known(sheet.rows[at]) < _known(sheet.rows[renumbering])):
        at, sheet = renumbering, _with_new_numbers(sheet, renumbering)
    if at is None:
        return Form(sheet=sheet)
    operation, cell, problems = form_operation.above(sheet, at)
    heading, below = headers.header_cells(sheet.rows, at)
    lists = _lists(heading)
    header, columns = _header(heading, lists)
    body, signed, seal = _parted(heading, sheet.rows[below:])
    rows = _in_order(list(_rows(body, lists, columns)))
    if is_form(sheet):
        problems += tuple(_too_many(sheet, header, rows))
    problems += tuple(row_kinds.signed_number(sheet, row) for row in signed[:MAX_PROBLEMS])
    problems += tuple(islice(_below_the_seal(sheet, heading, seal), MAX_PROBLEMS))
    listed = tuple(row.cells for row in rows)
    made = replace(sheet, rows=(header, *listed), problems=(*sheet.problems, *problems))
    return Form(sheet=made, operation=operation, boxes=cell, renumbers=at == renumbering)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picked(Row):
    """Cells picked out of a row, each at its own place."""

    places: tuple[tuple[int, int], ...]

    def at(self, index: int) -> tuple[int, int]:
        return self.places[index]


def _picked(row: Row, columns: Sequence[int | None]) -> Row:
    """Those cells of the row, empty ones where it has none; the last one is filled."""
    has = [index if index is not None and index < len(row) else None for index in columns]
    while has and (has[-1] is None or not row.texts[has[-1]]):
        has.pop()
    kinds = {at: row.kinds[i] for at, i in enumerate(has) if row.kinds and i is not None and i in row.kinds}
    return _Picked(
        row.line,
        tuple("" if index is None else row.texts[index] for index in has),
        kinds or None,
        frozenset(at for at, index in enumerate(has) if index in row.covered),
        places=tuple(row.at(0) if index is None else row.at(index) for index in has),
    )


def _header_at(rows: Sequence[Row]) -> int | None:
    """Which row is the header: of those that name the numbers, the first with the most names we know."""
    best, found = 0, None
    for index, row in enumerate(rows[:HEADER_WITHIN]):
        if any(names_numbers(cell.text) for cell in row):
            known = _known(row)
            if known > best:
                best, found = known, index
    return found


def _renumbering_at(rows: Sequence[Row]) -> int | None:
    """Which row is the header of a form that has 原号码 and 新号码 alone."""
    for index, row in enumerate(rows[:HEADER_WITHIN]):
        both = any(map(is_former_header, row.texts)) and any(map(is_new_header, row.texts))
        if both and not any(map(names_numbers, row.texts)):
            return index
    return None


def _with_new_numbers(sheet: Sheet, at: int) -> Sheet:
    """The sheet with its 新号码 as the numbers."""
    texts = tuple("IMS固话号码" if is_new_header(text) else text for text in sheet.rows[at].texts)
    return replace(
        sheet, rows=(*sheet.rows[:at], replace(sheet.rows[at], texts=texts), *sheet.rows[at + 1 :])
    )


def _known(row: Row) -> int:
    return sum(map(_is_known, row.texts))


def _is_known(header: str) -> bool:
    known = heading(header) in _NAMES or plain(header) in _COUNTERS or column_of(header) is not None
    return known or is_operation_header(header) or is_former_header(header)


def _lists(header: Sequence[Cell]) -> tuple[tuple[int, int], ...]:
    """Where each list across begins and ends: at every return of the first heading, else of the numbers."""
    filled = [index for index, cell in enumerate(header) if cell.text]
    numbers = [index for index in filled if names_numbers(header[index].text)]
    first = plain(header[filled[0]].text)
    begins = [index for index in filled if plain(header[index].text) == first]
    if len(begins) != len(numbers):
        begins = [filled[0], *numbers[1:]]
    if len({plain(header[index].text) for index in numbers}) > 1:
        begins = begins[:1]  # two names of one column beside each other are no lists
    begins = [0, *begins[1:]]
    return tuple(zip(begins, [*begins[1:], len(header)], strict=True))


def _header(
    cells: Sequence[Cell], lists: tuple[tuple[int, int], ...]
) -> tuple[Row, tuple[tuple[int | None, ...], ...]]:
    """The one header for all lists, and for each list where its columns stand; counters are left out."""
    names: list[str] = []
    stands: list[int] = []
    taken: list[dict[int, int]] = []
    for begin, end in lists:
        mine: dict[int, int] = {}
        for index in range(begin, end):
            name = plain(cells[index].text)
            if name in _COUNTERS:
                continue
            name = name or f"column {index - begin}"
            at = next((i for i, known in enumerate(names) if known == name and i not in mine), len(names))
            if at == len(names):
                names.append(name)
                stands.append(index)
            mine[at] = index
        taken.append(mine)
    texts = tuple(_NAMES.get(heading(cells[index].text), cells[index].text) for index in stands)
    places = tuple((cells[index].line, cells[index].column) for index in stands)
    header = _Picked(cells[0].line, texts, places=places)
    return header, tuple(tuple(mine.get(at) for at in range(len(names))) for mine in taken)


def _parted(header: Sequence[Cell], rows: Sequence[Row]) -> tuple[list[Row], list[Row], Sequence[Row]]:
    """The rows of numbers, without the header of another page, those that are signed, and what stands from
    the seal on."""
    known = {i: "long_number" for i, cell in enumerate(header) if names_numbers(cell.text)}
    whole = Columns(known, {}, min(known))
    again = [plain(cell.text) for cell in header]
    body: list[Row] = []
    signed: list[Row] = []
    for index, row in enumerate(rows):
        if row_kinds.is_signature(whole, row):
            return body, signed, rows[index:]
        if row_kinds.is_signed_number(whole, row):
            signed.append(row)
        elif [plain(text) for text in row.texts] != again:
            body.append(row)
    return body, signed, ()


@dataclass(frozen=True, slots=True)
class _Listed:
    """A row of one of the lists: which list, its counter where it has one, its cells."""

    number_of_list: int
    counter: int | None
    cells: Row


def _rows(
    rows: Sequence[Row], lists: tuple[tuple[int, int], ...], columns: tuple[tuple[int | None, ...], ...]
) -> Iterator[_Listed]:
    """The rows of all lists; where nothing is written, there is none."""
    for row in rows:
        for number, ((begin, end), places) in enumerate(zip(lists, columns, strict=True)):
            beyond = range(end, len(row)) if number == len(lists) - 1 else ()
            cells = _picked(row, (*places, *beyond))
            if len(cells):
                counted = [text for i, text in enumerate(row.texts[begin:end], begin) if i not in places]
                found = next((int(text) for text in counted if re.fullmatch("[0-9]{1,4}", text)), None)
                yield _Listed(number, found, cells)


def _in_order(rows: list[_Listed]) -> list[_Listed]:
    """By their counters, where each has its own; else one list after the other."""
    counters = [row.counter for row in rows]
    if rows and None not in counters and len(set(counters)) == len(counters):
        return sorted(rows, key=lambda row: row.counter or 0)
    return sorted(rows, key=lambda row: row.number_of_list)


def _below_the_seal(sheet: Sheet, header: Sequence[Cell], seal: Sequence[Row]) -> Iterator[Problem]:
    """Numbers that stand below the signature block are nobody's."""
    for row in seal:
        for index, text in enumerate(row.texts[: len(header)]):
            if names_numbers(header[index].text) and row_kinds.holds_number(text, 5):
                yield sheet.problem(
                    row[index],
                    "row-after-signature",
                    f"a number stands below the signature block: {shown(text)}",
                    "move the row above the signature block, or delete it",
                )


def _too_many(sheet: Sheet, header: Row, rows: Sequence[_Listed]) -> Iterator[Problem]:
    long_at = next(i for i, cell in enumerate(header) if names_numbers(cell.text))
    numbers = [row.cells[long_at] for row in rows if any(row.cells.texts[long_at : long_at + 1])]
    if len(numbers) > MAX_NUMBERS:
        yield sheet.problem(
            numbers[MAX_NUMBERS],
            "too-many-numbers",
            f"the form has {len(numbers)} numbers; one form takes {MAX_NUMBERS} at most",
            "put the others in a second form",
        )
