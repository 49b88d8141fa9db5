"""Two real Asterisks in docker for the live tests: the customer's switch and one that plays the operator.

They are started once for the whole run, on addresses of their own, and taken away at its end. Docker missing
is a failure here, never a skip. SEATLINE_TEST_NET moves them from 127.0.1 to another loopback network, so
that several runs can be under way; a second run on the same network waits for the first.
"""

from __future__ import annotations

import csv
import fcntl
import importlib.util
import io
import json
import os
import secrets
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pbx.config import Config
from pbx.live.softphone import Phones
from pbx.section import render

_spec = importlib.util.spec_from_file_location("live_operators", Path(__file__).with_name("operators.py"))
assert _spec is not None
assert _spec.loader is not None
operators = sys.modules.setdefault("live_operators", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(operators)

DOCKER = Path(__file__).parents[2] / "docker"
NET = os.environ.get("SEATLINE_TEST_NET", "127.0.1")
PROJECT = f"seatline-test-{NET.replace('.', '-')}"
ADDRESSES = {
    "SEATLINE_PBX_ADDRESS": f"{NET}.1",
    "SEATLINE_IMS_ADDRESS": f"{NET}.2",
    "SEATLINE_PBX_SIP_PORT": "5160",
    "SEATLINE_IMS_SIP_PORT": "5070",
    "SEATLINE_AMI_PORT": "5138",
    "SEATLINE_PBX_RTP_START": "19000",
    "SEATLINE_PBX_RTP_END": "19399",
    "SEATLINE_IMS_RTP_START": "19400",
    "SEATLINE_IMS_RTP_END": "19799",
}
OURS = "*seatline-*.conf"
PUBLIC_USERS = (*(f"+86870212{n:04}" for n in range(1, 70)), "12393")
"""The numbers the demanding operator has a password for."""


def run(*command: str, stdin: str | None = None, **environment: str) -> str:
    """Runs a program; what it said is in the failure, should it fail."""
    done = subprocess.run(
        command,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}", pytrace=False)
    return done.stdout


def whole_lines(file: Path) -> str:
    """What a log or a book holds so far, without a last line that is still being written."""
    written = file.read_bytes()
    return written[: written.rfind(b"\n") + 1].decode()


def wait_until(done: Callable[[], Any], what: str, timeout: float = 60.0) -> Any:
    """Asks again and again until the answer is something; fails after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        if found := done():
            return found
        if time.monotonic() > end:
            pytest.fail(f"no {what} within {timeout:g} s")
        time.sleep(0.05)


@dataclass(frozen=True)
class Socket:
    """An open socket, as a table of /proc/net has it."""

    protocol: str
    """tcp or udp."""
    address: str
    """In hexadecimal, the bytes of an IPv4 address from the last to the first."""
    port: int
    state: str

    @property
    def on_loopback(self) -> bool:
        return len(self.address) == 8 and self.address.endswith("7F")


@dataclass(frozen=True)
class Container:
    """One Asterisk in docker, seen from outside."""

    id: str
    sip: str
    """Address and port of SIP."""
    log: Path

    def cli(self, command: str) -> str:
        """What Asterisk's own console answers."""
        return run("docker", "exec", self.id, "asterisk", "-rx", command)

    def shell(self, script: str, stdin: str | None = None) -> str:
        """Runs a script inside the container, as root."""
        return run(
            "docker", "exec", *(["-i"] if stdin is not None else []), self.id, "sh", "-c", script, stdin=stdin
        )

    def sockets(self) -> list[Socket]:
        """The sockets that Asterisk itself has open and that are bound to an address."""
        user = self.shell("stat -c %u /proc/1").strip()
        script = "readlink /proc/1/fd/*; cd /proc/net; grep -H : tcp tcp6 udp udp6"
        lines = run("docker", "exec", "--user", user, self.id, "sh", "-c", script).splitlines()
        inodes = {line[8:-1] for line in lines if line.startswith("socket:[")}
        found = []
        for line in lines:
            table, _, row = line.partition(":")
            columns = row.split()
            if len(columns) > 9 and columns[9] in inodes:
                place, _, port = columns[1].rpartition(":")
                found.append(Socket(table[:3], place, int(port, 16), columns[3]))
        return found

    def wait_booted(self) -> None:
        wait_until(
            lambda: subprocess.run(
                ["docker", "exec", self.id, "asterisk", "-rx", "core waitfullybooted"],
                capture_output=True, text=True, check=False,
            ).stdout.startswith("Asterisk has fully booted"),
            f"booted Asterisk in {self.id}", 120,
        )  # fmt: skip

    def kill(self) -> None:
        """The power goes: nothing gets to say goodbye."""
        run("docker", "kill", self.id)

    def start(self) -> None:
        run("docker", "start", self.id)
        self.wait_booted()

    def restart(self) -> None:
        """Stops it in good order, so that its database is on disk, however long that takes, and starts it."""
        run("docker", "restart", "-t", "60", self.id)
        self.wait_booted()


@dataclass(frozen=True)
class Pbx(Container):
    """The customer's switch: its AMI, its call records, and a broom."""

    ami_host: str
    ami_port: int
    user: str
    secret: str
    """Of the AMI user `user`, the provisioner."""
    secret_file: Path
    collector_secret: str

    @property
    def sounds(self) -> Path:
        """The folder of the customers' sounds, /srv/seatline/sounds on the switch."""
        return self.log.parent / "sounds"

    @property
    def recordings(self) -> Path:
        """The folder of recorded calls, /var/spool/asterisk/recordings on the switch."""
        return self.log.parent / "recordings"

    @property
    def json_records(self) -> Path:
        return self.log / "cdr-custom" / "seatline.json"

    @property
    def csv_records(self) -> Path:
        return self.log / "cdr-csv" / "Master.csv"

    def records(self) -> list[dict[str, Any]]:
        """All call records so far, as cdr_custom wrote them."""
        if not self.json_records.exists():
            return []
        return [json.loads(line) for line in whole_lines(self.json_records).split("\n")[:-1]]

    def master(self) -> list[list[str]]:
        """The rows of Master.csv."""
        if not self.csv_records.exists():
            return []
        return list(csv.reader(io.StringIO(whole_lines(self.csv_records), newline=""), strict=True))

    def wait_both_books(self, least: int = 0) -> None:
        """Waits until both files have the same number of records, so many at least: they are written one
        after the other, and a call's end is heard before."""
        wait_until(lambda: len(self.records()) >= least, f"{least} call records")
        wait_until(lambda: len(self.master()) == len(self.records()), "agreement of both books")

    def put(self, config: Config) -> None:
        """Writes files as they are, without AMI, and loads them: for tests of something else."""
        for name, sections in config.files.items():
            self.shell(f"cat > /etc/asterisk/{name}", stdin=render(sections))
        self.reload()

    def reload(self) -> None:
        for module in ("res_pjsip.so", "pbx_config.so"):
            said = wait_until(partial(self._reloaded, module), f"reload of {module}")
            assert "reloaded successfully" in said, said

    def _reloaded(self, module: str) -> str:
        """What became of a reload; nothing while another is under way."""
        said = self.cli(f"module reload {module}")
        return "" if "in progress" in said else said

    def wipe(self) -> None:
        """Takes away all that was provisioned, calls, locks and registrations; its call records stay."""
        self.shell(f"rm -f /etc/asterisk/{OURS} /etc/asterisk/empty-seatline*")
        wait_until(self._silent, "end of all calls")
        self.cli("database deltree seatline")
        self.cli("database deltree seatline-count")
        self.cli("database deltree registrar")
        self.reload()

    def _silent(self) -> bool:
        """Whether no call is up any more; those that are have to end."""
        self.cli("channel request hangup all")
        return self.cli("core show channels count").startswith("0 active channels")

    def files(self) -> list[str]:
        """The names of the files that were provisioned."""
        return self.shell(f"cd /etc/asterisk && ls {OURS} 2>/dev/null || true").split()


_KEYS = (
    "to=", " from=", " From=", " PAI=", " PPI=", " Privacy=", " RPID=", " Diversion=", " History-Info=",
    " Session-Expires=", " Min-SE=", " Supported=", " Require=", " URI=", " source=",
)  # fmt: skip
"""What docker/ims logs of a call, in its order."""


@dataclass(frozen=True)
class Ims(Container):
    """The operator."""

    mobile_secret: str

    def noted(self) -> str:
        """What it wrote down of calls, each line before the call went on."""
        file = self.log / "calls.log"
        return whole_lines(file) if file.exists() else ""

    def calls(self) -> list[dict[str, str]]:
        """What it was shown of each call from the customer's switch: to, from and the headers by `_KEYS`."""
        found = []
        for line in self.noted().splitlines():
            _, told, rest = line.partition("ims call ")
            if told:
                starts = [rest.index(key) for key in _KEYS]
                found.append(
                    {
                        key.strip(" ="): rest[start + len(key) : end]
                        for key, start, end in zip(_KEYS, starts, [*starts[1:], len(rest)], strict=True)
                    }
                )
        return found

    def registered(self) -> set[str]:
        """The public users that are registered now."""
        lines = self.cli("pjsip show contacts").splitlines()
        return {
            line.split()[1].split("/")[0]
            for line in lines
            if line.strip().startswith("Contact:  +") or "Contact:  1" in line
        }

    def wait_registered(self, users: Iterable[str], timeout: float = 120.0) -> None:
        wanted = set(users)
        wait_until(lambda: wanted <= self.registered(), f"registration of {sorted(wanted)}", timeout)


@dataclass(frozen=True)
class Switches:
    pbx: Pbx
    ims: Ims
    desks: str = f"{NET}.3"
    """The address of the softphones at the customer's desks."""
    outside: str = f"{NET}.4"
    """The address of the softphones out in the world."""


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    """A docker engine that answers; one that we had to start ourselves is stopped again."""
    pid = Path(os.environ.get("SEATLINE_ENGINE_DIR", "/run/seatline")) / "dockerd.pid"
    there = pid.exists()
    run(str(DOCKER / "engine.sh"))
    yield
    if not there and pid.exists():
        run(str(DOCKER / "engine.sh"), "stop")


@pytest.fixture(scope="session")
def image(engine: None) -> str:
    """The Asterisk image, built where it is missing or outdated."""
    run(str(DOCKER / "image.sh"))
    return os.environ.get("SEATLINE_IMAGE", "seatline-asterisk")


@pytest.fixture(scope="session")
def alone() -> Iterator[None]:
    """Nobody else's test run uses the same addresses; waits for one that does."""
    with (Path(tempfile.gettempdir()) / f"{PROJECT}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def switches(image: str, alone: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switches]:
    """Both Asterisks, new and empty, for the whole run. Tests take `pbx` and `ims`."""
    folder = tmp_path_factory.mktemp("switches")
    for name in ("log", "ims-log", "secrets", "sounds", "recordings"):
        (folder / name).mkdir()
    drawn = {name: _secret() for name in ("provisioner", "collector", "mobile")}
    for name, secret in drawn.items():
        (folder / "secrets" / name).write_text(secret)
        (folder / "secrets" / name).chmod(0o600)
    environment = ADDRESSES | {"SEATLINE_RUN_DIR": str(folder), "SEATLINE_IMAGE": image}

    def compose(*arguments: str) -> str:
        return run(str(DOCKER / "compose.sh"), "-p", PROJECT, *arguments, **environment)

    compose("down", "-v", "--remove-orphans")
    try:
        compose("up", "-d")
        both = Switches(
            pbx=Pbx(
                id=compose("ps", "-q", "pbx").strip(),
                sip=f"{ADDRESSES['SEATLINE_PBX_ADDRESS']}:{ADDRESSES['SEATLINE_PBX_SIP_PORT']}",
                log=folder / "log",
                ami_host=ADDRESSES["SEATLINE_PBX_ADDRESS"],
                ami_port=int(ADDRESSES["SEATLINE_AMI_PORT"]),
                user="provisioner",
                secret=drawn["provisioner"],
                secret_file=folder / "secrets" / "provisioner",
                collector_secret=drawn["collector"],
            ),
            ims=Ims(
                id=compose("ps", "-q", "ims").strip(),
                sip=f"{ADDRESSES['SEATLINE_IMS_ADDRESS']}:{ADDRESSES['SEATLINE_IMS_SIP_PORT']}",
                log=folder / "ims-log",
                mobile_secret=drawn["mobile"],
            ),
        )
        both.pbx.wait_booted()
        both.ims.wait_booted()
        yield both
    finally:
        compose("down", "-v", "--remove-orphans")


@pytest.fixture(scope="session")
def demanding(
    image: str, alone: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[operators.Operator]:
    """A second operator, of its own address, that asks each number of `PUBLIC_USERS` for a password and lets
    only registered numbers call. Tests take `operator`."""
    folder = tmp_path_factory.mktemp("demanding")
    for name in ("log", "ims-log", "secrets"):
        (folder / name).mkdir()
    mobile = _secret()
    passwords = {user: _secret() for user in PUBLIC_USERS}
    lines = "".join(f"{user} {password}\n" for user, password in passwords.items())
    for name, text in (("mobile", mobile), ("ims-passwords", lines)):
        (folder / "secrets" / name).write_text(text)
        (folder / "secrets" / name).chmod(0o600)
    environment = ADDRESSES | {
        "SEATLINE_IMS_ADDRESS": f"{NET}.5",
        "SEATLINE_RUN_DIR": str(folder),
        "SEATLINE_IMAGE": image,
    }

    def compose(*arguments: str) -> str:
        return run(str(DOCKER / "compose.sh"), "-p", f"{PROJECT}-demanding", *arguments, **environment)

    compose("down", "-v", "--remove-orphans")
    try:
        compose("up", "-d", "ims")
        ims = Ims(
            id=compose("ps", "-q", "ims").strip(),
            sip=f"{NET}.5:{ADDRESSES['SEATLINE_IMS_SIP_PORT']}",
            log=folder / "ims-log",
            mobile_secret=mobile,
        )
        ims.wait_booted()
        yield operators.Operator(ims=ims, secrets=folder / "secrets", passwords=passwords)
    finally:
        compose("down", "-v", "--remove-orphans")


@pytest.fixture
def operator(demanding: operators.Operator) -> operators.Operator:
    """The demanding operator, asking the usual, with nobody registered. A test that shares registrations with
    others takes `demanding`, and leaves it as it was."""
    demanding.reset()
    return demanding


@pytest.fixture
def pbx(switches: Switches) -> Pbx:
    """The customer's switch with nothing provisioned on it; call records of earlier tests are still there."""
    switches.pbx.wipe()
    return switches.pbx


@pytest.fixture
def ims(switches: Switches) -> Ims:
    """The operator."""
    return switches.ims


@pytest.fixture
def phones(switches: Switches) -> Iterator[Phones]:
    """Softphones at the customer's desks."""
    with Phones(bind=switches.desks) as found:
        yield found


@pytest.fixture
def mobile_phones(switches: Switches) -> Iterator[Phones]:
    """Softphones out in the world."""
    with Phones(bind=switches.outside) as found:
        yield found


@pytest.fixture
def new_records(switches: Switches) -> Callable[[int], list[Mapping[str, Any]]]:
    """Records of calls begun since the test began: waits until there are that many, then gives them all."""
    pbx, began = switches.pbx, time.time()

    def since() -> list[Mapping[str, Any]]:
        return [record for record in pbx.records() if record["start"] >= began]

    def collect(count: int) -> list[Mapping[str, Any]]:
        wait_until(lambda: len(since()) >= count, f"{count} call records")
        return since()

    return collect


def _secret() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(24))
