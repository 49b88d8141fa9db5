"""`seatline nightly`, as cron runs it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioning.core.cycle import SHANGHAI
from provisioning.flows.lock_switch import Owner
from provisioning.store.ledger import SqlLedger, open_ledger
from provisioning.wiring import machine

from . import quick_start
from .test_commands import CONTRACTS, csv_record

_spec = importlib.util.spec_from_file_location("mail_sink", Path(__file__).parents[1] / "mail_sink.py")
assert _spec is not None
assert _spec.loader is not None
sinks = sys.modules.setdefault("mail_sink", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sinks)

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

    def records(self, *lines: str) -> None:
        with (self.folder / "Master.csv").open("a", encoding="utf-8") as file:
            file.writelines(lines)

    def run(self, *arguments: str, code: int = 0) -> str:
        done = quick_start.seatline(*arguments, folder=self.folder)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stdout + done.stderr
        return done.stdout

    def whole(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """The whole report."""
        said: dict[str, Any] = json.loads(self.run("nightly", "--json", *arguments, code=code))
        assert said["code"] == code
        return said

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """The steps by name."""
        return {step["step"]: step for step in self.whole(*arguments, code=code)["steps"]}

    def settings(self, more: str) -> None:
        """Adds to seatline.toml."""
        with (self.folder / "seatline.toml").open("a", encoding="utf-8") as file:
            file.write(more)

    @contextmanager
    def book(self) -> Iterator[SqlLedger]:
        with open_ledger(f"sqlite:///{self.folder}/seatline.db", create=False) as ledger:
            yield ledger


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with the three contracts, to be copied."""
    made = Night(tmp_path_factory.mktemp("signed"))
    made.run("contract", "add", *CONTRACTS)
    return made.folder / "seatline.db"


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new ledger without any contract, to be copied."""
    file = tmp_path_factory.mktemp("blank") / "seatline.db"
    open_ledger(f"sqlite:///{file}", create=True).close()
    return file


@pytest.fixture
def night(signed: Path, tmp_path: Path) -> Night:
    shutil.copy(signed, tmp_path)
    return Night(tmp_path)


@pytest.fixture
def empty(blank: Path, tmp_path: Path) -> Night:
    """A new ledger without any contract, and a switch without any record."""
    shutil.copy(blank, tmp_path)
    (tmp_path / "Master.csv").touch()
    return Night(tmp_path)


def test_a_night_without_anything_wrong_is_done(night: Night) -> None:
    """A call in the contract's zones is collected, rated and found right. That its month is long over and its
    bill not closed is told, and no reason for an alarm."""
    night.records(csv_record(1, "08702120001", "13800138000", "2025-07-10T02:00:00", 61))
    steps = night.json("--since", "2025-07-01")
    assert {name for name, step in steps.items() if step["state"] not in ("done", "left out")} == set()
    assert "the bill of their month is not closed" in steps["retention"]["lines"][0]
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
    """Broken lines of a file that has had a sound one make the exit code 3, however many they are."""
    night.records(csv_record(1, "08702120001", "13800138000", "2025-07-10T02:00:00", 61), "broken\n")
    assert night.json(code=3)["collect"]["state"] == "found"
    assert night.json()["collect"]["state"] == "done"
    night.records("broken too\n")
    assert night.json(code=3)["collect"]["state"] == "found"


def test_a_file_that_never_had_a_record_fails_the_night(night: Night) -> None:
    """A file without one call record, now or ever, is the wrong one: exit code 1."""
    night.records("broken\n")
    assert night.json(code=1)["collect"]["state"] == "failed"


def test_where_recordings_cannot_be_read_no_call_is_said_to_have_none(night: Night) -> None:
    """While the folder of recordings is out of reach, nobody is told of calls without a recording."""
    wanted = (night.folder / "seatline.toml").read_text() + 'recordings = "nowhere"\n'
    (night.folder / "seatline.toml").write_text(wanted, encoding="utf-8")
    night.records(csv_record(1, "08702120001", "13800138000", "2025-07-10T02:00:00", 61))
    steps = night.json("--since", "2025-07-01", code=1)
    assert steps["recordings"]["state"] == "failed"
    assert "not-recorded" not in steps["compliance"]["rules"]


def events(number: int, start: str, seconds: int) -> str:
    """What cel_custom writes of an answered call of csv_record()'s that lasted so long; `start` in GMT."""
    begun = datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp()
    line = (
        '{{"schema":"1","eventtype":"{}","eventtime":{:.6f},"uniqueid":"pbx-{}.1","linkedid":"pbx-{}.1",'
        '"channame":"PJSIP/a-{}","accountcode":"","context":"from-inside","exten":"x","num":"x"}}\n'
    )
    told = {"CHAN_START": begun, "ANSWER": begun, "CHAN_END": begun + seconds}
    return "".join(line.format(kind, at, number, number, number) for kind, at in told.items())


