"""Number sheets as spreadsheets: every layout that is read, and where each value is said to stand."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest

from provisioning.core.problem import Problem
from provisioning.intake.number_rows import Rows, sheet_rows

Book = Callable[..., bytes]

PLAIN = {"A1": "长号", "B1": "短号", "C1": "备注", "A2": "08702120001", "B2": "6001", "C2": "门卫"}


def values(read: Rows) -> list[dict[str, object]]:
    return [dict(row.written()) for row in read.rows]


def said(problems: tuple[Problem, ...]) -> list[tuple[str, str, str]]:
    return [(problem.code, str(problem.place), problem.severity) for problem in problems]


def test_a_workbook_is_read_like_csv(book: Book) -> None:
    """A title above, blank rows between and a signature block below are passed over; columns in any order."""
    cells = {
        "A1": "长短号开通明细",
        "A3": "备注",
        "B3": "IMS固话号码",
        "C3": "short_number",
        "B4": "08702120001",
        "C4": "6001",
        "A4": "门卫",
        "B6": "08702120002",
        "A8": "甲方单位（盖章）：",
        "C8": "2025年7月1日",
    }
    read = sheet_rows("numbers.xlsx", book({"号码": cells}))
    assert read.problems == ()
    assert values(read) == [
        {"remark": "门卫", "long_number": "08702120001", "short_number": "6001"},
        {"long_number": "08702120002"},
    ]
    assert [str(row.place("long_number")) for row in read.rows] == [
        "numbers.xlsx:号码:B4",
        "numbers.xlsx:号码:B6",
    ]
    assert read.rows[0].where("remark") == "cell A4"


@pytest.mark.parametrize("name", ["annex.xls", "annex.ods", "annex-libreoffice.xlsx"])
def test_the_annex_as_other_programs_write_it(name: str, sheets: Path) -> None:
    """A header of two rows with merged cells, departments merged over rows, a seal: alike in each format."""
    read = sheet_rows(name, (sheets / name).read_bytes())
    assert read.problems == ()
    assert values(read) == [
        {
            "long_number": f"0870212000{n}",
            "short_number": f"600{n}",
            "name": f"用户{n}",
            "department": "办公室" if n < 3 else "财务科",
            **({"remark": "值班室"} if n == 1 else {}),
        }
        for n in range(1, 5)
    ]
    assert [dict(row.extra) for row in read.rows] == [{"序号": str(n)} for n in range(1, 5)]
    assert str(read.rows[2].place("department")) == f"{name}:附件1:E7"


def test_a_file_of_wps_is_read_by_its_bytes(book: Book, sheets: Path) -> None:
    """A file named .et is an .xls or an .xlsx workbook inside, and nothing is said of it."""
    for content in (book({"号码": PLAIN}), (sheets / "annex.xls").read_bytes()):
        read = sheet_rows("numbers.et", content)
        assert read.rows
        assert read.problems == ()


@pytest.mark.parametrize(
    ("name", "made", "kind"),
    [
        ("numbers.xlsx", "annex.xls", "an .xls workbook"),
        ("numbers.xls", "annex-libreoffice.xlsx", "an .xlsx workbook"),
        ("numbers.xlsx", "annex.ods", "an .ods workbook"),
        ("numbers.csv", "annex-libreoffice.xlsx", "an .xlsx workbook"),
    ],
)
def test_a_workbook_under_another_ending_is_read_with_a_warning(
    name: str, made: str, kind: str, sheets: Path
) -> None:
    """Whatever the name ends in, the file is read as what it is, which is told."""
    read = sheet_rows(name, (sheets / made).read_bytes())
    assert len(read.rows) == 4
    assert said(read.problems) == [("named-otherwise", name, "warning")]
    assert f"the file is {kind}" in read.problems[0].message


def test_csv_under_a_spreadsheets_ending_is_read_with_a_warning() -> None:
    """CSV text named .xlsx is read as CSV, places are lines and columns, and the ending is told."""
    read = sheet_rows("numbers.xlsx", "长号,短号\n08702120001,6001\n".encode("gbk"))
    assert values(read) == [{"long_number": "08702120001", "short_number": "6001"}]
    assert str(read.rows[0].place("short_number")) == "numbers.xlsx:2:13"
    assert said(read.problems) == [("named-otherwise", "numbers.xlsx", "warning")]


def test_an_unknown_ending_says_nothing(book: Book) -> None:
    """A name without a known ending is nobody's claim: no warning."""
    assert sheet_rows("附件一", book({"号码": PLAIN})).problems == ()


def test_cells_have_their_own_names_wherever_the_list_begins(book: Book) -> None:
    """A list that begins at D5 is read, and its cells are named as the spreadsheet names them."""
    cells = {"D5": "长号", "AA5": "备注", "D6": "08702120001", "AA6": "门卫", "D7": "0870"}
    read = sheet_rows("numbers.xlsx", book({"号码": cells}))
    assert str(read.rows[0].place("remark")) == "numbers.xlsx:号码:AA6"
    assert said(read.problems) == [("bad-number", "numbers.xlsx:号码:D7", "error")]


