"""suspend, resume, close, stops and complaint, as a clerk types them; no switch is set."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioning.core.cycle import SHANGHAI

from . import quick_start

CONTRACT = """
contract: {id}
customer: {{name: 某单位}}
operator: {{name: 某运营商}}
term: {{from: 2025-07-01, to: 2026-06-30, renewal_months: 12}}
recurring:
  - {{item: seat, name: 座机, quantity: seats, unit: "24.00"}}
  - {{item: retention, name: 停机保号, quantity: seats, unit: "5.00"}}
stated: {{month: "48.00"}}
calls: {{increment: 60, rates: {{internal: "0", local: "0.06"}}, incoming: "0"}}
site:
  name: {id}
  area_code: "0870"
  short_numbers: {{digits: 4, first: "6"}}
  numbers:
    - {{long_number: "{first}", short_number: "6001"}}
    - {{long_number: "{second}", short_number: "6002"}}
"""
ONE, TWO = "08702120001", "08702120002"


class Seatline:
    """seatline in a folder with a contract of two seats in its ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.add("office", ONE, TWO)

    def add(self, id: str, first: str, second: str, *, code: int = 0) -> str:
        text = CONTRACT.format(id=id, first=first, second=second)
        (self.folder / f"{id}.yaml").write_text(text, encoding="utf-8")
        return self("contract", "add", f"{id}.yaml", code=code)

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """All that a command says; it must end with that exit code, and never with a traceback."""
        done: subprocess.CompletedProcess[str] = quick_start.seatline(*arguments, folder=self.folder)
        assert "Traceback" not in done.stderr
        assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def json(self, *arguments: str) -> Any:
        done = quick_start.seatline(*arguments, "--json", folder=self.folder)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def fees(self, month: str) -> dict[str, str]:
        bill = self.json("bill", "office", "--cycle", month)
        return {line["item"]: line["amount"] for line in bill["recurring"]}


@pytest.fixture
def seatline(tmp_path: Path) -> Seatline:
    return Seatline(tmp_path)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Seatline:
    """The same, for commands that record nothing."""
    return Seatline(tmp_path_factory.mktemp("unchanged"))


def in_days(days: int) -> str:
    return f"{datetime.now(SHANGHAI) + timedelta(days=days):%Y-%m-%d}"


def test_a_seat_is_stopped_and_resumed_and_the_bill_knows(seatline: Seatline) -> None:
    """A seat kept from August to October, as its customer asked, costs the retention fee in September."""
    said = seatline("suspend", "office", "--seat", "6001", "--on", "2025-08-10", "--retain")
    assert f"seat {ONE} of office: all calls stopped from 2025-08-10 00:00 (retention)" in said
    assert "no switch is set" in said
    said = seatline("resume", "office", "--seat", "6001", "--on", "2025-10-05")
    assert "ends 2025-10-05 00:00" in said
    assert [seatline.fees(month) for month in ("2025-08", "2025-09", "2025-10")] == [
        {"seat": "48.00"},
        {"seat": "24.00", "retention": "5.00"},
        {"seat": "48.00"},
    ]


def test_what_is_stopped_is_listed(seatline: Seatline) -> None:
    """`stops` tells what is stopped now and what will be; --all tells what is over too."""
    coming = in_days(3)
    seatline("suspend", "office", "--way", "out", "--why", "arrears")
    seatline("suspend", "office", "--seat", ONE, "--on", f"{coming}T18:30")
    seatline("suspend", "office", "--seat", TWO, "--on", "2025-08-01")
    seatline("resume", "office", "--seat", TWO)
    found = seatline.json("stops", "office")
    assert [(one["seat"], one["way"], one["why"], one["in_force"]) for one in found] == [
        (None, "out", "arrears", True),
        (ONE, "both", "customer", False),
    ]
    assert found[1]["since"] == f"{coming}T10:30:00+00:00"
    assert len(seatline.json("stops", "--all")) == 3
    shown = seatline("stops", "--all")
    assert all(word in shown for word in ("stopped", "to come", "over"))


def test_the_helpdesk_sees_who_is_stopped(seatline: Seatline) -> None:
    """`lookup` says of a seat that it is stopped, one way or both, and why; on another day it may not be."""
    seatline("suspend", "office", "--seat", "6001", "--why", "arrears")
    seatline("suspend", "office", "--way", "out")
    assert "  stopped (arrears, customer)" in seatline("lookup", "6001")
    assert "outgoing calls stopped (customer)" in seatline("lookup", "6002")
    assert "stopped" not in seatline("lookup", "6001", "--on", "2025-08-01")


