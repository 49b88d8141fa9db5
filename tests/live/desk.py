"""seatline at a desk: its commands, run as a user runs them, in a folder with settings for real switches."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def switch_table(name: str, ami: str, secret_file: Path, *, sites: Sequence[str] = (), **more: str) -> str:
    """A [switches.NAME] of seatline.toml."""
    lines = [f"[switches.{name}]", f'ami = "{ami}"', f'secret_file = "{secret_file}"']
    lines += [f"sites = [{', '.join(map(repr, sites))}]"] if sites else []
    lines += [f'{key} = "{value}"' for key, value in more.items()]
    return "\n".join([*lines, "", ""])


def table_of(pbx: Any) -> str:
    """The settings for the live tests' own switch."""
    return switch_table("pbx", f"{pbx.ami_host}:{pbx.ami_port}", pbx.secret_file, sip=pbx.sip)


class Desk:
    """seatline in a folder of its own; the ledger is that folder's seatline.db."""

    def __init__(self, folder: Path, settings: str) -> None:
        self.folder = folder
        (folder / "seatline.toml").write_text(settings, encoding="utf-8")

    def __call__(self, *arguments: str, code: int | None = 0) -> str:
        """What a command printed; it must end with that exit code (None: any), never with a traceback."""
        return self._run(arguments, code).stdout

    def said(self, *arguments: str, code: int = 0) -> str:
        """The same, and what it said on stderr."""
        done = self._run(arguments, code)
        return done.stdout + done.stderr

    def _run(self, arguments: Sequence[str], code: int | None) -> subprocess.CompletedProcess[str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("SEATLINE")}
        done = subprocess.run(
            [sys.executable, "-m", "provisioning", *arguments],
            cwd=self.folder, env=clean | {"COLUMNS": "140"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        told = f"{arguments}: {done.returncode}: {done.stdout}{done.stderr}"
        assert code is None or done.returncode == code, told
        return done
