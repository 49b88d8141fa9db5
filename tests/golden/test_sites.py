"""The golden sites: what the switch and the IADs of each case should hold, to the byte."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pbx.iad.models import family_of
from pbx.section import render
from provisioning.core.contract import Contract
from provisioning.intake.contract_file import SheetFile, open_contract, read_contracts
from provisioning.planning import iads
from provisioning.planning.allotment import allotted
from provisioning.planning.desired import desired
from provisioning.planning.iad_models import ports_of
from provisioning.planning.iads import Given

HERE = Path(__file__).parent
CASES = ("zhaotong", "ordos", "jilin", "kizilsu", "promises")
REWRITE = "SEATLINE_REWRITE_GOLDEN"


def contract_of(case: str) -> Contract:
    """The contract of a case, its seats on the ports they get."""
    file = open_contract("contract.yaml", (HERE / case / "contract.yaml").read_bytes())
    if file.sheet_named is not None:
        content = (HERE / case / file.sheet_named).read_bytes()
        file = file.with_sheet(SheetFile(name=file.sheet_named, content=content))
    reading = read_contracts([file])
    assert reading.problems == ()
    (contract,) = reading.contracts
    return replace(contract, site=allotted(contract.site, None, ports_of))


def switch_files(contract: Contract) -> dict[str, bytes]:
    """The site's files on its switch, written out plainly; none without a switch."""
    if contract.site.switch == "none":
        return {}
    secrets = {seat.long_number: f"secret-{seat.long_number}" for seat in contract.site.seats}
    config = desired(contract, secrets, "a")
    return {file: render(sections).encode() for file, sections in config.files.items()}


def iad_files(contract: Contract) -> dict[str, bytes]:
    """The files of the site's IADs, where the switch would be at 192.0.2.10."""
    numbers = [seat.long_number for seat in contract.site.seats]
    given = Given(
        passwords={number: f"password-{number}" for number in numbers},
        sip="192.0.2.10:5060",
        url=None,
        tokens={},
        admin_passwords={},
    )
    found = {}
    for device in iads.devices(contract, given):
        family = family_of(device.model)
        found[family.file_name(device)] = family.render(device)
    return found


def agrees(folder: Path, found: dict[str, bytes]) -> None:
    """Compares with the files of the folder, or writes them when asked to."""
    if os.environ.get(REWRITE):
        folder.mkdir(exist_ok=True)
        for file in folder.iterdir():
            file.unlink()
        for name, content in found.items():
            (folder / name).write_bytes(content)
        if not found:
            folder.rmdir()
    held = {file.name: file.read_bytes() for file in folder.iterdir()} if folder.is_dir() else {}
    assert held == found


@pytest.mark.parametrize("case", CASES)
def test_the_switch_of_a_site(case: str) -> None:
    """The files of a site's switch are, to the byte, those in its folder; without a switch there are none."""
    agrees(HERE / case / "switch", switch_files(contract_of(case)))


@pytest.mark.parametrize("case", CASES)
def test_the_iads_of_a_site(case: str) -> None:
    """The files of a site's IADs are, to the byte, those in its folder."""
    agrees(HERE / case / "iads", iad_files(contract_of(case)))


def test_what_the_sites_are_like() -> None:
    """Zhaotong has a switch and two gateways, Ordos a gateway and no switch, the others a switch alone."""
    found = {
        case: (bool(switch_files(contract_of(case))), len(iad_files(contract_of(case)))) for case in CASES
    }
    alone = dict.fromkeys(("jilin", "kizilsu", "promises"), (True, 0))
    assert found == {"zhaotong": (True, 2), "ordos": (False, 1)} | alone
