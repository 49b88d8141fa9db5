"""The pure rooms have no clock, no chance, no disk, no network and no voice of their own."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PURE = (
    "pbx",
    "provisioning/core",
    "provisioning/intake",
    "provisioning/planning",
    "provisioning/charging",
    "provisioning/compliance",
    "provisioning/acceptance",
    "provisioning/flows",
)
DOORS = ("pbx/live",)

# Modules with a door to the street: a clock, chance, the disk, the network, other processes, the log.
STREET = {
    *("asyncio", "getpass", "glob", "http", "importlib", "io", "logging", "multiprocessing", "os", "pathlib"),
    *(
        "random",
        "secrets",
        "select",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "sys",
        "tempfile",
    ),
    *("threading", "time", "urllib", "uuid", "zoneinfo"),
}
# Calls that reach outside without an import, or read the clock through an innocent one.
CALLS = {"open", "print", "input", "exec", "eval", "breakpoint"}
CLOCKS = {"now", "utcnow", "today", "fromtimestamp"}
DISK = {"read_text", "read_bytes", "write_text", "write_bytes"}
# Streams in memory are no door, nor is taking an address apart.
HARMLESS = {("io", "StringIO"), ("io", "BytesIO")} | {
    ("urllib.parse", name) for name in ("urlsplit", "urlunsplit", "parse_qsl", "quote", "unquote")
}


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
            if isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS | DISK:
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
        "from datetime import UTC, datetime\nx = datetime.now(UTC)",
        "from uuid import uuid4",
        "def f(path):\n    return path.read_text()",
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


def foreign(source: str) -> list[str]:
    """The modules a file imports that are neither Python's own nor ours."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [name.name.split(".")[0] for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.module or "").split(".")[0])
    return [name for name in found if name not in sys.stdlib_module_names | {"provisioning"}]


@pytest.mark.parametrize(
    "file", sorted((ROOT / "provisioning" / "core").glob("*.py")), ids=lambda file: file.name
)
def test_the_core_stands_on_python_alone(file: Path) -> None:
    """The core imports nothing but Python's standard library and itself."""
    assert foreign(file.read_text(encoding="utf-8")) == []


def test_a_foreign_library_in_the_core_is_seen() -> None:
    """Any library at all in the core is seen, also one nobody thought of."""
    assert foreign("import json\nfrom attrs import define") == ["attrs"]


def test_streams_in_memory_are_allowed() -> None:
    """Parsing text through a stream in memory reaches nothing outside."""
    assert outside("from io import StringIO\nimport csv\nx = csv.reader(StringIO('a,b'))") == []
