"""How fast a Master.csv is collected, beside other ways to read and store the same file on the same machine.

    .venv/bin/python tests/benchmarks/bench_collect.py [--records 10000000] [--folder FOLDER]
        [--database URL of an empty PostgreSQL database]

Each step runs in a process of its own, one after the other: rows a second, seconds, seconds of processors (of
the step and of processes it starts, not of a database server), memory of all of them, each at its largest.
The ratios matter, not the figures, and only on a machine with nothing else to do. What the others leave out:
`cat` and DuckDB store nothing; the plain loop believes every line and keeps no place in the file; the bare
COPY is given rows that are parsed already, into the ledger's own table with its indexes.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(Path(__file__).parent))

import master_csv  # noqa: E402
from bench_records import with_demo_contract  # noqa: E402

from pbx.cdr import FIELDS  # noqa: E402
from pbx.cdr_plain import plain  # noqa: E402
from pbx.live.files import RecordFiles  # noqa: E402
from pbx.live.plain_reader import ReadBeside  # noqa: E402
from provisioning.flows.collect_calls import Source, collect  # noqa: E402
from provisioning.flows.collect_plain import blocks  # noqa: E402
from provisioning.store.ledger import open_ledger  # noqa: E402

LOADED = time.process_time()
"""Seconds of processor that Python and all these imports took."""
PAUSE = 0.02


def _cat(path: str, _: str) -> None:
    subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)


def _duckdb(path: str, _: str) -> None:
    import duckdb

    names = dict.fromkeys(FIELDS, "VARCHAR")
    asked = (
        "SELECT count(*), sum(length(uniqueid)), sum(CAST(duration AS BIGINT)) "
        f"FROM read_csv(?, columns={names!r}, header=false, quote='\"', escape='\"')"
    )
    duckdb.connect(config={"threads": 1}).execute(asked, [path]).fetchall()


def _csv_loop(path: str, _: str) -> None:
    with Path(path).open(newline="", encoding="utf-8") as file:
        for _row in csv.reader(file):
            pass


def _csv_sqlite(path: str, where: str) -> None:
    """What one would write in ten minutes, with a key so that a second run adds nothing."""
    Path(where).unlink(missing_ok=True)
    connection = sqlite3.connect(where)
    columns = ", ".join(f"[{name}]" for name in FIELDS)
    connection.execute(f"create table cdr ({columns}, unique (uniqueid, sequence))")
    marks = ", ".join("?" * len(FIELDS))
    with Path(path).open(newline="", encoding="utf-8") as file, connection:
        connection.executemany(f"insert or ignore into cdr values ({marks})", csv.reader(file))
    connection.close()


def _bare_copy(path: str, url: str) -> None:
    """COPY of ready rows into a table as the ledger's; they are made and spooled before the clock starts."""
    import psycopg

    spool = Path(path).with_suffix(".rows")
    with RecordFiles().open(path) as file, spool.open("wb") as rows:
        for block in blocks(file, 0):
            found = plain(block, "csv")
            for uniqueid, sequence, start, raw in zip(
                found.uniqueids, found.sequences, found.starts, block.split(b"\n"), strict=False
            ):
                escaped = raw.replace(b"\\", rb"\\\\")
                head = f"pbx\t1\t{uniqueid}\t{sequence}\t{start}\t".encode()
                rows.write(head + escaped + b"\tcsv\tf\n")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TABLE bare (LIKE call_record INCLUDING ALL)")
        connection.execute("CREATE SEQUENCE bare_id OWNED BY bare.id")
        connection.execute("ALTER TABLE bare ALTER id SET DEFAULT nextval('bare_id')")
        began = time.perf_counter()
        names = "switch, batch, uniqueid, sequence, start, raw, seen, settled"
        with connection.cursor().copy(f"COPY bare ({names}) FROM STDIN") as copy, spool.open("rb") as rows:
            while some := rows.read(1024 * 1024):
                copy.write(some)
        _tell(time.perf_counter() - began)
        connection.execute("DROP TABLE bare")
    spool.unlink()


def _collect(path: str, url: str) -> None:
    with open_ledger(url) as ledger, ReadBeside() as reader:
        sources = [Source("pbx", path)]
        began = time.perf_counter()
        done = collect(
            sources, ledger, RecordFiles(), now=datetime.now(UTC), progress=lambda *_: None, plain=reader
        )
        seconds = time.perf_counter() - began
    _tell(seconds, read=done.sources[0].read)
    if done.unreachable or done.quarantined:
        raise SystemExit(f"collecting went wrong: {done.document()}")


