"""Sheets written, changed and read back at the command line; passwords; the day of a change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from provisioning import wiring
from provisioning.store.ledger import open_ledger

FILE = """
contract: ordos-2025
customer: {name: 某卫生服务中心}
operator: {name: 某运营商}
term: {from: 2025-10-01, to: 2099-12-31__CLAUSE__}
billing: {starts: 2025-10-01, payment: postpaid}
recurring:
  - {item: seat, name: 座机, quantity: seats, unit: "24.00"}
site:
  name: ordos
  area_code: "0477"
  short_numbers: {digits: 3, first: "6"}
  numbers: numbers.xlsx
  ims: {domain: ims.example.net, proxy: "sip:127.0.0.1:5070", register: seat__PASSWORDS__}
"""
FORM = """集团成员受理/变更单,,,,,
操作类型：☑新增 □删除 □变更,,,,,
序号,号码,短号,序号,号码,短号
1,04778120001,601,3,04778120003,603
2,04778120002,602,4,04778120004,604
甲方单位（盖章）：,,,,,
"""


class Office:
    """seatline in a folder of its own, with one contract of four numbers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def contract(self, clause: str = "", passwords: str = "", numbers: str = "numbers.xlsx") -> None:
        text = FILE.replace("__CLAUSE__", clause).replace("__PASSWORDS__", passwords)
        self.write("ordos.yaml", text.replace("numbers.xlsx", numbers))

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("SEATLINE")}
        done = subprocess.run(
            [sys.executable, "-m", "provisioning", *arguments],
            cwd=self.folder, env=clean, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
        return done

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    def change(self, text: str, *more: str, code: int = 0) -> Any:
        self.write("change.csv", text)
        return self.json("contract", "change", "ordos-2025", "change.csv", *more, code=code)

    def seats(self) -> dict[str, dict[str, Any]]:
        shown = self.json("contract", "show", "ordos-2025")["contract"]
        return {seat["long_number"]: seat for seat in shown["site"]["seats"]}

    def versions(self) -> list[tuple[int, str]]:
        shown = self.json("contract", "show", "ordos-2025")
        return [(version["version"], version["from"]) for version in shown["versions"]]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A contract recorded from a member form that adds four numbers."""
    made = Office(tmp_path)
    made.write("form.csv", FORM)
    made.contract(numbers="form.csv")
    made.run("contract", "add", "ordos.yaml")
    return made


def test_a_contract_is_recorded_from_a_member_form(office: Office) -> None:
    """A form of two lists across that adds all its numbers is the number list of a contract."""
    assert {number: seat["short_number"] for number, seat in office.seats().items()} == {
        f"0477812000{n}": f"60{n}" for n in range(1, 5)
    }


def test_a_sheet_is_written_and_read_back(office: Office) -> None:
    """`sheet new` of a recorded contract reads back as that contract, and as a change of nothing."""
    told = office.json("sheet", "new", "ordos-2025", "--to", "numbers.xlsx")
    assert told == {"file": "numbers.xlsx", "contract": "ordos-2025", "seats": 4}
    office.contract()
    assert office.json("contract", "add", "ordos.yaml") == {"recorded": [], "unchanged": ["ordos-2025"]}
    office.run("sheet", "new", "ordos-2025", "--to", "change.xlsx", "--change")
    unchanged = office.run("contract", "change", "ordos-2025", "change.xlsx").stdout
    assert "changes nothing" in unchanged
    assert office.versions() == [(1, "2025-10-01")]


def test_a_sheet_for_a_contract_to_come(tmp_path: Path) -> None:
    """A contract file whose sheet is still missing gets an empty one, and is then only short of numbers."""
    office = Office(tmp_path)
    office.contract()
    assert office.json("sheet", "new", "ordos.yaml", "--to", "numbers.xlsx")["seats"] == 0
    problems = office.json("check", "ordos.yaml", code=3)["problems"]
    assert {problem["code"] for problem in problems} == {"no-numbers"}
    office.write("broken.yaml", "contract: 7\n")
    told = office.json("sheet", "new", "broken.yaml", "--to", "x.xlsx", code=3)
    assert told["problems"]
    assert not (tmp_path / "x.xlsx").exists()


def test_no_sheet_is_written_over(office: Office) -> None:
    """A file that is there stays without --force; another ending and an unknown contract are refused."""
    file = office.folder / "numbers.xlsx"
    file.write_bytes(b"mine")
    assert "--force" in office.run("sheet", "new", "ordos-2025", "--to", "numbers.xlsx", code=1).stderr
    assert file.read_bytes() == b"mine"
    office.run("sheet", "new", "ordos-2025", "--to", "numbers.xlsx", "--force")
    assert file.read_bytes().startswith(b"PK")
    assert ".xlsx" in office.run("sheet", "new", "ordos-2025", "--to", "numbers.csv", code=1).stderr
    assert "no contract nobody" in office.run("sheet", "new", "nobody", "--to", "n.xlsx", code=1).stderr


CHANGE = """号码,短号,姓名,原号码,操作
04778120001,,张某,,
04778120009,,,04778120002,
04778120003,,,,删除
04778120005,605,,,增加
"""


def test_a_change_is_shown_and_recorded(office: Office) -> None:
    """Names, a number change, a removal and a new seat: shown seat by seat, then a version of their own."""
    dry = office.change(CHANGE, "--from", "2025-11-01", "--dry-run")
    assert (dry["recorded"], dry["version"], office.versions()) == (False, None, [(1, "2025-10-01")])
    done = office.run("contract", "change", "ordos-2025", "change.csv", "--from", "2025-11-01")
    assert done.stdout.splitlines() == [
        "- 04778120003  short_number 603",
        "~ 04778120001  name: nothing -> 张某",
        "~ 04778120009  had the number 04778120002",
        "+ 04778120005  short_number 605",
        "ordos-2025: 1 added, 2 changed, 1 removed; version 2, 4 seats, from 2025-11-01, as --from says",
    ]
    assert office.versions() == [(1, "2025-10-01"), (2, "2025-11-01")]
    seats = office.seats()
    assert list(seats) == ["04778120001", "04778120009", "04778120004", "04778120005"]
    assert (seats["04778120001"]["short_number"], seats["04778120001"]["name"]) == ("601", "张某")
    assert seats["04778120009"]["short_number"] == "602"
    (then,) = office.json("lookup", "602", "--on", "2025-10-31")
    (now,) = office.json("lookup", "602", "--on", "2025-11-01")
    assert (then["long_number"], now["long_number"]) == ("04778120002", "04778120009")


def test_what_json_says_of_a_change(office: Office) -> None:
    """Programs get each seat with its columns before and after, and the counts."""
    told = office.change("号码,短号\n04778120001,611\n", "--from", "2025-11-01")
    assert told == {
        "contract": "ordos-2025",
        "version": 2,
        "from": "2025-11-01",
        "recorded": True,
        "changes": [
            {
                "action": "change",
                "long_number": "04778120001",
                "former": None,
                "values": [{"column": "short_number", "before": "601", "after": "611"}],
            }
        ],
        "followed": [],
        "add": 0,
        "change": 1,
        "remove": 0,
    }


def test_a_faulty_change_records_nothing(office: Office) -> None:
    """All that is wrong is told with its place, exit code 3, and the ledger stays as it is."""
    told = office.change("号码,短号,操作\n04778120001,602,\n04778120008,,删除\n04778120002,,增加\n", code=3)
    assert [(problem["code"], problem["line"]) for problem in told["problems"]] == [
        *(("seat-unknown", 3), ("seat-there", 4), ("duplicate-short-number", 2)),
    ]
    assert office.versions() == [(1, "2025-10-01")]
    missing = office.run("contract", "change", "ordos-2025", "none.csv", code=3).stderr
    assert "there is no sheet none.csv" in missing
    assert "no contract nobody" in office.run("contract", "change", "nobody", "form.csv", code=1).stderr


def test_all_seats_go_only_by_force(office: Office) -> None:
    """A form that removes every number is refused with the reason, and recorded with --force."""
    removing = FORM.replace("☑新增 □删除", "□新增 ☑删除")
    told = office.change(removing, "--from", "2025-11-01", code=3)
    assert [problem["code"] for problem in told["problems"]] == ["contract-emptied"]
    assert office.change(removing, "--from", "2025-11-01", "--force")["remove"] == 4
    assert office.versions()[-1] == (2, "2025-11-01")


def test_a_change_waits_for_the_day_of_the_clause(office: Office) -> None:
    """With term.changes_by a change counts from a 1st; any other day is refused unless forced."""
    office.contract(", changes_by: 15", numbers="form.csv")
    office.run("contract", "add", "ordos.yaml", "--from", "2025-10-01")
    assert office.versions() == [(1, "2025-10-01")]
    text = "号码,姓名\n04778120001,张某\n"
    office.write("change.csv", text)
    refused = office.run("contract", "change", "ordos-2025", "change.csv", "--from", "2025-11-02", code=1)
    assert "term.changes_by: 15" in refused.stderr
    allowed = wiring.today().replace(day=1)
    told = office.change(text, "--dry-run")
    assert told["from"].endswith("-01")
    assert told["from"] > allowed.isoformat()
    assert office.change(text, "--from", "2025-11-02", "--force")["from"] == "2025-11-02"
    office.contract(", changes_by: 15", numbers="form.csv")
    refused = office.run("contract", "add", "ordos.yaml", "--from", "2025-11-03", code=1)
    assert "Nothing was recorded" in refused.stderr


def test_a_version_to_come_is_not_brought_forward(office: Office) -> None:
    """A change builds on the latest version, so it cannot begin before that one does."""
    office.change("号码,姓名\n04778120001,张某\n", "--from", "2098-01-01")
    office.write("change.csv", "号码,姓名\n04778120002,李某\n")
    refused = office.run("contract", "change", "ordos-2025", "change.csv", "--from", "2097-01-01", code=1)
    assert "in force from 2098-01-01 on" in refused.stderr


def test_passwords_reach_the_ledger_and_no_screen(office: Office) -> None:
    """Passwords beside the contract file are recorded, later ones too, and stand in no output."""
    office.contract(passwords=", passwords: secret.csv", numbers="form.csv")
    office.write("secret.csv", "号码,密码\n04778120001,Geheim-1\n04778120002,Geheim-2\n")
    first = office.run("contract", "add", "ordos.yaml")
    office.write("secret.csv", "号码,密码\n04778120001,Geheim-9\n04778120002,Geheim-2\n")
    second = office.run("contract", "add", "ordos.yaml")
    shown = office.run("contract", "show", "ordos-2025", "--json")
    assert "password of 2 numbers" in first.stderr
    assert "password of 1 number is" in second.stderr
    assert "recorded so already" in second.stderr
    for done in (first, second, shown, office.run("contract", "show", "ordos-2025")):
        assert "Geheim" not in done.stdout + done.stderr
    with open_ledger(f"sqlite:///{office.folder / 'seatline.db'}", create=False) as ledger:
        assert dict(ledger.ims_passwords("ordos-2025")) == {
            "04778120001": "Geheim-9",
            "04778120002": "Geheim-2",
        }
    office.write("secret.csv", "号码,密码\n04778120009,Geheim-3\n")
    problems = office.json("contract", "add", "ordos.yaml", code=3)["problems"]
    assert [problem["code"] for problem in problems] == ["password-without-number"]
    assert "Geheim" not in json.dumps(problems)
