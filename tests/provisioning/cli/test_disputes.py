"""Disputes and the end of records at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from . import quick_start
from .test_commands import CONTRACTS, csv_record

SEAT, OTHER, MORE = "08702120001", "13800138000", "13900138001"
CONTRACT = "zhaotong-2025"
JULY = ("--cycle", "2025-07")


class Office:
    """A folder with seatline in it, three contracts, and the calls of July 2025 collected and rated."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "seatline.toml").write_text('[switches.pbx]\nami = "127.0.0.1:5138"\n', encoding="utf-8")
        self.run("contract", "add", *CONTRACTS)
        self.write(
            csv_record(1, SEAT, OTHER, "2025-07-10T02:00:00", 61),
            csv_record(2, SEAT, MORE, "2025-07-11T02:00:00", 60),
            csv_record(3, SEAT, OTHER, "2025-07-12T02:00:00", 60, "NO ANSWER"),
        )
        self.run("collect", "Master.csv")
        self.run("rate")

    def write(self, *lines: str) -> None:
        with (self.folder / "Master.csv").open("a", encoding="utf-8") as file:
            file.writelines(lines)

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command says, data and talk."""
        done = self._done(*arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def json(self, *arguments: str) -> Any:
        done = self._done(*arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def _done(self, *arguments: str) -> quick_start.Done:
        done = quick_start.seatline(*arguments, folder=self.folder)
        assert "Traceback" not in done.stderr, done.stderr
        return done


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """One in which nothing is changed."""
    return Office(tmp_path_factory.mktemp("asked"))


def test_a_dispute_from_its_opening_to_its_credit(office: Office) -> None:
    """Found by its number, opened, shown on the closed bill, upheld, and given back on the next bill."""
    (call,) = office.json("dispute", "calls", CONTRACT, *JULY, "--number", OTHER)
    assert (call["seat"], call["other"], call["amount"], call["bill"]) == (SEAT, OTHER, "0.12", None)
    (opened,) = office.json("dispute", "open", CONTRACT, "--call", str(call["id"]), "--why", "not our call")
    assert (opened["cycle"], opened["amount"], opened["state"]) == ("2025-07", "0.12", "open")
    office.run("bill", CONTRACT, *JULY, "--close")
    bill = office.json("bill", CONTRACT, *JULY)
    assert (bill["disputed"], bill["disputes"][0]["why"]) == ("0.12", "not our call")
    shown = office.run("bill", CONTRACT, *JULY)
    for told in ("dispute 1", "not our call", "not asked for until it is decided", bill["undisputed"]):
        assert told in shown
    assert "upheld" in office.run("dispute", "close", "1", "--upheld", "--credit", "0.10", "--why", "half")
    august = office.json("bill", CONTRACT, "--cycle", "2025-08")
    assert [(one["dispute"], one["amount"]) for one in august["adjustments"]] == [(1, "-0.10")]
    assert "dispute 1 was upheld" in office.run("bill", CONTRACT, "--cycle", "2025-08")
    (listed,) = office.json("dispute", "list", CONTRACT)
    assert (listed["state"], listed["credit"], listed["credited_on"]) == ("upheld", "0.10", None)
    assert office.json("dispute", "list", "--open") == []


def test_a_disputed_call_is_not_replaced(office: Office) -> None:
    """A held payload is not released in the place of a call that is disputed, before that is closed."""
    first = (office.folder / "Master.csv").read_text(encoding="utf-8").splitlines()[0]
    (call,) = office.json("dispute", "calls", CONTRACT, *JULY, "--number", OTHER)
    (office.folder / "other.csv").write_text(
        first.replace("13800138000", "13900138009") + "\n", encoding="utf-8"
    )
    office.json("collect", "--switch", "pbx", "other.csv")
    (held,) = office.json("quarantine", "list")["lines"]
    assert held["code"] == "conflict"
    office.run("dispute", "open", CONTRACT, "--call", str(call["id"]), "--why", "not our call")
    assert office.json("quarantine", "show", str(held["id"]))["standing"]["dispute"] == 1
    refused = office.run("quarantine", "release", str(held["id"]), "--why", "the right one", code=1)
    assert "dispute 1 is about the call" in refused
    office.run("dispute", "close", "1", "--rejected", "--why", "looked at")
    office.run("quarantine", "release", str(held["id"]), "--why", "the right one")
    office.run("rate")
    assert office.json("dispute", "calls", CONTRACT, *JULY, "--number", "13900138009")


def test_a_call_without_a_price_does_not_cost_nothing(office: Office) -> None:
    """Among the calls of a month one that has no price yet has none, not 0."""
    office.write(csv_record(4, SEAT, "0085222345678", "2025-07-13T02:00:00", 60))
    office.run("collect", "Master.csv")
    office.run("rate", code=1)
    amounts = {call["zone"]: call["amount"] for call in office.json("dispute", "calls", CONTRACT, *JULY)}
    assert amounts == {"domestic": "0.06", "hmt": None}


def test_a_credit_is_whole_fen_and_no_charge(office: Office) -> None:
    """A credit below zero, or of half a fen, is refused with one message, and the dispute stays open."""
    office.run("dispute", "open", CONTRACT, *JULY, "--why", "all of it")
    for credit, told in (("-0.01", "would be a charge"), ("0.005", "whole number of fen")):
        said = office.run("dispute", "close", "1", "--upheld", "--credit", credit, "--why", "x", code=1)
        assert told in said
    assert len(office.json("dispute", "list", "--open")) == 1


def test_records_go_and_their_bill_is_proved(office: Office) -> None:
    """Old records are removed but for those of a disputed month; collected once more they are known, and
    `db verify` finds nothing wrong."""
    office.run("bill", CONTRACT, *JULY, "--close")
    office.run("dispute", "open", CONTRACT, *JULY, "--why", "all of it")
    assert office.json("retain")["removed"] == 0
    assert "a dispute is open" in office.run("retain")
    office.run("dispute", "close", "1", "--rejected", "--why", "looked at")
    assert "3 call records would be removed" in office.run("retain", "--dry-run")
    assert office.json("retain")["removed"] == 3
    assert office.json("retain")["removed"] == 0
    office.run("db", "verify")
    again = office.folder / "again.csv"
    again.write_bytes((office.folder / "Master.csv").read_bytes())
    collected = office.json("collect", "--switch", "pbx", "again.csv")
    assert (collected["new"], collected["duplicate"], collected["quarantined"]) == (0, 3, 0)
    assert office.json("rate")["rated"] == 0
    office.run("db", "verify")
    assert "were removed when their time was over" in office.run(
        "dispute", "open", CONTRACT, *JULY, "--why", "too late", code=1
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("open", CONTRACT, "--why", "x", "--zone", "local", "--number", "1"), "one of them"),
        (("open", CONTRACT, "--why", "x", "--cycle", "July"), "2025-07"),
        (("open", CONTRACT, "--why", "x", *JULY, "--zone", "moon"), "no zone 'moon'"),
        (("open", "nobody", "--why", "x"), "no contract nobody"),
        (("open", CONTRACT, *JULY), "--why"),
        (("close", "1", "--why", "x"), "how it was decided"),
        (("close", "1", "--why", "x", "--upheld", "--credit", "1,5"), "12.50"),
        (("close", "7", "--why", "x", "--rejected"), "no dispute 7"),
        (("list", "nobody"), "no contract nobody"),
        (("calls", CONTRACT, "--cycle", "2025-09"), "no rated call in 2025-09"),
    ],
)
def test_a_wrong_word_is_one_clear_message(asked: Office, arguments: tuple[str, ...], told: str) -> None:
    """Each mistake says what is wrong and how to mend it, with exit code 1."""
    assert told in asked.run("dispute", *arguments, code=1)