def test_the_same_again_changes_nothing(seatline: Seatline) -> None:
    """A second identical stop is told, not recorded; a resumption of nothing is no fault."""
    assert seatline.json("suspend", "office")["recorded"] is True
    assert seatline.json("suspend", "office")["recorded"] is False
    assert len(seatline.json("resume", "office")["ended"]) == 1
    assert "nothing was stopped" in seatline("resume", "office")
    assert "nothing is stopped" in seatline("stops")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["suspend", "nobody"], "no contract nobody"),
        (["suspend", "office", "--seat", "6999"], "no seat '6999'"),
        (["suspend", "office", "--retain", "--way", "out"], "--retain"),
        (["suspend", "office", "--why", "closed"], "`seatline close`"),
        (["suspend", "office", "--why", "complaint"], "`seatline complaint`"),
        (["suspend", "office", "--why", ""], "--why"),
        (["suspend", "office", "--way", "in"], "in"),
        (["suspend", "office", "--on", "tomorrow"], "tomorrow"),
        (["suspend", "office", "--on", "2025-06-30"], "not in force on 2025-06-30"),
        (["resume", "nobody"], "no contract nobody"),
        (["resume", "office", "--seat", "6999"], "no seat '6999'"),
        (["close", "nobody"], "no contract nobody"),
        (["close", "office", "--seat", "6999"], "no seat '6999'"),
        (["close", "office", "--on", "2025-06-30"], "not in force on 2025-06-29"),
        (["stops", "nobody"], "no contract nobody"),
        (["complaint", "add", "01085200000"], "no contract in force"),
    ],
)
def test_what_cannot_be_is_one_clear_message(unchanged: Seatline, asked: list[str], said: str) -> None:
    """A wrong contract, seat, day or word ends with 1, and records nothing."""
    assert said in unchanged(*asked, code=1)
    assert unchanged.json("stops", "--all") == []


def test_a_closed_number_is_free_again_after_ninety_days(seatline: Seatline) -> None:
    """Another contract with a closed number is refused and told from which day on it may have it."""
    closed = seatline.json("close", "office", "--seat", "6001")
    assert [(one["number"], one["closed"], one["free"]) for one in closed["numbers"]] == [
        (ONE, in_days(1), in_days(91))
    ]
    assert closed["version"] == 2
    said = seatline.add("other", ONE, "08702120009", code=1)
    assert f"{ONE}: closed on {in_days(1)}" in said
    assert f"free again from {in_days(91)} on" in said
    assert "Nothing was recorded." in said
    assert "does not come back" in seatline("resume", "office", "--seat", "6001", code=1)
    (stop,) = seatline.json("stops")
    assert (stop["seat"], stop["why"]) == (ONE, "closed")


def test_a_closed_contract_ends(seatline: Seatline) -> None:
    """A contract closed on a day to come has its last day before it, and all its numbers rest."""
    closed = seatline.json("close", "office", "--on", in_days(5))
    assert [one["number"] for one in closed["numbers"]] == [ONE, TWO]
    (listed,) = seatline.json("contract", "list")
    assert (listed["term"], listed["renewal_months"]) == (f"2025-07-01..{in_days(4)}", 0)
    assert "free again from" in seatline("contract", "add", "office.yaml", "--from", in_days(4), code=1)


def test_complaints_stop_a_number_and_the_eleventh_rings_a_bell(seatline: Seatline) -> None:
    """Each complaint stops its number for three working days; the eleventh in a month is an alarm."""
    first = seatline.json("complaint", "add", "+86 870 2120001", "--about", "夜间骚扰")
    assert (first["contract"], first["number"], first["in_month"]) == ("office", ONE, 1)
    assert first["stop"]["why"] == "complaint"
    for _ in range(9):
        seatline("complaint", "add", TWO, "--no-stop")
    last = seatline("complaint", "add", TWO, "--way", "out")
    assert "number 11 in" in last
    assert "ALARM: contract office: 11 complaints" in last
    assert [(one["seat"], one["way"]) for one in seatline.json("stops")] == [(ONE, "both"), (TWO, "out")]
    listed = seatline.json("complaint", "list", "office")
    assert len(listed["complaints"]) == 11
    assert listed["complaints"][0]["about"] == "夜间骚扰"
    assert [one["complaints"] for one in listed["alarms"]] == [11]
    assert "ALARM" in seatline("complaint", "list")
    assert "no contract other" in seatline("complaint", "list", "other", code=1)


def test_a_switch_that_does_not_answer_does_not_lose_the_decision(seatline: Seatline) -> None:
    """Where the switch cannot be reached the stop is recorded, what to do is told, the exit code is 4."""
    (seatline.folder / "secret").write_text("nobody's", encoding="utf-8")
    (seatline.folder / "secret").chmod(0o600)
    table = '[switches.pbx]\nami = "127.0.0.46:1"\nsecret_file = "secret"\n'
    (seatline.folder / "seatline.toml").write_text(table, encoding="utf-8")
    said = seatline("suspend", "office", code=4)
    assert "It is recorded, but not in force on the switch: run `seatline apply office`" in said
    assert len(seatline.json("stops")) == 1
    assert "comes to the switch with `seatline apply office`" in seatline("resume", "office", "--no-apply")