def test_what_channel_events_doubt_gets_no_price_that_night(night: Night) -> None:
    """Events that contradict a record and are collected with it keep it from being priced, whichever came
    first; that of another call has its price, and nobody is charged for the doubted one."""
    made = datetime.now(UTC).astimezone(SHANGHAI).replace(hour=0, minute=30) - timedelta(days=1)
    start = made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    night.records(*(csv_record(n, "08702120001", "13800138000", start, 600) for n in (1, 2)))
    (night.folder / "events.json").write_text(events(1, start, 600) + events(2, start, 20))
    with_events = SETTINGS + 'events = ["events.json"]\n'
    (night.folder / "seatline.toml").write_text(with_events, encoding="utf-8")
    steps = night.json(code=1)
    assert (steps["rate"]["rated"], steps["rate"]["review"]) == (1, 1)
    assert [(one["what"], one["calls"]) for one in steps["sources"]["counts"]] == [("doubted", 1)]
    again = night.whole(code=1)
    (money,) = again["money_by_night"] or [{"contracts": again["money"]}]
    assert sum(one["calls"] for one in money["contracts"]) == 1


def test_events_are_collected_without_records_too(night: Night) -> None:
    """A switch of which only `events` are named tells of calls without a record; it is not left out."""
    start = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S")
    (night.folder / "events.json").write_text(events(1, start, 20))
    only = SETTINGS.replace('records = ["Master.csv"]', 'events = ["events.json"]')
    (night.folder / "seatline.toml").write_text(only, encoding="utf-8")
    steps = night.json(code=3)
    assert steps["collect"]["state"] == "done"
    assert [(one["what"], one["calls"]) for one in steps["sources"]["counts"]] == [("missing", 1)]


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
    night.run("nightly", code=4)
    with open_ledger(f"sqlite:///{night.folder}/seatline.db", create=False) as ledger:
        assert ledger.last_audited("nightly") is not None


def test_too_many_complaints_raise_an_alarm(night: Night) -> None:
    """Eleven complaints in a month are one too many for the operator: exit code 3, and who it is."""
    from provisioning.core.status import Complaint

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


def test_an_empty_night_is_0(empty: Night) -> None:
    """A switch without a record yet is no fault: exit code 0, and the report has nothing but its days."""
    report = empty.whole()
    assert (report["new"], report["held"], report["waiting"], report["money"]) == ([], [], [], [])
    assert [one["missed"] for one in report["nights"]] == [False]


def test_missed_nights_are_made_up_for_in_order(empty: Night) -> None:
    """Three days after the last covered one, the two missed nights and the usual one are covered, each with
    its own calls; the next run covers none."""
    empty.run("nightly")
    today = datetime.now(UTC).astimezone(SHANGHAI).date()
    with empty.book() as ledger:
        last = ledger.last_night()
        assert last is not None
    execute(empty, "DELETE FROM night")
    with empty.book() as ledger:
        ledger.cover_night(last.id, today - timedelta(days=4), {"day": "x"}, at=datetime.now(UTC))
    report = empty.whole()
    assert [(one["day"], one["missed"]) for one in report["nights"]] == [
        ((today - timedelta(days=3)).isoformat(), True),
        ((today - timedelta(days=2)).isoformat(), True),
        ((today - timedelta(days=1)).isoformat(), False),
    ]
    assert "2 missed nights made up for" in report["steps"][3]["said"]
    assert empty.whole()["nights"] == []


