"""The bounded command that kills collecting and rating at random moments, a few times on each database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_killed_fifty_times() -> None:
    """Killed 25 times on each database at random moments, no record is lost, doubled or priced otherwise."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.kills", "--times", "25"],
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| kill -9")]
    assert [" 25 kills" in row and row.endswith("| 0 | 0 | 0 differ |") for row in rows] == [True, True], done
