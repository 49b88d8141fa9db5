"""What happens to the books of a real Asterisk while it writes and while they are collected (话单文件)."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import pwd
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


def _beside(name: str) -> Any:
    """A module of this folder, once for the whole run."""
    known = {"desk": "live_desks"}.get(name, f"live_{name}")
    if known not in sys.modules:
        spec = importlib.util.spec_from_file_location(known, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[known] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[known])
    return sys.modules[known]


sites, desks, stations = _beside("sites"), _beside("desk"), _beside("stations")
pytestmark = pytest.mark.live

LOCKED = 6
"""The exit code of a command that finds another at work."""


@pytest.fixture(scope="module")
def station(switches: Any, postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A contract on the switch, and two ledgers that collect the switch's whole log folder."""
    pbx = switches.pbx
    with stations.station(
        switches, tmp_path_factory.mktemp("files"), postgres, records=f'"{pbx.log}"'
    ) as made:
        yield made


@pytest.fixture(autouse=True)
def empty(station: Any) -> None:
    """Neither the books of the switch nor those read before: each test begins with none."""
    for folder in (station.pbx.json_records.parent, station.pbx.csv_records.parent):
        for file in folder.iterdir():
            file.unlink()


def charged(station: Any, before: list[Counter[str]], numbers: list[str]) -> None:
    """Since `before` each ledger has got these calls, each once, and no other."""
    for book, known in zip(station.books, before, strict=True):
        assert book.called() - known == Counter(numbers)
        mine = Counter(record.dst for record, call in book.rated() if call.outcome.value == "rated")
        assert {number: mine[number] for number in numbers} == dict.fromkeys(numbers, 1)


def called(station: Any) -> list[Counter[str]]:
    return [book.called() for book in station.books]


@contextmanager
def collecting(station: Any, side_by_side: int) -> Iterator[list[int]]:
    """So many collectors a ledger, each again and again, while the block runs; their exit codes."""
    over, codes = threading.Event(), []

    def work(book: Any) -> None:
        while not over.is_set():
            codes.append(code_of(book))

    at_work = [
        threading.Thread(target=work, args=(book,)) for book in station.books for _ in range(side_by_side)
    ]
    for one in at_work:
        one.start()
    try:
        yield codes
    finally:
        over.set()
        for one in at_work:
            one.join(120)


