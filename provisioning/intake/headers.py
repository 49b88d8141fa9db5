"""The header of a number sheet: which column each name stands for, and what was meant by others (表头)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from provisioning.core.problem import Place, Problem
from provisioning.intake import schema
from provisioning.intake.other_headers import ALIASES
from provisioning.intake.sheet import HEADER_WITHIN, Cell, Row, Sheet
from provisioning.intake.text_form import half_width, nearest, shown, without_invisible
from provisioning.intake.walk import Walk
from provisioning.intake.words import text

EXTRA = text(500)
"""A cell of a column we do not know, and the column's name: kept as it is."""

_LONGEST = 100
_LONGEST_NAME = 16
_SECRET = re.compile(
    "密码|口令|密钥|秘钥|密匙|鉴权码|认证码|passw(?:or)?d|passphrase|secret(?!ar)|credential"
    "|^(?:(?:ims|sip|auth|reg|digest)*(?:pwd|pass|psw|psk|ha1)|pin码?)$"
)
_DIGITS = re.compile("[0-9]{3}")
_FULL_WIDTH_COMMAS = re.compile("[，；、]")
_ASIDE = re.compile(r"[(\[【]([^()\[\]【】]*)[)\]】]")
_ANOTHER = re.compile("[原旧新前后改备副另非他家]|传真|紧急|^[0-9一二三]$")
"""What in brackets makes another column of it: 长号（原）, 手机号码（备用）, 号码（2）."""


def plain(header: str) -> str:
    """A header as it is compared: half-width, small letters, without blanks, - and _, * and : at its ends."""
    return re.sub(r"[\s_-]+", "", half_width(without_invisible(header))).lower().strip("*:")


def heading(header: str) -> str:
    """A header as plain(), and without what only explains it in brackets: 短号（4位）."""
    bare = plain(header)
    asides = _ASIDE.findall(bare)
    said = _ASIDE.sub("", bare).strip("*:")
    return said if asides and said and all(_explains(aside, said) for aside in asides) else bare


def _explains(aside: str, header: str) -> bool:
    """Whether it says nothing of another column: neither 备用 nor, behind 号码, 短号."""
    if column := _COLUMN_OF.get(aside):
        return column == _COLUMN_OF.get(header, "long_number")
    return not _ANOTHER.search(aside)


_NAMES = {plain(name): name for name in (*schema.COLUMNS, *schema.HEADERS, *ALIASES)}
_OWN = {plain(name): name for name in schema.COLUMNS}
_OWN |= {plain(header): name for header, name in schema.HEADERS.items()}
_COLUMN_OF = {plain(header): name for header, name in ALIASES.items()} | _OWN
_VAGUE = plain("电话号码")  # beside a column that says more it is a contact's number
_LONG_HEADERS = frozenset(name for name, column in _OWN.items() if column == "long_number")
_TEXTS = frozenset({"remark", "name", "department"})
_KEYWORDS = {"短号": "short_number", "端口": "port", "接入设备": "iad", "亲情号": "allowed"}
"""What a column of one's own that is meant for one of ours mostly has in its name."""


def column_of(header: str) -> str | None:
    """The English name of the column with that header, None when it is none of ours."""
    return _COLUMN_OF.get(heading(header)) if len(header) < _LONGEST else None


def _is_own(header: str) -> bool:
    """Whether the header is a column's very name; another that means the same yields to it."""
    return plain(header) in _OWN


def is_long_header(header: str) -> bool:
    """Whether the text is a name of the column of long numbers, by which a header is known."""
    return column_of(header) == "long_number"


def is_vague(header: str) -> bool:
    """Whether the header names long numbers only where no other column says so more clearly (电话号码)."""
    return heading(header) == _VAGUE


def names_password(header: str) -> bool:
    """Whether the column with that header holds secrets (密码, 口令, 密钥)."""
    return len(header) < _LONGEST and _SECRET.search(plain(header)) is not None


def password_cell(rows: Sequence[Row], is_header: Callable[[str], bool]) -> Cell | None:
    """The cell that heads a column of passwords, in any row that is a header or the other half of one."""
    beside: Row | None = None
    at: int | None = None
    for index, row in enumerate(rows):
        if index < HEADER_WITHIN:
            found_at = next((i for i, text in enumerate(row.texts) if is_header(text)), None)
            at, heading = (at, False) if found_at is None else (found_at, True)
        else:  # the header of another page
            long = row.texts[at] if at is not None and at < len(row) else ""
            heading = not long[:1].isdigit() and is_header(long)
        looked = [row] if heading else []
        if heading and index > 0 and _adjoin(rows[index - 1], row) and _names_columns(rows[index - 1]):
            looked.append(rows[index - 1])
        elif beside is not None and _adjoin(beside, row) and _is_heading(row):
            looked.append(row)
        found = next((cell for one in looked for cell in one if names_password(cell.text)), None)
        if found is not None:
            return found
        beside = row if heading else None
    return None


def _is_heading(row: Row) -> bool:
    return all(len(text) <= _LONGEST_NAME and not _DIGITS.search(half_width(text)) for text in row.texts)


def password_in_numbers(at: Place) -> Problem:
    """Why a list of numbers with passwords in it is not read: they would be searched, shown and printed."""
    return Problem(
        code="password-in-number-sheet",
        message="passwords stand among the numbers, where everybody would see them; nothing was read",
        hint="put them into the sheet that site.ims.passwords names, a file of its own, and delete them here",
        place=at,
    )


