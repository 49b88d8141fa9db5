"""Member forms: lists side by side become one list, each cell at its place, with what is asked for."""

from __future__ import annotations

from io import BytesIO

import pytest
import xlsxwriter

from provisioning.intake import member_form, password_sheet
from provisioning.intake.change_sheet import read, rows
from provisioning.intake.csv_text import rows as csv_rows
from provisioning.intake.member_form import MAX_NUMBERS, Form
from provisioning.intake.operations import Operation
from provisioning.intake.row_kinds import MAX_PROBLEMS
from provisioning.intake.sheet import Sheet

FORM = """集团成员受理/变更单,,,,,
集团名称：某卫生服务中心,,,集团编号：4777000001,,
操作类型：☑新增 □删除 □变更,,,,,
序号,号码,短号,序号,号码,短号
1,04778120001,601,3,04778120003,603
2,04778120002,602,4,04778120004,
,,,,,
甲方单位（盖章）：,,,经办人：,,
2025年10月1日,,,,,
"""


def sheet(text: str) -> Sheet:
    return csv_rows("form.csv", text.encode(), member_form.names_numbers)


def form(text: str) -> Form:
    return member_form.read(sheet(text))


def numbers(text: str) -> list[str]:
    return [entry.long_number or "" for entry in read("form.csv", text.encode()).entries]


def test_lists_side_by_side_are_one_list() -> None:
    """Two lists across are read one after the other, by their counters, with the ticked operation."""
    asked = read("form.csv", FORM.encode())
    assert asked.problems == ()
    told = [(e.operation, e.long_number, e.row.get("short_number")) for e in asked.entries]
    assert told == [
        (Operation.ADD, "04778120001", "601"),
        (Operation.ADD, "04778120002", "602"),
        (Operation.ADD, "04778120003", "603"),
        (Operation.ADD, "04778120004", None),
    ]
    assert all(dict(entry.row.extra) == {} for entry in asked.entries)


def test_each_cell_keeps_its_place() -> None:
    """A number of the second list is found where it stands in the file, not in the list made of both."""
    third = read("form.csv", FORM.encode()).entries[2]
    assert str(third.place("long_number")) == "form.csv:5:21"
    assert str(third.place("short_number")) == "form.csv:5:33"
    assert str(third.place("operation")) == "form.csv:3:1"


@pytest.mark.parametrize("across", [1, 2, 3, 4])
def test_up_to_four_lists_across(across: int) -> None:
    """One to four lists with names in them, without counters: one list after the other."""
    header = ",".join(["号码,短号,姓名"] * across)
    lines = [
        ",".join(f"0477812{column}{row:03},6{column}{row},人{column}{row}" for column in range(across))
        for row in range(3)
    ]
    text = "集团成员受理单\n" + header + "\n" + "\n".join(lines) + "\n"
    assert numbers(text) == [f"0477812{column}{row:03}" for column in range(across) for row in range(3)]


def test_rows_across_are_ordered_by_their_counters() -> None:
    """Where the counters run across, the numbers follow them."""
    text = FORM.replace("\n1,", "\n1,").replace("3,04778120003", "2,04778120003").replace("\n2,", "\n3,")
    assert numbers(text) == ["04778120001", "04778120003", "04778120002", "04778120004"]


def test_a_form_is_told_from_a_number_sheet() -> None:
    """Lists side by side, boxes or the form's name make a form; a contact's number beside it does not."""
    assert member_form.is_form(sheet(FORM))
    assert member_form.is_form(sheet("号码,短号,号码,短号\n04778120001,601,,\n"))
    assert member_form.is_form(sheet("集团成员变更单\n号码,短号\n04778120001,601\n"))
    assert member_form.is_form(sheet("□新增 ☑删除\n号码\n04778120001\n"))
    assert not member_form.is_form(
        sheet("长短号开通明细\nIMS固话号码,对应短号码,电话号码\n04778120001,601,1\n")
    )
    assert not member_form.is_form(sheet("nothing here\n"))


def test_a_contact_above_is_no_header() -> None:
    """A row above the list with the contact's 电话号码 is not taken for the header."""
    text = FORM.replace("集团编号：4777000001", "电话号码")
    assert numbers(text) == [f"0477812000{n}" for n in range(1, 5)]


