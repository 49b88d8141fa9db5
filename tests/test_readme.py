"""What README.md shows works as it is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import typer.main
from typer.core import TyperGroup

from provisioning.cli.app import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def seatline(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("SEATLINE")}
    return subprocess.run(
        [sys.executable, "-m", "provisioning", *arguments],
        cwd=folder, env=clean, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_first_contract_is_sound_and_known(tmp_path: Path) -> None:
    """The README's contract passes check, is recorded, billed, and answers lookup."""
    [contract] = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "zhaotong.yaml").write_text(contract, encoding="utf-8")
    for command in (
        ["check", "zhaotong.yaml"],
        ["contract", "add", "zhaotong.yaml"],
        ["bill", "zhaotong-2025", "--cycle", "2025-07"],
        ["lookup", "6001", "--on", "2025-08-15"],
    ):
        done = seatline(*command, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    assert "08702120001" in seatline("lookup", "6001", "--on", "2025-08-15", folder=tmp_path).stdout
    assert "48.00" in seatline("bill", "zhaotong-2025", "--cycle", "2025-07", folder=tmp_path).stdout


def test_every_command_stands_in_the_readme() -> None:
    """Each command and group of commands is shown in the README."""
    (commands,) = [group.commands for group in [typer.main.get_command(app)] if isinstance(group, TyperGroup)]
    assert {"check", "plan", "bill", "db"} <= set(commands)
    assert [name for name in commands if f"seatline {name}" not in README] == []


def test_the_settings_are_read(tmp_path: Path) -> None:
    """The README's seatline.toml is accepted as it stands, and one with a slip is not."""
    [settings] = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "seatline.toml").write_text(settings, encoding="utf-8")
    sound = str(ROOT / "docker" / "demo" / "zhaotong.yaml")
    assert seatline("check", sound, folder=tmp_path).returncode == 0
    (tmp_path / "seatline.toml").write_text(settings.replace("records", "record"), encoding="utf-8")
    assert "unknown setting record" in seatline("check", sound, folder=tmp_path).stderr
