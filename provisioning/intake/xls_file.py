"""An .xls workbook checked and made anew: its records within bounds; formulas and errors (xls文件)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from provisioning.intake import compound_file
from provisioning.intake import marks as bounds
from provisioning.intake.compound_file import CompoundFile
from provisioning.intake.marks import ERRORS, Checked, Marks
from provisioning.intake.wrong import Wrong
from provisioning.intake.zip_parts import broken, protected

STREAMS = ("Workbook", "Book")
ENCRYPTED = ("EncryptedPackage", "EncryptionInfo")

_BOFS = (0x0809, 0x0409, 0x0209, 0x0009)
_EOF, _FILEPASS, _BOUNDSHEET, _ROW = 0x0A, 0x2F, 0x85, 0x0208
_DIMENSIONS, _STRINGS = 0x0200, 0xFC
_MULRK, _BOOLERR = 0xBD, 0x0205
_FORMULAS = (0x0006, 0x0206, 0x0406)
_ONE_CELL = frozenset({*_FORMULAS, 0x0203, 0x027E, 0x0204, 0xD6, 0xFD, _BOOLERR})
"""Number, RK number, texts, truth value or error, formula: records of one filled cell each."""

_HIDDEN_ROW = 0x20
_ERROR_NUMBERS = dict(zip((0x00, 0x07, 0x0F, 0x17, 0x1D, 0x24, 0x2A), ERRORS, strict=True))


@dataclass(frozen=True, slots=True)
class _Record:
    kind: int
    at: int
    length: int


def checked(file: CompoundFile) -> Checked:
    """The workbook and what is marked in its sheets; raises Wrong."""
    if any(name in file for name in ENCRYPTED):
        raise protected()
    name = next((name for name in STREAMS if name in file), None)
    if name is None:
        raise Wrong(
            "not-a-sheet",
            "this is a document of another program, no workbook",
            "name the number sheet itself: .xlsx, .xls, .ods or .csv",
        )
    stream = bytearray(file.read(name))
    marks: list[Marks] = []
    for title, offset in _sheets(stream):
        marks.append(_marked(stream, offset))
        marks[-1].name = title
        bounds.bounded(marks)
    return Checked(content=compound_file.packed(name, bytes(stream)), marks=tuple(marks))


def _records(stream: bytearray, at: int) -> Iterator[_Record]:
    """The records of the part that begins there; what is nested in it is passed over."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        at += 4
        if at + length > len(stream):
            raise broken()
        if kind in _BOFS:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield _Record(kind, at, length)
        at += length
    raise broken()


def _sheets(stream: bytearray) -> list[tuple[str, int]]:
    """The sheets of the workbook in its order: their names, and where each begins."""
    found: list[tuple[str, int]] = []
    for record in _records(stream, 0):
        if record.kind == _FILEPASS:
            raise protected()
        if record.kind == _STRINGS and record.length >= 8:
            _strings_bounded(stream, record)
        if record.kind == _BOUNDSHEET and record.length >= 6:
            offset = struct.unpack_from("<I", stream, record.at)[0]
            found.append((_name(stream[record.at + 6 : record.at + record.length]), offset))
    if not found or any(offset >= len(stream) for _, offset in found):
        raise broken()
    return found


def _strings_bounded(stream: bytearray, record: _Record) -> None:
    """Refuses a list of texts that claims more of them than the file has room for."""
    count = struct.unpack_from("<I", stream, record.at + 4)[0]
    if count > len(stream) // 3:
        raise broken()


def _name(written: bytearray) -> str:
    """A sheet's name, behind its length: in one byte or two a character, as the next byte says."""
    if len(written) > 2 and written[1] == 1:
        return written[2 : 2 + 2 * written[0]].decode("utf-16-le", errors="replace")
    return written[2:].decode("latin-1")


def _marked(stream: bytearray, offset: int) -> Marks:
    marks = Marks()
    rows: set[int] = set()
    columns: set[int] = set()
    claimed: _Record | None = None
    for record in _records(stream, offset):
        if record.length < 6:
            continue
        if record.kind == _DIMENSIONS:
            claimed = record
        if record.kind in _ONE_CELL:
            row, column = struct.unpack_from("<HH", stream, record.at)
            marks.filled += 1
            rows.add(row)
            columns.add(column)
            if record.kind in _FORMULAS:
                marks.kinds[row + 1, column + 1] = "formula"
            elif record.kind == _BOOLERR and record.length >= 8 and stream[record.at + 7]:
                marks.kinds[row + 1, column + 1] = "error"
                marks.errors[row + 1, column + 1] = _ERROR_NUMBERS.get(stream[record.at + 6], "of a formula")
        elif record.kind == _MULRK:
            row, column = struct.unpack_from("<HH", stream, record.at)
            last = struct.unpack_from("<H", stream, record.at + record.length - 2)[0]
            marks.filled += max(0, last - column + 1)
            rows.add(row)
            columns.update((column, last))
        elif record.kind == _ROW and record.length >= 14:
            row, options = struct.unpack_from("<H10xH", stream, record.at)
            if options & _HIDDEN_ROW:
                marks.hidden_rows.add(row + 1)
    if rows:
        marks.reach(min(rows) + 1, min(columns) + 1)
        marks.reach(max(rows) + 1, max(columns) + 1)
    if claimed is not None:
        _correct(stream, claimed, marks)
    return marks


def _correct(stream: bytearray, claimed: _Record, marks: Marks) -> None:
    """Has the sheet say how far it really reaches: the library takes so much memory at once."""
    top, left = (number - 1 for number in marks.first or (1, 1))
    bottom, right = marks.last
    layout = "<IIHH" if claimed.length >= 14 else "<HHHH"
    if claimed.length >= struct.calcsize(layout):
        struct.pack_into(layout, stream, claimed.at, top, bottom, left, right)