def code_of(book: Any) -> int:
    """The exit code of one run of collecting; never a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "provisioning", "collect", "--json"],
        cwd=book.desk.folder, capture_output=True, text=True, check=False,
        env={key: value for key, value in os.environ.items() if not key.startswith("SEATLINE")},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    if done.returncode == 4:
        print(done.stderr)
    return done.returncode


def held(file: Path) -> int:
    """How many lines a book has; none where there is no book."""
    try:
        return file.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def test_rotating_while_asterisk_writes_and_two_collect_loses_nothing(station: Any) -> None:
    """Of 200 calls within four seconds both books are rotated by rename whenever there are ten records in
    them, while two collectors a ledger work at once, of which one gives way: each call is charged once."""
    station.call(known := station.numbers(1))
    station.wait_written(station.pbx.csv_records, *known)
    for book in station.books:
        book.collect()
    before, numbers = called(station), station.numbers(200)
    books, turned = (station.pbx.json_records, station.pbx.csv_records), 0
    with collecting(station, 2) as codes, station.calling(numbers, a_second=50) as over:
        while not over():
            sites.wait_for(lambda: over() or min(map(held, books)) >= 10, "records in the books")
            for book in books:
                if held(book):
                    book.rename(book.with_name(f"{book.name}-{20250101 + turned}"))
                    turned += 1
    station.call(last := station.numbers(1))
    station.wait_written(station.pbx.csv_records, *last)
    for book in station.books:
        book.collect()
        assert book.collect()["new"] == 0
    assert turned >= 6
    assert set(codes) <= {0, LOCKED}
    charged(station, before, numbers + last)


def test_a_book_emptied_in_place_is_read_again_and_nothing_is_charged_twice(station: Any) -> None:
    """copytruncate, which nobody should use, while calls are written: what is in the copy or in the book is
    charged once, and seatline says what was done to the file."""
    before, numbers = called(station), station.numbers(60)
    pbx = station.pbx
    station.call(first := numbers[:20])
    station.wait_written(pbx.csv_records, *first)
    for book in station.books:
        book.collect()
    station.call(second := numbers[20:40])
    station.wait_written(pbx.csv_records, *second)
    for file in (pbx.json_records, pbx.csv_records):
        shutil.copyfile(file, file.with_name(f"{file.name}-20250801"))
        os.truncate(file, 0)
    station.call(third := numbers[40:])
    station.wait_written(pbx.csv_records, *third)
    for book in station.books:
        said = book.collect()
        assert "copytruncate" in json.dumps(said)
        assert book.collect()["new"] == 0
    charged(station, before, numbers)


def test_the_copies_that_accountlogs_makes_are_not_charged(station: Any) -> None:
    """With accountlogs=yes each record is written once more, into a file of its account: `collect` of the
    folder names those and reads none, reading one by name adds nothing, and `doctor` names the setting."""
    before, numbers = called(station), station.numbers(16)
    pbx = station.pbx
    with station.edited("cdr.conf", ("accountlogs = no", "accountlogs = yes"), reload="cdr_csv.so"):
        station.call(numbers)
        copies = [pbx.csv_records.with_name(f"{seat}.csv") for seat in stations.SEATS]
        for copy, *made in zip(copies, numbers[:8], numbers[8:], strict=True):
            station.wait_written(copy, *made)
        station.wait_written(pbx.csv_records, *numbers)
        for book in station.books:
            said = json.dumps(book.collect())
            assert all(copy.name in said or "more" in said for copy in copies)
            verdict, text = book.doctor()["pbx: cdr.conf"]
            assert (verdict, "accountlogs=no" in text) == ("bad", True)
            by_name = book.collect(*copies)
            assert (by_name["read"], by_name["new"], by_name["quarantined"]) == (16, 0, 0)
    charged(station, before, numbers)


def test_a_switch_that_restarts_while_it_is_collected_from(station: Any) -> None:
    """Asterisk is stopped in good order and started again between calls, while it is collected from: sequence
    begins at 0 again, and each call before and after is charged once."""
    before, numbers = called(station), station.numbers(40)
    pbx = station.pbx
    with collecting(station, 1) as codes:
        for half in (numbers[:20], numbers[20:]):
            station.call(half)
            station.wait_written(pbx.csv_records, *half)
            pbx.restart()
    for book in station.books:
        book.collect()
        sequences = [one.sequence for one in book.records() if one.dst in numbers]
        assert len(set(sequences)) < len(sequences) or min(sequences) == 0
    assert set(codes) == {0}
    charged(station, before, numbers)


@pytest.fixture
def far(
    station: Any, ssh_machine: Any, postgres: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """A ledger in PostgreSQL that collects the switch's log folder from another machine, over SFTP."""
    # The books are closed to others.
    monkeypatch.setattr(ssh_machine, "user", pwd.getpwuid(os.geteuid()).pw_name)
    table = (
        f"{desks.table_of(station.pbx).rstrip()}\n"
        f'records = ["{ssh_machine.url}{station.pbx.log}"]\n'
        f'sftp_key_file = "{ssh_machine.key_file}"\nsftp_host_key = "{ssh_machine.public()}"\n'
    )
    paper = stations.contract(proxy=f"sip:{station.ims.sip}")
    (book,) = stations.books(tmp_path, {"far": postgres.fresh()}, (paper,), table)
    return book


def test_books_read_over_sftp_are_those_of_the_disk(station: Any, far: Any) -> None:
    """A real sshd hands out the books of a real Asterisk: while they grow, rotated and gzipped with records
    that nobody had read, and when new ones have begun. They give what the files give, line by line, and
    `--verify` proves it."""
    before, numbers = called(station), station.numbers(40)
    pbx, told = station.pbx, []

    def more(some: list[str]) -> None:
        station.call(some)
        for file in (pbx.json_records, pbx.csv_records):
            station.wait_written(file, *some)

    def collect() -> None:
        for book in (far, *station.books):
            said = book.collect()
            told.append((book is far, said["read"], said["new"], said["quarantined"]))

    more(numbers[:10])
    collect()
    more(numbers[10:20])
    for book in (pbx.json_records, pbx.csv_records):
        rotated = book.with_name(f"{book.name}-20250801.gz")
        with gzip.open(rotated, "wb") as packed:
            packed.write(book.read_bytes())
        book.unlink()
    more(numbers[20:30])
    collect()
    more(numbers[30:])
    collect()
    assert told == [(who, 2 * n, n, 0) for n in (10, 20, 10) for who in (True, False, False)]
    charged(station, before, numbers)
    stations.charged_once(far, numbers)
    (disk, *_) = station.books
    assert sorted(one.raw for one in far.records()) == sorted(
        one.raw for one in disk.records() if one.dst in numbers
    )
    far.desk("collect", "--verify")
