"""Number sheets come as they are in real life: encodings, headers, titles, seals, slips."""

from __future__ import annotations

import pytest

from provisioning.intake.csv_text import MAX_BYTES, MAX_ROWS
from provisioning.intake.number_rows import Rows, sheet_rows

PLAIN = "long_number,short_number,remark\n08702120001,6001,门卫\n08702120002,6002,\n"


def rows(text: str, encoding: str = "utf-8") -> Rows:
    return sheet_rows("numbers.csv", text.encode(encoding))


def values(read: Rows) -> list[dict[str, object]]:
    return [{key: found.value for key, found in row.values.items()} for row in read.rows]


GOOD = [
    {"long_number": "08702120001", "short_number": "6001", "remark": "门卫"},
    {"long_number": "08702120002", "short_number": "6002"},
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_a_sheet_in_any_usual_encoding(encoding: str) -> None:
    """UTF-8 with and without a mark and GBK read the same."""
    read = rows(PLAIN, encoding)
    assert values(read) == GOOD
    assert read.problems == ()


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", ";"),
        PLAIN.replace("long_number,short_number,remark", "IMS固话号码,对应短号码,备注"),
        PLAIN.replace("long_number,short_number,remark", " Long_Number , ＳＨＯＲＴ_number,备 注"),
        PLAIN.replace("long_number,short_number,remark", "长号,短号,remark"),
        "\n,,\n昭通市某办公室长短号开通明细,,\n,,\n" + PLAIN,
        PLAIN.replace("\n0870", "\n,,\n\n0870"),
        PLAIN + ",,\n甲方单位（盖章）：,,\n经办人签字：,,联系电话\n2025年7月1日,,\n",
        PLAIN.replace("门卫", '"门卫"').replace("08702120002", '"08702120002"'),
        PLAIN.replace("08702120002,6002", " 08702120002 , 6002\u3000"),
        "remark,short_number,long_number\n门卫,6001,08702120001\n,6002,08702120002\n",
    ],
    ids=[
        *("crlf", "cr", "tab", "semicolon", "chinese", "spaced", "short-chinese", "title", "blank-rows"),
        *("signature", "quoted", "padded", "reordered"),
    ],
)
def test_a_sheet_as_it_is_in_real_life(text: str) -> None:
    """Line ends, delimiters, headers, titles, blank rows and a signature block change nothing."""
    read = rows(text)
    assert values(read) == GOOD
    assert read.problems == ()


def test_all_columns_are_read() -> None:
    """Every column of the number sheet has a Chinese header and its own kind of value."""
    header = "IMS固话号码,对应短号码,备注,姓名,部门,接入设备,端口,手机号码,第二号码,功能,新号码,亲情号码"
    row = "08702120001,6001,门卫,张某,办公室,iad-1,7,13800138000,08702120009,fax;video,08702120008,"
    row += "01085200000；6002"
    read = rows(f"{header}\n{row}\n")
    assert values(read) == [
        {
            "long_number": "08702120001",
            "short_number": "6001",
            "remark": "门卫",
            "name": "张某",
            "department": "办公室",
            "iad": "iad-1",
            "port": 7,
            "mobile": "13800138000",
            "second_number": "08702120009",
            "features": ("fax", "video"),
            "changed_to": "08702120008",
            "allowed": ("01085200000", "6002"),
        }
    ]
    assert [problem.code for problem in read.problems] == ["full-width"]


def test_extra_columns_are_kept() -> None:
    """Columns we do not know are kept under their header, also without one, also twice."""
    read = rows("序号,long_number,房间,房间,\n1,08702120001,301,302,靠窗,多余\n")
    assert dict(read.rows[0].extra) == {
        "序号": "1",
        "房间": "301",
        "房间 (2)": "302",
        "column 5": "靠窗",
        "column 6": "多余",
    }
    assert read.problems == ()