def test_a_form_takes_128_numbers() -> None:
    """128 numbers are read; of 129 the 129th is named with its place."""

    def of(count: int) -> str:
        half = (count + 1) // 2
        cells = [f"0477812{n:04}" for n in range(count)] + [""]
        lines = "".join(f"{cells[n]},{cells[n + half] if n + half < count else ''}\n" for n in range(half))
        return f"☑新增\n号码,号码\n{lines}"

    full = read("form.csv", of(MAX_NUMBERS).encode())
    assert (len(full.entries), full.problems) == (MAX_NUMBERS, ())
    (problem,) = read("form.csv", of(MAX_NUMBERS + 1).encode()).problems
    assert (problem.code, str(problem.place)) == ("too-many-numbers", "form.csv:66:13")


@pytest.mark.parametrize(
    ("line", "word"), [("□新增 □删除 □变更", "none"), ("☑新增 ☑删除 □变更", "more than one")]
)
def test_boxes_must_say_one_thing(line: str, word: str) -> None:
    """No box ticked, or two, is a problem at the cell of the boxes."""
    (problem,) = read("form.csv", FORM.replace("☑新增 □删除 □变更", line).encode()).problems
    assert (problem.code, problem.place.line) == ("operation-unclear", 3)
    assert problem.message.startswith(word)


def test_a_column_says_more_than_the_boxes() -> None:
    """What a row says for itself counts before what is ticked above."""
    text = "☑新增 □删除\n号码,操作,号码,操作\n04778120001,,04778120002,退出\n"
    assert [entry.operation for entry in read("form.csv", text.encode()).entries] == [
        Operation.ADD,
        Operation.REMOVE,
    ]


def test_a_signature_ends_all_lists() -> None:
    """What stands below the seal is no number; a number there is a problem."""
    assert len(numbers(FORM)) == 4
    late = FORM + "5,04778120005,605,6,04778120006,606\n"
    asked = read("form.csv", late.encode())
    assert [problem.code for problem in asked.problems] == ["row-after-signature"] * 2
    assert len(asked.entries) == 4


def test_a_contract_takes_a_form_that_adds() -> None:
    """A form whose operations all add is read as the number rows of a contract."""
    read_rows = rows("form.csv", FORM.encode())
    assert read_rows.problems == ()
    assert [row.get("long_number") for row in read_rows.rows] == [f"0477812000{n}" for n in range(1, 5)]


@pytest.mark.parametrize(
    "text",
    [
        FORM.replace("☑新增 □删除", "□新增 ☑删除"),
        "IMS固话号码,对应短号码,操作\n04778120001,601,\n04778120002,602,变更\n",
    ],
)
def test_a_contract_takes_no_form_that_removes(text: str) -> None:
    """A form or sheet that removes or changes numbers is not read as the numbers of a contract."""
    problems = rows("form.csv", text.encode()).problems
    assert {problem.code for problem in problems} == {"form-not-add"}
    assert all("contract change" in problem.hint for problem in problems)


def test_a_plain_sheet_is_read_as_before() -> None:
    """A number sheet with a column 操作 that is empty, or says something else, is no form."""
    for cell in ("", "座机"):
        read_rows = rows("numbers.csv", f"IMS固话号码,操作\n04778120001,{cell}\n".encode())
        assert read_rows.problems == ()
        assert len(read_rows.rows) == 1


def test_a_file_without_list_is_told() -> None:
    """Something that names no column of numbers is a problem, not an empty list."""
    assert [problem.code for problem in read("form.csv", "集团成员变更单\na,b\n".encode()).problems] == [
        "no-header"
    ]
    assert [problem.code for problem in read("form.csv", "号码,短号\n".encode()).problems] == ["no-numbers"]
    assert form("a,b\n").operation is None


def workbook(numbers: list[list[object]], boxes: str = "□新增 ☑删除 □变更") -> bytes:
    """A form as Excel has it: merged title and boxes, two lists across, a sheet of its own name."""
    content = BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    page, text = book.add_worksheet("附件5"), book.add_format({"num_format": "@"})
    page.merge_range("A1:F1", "集团成员受理/变更单", text)
    page.merge_range("B2:F2", boxes, text)
    page.write_string("A2", "操作类型")
    for row, cells in enumerate([["序号", "号码", "短号"] * 2, *numbers], start=2):
        for column, cell in enumerate(cells):
            page.write(row, column, cell, text)
    page.merge_range(f"A{len(numbers) + 5}:C{len(numbers) + 5}", "甲方单位（盖章）：", text)
    book.close()
    return content.getvalue()


