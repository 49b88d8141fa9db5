"""What the demo draws for its switches is nobody else's to read."""

from __future__ import annotations

import importlib.util
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).parents[2] / "docker" / "demo" / "demo.py"


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The demo with a folder of its own."""
    spec = importlib.util.spec_from_file_location("seatline_demo", DEMO)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "seatline_demo", module)
    monkeypatch.syspath_prepend(str(DEMO.parent))
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "HOME", tmp_path / ".demo")
    return module


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


def test_only_the_owner_reads_the_demos_secrets(demo: Any) -> None:
    """Folder 0700, files 0600, and three secrets that differ."""
    demo.draw_secrets()
    folder = demo.HOME / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes(folder) == {0o600}
    assert len({file.read_text(encoding="utf-8") for file in folder.iterdir()}) == 3


def test_a_demo_of_before_is_closed_too(demo: Any) -> None:
    """Secrets that lie open from an earlier run keep their text and are closed."""
    folder = demo.HOME / "secrets"
    folder.mkdir(parents=True)
    (folder / "mobile").write_text("Abc" * 8, encoding="utf-8")
    (folder / "mobile").chmod(0o644)
    folder.chmod(0o755)
    demo.draw_secrets()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes(folder) == {0o600}
    assert (folder / "mobile").read_text(encoding="utf-8") == "Abc" * 8


def test_the_number_sheet_is_what_its_program_writes(tmp_path: Path, demo: Any) -> None:
    """zhaotong-numbers.xlsx, as it lies in the repository, has the cells that number_sheet.py writes."""
    import number_sheet

    from provisioning.intake.headers import is_long_header
    from provisioning.intake.sheet_file import read_sheet

    number_sheet.write(tmp_path / "numbers.xlsx")
    files = (tmp_path / "numbers.xlsx", DEMO.parent / "zhaotong-numbers.xlsx")
    written, held = (read_sheet("numbers.xlsx", file.read_bytes(), is_long_header) for file in files)
    assert written == held
    assert len(held.rows) > 69
