"""Call records that lie on another machine, collected by SFTP from a real sshd."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pbx import cdr_csv, cdr_json
from pbx.cdr import Cdr

from ...ssh_server import BadLine, SshServer
from . import quick_start

MANY = 8_000
BREAKS = 1_500_000
"""Bytes that a machine sends before the line to it goes bad: some batches, and not all."""
BEGIN = 1_752_544_800_123_456
"""2025-07-15 02:00:00.123456 GMT."""


def call(number: int, *, exact: bool) -> Cdr:
    """A call of half a minute, one each second."""
    start = BEGIN + number * 1_000_000
    start -= 0 if exact else start % 1_000_000
    return Cdr(
        accountcode="08702120001", src="08702120001", dst="13800138000", dcontext="seat", clid="08702120001",
        channel="PJSIP/08702120001-00000001", dstchannel="PJSIP/trunk-00000002", lastapp="Dial", lastdata="",
        start=start, answer=start, end=start + 30_000_000, duration=30, billsec=30, disposition="ANSWERED",
        amaflags="DOCUMENTATION", uniqueid=f"1752544800.{number}", userfield="", peeraccount="",
        linkedid=f"1752544800.{number}", sequence=number, exact=exact, raw=b"",
    )  # fmt: skip


def lines(numbers: Iterable[int], *, exact: bool = False) -> bytes:
    """The lines of calls by number, as Master.csv has them, or cdr_custom."""
    render = cdr_json.render if exact else cdr_csv.render
    return b"".join(render(call(number, exact=exact)) + b"\n" for number in numbers)


@pytest.fixture
def desk(tmp_path: Path, ssh_machine: SshServer) -> Desk:
    return Desk(tmp_path, ssh_machine)


class Desk:
    """A folder with settings, at which seatline is called."""

    def __init__(self, folder: Path, machine: SshServer) -> None:
        self.folder = folder
        self.machine = machine
        self.settings(pbx=[machine.url + str(machine.home)])

    def settings(self, *, host_key: str | None = "host", **switches: list[str]) -> None:
        pinned = f'sftp_host_key = "{self.machine.public(host_key)}"\n' if host_key else ""
        (self.folder / "seatline.toml").write_text(
            "".join(
                f'[switches.{name}]\nami = "127.0.0.1:5038"\nrecords = {json.dumps(records)}\n'
                f'sftp_key_file = "{self.machine.key_file}"\n{pinned}'
                for name, records in switches.items()
            ),
            encoding="utf-8",
        )

    def run(self, *arguments: str) -> quick_start.Done:
        return quick_start.seatline("collect", *arguments, folder=self.folder, HOME=str(self.folder))

    def collect(self, *, code: int = 0) -> dict[str, Any]:
        done = self.run("--json")
        assert done.returncode == code, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told | {"said": done.stderr}

    def counted(self) -> tuple[int, int]:
        found = self.collect()
        return found["new"], found["duplicate"]


def test_a_folder_is_collected_once_and_goes_on_where_it_stopped(desk: Desk) -> None:
    """What a machine has gained since the last time is read, and nothing twice."""
    for folder in ("cdr-csv", "cdr-custom"):
        (desk.machine.home / folder).mkdir()
    master = desk.machine.home / "cdr-csv" / "Master.csv"
    master.write_bytes(lines(range(5)))
    (desk.machine.home / "cdr-custom" / "seatline.json").write_bytes(lines(range(5), exact=True))
    (desk.machine.home / "cdr-csv" / "08702120001.csv").write_bytes(lines(range(5)))
    first = desk.collect()
    assert (first["new"], first["duplicate"]) == (5, 5)
    assert [source["path"].rpartition("/")[2] for source in first["sources"]] == [
        "seatline.json",
        "Master.csv",
    ]
    with master.open("ab") as more:
        more.write(lines(range(5, 8)))
    assert desk.counted() == (3, 0)
    assert desk.counted() == (0, 0)


@pytest.mark.parametrize("pinned", [None, "other", "old"])
def test_a_host_key_that_is_not_pinned_ends_it_and_is_told(desk: Desk, pinned: str | None) -> None:
    """Nothing is asked of a machine whose key is unknown or has changed; what has to be written is said."""
    (desk.machine.home / "Master.csv").write_bytes(lines(range(2)))
    desk.settings(host_key=pinned, pbx=[desk.machine.url + str(desk.machine.home)])
    refused = desk.collect(code=4)
    assert refused["new"] == 0
    assert ("has changed" if pinned else "is not known here") in refused["said"]
    assert "SHA256:" in refused["said"]
    assert f'sftp_host_key = "{desk.machine.public()}" under [switches.pbx]' in refused["said"]
    desk.settings(pbx=[desk.machine.url + str(desk.machine.home)])
    assert desk.counted() == (2, 0)


def test_a_file_of_known_hosts_pins_as_well(desk: Desk) -> None:
    """A known_hosts file as ssh keeps it says which key a machine may show."""
    (desk.machine.home / "Master.csv").write_bytes(lines(range(2)))
    (desk.folder / ".ssh").mkdir()
    known = desk.folder / ".ssh" / "known_hosts"
    known.write_text(f"[127.0.0.1]:{desk.machine.port} {desk.machine.public()}\n", encoding="ascii")
    desk.settings(host_key=None, pbx=[desk.machine.url + str(desk.machine.home)])
    assert desk.counted() == (2, 0)


def test_a_machine_out_of_reach_does_not_keep_others_from_being_read(desk: Desk, reserved_port: int) -> None:
    """One machine that nobody answers at is one error and exit code 4; the others are collected."""
    (desk.machine.home / "Master.csv").write_bytes(lines(range(2)))
    (desk.folder / "here.csv").write_bytes(lines(range(2, 5)))
    gone = desk.machine.url_at(reserved_port)
    here, there = [f"{desk.folder}/here.csv"], [desk.machine.url + str(desk.machine.home)]
    desk.settings(pbx=there, far=[f"{gone}/a.csv", f"{gone}/b.csv"], near=here)
    found = desk.collect(code=4)
    assert found["new"] == 5
    assert found["said"].count("Connection refused") == 1
    assert [source["error"] is None for source in found["sources"]] == [True, False, False, True]


def test_a_file_that_may_not_be_read_is_one_error(desk: Desk) -> None:
    """A file without the right to read it is told, and those beside it are collected."""
    (desk.machine.home / "a.json").write_bytes(lines(range(2), exact=True))
    (desk.machine.home / "b.json").write_bytes(lines(range(2), exact=True))
    (desk.machine.home / "b.json").chmod(0)
    found = desk.collect(code=4)
    assert found["new"] == 2
    assert "b.json: that machine does not let us read it; give seatline the right" in found["said"]


def test_a_connection_that_breaks_is_made_anew(desk: Desk) -> None:
    """A line cut in the middle of a file is tried again, and the file is collected whole."""
    (desk.machine.home / "Master.csv").write_bytes(lines(range(MANY)))
    with BadLine(desk.machine.port, BREAKS, mends=True) as line:
        desk.settings(pbx=[desk.machine.url_at(line.port) + str(desk.machine.home)])
        assert desk.counted() == (MANY, 0)
        assert line.bad.is_set()


def test_a_connection_that_stays_broken_keeps_what_came(desk: Desk) -> None:
    """Where a line is cut for good, what came before is kept, and the next run adds exactly the rest."""
    (desk.machine.home / "Master.csv").write_bytes(lines(range(MANY)))
    with BadLine(desk.machine.port, BREAKS) as line:
        desk.settings(pbx=[desk.machine.url_at(line.port) + str(desk.machine.home)])
        part = desk.collect(code=4)
        assert 0 < part["new"] < MANY
        assert part["said"].count("seatline: sftp://") == 1
        line.mended.set()
        assert desk.counted() == (MANY - part["new"], 0)


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_rotated_between_two_runs_is_finished_first(desk: Desk, packed: bool) -> None:
    """What was added to a file before it was rotated, gzipped or not, is read from there."""
    master = desk.machine.home / "Master.csv"
    master.write_bytes(lines(range(50)))
    assert desk.counted() == (50, 0)
    with master.open("ab") as more:
        more.write(lines(range(50, 60)))
    master.rename(desk.machine.home / "Master.csv.1")
    if packed:
        rotated = desk.machine.home / "Master.csv.1"
        (desk.machine.home / "Master.csv.1.gz").write_bytes(gzip.compress(rotated.read_bytes()))
        rotated.unlink()
    master.write_bytes(lines(range(60, 65)))
    assert desk.counted() == (15, 0)
    (proof,) = json.loads(desk.run("--verify", "--json").stdout)["sources"]
    assert (proof["records"], proof["wrong"], proof["gone_bytes"], proof["error"]) == (65, 0, 0, None)
    assert proof["proven_bytes"] == len(lines(range(65)))
    desk.settings(host_key="other", pbx=[desk.machine.url + str(desk.machine.home)])
    unproven = desk.run("--verify", "--json", f"{desk.machine.url}{desk.machine.home}/")
    assert (unproven.returncode, "has changed" in unproven.stdout) == (4, True)


def test_what_is_rotated_away_from_an_empty_file_is_not_missed(desk: Desk) -> None:
    """An empty file has no bytes to be known by; what it held when it was rotated is read all the same."""
    master = desk.machine.home / "Master.csv"
    old = desk.machine.home / "Master.csv.2"
    old.write_bytes(lines(range(100, 130)))
    os.utime(old, (1_700_000_000, 1_700_000_000))
    master.touch()
    assert desk.counted() == (0, 0)
    assert desk.counted() == (0, 0)
    master.write_bytes(lines(range(20)))
    master.rename(desk.machine.home / "Master.csv.1")
    master.touch()
    assert desk.counted() == (20, 0)
    master.write_bytes(lines(range(20, 23)))
    new, known = desk.counted()
    assert new == 3
    assert known <= 20


@pytest.mark.parametrize("records", [["sftp://u:hush@pbx/f"], ["postgresql://u:hush@pbx/db"]])
def test_a_password_in_an_address_is_refused_and_not_repeated(desk: Desk, records: list[str]) -> None:
    """Passwords do not belong into settings or process lists."""
    desk.settings(pbx=records)
    for done in (desk.run(), desk.run(*records, "--switch", "pbx")):
        assert done.returncode == 3
        assert "a password stands in it" in done.stderr
        assert "hush" not in done.stderr + done.stdout


def test_addresses_that_mean_nothing_are_told_all_at_once(desk: Desk) -> None:
    """Before anything is read, every address that cannot be meant is named with what is missing."""
    done = desk.run("sftp://pbx/f", "sftp://u@pbx", "gopher://pbx/f", "--switch", "pbx")
    assert done.returncode == 3
    assert [line.partition(": ")[2][:22] for line in done.stderr.replace("seatline: ", "").splitlines()] == [
        "say which machine, and", "say which file or fold", "no kind of source we k",
    ]  # fmt: skip


def at_a_terminal() -> None:
    """A command in the background ignores Ctrl-C, and so would what these tests start there."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(("number", "word"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_a_signal_ends_it_while_a_machine_is_silent(desk: Desk, number: signal.Signals, word: str) -> None:
    """Ctrl-C and SIGTERM end collecting at once with one sentence; the next run adds exactly the rest."""
    (desk.machine.home / "Master.csv").write_bytes(lines(range(MANY)))
    with BadLine(desk.machine.port, BREAKS, stalls=True) as line:
        desk.settings(pbx=[desk.machine.url_at(line.port) + str(desk.machine.home)])
        with subprocess.Popen(
            [sys.executable, "-m", "provisioning", "collect", "--json"],
            cwd=desk.folder, env=quick_start.environment(HOME=str(desk.folder)), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=at_a_terminal,
        ) as running:  # fmt: skip
            while not line.bad.wait(0.2):
                assert running.poll() is None, running.communicate()
            running.send_signal(number)
            out, told = running.communicate(timeout=120)
        assert running.returncode == 128 + number, told
        assert out == ""
        assert told.count("\n") == 1
        assert told.startswith(f"seatline: {word}: what was collected so far is in the ledger")
        line.mended.set()
        rest = desk.collect()
        assert rest["duplicate"] == 0
    again = desk.run("--json", f"{desk.machine.url}{desk.machine.home}")
    assert json.loads(again.stdout)["duplicate"] == MANY


def test_a_signal_ends_it_in_the_middle_of_a_file(desk: Desk) -> None:
    """Ctrl-C while a file of this machine is read keeps what was read; the next run adds the rest."""
    all_of_them = 120_000
    template = lines([0])
    (desk.folder / "Master.csv").write_bytes(
        b"".join(
            template.replace(b"1752544800.0", b"1752544800.%d" % number) for number in range(all_of_them)
        )
    )
    desk.settings(pbx=[f"{desk.folder}/Master.csv"])
    with subprocess.Popen(
        [sys.executable, "-m", "provisioning", "collect"],
        cwd=desk.folder, env=quick_start.environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=at_a_terminal,
    ) as running:  # fmt: skip
        assert running.stderr is not None
        running.stderr.readline()
        running.send_signal(signal.SIGINT)
        _, told = running.communicate()
    assert running.returncode == 130, told
    assert "Traceback" not in told
    assert told.splitlines()[-1].startswith(
        "seatline: interrupted: what was collected so far is in the ledger"
    )
    rest = desk.collect()
    assert 0 < rest["new"] < all_of_them
    assert rest["duplicate"] == 0
