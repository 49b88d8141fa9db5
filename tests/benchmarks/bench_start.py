"""How long a command takes to answer, whole process, beside the bare cost of Python and of its libraries.

    .venv/bin/python tests/benchmarks/bench_start.py

`seatline --help` and `seatline lookup` are meant to stay under 0.3 s on a warm machine. The figures are the
median of some runs, taken in turn, so that the ratios hold when the machine's speed drifts.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNS = 15
SEATLINE = [sys.executable, "-m", "provisioning"]
COMMANDS = {
    "python alone": [sys.executable, "-c", "pass"],
    "import typer": [sys.executable, "-c", "import typer"],
    "import sqlalchemy": [sys.executable, "-c", "import sqlalchemy"],
    "seatline --help": [*SEATLINE, "--help"],
    "seatline lookup 6001": [*SEATLINE, "lookup", "6001"],
    "seatline bill": [*SEATLINE, "bill", "zhaotong-2025", "--cycle", "2025-07", "--json"],
}


def run(command: list[str], folder: str) -> float:
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - begun


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run([*SEATLINE, "contract", "add", str(ROOT / "docker" / "demo" / "zhaotong.yaml")], folder)
        taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for _ in range(RUNS):
            for name, command in COMMANDS.items():
                taken[name].append(run(command, folder))
    libraries = statistics.median(taken["import sqlalchemy"])
    for name, times in taken.items():
        middle = statistics.median(times)
        print(f"{name:24}{middle * 1000:6.0f} ms   {middle / libraries:5.2f} x import sqlalchemy")


if __name__ == "__main__":
    main()
