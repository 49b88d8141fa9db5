"""Versions of a contract at the command line: which day is taken, what is mended, what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from .quick_start import Done, seatline

FILE = """
contract: zhaotong-2025
customer: {{name: 某办公室}}
operator: {{name: 某运营商}}
term: {{from: 2025-07-01, to: {last}}}
billing: {{starts: 2025-07-01, payment: postpaid}}
recurring:
  - {{item: seat, name: 座机, quantity: seats, unit: "{unit}"}}
calls:
  increment: 60
  rates: {{internal: "0", local: "0.06", domestic: "0.06", service: "0.06", hmt: closed}}
  incoming: "0"
site:
  name: zhaotong
  area_code: "0870"
  main_number: "08702120000"
  short_numbers: {{digits: 4, first: "6"}}
  numbers:
    - {{long_number: "08702120001", short_number: "6001"}}
"""


class Office:
    """seatline in a folder of its own, with one contract file that is written anew for each version."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, unit: str = "24.00", last: str = "2025-12-31") -> None:
        text = FILE.format(unit=unit, last=last)
        (self.folder / "zhaotong.yaml").write_text(text, encoding="utf-8")

    def run(self, *arguments: str, code: int = 0) -> Done:
        done = seatline(*arguments, folder=self.folder)
        assert "Traceback" not in done.stderr
        assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
        return done

    def add(self, *more: str, code: int = 0) -> Any:
        """What `contract add --json` prints; what it says when it fails."""
        done = self.run("contract", "add", "zhaotong.yaml", *more, "--json", code=code)
        return done.stderr if code else json.loads(done.stdout)

    def versions(self) -> list[tuple[int, str]]:
        shown = json.loads(self.run("contract", "show", "zhaotong-2025", "--json").stdout)
        return [(version["version"], version["from"]) for version in shown["versions"]]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """One contract, July to December 2025, recorded."""
    made = Office(tmp_path)
    made.write()
    made.add()
    return made


def test_a_forgotten_day_is_mended(office: Office) -> None:
    """A version recorded without --from is moved by recording the file again with the right day."""
    office.write("30.00", last="2099-12-31")
    taken = office.run("contract", "add", "zhaotong.yaml")
    assert "2026-01-01, the day after its former term" in taken.stderr
    assert taken.stdout.startswith("zhaotong-2025: version 2 from 2026-01-01")
    mended = office.run("contract", "add", "zhaotong.yaml", "--from", "2025-10-01")
    assert "replaces version 2 from 2026-01-01" in mended.stderr
    assert office.versions() == [(1, "2025-07-01"), (2, "2025-10-01")]
    assert office.add("--from", "2025-10-01") == {"recorded": [], "unchanged": ["zhaotong-2025"]}


def test_the_usual_day_of_a_change_is_today(office: Office) -> None:
    """A change within a running term counts from today on, and the command says so."""
    office.write(last="2099-12-31")
    office.add("--from", "2025-10-01")
    office.write("30.00", last="2099-12-31")
    said = office.run("contract", "add", "zhaotong.yaml").stderr
    assert re.search(r"version 3 takes effect on [0-9-]{10}, today", said)
    assert office.versions()[:2] == [(1, "2025-07-01"), (2, "2025-10-01")]
    assert len(office.versions()) == 3


def test_a_change_after_the_term_is_refused(office: Office) -> None:
    """A change of a contract whose term is over would never count: the days that would do are told."""
    office.write("30.00")
    told = office.add(code=1)
    assert "never be in force" in told
    assert "Give a day from 2025-07-01 to 2025-12-31 with --from" in told
    assert office.add("--from", "2025-10-01")["recorded"] == [
        {
            "contract": "zhaotong-2025",
            "version": 2,
            "from": "2025-10-01",
            "seats": 1,
            "changes": {"add": 0, "change": 0, "remove": 0, "seats": []},
        }
    ]


def test_the_past_that_is_billed_stays(office: Office) -> None:
    """A version dated into a closed month is refused with the first open day, and charged from there."""
    office.run("bill", "zhaotong-2025", "--cycle", "2025-07", "--close")
    office.write("30.00")
    told = office.add("--from", "2025-07-15", code=1)
    assert "bill of 2025-07 is closed" in told
    assert "from 2025-08-01" in told
    office.add("--from", "2025-08-01")
    bill = json.loads(office.run("bill", "zhaotong-2025", "--cycle", "2025-08", "--json").stdout)
    assert bill["amount"] == "30.00"


def test_the_switchboard_is_known(office: Office) -> None:
    """The main number, and the customer's name, are answered with their contract."""
    (held,) = json.loads(office.run("lookup", "0870-2120000", "--on", "2025-08-01", "--json").stdout)
    assert (held["name"], held["remark"], held["contract"]) == ("总机", "某办公室", "zhaotong-2025")
    found = json.loads(office.run("lookup", "某办公室", "--on", "2025-08-01", "--json").stdout)
    assert [one["long_number"] for one in found] == ["08702120000", "08702120001"]