PLACES = [
    ("scientific-notation", "long_number\n8.70212E+10\n", (2, 1)),
    ("number-not-text", "long_number\n8702120001.0\n", (2, 1)),
    ("leading-zero-lost", "remark,long_number\n门卫,8702120001\n", (2, 4)),
    ("bad-number", 'remark,long_number\n"a,b", 0870-2120001\n', (2, 8)),
    ("bad-number", 'remark,long_number\n"two\nlines",x\n', (3, 8)),
    ("control-character", 'long_number,remark\n08702120001,"two\nlines"\n', (2, 13)),
    ("control-character", "long_number,remark\n08702120001,a\x07b\n", (2, 14)),
    ("full-width", "long_number,short_number\n08702120001,６００１\n", (2, 13)),
    ("invisible-character", "long_number\n\u200b08702120001\n", (2, 1)),
    ("number-missing", "long_number,short_number\n,6001\n", (2, 1)),
    ("number-missing", "short_number,x,long_number\n6001\n", (2, 1)),
    ("row-after-signature", "long_number\n08702120001\n甲方（盖章）\n08702120002\n", (4, 1)),
    ("duplicate-column", "long_number,IMS固话号码\n08702120001,08702120002\n", (1, 13)),
    ("unknown-column", "long_number,short_nmber\n08702120001,6001\n", (1, 13)),
    ("csv-quote", 'long_number,remark\n08702120001,"abc\n', (2, 13)),
    ("csv-quote", 'long_number,remark\n08702120001,a"b"c\n', (2, 14)),
    ("no-header", "08702120001,6001\n", (1, 1)),
    ("no-header", "", (1, 1)),
    ("no-numbers", "long_number\n\n", (1, 1)),
    ("line-too-long", "long_number\n08702120001" + "," * 40_000 + "x\n", (2, 1)),
    ("text-too-long", "long_number,房间\n08702120001," + "x" * 501 + "\n", (2, 13)),
    ("too-many-columns", "long_number\n08702120001" + "," * 101 + "x\n", (2, 112)),
]


@pytest.mark.parametrize(("code", "text", "place"), PLACES, ids=[f"{p[0]}-{n}" for n, p in enumerate(PLACES)])
def test_a_slip_in_a_sheet_has_line_and_column(code: str, text: str, place: tuple[int, int]) -> None:
    """What is wrong or odd in a sheet is named with its line and the column where the cell begins."""
    found = [problem for problem in rows(text).problems if problem.code == code]
    assert [(p.place.file, p.place.line, p.place.column) for p in found] == [("numbers.csv", *place)]


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("not-utf8", PLAIN.encode("utf-16")),
        ("not-utf8", b"long_number\n\xff\xff\n"),
        ("not-csv", b"PK\x03\x04rest of a spreadsheet"),
        ("not-csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old spreadsheet"),
        ("file-too-large", b"\n" * (MAX_BYTES + 1)),
        ("too-many-rows", b"long_number\n" + b"x\n" * (MAX_ROWS + 1)),
        ("no-header", b"\n" * MAX_BYTES),
        ("no-header", b",,,,,,,\n" * (MAX_BYTES // 8)),
        ("csv-quote", (b'long_number\n"' + b"x\n" * 17_000) * 100),
        ("too-many-problems", b"long_number\n" + b"\x01\n" * 1_000_000),
        ("too-many-problems", b"long_number\n" + b"x,\n" * 40_000),
    ],
)
def test_a_hostile_sheet_ends_in_one_clear_problem(code: str, content: bytes) -> None:
    """Whatever a sheet holds, reading it ends, and soon, and says why."""
    assert code in {problem.code for problem in sheet_rows("numbers.csv", content).problems}


def test_a_quoted_cell_keeps_commas_and_quotes() -> None:
    """A cell in quotes may hold the delimiter and doubled quotation marks."""
    read = rows('long_number,remark\n08702120001,"a, ""b"""\n')
    assert values(read) == [{"long_number": "08702120001", "remark": 'a, "b"'}]
