"""Every fault of a spreadsheet has a code, names its sheet and cell, and says how to mend it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest

from provisioning.core.problem import Problem
from provisioning.intake.number_rows import Rows, sheet_rows

Book = Callable[..., bytes]

HEADER = {"A1": "长号", "B1": "短号", "C1": "手机号码", "D1": "姓名", "E1": "工号"}
GOOD = {"A2": "08702120001", "B2": "6001"}


def rows(book: Book, cells: Mapping[str, object]) -> Rows:
    return sheet_rows("numbers.xlsx", book({"号码": HEADER | GOOD | cells}))


def values(read: Rows) -> list[dict[str, object]]:
    return [dict(row.written()) for row in read.rows]


def only(read: Rows) -> Problem:
    [problem] = read.problems
    return problem


def judge(problem: Problem, code: str, cell: str, *told: str, severity: str = "error") -> None:
    assert (problem.code, problem.severity) == (code, severity)
    assert (problem.place.file, problem.place.sheet, problem.place.cell) == ("numbers.xlsx", "号码", cell)
    for part in told:
        assert part in problem.message + " / " + problem.hint


def test_a_long_number_stored_as_a_number(book: Book) -> None:
    """An Excel number has lost its 0: refused at its cell, with the format and two ways to restore it."""
    problem = only(rows(book, {"A3": 8702120002}))
    judge(problem, "number-not-text", "A3", "8702120002 is stored as a number", "column A", "Text (文本)")
    judge(problem, "number-not-text", "A3", '"08702120002"', '="0"&A3', "as values", "the format alone")


@pytest.mark.parametrize(("cell", "number"), [("B2", 6001), ("C2", 13800138000), ("A2", 12393)])
def test_any_number_to_be_dialled_stored_as_a_number(cell: str, number: int, book: Book) -> None:
    """A short or a mobile number stored as a number is refused too, though no digit is lost yet."""
    judge(only(rows(book, {cell: number})), "number-not-text", cell, "Text (文本)", f'={cell}&""')


def test_scientific_notation_as_text(book: Book) -> None:
    """8.7E+10 is what is left of a number that was copied as it was shown."""
    judge(
        only(rows(book, {"A3": "8.7E+10"})),
        "scientific-notation",
        "A3",
        "last digits are lost",
        "Text (文本)",
    )


def test_a_number_longer_than_fifteen_digits(book: Book) -> None:
    """Of 17 digits stored as a number the last ones are gone: no format brings them back."""
    problem = only(rows(book, {"C2": 13800138000138001}))
    judge(problem, "digits-lost", "C2", "15 digits", "type the numbers again, from the paper")


def test_lost_digits_that_were_saved_as_text(book: Book) -> None:
    """Seventeen digits of which the last are 0 were a number once, in a spreadsheet or in CSV made of it."""
    judge(only(rows(book, {"A3": "08702120001087000"})), "digits-lost", "A3", "15 digits", "from the paper")


def test_digits_lost_in_a_column_of_ones_own(book: Book) -> None:
    """An identity number stored as a number is wrong, but nothing here depends on it: a warning."""
    read = rows(book, {"E2": 530602199001011234})
    judge(only(read), "digits-lost", "E2", "15 digits", severity="warning")
    assert dict(read.rows[0].extra) == {"工号": "530602199001011000"}
    read = rows(book, {"E2": "5.30602E+17"})
    judge(only(read), "digits-lost", "E2", severity="warning")


def test_full_width_digits(book: Book) -> None:
    """Full-width digits are read as half-width ones, with a warning."""
    read = rows(book, {"B2": "６００１"})
    judge(only(read), "full-width", "B2", 'read as "6001"', severity="warning")
    assert read.rows[0].get("short_number") == "6001"


@pytest.mark.parametrize("mark", ["\u200b", "\u202e", "\ufeff", "\u00a0", "\u2060", "\u00ad"])
@pytest.mark.parametrize("form", ["{0}08702120001", "0870{0}2120001", "08702120001{0}"])
def test_characters_that_nobody_sees(mark: str, form: str, book: Book) -> None:
    """A zero-width space, a mark of direction, a BOM or a no-break space is left out, with a warning."""
    read = rows(book, {"A2": form.format(mark)})
    judge(only(read), "invisible-character", "A2", "left out", "retype", severity="warning")
    assert read.rows[0].get("long_number") == "08702120001"


@pytest.mark.parametrize(
    ("cell", "formula", "result"),
    [
        ("A2", '="0870"&"2120001"', "08702120001"),
        ("B2", "=6000+1", 6001),
        ("B2", "=MISSING()", "#NAME?"),
        ("B2", '=IF(1=2,"6001","")', ""),
        ("C2", "{=C1:C1}", "13800138000"),
    ],
)
def test_a_formula(cell: str, formula: str, result: object, book: Book) -> None:
    """A formula is refused at its cell, also where its last result looks right or is nothing."""
    judge(only(rows(book, {cell: (formula, result)})), "formula-cell", cell, "as values", "选择性粘贴")


def test_an_array_formula_fills_cells_that_look_like_values(book: Book) -> None:
    """Of a formula that fills several cells each one is named."""
    made = book({"号码": HEADER | GOOD | {"A3": "08702120002", "B3": "6002"}})
    made = changed(made, b'<c r="B2" t="s">', b'<c r="B2" t="s"><f t="array" ref="B2:B3">E2:E3</f>')
    read = sheet_rows("numbers.xlsx", made)
    assert [(p.code, p.place.cell) for p in read.problems] == [("formula-cell", "B2"), ("formula-cell", "B3")]


def test_a_formula_in_a_column_of_ones_own(book: Book) -> None:
    """A counted 序号 stops nobody: its last result is kept, with a warning."""
    read = rows(book, {"E2": ("=ROW()-1", 1)})
    judge(only(read), "formula-cell", "E2", "its last result is kept", severity="warning")
    assert dict(read.rows[0].extra) == {"工号": "1"}


def test_formulas_below_the_list_that_give_nothing(book: Book) -> None:
    """Formulas filled down beyond the last number, which give nothing, are blank rows."""
    below = {f"{column}{row}": ("=X1", "") for row in range(3, 20) for column in "ABC"}
    assert rows(book, below).problems == ()


def test_an_error_value(book: Book) -> None:
    """A cell with #N/A is refused, where a number is due and where it is optional."""
    made = book({"号码": HEADER | GOOD | {"C2": 1}})
    made = changed(made, b'<c r="C2"><v>1</v>', b'<c r="C2" t="e"><v>#N/A</v>')
    judge(only(sheet_rows("numbers.xlsx", made)), "error-cell", "C2", "#N/A", "as text")