def test_a_form_as_a_spreadsheet() -> None:
    """An Excel form is read like one in CSV; places are its sheet and cells."""
    asked = read("form.xlsx", workbook([["1", "04778120001", "601", "2", "04778120002", "602"]]))
    assert asked.problems == ()
    assert [(e.operation, e.long_number) for e in asked.entries] == [
        (Operation.REMOVE, "04778120001"),
        (Operation.REMOVE, "04778120002"),
    ]
    assert str(asked.entries[1].place("long_number")) == "form.xlsx:附件5:E4"
    assert str(asked.entries[1].place("operation")) == "form.xlsx:附件5:B2"


def test_a_number_stored_as_a_number_is_refused() -> None:
    """A number that Excel took for a number is a problem at its cell, in the second list too."""
    asked = read("form.xlsx", workbook([["1", "04778120001", "601", "2", 4778120002, "602"]]))
    assert [(problem.code, problem.place.cell) for problem in asked.problems] == [("number-not-text", "E4")]
    boxes = read("form.xlsx", workbook([["1", "04778120001", "601"]], "□新增 □删除 □变更"))
    assert [(problem.code, problem.place.cell) for problem in boxes.problems] == [("operation-unclear", "B2")]


def test_a_contact_above_the_seal_is_no_seat() -> None:
    """A signature word in a row with a number is a problem at that cell, in a form and in a number sheet."""
    line = "经办人：李四,04778129999,,,,\n甲方单位"
    (problem,) = read("form.csv", FORM.replace("甲方单位", line).encode()).problems
    assert (problem.code, str(problem.place)) == ("row-without-seat", "form.csv:8:1")
    assert "经办人" in problem.message
    plain = "姓名,IMS固话号码\n王五,04778120001\n经办人：李四,04778129999\n甲方（盖章）：,\n"
    for found in (rows("n.csv", plain.encode()), read("n.csv", plain.encode())):
        assert [(p.code, str(p.place)) for p in found.problems] == [("row-without-seat", "n.csv:3:1")]


@pytest.mark.parametrize("name", ["公章管理室", "甲方代表办公室（二楼）", "签字笔厂"])
def test_a_department_with_such_a_word_is_a_seat(name: str) -> None:
    """A word of signatures within a name makes no signature."""
    text = f"部门,IMS固话号码\n{name},04778120001\n"
    assert (rows("n.csv", text.encode()).problems, len(read("n.csv", text.encode()).entries)) == ((), 1)


@pytest.mark.parametrize(
    "header", ["原号码,新号码", "旧号码,新号码", "序号,原号码,新号码", "变更前号码,变更后号码"]
)
def test_a_form_of_former_and_new_numbers(header: str) -> None:
    """原号码 and 新号码 without a column of numbers are a change of numbers, across the page too."""
    counted = header.startswith("序号")
    line = ",".join(f"{n}," * counted + f"0477812000{n},0477812010{n}" for n in (1, 2))
    text = f"集团成员改号申请表\n联系人,电话号码\n{header},{header}\n{line}\n"
    asked = read("form.csv", text.encode())
    assert asked.problems == ()
    assert [(entry.long_number, entry.former) for entry in asked.entries] == [
        (f"0477812010{n}", f"0477812000{n}") for n in (1, 2)
    ]


def test_such_a_form_as_a_spreadsheet_is_read_to_its_end() -> None:
    """In a workbook the form is found by 原号码, beside a sheet of notes, and read beyond its first rows."""
    content = BytesIO()
    workbook = xlsxwriter.Workbook(content, {"in_memory": True})
    workbook.add_worksheet("说明").write_string("A1", "请如实填写")
    page = workbook.add_worksheet("改号")
    for row, cells in enumerate(
        [("原号码", "新号码"), *((f"0477812{n:04}", f"0477813{n:04}") for n in range(60))]
    ):
        for column, text in enumerate(cells):
            page.write_string(row, column, text)
    workbook.close()
    asked = read("form.xlsx", content.getvalue())
    assert (len(asked.entries), asked.problems) == (60, ())


def test_a_new_number_needs_the_former_one() -> None:
    """In such a form a new number alone is nobody's, and adds no seat."""
    (problem,) = read("form.csv", "原号码,新号码\n,04778120101\n".encode()).problems
    assert (problem.code, str(problem.place)) == ("former-missing", "form.csv:2:2")


