"""A contract with every feature and rule at the command line: checked, recorded, shown, found, changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from .quick_start import Done, seatline

CASE = Path(__file__).parents[2] / "golden/promises"


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A folder with the golden case's contract recorded."""
    for name in ("contract.yaml", "numbers.csv"):
        shutil.copy(CASE / name, tmp_path / name)
    run(tmp_path, "db", "upgrade")
    run(tmp_path, "contract", "add", "contract.yaml")
    return tmp_path


def run(folder: Path, *arguments: str, code: int = 0) -> Done:
    done = seatline(*arguments, folder=folder)
    assert "Traceback" not in done.stderr
    assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
    return done


def test_it_is_checked_without_a_word(office: Path) -> None:
    """Six seats that use every feature are without problem and warning."""
    found = json.loads(run(office, "check", "contract.yaml", "--json").stdout)
    assert (found["problems"], found["seats"]) == ([], 6)
    assert run(office, "check", "contract.yaml").stderr == ""


def test_it_is_shown(office: Path) -> None:
    """What the contract allows and forbids is shown a line each, and who answers the main number."""
    shown = run(office, "contract", "show", "promises-2026").stdout.splitlines()
    for line in (
        "policy: outgoing hours 08:00-19:00, mon-fri",
        "policy: closed on 2025-10-01, 2025-10-02",
        "policy: whoever called is called back within 24 hours at any time",
        "policy: 6 calls a minute begun by one seat",
        "policy: 2 calls at once of one seat",
        "policy: only seats that name it call international",
        "policy: mobiles call with their seat's number",
        "policy: forwarding open",
        "switchboard: operators 08702120001, 08702120002, open 08:30-18:00, mon-sat",
    ):
        assert line in shown


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("08702120105", "08702120005"),
        ("6801", "08702120001"),
        ("13900138001", "08702120002"),
        ("08702120005", "08702120005"),
    ],
)
def test_it_is_found(office: Path, text: str, number: str) -> None:
    """A seat is found by its second number, its mobile's short number and a number that rings with it."""
    found = json.loads(run(office, "lookup", text, "--on", "2025-12-01", "--json").stdout)
    assert found[0]["long_number"] == number


def test_a_new_number_finds_the_old_one(office: Path) -> None:
    """Whoever looks for the new number of a changed one finds both."""
    found = json.loads(run(office, "lookup", "08702120005", "--on", "2025-12-01", "--json").stdout)
    assert {seat["long_number"] for seat in found} == {"08702120005", "08702120006"}


def test_its_sheet_says_the_same(office: Path) -> None:
    """The sheet that is written from the ledger, read as the contract's own, changes nothing."""
    run(office, "sheet", "new", "promises-2026", "--to", "numbers.xlsx")
    text = (office / "contract.yaml").read_text(encoding="utf-8")
    (office / "contract.yaml").write_text(text.replace("numbers.csv", "numbers.xlsx"), encoding="utf-8")
    assert "recorded so already" in run(office, "contract", "add", "contract.yaml").stdout


def test_it_is_changed(office: Path) -> None:
    """Forwarding and rights are changed by a sheet, and a target that is not open is refused at its cell."""
    (office / "change.csv").write_text(
        "long_number,遇忙前转,呼叫权限\n08702120001,13900138009,-\n", encoding="utf-8"
    )
    change = ("contract", "change", "promises-2026", "change.csv", "--from", "2025-12-01")
    told = run(office, *change).stdout
    assert "forward_busy: nothing -> 13900138009" in told
    assert "zones: +international;-service -> nothing" in told
    (office / "change.csv").write_text("long_number,遇忙前转\n08702120001,0085221234567\n", encoding="utf-8")
    refused = run(office, *change, code=3).stderr
    assert "change.csv:2:13: problem: forward_busy: 0085221234567 is hmt" in refused
