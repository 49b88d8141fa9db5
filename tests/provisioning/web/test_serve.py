"""From the contract to the device's second file: carried once, then fetched, once, over HTTP and HTTPS."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pbx.iad import models
from pbx.iad.device import Device

GOLDEN = Path(__file__).parents[2] / "golden" / "zhaotong"
MODELS = {"iad-1": "grandstream-gxw4248", "iad-2": "grandstream-gxw4224"}
AGENTS = {
    "iad-1": "Grandstream Model HW GXW4248 V1.0A SW 1.0.5.2 DevId c074ad000001",
    "iad-2": "Grandstream Model HW GXW4224 V1.0A SW 1.0.5.2 DevId c074ad000002",
}
NAMES = {"iad-1": "cfgc074ad000001.xml", "iad-2": "cfgc074ad000002.xml"}


@dataclass
class House:
    """A folder with settings and ledger, and `seatline serve` running in it."""

    folder: Path
    port: int
    trusted: ssl.SSLContext | None
    process: subprocess.Popen[str] | None = None

    def seatline(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "provisioning", *arguments],
            cwd=self.folder, env=environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def settings(self, sip: str) -> None:
        """Writes seatline.toml, with the switch at that SIP address."""
        scheme = "https" if self.trusted else "http"
        keys = 'certificate = "certificate.pem"\nkey = "key.pem"\n' if self.trusted else ""
        (self.folder / "seatline.toml").write_text(
            f'[switches.pbx]\nami = "127.0.0.1:1"\nsip = "{sip}"\n[serve]\n'
            f'listen = "127.0.0.1:{self.port}"\nurl = "{scheme}://127.0.0.1:{self.port}"\n{keys}',
            encoding="utf-8",
        )

    def start(self, *options: str) -> None:
        said = (self.folder / "said").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "provisioning", "serve", *options],
            cwd=self.folder, env=environment(), stdout=said, stderr=said, text=True,
        )  # fmt: skip
        said.close()
        end = time.monotonic() + 60
        while not self.answers():
            assert time.monotonic() < end, self.said()
            assert self.process.poll() is None, self.said()
            time.sleep(0.05)

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def said(self) -> str:
        return (self.folder / "said").read_text(encoding="utf-8")

    def answers(self) -> bool:
        try:
            return self.ask("/healthz", "").startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def ask(self, path: str, agent: str, method: str = "GET") -> bytes:
        """All that comes back, to the last byte."""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUser-Agent: {agent}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as line:
            if self.trusted is not None:
                line = self.trusted.wrap_socket(line, server_hostname="127.0.0.1")
            line.sendall(head.encode())
            answer = b""
            while some := line.recv(65536):
                answer += some
            line.close()
        return answer

    def trail(self) -> list[tuple[str, str, dict[str, Any]]]:
        """What the ledger's audit has of IADs: event, subject, detail."""
        with closing(sqlite3.connect(self.folder / "seatline.db")) as ledger:
            rows = ledger.execute(
                "select event, subject, detail from audit where event like 'iad-%' order by id"
            ).fetchall()
        return [(event, subject, json.loads(detail)) for event, subject, detail in rows]

    def odd(self) -> list[tuple[str, str]]:
        """Reason and device of the odd fetches in the audit."""
        return [
            (detail["reason"], whose) for event, whose, detail in self.trail() if event == "iad-odd-fetch"
        ]

    def wait_odd(self, count: int) -> None:
        end = time.monotonic() + 60
        while len(self.odd()) < count:
            assert time.monotonic() < end, self.odd()
            time.sleep(0.05)


def environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("SEATLINE")}


def undated(answer: bytes) -> bytes:
    return re.sub(rb"date: [^\r]*\r\n", b"", answer, count=1)


@pytest.fixture(params=["http", "https"])
def house(request: pytest.FixtureRequest, tmp_path: Path, reserved_port: int) -> Iterator[House]:
    """A site whose two IADs got their first files by hand."""
    trusted = None
    if request.param == "https":
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=prov.example.net", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", "key.pem", "-out", "certificate.pem"],
            cwd=tmp_path, check=True, capture_output=True,
        )  # fmt: skip
        trusted = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    found = House(tmp_path, reserved_port, trusted)
    shutil.copy(GOLDEN / "numbers.csv", tmp_path)
    contract = (GOLDEN / "contract.yaml").read_text(encoding="utf-8").replace("2025-12-31", "2099-12-31")
    contract = re.sub(r"^stated:.*\n", "", contract, flags=re.MULTILINE)
    (tmp_path / "contract.yaml").write_text(contract, encoding="utf-8")
    found.settings("192.0.2.10:5060")
    found.seatline("contract", "add", "contract.yaml")
    found.seatline("iad", "zhaotong", "--to", "usb")
    yield found
    if found.process is not None and found.process.poll() is None:
        found.process.kill()
        found.process.wait()


def carried(house: House, iad: str) -> Device:
    """The device as its first file made it: only so it knows where to fetch the next."""
    return models.family_of(MODELS[iad]).parse((house.folder / "usb" / NAMES[iad]).read_bytes(), MODELS[iad])


def path_of(device: Device) -> str:
    assert device.fetch_url is not None
    return "/" + device.fetch_url.split("/", 3)[3].rstrip("/")