def _look_up(_: str, url: str) -> None:
    """Looks numbers up until nobody listens any more; tells how long that took."""
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    taken: list[float] = []
    with open_ledger(url, create=False) as ledger:
        while not ended.wait(PAUSE):
            began = time.perf_counter()
            ledger.look_up("2120007", datetime.now(UTC).date())
            taken.append(time.perf_counter() - began)
    taken.sort()
    _tell(taken[len(taken) * 95 // 100], count=len(taken), worst=taken[-1])


ended = threading.Event()
STEPS: dict[str, Callable[[str, str], None]] = {
    "cat": _cat,
    "duckdb": _duckdb,
    "csv": _csv_loop,
    "csv-sqlite": _csv_sqlite,
    "copy": _bare_copy,
    "collect": _collect,
    "look-up": _look_up,
}


def _tell(seconds: float, **more: object) -> None:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    told = {
        "seconds": seconds,
        "processor": sum(one.ru_utime + one.ru_stime for one in used) - LOADED,
        "megabytes": sum(one.ru_maxrss for one in used) // 1024,
    }
    print(json.dumps({**told, **more}), flush=True)


def _command(step: str, path: Path, where: str) -> list[str]:
    return [sys.executable, __file__, "--step", step, str(path), where]


def _run(step: str, path: Path, where: str = "") -> dict[str, float]:
    said = subprocess.run(_command(step, path, where), stdout=subprocess.PIPE, check=True).stdout
    told: dict[str, float] = json.loads(said.splitlines()[0])
    return told


def _step(name: str, path: str, where: str) -> None:
    began = time.perf_counter()
    STEPS[name](path, where)
    _tell(time.perf_counter() - began)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("--records", type=int, default=1_000_000)
    asked.add_argument("--folder", type=Path, help="where the files go, some 12 GB for 10 million records")
    asked.add_argument("--file", type=Path, help="a Master.csv made before, instead of a new one")
    asked.add_argument("--database", help="URL of an empty PostgreSQL database, to be measured as well")
    asked.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.step:
        _step(*options.step)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        path = options.file or folder / "Master.csv"
        if options.file is None:
            master_csv.write(path, options.records, 20250731)
        measure(options.records, path, folder, options.database)


def measure(records: int, path: Path, folder: Path, database: str | None) -> None:
    print(f"{records:,} call records, {path.stat().st_size / 1e9:.2f} GB of Master.csv")
    first = _run("cat", path)["seconds"]  # so that all find the file in memory, as far as it fits
    loop: dict[str, float] = {}

    def tell(what: str, told: dict[str, float]) -> None:
        seconds = told["seconds"]
        ratio = ""
        if loop:
            ratio = f"{loop['seconds'] / seconds:7.2f} x plain loop"
            ratio += f", {loop['processor'] / told['processor']:.2f} x by processor"
        print(
            f"{what:44}{records / seconds:12,.0f} rows/s {seconds:8.1f} s {told['processor']:7.1f} s"
            f" {told['megabytes']:5.0f} MB{ratio}",
            flush=True,
        )

    tell("cat, the file not in memory", {"seconds": first, "processor": 0, "megabytes": 0})
    for what, step in (("cat", "cat"), ("DuckDB, bare parse on one core", "duckdb"), ("csv.reader", "csv")):
        tell(what, _run(step, path))
    told = _run("csv-sqlite", path, str(folder / "plain.db"))
    tell("plain loop: csv.reader into SQLite", told)
    loop.update(told)
    (folder / "plain.db").unlink()
    urls = {"SQLite": f"sqlite:///{folder / 'ledger.db'}"} | ({"PostgreSQL": database} if database else {})
    for kind, url in urls.items():
        _ledger(kind, url, path, tell)


def _ledger(kind: str, url: str, path: Path, tell: Callable[[str, dict[str, float]], None]) -> None:
    with open_ledger(url) as ledger:
        with_demo_contract(ledger)
    bare = _run("copy", path, url) if kind == "PostgreSQL" else None
    if bare is not None:
        tell("PostgreSQL: bare COPY of ready rows", bare)
    with subprocess.Popen(
        _command("look-up", path, url), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as looking:
        done = _run("collect", path, url)
        told, _ = looking.communicate()
    tell(f"{kind}: collect", done)
    if bare is not None:
        print(f"{'':44}{done['seconds'] / bare['seconds']:6.2f} x the time of the bare COPY")
    looked = json.loads(told.splitlines()[0])
    print(
        f"{kind + ': lookups meanwhile':44}p95 {looked['seconds'] * 1000:.1f} ms, "
        f"worst {looked['worst'] * 1000:.0f} ms of {looked['count']}"
    )
    again = _run("collect", path, url)
    print(f"{kind + ': collect, nothing new':44}{again['seconds']:.2f} s")


if __name__ == "__main__":
    main()
