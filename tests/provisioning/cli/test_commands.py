"""The commands as a user runs them: data on stdout, talk on stderr, honest exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from provisioning.cli.app import app

from . import quick_start

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "docker" / "demo"
CONTRACTS = [str(DEMO / f"{name}.yaml") for name in ("zhaotong", "jilin", "kizilsu")]


class Seatline:
    """seatline in a folder of its own, with the ledger in that folder's seatline.db."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """Runs a command; its stdout. It must end with that exit code, and never with a traceback."""
        done = self.run(*arguments)
        assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", code=code))

    def said(self, *arguments: str, code: int) -> str:
        """What a command that fails says on stderr."""
        done = self.run(*arguments)
        assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
        assert done.stdout == ""
        return done.stderr

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = quick_start.seatline(*arguments, folder=self.folder)
        assert "Traceback" not in done.stderr
        return done


@pytest.fixture
def seatline(tmp_path: Path) -> Seatline:
    return Seatline(tmp_path)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Seatline:
    """seatline with the three demo contracts in the ledger; tests only ask it."""
    made = Seatline(tmp_path_factory.mktemp("recorded"))
    made("contract", "add", *CONTRACTS)
    return made


def csv_record(
    number: int, src: str, dst: str, start: str, seconds: int, disposition: str = "ANSWERED"
) -> str:
    """A line of Master.csv; `start` in GMT."""
    begun = datetime.fromisoformat(start)
    gmt = [at.isoformat(" ") for at in (begun, begun + timedelta(seconds=seconds))]
    answer = f'"{gmt[0]}"' if disposition == "ANSWERED" else ""
    billsec = seconds if disposition == "ANSWERED" else 0
    return (
        f'"","{src}","{dst}","from-inside","""x"" <{src}>","PJSIP/a-{number}","PJSIP/b-{number}","Dial","x",'
        f'"{gmt[0]}",{answer},"{gmt[1]}",{seconds},{billsec},"{disposition}","DOCUMENTATION",'
        f'"pbx-{number}.1","","","pbx-{number}.1",{number}\n'
    )


def test_check_of_sound_files_counts_their_seats(seatline: Seatline) -> None:
    """69, 1 and 12 seats in three files without a problem are 82."""
    found = seatline.json("check", *CONTRACTS)
    assert (found["problems"], found["seats"]) == ([], 82)


def test_check_reports_all_problems_of_all_files(seatline: Seatline) -> None:
    """Two broken files are reported together, each problem with its file, line and column; exit code 3."""
    for name, wrong in (("one", "contract: one\ncustomer: {name: 7}\n"), ("two", "contrct: two\n")):
        (seatline.folder / f"{name}.yaml").write_text(wrong, encoding="utf-8")
    problems = seatline.json("check", "one.yaml", "two.yaml", code=3)["problems"]
    assert {"one.yaml", "two.yaml"} == {problem["file"] for problem in problems}
    keys = {"code", "file", "line", "column", "sheet", "cell", "message", "hint"}
    assert all(set(problem) == keys and problem["hint"] for problem in problems)
    typo = next(problem for problem in problems if "contrct" in problem["message"])
    assert "contract" in typo["hint"]
    assert (typo["line"], typo["column"]) == (1, 1)


def test_check_changes_nothing(seatline: Seatline) -> None:
    """Checking makes no ledger."""
    seatline("check", *CONTRACTS)
    assert list(seatline.folder.iterdir()) == []


def test_nothing_is_recorded_while_a_problem_remains(seatline: Seatline) -> None:
    """One broken file among sound ones keeps all of them out of the ledger."""
    (seatline.folder / "broken.yaml").write_text("contract: 7\n", encoding="utf-8")
    seatline("db", "upgrade")
    seatline("contract", "add", *CONTRACTS, "broken.yaml", code=3)
    assert seatline.json("contract", "list") == []


def test_recording_twice_records_once(seatline: Seatline) -> None:
    """A contract that is in the ledger so already gets no second version."""
    first = seatline.json("contract", "add", *CONTRACTS)
    assert [one["version"] for one in first["recorded"]] == [1, 1, 1]
    again = seatline.json("contract", "add", *CONTRACTS)
    assert again["recorded"] == []
    assert sorted(again["unchanged"]) == ["jilin-2025", "kizilsu-2024", "zhaotong-2025"]