def test_a_device_fetches_its_second_file_once(house: House) -> None:
    """A carried file tells the device its address; what changes later is fetched there, by it, once."""
    first = {iad: carried(house, iad) for iad in MODELS}
    address = {iad: path_of(device) for iad, device in first.items()}
    assert address["iad-1"] != address["iad-2"]
    house.start()
    right = f"{address['iad-1']}/{NAMES['iad-1']}"
    answers = [house.ask(right, AGENTS["iad-1"])]  # nothing waits yet

    house.settings("192.0.2.10:5062")
    told = json.loads(house.seatline("iad", "zhaotong", "--offer", "--minutes", "30", "--json"))
    assert [one["iad"] for one in told["offers"]] == ["iad-1", "iad-2"]

    answers += [
        house.ask(right, "curl/8.5.0"),
        house.ask(right, AGENTS["iad-2"]),
        house.ask(f"{address['iad-1']}/{NAMES['iad-2']}", AGENTS["iad-1"]),
        house.ask(f"/iad/{'x' * 24}/{NAMES['iad-1']}", AGENTS["iad-1"]),
        house.ask(f"/iad/c074ad000001/{NAMES['iad-1']}", AGENTS["iad-1"]),
        house.ask(f"/{NAMES['iad-1']}", AGENTS["iad-1"]),
        house.ask(right, AGENTS["iad-1"], method="POST"),
    ]
    with ThreadPoolExecutor(8) as crowd:  # eight at once: one gets it
        all_at_once = list(crowd.map(lambda _: house.ask(right, AGENTS["iad-1"]), range(8)))
    (got,) = [answer for answer in all_at_once if b"404" not in answer[:12]]
    answers += [answer for answer in all_at_once if answer is not got]
    head, _, content = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    second = models.family_of(MODELS["iad-1"]).parse(content, MODELS["iad-1"])
    assert second.server.domain == "192.0.2.10:5062"
    assert second.lines == first["iad-1"].lines
    answers.append(house.ask(right, AGENTS["iad-1"]))

    with closing(sqlite3.connect(house.folder / "seatline.db")) as ledger, ledger:  # time goes by
        ledger.execute("update offer set until = '2020-01-01T00:00:00.000000Z'")
    answers.append(house.ask(f"{address['iad-2']}/{NAMES['iad-2']}", AGENTS["iad-2"]))

    assert len({undated(answer) for answer in answers}) == 1
    assert answers[0].startswith(b"HTTP/1.1 404 Not Found\r\n")
    house.wait_odd(14)
    assert sorted(house.odd()) == sorted(
        [
            ("no-offer", "zhaotong/iad-1"),
            ("wrong-user-agent", "zhaotong/iad-1"),
            ("wrong-mac", "zhaotong/iad-1"),
            ("other-name", "zhaotong/iad-1"),
            ("unknown-token", "unknown"),
            ("unknown-token", "unknown"),
            ("unknown-token", "unknown"),
            ("wrong-method", "zhaotong/iad-1"),
            *[("taken", "zhaotong/iad-1")] * 5,  # of eight: no more than that in a minute
            ("expired", "zhaotong/iad-2"),
        ]
    )
    assert [whose for event, whose, _ in house.trail() if event == "iad-fetched"] == ["zhaotong/iad-1"]

    assert house.stop() == 0
    secrets = [line.password for device in first.values() for _, line in device.lines]
    secrets += [path.removeprefix("/iad/") for path in address.values()]
    kept = house.said() + repr(house.trail())
    assert "Traceback" not in kept
    assert not [secret for secret in secrets if secret in kept]
    assert "zhaotong/iad-1 has its file, fetched from 127.0.0.1" in house.said()
    assert house.said().splitlines()[-1].startswith("stopped")


def test_what_is_told_is_data_for_programs(house: House) -> None:
    """With --json each line that is told is a document on stdout, as soon as it is said; alerts say so."""
    house.start("--json")
    house.ask(f"/iad/{'x' * 24}/{NAMES['iad-1']}", "curl/8.5.0")
    house.wait_odd(1)
    end = time.monotonic() + 60
    while len(house.said().splitlines()) < 2:
        assert time.monotonic() < end, house.said()
        time.sleep(0.05)
    assert house.stop() == 0
    began, odd, stopped = map(json.loads, house.said().splitlines())
    assert (began["alert"], odd["alert"], stopped["alert"]) == (False, True, False)
    assert odd["text"].startswith("odd fetch, device unknown, from 127.0.0.1, 'curl/8.5.0'")
    assert all(datetime.fromisoformat(one["at"]).tzinfo for one in (began, odd, stopped))


def test_beyond_this_machine_plain_http_must_be_meant(house: House) -> None:
    """Without a certificate `serve` does not listen on a network, and says what would let it."""
    if house.trusted is None:
        done = subprocess.run(
            [sys.executable, "-m", "provisioning", "serve", "--listen", "0.0.0.0:1"],
            cwd=house.folder, env=environment(), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 1
        assert "--plain-http" in done.stderr
        assert "Traceback" not in done.stderr
    else:
        (house.folder / "key.pem").unlink()
        house.seatline("serve", code=1)