def test_a_night_longer_ago_than_a_week_is_still_audited(empty: Night) -> None:
    """Where nobody was there for three weeks, the audit begins with the first day that is not covered."""
    empty.run("nightly")
    today = datetime.now(UTC).astimezone(SHANGHAI).date()
    execute(empty, f"UPDATE night SET day = '{today - timedelta(days=21)}'")
    audited = empty.json()["compliance"]
    assert audited["first"] == (today - timedelta(days=20)).isoformat()


def begin(empty: Night, *, host: str, pid: int, ago: timedelta = timedelta(0)) -> None:
    """Somebody begins a night and does not end it."""
    owner = Owner(who="wang@office", host=host, pid=pid, token="another0")
    with empty.book() as ledger:
        ledger.begin_night(owner, at=datetime.now(UTC) - ago, is_over=lambda run: False)


def test_one_run_at_a_time(empty: Night) -> None:
    """While another run is at it, exit code 6 and its owner, process and time; nobody is told by mail."""
    begin(empty, host=machine(), pid=os.getpid())
    done = quick_start.seatline("nightly", folder=empty.folder)
    assert done.returncode == 6
    assert f"nightly is being done by wang@office (process {os.getpid()}) since 20" in done.stderr


def test_a_dead_run_is_taken_over_at_once(empty: Night) -> None:
    """A run whose process is gone was broken off: it is told of, the night is done, and it had no end."""
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    begin(empty, host=machine(), pid=dead.pid)
    report = empty.whole()
    assert [one.partition(" since")[0] for one in report["broken_off"]] == [
        f"wang@office (process {dead.pid})"
    ]
    assert empty.whole()["broken_off"] == []


def test_a_run_elsewhere_is_waited_for(empty: Night) -> None:
    """Of another machine nobody knows whether its process lives: a quarter of an hour of silence decides."""
    begin(empty, host="elsewhere", pid=1, ago=timedelta(minutes=14))
    assert quick_start.seatline("nightly", folder=empty.folder).returncode == 6
    execute(empty, "UPDATE night_run SET renewed = '2025-07-01T00:00:00.000000+00:00'")
    assert len(empty.whole()["broken_off"]) == 1


def test_days_covered_by_a_run_that_broke_off_are_not_done_again(empty: Night) -> None:
    """The next run goes on after them, and its report has them."""
    empty.run("nightly")
    today = datetime.now(UTC).astimezone(SHANGHAI).date()
    execute(empty, "DELETE FROM night")
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    begin(empty, host=machine(), pid=dead.pid)
    with empty.book() as ledger:
        broken = ledger.night_under_way()
        assert broken is not None
        day = today - timedelta(days=3)
        document = {"day": day.isoformat(), "calls": 7, "findings": 0, "rules": {}, "missed": True}
        ledger.cover_night(broken.id, day, document, at=datetime.now(UTC))
    report = empty.whole()
    assert [(one["day"][-2:], one["calls"]) for one in report["nights"]] == [
        (f"{today - timedelta(days=3):%d}", 7),
        (f"{today - timedelta(days=2):%d}", 0),
        (f"{today - timedelta(days=1):%d}", 0),
    ]