def test_a_number_is_known_by_its_short_form(recorded: Seatline) -> None:
    """6001 is 08702120001 of zhaotong, since the contract's first day."""
    (seat,) = recorded.json("lookup", "6001")
    assert seat == {
        "long_number": "08702120001", "short_number": "6001", "name": None, "department": "办公室",
        "site": "zhaotong", "contract": "zhaotong-2025", "iad": "iad-1", "port": 1, "remark": None,
        "since": "2025-07-01", "until": None, "registered": None,
    }  # fmt: skip


def test_nobody_has_a_number_before_the_contract(recorded: Seatline) -> None:
    """On a day before the term nobody has 6001."""
    assert recorded.json("lookup", "6001", "--on", "2025-06-30") == []


def test_the_bill_of_zhaotong_is_8156(recorded: Seatline) -> None:
    """A month of zhaotong without charged calls costs 8156.00, with the keys that programs rely on."""
    bill = recorded.json("bill", "zhaotong-2025", "--cycle", "2025-07")
    assert (bill["amount"], bill["closed"], bill["calls"], bill["payers"]) == ("8156.00", False, [], [])
    seat = next(line for line in bill["recurring"] if line["item"] == "seat")
    assert (seat["quantity"], seat["unit"], seat["amount"]) == ("69", "24.00", "1656.00")


def test_six_months_of_zhaotong_are_48936(recorded: Seatline) -> None:
    """July to December 2025 together cost 48936.00."""
    months = [recorded.json("bill", "zhaotong-2025", "--cycle", f"2025-{month:02}") for month in range(7, 13)]
    assert sum(round(float(bill["amount"]) * 100) for bill in months) == 48936_00


def test_a_switchs_records_become_a_bill(seatline: Seatline) -> None:
    """Foreign records of Master.csv are attributed by their numbers, collected once, priced, and billed."""
    seatline("contract", "add", *CONTRACTS)
    master = seatline.folder / "Master.csv"
    master.write_text(
        csv_record(1, "08702120001", "13800138000", "2025-07-10T02:00:00", 61)
        + csv_record(2, "13800138000", "08702120002", "2025-07-10T03:00:00", 300)
        + csv_record(3, "08702120003", "01085200000", "2025-07-31T15:59:59", 60)
        + csv_record(4, "08702120003", "01085200000", "2025-07-31T16:00:00", 60)
        + csv_record(5, "08702120001", "6002", "2025-07-11T02:00:00", 30)
        + csv_record(6, "08702120001", "13800138000", "2025-07-12T02:00:00", 20, "NO ANSWER"),
        encoding="utf-8",
    )  # fmt: skip
    assert seatline.json("collect", "Master.csv")["new"] == 6
    again = seatline.json("collect", "Master.csv")
    assert (again["read"], again["new"], again["quarantined"]) == (0, 0, 0)
    assert seatline.json("rate") == {"rated": 3, "free": 3, "unrated": 0, "review": 0}
    july = seatline.json("bill", "zhaotong-2025", "--cycle", "2025-07")
    domestic = next(line for line in july["calls"] if line["zone"] == "domestic")
    assert (domestic["calls"], domestic["minutes"], domestic["rate"], domestic["amount"]) == (
        2,
        3,
        "0.06",
        "0.18",
    )
    assert july["amount"] == "8156.18"
    august = seatline.json("bill", "zhaotong-2025", "--cycle", "2025-08")
    assert august["amount"] == "8156.06"


def test_a_call_of_nobody_is_shown_and_makes_rate_fail(seatline: Seatline) -> None:
    """A call that belongs to no contract is counted as unrated and shown; exit code 1 says so every night."""
    seatline("contract", "add", *CONTRACTS)
    stranger = csv_record(1, "07551234567", "13800138000", "2025-07-10T02:00:00", 61)
    (seatline.folder / "Master.csv").write_text(stranger, encoding="utf-8")
    seatline("collect", "Master.csv")
    assert seatline.json("rate", code=1) == {"rated": 0, "free": 0, "unrated": 1, "review": 0}
    assert "07551234567" in seatline("rate", code=1)


