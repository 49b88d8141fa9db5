"""Collecting and rating killed with SIGKILL at random moments, many times: is each record there exactly once?

    .venv/bin/python -m tests.faults.kills --times 1000

Runs the commands on a ledger in SQLite and on one in PostgreSQL (its own server on loopback), while both
files of a switch grow and are rotated; then lets the commands end, and compares the ledger with one that was
made of the same files without any fault. Prints a row of docker/FAULTS.md for each.
"""

from __future__ import annotations

import argparse
import os
import random
import select
import shutil
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tests.faults.ledger_rows import rows_of
from tests.faults.switch_files import SwitchFiles

ROOT = Path(__file__).parents[2]
COMMANDS = (("collect",), ("collect",), ("rate",), ("collect",))
LARGE = 25_000
"""Calls at once, now and then: more than one batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """What became of the records. `kills` were alive when they were killed, `ended` had ended before."""

    kills: int
    ended: int
    records: int
    rotations: int
    lost: int
    doubled: int
    differing: int
    refused: tuple[str, ...]

    @property
    def sound(self) -> bool:
        return not (self.lost or self.doubled or self.differing or self.refused)


class Site:
    """A folder with settings, a contract and a switch's files; the commands run in it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        folder.mkdir()
        self.folder, self.url = folder, database_url
        for name in ("zhaotong.yaml", "zhaotong-numbers.xlsx"):
            shutil.copy(ROOT / "docker/demo" / name, folder / name)
        (folder / "seatline.toml").write_text(
            f'database_url = "{database_url}"\n[switches.pbx]\nami = "127.0.0.1:5038"\n'
            'records = ["seatline.json", "Master.csv"]\n'
        )
        self.must("contract", "add", "zhaotong.yaml")

    def start(self, *arguments: str) -> int:
        """Forks one command: as if it were started, but at once, since all is imported. Returns its pid."""
        child = os.fork()
        if child:
            return child
        os.setsid()
        os.chdir(self.folder)
        os.environ.pop("SEATLINE_DATABASE_URL", None)
        talk = os.open("talk", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(talk, stream)
        sys.argv = ["seatline", *arguments]
        from provisioning.cli.app import main

        try:
            main()
        except SystemExit as left:
            os._exit(left.code if isinstance(left.code, int) else 1)
        except BaseException:
            import traceback

            traceback.print_exc()
        os._exit(70)

    def must(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """Lets a command end; what is wrong with how it ended, or nothing."""
        before = self._talk()
        _, status = os.waitpid(self.start(*arguments), 0)
        code = os.waitstatus_to_exitcode(status)
        if code in codes:
            return ""
        return f"{' '.join(arguments)} ended with {code}: {self._talk()[len(before) :][-400:]}"

    def killed(self, seconds: float, *arguments: str) -> tuple[bool, float]:
        """Kills a command after that time, with SIGKILL; whether it was still alive, and how long it had."""
        began = monotonic()
        pid = self.start(*arguments)
        ends = os.pidfd_open(pid)
        alive = not select.select([ends], [], [], seconds)[0]
        if alive:
            os.kill(pid, signal.SIGKILL)
        os.close(ends)
        os.waitpid(pid, 0)
        return alive, monotonic() - began

    def _talk(self) -> str:
        file = self.folder / "talk"
        return file.read_text(errors="replace") if file.exists() else ""


def kill_many(
    folder: Path, url: str, oracle_url: str, times: int, seed: int, *, large: int = LARGE
) -> Killed:
    """Kills commands until `times` of them were alive when they were; then lets them end, and compares."""
    import provisioning.cli.calls
    import provisioning.cli.collect
    import provisioning.flows.rate_calls
    import provisioning.store.ledger  # noqa: F401 - before the forks, or each would have to

    chance = random.Random(seed)
    site = Site(folder / "killed", url)
    files = SwitchFiles(site.folder, chance)
    kills = ended = 0
    files.grow(200)
    refused = [site.must(*command) for command in COMMANDS]  # the first run makes the switch's files known
    usual = {command: _seconds(site, command) for command in COMMANDS}
    while kills < times:
        files.grow(large if chance.random() < 0.004 else chance.randrange(1, 300))
        if chance.random() < 0.05:
            files.rotate()
            files.grow(1)
        command = COMMANDS[(kills + ended) % len(COMMANDS)]
        alive, took = site.killed(chance.random() * usual[command], *command)
        kills, ended = kills + alive, ended + (not alive)
        if not alive:
            usual[command] = 0.7 * usual[command] + 0.3 * took * 1.3
        else:
            usual[command] *= 1.02
    files.finish()
    refused += [site.must("collect"), site.must("rate"), site.must("db", "verify"), site.must("collect")]
    oracle = Site(folder / "untouched", oracle_url)
    shutil.copytree(
        site.folder, oracle.folder / "log", ignore=lambda _, names: {n for n in names if not _is_record(n)}
    )
    logs = sorted(str(file) for file in (oracle.folder / "log").iterdir())
    refused += [oracle.must("collect", *logs, "--switch", "pbx"), oracle.must("rate")]
    there, meant = rows_of(url), rows_of(oracle_url)
    expected = Counter(range(files.records))
    found = Counter(row.sequence for row in there)
    return Killed(
        kills=kills,
        ended=ended,
        records=files.records,
        rotations=files.rotations,
        lost=(expected - found).total(),
        doubled=(found - expected).total(),
        differing=len(set(there) ^ set(meant)),
        refused=tuple(one for one in refused if one),
    )


def _seconds(site: Site, command: tuple[str, ...]) -> float:
    began = monotonic()
    site.must(*command)
    return monotonic() - began


def _is_record(name: str) -> bool:
    return name.startswith(("Master.csv", "seatline.json"))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20250731)
    chosen = parser.parse_args()
    from tests.conftest import own_postgres

    sound = True
    with tempfile.TemporaryDirectory() as name, own_postgres() as server:
        for kind in ("SQLite", "PostgreSQL"):
            folder = Path(name) / kind
            folder.mkdir()
            urls = [
                f"sqlite:///{folder / one}.db" if kind == "SQLite" else server.fresh() for one in ("a", "b")
            ]
            began = monotonic()
            done = kill_many(folder, urls[0], urls[1], chosen.times, chosen.seed)
            sound = sound and done.sound
            print(
                f"| kill -9 at random moments, {kind} | {done.kills} kills, {done.ended} ended before; "
                f"{done.records} records, {done.rotations} rotations, {monotonic() - began:.0f} s | "
                f"{done.lost} | {done.doubled} | {done.differing} differ {' '.join(done.refused)}|",
                flush=True,
            )
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
