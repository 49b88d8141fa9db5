"""An .ods workbook checked and made anew: its content alone, within bounds; formulas and merges (ods文件)."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from provisioning.intake import marks as bounds
from provisioning.intake import safe_xml
from provisioning.intake.marks import Checked, Marks
from provisioning.intake.sheet import MAX_CELLS, CellKind
from provisioning.intake.wrong import Wrong
from provisioning.intake.zip_parts import Parts, broken, packed, protected

CONTENT = "content.xml"
MIMETYPE = b"application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST = "META-INF/manifest.xml"
_TAG = re.compile(
    rb"<(/?)table:(table|table-row|table-cell|covered-table-cell)(?=[\s/>])"
    rb"""((?:[^>"']++|"[^"]*+"|'[^']*+')*+)>"""
)
_REPEATED = re.compile(rb"""table:number-(?:rows|columns)-repeated\s*=\s*["']([0-9]+)["']""")
_NAME = re.compile(rb"""table:name\s*=\s*["']([^"']*)["']""")
_SPANNED = re.compile(rb"""table:number-(rows|columns)-spanned\s*=\s*["']([0-9]{1,7})["']""")
_TYPE = re.compile(rb"""office:value-type\s*=\s*["']([a-z]+)["']""")
_HIDDEN = re.compile(rb"""table:visibility\s*=\s*["'](?:collapse|filter)["']""")
_KINDS: Mapping[bytes, CellKind] = {b"date": "date", b"time": "date", b"boolean": "flag"}

_EMPTY_MANIFEST = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    b'<manifest:file-entry manifest:full-path="/" manifest:media-type="' + MIMETYPE + b'"/>'
    b"</manifest:manifest>"
)

MAX_REPEATED = 20_000_000


def is_spreadsheet(parts: Parts) -> bool:
    """Whether the file is a spreadsheet, not a text or a drawing of the same family."""
    return "mimetype" not in parts or b"spreadsheet" in parts.read("mimetype")[:100]


def checked(parts: Parts) -> Checked:
    """The workbook and what is marked in its sheets; raises Wrong."""
    if _MANIFEST in parts and b"encryption-data" in parts.read(_MANIFEST):
        raise protected()
    content = parts.read(CONTENT)
    if b"<!" in content:
        raise Wrong(
            "workbook-broken",
            "the workbook holds XML that no spreadsheet program writes",
            "open it in the spreadsheet program and save it as a new .xlsx",
        )
    safe_xml.well_formed(content)
    marks = _Tables(content).marks
    made = {"mimetype": MIMETYPE, _MANIFEST: _EMPTY_MANIFEST, CONTENT: content}
    return Checked(content=packed(made), marks=tuple(marks))


class _Tables:
    """The tables of a workbook, whose rows and cells may stand for many that are alike."""

    def __init__(self, content: bytes) -> None:
        self.marks: list[Marks] = []
        self._row = 1
        self._rows = 1  # how many rows the present one stands for
        self._columns: list[int] = []  # where its filled cells begin and end
        self._column = 1
        self._text = 0
        self._opened: tuple[int, int] | None = (
            None  # where a repeated cell's text begins, and how often it is
        )
        for tag in _TAG.finditer(content):
            closing, name, attributes = tag.groups()
            if self._opened is not None:
                self._count_text(self._opened, tag.start())
            if closing:
                if name == b"table-row":
                    self._end_row()
            elif name == b"table":
                self.marks.append(Marks(name=_named(attributes)))
                self._row = 1
            elif not self.marks:
                raise broken()
            elif name == b"table-row":
                self._start_row(attributes)
            else:
                self._cell(name, attributes, tag.end())
        bounds.bounded(self.marks)

    def _start_row(self, attributes: bytes) -> None:
        self._rows = _repeated(attributes)
        self._column = 1
        self._columns.clear()
        if attributes.endswith(b"/"):
            self._row += self._rows
        elif _HIDDEN.search(attributes):
            self.marks[-1].hidden_rows.update(range(self._row, self._row + min(self._rows, 1000)))

    def _end_row(self) -> None:
        if self._columns:
            marks = self.marks[-1]
            marks.reach(self._row, min(self._columns))
            marks.reach(self._row + self._rows - 1, max(self._columns))
            if marks.area > bounds.MAX_AREA or marks.filled > MAX_CELLS:
                bounds.bounded(self.marks)
        self._row += self._rows

    def _cell(self, name: bytes, attributes: bytes, end: int) -> None:
        begin = self._column
        columns = _repeated(attributes) if b"repeated" in attributes else 1
        self._column += columns
        kind = _TYPE.search(attributes)
        if kind is None and (name != b"table-cell" or attributes.endswith(b"/")):
            return
        self._columns += (begin, self._column - 1)
        times = columns * self._rows
        self.marks[-1].filled += times
        if times > 1:
            self._opened = (end, times)
        special: CellKind | None = _KINDS.get(kind[1]) if kind else None
        if b"table:formula" in attributes:
            special = "formula"
        if special:
            self._mark(special, begin)
        if b"spanned" in attributes:
            self._merged(attributes)

    def _mark(self, kind: CellKind, begin: int) -> None:
        """Marks the cell, and those that it stands for."""
        marks = self.marks[-1]
        if self._rows * (self._column - begin) > 1:
            marks.reach(self._row + self._rows - 1, self._column - 1)
            bounds.bounded(self.marks)
        rows = range(self._row, self._row + self._rows)
        columns = range(begin, self._column)
        marks.kinds.update({(row, column): kind for row in rows for column in columns})

    def _merged(self, attributes: bytes) -> None:
        spans = {found[1]: int(found[2]) for found in _SPANNED.finditer(attributes)}
        rows, columns = spans.get(b"rows", 1), spans.get(b"columns", 1)
        if rows > 1:
            at = (self._row, self._column - 1)
            self.marks[-1].merged.append((at, (at[0] + rows - 1, at[1] + columns - 1)))

    def _count_text(self, opened: tuple[int, int], until: int) -> None:
        began, times = opened
        self._opened = None
        self._text += (until - began) * times
        if self._text > bounds.MAX_TEXT:
            raise bounds.too_much_text()


def _named(attributes: bytes) -> str:
    found = _NAME.search(attributes)
    return html.unescape(found[1].decode(errors="replace")) if found else ""


def _repeated(attributes: bytes) -> int:
    found = _REPEATED.search(attributes)
    return 1 if found is None else max(1, min(int(found[1][:12]), MAX_REPEATED))