def test_a_broken_line_is_kept_and_the_rest_goes_on(seatline: Seatline) -> None:
    """A line with 18 columns goes to quarantine; the records around it are collected."""
    good = [csv_record(n, "08702120001", "13800138000", "2025-07-10T02:00:00", 61) for n in (1, 2)]
    lines = good[0] + '"a","b",3\n' + good[1]
    (seatline.folder / "Master.csv").write_text(lines, encoding="utf-8")
    found = seatline.json("collect", "Master.csv")
    assert (found["read"], found["new"], found["quarantined"]) == (3, 2, 1)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["plan"], 1, "[switches.NAME]"),
        (["plan", "--bogus"], 1, "No such option"),
        (["bill", "nobody", "--cycle", "2025-07"], 1, "no contract nobody"),
        (["bill", "nobody", "--cycle", "July"], 1, "2025-07"),
        (["collect"], 1, "set `records` of a switch in seatline.toml"),
        (["lookup", " "], 1, "needs a number"),
        (["contract", "show", "nobody"], 1, "no contract nobody"),
        (["plan", "--config", "nowhere.toml"], 3, "no such settings file"),
        (["db", "backup", "nowhere/copy.db"], 1, "nowhere"),
        (["nonsense"], 1, "No such command"),
    ],
)
def test_a_mistake_is_one_clear_message(
    seatline: Seatline, arguments: list[str], code: int, said: str
) -> None:
    """A user's mistake ends with its exit code and a sentence on stderr, never with a traceback."""
    seatline("db", "upgrade")
    assert said in seatline.said(*arguments, code=code)


@pytest.mark.parametrize(
    "command", [["lookup", "6001"], ["rate"], ["contract", "list"], ["db", "backup", "copy.db"]]
)
def test_asking_a_ledger_that_is_not_there_makes_none(seatline: Seatline, command: list[str]) -> None:
    """In a wrong folder a question is answered with the missing ledger's path, and makes no ledger."""
    assert "seatline.db" in seatline.said(*command, code=1)
    assert not (seatline.folder / "seatline.db").exists()


def test_one_file_is_not_two_switches(seatline: Seatline) -> None:
    """The same file under another switch's name would bill every call twice: it is refused, exit code 4."""
    record = csv_record(1, "08702120001", "13800138000", "2025-07-10T02:00:00", 61)
    (seatline.folder / "Master.csv").write_text(record, encoding="utf-8")
    seatline("collect", "Master.csv", "--switch", "pbx")
    (seatline.folder / "copy.csv").write_text(record + record.replace("pbx-1.1", "pbx-2.1"), encoding="utf-8")
    assert "--switch pbx" in seatline.run("collect", "copy.csv", "--switch", "pbxx").stderr
    seatline("collect", "copy.csv", "--switch", "pbxx", code=4)
    assert seatline.json("collect", "copy.csv", "--switch", "pbx")["new"] == 1


def test_a_switch_that_is_not_in_the_settings_is_refused(seatline: Seatline) -> None:
    """A slip in --switch is found where the settings name the switches."""
    (seatline.folder / "seatline.toml").write_text('[switches.pbx]\nami = "127.0.0.9:1"\n', encoding="utf-8")
    (seatline.folder / "Master.csv").write_text("", encoding="utf-8")
    assert "known: pbx" in seatline.said("collect", "Master.csv", "--switch", "pbxx", code=4)


def test_a_file_of_something_else_is_said_to_be_so(seatline: Seatline) -> None:
    """A source without a single call record ends with exit code 1."""
    (seatline.folder / "notes.txt").write_text("shopping list\nmilk\n", encoding="utf-8")
    assert "right file" in seatline.run("collect", "notes.txt").stderr
    (seatline.folder / "other.txt").write_text("bread\n", encoding="utf-8")
    seatline("collect", "other.txt", code=1)


