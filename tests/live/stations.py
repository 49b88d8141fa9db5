"""A contract on the real switch whose calls are counted by who made them, and collected into two ledgers.

What was dialled is the hand ledger: each call goes to a number of its own, so that one that is missing, or is
there twice, has a name. Nothing here looks at the switch's own books to know what they should hold.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

from pbx.cdr import Cdr
from provisioning.charging.directory import Directory
from provisioning.charging.rating import rate_call
from provisioning.core.call import RatedCall
from provisioning.core.contract import Contract
from provisioning.store.ledger import open_ledger

sites = sys.modules["live_sites"]
desks = sys.modules["live_desks"]
operators = sys.modules["live_operators"]

SCENARIO = Path(__file__).with_name("sipp") / "out-blast.xml"
CALLER = f"{sites.NET}.7"
"""Where the many calls come from."""
SECRET = "Secret0of0a0telephone000"
SEATS = tuple(f"0870212{n:04}" for n in range(1, 9))
_PLACES = count(1)


@dataclass(frozen=True)
class Book:
    """A ledger, and seatline at a desk that writes it."""

    url: str
    desk: Any

    def records(self) -> list[Cdr]:
        """Every call record it has."""
        with open_ledger(self.url) as ledger:
            return [record for _, record in ledger.to_rate(again=True)]

    def called(self) -> Counter[str]:
        """How many answered records there are of calls to each number."""
        return Counter(one.dst for one in self.records() if one.disposition == "ANSWERED")

    def rated(self) -> list[tuple[Cdr, RatedCall]]:
        """What each call costs, by `seatline rate` and as the bills will have it."""
        self.desk("rate", code=None)
        with open_ledger(self.url) as ledger:
            known = dict(ledger.to_rate(again=True))
            months = {(one.start // 1_000_000) for one in known.values()}
            cycles = {_cycle(datetime.fromtimestamp(second, UTC)) for second in months}
            return [
                (known[number], call)
                for cycle in sorted(cycles)
                for contract in sorted({version.contract.id for version in ledger.versions()})
                for number, call in ledger.rated_calls(contract, cycle)
            ]

    def verdicts(self) -> list[tuple[Cdr, RatedCall]]:
        """What `seatline rate` decides of each record, those in review too."""
        with open_ledger(self.url) as ledger:
            directory = Directory(ledger.versions())
            return [(record, rate_call(record, directory)) for _, record in ledger.to_rate(again=True)]

    def collect(self, *sources: Path, code: int | None = 0) -> dict[str, Any]:
        """What a run of `seatline collect` said."""
        said: dict[str, Any] = json.loads(
            self.desk("collect", "--json", *(str(source) for source in sources), code=code)
        )
        return said

    def doctor(self) -> dict[str, tuple[str, str]]:
        """Each check of `seatline doctor`: its verdict and its words."""
        said = json.loads(self.desk("doctor", "--json", code=None))
        return {one["check"]: (one["verdict"], one["text"]) for one in said["findings"]}


def _cycle(instant: datetime) -> Any:
    from provisioning.core.cycle import SHANGHAI, Cycle

    return Cycle.of(instant.astimezone(SHANGHAI).date())


@dataclass
class Station:
    """The switch with the contract, and the ledgers, one on SQLite and one on PostgreSQL."""

    pbx: Any
    ims: Any
    books: tuple[Book, ...]
    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def numbers(self, many: int) -> list[str]:
        """So many numbers in Beijing that nobody has called yet."""
        return [f"0108520{next(self._numbers):04}" for _ in range(many)]

    @contextmanager
    def calling(self, numbers: Sequence[str], a_second: int = 400) -> Iterator[Callable[[], bool]]:
        """Calls each number once, by real SIP, so many a second, while the block runs; waits for their end.
        The block is given what tells whether they are over. A call that is not answered, or not ended by both
        sides, fails the test."""
        work = self.folder / f"calls-{next(_PLACES)}"
        work.mkdir()
        rows = [
            f"{seat};{number};[authentication username=seat-{seat} password={SECRET}]"
            for number, seat in zip(numbers, SEATS * len(numbers), strict=False)
        ]
        (work / "calls.csv").write_text("SEQUENTIAL\n" + "\n".join(rows) + "\n")
        made = subprocess.Popen(
            [
                "sipp", self.pbx.sip, "-sf", str(SCENARIO), "-inf", str(work / "calls.csv"),
                "-i", CALLER, "-mi", CALLER, "-p", "5060", "-m", str(len(numbers)), "-l", str(len(numbers)),
                "-r", str(a_second), "-rp", "1000", "-nostdin", "-nd", "-timeout", "120", "-timeout_error",
                "-trace_err", "-error_file", str(work / "errors"),
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=work,
        )  # fmt: skip
        try:
            yield lambda: made.poll() is not None
            made.wait(180)
        finally:
            if made.poll() is None:
                made.kill()
            _, said = made.communicate()
        errors = work / "errors"
        assert made.returncode == 0, errors.read_text()[-2000:] if errors.exists() else said[-2000:]
        self.wait_recorded()

    def call(self, numbers: Sequence[str]) -> None:
        """Calls each number once, and waits for the end of all calls."""
        with self.calling(numbers):
            pass

    def wait_idle(self) -> None:
        sites.wait_for(lambda: operators.idle(self.pbx), "end of all calls")

    def wait_recorded(self) -> None:
        """Waits until no call is up and none is on its way into the books."""
        self.wait_idle()

        def done() -> bool:
            said = self.pbx.shell(
                "asterisk -rx 'cdr show active'; asterisk -rx 'core show taskprocessors like cdr'"
            )
            active, _, queues = said.partition("Processor")
            rows = [line.split() for line in queues.splitlines() if "cdr" in line]
            return "/" not in active and all(row[2] == "0" for row in rows)

        sites.wait_for(done, "record of the last call")

    def wait_written(self, file: Path, *numbers: str) -> None:
        """Waits until a book of the switch names all these numbers: records are written behind the call."""
        sites.wait_for(
            lambda: all(number in file.read_text(errors="replace") for number in numbers) or None,
            f"record of {numbers[-1:]} in {file}",
        )

    @contextmanager
    def edited(self, file: str, *edits: tuple[str, str], reload: str) -> Iterator[None]:
        """A configuration file of the switch with other words in it for a while, loaded by that module."""
        kept = self.pbx.shell(f"cat /etc/asterisk/{file}")
        changed = kept
        for old, new in edits:
            assert old in changed, f"{file} has no {old!r}"
            changed = changed.replace(old, new)
        try:
            self.pbx.shell(f"cat > /etc/asterisk/{file}", stdin=changed)
            self.pbx.cli(f"module reload {reload}")
            yield
        finally:
            self.pbx.shell(f"cat > /etc/asterisk/{file}", stdin=kept)
            self.pbx.cli(f"module reload {reload}")


def charged_once(book: Book, numbers: Iterable[str], *, price: str = "0.06") -> None:
    """Each of these calls is on the bill exactly once and costs one started minute, and no other is."""
    charged = Counter(
        (record.dst, str(call.amount)) for record, call in book.rated() if call.outcome.value == "rated"
    )
    assert charged == Counter((number, price) for number in numbers)


def contract(seats: Sequence[str] = SEATS, **more: Any) -> Contract:
    made: Contract = sites.contract(of=[_seat(number) for number in seats], **more)
    return made


def _seat(number: str) -> Any:
    from provisioning.core.site import Seat

    return Seat(long_number=number, short_number=f"6{number[-3:]}")


def books(
    folder: Path, urls: Mapping[str, str], contracts: Sequence[Contract], table: str
) -> tuple[Book, ...]:
    """A desk with a new ledger for each URL, with these contracts in it."""
    made = []
    for name, url in urls.items():
        place = folder / name
        place.mkdir(parents=True)
        with open_ledger(url) as ledger:
            ledger.record_versions(
                [(one, date(2025, 1, 1)) for one in contracts],
                new_secret=lambda: SECRET,
                at=datetime.now(UTC),
                who="li@desk",
            )
        made.append(Book(url, desks.Desk(place, f'database_url = "{url}"\n' + table)))
    return tuple(made)


@contextmanager
def station(
    switches: Any,
    folder: Path,
    postgres: Any,
    *,
    records: str = "",
    papers: Sequence[Contract] = (),
) -> Iterator[Station]:
    """The contract on a wiped switch, or other papers, with a new ledger in SQLite and one in PostgreSQL.

    `records` are the sources in the settings, as TOML has them in a list; `more` stands behind them.
    """
    pbx = switches.pbx
    pbx.wipe()
    papers = papers or (contract(proxy=f"sip:{switches.ims.sip}"),)
    urls = {"sqlite": f"sqlite:///{folder}/seatline.db", "postgresql": postgres.fresh()}
    table = desks.table_of(pbx).rstrip() + "\n" + (f"records = [{records}]\n" if records else "")
    made = books(folder, urls, papers, table)
    with (
        open_ledger(urls["sqlite"]) as ledger,
        sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami,
    ):
        applied = sites.apply_to(ami, ledger)
    assert {(outcome.status, outcome.fault) for outcome in applied.outcomes} == {("applied", None)}
    try:
        yield Station(pbx, switches.ims, made, folder)
    finally:
        pbx.wipe()
