"""The whole way of a device's second file: changed contract, offer, NOTIFY, fetch, registration with it."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pbx.iad import models

pytestmark = pytest.mark.live

_spec = importlib.util.spec_from_file_location("live_device", Path(__file__).with_name("device.py"))
assert _spec is not None
assert _spec.loader is not None
_module = sys.modules.setdefault("live_device", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(_module)
Device = _module.Device

GOLDEN = Path(__file__).parents[1] / "golden" / "zhaotong"
MODEL, FILE = "grandstream-gxw4216", "cfgc074ad000001.xml"
LISTEN = f"{os.environ.get('SEATLINE_TEST_NET', '127.0.1')}.7:5180"
"""An address of this test run's own, and no port that an outgoing connection may be given."""
AGENT = "Grandstream Model HW GXW4216 V1.0A SW 1.0.5.2 DevId c074ad000001"


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("SEATLINE")}


@pytest.fixture
def seatline(pbx: Any, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """seatline with the real switch and a site of three seats on one IAD; `seatline serve` runs."""
    (tmp_path / "seatline.toml").write_text(
        f'[switches.pbx]\nami = "{pbx.ami_host}:{pbx.ami_port}"\nsecret_file = "{pbx.secret_file}"\n'
        f'sip = "{pbx.sip}"\n[serve]\nlisten = "{LISTEN}"\nurl = "http://{LISTEN}"\n',
        encoding="utf-8",
    )
    text = (GOLDEN / "contract.yaml").read_text(encoding="utf-8").replace("2025-12-31", "2099-12-31")
    text = re.sub(r"^stated:.*\n|^    - \{name: iad-2.*\n", "", text, flags=re.MULTILINE)
    text = text.replace("grandstream-gxw4248", MODEL)
    (tmp_path / "contract.yaml").write_text(text, encoding="utf-8")
    lines = (GOLDEN / "numbers.csv").read_text(encoding="utf-8").splitlines()[:4]
    (tmp_path / "numbers.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "provisioning", *command],
            cwd=tmp_path, env=_environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("contract", "add", "contract.yaml")
    run("apply", "--yes")
    run("iad", "zhaotong", "--to", "usb")
    with (tmp_path / "said").open("w") as said:
        serving = subprocess.Popen(
            [sys.executable, "-m", "provisioning", "serve"],
            cwd=tmp_path, env=_environment(), stdout=said, stderr=said,
        )  # fmt: skip
    try:
        end = time.monotonic() + 60
        while "handing out" not in (tmp_path / "said").read_text():
            assert time.monotonic() < end
            assert serving.poll() is None
            time.sleep(0.05)
        yield run
    finally:
        serving.terminate()
        assert serving.wait(60) == 0


def _get(url: str) -> tuple[int, bytes]:
    """What the device gets at its address."""
    host, path = re.fullmatch(r"http://([^/]+)(/.*)", url).groups()
    line = http.client.HTTPConnection(host, timeout=60)
    line.request("GET", path, headers={"User-Agent": AGENT})
    answer = line.getresponse()
    content = answer.read()
    line.close()
    return answer.status, content


def test_a_changed_contract_reaches_the_device(
    seatline: Callable[..., str], switches: Any, tmp_path: Path
) -> None:
    """A device with its first file hears of the second, fetches it once, and registers with what it says."""
    family = models.family_of(MODEL)
    first = family.parse((tmp_path / "usb" / FILE).read_bytes(), MODEL)
    assert first.fetch_url is not None
    url = f"{first.fetch_url.rstrip('/')}/{FILE}"
    (_, line) = first.lines[1]
    port = Device(switches.desks, first.server.domain, line.user, line.password)
    assert port.register() == "SIP/2.0 200 OK"

    contract = tmp_path / "contract.yaml"
    text = contract.read_text(encoding="utf-8")
    moved = text.replace('mac: "c0:74:ad:00:00:01"', 'mac: "c0:74:ad:00:00:01", settings: {caller_id: dtmf}')
    assert moved != text
    contract.write_text(moved, encoding="utf-8")
    seatline("contract", "add", "contract.yaml")
    (told,) = json.loads(seatline("iad", "zhaotong", "--offer", "--json"))["offers"]
    assert (told["iad"], told["file"]) == ("iad-1", FILE)
    assert told["notified"] == f"told to fetch, over seat-{line.user}"

    (heard,) = port.listen(60)
    assert f"Event: {family.CHECK_SYNC}" in heard.split("\r\n")
    status, content = _get(url)
    assert status == 200
    second = family.parse(content, MODEL)
    assert second.settings["caller_id"] == "dtmf"
    assert second.lines == first.lines
    (_, again) = second.lines[1]
    port.close()
    started_anew = Device(switches.desks, second.server.domain, again.user, again.password)
    assert started_anew.register() == "SIP/2.0 200 OK"
    started_anew.close()
    assert _get(url) == (404, b"not found\n")
    assert "no changes" in seatline("iad", "zhaotong", "--offer")


def test_a_stolen_file_registers_nobody(seatline: Callable[..., str], switches: Any, tmp_path: Path) -> None:
    """After --renew and apply the former file's password is refused, and the new one is not."""
    family = models.family_of(MODEL)
    first = family.parse((tmp_path / "usb" / FILE).read_bytes(), MODEL)
    seatline("iad", "zhaotong", "iad-1", "--renew", "--to", "new")
    seatline("apply", "--yes", "--force")
    second = family.parse((tmp_path / "new" / FILE).read_bytes(), MODEL)
    assert first.fetch_url != second.fetch_url
    for device, answer in ((first, "SIP/2.0 401 Unauthorized"), (second, "SIP/2.0 200 OK")):
        (_, line) = device.lines[2]
        port = Device(switches.desks, device.server.domain, line.user, line.password)
        assert port.register() == answer
        if device is second:
            port.register(expires=0)  # other tests meet nobody registered
        port.close()