def test_a_day_where_a_number_is_due(book: Book) -> None:
    """What the spreadsheet took for a day is refused as one."""
    judge(only(rows(book, {"B2": date(1916, 6, 5)})), "date-not-text", "B2", "1916-06-05", "column B", "文本")


def test_a_truth_value_where_a_number_is_due(book: Book) -> None:
    """TRUE is no short number."""
    judge(only(rows(book, {"B2": True})), "flag-not-text", "B2", "TRUE", "column B", "文本")


def test_a_whole_column_of_the_same_fault_is_counted(book: Book) -> None:
    """Of 69 numbers stored as numbers ten are named, and the others counted as far as the last."""
    cells = HEADER | {f"A{row}": 8702120000 + row for row in range(2, 71)}
    read = sheet_rows("numbers.xlsx", book({"号码": cells}))
    assert [p.code for p in read.problems] == ["number-not-text"] * 10 + ["same-fault-below"]
    judge(read.problems[-1], "same-fault-below", "A12", "59 more cells", "the fault of A2", "as far as A70")


def test_faults_in_files_of_other_programs(sheets: Path) -> None:
    """Numbers, formulas, days, truth values and lost digits are found in .xls, .ods and .xlsx alike."""
    for name in ("faults.xls", "faults.ods", "faults-libreoffice.xlsx"):
        read = sheet_rows(name, (sheets / name).read_bytes())
        found = [(p.code, p.place.sheet, p.place.cell) for p in read.problems]
        assert found == [
            ("hidden-sheet", "旧表", None),
            ("number-not-text", "号码", "A3"),
            ("formula-cell", "号码", "A4"),
            ("date-not-text", "号码", "B5"),
            ("formula-cell", "号码", "B6"),
            ("formula-cell", "号码", "B7"),
            ("digits-lost", "号码", "D8"),
            ("formula-cell", "号码", "D9"),
        ], name


@pytest.mark.parametrize("name", ["protected.xlsx", "protected.xls", "protected.ods"])
def test_a_workbook_with_a_password(name: str, sheets: Path) -> None:
    """A workbook that a password protects is refused, and the way to take it away is said."""
    problem = only(sheet_rows(name, (sheets / name).read_bytes()))
    assert (problem.code, str(problem.place)) == ("password-protected", name)
    assert "用密码进行加密" in problem.hint


