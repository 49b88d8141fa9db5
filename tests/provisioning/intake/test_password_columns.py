"""Passwords among the numbers are refused, and never quoted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from provisioning.intake.change_sheet import read as read_changes
from provisioning.intake.change_sheet import rows
from provisioning.intake.contract_file import Reading
from provisioning.intake.headers import names_password
from provisioning.intake.number_rows import sheet_rows

Read = Callable[[Mapping[str, str | bytes]], Reading]
MakeBook = Callable[..., bytes]

HEADERS = [
    *(
        "密码",
        "口令",
        "鉴权口令",
        "SIP密码",
        "认证密码",
        "IMS 鉴权密码",
        "初始密码",
        "密 码",
        "ＰＡＳＳＷＯＲＤ",
    ),
    *("password", "Secret", "sip_secret", "SIP passwd", "pwd", "密钥", "注册密码（初始）"),
]
CONTRACT = """
contract: zhaotong-2025
customer: {name: 某办公室}
operator: {name: 某运营商}
term: {from: 2025-07-01, to: 2025-12-31}
site:
  name: zhaotong
  area_code: "0870"
  numbers: __NUMBERS__
  ims: {domain: ims.example.net, proxy: "sip:127.0.0.1:5070", register: seat, passwords: secret.csv}
"""
SECRET = "号码,密码\n08702120001,Geheim-1\n"


@pytest.mark.parametrize("header", HEADERS)
def test_a_column_of_passwords_is_refused(header: str) -> None:
    """In a number sheet, a change and a form; at the header's cell, and no cell of the column is told."""
    sheet = f"IMS固话号码,姓名,{header}\n08702120001,张某,Geheim-1\nGeheim-2,,08702120002\n"
    form = f"☑新增\n号码,{header},号码,{header}\n08702120001,Geheim-1,08702120002,Geheim-2\n"
    for text, line in ((sheet, 1), (form, 2)):
        for found in (rows("n.csv", text.encode()), read_changes("n.csv", text.encode())):
            (problem,) = found.problems
            assert (problem.code, problem.place.line) == ("password-in-number-sheet", line)
            assert "site.ims.passwords" in problem.hint
            assert "Geheim" not in repr(found)
    assert [p.code for p in sheet_rows("n.csv", sheet.encode()).problems] == ["password-in-number-sheet"]


@pytest.mark.parametrize("header", ["秘书", "secretary", "备注", "房间", "鉴权用户", "pinyin", "compass"])
def test_other_columns_are_kept(header: str) -> None:
    """A header that merely looks like one is a column of one's own."""
    assert not names_password(header)
    assert rows("n.csv", f"长号,{header}\n08702120001,x\n".encode()).problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "号码信息,IMS\n长号,密码\n08702120001,Geheim\n",
        "长号,IMS\n,密码\n08702120001,Geheim\n",
        "备注,密码,\n,,长号\n门卫,Geheim,08702120001\n",
        "长号,密码\n备注,短号\n08702120001,Geheim\n",
        "长号\n" + "".join(f"0870212{n:04}\n" for n in range(40)) + "长号,密码\n08702120001,Geheim\n",
        "原号码,新号码,密码\n08702120001,08702120009,Geheim\n",
    ],
)
def test_in_a_header_of_two_rows_or_of_another_page(text: str) -> None:
    """The word may stand in either row of a header, or on the second page only."""
    found = read_changes("n.csv", text.encode())
    assert [problem.code for problem in found.problems] == ["password-in-number-sheet"]
    assert "Geheim" not in repr(found)


def test_a_note_on_passwords_is_no_column() -> None:
    """A sentence above the list that speaks of passwords is passed over."""
    text = "密码另行通知，请勿填入本表\n长号,短号\n08702120001,6001\n"
    assert rows("n.csv", text.encode()).problems == ()


def test_a_key_of_an_inline_row(read: Read) -> None:
    """Rows in the contract file are refused at the key."""
    numbers = '[{long_number: "08702120001", 口令: Geheim}, {long_number: "08702120002", 口令: Geheim}]'
    reading = read({"x.yaml": CONTRACT.replace("__NUMBERS__", numbers), "secret.csv": SECRET})
    told = [problem for problem in reading.problems if problem.code == "password-in-number-sheet"]
    assert [(str(problem.place)) for problem in told] == ["x.yaml:9:42"]
    assert "Geheim" not in repr(reading)


@pytest.mark.parametrize("name", ["secret.csv", "./secret.csv"])
def test_one_file_for_both(read: Read, name: str) -> None:
    """numbers and passwords that name the same file are refused, whatever it holds."""
    reading = read({"x.yaml": CONTRACT.replace("__NUMBERS__", name), "secret.csv": SECRET, name: SECRET})
    assert [(p.code, p.place.line) for p in reading.problems] == [("password-in-number-sheet", 9)]
    assert "Geheim" not in repr(reading)


def test_one_workbook_for_both(read: Read, book: MakeBook) -> None:
    """One workbook with a sheet for each is refused too."""
    both = book(
        {
            "号码": {"A1": "长号", "A2": "08702120001"},
            "密码": {"A1": "号码", "B1": "密码", "A2": "08702120001", "B2": "Geheim"},
        }
    )
    text = CONTRACT.replace("__NUMBERS__", "both.xlsx").replace("secret.csv", "both.xlsx")
    reading = read({"x.yaml": text, "both.xlsx": both})
    assert "password-in-number-sheet" in {problem.code for problem in reading.problems}
