"""`seatline nightly`, as cron runs it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from . import quick_start
from .test_commands import CONTRACTS, csv_record

SETTINGS = """\
[switches.pbx]
ami = "127.0.0.1:5138"
records = ["Master.csv"]
"""


class Night:
    """A folder with seatline in it, three contracts, and a switch whose records lie beside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "seatline.toml").write_text(SETTINGS, encoding="utf-8")
        self.run("contract", "add", *CONTRACTS)

    def records(self, *lines: str) -> None:
        with (self.folder / "Master.csv").open("a", encoding="utf-8") as file:
            file.writelines(lines)

    def run(self, *arguments: str, code: int = 0) -> str:
        done = quick_start.seatline(*arguments, folder=self.folder)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stdout + done.stderr
        return done.stdout

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """The steps by name."""
        said = json.loads(self.run("nightly", "--json", *arguments, code=code))
        assert said["code"] == code
        return {step["step"]: step for step in said["steps"]}


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path)


def test_a_night_without_anything_wrong_is_done(night: Night) -> None:
    """A call in the contract's zones is collected, rated and found right; the exit code is 0."""
    night.records(csv_record(1, "08702120001", "13800138000", "2025-07-10T02:00:00", 61))
    steps = night.json("--since", "2025-07-01")
    assert {name: steps[name]["state"] for name in ("collect", "rate", "compliance", "complaints")} == {
        "collect": "done",
        "rate": "done",
        "compliance": "done",
        "complaints": "done",
    }
    assert (steps["collect"]["new"], steps["rate"]["rated"]) == (1, 1)
    assert (steps["compliance"]["calls"], steps["compliance"]["findings"]) == (1, [])


def test_a_call_that_should_not_have_happened_is_found(night: Night) -> None:
    """A call abroad that was collected late is found, and again; exit code 1 while it has no price."""
    night.records(csv_record(1, "08702120001", "0012025550123", "2025-07-10T02:00:00", 61))
    first = night.json(code=1)
    (found,) = first["compliance"]["findings"]
    assert (found["rule"], found["contract"], found["seat"]) == ("zone", "zhaotong-2025", "08702120001")
    again = night.json(code=1)
    assert again["compliance"] == first["compliance"]
    assert (again["collect"]["new"], again["rate"]["unrated"]) == (0, 1)


def test_findings_alone_end_with_3(night: Night) -> None:
    """The 501st call of a number is rated like the others and found; the exit code is 3."""
    night.records(
        *(
            csv_record(n, "08702120001", f"1380013{n:04}", f"2025-07-10T{1 + n // 60:02}:{n % 60:02}:00", 1)
            for n in range(501)
        )
    )
    text = night.run("nightly", code=3)
    assert "rate: done: 501 rated" in text
    assert "compliance: found: 1 finding in 501 call records" in text
    assert "zhaotong-2025 08702120001, 13800130500: number-limit: 501 calls on one day" in text


def test_what_cannot_be_collected_does_not_stop_the_night(night: Night) -> None:
    """Without the switch's file the exit code is 4, and the other steps are done all the same."""
    steps = night.json(code=4)
    assert {name: steps[name]["state"] for name in ("collect", "rate", "compliance")} == {
        "collect": "failed",
        "rate": "done",
        "compliance": "done",
    }


def test_lines_in_quarantine_are_to_be_looked_at(night: Night) -> None:
    """A broken line among sound ones makes the exit code 3; a file without one sound line makes it 1."""
    night.records(csv_record(1, "08702120001", "13800138000", "2025-07-10T02:00:00", 61), "broken\n")
    assert night.json(code=3)["collect"]["state"] == "found"
    assert night.json()["collect"]["state"] == "done"
    night.records("broken too\n")
    assert night.json(code=1)["collect"]["state"] == "failed"


def test_where_recordings_cannot_be_read_no_call_is_said_to_have_none(night: Night) -> None:
    """While the folder of recordings is out of reach, nobody is told of calls without a recording."""
    wanted = (night.folder / "seatline.toml").read_text() + 'recordings = "nowhere"\n'
    (night.folder / "seatline.toml").write_text(wanted, encoding="utf-8")
    night.records(csv_record(1, "08702120001", "13800138000", "2025-07-10T02:00:00", 61))
    steps = night.json("--since", "2025-07-01", code=1)
    assert steps["recordings"]["state"] == "failed"
    assert "not-recorded" not in steps["compliance"]["rules"]


def test_without_a_switch_nothing_is_collected(night: Night) -> None:
    """Where no settings name records, collecting is left out and the exit code is 0."""
    (night.folder / "seatline.toml").write_text("", encoding="utf-8")
    assert night.json()["collect"]["state"] == "left out"


def test_a_day_is_written_as_days_are(night: Night) -> None:
    """A day that is none is said to be none."""
    done = quick_start.seatline("nightly", "--since", "yesterday", folder=night.folder)
    assert (done.returncode, "yesterday is no day" in done.stderr) == (1, True)


def test_while_somebody_collects_the_night_waits_for_another_one(night: Night) -> None:
    """Collecting and rating need the records for themselves: exit code 6, and the audit is done."""
    from provisioning.wiring import FileLocks

    with FileLocks(night.folder / ".seatline").held("records"):
        steps = night.json(code=6)
    assert [steps[name]["state"] for name in ("collect", "rate", "compliance")] == [
        "failed",
        "failed",
        "done",
    ]


def test_each_night_is_noted(night: Night) -> None:
    """The audit knows when the night was and how each step ended."""
    from provisioning.store.ledger import open_ledger

    night.run("nightly", code=4)
    with open_ledger(f"sqlite:///{night.folder}/seatline.db", create=False) as ledger:
        assert ledger.last_audited("nightly") is not None


def test_too_many_complaints_raise_an_alarm(night: Night) -> None:
    """Eleven complaints in a month are one too many for the operator: exit code 3, and who it is."""
    from provisioning.core.status import Complaint
    from provisioning.store.ledger import open_ledger

    now = datetime.now(UTC)
    night.records(csv_record(1, "08702120001", "13800138000", "2025-07-10T02:00:00", 61))
    with open_ledger(f"sqlite:///{night.folder}/seatline.db", create=False) as ledger:
        for n in range(11):
            if n == 10:
                assert night.json()["complaints"]["complaints"] == 10
            made = Complaint(contract="zhaotong-2025", number="08702120001", received=now)
            ledger.register_complaint(made, None, at=now, who="li@desk")
    (alarm,) = night.json(code=3)["complaints"]["alarms"]
    assert (alarm["contract"], alarm["complaints"]) == ("zhaotong-2025", 11)
