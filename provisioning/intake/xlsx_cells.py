"""The cells of an .xlsx sheet: blank ones left out on unpacking, formulas and errors marked (xlsx单元格)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from provisioning.intake import safe_xml
from provisioning.intake.marks import ERRORS, Marks, Position, bounded
from provisioning.intake.sheet import MAX_CELLS
from provisioning.intake.wrong import Wrong

MAX_ARRAY = 100_000
"""Of an array formula so many cells are marked."""

_BLANK_CELL = re.compile(rb'<c r="[A-Z]{1,3}[0-9]{1,7}"(?: s="[0-9]+")?/>')
_BLANK_ROW = re.compile(rb'<row r="[0-9]+"[^<>]*(?:/>|></row>)')
_UNUSUAL = re.compile(
    rb'<(?:c(?! r="[A-Z]{1,3}[0-9]{1,7}"|[A-Za-z])|row(?! r="[0-9]|Breaks)|!|\?(?!xml )'
    rb"|[\w.-]+:(?:c|row|sheetData)[\s/>])"
)
"""What the programs in use never write: cells or rows without their names, prefixes, comments."""

_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')
_FORMULA = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*>\s*<f([\s/>][^>]*)')
_ANY_FORMULA = re.compile(rb"<f[\s/>]")
_ERROR = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*? t="e"[^>]*>')
_HIDDEN = re.compile(rb'<row r="([0-9]{1,7})"[^>]*? hidden="(?:1|true)"')
_VALUE = re.compile(rb"<v>([^<]{1,20})</v>")
_ARRAY = re.compile(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})")
_PLACE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_LONGEST_ROW = 4 * 1024 * 1024


def without_blanks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The sheet without the cells and rows that hold nothing but a format: there may be millions."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        cut = rest.rfind(b"<row ")
        if cut <= 0 and len(rest) < _LONGEST_ROW:
            continue
        yield _BLANK_ROW.sub(b"", _BLANK_CELL.sub(b"", rest[:cut])) if cut > 0 else rest
        rest = rest[cut:] if cut > 0 else b""
    yield _BLANK_ROW.sub(b"", _BLANK_CELL.sub(b"", rest))


def is_unusual(xml: bytes) -> bool:
    """Whether the sheet is written in a form that only a whole XML reader is sure of."""
    return _UNUSUAL.search(xml) is not None


def walked(xml: bytes) -> Marks:
    """What is marked in a sheet of unusual form, from which nothing was taken out; raises Wrong."""
    return _Walked(xml).marks


def marked(xml: bytes) -> Marks:
    """What is marked in a sheet of the usual form, with or without its blank cells; raises Wrong."""
    marks = Marks()
    cells = _CELL.findall(xml)
    marks.filled = len(cells)
    if cells:
        columns = [_column(letters) for letters in {letters for letters, _ in cells}]
        rows = [int(row) for row in {row for _, row in cells}]
        marks.reach(min(rows), min(columns))
        marks.reach(max(rows), max(columns))
    marks.hidden_rows.update(int(found[1]) for found in _HIDDEN.finditer(xml))
    if b't="e"' in xml:
        for found in _ERROR.finditer(xml):
            value = _VALUE.search(xml, found.end(), found.end() + 2000)
            _mark_error(marks, _position(found), value[1].decode(errors="replace") if value else "")
    formulas = 0
    if _ANY_FORMULA.search(xml):
        for found in _FORMULA.finditer(xml):
            formulas += 1
            _mark_formula(marks, _position(found), found[3].decode(errors="replace"))
        if formulas != len(_ANY_FORMULA.findall(xml)):
            return walked(xml)
    return marks


def _position(found: re.Match[bytes]) -> Position:
    return int(found[2]), _column(found[1])


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _mark_error(marks: Marks, at: Position, value: str) -> None:
    marks.kinds[at] = "error"
    marks.errors[at] = value if value in ERRORS else "of a formula"


def _mark_formula(marks: Marks, at: Position, attributes: str) -> None:
    """Marks the cell, and of an array formula all cells that it fills."""
    marks.kinds[at] = "formula"
    found = _ARRAY.search(attributes)
    if found is None or 't="shared"' in attributes:
        return
    (left, top), (right, bottom) = ((found[n].encode(), int(found[n + 1])) for n in (1, 3))
    columns = range(_column(left), _column(right) + 1)
    if len(columns) * (bottom - top + 1) <= MAX_ARRAY:
        marks.kinds.update({(row, column): "formula" for row in range(top, bottom + 1) for column in columns})


class _Walked:
    """The same of a sheet that is written in an unusual form, by a whole XML reader: slower, and sure."""

    def __init__(self, xml: bytes) -> None:
        self.marks = Marks()
        self._row = 0
        self._column = 0
        self._cell: Mapping[str, str] = {}
        self._text = ""
        self._within = ""
        safe_xml.walk(xml, self._started, self._ended, self._said)

    def _started(self, name: str, written: Mapping[str, str]) -> None:
        self._within = name
        if name == "row":
            self._row = _whole(written.get("r"), self._row + 1)
            self._column = 0
            if written.get("hidden") in ("1", "true"):
                self.marks.hidden_rows.add(self._row)
        elif name == "c":
            self._place(written)
        elif name == "f":
            attributes = " ".join(f'{key}="{value}"' for key, value in written.items())
            _mark_formula(self.marks, (self._row, self._column), attributes)
        elif name in ("v", "t"):
            self._text = ""

    def _place(self, written: Mapping[str, str]) -> None:
        self._cell = written
        place = written.get("r")
        if place is None:
            self._column += 1
        else:
            found = _PLACE.fullmatch(place)
            if found is None:
                raise Wrong(
                    "workbook-broken",
                    "a cell of the workbook stands in no place there is",
                    "open it in the spreadsheet program and save it as a new .xlsx",
                )
            self._row, self._column = int(found[2]), _column(found[1].encode())

    def _said(self, text: str) -> None:
        if self._within == "v":
            self._text += text[:20]

    def _ended(self, name: str) -> None:
        at = (self._row, self._column)
        if name in ("v", "is"):
            self.marks.filled += 1
            self.marks.reach(*at)
            if self.marks.filled > MAX_CELLS:
                bounded([self.marks])
        if name == "c" and self._cell.get("t") == "e" and at not in self.marks.kinds:
            _mark_error(self.marks, at, self._text.strip())
        self._within = ""


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and re.fullmatch("[0-9]{1,7}", text) else otherwise