def test_only_broken_lines_of_a_source_that_was_good_are_no_other_file(seatline: Seatline) -> None:
    """Where a source had call records before, or only ones known already, a run that finds nothing but a
    broken line holds that line and ends well; a file that never had one is asked about each time."""
    record = csv_record(1, "08702120001", "13800138000", "2025-07-10T02:00:00", 61)
    books = [seatline.folder / name for name in ("Master.csv", "copy.csv")]
    for book in books:
        book.write_text(record, encoding="utf-8")
        seatline("collect", book.name, "--switch", "pbx")
        with book.open("a", encoding="utf-8") as more:
            more.write(f'"{book.name}",2\n')
        assert seatline.json("collect", book.name, "--switch", "pbx")["quarantined"] == 1
    other = seatline.folder / "notes.txt"
    for text in ("milk\n", "milk\nbread\n"):
        other.write_text(text, encoding="utf-8")
        seatline("collect", "notes.txt", "--switch", "pbx", code=1)


def test_a_full_disk_behind_stdout_is_said(recorded: Seatline) -> None:
    """Output that cannot be written ends with exit code 1 and a sentence."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "provisioning", "lookup", "6001"],
            cwd=recorded.folder, env=quick_start.environment(),
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_version_before_the_term_is_refused(seatline: Seatline) -> None:
    """--from before the contract's first day records nothing."""
    assert "never be in force" in seatline.run("contract", "add", *CONTRACTS, "--from", "2024-01-01").stderr
    seatline("db", "upgrade")
    assert seatline.json("contract", "list") == []


def test_show_says_what_is_closed(recorded: Seatline) -> None:
    """A contract on the screen has its closed zones, its fees and its seats."""
    shown = recorded("contract", "show", "zhaotong-2025")
    for text in ("international", "closed", "互联网专线 100M", "4860.00", "08702120069", "69 seats"):
        assert text in shown


def test_a_missing_source_is_said_and_the_others_are_read(seatline: Seatline) -> None:
    """A source that is not there means exit code 4; what could be read was read."""
    record = csv_record(1, "08702120001", "13800138000", "2025-07-10T02:00:00", 61)
    (seatline.folder / "Master.csv").write_text(record, encoding="utf-8")
    found = seatline.json("collect", "gone.csv", "Master.csv", code=4)
    assert found["new"] == 1


def test_a_switch_that_is_down_is_exit_code_4(seatline: Seatline) -> None:
    """A switch nobody answers at is named, with exit code 4, and drift and apply say the same."""
    (seatline.folder / "seatline.toml").write_text(
        '[switches.pbx]\nami = "127.0.0.9:1"\nsecret_file = "secret"\n', encoding="utf-8"
    )
    (seatline.folder / "secret").write_text("planted-canary-secret", encoding="utf-8")
    seatline("contract", "add", *CONTRACTS)
    for command in (["plan"], ["drift"], ["apply", "--yes"]):
        said = seatline.said(*command, code=4)
        assert "127.0.0.9:1" in said
        assert "no connection: Connection refused" in said
        assert "canary" not in said


def test_a_second_collector_is_told_who_is_at_it(seatline: Seatline) -> None:
    """While somebody collects, another collect ends with exit code 6 and names the first."""
    from provisioning.wiring import FileLocks

    (seatline.folder / "Master.csv").write_text("", encoding="utf-8")
    with FileLocks(seatline.folder / ".seatline").held("records"):
        said = seatline.said("collect", "Master.csv", code=6)
    assert str(os.getpid()) in said


def test_the_ledger_is_backed_up_and_verified(recorded: Seatline) -> None:
    """A backup is a ledger of its own that can be asked, and the ledger is sound."""
    recorded("db", "backup", "copy.db")
    assert recorded.json("db", "verify") == {"findings": []}
    assert recorded.json("db", "upgrade")["before"] == recorded.json("db", "upgrade")["after"]
    assert (recorded.folder / "copy.db").stat().st_mode & 0o077 == 0
    url = f"sqlite:///{recorded.folder}/copy.db"
    copied = quick_start.seatline(
        "lookup", "6001", "--json", folder=recorded.folder, SEATLINE_DATABASE_URL=url
    )
    assert json.loads(copied.stdout)[0]["long_number"] == "08702120001"


def all_commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the app with the words that run it, sub-commands too."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from all_commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(all_commands(typer.main.get_command(app)))


