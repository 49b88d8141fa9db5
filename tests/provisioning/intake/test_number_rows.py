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


SIGNED = "long_number,短号\n08702120001,6001\n日期：2025-07-01,\n"

PLACES = [
    ("scientific-notation", "long_number\n8.70212E+10\n", (2, 1)),
    ("number-not-text", "long_number\n8702120001.0\n", (2, 1)),
    ("leading-zero-lost", "remark,long_number\n门卫,8702120001\n", (2, 4)),
    ("bad-number", 'remark,long_number\n"a,b", 0870-2120001\n', (2, 8)),
    ("bad-number", 'remark,long_number\n"two\nlines",x\n', (3, 8)),
    ("line-break", 'long_number,remark\n08702120001,"two\nlines"\n', (2, 13)),
    ("line-break", 'long_number,房间\n08702120001,"two\n\n lines"\n', (2, 13)),
    ("line-break", 'long_number,"房\n间"\n08702120001,1\n', (1, 13)),
    ("control-character", "long_number,remark\n08702120001,a\x07b\n", (2, 14)),
    ("full-width", "long_number,short_number\n08702120001,６００１\n", (2, 13)),
    ("invisible-character", "long_number\n\u200b08702120001\n", (2, 1)),
    ("number-missing", "long_number,short_number\n,6001\n", (2, 1)),
    ("number-missing", "short_number,x,long_number\n6001\n", (2, 1)),
    ("row-after-signature", "long_number\n08702120001\n甲方（盖章）\n08702120002\n", (4, 1)),
    ("row-after-signature", SIGNED + "0870-2120002,6002\n", (4, 1)),
    ("row-after-signature", SIGNED + "8.70E+09,6003\n", (4, 1)),
    ("row-after-signature", SIGNED + "（0870）2120002,\n", (4, 1)),
    ("row-after-signature", SIGNED + "８７０２１２０００２,\n", (4, 1)),
    ("bad-number", "remark,long_number\n甲方一部,0870-2120002\n", (2, 6)),
    ("row-without-seat", "long_number,remark\n08702120001,\n合计,1\n", (3, 1)),
    ("row-without-seat", "long_number\n08702120001\n注：以上号码已开通\n", (3, 1)),
    ("row-without-seat", "序号,long_number\n1,08702120001\n第1页,\n", (3, 1)),
    ("full-width-comma", "长号，短号，备注\n08702120001，6001，\n", (1, 1)),
    ("bad-number", "long_number\n08702120001，6001\n", (2, 1)),
    ("no-header", "固话号吗,短号\n08702120001,6001\n", (1, 1)),
    ("unknown-column", "长号,手机号吗\n08702120001,1\n", (1, 4)),
    ("duplicate-column", "long_number,IMS固话号码\n08702120001,08702120002\n", (1, 13)),
    ("unknown-column", "long_number,short_nmber\n08702120001,6001\n", (1, 13)),
    ("csv-quote", 'long_number,remark\n08702120001,"abc\n', (2, 13)),
    ("csv-quote", 'long_number,remark\n08702120001,a"b"c\n', (2, 14)),
    ("no-header", "08702120001,6001\n", (1, 1)),
    ("no-header", "", (1, 1)),
    ("no-numbers", "long_number\n\n", (1, 1)),
    ("no-numbers", "long_number,short_nmber\n", (1, 1)),
    ("too-many-columns", "长号," + "c," * 5000 + "c\n08702120001\n", (1, 202)),
    ("too-many-columns", 'long_number\n"1\n2",' + '"x",' * 99 + '"y"\n', (3, 400)),
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
        ("workbook-broken", b"PK\x03\x04rest of a spreadsheet"),
        ("workbook-broken", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old spreadsheet"),
        ("file-too-large", b"\n" * (MAX_BYTES + 1)),
        ("too-many-rows", b"long_number\n" + b"x\n" * (MAX_ROWS + 1)),
        ("no-header", b"\n" * MAX_BYTES),
        ("too-many-columns", "长号,".encode() + b"c," * 5000),
        ("too-many-columns", b"long_number\n" + (b'"x",' * 8000 + b"\n") * 100),
        ("too-many-columns", b"long_number\n" + (b"x" + b"," * 32_000 + b"x\n") * 120),
        ("too-many-cells", b"long_number\n" + (b"x," * 99 + b"x\n") * 20_000),
        ("bad-number", b"long_number\n" + (b"1" * 32_000 + b"x\n") * 120),
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


@pytest.mark.parametrize(
    "header",
    [
        *("短号码,固话号码", "短号,电话号码", "对应短号,IMS号码", "short-number,IMS固话号"),
        *("Short Number,Long Number", "SHORT NUMBER,long-number"),
    ],
)
def test_other_names_of_the_columns(header: str) -> None:
    """Operators and offices name the columns in many ways; _, - and blank are alike."""
    read = rows(f"{header},备注\n6001,08702120001,门卫\n6002,08702120002,\n")
    assert values(read) == GOOD
    assert read.problems == ()


@pytest.mark.parametrize(
    ("header", "told"),
    [("固话号吗", "固话号码"), ("IMS的固话号码", "IMS固话号码"), ("long_nmber", "long_number")],
)
def test_a_header_that_comes_near_is_told(header: str, told: str) -> None:
    """A header that nearly names the long numbers gets that name as a hint."""
    [problem] = rows(f"{header},短号\n08702120001,6001\n").problems
    assert problem.hint == f"did you mean {told}?"


def test_dates_and_empty_cells_end_a_row() -> None:
    """A date below the seal is no number, and a spreadsheet's empty cells to the right are none at all."""
    text = SIGNED + "2025-07-01,\n2025年7月1日,\n"
    assert rows(text).problems == ()
    wide = rows("long_number" + "," * 300 + "\n08702120001" + "," * 300 + "\n" + '"08702120002"' + "," * 300)
    assert [row.get("long_number") for row in wide.rows] == ["08702120001", "08702120002"]
    assert wide.problems == ()


def test_a_line_break_becomes_a_blank() -> None:
    """A cell typed on two lines is read as one line."""
    read = rows('long_number,remark,"房\n间"\n08702120001,"two\n lines","3\n\n1"\n')
    assert read.rows[0].get("remark") == "two lines"
    assert dict(read.rows[0].extra) == {"房 间": "3 1"}
    assert {problem.severity for problem in read.problems} == {"warning"}


def test_a_sum_is_no_seat() -> None:
    """A row of a total is refused once, with the advice to delete it."""
    [problem] = rows(PLAIN + "合计：2,,\n").problems
    assert problem.hint == "delete the row"


def test_the_broken_byte_is_named_in_the_sheets_own_encoding() -> None:
    """A bad byte in a GBK sheet is found where GBK fails, one in UTF-8 where UTF-8 does."""
    for encoding, bad in (("gbk", b"\xff"), ("utf-8", b"\xff")):
        content = "长号,备注\n08702120001,门卫\n08702120002,传".encode(encoding) + bad + b"\n"
        [problem] = sheet_rows("numbers.csv", content).problems
        assert (problem.code, problem.place.line, problem.place.column) == ("not-utf8", 3, 14)
        assert "0xff" in problem.message


def test_a_contacts_number_beside_the_long_numbers_is_extra() -> None:
    """电话号码 names the long numbers only where no other column does."""
    read = rows("电话号码,IMS固话号码,联系电话号码\n13800138000,08702120001,13800138001\n")
    assert values(read) == [{"long_number": "08702120001"}]
    assert dict(read.rows[0].extra) == {"电话号码": "13800138000", "联系电话号码": "13800138001"}
    assert read.problems == ()


def test_a_no_break_space_in_a_number_is_left_out() -> None:
    """A no-break space before, in or behind a number is invisible: left out, with a warning at its cell."""
    for written in ("\u00a008702120001", "0870\u00a02120001", "08702120001\u00a0"):
        read = rows(f"long_number,remark\n{written},门\u00a0卫\n\u00a0,\n")
        assert values(read) == [{"long_number": "08702120001", "remark": "门\u00a0卫"}]
        assert [(p.code, p.place.line, p.severity) for p in read.problems] == [
            ("invisible-character", 2, "warning")
        ]


def test_fifty_thousand_seats_are_one_list() -> None:
    """The longest list there may be has a title and a header besides, and is read from CSV."""
    lines = "".join(f"0870{2_000_000 + n},{600_000 + n},备注文字\n" for n in range(50_000))
    read = rows(f"长短号开通明细\nlong_number,short_number,remark\n{lines}")
    assert read.problems == ()
    assert len(read.rows) == 50_000
    assert str(read.rows[-1].place("remark")) == "numbers.csv:50002:20"


@pytest.mark.parametrize(
    "header",
    [
        "IMS固话号码（含区号）,对应短号码（4位）",
        '"IMS固话号码*：","短号\n（V网）"',
        "*长号（IMS号码）,V网短号",
        "IMS固话号码（0870+号码）,分机号码",
        "IMS固定电话号码,集团短号",
    ],
)
def test_a_header_with_an_explanation_or_by_another_name(header: str) -> None:
    """What only explains a header in brackets, * and : do not make another column of it."""
    read = rows(PLAIN.replace("long_number,short_number", header))
    assert values(read) == GOOD
    assert [problem for problem in read.problems if problem.severity == "error"] == []


@pytest.mark.parametrize("other", ["长号（原）", "短号（备用）", "V网短号", "手机号码（传真）"])
def test_a_column_of_ones_own_beside_the_very_name(other: str) -> None:
    """A column that is another one, or that has a column's very name beside it, is kept as one's own."""
    read = rows(f"长号,短号,{other}\n08702120001,6001,12345\n")
    assert values(read) == [{"long_number": "08702120001", "short_number": "6001"}]
    assert [dict(row.extra) for row in read.rows] == [{other: "12345"}]


def test_a_bracket_with_another_columns_name_is_that_columns() -> None:
    """电话号码（手机） is no column of long numbers."""
    read = rows("长号,电话号码（手机）\n08702120001,13800138000\n")
    assert values(read) == [{"long_number": "08702120001"}]
    assert rows("电话号码（手机）\n13800138000\n").problems[0].code == "no-header"


def test_a_column_that_has_our_word_in_its_name_is_told() -> None:
    """Short numbers and ports under a name that nobody knows are not lost without a word."""
    read = rows("长号,内部短号,设备端口序号\n08702120001,6001,1\n")
    assert [(p.code, p.severity) for p in read.problems] == [("unknown-column", "warning")] * 2
    assert rows("长号,短号,内部短号\n08702120001,6001,2\n").problems == ()


def test_ports_and_devices_by_other_names() -> None:
    """IAD名称 and 端口号 are where the operators' lists say how a seat is wired."""
    read = rows("长号,IAD名称,端口号,使用人,科室\n08702120001,iad-1,7,张某,财务\n")
    assert values(read) == [
        {"long_number": "08702120001", "iad": "iad-1", "port": 7, "name": "张某", "department": "财务"}
    ]


def test_features_by_the_names_of_the_opening_form() -> None:
    """What the paper calls 传真 and 一机双号 are the same features."""
    read = rows("长号,功能\n08702120001,传真;一机双号\n08702120002,POS;fax\n")
    assert [row.get("features") for row in read.rows] == [("fax", "two-numbers"), ("pos", "fax")]
    assert read.problems == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [('"fax,video"', "fax;video"), ("传真、视频", "传真;视频"), ('"fax\nvideo"', "fax;video")],
)
def test_values_with_another_separator_are_told(text: str, told: str) -> None:
    """Several values stand between semicolons; others are not guessed at, but the mending is told."""
    [problem] = rows(f"长号,功能\n08702120001,{text}\n").problems
    assert (problem.code, problem.hint) == ("bad-separator", f'write "{told}"')


@pytest.mark.parametrize("written", ['"=""08702120001"""', "'08702120001", "0870—2120001", "0870–2120001"])
def test_a_number_in_a_programs_own_form_is_told_how_to_be_written(written: str) -> None:
    """="...", an apostrophe and long dashes are no digits; the hint has the number that is due."""
    [problem] = rows(f"长号,短号\n{written},6001\n").problems
    assert (problem.code, problem.hint) == ("bad-number", 'write digits only, such as "08702120001"')
