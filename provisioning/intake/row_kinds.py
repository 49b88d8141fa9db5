"""Which rows of a number sheet are no seats: seal and signature, totals, notes, page numbers (非号码行)."""

from __future__ import annotations

import re

from provisioning.intake.headers import Columns
from provisioning.intake.sheet import Cell, Row
from provisioning.intake.text_form import half_width, without_invisible

_NUMBER_COLUMNS = frozenset({"long_number", "short_number", "mobile", "second_number", "changed_to"})

# What stands below the last number on the paper: seal, signature, date.
_SIGNATURE = re.compile(r"盖章|签章|签字|签名|公章|甲方|乙方|经办人|日期|年\s*月\s*日")
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
    return not any(
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