def test_the_commands_are_those_we_know() -> None:
    """The list that the tests of help go by has the commands of every group."""
    assert {("plan",), ("contract", "show"), ("sheet", "new"), ("db", "verify")} <= set(COMMANDS)
    assert len(COMMANDS) >= 19


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_shows_help(words: tuple[str, ...]) -> None:
    """Each command explains itself: in one sentence with its Chinese term, then with an example of itself."""
    shown = CliRunner().invoke(app, [*words, "--help"])
    assert shown.exit_code == 0
    assert "Usage" in shown.output
    text = re.sub(r"\s+", " ", COMMANDS[words].help)
    summary = COMMANDS[words].help.split("\n\n")[0]
    assert re.search(r"[\u4e00-\u9fff]\)\.$", summary), "the summary ends in the Chinese term"
    assert not re.search(r"\.\s", summary), "two sentences run together in the list of commands"
    assert re.search(rf"Examples?: seatline {' '.join(words)}\b", text)


def test_a_secret_or_certificate_that_is_missing_is_named(seatline: Seatline) -> None:
    """A secret_file or ca_file that is not there is told alike: switch, key, file, how to mend it (3)."""
    (seatline.folder / "secret").write_text("Sesame", encoding="utf-8")
    (seatline.folder / "noise").write_bytes(b"\xff\xfe\xff")
    seatline("contract", "add", *CONTRACTS)
    for lines, said in (
        ('secret_file = "gone"', ("switch pbx-1: secret_file", "gone", "or set SEATLINE_SECRET_PBX_1")),
        ('secret_file = "noise"', ("switch pbx-1: secret_file", "noise", "it is no text")),
        ('secret_file = "secret"\nca_file = "gone"', ("switch pbx-1: ca_file", "gone", "No such file")),
        ('secret_file = "secret"\nca_file = "secret"', ("switch pbx-1: ca_file", "secret", "no certificate")),
    ):
        text = f'[switches.pbx-1]\nami = "tls://127.0.0.9:1"\n{lines}\n'
        (seatline.folder / "seatline.toml").write_text(text, encoding="utf-8")
        told = seatline.said("plan", code=3)
        for part in (*said, "in seatline.toml"):
            assert part in told


def test_a_missing_file_is_answered_with_what_helps(seatline: Seatline) -> None:
    """A missing contract file, number sheet and sheet of changes each have a hint of their own."""

    def hint(*command: str) -> str:
        problems = seatline.json(*command, code=3)["problems"]
        (missing,) = (problem for problem in problems if problem["code"] == "file-missing")
        return str(missing["hint"])

    seatline("contract", "add", CONTRACTS[0])
    assert hint("check", "none.yaml") == "check the name"
    changed = hint("contract", "change", "zhaotong-2025", "none.xlsx")
    assert "beside" not in changed
    assert "`seatline sheet new zhaotong-2025 --change --to FILE.xlsx`" in changed
    for sheet, new in (("none.xlsx", "none.xlsx"), ("none.csv", "FILE.xlsx")):
        text = (DEMO / "zhaotong.yaml").read_text(encoding="utf-8")
        text = re.sub(r"(?m)^  numbers: .*", f"  numbers: {sheet}", text)
        (seatline.folder / "z.yaml").write_text(text, encoding="utf-8")
        missing = hint("check", "z.yaml")
        assert "looked for beside" in missing
        assert f"`seatline sheet new z.yaml --to {new}`" in missing
    seatline("sheet", "new", "z.yaml", "--to", "FILE.xlsx")


RECORD = csv_record(1, "08702120001", "13800138000", "2025-07-10T02:00:00", 61)
TWO_SWITCHES = """
[switches.pbx]
ami = "127.0.0.9:1"
records = ["log/Master.csv"]
[switches.east]
ami = "127.0.0.9:2"
records = ["east"]
"""


def two_switches(seatline: Seatline) -> None:
    (seatline.folder / "seatline.toml").write_text(TWO_SWITCHES, encoding="utf-8")
    for name in ("log/Master.csv", "east/2025/Master.csv", "elsewhere.csv"):
        (seatline.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (seatline.folder / name).write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("zhaotong", "--off", "west"), "no switch 'west' in seatline.toml; known: east, pbx"),
        (("--off", "pbx"), "seatline apply SITE --off pbx"),
        (("zhaotong", "--off", "pbx"), "pbx serves site zhaotong"),
        (("zhaotong", "--off", "pbx", "--undo"), "neither --undo nor --plan"),
    ],
)
def test_a_site_is_taken_off_a_switch_that_does_not_serve_it(
    seatline: Seatline, arguments: tuple[str, ...], said: str
) -> None:
    """--off names sites and a known switch, and never one that serves them."""
    two_switches(seatline)
    seatline("contract", "add", *CONTRACTS)
    assert said in seatline.said("apply", *arguments, code=1)


