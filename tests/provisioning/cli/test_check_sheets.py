"""`seatline check` with spreadsheets, as a person and as a program see it."""

from __future__ import annotations

import json
from pathlib import Path

from .quick_start import Done, seatline

SHEETS = Path(__file__).parents[1] / "intake" / "sheets"
CONTRACT = """contract: demo-2025
customer: {name: 某单位}
operator: {name: 某运营商}
term: {from: 2025-07-01, to: 2025-12-31}
calls:
  increment: 60
  rates: {internal: "0", local: "0.06", domestic: "0.06", service: "0.06", hmt: closed, international: closed}
  incoming: "0"
site:
  name: demo
  area_code: "0870"
  numbers: SHEET
  ims: {domain: ims.example.net, proxy: "sip:127.0.0.1:5070"}
"""


def check(folder: Path, sheet: str, *options: str) -> Done:
    (folder / "demo.yaml").write_text(CONTRACT.replace("SHEET", sheet), encoding="utf-8")
    (folder / sheet).write_bytes((SHEETS / sheet).read_bytes())
    done = seatline("check", "demo.yaml", *options, folder=folder)
    assert "Traceback" not in done.stderr
    return done


def test_a_sound_workbook_is_counted(tmp_path: Path) -> None:
    """The annex as LibreOffice writes it is four seats without a problem."""
    done = check(tmp_path, "annex.ods", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"problems": [], "warnings": [], "seats": 4})


def test_a_person_reads_sheet_and_cell(tmp_path: Path) -> None:
    """Each fault is a line with file, sheet and cell, and below it what to do."""
    done = check(tmp_path, "faults.xls")
    assert done.returncode == 3
    lines = done.stderr.splitlines()
    assert "faults.xls:号码:A3: problem: long_number: 8702120002 is stored as a number, not as text" in lines
    assert any(line.startswith("    give column A the cell format Text (文本)") for line in lines)
    assert any(line.startswith("faults.xls:旧表: warning: the hidden sheet") for line in lines)
    assert lines[-1] == "7 problems"


def test_a_program_reads_sheet_and_cell(tmp_path: Path) -> None:
    """As JSON a fault in a workbook has sheet and cell, and neither line nor column."""
    done = check(tmp_path, "faults.xls", "--json")
    assert done.returncode == 3
    [found] = [each for each in json.loads(done.stdout)["problems"] if each["cell"] == "D8"]
    assert {key: found[key] for key in ("code", "file", "line", "column", "sheet")} == {
        "code": "digits-lost",
        "file": "faults.xls",
        "line": None,
        "column": None,
        "sheet": "号码",
    }


def test_a_sheet_may_stand_beside_the_contract_that_names_it(tmp_path: Path) -> None:
    """`check demo.yaml annex.ods` reads the sheet once, with its contract."""
    done = check(tmp_path, "annex.ods", "./annex.ods", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"problems": [], "warnings": [], "seats": 4})


def test_a_sheet_alone_is_no_contract_file(tmp_path: Path) -> None:
    """A workbook or a CSV file in a contract file's place is called what it is, not broken text."""
    (tmp_path / "numbers.csv").write_text("长号,短号\n08702120001,6001\n", encoding="utf-8")
    (tmp_path / "annex.ods").write_bytes((SHEETS / "annex.ods").read_bytes())
    done = seatline("check", "numbers.csv", "annex.ods", "--json", folder=tmp_path)
    assert done.returncode == 3
    told = [(each["code"], each["file"]) for each in json.loads(done.stdout)["problems"]]
    assert told == [("not-a-contract", "numbers.csv"), ("not-a-contract", "annex.ods")]
