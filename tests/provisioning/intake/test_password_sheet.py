"""The operator's passwords are read from a sheet of their own, and never shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from provisioning.intake.contract_file import Reading
from provisioning.intake.password_sheet import read

Read = Callable[[Mapping[str, str | bytes]], Reading]

SHEET = "号码,密码\n08702120001,Geheim-1\n08702120002,Geheim;2\n"
CONTRACT = """
contract: zhaotong-2025
customer: {name: 某办公室}
operator: {name: 某运营商}
term: {from: 2025-07-01, to: 2025-12-31}
site:
  name: zhaotong
  area_code: "0870"
  main_number: "08702120000"
  numbers: [{long_number: "08702120001"}, {long_number: "08702120002"}]
  ims: {domain: ims.example.net, proxy: "sip:127.0.0.1:5070", register: seat, passwords: secret.csv}
"""
FOUND = {"08702120001": "Geheim-1", "08702120002": "Geheim;2"}


@pytest.mark.parametrize(
    "text",
    [
        SHEET,
        SHEET.replace("号码,密码", "IMS固话号码,IMS密码"),
        SHEET.replace("号码,密码", "long_number,password"),
        "密码,备注,号码\nGeheim-1,,08702120001\nGeheim;2,,08702120002\n",
        "中国移动 IMS 开通信息,\n,\n" + SHEET + "乙方（盖章）：,\n2025年7月1日,\n",
        SHEET.replace("08702120001", "０８７０２１２０００１"),
    ],
)
def test_a_sheet_of_passwords(text: str) -> None:
    """Headers in Chinese and English, in any order, a title above and a seal below."""
    found = read("secret.csv", text.encode())
    assert (dict(found.by_number), found.problems) == (FOUND, ())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk"])
def test_in_any_usual_encoding(encoding: str) -> None:
    """With a mark or in GBK it reads the same."""
    assert dict(read("secret.csv", SHEET.encode(encoding)).by_number) == FOUND


FAULTS = [
    ("number-twice", SHEET + "08702120001,Geheim-3\n", "4:1"),
    ("number-missing", SHEET + ",Geheim-3\n", "4:1"),
    ("leading-zero-lost", SHEET + "8702120003,Geheim-3\n", "4:1"),
    ("bad-number", SHEET + "Geheim-3,08702120003\n", "4:1"),
    ("bad-password", SHEET + "08702120003,Geheim３\n", "4:13"),
    ("bad-password", SHEET + '08702120003,"Geheim\n3"\n', "4:13"),
    ("bad-password", SHEET + f"08702120003,{'Geheim' * 30}\n", "4:13"),
    ("bad-password", SHEET + "08702120003,>Geheim3\n", "4:13"),
    ("control-character", SHEET + "08702120003,Geheim\x073\n", "4:19"),
    ("csv-quote", SHEET + '08702120003,"Geheim-3\n', "4:13"),
    ("no-header", SHEET.replace("密码", "Geheim"), "1:1"),
    ("not-utf8", "\ufeff" + SHEET, "1:1"),
]


@pytest.mark.parametrize(("code", "text", "place"), FAULTS)
def test_a_fault_is_told_without_its_cell(code: str, text: str, place: str) -> None:
    """Whatever is wrong is named by its place and never quoted: it may be a password in the wrong column."""
    found = read("secret.csv", text.encode("utf-16" if code == "not-utf8" else "utf-8"))
    (problem,) = found.problems
    assert (problem.code, str(problem.place)) == (code, f"secret.csv:{place}")
    assert "Geheim" not in repr(found)


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("号码,密码,密码", 7),
        ("号码,密码,新密码", 7),
        ("号码,SIP密码,口令", 10),
        ("号码,密码,长号", 7),
        ("长号,号码,密码", 4),
    ],
)
def test_a_second_column_of_one_kind_is_refused(header: str, column: int) -> None:
    """Of two columns of numbers or passwords nobody knows which one is meant: nothing is read, or quoted."""
    found = read("secret.csv", f"{header}\n08702120001,Geheim,Geheim\n".encode())
    assert [(p.code, str(p.place)) for p in found.problems] == [
        ("duplicate-column", f"secret.csv:1:{column}")
    ]
    assert (dict(found.by_number), "Geheim" in repr(found)) == ({}, False)


@pytest.mark.parametrize("header", ["口令", "鉴权口令", "SIP密码", "secret", "sip password"])
def test_the_names_of_the_passwords_column(header: str) -> None:
    """What a number sheet refuses as a password, a sheet of passwords reads; a contact's number is none."""
    found = read("secret.csv", f"电话号码,号码,{header}\n13800138000,08702120001,Geheim-1\n".encode())
    assert (dict(found.by_number), found.problems) == ({"08702120001": "Geheim-1"}, ())