def test_a_merged_cell_holds_for_all_its_rows(book: Book) -> None:
    """A department, a remark, an IAD or a column of one's own merged over rows is each row's."""
    cells = {
        "A1": "长号",
        "B1": "部门",
        "C1": "接入设备",
        "D1": "端口",
        "E1": "楼层",
        "A2": "08702120001",
        "A3": "08702120002",
        "A4": "08702120003",
        "B2:B4": "财务科",
        "C2:C3": "iad-1",
        "D2": 1,
        "D3": 2,
        "E3:E4": "3楼",
    }
    read = sheet_rows("numbers.xlsx", book({"号码": cells}))
    assert read.problems == ()
    assert [row.get("department") for row in read.rows] == ["财务科"] * 3
    assert [(row.get("iad"), row.get("port")) for row in read.rows] == [
        *(("iad-1", 1), ("iad-1", 2), (None, None)),
    ]
    assert [dict(row.extra) for row in read.rows] == [{}, {"楼层": "3楼"}, {"楼层": "3楼"}]


def test_rows_that_only_a_merged_cell_reaches_are_blank(book: Book) -> None:
    """A department merged over more rows than have numbers makes no seats without number."""
    cells = {"A1": "长号", "B1": "部门", "A2": "08702120001", "B2:B9": "财务科"}
    read = sheet_rows("numbers.xlsx", book({"号码": cells}))
    assert read.problems == ()
    assert len(read.rows) == 1


def test_a_number_merged_over_rows_is_a_problem(book: Book) -> None:
    """A number merged over two seats belongs to one of them: which, nobody can know."""
    cells = {"A1": "长号", "B1": "短号", "A2:A3": "08702120001", "B2": "6001", "B3": "6002"}
    read = sheet_rows("numbers.xlsx", book({"号码": cells}))
    assert said(read.problems) == [("merged-number", "numbers.xlsx:号码:A3", "error")]
    assert "take the merging of cells back" in read.problems[0].hint


def test_a_header_of_two_rows_in_csv() -> None:
    """Where a CSV file has lost the merging of its header, the two rows are one header all the same."""
    read = sheet_rows("numbers.csv", "姓名,号码,,备注\n,长号,短号,\n用户,08702120001,6001,门卫\n".encode())
    assert read.problems == ()
    assert values(read) == [
        {"name": "用户", "long_number": "08702120001", "short_number": "6001", "remark": "门卫"}
    ]
    read = sheet_rows("numbers.csv", "长号,其他,\n,短号,姓名\n08702120001,6001,用户\n".encode())
    assert values(read) == [{"long_number": "08702120001", "short_number": "6001", "name": "用户"}]


def test_the_header_once_more_is_no_seat(book: Book) -> None:
    """A header repeated on the top of each printed page is passed over."""
    cells = PLAIN | {"A3": "长号", "B3": "短号", "C3": "备注", "A4": "08702120002"}
    read = sheet_rows("numbers.xlsx", book({"号码": cells}))
    assert read.problems == ()
    assert len(read.rows) == 2


def test_columns_of_ones_own_are_kept_as_they_are_shown(book: Book) -> None:
    """Numbers, days and truth values of columns we do not know are kept as text, without a word."""
    cells = {"A1": "长号", "B1": "工号", "C1": "开通日期", "D1": "已装", "E1": "面积"}
    cells |= {"A2": "08702120001", "B2": 1024, "C2": date(2025, 7, 1), "D2": True, "E2": 12.5}
    read = sheet_rows("numbers.xlsx", book({"号码": cells}))
    assert read.problems == ()
    assert dict(read.rows[0].extra) == {
        "工号": "1024",
        "开通日期": "2025-07-01",
        "已装": "TRUE",
        "面积": "12.5",
    }


def test_the_sheet_with_the_header_is_the_one(book: Book) -> None:
    """Of several sheets the one that has the header is read, wherever it stands."""
    read = sheet_rows("numbers.xlsx", book({"说明": {"A1": "请填写"}, "空": {}, "明细": PLAIN}))
    assert read.problems == ()
    assert str(read.rows[0].place("long_number")) == "numbers.xlsx:明细:A2"


def test_an_empty_form_beside_the_list_is_passed_over(book: Book) -> None:
    """A sheet with a header and nothing below it is a form nobody filled in."""
    read = sheet_rows("numbers.xlsx", book({"模板": {"A1": "长号", "B1": "短号"}, "明细": PLAIN}))
    assert read.problems == ()
    assert len(read.rows) == 1


def test_two_lists_in_one_workbook_are_named(book: Book) -> None:
    """Two sheets with numbers are one problem that names both; none is read in silence."""
    read = sheet_rows("numbers.xlsx", book({"一楼": PLAIN, "二楼": PLAIN | {"A2": "08702120002"}}))
    assert said(read.problems) == [("several-sheets", "numbers.xlsx:二楼", "error")]
    assert '"一楼", "二楼"' in read.problems[0].message
    assert "one sheet" in read.problems[0].hint


