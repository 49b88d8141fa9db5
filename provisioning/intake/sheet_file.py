"""The bytes of a number sheet, whatever they are, as one Sheet: CSV or spreadsheet (号码表文件)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from provisioning.core.problem import Place, Problem
from provisioning.intake import compound_file, csv_text, ods_file, workbook, xlsx_file
from provisioning.intake.sheet import Sheet
from provisioning.intake.wrong import Wrong
from provisioning.intake.zip_parts import Parts

MAX_BYTES = 32 * 1024 * 1024
"""The most that is read of a sheet's file, of whatever kind it is."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ENDINGS = {
    "an .xlsx workbook": ("xlsx", "xlsm", "xltx", "xltm", "et"),
    "an .xls workbook": ("xls", "xlt", "et"),
    "an .ods workbook": ("ods", "ots"),
    "text (CSV)": ("csv", "txt", "tsv"),
}
"""The kinds of files that are read, and the endings of their names; a WPS file (.et) may be two of them."""

_KNOWN_ENDINGS = frozenset(ending for endings in _ENDINGS.values() for ending in endings)
_SAVE = "open it in the spreadsheet program and save it as .xlsx"
_OTHERS: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (re.compile(rb"%PDF-"), "a PDF document", "name the number sheet itself: .xlsx, .xls, .ods or .csv"),
    (
        re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|BM.{4}\0\0|II\*\0|MM\0\*", re.DOTALL),
        "a picture",
        "type the numbers in",
    ),
    (re.compile(rb"(?i)MIME-Version:"), "a web page with its parts (MHTML)", _SAVE),
    (re.compile(rb"(?i)<(?:!doctype html|html|head|meta|table|style|div)\b"), "a web page (HTML)", _SAVE),
    (re.compile(rb"<\?xml"), "XML, such as older programs wrote", _SAVE),
    (re.compile(rb"\{\\rtf"), "a text document (RTF)", _SAVE),
    (re.compile(rb"Rar!|7z\xbc\xaf|\x1f\x8b"), "an archive", "unpack it, and name the sheet that is in it"),
)
"""What people send for a sheet and is none, by its first bytes: what it is, and how to mend it."""


def read_sheet(file: str, content: bytes, is_header: Callable[[str], bool]) -> Sheet:
    """The one sheet of the file that has a header we know. `is_header` knows the name of a column.

    What kind of file it is, its bytes say. Whatever is wrong is in the sheet's `problems`.
    """
    try:
        kind, sheet = _read(file, content, is_header)
    except Wrong as wrong:
        place = Place(file=file)
        problem = Problem(code=wrong.code, message=wrong.message, hint=wrong.hint, place=place)
        return Sheet(file=file, problems=(problem,))
    ending = file.rpartition(".")[2].lower()
    if not sheet.rows or ending not in _KNOWN_ENDINGS or ending in _ENDINGS[kind]:
        return sheet
    warning = Problem(
        code="named-otherwise",
        message=f"the file is {kind}, though its name ends in .{ending}; it is read as what it is",
        hint=f"save it once more in the spreadsheet program, or give it the ending .{_ENDINGS[kind][0]}",
        place=Place(file=file),
        severity="warning",
    )
    return replace(sheet, problems=(warning, *sheet.problems))


def is_sheet(file: str, content: bytes) -> bool:
    """Whether the file is a workbook by its bytes, or a sheet by its name's ending."""
    if content.startswith((*_ZIP, compound_file.SIGNATURE)):
        return True
    return file.rpartition(".")[2].lower() in _KNOWN_ENDINGS - {"txt"}


def _read(file: str, content: bytes, is_header: Callable[[str], bool]) -> tuple[str, Sheet]:
    """What kind of file it is, and its sheet; raises Wrong."""
    if len(content) > MAX_BYTES:
        raise Wrong(
            "file-too-large",
            f"the file is larger than {MAX_BYTES // 1024**2} MB, the most that is read of a number sheet",
            "copy the number list alone into a new workbook, without pictures",
        )
    if content.startswith(_ZIP):
        parts = Parts(content)
        kind = _kind_of_zip(parts)
        return kind, workbook.from_zip(file, parts, is_header)
    if content.startswith(compound_file.SIGNATURE):
        return "an .xls workbook", workbook.from_compound(file, content, is_header)
    _refuse_others(content)
    return "text (CSV)", csv_text.rows(file, content, is_header)


def _kind_of_zip(parts: Parts) -> str:
    if xlsx_file.workbook_of(parts):
        return "an .xlsx workbook"
    if ods_file.CONTENT in parts and ods_file.is_spreadsheet(parts):
        return "an .ods workbook"
    if "xl/workbook.bin" in parts:
        raise _no_sheet("a binary workbook (.xlsb)", _SAVE)
    if any(name.startswith(("word/", "ppt/")) for name in parts) or ods_file.CONTENT in parts:
        raise _no_sheet("a document of another program", _SAVE)
    raise _no_sheet("a zip archive without a workbook in it", "unpack it, and name the sheet that is in it")


def _refuse_others(content: bytes) -> None:
    begin = content[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    for pattern, what, hint in _OTHERS:
        if pattern.match(begin):
            raise _no_sheet(what, hint)
    if b"\0" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _no_sheet(
            "no kind of file that is known: damaged, or encrypted by a guarding program (加密软件)",
            "where it opens, save it as a new .xlsx that is not encrypted, or have it sent once more",
        )


def _no_sheet(what: str, hint: str) -> Wrong:
    return Wrong("not-a-sheet", f"this is {what}, whatever its name says", hint)
