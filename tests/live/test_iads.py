"""Every IAD file that is written is read again, and a softphone registers with what each port's line says."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbx.errors import Refused
from pbx.iad import models
from pbx.iad.device import Device, Line
from pbx.live.softphone import ROOM, Phones

_desks_spec = importlib.util.spec_from_file_location("live_desks", Path(__file__).with_name("desk.py"))
assert _desks_spec is not None
assert _desks_spec.loader is not None
desks = sys.modules.setdefault("live_desks", importlib.util.module_from_spec(_desks_spec))
_desks_spec.loader.exec_module(desks)

pytestmark = pytest.mark.live

DEMO = Path(__file__).parents[2] / "docker" / "demo"
NET = os.environ.get("SEATLINE_TEST_NET", "127.0.1")
FAMILIES = {
    "grandstream-ht818": 2,
    "grandstream-ht802": 2,
    "cisco-spa122": 2,
    "yealink-t46g": 2,
    "tr104-4": 2,
    "audiocodes-mp124": 2,
    "patton-sn4114": 2,
}
"""A model of each family that the demo's site does not have, and how many of its ports are used."""
MIXED = """\
contract: mixed-2025
customer: {name: 某办公室}
operator: {name: 中国移动}
term: {from: 2025-01-01, to: 2099-12-31}
calls:
  increment: 60
  rates: {internal: "0", local: "0.06", domestic: "0.06", service: "0.06", hmt: closed, international: closed}
  incoming: "0"
site:
  name: mixed
  area_code: "0870"
"""


class Desk(desks.Desk):
    """seatline in a folder, with the live switch in its settings."""

    def devices(self, site: str) -> list[Device]:
        """The site's devices, as their files say."""
        files = json.loads(self("iad", site, "--to", "files", "--json"))["files"]
        return [
            models.family_of(one["model"]).parse(
                (self.folder / "files" / one["file"]).read_bytes(), one["model"]
            )
            for one in files
        ]


@pytest.fixture
def desk(pbx: Any, tmp_path: Path) -> Desk:
    return Desk(tmp_path, desks.table_of(pbx))


def registered(devices: list[Device], bind: str) -> Iterator[str]:
    """Registers a softphone for each port of the devices, ROOM of them at a time; the users."""
    ports: list[tuple[str, Line]] = [
        (one.server.proxy or one.server.domain, line) for one in devices for _, line in one.lines
    ]
    for first in range(0, len(ports), ROOM):
        with Phones(bind=bind) as phones:
            for registrar, line in ports[first : first + ROOM]:
                phones.register(
                    line.user, auth_user=line.auth_user, secret=line.password, registrar=registrar
                )
                yield line.user


def test_sixty_nine_ports_register(desk: Desk, switches: Any) -> None:
    """The demo's 69 seats on a GXW4248 and a GXW4224: each port registers with what its file says, and the
    switch has them all; with another's password it is refused."""
    for file in ("zhaotong.yaml", "zhaotong-numbers.xlsx"):
        shutil.copy(DEMO / file, desk.folder)
    desk("contract", "add", "zhaotong.yaml")
    desk("apply", "--yes")
    devices = desk.devices("zhaotong")
    assert [(one.model, len(one.lines)) for one in devices] == [
        ("grandstream-gxw4248", 48),
        ("grandstream-gxw4224", 21),
    ]
    assert {one.server.domain for one in devices} == {switches.pbx.sip}
    users = list(registered(devices, switches.desks))
    assert users == [f"0870212{n:04}" for n in range(1, 70)]
    first, second = (line for _, line in devices[0].lines[:2])
    with Phones(bind=switches.desks) as phones, pytest.raises(Refused):
        phones.register(
            first.user, auth_user=first.auth_user, secret=second.password, registrar=switches.pbx.sip
        )


def test_a_device_of_each_family_registers(desk: Desk, switches: Any) -> None:
    """One device of each other family: every port in use registers with what its file says."""
    seats, iads, number = [], [], 0
    for model, used in FAMILIES.items():
        mac = f"c0:74:ad:00:01:{len(iads):02x}"
        iads.append(f'    - {{name: {model}, model: {model}, mac: "{mac}"}}')
        for port in range(1, used + 1):
            number += 1
            seats.append(f'    - {{long_number: "0870212{number:04}", iad: {model}, port: {port}}}')
    lines = ["  numbers:", *seats, "  iads:", *iads]
    (desk.folder / "mixed.yaml").write_text(MIXED + "\n".join(lines) + "\n", encoding="utf-8")
    desk("contract", "add", "mixed.yaml")
    desk("apply", "--yes")
    devices = desk.devices("mixed")
    assert [one.model for one in devices] == list(FAMILIES)
    users = list(registered(devices, switches.desks))
    assert users == [f"0870212{n:04}" for n in range(1, number + 1)]


def test_straight_to_the_operator(desk: Desk, switches: Any, operator: Any) -> None:
    """Where no switch is in the path, each port registers at the demanding operator, with its IMS identity
    and the password the operator gave for it."""
    numbers = [f"0870212{n:04}" for n in range(1, 22)]
    seats = ["  numbers:", *(f'    - {{long_number: "{number}"}}' for number in numbers)]
    ims = f'domain: ims.example.net, proxy: "sip:{operator.sip}", passwords: passwords.csv'
    rest = [
        "  switch: none",
        f"  ims: {{{ims}}}",
        '  iads: [{name: iad-1, model: grandstream-gxw4224, mac: "c0:74:ad:00:00:03"}]',
    ]
    (desk.folder / "mixed.yaml").write_text(MIXED + "\n".join([*seats, *rest]) + "\n", encoding="utf-8")
    rows = "".join(f"{number},{operator.passwords['+86' + number[1:]]}\n" for number in numbers)
    (desk.folder / "passwords.csv").write_text(f"号码,密码\n{rows}", encoding="utf-8")
    desk("contract", "add", "mixed.yaml")
    desk("apply", "--yes")
    assert switches.pbx.files() == [], "nothing of the site is on the switch"
    devices = desk.devices("mixed")
    assert [(one.server.domain, one.server.proxy) for one in devices] == [("ims.example.net", operator.sip)]
    assert devices[0].lines[0][1].auth_user == "+868702120001@ims.example.net"
    assert list(registered(devices, switches.desks)) == [f"+86{number[1:]}" for number in numbers]