@lru_cache(maxsize=1024)  # the same headers come back in every row
def slip_of(header: str) -> str | None:
    """The column whose name this is with a letter or two wrong, None when it is a word of its own."""
    close = nearest(plain(header), _OWN, cutoff=0.8 if header.isascii() else 0.75)
    return None if close is None else _NAMES[close]


def _meant(header: str) -> str | None:
    """The column of which a header of one's own has the keyword: 新的短号, 设备端口序号."""
    return next((column for word, column in _KEYWORDS.items() if word in plain(header)), None)


@dataclass(frozen=True, slots=True)
class Columns:
    """What the cells of a row mean, by their position: a column of ours, or an extra header."""

    known: dict[int, str]
    extra: dict[int, str]
    long_at: int


def header_at(rows: tuple[Row, ...]) -> int | None:
    """Which row is the header: the first one that names the column of long numbers."""
    for index, row in enumerate(rows[:HEADER_WITHIN]):
        if any(is_long_header(cell.text) for cell in row):
            return index
    return None


def header_cells(rows: tuple[Row, ...], at: int) -> tuple[tuple[Cell, ...], int]:
    """The header's cells, and the row that follows it: a header may be one row or two (多行表头).

    Where two rows follow one another that both name columns of ours, the lower one says more; what it leaves
    empty the upper one says.
    """
    if at > 0 and _adjoin(rows[at - 1], rows[at]) and _names_columns(rows[at - 1]):
        return _together(rows[at - 1], rows[at]), at + 1
    if at + 1 < len(rows) and _adjoin(rows[at], rows[at + 1]) and _goes_on(rows[at], rows[at + 1]):
        return _together(rows[at], rows[at + 1]), at + 2
    return tuple(rows[at]), at + 1


def _adjoin(upper: Row, lower: Row) -> bool:
    return lower.line == upper.line + 1


def _names_columns(row: Row) -> bool:
    """Whether the row is one of a header: it names a column of ours, and nothing in it is a number."""
    own = [text for index, text in enumerate(row.texts) if text and index not in row.covered]
    return any(column_of(text) for text in own) and not any(_DIGITS.search(half_width(text)) for text in own)


def _goes_on(upper: Row, lower: Row) -> bool:
    """Whether the header goes on in the next row, and leaves the long numbers where they are."""
    return _names_columns(lower) and all(
        is_long_header(cell.text) or not cell.text
        for index, cell in enumerate(lower)
        if index < len(upper) and is_long_header(upper.texts[index])
    )


def _together(upper: Row, lower: Row) -> tuple[Cell, ...]:
    long = max(len(upper), len(lower))
    return tuple(
        lower[index] if index < len(lower) and (lower.texts[index] or index >= len(upper)) else upper[index]
        for index in range(long)
    )


def is_repeated(columns: Columns, row: Row) -> bool:
    """Whether the row is the header once more, as on the top of a printed page."""
    long = row.texts[columns.long_at] if columns.long_at < len(row.texts) else ""
    if long[:1].isdigit() or not is_long_header(long):
        return False
    return all(
        index < len(row) and column_of(row.texts[index]) == name for index, name in columns.known.items()
    )


def no_header(sheet: Sheet) -> Problem:
    """Why no header was found: nothing there, full-width commas, a name with a letter wrong."""
    hint = "write a header row with IMS固话号码 (or long_number), 对应短号码 (short_number), 备注 (remark)"
    if not sheet.rows:
        return sheet.problem(Cell("", 1, 1), "no-header", "the sheet is empty", hint)
    cells = [cell for row in sheet.rows[:HEADER_WITHIN] for cell in row if len(cell.text) < _LONGEST]
    for cell in cells:
        parts = _FULL_WIDTH_COMMAS.split(cell.text)
        if len(parts) > 1 and any(is_long_header(part) for part in parts):
            return sheet.problem(
                *(cell, "full-width-comma"),
                f"full-width commas stand between the cells: {shown(cell.text)}",
                'write "," with the input method switched to half-width, or save the sheet as "CSV UTF-8"',
            )
    for cell in cells:
        close = nearest(plain(cell.text), _LONG_HEADERS, cutoff=0.6)
        if close is not None:
            return sheet.problem(
                *(cell, "no-header"),
                f"no row names the column of long numbers; {shown(cell.text)} comes near",
                f"did you mean {_NAMES[close]}?",
            )
    return sheet.problem(sheet.rows[0][0], "no-header", "no row names the column of long numbers", hint)


def columns(walk: Walk, header: Sequence[Cell]) -> Columns:
    """What the header's cells stand for; a second column of one meaning is a problem."""
    known: dict[int, str] = {}
    extra: dict[int, str] = {}
    others: list[int] = []
    long = [index for index, cell in enumerate(header) if is_long_header(cell.text)]
    vague = [index for index in long if is_vague(header[index].text)]
    own = {column_of(cell.text) for cell in header if _is_own(cell.text)}
    for index, cell in enumerate(header):
        column = column_of(cell.text)
        yields = not _is_own(cell.text) and (column in own or (column in _TEXTS and column in known.values()))
        if column is None or yields or (index in vague and vague != long):
            others += [index] if cell.text else []
        elif column in known.values():
            walk.complain(
                cell,
                "duplicate-column",
                f"a second column of {column} stands here: {shown(cell.text)}",
                "keep one, or give the other a name of its own",
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
    close = slip_of(cell.text) or _meant(cell.text)
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
    return replace(cell, text=" ".join(line for line in lines if line))
