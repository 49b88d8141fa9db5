"""Quarantine, refused files and the proof of what was collected, at the command line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from .quick_start import Done, seatline

CORPUS = Path(__file__).parents[2] / "pbx" / "cdr_corpus" / "Master.csv"
LINES = CORPUS.read_bytes().splitlines(keepends=True)


class Desk:
    """seatline in a folder with a Master.csv of its own and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "Master.csv"
        (folder / "seatline.toml").write_text("")

    def run(self, *arguments: str, code: int = 0) -> Done:
        done = seatline(*arguments, folder=self.folder)
        assert "Traceback" not in done.stderr
        assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
        return done

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    def lines(self, *options: str) -> dict[int, tuple[str, str]]:
        told = self.json("quarantine", "list", *options)["lines"]
        return {line["id"]: (line["code"], line["state"]) for line in told}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def other(line: bytes) -> bytes:
    """The same key, another called number."""
    return line.replace(b'"long"', b'"110"')


def test_a_person_decides(desk):
    """A conflict is listed and shown with both payloads, released, and the former payload back again."""
    desk.file.write_bytes(LINES[0] + other(LINES[0]) + b"nons\x1bense\n" + LINES[1])
    assert desk.json("collect", "Master.csv")["quarantined"] == 2
    assert desk.lines() == {1: ("conflict", "open"), 2: ("columns", "open")}
    assert desk.lines("--code", "columns", "--switch", "local") == {2: ("columns", "open")}
    shown = desk.run("quarantine", "show", "1").stdout
    assert LINES[0].decode().strip() in shown
    assert other(LINES[0]).decode().strip() in shown
    told = desk.json("quarantine", "show", "1")
    assert (told["differing"], told["record"]["dst"], told["standing"]["record"]["dst"]) == (
        ["dst"],
        "110",
        "long",
    )
    assert "nons\\x1bense" in desk.run("quarantine", "show", "2").stdout
    assert bytes.fromhex(desk.json("quarantine", "show", "2")["raw_hex"]) == b"nons\x1bense"
    assert desk.json("quarantine", "retry") == {"admitted": 0, "known": 0, "open": 2}
    assert desk.json("quarantine", "release", "1", "--why", "a clock")["state"] == "released"
    assert desk.json("quarantine", "void", "2", "--why", "nothing") == {"voided": [2]}
    assert desk.lines() == {}
    assert desk.lines("--all") == {
        1: ("conflict", "released"),
        2: ("columns", "voided"),
        3: ("conflict", "replaced"),
    }
    desk.run("quarantine", "release", "3", "--why", "it was right")
    assert desk.lines("--all")[1] == ("conflict", "replaced")
    assert "a clock" in desk.run("quarantine", "show", "1").stdout
    assert "the ledger is sound" in desk.run("db", "verify").stdout + desk.run("db", "verify").stderr


def test_what_cannot_be_is_said(desk):
    """A decision that cannot be made is one clear sentence and exit code 1."""
    desk.file.write_bytes(LINES[0] + b"nonsense\n")
    desk.run("collect", "Master.csv")
    assert "no call record" in desk.run("quarantine", "release", "1", "--why", "x", code=1).stderr
    assert "no line 7" in desk.run("quarantine", "show", "7", code=1).stderr
    assert "say which lines" in desk.run("quarantine", "void", "--why", "x", code=1).stderr
    assert "--why" in desk.run("quarantine", "void", "1", "--why", " ", code=1).stderr
    assert "no line is held" in desk.run("quarantine", "list", "--code", "conflict").stderr


def test_a_switch_that_leaves_columns_out_is_refused(desk):
    """A Master.csv of 18 columns is refused with the setting to change, exit code 3, nothing quarantined;
    once the switch is set and the file rotated away, the new one is collected."""
    short = b"".join(b",".join(line.strip().split(b",")[:18]) + b"\n" for line in LINES[:3])
    desk.file.write_bytes(short)
    refused = desk.run("collect", "Master.csv", code=3)
    assert "refused from byte 0 on: a record of 18 columns" in refused.stderr
    assert "set newcdrcolumns to yes" in refused.stderr
    told = desk.json("collect", "Master.csv", code=3)
    assert (told["read"], told["quarantined"], desk.lines()) == (0, 0, {})
    assert "18 columns" in told["sources"][0]["refused"]
    desk.file.rename(desk.folder / "Master.csv.1")
    desk.file.write_bytes(LINES[0] + LINES[1])
    assert desk.json("collect", "Master.csv")["new"] == 2
    with desk.file.open("ab") as file:
        file.write(LINES[2] + short)
    told = desk.json("collect", "Master.csv", code=3)
    assert (told["new"], told["quarantined"]) == (1, 0)
    assert desk.json("collect", "Master.csv", code=3)["read"] == 0
    with desk.file.open("ab") as file:
        file.write(LINES[3])
    told = desk.json("collect", "Master.csv")
    assert (told["new"], told["quarantined"]) == (1, 3)
    assert set(desk.lines().values()) == {("columns", "open")}
    desk.run("quarantine", "void", "--code", "columns", "--why", "from before newcdrcolumns")
    assert desk.lines() == {}


def test_a_gzipped_file_is_collected_and_proven(desk):
    """A gzipped Master.csv is collected by its name, and --verify proves it; a torn one is exit code 4."""
    packed = desk.folder / "Master.csv.1.gz"
    whole = gzip.compress(b"".join(LINES[:3]))
    packed.write_bytes(whole[:-5])
    assert "not whole" in desk.run("collect", packed.name, code=4).stderr
    packed.write_bytes(whole)
    assert desk.json("collect", packed.name)["new"] == 3
    assert desk.json("collect", packed.name)["read"] == 0
    (proof,) = desk.json("collect", "--verify")["sources"]
    assert (proof["records"], proof["wrong"]) == (3, 0)
    assert proof["proven_bytes"] == len(b"".join(LINES[:3]))


def test_what_was_changed_since_is_not_proven(desk):
    """--verify ends with 1 and names the place where a file is not what was read."""
    desk.file.write_bytes(LINES[0] + LINES[1])
    desk.run("collect", "Master.csv")
    assert "wrong" in desk.run("collect", "--verify", "Master.csv").stdout
    with desk.file.open("r+b") as file:
        file.seek(30)
        file.write(b"x")
    assert "somebody has changed it" in desk.run("collect", "--verify", "Master.csv", code=1).stdout
    for named in (("elsewhere",), ("--switch", "elsewhere")):
        assert "nothing was collected" in desk.run("collect", "--verify", *named, code=1).stderr


def test_a_source_without_a_name_is_none(desk):
    """An empty SOURCE, as a script's empty variable gives it, is not the folder that it is called in."""
    desk.file.write_bytes(LINES[0])
    assert "without a name" in desk.run("collect", "", code=3).stderr