def test_passwords_come_with_the_contract(read: Read) -> None:
    """Reading gives them by contract and number, apart from the contract, and shows them nowhere."""
    reading = read({"x.yaml": CONTRACT, "secret.csv": SHEET})
    assert reading.problems == ()
    assert {id: dict(given) for id, given in reading.ims_passwords.items()} == {"zhaotong-2025": FOUND}
    assert "Geheim" not in repr(reading)
    assert reading.contracts == read({"x.yaml": CONTRACT.replace(", passwords: secret.csv", "")}).contracts


def test_a_password_of_nobody_is_a_problem(read: Read) -> None:
    """A number that the contract does not have is named at its cell; the main number is one of its own."""
    more = SHEET + "08702120000,Geheim-0\n08702120009,Geheim-9\n"
    (problem,) = read({"x.yaml": CONTRACT, "secret.csv": more}).problems
    assert (problem.code, str(problem.place)) == ("password-without-number", "secret.csv:5:1")


def test_a_second_number_has_a_password_of_its_own(read: Read) -> None:
    """A second number registers like a seat's: its password is known, and one that is missing is told."""
    contract = CONTRACT.replace(
        '{long_number: "08702120002"}', '{long_number: "08702120002", second_number: "08702120031"}'
    ).replace("ims:", "features: [two-numbers]\n  ims:")
    missing = read({"x.yaml": contract, "secret.csv": SHEET})
    assert missing.problems == ()
    (warning,) = [one for one in missing.warnings if one.code == "password-missing"]
    assert "08702120031" in warning.message
    whole = read({"x.yaml": contract, "secret.csv": SHEET + "08702120031,Geheim-3\n"})
    assert whole.problems == ()
    assert "password-missing" not in {warning.code for warning in whole.warnings}


def test_the_main_number_of_a_switchboard_has_a_password_of_its_own(read: Read) -> None:
    """A main number with a switchboard registers like a seat's: a password that is missing is told."""
    contract = CONTRACT.replace("ims:", "features: [switchboard]\n  ims:")
    missing = read({"x.yaml": contract, "secret.csv": SHEET})
    (warning,) = [one for one in missing.warnings if one.code == "password-missing"]
    assert "08702120000" in warning.message
    whole = read({"x.yaml": contract, "secret.csv": SHEET + "08702120000,Geheim-0\n"})
    assert "password-missing" not in {warning.code for warning in whole.warnings}


@pytest.mark.parametrize("second", ["", "08702120002,\n"])
def test_a_number_without_password_is_warned_of(read: Read, second: str) -> None:
    """A number that registers and has no password here is named in a warning: the ledger may have it."""
    sheet = "号码,密码\n08702120001,Geheim-1\n" + second
    reading = read({"x.yaml": CONTRACT, "secret.csv": sheet})
    assert reading.problems == ()
    (warning,) = [one for one in reading.warnings if one.code == "password-missing"]
    assert "08702120002" in warning.message
    assert (warning.place.file, warning.place.line) == ("x.yaml", 11)


@pytest.mark.parametrize(
    ("main", "number"), [('  main_number: "08702120000"\n', "08702120000"), ("", "08702120001")]
)
def test_a_trunk_needs_one_password(read: Read, main: str, number: str) -> None:
    """With register: trunk only the main number registers, or the lowest where there is none."""
    trunk = CONTRACT.replace("register: seat", "register: trunk").replace(
        '  main_number: "08702120000"\n', main
    )
    reading = read({"x.yaml": trunk, "secret.csv": f"号码,密码\n{number},Geheim-0\n"})
    assert reading.problems == ()
    assert "password-missing" not in {warning.code for warning in reading.warnings}


def test_a_missing_sheet_of_passwords_is_named(read: Read) -> None:
    """A sheet that is not there is a problem at its key."""
    (problem,) = read({"x.yaml": CONTRACT}).problems
    assert (problem.code, problem.place.line) == ("file-missing", 11)
    assert "secret.csv" in problem.message
