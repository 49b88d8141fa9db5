"""seatline in a process of its own for each command, without Python loading its modules anew each time.

Loading is most of a short command's time. One process has all modules loaded and forks for each command; what
is forked is `python -m provisioning` with its own folder, environment, output and end. That a command starts
from nothing as well is seen by the tests of README.md and of `serve`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_LOADED = """
import gc, importlib, json, os, pkgutil, runpy, sys

for name in ("provisioning", "pbx.iad"):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
import pbx.live.ami, pbx.live.files

gc.freeze()  # what is forked leaves all this as it is, in memory that it shares
for line in iter(sys.stdin.readline, ""):
    if not (pid := os.fork()):
        break
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
else:
    sys.exit()

asked = json.loads(line)
os.chdir(asked["folder"])
os.environ.clear()
os.environ.update(asked["environment"])
for number, name, mode in ((0, os.devnull, "r"), (1, asked["out"], "w"), (2, asked["err"], "w")):
    with open(name, mode) as file:
        os.dup2(file.fileno(), number)
sys.argv[1:] = asked["arguments"]
runpy.run_module("provisioning", run_name="__main__", alter_sys=True)
"""


Done = subprocess.CompletedProcess[str]


class QuickStart:
    """The process that has everything loaded; one command at a time."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="seatline-said-")
        self._process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-c", _LOADED],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Done:
        out, err = (Path(self._folder.name) / name for name in ("out", "err"))
        asked: dict[str, Any] = {
            "arguments": list(arguments),
            "folder": str(folder),
            "environment": environment,
            "out": str(out),
            "err": str(err),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return Done(list(arguments), code, *(said.read_text(encoding="utf-8") for said in (out, err)))

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._folder.cleanup()


@cache
def started() -> QuickStart:
    """The one of this test run."""
    return QuickStart()


def seatline(*arguments: str, folder: Path, **more: str) -> Done:
    """What `python -m provisioning` with these arguments does and says in that folder."""
    return started().run(arguments, folder, environment(**more))


_COLOURED = {"FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
"""What makes Rich and Typer write to a file as to a terminal."""


def environment(**more: str) -> dict[str, str]:
    """Ours, without what settings it may hold; for output of a known width and without colour."""
    kept = os.environ.keys() - _COLOURED
    clean = {key: os.environ[key] for key in kept if not key.startswith("SEATLINE")}
    return clean | {"COLUMNS": "120"} | more
