"""The golden IADs: a device as JSON, and the file that its family writes for it, to the byte."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pbx.iad.device import Device, Line, Port, Server
from pbx.iad.models import MODELS, family_names, family_of, ports_of

CASES = sorted(path.parent for path in (Path(__file__).parent / "iad").glob("*/device.json"))
REWRITE = "SEATLINE_REWRITE_GOLDEN"


def device_of(case: Path) -> Device:
    said = json.loads((case / "device.json").read_text(encoding="utf-8"))
    lines = {int(number): Line(**line) for number, line in said.pop("lines").items()}
    count = ports_of(said["model"]) or 0
    assert max(lines) <= count
    ports = tuple(Port(number=number, line=lines.get(number)) for number in range(1, count + 1))
    return Device(server=Server(**said.pop("server")), ports=ports, **said)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_file_of_a_device_is_as_it_should_be(case: Path) -> None:
    """The file of a device is, to the byte, the one in its folder, under the name the device asks for."""
    device = device_of(case)
    family = family_of(device.model)
    found, expected = family.render(device), case / family.file_name(device)
    if os.environ.get(REWRITE):
        expected.write_bytes(found)
    assert found == expected.read_bytes()
    assert {file.name for file in case.iterdir()} == {"device.json", expected.name}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_file_in_the_folder_registers_every_port(case: Path) -> None:
    """The file in the folder, read back, has each port's user, digest user and password, and its server."""
    device = device_of(case)
    family = family_of(device.model)
    read = family.parse((case / family.file_name(device)).read_bytes(), device.model)
    assert [(number, line.user, line.auth_user, line.password) for number, line in read.lines] == [
        (number, line.user, line.auth_user, line.password) for number, line in device.lines
    ]
    assert (read.server.domain, read.server.proxy) == (device.server.domain, device.server.proxy)


def test_every_family_has_a_case() -> None:
    """There is a golden device of every family."""
    assert {MODELS[device_of(case).model][0] for case in CASES} == set(family_names())
