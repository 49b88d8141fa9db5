"""The pure rooms have no clock, no chance, no disk, no network and no voice of their own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PURE = (
    "pbx",
    "provisioning/core",
    "provisioning/intake",
    "provisioning/planning",
    "provisioning/charging",
    "provisioning/flows",
)
DOORS = ("pbx/live",)

# Modules with a door to the street: a clock, chance, the disk, the network, other processes, the log.
STREET = {
    *("asyncio", "getpass", "glob", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random"),
    *("secrets", "select", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile"),
    *("threading", "time", "urllib", "zoneinfo"),
}
# Calls that reach outside without an import, or read the clock through an innocent one.
CALLS = {"open", "print", "input", "exec", "eval", "breakpoint"}
CLOCKS = {"now", "utcnow", "today", "uuid1", "uuid4"}
# Streams in memory are no door.
HARMLESS = {("io", "StringIO"), ("io", "BytesIO")}


def outside(source: str) -> list[str]:
    """What in this source reaches outside: "line: what"."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [
                f"{node.lineno}: import {name.name}"
                for name in node.names
                if name.name.split(".")[0] in STREET
            ]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in STREET:
            names = [name.name for name in node.names if (node.module, name.name) not in HARMLESS]
            found += [f"{node.lineno}: from {node.module} import {name}" for name in names]
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in CALLS:
                found.append(f"{node.lineno}: {node.func.id}()")
            if isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS and not node.args:
                found.append(f"{node.lineno}: .{node.func.attr}()")
    return found


def pure_files() -> list[Path]:
    files = {file for room in PURE for file in (ROOT / room).rglob("*.py")}
    doors = {file for room in DOORS for file in (ROOT / room).rglob("*.py")}
    return sorted(files - doors)


@pytest.mark.parametrize("file", pure_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_pure_room_reaches_nothing_outside(file: Path) -> None:
    """A pure room works on values alone."""
    assert outside(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "fault",
    [
        "import time",
        "import os.path",
        "from pathlib import Path",
        "from datetime import datetime\nx = datetime.now()",
        "from datetime import date\nx = date.today()",
        "import random",
        "from secrets import choice",
        "f = open('x')",
        "print('x')",
        "import logging",
        "from io import open",
    ],
)
def test_a_planted_fault_is_seen(fault: str) -> None:
    """A clock, chance, open or print in a pure room is seen."""
    assert outside(fault)


def test_streams_in_memory_are_allowed() -> None:
    """Parsing text through a stream in memory reaches nothing outside."""
    assert outside("from io import StringIO\nimport csv\nx = csv.reader(StringIO('a,b'))") == []
