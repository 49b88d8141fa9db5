"""Sheets written, changed and read back at the command line; passwords; the day of a change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provisioning import wiring
from provisioning.store.ledger import open_ledger

from .quick_start import Done, seatline

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

    def run(self, *arguments: str, code: int = 0) -> Done:
        done = seatline(*arguments, folder=self.folder)
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


def test_a_customers_name_is_no_operation(tmp_path: Path) -> None:
    """The sheet we write for a customer called 某市办理注销中心 reads back as a change of nothing."""
    office = Office(tmp_path)
    office.write("form.csv", FORM)
    office.contract(numbers="form.csv")
    text = (tmp_path / "ordos.yaml").read_text(encoding="utf-8")
    office.write("ordos.yaml", text.replace("某卫生服务中心", "某市新增业务办理注销中心"))
    office.run("contract", "add", "ordos.yaml")
    for more in ((), ("--change",)):
        office.run("sheet", "new", "ordos-2025", "--to", "again.xlsx", "--force", *more)
        assert "changes nothing" in office.run("contract", "change", "ordos-2025", "again.xlsx").stdout


def test_prose_above_a_list_removes_no_seat(office: Office) -> None:
    """A note on how numbers are removed, above a list of all seats, removes none of them."""
    text = "操作说明：注销业务须盖章\n集团成员明细表（不含已注销号码）\n" + "\n".join(FORM.splitlines()[2:])
    assert office.change(text)["changes"] == []
    assert len(office.seats()) == 4


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
        "carried": [],
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


def test_a_version_to_come_does_not_swallow_a_change(office: Office) -> None:
    """With a version still to come the clerk says which day is meant; an earlier one changes both."""
    office.change("号码,姓名\n04778120001,张某\n", "--from", "2098-01-01")
    text = "号码,姓名\n04778120002,李某\n"
    office.write("change.csv", text)
    before = wiring.today()
    refused = office.run("contract", "change", "ordos-2025", "change.csv", code=1).stderr
    assert "version 2 from 2098-01-01 on" in refused
    days = {before, wiring.today()}  # midnight may have passed
    assert [day for day in days if f"--from {day} changes what is in force" in refused]
    assert office.versions() == [(1, "2025-10-01"), (2, "2098-01-01")]
    dry = office.run("contract", "change", "ordos-2025", "change.csv", "--from", "2097-01-01", "--dry-run")
    assert "the version to come from 2098-01-01 on would have the change too" in dry.stdout
    assert office.change(text, "--from", "2097-01-01")["carried"] == ["2098-01-01"]
    assert office.versions() == [(1, "2025-10-01"), (2, "2097-01-01"), (3, "2098-01-01")]
    names = [seat.get("name") for seat in office.seats().values()]
    assert names[:2] == ["张某", "李某"]
    (then,) = office.json("lookup", "04778120001", "--on", "2097-06-01")
    assert then["name"] is None
    (then,) = office.json("lookup", "04778120002", "--on", "2097-06-01")
    assert then["name"] == "李某"


def test_an_old_file_does_not_undo_a_change(office: Office) -> None:
    """A contract file from before a change is refused, each number named, until its sheet has the change;
    with --force it takes the change back, which is shown."""
    office.change(CHANGE, "--from", "2025-11-01")
    refused = office.run("contract", "add", "ordos.yaml", "--from", "2025-12-01", code=1).stderr
    for said in (
        "04778120009, added since, would be removed",
        "04778120005, added since, would be removed",
        "04778120003, removed since, would be added",
        "04778120002, removed since, would be added",
        "04778120001 would have its former name",
        "seatline sheet new ordos-2025 --to FILE.xlsx --force",
        "Nothing was recorded",
    ):
        assert said in refused
    assert office.versions() == [(1, "2025-10-01"), (2, "2025-11-01")]
    office.run("sheet", "new", "ordos-2025", "--to", "numbers.xlsx", "--force")
    office.contract()
    assert office.json("contract", "add", "ordos.yaml")["unchanged"] == ["ordos-2025"]
    office.contract(numbers="form.csv")
    done = office.run("contract", "add", "ordos.yaml", "--from", "2025-12-01")
    assert done.stdout.splitlines()[0] == (
        "ordos-2025: version 3 from 2025-12-01, 4 seats: 2 added, 1 changed, 2 removed"
    )
    assert "~ 04778120001  name: 张某 -> nothing" in done.stdout


def test_force_takes_a_change_back(office: Office) -> None:
    """Who means to record the older file says --force; a program gets what it did, seat by seat."""
    office.change("号码,姓名\n04778120001,张某\n", "--from", "2025-11-01")
    office.run("contract", "add", "ordos.yaml", "--from", "2025-12-01", code=1)
    (done,) = office.json("contract", "add", "ordos.yaml", "--from", "2025-12-01", "--force")["recorded"]
    assert {action: done["changes"][action] for action in ("add", "change", "remove")} == {
        "add": 0,
        "change": 1,
        "remove": 0,
    }
    (seat,) = done["changes"]["seats"]
    assert seat["values"] == [{"column": "name", "before": "张某", "after": None}]


def test_many_changed_seats_are_told_in_short(office: Office) -> None:
    """A file that changes many seats tells the first twenty, and how many there are."""
    rows = "".join(f"047781201{n:02},6{n:02},\n" for n in range(10, 40))
    office.write("long.csv", f"号码,短号,姓名\n{rows}")
    office.contract(numbers="long.csv")
    said = office.run("contract", "add", "ordos.yaml", "--from", "2025-12-01").stdout.splitlines()
    assert said[0].endswith("30 seats: 30 added, 0 changed, 4 removed")
    assert len(said) == 22
    assert said[-1] == "and 14 more seats"


def test_a_file_does_not_drop_a_version_to_come(office: Office) -> None:
    """A file recorded from a day before a version still to come would drop it, so it has to be meant."""
    office.contract(", changes_by: 15", numbers="form.csv")
    office.run("contract", "add", "ordos.yaml", "--from", "2098-01-01")
    office.contract(", notice_days: 30", numbers="form.csv")
    refused = office.run("contract", "add", "ordos.yaml", "--from", "2097-01-01", code=1).stderr
    assert "version 2 is still to come, from 2098-01-01 on" in refused
    assert office.versions()[-1] == (2, "2098-01-01")
    office.run("contract", "add", "ordos.yaml", "--from", "2097-01-01", "--force")
    assert office.versions()[-1] == (2, "2097-01-01")


def test_what_each_version_changed_is_shown(office: Office) -> None:
    """`contract show` says of each later version how many seats it changed, and whether anything else."""
    office.change(CHANGE, "--from", "2025-11-01")
    office.run("sheet", "new", "ordos-2025", "--to", "numbers.xlsx")
    office.contract(", notice_days: 30")
    office.run("contract", "add", "ordos.yaml", "--from", "2025-12-01")
    shown = office.run("contract", "show", "ordos-2025").stdout.splitlines()
    assert shown[1:4] == [
        "version 1 from 2025-10-01",
        "version 2 from 2025-11-01: seats: 2 added, 1 changed, 2 removed",
        "version 3 from 2025-12-01: terms changed",
    ]
    told = office.json("contract", "show", "ordos-2025")["versions"]
    assert [version["changes"] for version in told] == [
        None,
        {"add": 2, "change": 1, "remove": 2, "else": False},
        {"add": 0, "change": 0, "remove": 0, "else": True},
    ]


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


def test_the_password_of_a_new_number_follows(office: Office) -> None:
    """What the note on a missing password says works: the sheet anew, then the password, then the file."""
    office.contract(passwords=", passwords: secret.csv", numbers="form.csv")
    words = "".join(f"0477812000{n},Geheim-{n}\n" for n in range(1, 5))
    office.write("secret.csv", f"号码,密码\n{words}")
    office.run("contract", "add", "ordos.yaml")
    office.write("change.csv", "原号码,号码\n04778120001,04778120009\n")
    done = office.run("contract", "change", "ordos-2025", "change.csv", "--from", "2025-11-01")
    assert "password of 04778120009 is not in the ledger yet" in done.stderr
    assert "seatline sheet new ordos-2025 --to FILE.xlsx --force" in done.stderr
    office.run("sheet", "new", "ordos-2025", "--to", "numbers.xlsx", "--force")
    office.contract(passwords=", passwords: secret.csv")
    office.write("secret.csv", f"号码,密码\n{words.replace('04778120001', '04778120009')}")
    added = office.run("contract", "add", "ordos.yaml")
    assert "recorded so already" in added.stdout
    assert office.versions() == [(1, "2025-10-01"), (2, "2025-11-01")]
    with open_ledger(f"sqlite:///{office.folder / 'seatline.db'}", create=False) as ledger:
        assert ledger.ims_passwords("ordos-2025")["04778120009"] == "Geheim-1"
