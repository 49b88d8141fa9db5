"""How long plan, apply and drift take on a real switch, next to Asterisk's own reload of the same files.

    bench_apply.py [--seats 69 1000] [--host ADDRESS --secret-file FILE [--port 5138] [--user provisioner]]

Starts a switch in docker for it, or takes the one at --host, which must be one that may be written to: site
`benchmark` is put on it and taken away again. Prints a line for each figure; nothing is asserted.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from pbx.action import Action  # noqa: E402
from pbx.live.ami import Ami  # noqa: E402
from pbx.update import promotion  # noqa: E402
from provisioning.flows.drift import find_drift  # noqa: E402

_spec = importlib.util.spec_from_file_location("live_sites", ROOT / "tests" / "live" / "sites.py")
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)

GOALS = {("apply", 69): 5.0, ("plan without change", 69): 2.0}


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    done = work()
    return time.perf_counter() - start, done


def tell(what: str, seats: int, seconds: float, note: str = "") -> None:
    goal = GOALS.get((what, seats))
    aim = f"  (goal: under {goal:.0f} s)" if goal else ""
    print(f"{what:32} {seats:5} seats {seconds:8.3f} s{aim}{note}", flush=True)


def own_reload(ami: Ami, book: Any) -> float:
    """Asterisk's own time to load these files anew, written again so that it cannot skip them."""
    planned = sites.plan_of(ami, book)
    for file in planned.sites[0].held.in_force.files:
        ami.send(promotion(file, file), timeout=60)
    seconds, _ = timed(
        lambda: [
            ami.send(Action("Reload", (("Module", module),)), timeout=60)
            for module in ("res_pjsip.so", "pbx_config.so")
        ]
    )
    return seconds


def measure(ami: Ami, count: int) -> None:
    one = sites.contract("benchmark", of=sites.seats(count))
    book = sites.Book((one,))
    first, applied = timed(lambda: sites.apply_to(ami, book, force=True))
    if applied.exit_code:
        sys.exit(f"apply failed: {[str(o.fault) for o in applied.outcomes if o.fault]}")
    reload = own_reload(ami, book)
    tell("Asterisk's own reload", count, reload)
    tell("apply", count, first, f"  {first / reload:.1f} x the reload, with staging and read-back")
    tell("plan without change", count, timed(lambda: sites.plan_of(ami, book))[0])
    tell("apply without change", count, timed(lambda: sites.apply_to(ami, book, force=True))[0])
    tell(
        "drift",
        count,
        timed(lambda: find_drift(ami, book, hand_written=sites.HAND_WRITTEN, today=sites.TODAY))[0],
    )
    book.contracts = (sites.contract("benchmark", of=sites.seats(count - 1)),)
    tell("apply, one seat less", count, timed(lambda: sites.apply_to(ami, book, force=True))[0])
    book.contracts = ()
    tell("removal", count, timed(lambda: sites.apply_to(ami, book, "benchmark", force=True))[0])


@contextmanager
def own_switch() -> Iterator[tuple[str, Path]]:
    """A switch in docker on addresses of its own: its address, and the file with the provisioner's secret."""
    with tempfile.TemporaryDirectory(prefix="seatline-bench-") as folder:
        for name in ("log", "ims-log", "secrets"):
            (Path(folder) / name).mkdir()
        for name in ("provisioner", "collector", "mobile"):
            (Path(folder) / "secrets" / name).write_text(secrets.token_hex(12))
        environment = os.environ | {
            "SEATLINE_RUN_DIR": folder,
            "SEATLINE_PBX_ADDRESS": "127.0.1.21",
            "SEATLINE_IMS_ADDRESS": "127.0.1.22",
        }

        def compose(*arguments: str) -> str:
            command = [str(ROOT / "docker" / "compose.sh"), "-p", "seatline-bench", *arguments]
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
            wait = [
                "docker",
                "exec",
                compose("ps", "-q", "pbx").strip(),
                "asterisk",
                "-rx",
                "core waitfullybooted",
            ]
            for _ in range(100):
                if "fully booted" in subprocess.run(wait, capture_output=True, text=True, check=False).stdout:
                    break
                time.sleep(0.2)
            yield "127.0.1.21", Path(folder) / "secrets" / "provisioner"
        finally:
            compose("down", "-v", "--remove-orphans")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--host")
    options.add_argument("--port", type=int, default=5138)
    options.add_argument("--user", default="provisioner")
    options.add_argument("--secret-file", type=Path)
    options.add_argument("--seats", type=int, nargs="+", default=[69, 1000])
    chosen = options.parse_args()
    with ExitStack() as stack:
        host, file = chosen.host, chosen.secret_file
        if host is None or file is None:
            host, file = stack.enter_context(own_switch())
        secret = file.read_text().strip()
        with sites.connect(host, chosen.port, chosen.user, secret) as ami:
            for count in chosen.seats:
                measure(ami, count)


if __name__ == "__main__":
    main()
