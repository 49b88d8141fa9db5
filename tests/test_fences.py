"""The fences between the rooms hold, and each of them bites when a fault is planted."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Each fence's id in pyproject.toml: the file a fault is planted in, and the import that breaks the fence.
PLANTED = {
    "rooms": ("provisioning/core/money.py", "import provisioning.flows.ports"),
    "languages": ("pbx/section.py", "import provisioning.core.money"),
    "bridges": ("provisioning/charging/bill.py", "import pbx.cdr"),
    "records": ("provisioning/store/bills.py", "import pbx.section"),
    "plugs": ("provisioning/cli/ledger.py", "import provisioning.store.ledger"),
    "cycles": ("pbx/errors.py", "import pbx.action"),
    "sqlalchemy": ("provisioning/flows/errors.py", "import sqlalchemy"),
    "panoramisk": ("pbx/errors.py", "import panoramisk"),
    "pjsua2": ("pbx/errors.py", "import pjsua2"),
    "ruamel": ("provisioning/core/problem.py", "import ruamel.yaml"),
    "phonenumbers": ("provisioning/core/numbering.py", "import phonenumbers"),
    "terminal": ("provisioning/flows/errors.py", "import typer"),
    "calamine": ("provisioning/intake/csv_text.py", "import python_calamine"),
    "xlsxwriter": ("provisioning/intake/csv_text.py", "import xlsxwriter"),
    "fpdf2": ("provisioning/core/problem.py", "import fpdf"),
    "holidays": ("provisioning/core/cycle.py", "import holidays"),
    "lxml": ("pbx/iad/device.py", "import lxml.etree"),
    "asyncssh": ("pbx/live/files.py", "import asyncssh"),
    "prometheus": ("provisioning/core/cycle.py", "import prometheus_client"),
    "web": ("provisioning/flows/errors.py", "import starlette.applications"),
}


def lint(folder: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    chosen = [word for name in contracts for word in ("--contract", name)]
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as l; l()"]
    return subprocess.run(
        [*command, "--no-cache", "--no-logo", *chosen],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def fences() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["id"] for contract in project["tool"]["importlinter"]["contracts"]}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for room in ("pbx", "provisioning"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_house_as_it_stands_breaks_no_fence(house: Path) -> None:
    """No import in this house crosses a fence."""
    result = lint(house)
    assert result.returncode == 0, result.stdout


def test_every_fence_is_tried() -> None:
    """Every fence in pyproject.toml has a planted fault below."""
    assert fences() == set(PLANTED)


@pytest.mark.parametrize("fence", sorted(PLANTED))
def test_a_planted_fault_is_caught(house: Path, fence: str) -> None:
    """An import over a fence is caught by that very fence."""
    path, fault = PLANTED[fence]
    file = house / path
    sound = file.read_text(encoding="utf-8")
    file.write_text(f"{sound}\n{fault}\n", encoding="utf-8")
    try:
        result = lint(house, fence)
    finally:
        file.write_text(sound, encoding="utf-8")
    assert result.returncode == 1
    assert "BROKEN" in result.stdout