@pytest.mark.parametrize("name", ["annex.xls", "annex.ods", "annex-libreoffice.xlsx", "protected.xlsx"])
def test_a_workbook_cut_off_anywhere(name: str, sheets: Path) -> None:
    """A file that was not copied to its end is one clear problem, unless what is lost is not needed."""
    content = (sheets / name).read_bytes()
    for length in range(8, len(content) - 1, len(content) // 23):
        read = sheet_rows(name, content[:length])
        if read.rows:
            assert values(read) == values(sheet_rows(name, content))
        else:
            assert only(read).code in ("workbook-broken", "password-protected")
            assert "save it" in only(read).hint


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n....", "picture"),
        (b"\xff\xd8\xff\xe0....", "picture"),
        ("\ufeff<html><table><tr><td>长号</td></tr></table>".encode(), "web page"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "MHTML"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "XML"),
        (b"Rar!\x1a\x07\x00", "archive"),
        (b"%TSD-Header-###%\x00\x01\x02garbage", "加密"),
        (bytes(range(256)), "damaged"),
    ],
)
def test_what_is_no_sheet_at_all(content: bytes, what: str) -> None:
    """A picture, a web page saved as .xls, a file that guarding software encrypted: named as what it is."""
    problem = only(sheet_rows("numbers.xls", content))
    assert (problem.code, str(problem.place)) == ("not-a-sheet", "numbers.xls")
    assert what in problem.message


def zipped(parts: Mapping[str, bytes]) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"word/document.xml": b"<w/>"}, "another program"),
        ({"content.xml": b"<a/>", "mimetype": b"application/vnd.oasis.opendocument.text"}, "another program"),
        ({"xl/workbook.bin": b"..."}, ".xlsb"),
        ({"numbers.csv": b"..."}, "zip archive"),
        ({}, "zip archive"),
    ],
)
def test_a_zip_that_is_no_workbook(parts: Mapping[str, bytes], what: str) -> None:
    """Other documents and archives are zip files too, and are named as such."""
    problem = only(sheet_rows("numbers.xlsx", zipped(parts)))
    assert problem.code == "not-a-sheet"
    assert what in problem.message


def changed(book: bytes, old: bytes, new: bytes, part: str = "xl/worksheets/sheet1.xml") -> bytes:
    """The workbook with a piece of one part replaced."""
    with zipfile.ZipFile(BytesIO(book)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[part]
    return zipped(parts | {part: parts[part].replace(old, new)})


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml"])
def test_a_workbook_that_declares_entities(part: str, book: Book) -> None:
    """No document type is read, so nothing is fetched from elsewhere and nothing multiplies."""
    begin = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    kind = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>'
    made = changed(book({"号码": HEADER | GOOD}), begin, begin + kind, part)
    problem = only(sheet_rows("numbers.xlsx", made))
    assert problem.code == "workbook-broken"
    assert "document type" in problem.message


def test_an_empty_workbook_and_one_without_header(book: Book) -> None:
    """A workbook without numbers is told like a CSV file without: what to write, or what comes near."""
    empty = only(sheet_rows("numbers.xlsx", book({"号码": {}})))
    assert (empty.code, str(empty.place)) == ("no-header", "numbers.xlsx:号码:A1")
    near = only(sheet_rows("numbers.xlsx", book({"说明": {}, "号码": {"B2": "IMS固定号码", "B3": "0870"}})))
    assert (near.code, str(near.place)) == ("no-header", "numbers.xlsx:号码:B2")
    assert "did you mean" in near.hint
    none = only(sheet_rows("numbers.xlsx", book({"号码": HEADER})))
    assert (none.code, str(none.place)) == ("no-numbers", "numbers.xlsx:号码:A1")


def test_a_cell_in_the_last_row_there_is(sheets: Path, book: Book) -> None:
    """A blank typed into the last row is named, with what to delete: all between would have to be read."""
    far = book({"号码": HEADER | GOOD | {"J1048576": " "}})
    for name, content in (("far.ods", (sheets / "far.ods").read_bytes()), ("far.xlsx", far)):
        problem = only(sheet_rows(name, content))
        assert (problem.code, str(problem.place)) == ("sheet-too-large", f"{name}:号码:J1048576")
        assert "below the last number" in problem.hint


def test_too_many_columns_are_named_at_their_cell(book: Book) -> None:
    """Something typed far to the right is named, not passed over."""
    problem = only(rows(book, {"CW2": "x"}))
    judge(problem, "too-many-columns", "CW2", "column CV")