def test_papers_and_metrics(night: Night) -> None:
    """The report is written as page, text and JSON, for its owner only; the metrics for whoever reads them.
    Papers whose time is over go, and nothing else in that folder does."""
    reports = night.folder / "reports"
    reports.mkdir()
    old = [reports / name for name in ("nightly-2020-01-01-021000.html", "notes-2020-01-01.txt")]
    for file in old:
        file.touch()
    night.settings('[nightly]\nreports = "reports"\nmetrics = "seatline.prom"\nlanguage = "en"\n')
    night.records(csv_record(1, "08702120001", "13800138000", "2025-07-10T02:00:00", 61), "broken\n")
    report = night.whole(code=3)
    assert [file.exists() for file in old] == [False, True]
    papers = {file.suffix: file for file in reports.glob("nightly-*")}
    assert sorted(papers) == [".html", ".json", ".txt"]
    assert {file.stat().st_mode & 0o777 for file in papers.values()} == {0o600}
    assert json.loads(papers[".json"].read_text(encoding="utf-8")) == report
    assert "pbx | columns | 1 |" in papers[".txt"].read_text(encoding="utf-8")
    metrics = (night.folder / "seatline.prom").read_text(encoding="utf-8")
    assert 'seatline_records_new{switch="pbx"} 1.0' in metrics
    assert 'seatline_held_lines{cause="columns",switch="pbx"} 1.0' in metrics


def test_the_ledger_keeps_no_number_of_a_report(night: Night) -> None:
    """What is kept of a night in the ledger names nobody who was called."""
    night.records(csv_record(1, "08702120001", "0012025550123", "2025-07-10T02:00:00", 61))
    night.run("nightly", code=1)
    with night.book() as ledger:
        last = ledger.last_night()
    assert last is not None
    assert last.code == 1
    assert "2025550123" not in json.dumps(last.document)


MAIL = """
[nightly]
language = "en"
[nightly.mail]
smtp = "127.0.0.1:{port}"
security = "none"
from = "seatline@example.net"
to = ["duty@example.net"]
"""


def test_a_failed_night_is_mailed(night: Night) -> None:
    """A source out of reach is told by mail, with each step and no number; a good night is not."""
    with sinks.mail_sink() as sink:
        night.settings(MAIL.format(port=sink.port))
        night.run("nightly", code=4)
        assert len(sink.mails) == 1
        (night.folder / "Master.csv").touch()
        night.run("nightly")
    ((to, text),) = sink.mails
    assert to == ["duty@example.net"]
    assert "seatline nightly" in text


def test_a_webhook_without_its_secret_keeps_no_mail_back(night: Night) -> None:
    """Where the file with the webhook's address is missing, that is said, and the mail goes out."""
    with sinks.mail_sink() as sink:
        night.settings(MAIL.format(port=sink.port) + '[nightly.webhook]\nurl_file = "nowhere"\n')
        done = quick_start.seatline("nightly", folder=night.folder)
    assert (done.returncode, len(sink.mails)) == (4, 1)
    assert "[nightly.webhook]" in done.stderr


def test_a_ledger_out_of_reach_is_mailed_and_written_down(empty: Night, reserved_port: int) -> None:
    """Without its database a night cannot begin: exit code 75, a report, metrics and a mail all the same."""
    (empty.folder / "seatline.toml").write_text(
        f'database_url = "postgresql+psycopg://nobody@127.0.0.1:{reserved_port}/none"\n' + SETTINGS,
        encoding="utf-8",
    )
    with sinks.mail_sink() as sink:
        empty.settings(MAIL.format(port=sink.port).replace(
            "[nightly]\n", '[nightly]\nreports = "reports"\nmetrics = "seatline.prom"\n'
        ))  # fmt: skip
        done = quick_start.seatline("nightly", folder=empty.folder)
    assert (done.returncode, len(sink.mails)) == (75, 1)
    assert "Traceback" not in done.stderr
    (page,) = (empty.folder / "reports").glob("*.txt")
    assert "ledger: failed: ledger postgresql" in page.read_text(encoding="utf-8")
    assert "seatline_nightly_exit_code 75.0" in (empty.folder / "seatline.prom").read_text()


def test_who_cannot_be_told_is_said(empty: Night, reserved_port: int) -> None:
    """A mail that does not get through and a folder that cannot be written to make a good night end with 1,
    each with a sentence; the night itself is done and noted."""
    (empty.folder / "reports").touch()
    empty.settings('[nightly]\nreports = "reports"\n')
    done = quick_start.seatline("nightly", folder=empty.folder)
    assert done.returncode == 1
    assert f"seatline: {empty.folder}/reports: reports cannot be kept there: File exists" in done.stderr
    with empty.book() as ledger:
        last = ledger.last_night()
    assert last is not None
    assert last.code == 0