def test_a_notice_beside_a_number_stays_one() -> None:
    """Beside a column of numbers 新号码 is the notice, as in any number sheet."""
    (entry,) = read("n.csv", "号码,原号码,新号码\n04778120101,04778120001,04778120101\n".encode()).entries
    assert (entry.former, entry.row.get("changed_to")) == ("04778120001", "04778120101")


@pytest.mark.parametrize("above", [0, 19, 25, 29])
def test_the_header_is_looked_for_in_thirty_rows(above: int) -> None:
    """Number sheets, forms and sheets of passwords all find a header within the first thirty rows."""
    title = "某单位,\n" * above
    assert rows("n.csv", f"{title}IMS固话号码,姓名\n04778120001,张某\n".encode()).problems == ()
    assert read("n.csv", f"{title}号码,姓名\n04778120001,张某\n".encode()).problems == ()
    assert passwords(f"{title}号码,密码\n04778120001,Geheim\n") == {"04778120001": "Geheim"}


def passwords(text: str) -> dict[str, str]:
    return dict(password_sheet.read("secret.csv", text.encode()).by_number)


def test_problems_have_a_limit() -> None:
    """A column of faults is told of up to a limit, and then no further."""
    text = "号码,操作\n" + "".join(f"0477{n:08},变\n" for n in range(20000000, 20000000 + 11_000))
    asked = read("form.csv", text.encode())
    assert len(asked.problems) <= MAX_PROBLEMS + 2
    assert "too-many-problems" in {problem.code for problem in asked.problems}


def test_a_sheet_headed_as_forms_are() -> None:
    """A plain sheet with 号码 is read as a contract's numbers."""
    found = rows("n.csv", "号码,短号\n04778120001,601\n".encode())
    assert (found.problems, [row.get("short_number") for row in found.rows]) == ((), ["601"])


def test_a_cell_in_which_nobody_sees_anything_is_empty() -> None:
    """Zero-width and no-break spaces alone neither change nor clear, nor make a row."""
    text = "号码,姓名,短号\n04778120001,\u200b,\u00a0\n\u200b,\u00a0,\u200b\n"
    asked = read("n.csv", text.encode())
    assert asked.problems == ()
    (entry,) = asked.entries
    assert (set(entry.row.values), entry.clears) == ({"long_number"}, frozenset())


@pytest.mark.parametrize(
    ("said", "operation"),
    [("新增成员", Operation.ADD), ("删除号码", Operation.REMOVE), ("其他", Operation.CHANGE)],
)
def test_a_row_says_it_as_a_box_would(said: str, operation: Operation) -> None:
    """What may stand beside a box may stand in the column 操作."""
    asked = read("form.csv", f"号码（长号）,操作（增加/删除）\n04778120001,{said}\n".encode())
    assert asked.problems == ()
    assert [entry.operation for entry in asked.entries] == [operation]


@pytest.mark.parametrize(
    "header", ["号码,原短号,新短号", "号码,短号,新短号（4位）", "号码,旧短号,变更后短号"]
)
def test_a_short_number_change(header: str) -> None:
    """新短号 is the short number that the seat gets; the one beside it is the one so far."""
    asked = read("form.csv", f"{header}\n04778120001,6001,6901\n".encode())
    assert asked.problems == ()
    (entry,) = asked.entries
    assert (entry.row.get("short_number"), entry.former_short) == ("6901", "6001")
    assert str(entry.place("former_short")) == "form.csv:2:13"
    assert dict(entry.row.extra) == {}


@pytest.mark.parametrize(
    "above",
    ["新增,,删除,", "删除成员,,,", "办理业务,删除,,"],
    ids=["over-each-list", "alone", "unknown-label"],
)
def test_the_word_for_removing_above_a_list_is_not_passed_over(above: str) -> None:
    """新增 over one list and 删除 over the other: nobody is removed by it, and it is told."""
    form = f"{above}\n号码,短号,号码,短号\n04778120001,601,04778120002,602\n"
    [problem] = read("form.csv", form.encode()).problems
    assert (problem.code, problem.place.line) == ("operation-unclear", 1)
    assert "操作" in problem.hint
    by_row = f"{above}\n号码,短号,操作,\n04778120001,601,删除,\n"
    assert read("form.csv", by_row.encode()).problems == ()
