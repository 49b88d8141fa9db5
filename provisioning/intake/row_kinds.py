"""Which rows of a number sheet are no seats: seal and signature, totals, notes, page numbers (非号码行)."""

from __future__ import annotations

import re

from provisioning.core.problem import Problem
from provisioning.intake.headers import Columns
from provisioning.intake.sheet import Cell, Row, Sheet
from provisioning.intake.text_form import half_width, shown, without_invisible
from provisioning.intake.walk import Walk

MAX_PROBLEMS = 10_000
"""After so many problems a sheet is read no further."""

_NUMBER_COLUMNS = frozenset(
    {"long_number", "short_number", "mobile", "mobile_short", "second_number", "changed_to", "further"}
)

# What stands below the last number on the paper: seal, signature, date.
_SIGNATURE = re.compile(r"盖章|签章|签字|签名|公章|甲方|乙方|经办人|日期|年\s*月\s*日")
_SIGNED = re.compile(
    r"(?:盖章|签章|签字|签名|公章|甲方|乙方|经办人|日期)(?:单位|代表)?\s*(?:[:(]|\Z)|\([^)]*[章签][^)]*\)\s*:?\Z"
)
"""A cell that asks for a signature, and no department or name that has such a word in it."""
_TALLY = re.compile(
    r"合计|总计|小计|共计|总数|(?:备?注意?|说明)\s*:|第\s*[0-9]+\s*页|共\s*[0-9]+|(?:total|page)\b",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:19|20)[0-9]{2}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?")
_SEPARATORS = re.compile(r"[\s()+.'/·、—–_-]")
_SCIENTIFIC = re.compile(r"[0-9]+[eE][0-9]+")


def first_filled(row: Row) -> Cell:
    """The first cell that holds anything."""
    return row[_first(row)]


def at_or_first(row: Row, index: int) -> Cell:
    """The cell at the position; the first filled one where the row is too short."""
    return row[index] if index < len(row) else first_filled(row)


def is_signature(columns: Columns, row: Row) -> bool:
    """Whether the row begins what stands below the list: seal, signature, date; and holds no number."""
    text = row.texts[_first(row)]
    if text.isascii() or not _SIGNATURE.search(text):
        return False
    return not _has_number(columns, row)


def is_signed_number(columns: Columns, row: Row) -> bool:
    """Whether a signature is asked for in a row that holds a number: a contact's, not a seat's (经办人)."""
    text = row.texts[_first(row)]
    return bool(
        not text.isascii()
        and _SIGNATURE.search(text)
        and _SIGNED.search(half_width(text).strip())
        and _has_number(columns, row)
    )


def signed_number(sheet: Sheet, row: Row) -> Problem:
    """What to say of a row that is_signed_number."""
    cell = first_filled(row)
    return sheet.problem(
        cell,
        "row-without-seat",
        f"{shown(cell.text)} is no seat: it belongs to the signature, but a number stands in its row",
        "delete the row, or move its number out of the columns of the list",
    )


def no_seat(walk: Walk, row: Row) -> None:
    """Tells of a row that is_tally."""
    cell = first_filled(row)
    walk.complain(
        cell,
        "row-without-seat",
        f"{shown(cell.text)} is no seat: a sum, a note or a page number stands here",
        "delete the row",
    )


def too_many(walk: Walk, row: Row) -> bool:
    """Whether so much is wrong that reading stops at this row, which is told."""
    if len(walk.problems) <= MAX_PROBLEMS:
        return False
    walk.complain(
        row[0],
        "too-many-problems",
        f"after {MAX_PROBLEMS} problems reading stops here",
        "mend these first",
    )
    return True


def _has_number(columns: Columns, row: Row) -> bool:
    return any(
        columns.known.get(index) in _NUMBER_COLUMNS and holds_number(text, 3)
        for index, text in enumerate(row.texts)
    )


def is_tally(columns: Columns, row: Row) -> bool:
    """Whether the row is a total, a note or a page number, and has no long number (合计, 注, 页码)."""
    text = row.texts[_first(row)]
    if text[0].isdigit() or not _TALLY.match(half_width(text[:40])):
        return False
    return not holds_number(long_text(columns, row), 5)


def long_text(columns: Columns, row: Row) -> str:
    """What stands in the column of long numbers, nothing where the row is too short."""
    return row.texts[columns.long_at] if columns.long_at < len(row.texts) else ""


def _first(row: Row) -> int:
    if row.texts[0]:
        return 0
    return next((index for index, text in enumerate(row.texts) if text), 0)


def holds_number(text: str, least: int) -> bool:
    """Whether the text is a number of at least so many digits, however it was typed, and no date."""
    written = half_width(without_invisible(text)).strip()
    if _DATE.fullmatch(written):
        return False
    bare = _SEPARATORS.sub("", written)
    if _SCIENTIFIC.fullmatch(bare):
        return True
    return len(bare) >= least and bare.isascii() and bare.isdigit()