def test_a_site_is_applied_to_one_switch(seatline: Seatline) -> None:
    """With several switches of which one serves every site, nobody can say where a named site belongs."""
    two_switches(seatline)
    seatline("contract", "add", *CONTRACTS)
    assert "which `sites` each of them serves" in seatline.said("apply", "zhaotong", "--yes", code=1)


def test_a_file_belongs_to_the_switch_whose_records_it_is_among(seatline: Seatline) -> None:
    """A file among a switch's records is that switch's; of another file the switch has to be named."""
    two_switches(seatline)
    found = seatline.json("collect", "log/Master.csv", "east/2025/Master.csv")
    assert [source["switch"] for source in found["sources"]] == ["pbx", "east"]
    said = seatline.said("collect", "elsewhere.csv", code=4)
    assert "elsewhere.csv: say with --switch" in said
    assert "known: east, pbx" in said
    seatline("collect", "elsewhere.csv", "--switch", "pbx")


def test_records_from_before_the_settings_go_on(seatline: Seatline) -> None:
    """What was collected as local before a switch was set can be gone on with as local, by its name."""
    master = seatline.folder / "Master.csv"
    master.write_text(RECORD, encoding="utf-8")
    assert seatline.json("collect", "Master.csv")["sources"][0]["switch"] == "local"
    two_switches(seatline)
    with master.open("a", encoding="utf-8") as file:
        file.write(RECORD.replace("pbx-1.1", "pbx-2.1"))
    assert seatline.json("collect", "Master.csv", "--switch", "local")["new"] == 1
    assert "no switch 'lokal'" in seatline.said("collect", "Master.csv", "--switch", "lokal", code=4)


def test_calls_of_another_switch_go_to_quarantine(seatline: Seatline) -> None:
    """The same calls under another switch's name are kept aside, and it is said where they are counted."""
    (seatline.folder / "Master.csv").write_text(RECORD, encoding="utf-8")
    (seatline.folder / "part.csv").write_text("\n" + RECORD, encoding="utf-8")
    seatline("collect", "Master.csv", "--switch", "pbx")
    said = seatline.run("collect", "part.csv", "--switch", "east").stderr
    assert "say --switch pbx" in said
    assert "1 line in quarantine" in said
    assert "seatline quarantine list" in said


def test_a_bill_says_what_is_not_on_it(seatline: Seatline) -> None:
    """Records that wait to be rated stop a bill from being closed; late calls of a closed month are told."""
    seatline("contract", "add", *CONTRACTS)
    bill = ("bill", "zhaotong-2025", "--cycle", "2025-07")
    (seatline.folder / "Master.csv").write_text(RECORD, encoding="utf-8")
    seatline("collect", "Master.csv")
    assert "1 call record, not rated" in seatline.run(*bill).stderr
    assert "run `seatline rate`" in seatline.said(*bill, "--close", code=1)
    seatline("rate")
    assert seatline.run(*bill, "--close").stderr == ""
    with (seatline.folder / "Master.csv").open("a", encoding="utf-8") as file:
        file.write(RECORD.replace("pbx-1.1", "pbx-2.1"))
    seatline("collect", "Master.csv")
    seatline("rate")
    assert "1 late call of this closed month goes to the next bill" in seatline.run(*bill).stderr


def test_collecting_rating_and_closing_wait_for_one_another(seatline: Seatline) -> None:
    """While call records change, rating and closing a bill end with exit code 6; looking at it does not."""
    from provisioning.wiring import FileLocks

    seatline("contract", "add", *CONTRACTS)
    bill = ("bill", "zhaotong-2025", "--cycle", "2025-07")
    with FileLocks(seatline.folder / ".seatline").held("records"):
        seatline.said("rate", code=6)
        seatline.said(*bill, "--close", code=6)
        seatline(*bill)
