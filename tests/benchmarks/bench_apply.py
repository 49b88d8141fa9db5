"""How long plan, apply and drift take on a real switch, next to Asterisk's own loading of the same objects.

    bench_apply.py [--seats 69 1000 10000]

Starts a switch in docker for it. The bare cost is what Asterisk's reload takes when the same objects, written
out plainly, are put into its folder by hand, and when they are taken away again; it is measured in the same
run, the better of two. Prints a line for each figure: the time, and how many times the bare one it is; the
same for the processor time of Asterisk, which other work on the machine disturbs less; and our own.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import os
import secrets
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from pbx.action import Action  # noqa: E402
from pbx.config import Config  # noqa: E402
from pbx.live.ami import Ami  # noqa: E402
from pbx.section import render  # noqa: E402
from provisioning.flows.drift import find_drift  # noqa: E402
from provisioning.planning.desired import desired  # noqa: E402

_spec = importlib.util.spec_from_file_location("live_sites", ROOT / "tests" / "live" / "sites.py")
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)

GOALS = {("apply, all new", 69): 5.0, ("plan without change", 69): 2.0, ("plan without change", 10000): 5.0}
NET = os.environ.get("SEATLINE_TEST_NET", "127.0.1")
PROJECT = f"seatline-bench-{NET.replace('.', '-')}"


@dataclass(frozen=True)
class Cost:
    """What something took: seconds, and seconds of processor time in Asterisk and in this program."""

    wall: float
    asterisk: float
    ours: float


def tell(what: str, seats: int, cost: Cost, alone: Cost | None = None) -> None:
    def times(cost: float, bare: float) -> str:
        return f"{cost:8.3f} s" + (f" {cost / max(bare, 0.01):6.1f} x" if alone else " " * 9)

    bare = alone or cost
    figures = times(cost.wall, bare.wall) + "   Asterisk's CPU " + times(cost.asterisk, bare.asterisk)
    goal = GOALS.get((what, seats))
    aim = f"  (goal: under {goal:.0f} s)" if goal else ""
    print(f"{what:23} {seats:6} seats {figures}   ours {cost.ours:6.2f} s{aim}", flush=True)


class Switch:
    """The switch under test: its AMI, and its folder of configuration files."""

    def __init__(self, ami: Ami, container: str) -> None:
        self.ami, self.container = ami, container
        inspect = ["docker", "inspect", "-f", "{{.State.Pid}}", container]
        self.pid = subprocess.run(inspect, check=True, capture_output=True, text=True).stdout.strip()

    def cost(self, work: Callable[[], Any]) -> tuple[Cost, Any]:
        """What a piece of work takes, and what comes of it."""
        start, theirs, ours = time.perf_counter(), self._processor(), time.process_time()
        done = work()
        wall = time.perf_counter() - start
        return Cost(wall, self._processor() - theirs, time.process_time() - ours), done

    def _processor(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def put(self, files: Mapping[str, str]) -> None:
        """Files as a hand would write them."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, text in files.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode, entry.mtime = len(text.encode()), 0o644, int(time.time())
                archive.addfile(entry, io.BytesIO(text.encode()))
        command = ["docker", "cp", "-", f"{self.container}:/etc/asterisk"]
        subprocess.run(command, input=packed.getvalue(), check=True, capture_output=True)

    def take_away(self, files: str) -> None:
        command = ["docker", "exec", self.container, "sh", "-c", f"rm -f /etc/asterisk/{files}"]
        subprocess.run(command, check=True)

    def reload(self) -> Cost:
        actions = [Action("Reload", (("Module", module),)) for module in ("pbx_config.so", "res_pjsip.so")]
        return self.cost(lambda: self.ami.send_all(actions, timeout=300))[0]


def bare(switch: Switch, config: Config) -> tuple[Cost, Cost]:
    """Asterisk's own time to load these objects, written plainly into one file, and to let go of them."""
    loaded, dropped = [], []
    for _ in range(2):
        now = time.time_ns()  # in the names: Asterisk skips files that look as they did
        switch.put({f"{name[:-5]}-by-hand-{now}.conf": render(held) for name, held in config.files.items()})
        loaded.append(switch.reload())
        switch.take_away("seatline-*-by-hand-*")
        switch.put({f"seatline-{kind}-by-hand-{now}-0.conf": "" for kind in ("pjsip", "extensions")})
        dropped.append(switch.reload())
    switch.take_away("seatline-*-by-hand-*")
    return min(loaded, key=_wall), min(dropped, key=_wall)


def _wall(cost: Cost) -> float:
    return cost.wall


def measure(switch: Switch, count: int) -> None:
    ami = switch.ami
    one = sites.contract("benchmark", of=sites.seats(count))
    book = sites.Book((one,))
    load, drop = bare(switch, desired(one, book.secrets(""), "a"))
    tell("Asterisk alone: load", count, load)
    tell("Asterisk alone: let go", count, drop)

    def applied(*named: str) -> Cost:
        cost, done = switch.cost(lambda: sites.apply_to(ami, book, *named, force=True))
        if done.exit_code:
            sys.exit(f"apply failed: {[str(o.fault) for o in done.outcomes if o.fault]}")
        return cost

    tell("apply, all new", count, applied(), load)
    tell("plan without change", count, switch.cost(lambda: sites.plan_of(ami, book))[0], load)
    tell("apply without change", count, applied(), load)
    look = partial(find_drift, ami, book, hand_written=sites.HAND_WRITTEN, today=sites.TODAY)
    tell("drift", count, switch.cost(look)[0], load)
    book.contracts = (sites.contract("benchmark", of=sites.seats(count - 1)),)
    tell("apply, one seat less", count, applied(), load)
    book.contracts = ()
    tell("apply, all removed", count, applied("benchmark"), drop)
    switch.take_away("*benchmark*")
    switch.reload()


@contextmanager
def own_switch() -> Iterator[Switch]:
    """A switch in docker on addresses of its own."""
    with tempfile.TemporaryDirectory(prefix="seatline-bench-") as folder:
        for name in ("log", "ims-log", "secrets", "sounds", "recordings"):
            (Path(folder) / name).mkdir()
        for name in ("provisioner", "collector", "mobile"):
            (Path(folder) / "secrets" / name).write_text(secrets.token_hex(12))
        environment = os.environ | {
            "SEATLINE_RUN_DIR": folder,
            "SEATLINE_PBX_ADDRESS": f"{NET}.21",
            "SEATLINE_IMS_ADDRESS": f"{NET}.22",
        }

        def compose(*arguments: str) -> str:
            command = [str(ROOT / "docker" / "compose.sh"), "-p", PROJECT, *arguments]
            return subprocess.run(
                command,
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            ).stdout

        try:
            compose("up", "-d", "pbx")
            container = compose("ps", "-q", "pbx").strip()
            wait = ["docker", "exec", container, "asterisk", "-rx", "core waitfullybooted"]
            for _ in range(100):
                if "fully booted" in subprocess.run(wait, capture_output=True, text=True, check=False).stdout:
                    break
                time.sleep(0.2)
            secret = (Path(folder) / "secrets" / "provisioner").read_text()
            with sites.connect(f"{NET}.21", 5138, "provisioner", secret) as ami:
                yield Switch(ami, container)
        finally:
            compose("down", "-v", "--remove-orphans")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--seats", type=int, nargs="+", default=[69, 1000, 10000])
    chosen = options.parse_args()
    with own_switch() as switch:
        measure(switch, 5)  # the hand-written dialplan, and all that is slow only once
        print(flush=True)
        for count in chosen.seats:
            measure(switch, count)


if __name__ == "__main__":
    main()