@pytest.mark.parametrize("how", ["hide", "very_hidden"])
def test_a_hidden_sheet_with_numbers_is_told_and_not_read(how: str, book: Book) -> None:
    """What nobody sees is not read; a warning names the sheet."""
    made = book({"明细": PLAIN, "旧表": PLAIN | {"A2": "08702120099"}}, shown={"旧表": how})
    read = sheet_rows("numbers.xlsx", made)
    assert [row.get("long_number") for row in read.rows] == ["08702120001"]
    assert said(read.problems) == [("hidden-sheet", "numbers.xlsx:旧表", "warning")]


def test_a_hidden_sheet_without_numbers_is_nobodys_business(book: Book) -> None:
    """The lists behind drop-down cells stand on hidden sheets, and are not spoken of."""
    made = book({"明细": PLAIN, "选项": {"A1": "fax", "A2": "video"}}, shown={"选项": "hide"})
    assert sheet_rows("numbers.xlsx", made).problems == ()


def test_hidden_rows_are_read_and_told(book: Book) -> None:
    """Rows that a filter hides are read, with a warning at the first of them."""
    cells = PLAIN | {"A3": "08702120002", "A4": "08702120003"}
    read = sheet_rows("numbers.xlsx", book({"号码": cells}, hidden_rows={"号码": [3, 4]}))
    assert len(read.rows) == 3
    assert said(read.problems) == [("hidden-rows", "numbers.xlsx:号码:A3", "warning")]
    assert "row 3 and 1 more row" in read.problems[0].message


def test_problems_across_rows_name_cells(book: Book, read: Callable[..., object]) -> None:
    """A number that stands twice is named at its cell, and so is the first one."""
    contract = (
        "contract: c\ncustomer: {name: 单位}\noperator: {name: 运营商}\n"
        "term: {from: 2025-07-01, to: 2025-12-31}\n"
        'site: {name: s, area_code: "0870", numbers: n.xlsx}\n'
    )
    cells = PLAIN | {"A11": "08702120001", "B3": "60", "A3": "08702120002"}
    reading = read({"c.yaml": contract, "n.xlsx": book({"号码": cells})})
    [twice] = [p for p in reading.problems if p.code == "duplicate-long-number"]
    assert str(twice.place) == "n.xlsx:号码:A11"
    assert "first in cell A2" in twice.message
    assert reading.seats == 3


def test_problems_stand_in_the_order_of_the_cells(book: Book, read: Callable[..., object]) -> None:
    """Row 2 comes before row 10, and column B before column AA."""
    contract = (
        "contract: c\ncustomer: {name: 单位}\noperator: {name: 运营商}\n"
        "term: {from: 2025-07-01, to: 2025-12-31}\n"
        'site: {name: s, area_code: "0870", numbers: n.xlsx}\n'
    )
    cells = {"A1": "长号", "B1": "短号", "AA1": "手机号码", "A2": "x", "A10": "y", "B2": "z", "AA2": "1"}
    reading = read({"c.yaml": contract, "n.xlsx": book({"号码": cells})})
    assert [p.place.cell for p in reading.problems if p.code == "bad-number"] == ["A2", "B2", "AA2", "A10"]


# Forms that other writers give to the XML of a sheet: each must mean the same.
UNUSUAL: Mapping[str, Callable[[str], str]] = {
    "prefixed": lambda xml: re.sub(r"<(/?)(\w)", r"<\1x:\2", xml).replace("xmlns=", "xmlns:x="),
    "cells without names": lambda xml: re.sub(r'<c r="\w+"', "<c", xml),
    "rows without names": lambda xml: re.sub(r'<(c|row) r="\w+"', r"<\1", xml),
    "single quotes": lambda xml: re.sub(r'<c r="(\w+)"', r"<c r='\1'", xml),
    "comments": lambda xml: xml.replace("<sheetData>", "<!-- <c r='A9'> --><sheetData>"),
    "other order": lambda xml: re.sub(r'<c r="(\w+)" t="s"', r'<c t="s" r="\1"', xml),
}


@pytest.mark.parametrize("form", UNUSUAL)
def test_a_sheet_written_in_an_unusual_form_is_read(form: str, book: Book) -> None:
    """Prefixes, cells that are only counted, comments: whatever XML allows means the same; formulas too."""
    cells = PLAIN | {"A3": ("=A2", "08702120001"), "A4": "08702120003", "B4": "6003"}
    made = rewritten(book({"号码": cells}), "xl/worksheets/sheet1.xml", UNUSUAL[form])
    read = sheet_rows("numbers.xlsx", made)
    assert said(read.problems) == [("formula-cell", "numbers.xlsx:号码:A3", "error")]
    assert [row.get("short_number") for row in read.rows] == ["6001", None, "6003"]


def rewritten(book: bytes, part: str, change: Callable[[str], str]) -> bytes:
    """The workbook with one part changed."""
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(book)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content.decode()).encode() if name == part else content)
    return made.getvalue()
