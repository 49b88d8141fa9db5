"""How fast call records are collected and rated, beside reading the same file with csv.reader alone and
beside the script a user would write: csv.reader into sqlite3.executemany.

    .venv/bin/python tests/benchmarks/bench_records.py [--records N] [--database URL of an empty PostgreSQL]

The ratios matter, not the figures: both sides run one after the other, on the same file and machine. What
the naive script leaves out: it does not know a record again, believes every line, loses what a crash or a
rotation takes, and prices nothing.
"""

from __future__ import annotations

import argparse
import csv
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from pbx import cdr_csv, cdr_json  # noqa: E402
from pbx.cdr import FIELDS, Cdr  # noqa: E402
from pbx.live.files import RecordFiles  # noqa: E402
from provisioning.flows.check_contracts import check  # noqa: E402
from provisioning.flows.collect_calls import Source, collect  # noqa: E402
from provisioning.flows.rate_calls import rate_calls  # noqa: E402
from provisioning.store.ledger import SqlLedger, open_ledger  # noqa: E402
from provisioning.wiring import read_first  # noqa: E402

NOW = datetime(2025, 9, 1, tzinfo=UTC)
SEATS = 69
CALLED = ("13800138000", "01085200000", "6002", "08702120003", "12393", "02088880000")


def record(number: int) -> Cdr:
    """A call of one of the demo's 69 seats, some seconds after the last one."""
    seat = f"0870212{number % SEATS + 1:04d}"
    start = (1751900000 + number * 7) * 1_000_000 + number * 7919 % 1_000_000
    answer = None if number % 5 == 0 else start + 8_000_000
    end = start + (20 + number % 200) * 1_000_000
    return Cdr(
        accountcode=seat,
        src=seat,
        dst=CALLED[number % len(CALLED)],
        dcontext="seatline-zhaotong-a",
        clid=f'"办公室 {number % SEATS}" <{seat}>',
        channel=f"PJSIP/seat-{seat}-{number:08x}",
        dstchannel=f"PJSIP/line-zhaotong-{number + 1:08x}",
        lastapp="Dial",
        lastdata="PJSIP/+8613800138000@line-zhaotong",
        start=start,
        answer=answer,
        end=end,
        duration=(end - start) // 1_000_000,
        billsec=0 if answer is None else (end - answer) // 1_000_000,
        disposition="NO ANSWER" if answer is None else "ANSWERED",
        amaflags="DOCUMENTATION",
        uniqueid=f"pbx-{start // 1_000_000}.{number}",
        userfield="",
        peeraccount="",
        linkedid=f"pbx-{start // 1_000_000}.{number}",
        sequence=number,
        exact=True,
        raw=b"",
    )


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def read_only(path: Path) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        for _ in csv.reader(file):
            pass


def naive(path: Path, database: Path) -> None:
    """What one would write in ten minutes."""
    connection = sqlite3.connect(database)
    columns = ", ".join(f"[{name}]" for name in FIELDS)
    connection.execute(f"create table cdr ({columns})")
    with path.open(newline="", encoding="utf-8") as file, connection:
        marks = ", ".join("?" * len(FIELDS))
        connection.executemany(f"insert into cdr values ({marks})", csv.reader(file))
    connection.close()


def parse_only(path: Path) -> None:
    parse = cdr_json.parse if path.suffix == ".json" else cdr_csv.parse
    with path.open("rb") as file:
        for line in file:
            parse(line[:-1])


def collected(ledger: SqlLedger, path: Path) -> None:
    done = collect([Source("pbx", str(path))], ledger, RecordFiles(), now=NOW, progress=lambda *_: None)
    if done.unreachable or done.quarantined:
        raise SystemExit(f"collecting went wrong: {done.document()}")


def with_demo_contract(ledger: SqlLedger) -> SqlLedger:
    reading = check([str(ROOT / "docker/demo/zhaotong.yaml")], read_first)
    additions = [(contract, date(2025, 7, 1)) for contract in reading.contracts]
    ledger.record_versions(additions, new_secret=lambda: "x" * 24, at=NOW, who="benchmark")
    return ledger


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("--records", type=int, default=200_000)
    asked.add_argument("--database", help="URL of an empty PostgreSQL database, to be measured as well")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole, exact = folder / "Master.csv", folder / "seatline.json"
        with whole.open("wb") as csv_file, exact.open("wb") as json_file:
            for number in range(options.records):
                made = record(number)
                csv_file.write(cdr_csv.render(made) + b"\n")
                json_file.write(cdr_json.render(made) + b"\n")
        measure(options.records, whole, exact, folder, options.database)


def measure(records: int, whole: Path, exact: Path, folder: Path, database: str | None) -> None:
    read = timed(lambda: read_only(whole))
    script = timed(lambda: naive(whole, folder / "naive.db"))

    def tell(what: str, seconds: float) -> None:
        print(
            f"{what:44} {records / seconds:10,.0f} rows/s {seconds / read:8.1f} x csv.reader"
            f" {seconds / script:8.1f} x naive script"
        )

    print(f"{records:,} call records, {whole.stat().st_size / 1e6:.0f} MB of Master.csv")
    tell("csv.reader alone", read)
    tell("naive: csv.reader into sqlite3.executemany", script)
    tell("strict parsing of Master.csv", timed(lambda: parse_only(whole)))
    tell("strict parsing of seatline.json", timed(lambda: parse_only(exact)))
    urls = {"SQLite": f"sqlite:///{folder / 'ledger.db'}"} | ({"PostgreSQL": database} if database else {})
    for kind, url in urls.items():
        with open_ledger(url) as ledger:
            with_demo_contract(ledger)
            tell(f"{kind}: collect seatline.json", timed(lambda ledger=ledger: collected(ledger, exact)))
            tell(
                f"{kind}: collect Master.csv, all known",
                timed(lambda ledger=ledger: collected(ledger, whole)),
            )
            tell(f"{kind}: rate", timed(lambda ledger=ledger: rate_calls(ledger)))


if __name__ == "__main__":
    main()
