"""A folder with settings and call records, in which seatline's commands are run as users run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from pbx import cdr_csv
from tests.faults.ledger_rows import rows_of
from tests.faults.switch_files import record

ROOT = Path(__file__).parents[2]


class Work:
    """`records` calls stand in Master.csv; the ledger's URL may be changed between two commands."""

    def __init__(self, folder: Path, url: str, *, records: int) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.url, self.records = folder, url, 0
        self.file = folder / "Master.csv"
        (folder / "seatline.toml").write_text(
            '[switches.pbx]\nami = "127.0.0.1:5038"\nrecords = ["Master.csv"]\n'
        )
        self.grow(records)

    def grow(self, count: int) -> None:
        with self.file.open("ab") as writer:
            for number in range(self.records, self.records + count):
                writer.write(cdr_csv.render(record(number)) + b"\n")
        self.records += count

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "SEATLINE_DATABASE_URL": self.url, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [sys.executable, "-m", "provisioning", *arguments], cwd=self.folder, env=environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, data and talk of a command that ends."""
        with self.begin(*arguments) as command:
            out, said = command.communicate(timeout=300)
        return command.returncode, out, said

    def collect(self) -> dict[str, Any]:
        """A collecting that must succeed, as --json tells of it."""
        code, out, said = self.run("collect", "--json")
        assert code == 0, said
        found: dict[str, Any] = json.loads(out)
        return found

    def assert_exactly_once(self) -> None:
        """Every record of the file is in the ledger, once, with its line; the ledger can be trusted."""
        rows = rows_of(self.url)
        assert Counter(row.sequence for row in rows) == Counter(range(self.records))
        assert (
            b"".join(row.raw + b"\n" for row in sorted(rows, key=lambda row: row.sequence))
            == self.file.read_bytes()
        )
        code, out, said = self.run("db", "verify")
        assert code == 0, out + said