def test_findings_that_reach_nobody_are_a_failure(night: Night) -> None:
    """Where there is something to look at and nobody could be told, the exit code is 1 and not 3."""
    night.records(csv_record(1, "08702120001", "13800138000", "2025-07-10T02:00:00", 61), "broken\n")
    (night.folder / "reports").touch()
    night.settings('[nightly]\nreports = "reports"\n')
    done = quick_start.seatline("nightly", "--json", folder=night.folder)
    assert (done.returncode, json.loads(done.stdout)["code"]) == (1, 3)


def test_a_night_that_cannot_be_noted_is_tried_again(empty: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the ledger goes away after the last step, the exit code is 75 and the report is there, once."""
    from typer.testing import CliRunner

    from provisioning.cli.app import app
    from provisioning.flows.errors import LedgerUnavailable

    def gone(*_: object, **__: object) -> None:
        raise LedgerUnavailable("ledger seatline.db: cannot be reached")

    monkeypatch.setattr(SqlLedger, "end_night", gone)
    monkeypatch.chdir(empty.folder)
    with sinks.mail_sink() as sink:
        empty.settings(MAIL.format(port=sink.port).replace("[nightly]\n", '[nightly]\ntell = "always"\n'))
        done = CliRunner().invoke(app, ["nightly", "--json"])
    assert (done.exit_code, len(sink.mails)) == (75, 1)
    assert "seatline: ledger seatline.db: cannot be reached" in done.stderr
    assert len(json.loads(done.stdout)["steps"]) == 9


def execute(empty: Night, statement: str) -> None:
    """Changes the ledger behind seatline's back, as time does."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(empty.folder / "seatline.db")) as connection, connection:
        connection.execute(statement)


def ended_while_waiting(empty: Night, settings: str) -> tuple[int, str]:
    """How a night ends that somebody on a port of ours keeps waiting, once SIGTERM comes."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(120)
        (empty.folder / "seatline.toml").write_text(
            settings.format(port=silent.getsockname()[1]), encoding="utf-8"
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "provisioning", "nightly"],
            cwd=empty.folder, env=quick_start.environment(), stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        with silent.accept()[0]:
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=120)[1]
    assert "Traceback" not in said
    return process.returncode, said


def test_sigterm_ends_a_night_with_one_sentence(empty: Night) -> None:
    """While a switch keeps it waiting, SIGTERM ends the night with 143; it counts as broken off, and the next
    one begins at once."""
    (empty.folder / "secret").write_text("CANARYsecret0000")
    code, said = ended_while_waiting(
        empty,
        '[switches.pbx]\nami = "127.0.0.1:{port}"\nsecret_file = "secret"\nrecords = ["Master.csv"]\n',
    )
    assert code == 143, said
    assert "terminated: the next run goes on from there" in said
    with empty.book() as ledger:
        assert (ledger.night_under_way(), ledger.last_night()) == (None, None)


def test_a_night_ended_before_it_was_told_is_told_by_the_next(empty: Night) -> None:
    """A night that is ended while the mail server keeps it waiting has not come to its end: the next run
    tells of it, with the same findings and the nights that it covered."""
    (empty.folder / "Master.csv").write_text("broken\n")
    always = MAIL.replace("[nightly]\n", '[nightly]\ntell = "always"\n')
    assert ended_while_waiting(empty, SETTINGS + always)[0] == 143
    with empty.book() as ledger:
        assert (ledger.night_under_way(), ledger.last_night()) == (None, None)
    with sinks.mail_sink() as sink:
        (empty.folder / "seatline.toml").write_text(SETTINGS + always.format(port=sink.port))
        report = empty.whole()
    assert len(sink.mails) == 1
    assert ([one["lines"] for one in report["held"]], len(report["nights"])) == ([1], 1)
