"""Call records on a disk that is full, of a real Asterisk: what it still wrote is billed, once (磁盘满)."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pbx.cdr import BrokenRecord
from pbx.cdr_lines import PARSERS


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


sites, desks = _beside("sites"), _beside("desk")
stations, odd = _beside("stations"), _beside("odd_switch")
pytestmark = pytest.mark.live

SMALL = """
services:
  pbx:
    volumes:
      - "small-json:/var/log/asterisk/cdr-custom"
      - "small-csv:/var/log/asterisk/cdr-csv"
volumes:
  small-json: {driver: local, driver_opts: {type: tmpfs, device: tmpfs, o: "size=64k"}}
  small-csv: {driver: local, driver_opts: {type: tmpfs, device: tmpfs, o: "size=64k"}}
"""
"""Each book on a disk of its own, of sixteen pages."""
WHERE = {"json": "cdr-custom/seatline.json", "csv": "cdr-csv/Master.csv"}


@dataclass
class Full:
    """The station, its books of records as they were copied from the switch, and how to fill a disk."""

    station: Any
    copies: Path
    called: Counter[str] = field(default_factory=Counter)

    def call(self, many: int) -> list[str]:
        numbers = self.station.numbers(many)
        self.station.call(numbers)
        self.called.update(numbers)
        return list(numbers)

    def fill(self, *kinds: str, leave: int = 2) -> None:
        """Something else fills the disk of these books, but for so many pages."""
        for kind in kinds:
            folder = Path("/var/log/asterisk", WHERE[kind]).parent
            self.station.pbx.shell(
                f"cd {folder} && free=$(df --output=avail -B 1 . | tail -1) && "
                f"head -c $((free - {leave * 4096})) /dev/zero > ballast"
            )

    def free(self) -> None:
        """Somebody makes room again."""
        self.station.pbx.shell("rm -f /var/log/asterisk/cdr-*/ballast")

    def on_the_switch(self, kind: str) -> bytes:
        """All that a book of the switch holds; nothing where there is none yet."""
        script = f"cat /var/log/asterisk/{WHERE[kind]} 2>/dev/null || true"
        command = ["docker", "exec", self.station.pbx.id, "sh", "-c", script]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def collect(self) -> list[dict[str, Any]]:
        """Copies both books, as somebody does who has no other way to the switch, and collects the copies."""
        for kind, where in WHERE.items():
            copy = self.copies / where
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.with_name("new").write_bytes(self.on_the_switch(kind))
            copy.with_name("new").replace(copy)
        return [book.collect() for book in self.station.books]

    def misses(self, book: Any, lost: Counter[str]) -> bool:
        """Whether just these calls are listed: channel events tell of them, and no record does. Each was
        answered, and its end was seen."""
        found = json.loads(book.desk("witness", "list", "--json", code=None))["findings"]
        listed = [one for one in found if one["what"] != "one-source"]
        assert {(one["what"], one["answered"] is not None, one["end_seen"]) for one in listed} <= {
            ("missing", True, True)
        }
        return Counter(one["dst"] for one in listed) == lost

    def written(self) -> Counter[str]:
        """The answered calls of which one book at least has all of the record, glued to another or not."""
        found: dict[tuple[str, int], str] = {}
        for kind, begin in (("json", b'{"schema":'), ("csv", b'"0870')):
            for line in self.on_the_switch(kind).split(b"\n"):
                record = _last_record(line, begin, kind)
                if record is not None and record.disposition == "ANSWERED":
                    found[record.uniqueid, record.sequence] = record.dst
        return Counter(found.values())


def _last_record(line: bytes, begin: bytes, kind: str) -> Any:
    """The record that a line ends in, whatever stands before it; by trying each place, as nobody should."""
    for place in range(len(line)):
        if line.startswith(begin, place):
            try:
                return PARSERS[kind](line[place:])
            except BrokenRecord:
                continue
    return None


@pytest.fixture(scope="module")
def full(
    switches: Any, image: str, postgres: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Full]:
    """A switch whose two books lie on two small disks, with a contract and an empty ledger of each kind."""
    folder = tmp_path_factory.mktemp("full")
    with odd.odd_switches(switches, image, folder / "switch", SMALL) as made:
        copies = folder / "copies"
        copies.mkdir()
        events = f'events = ["{made.pbx.log}/cel-custom/seatline-events.json"'
        with stations.station(made, folder, postgres, records=f'"{copies}"]\n{events}') as station:
            yield Full(station, copies)


def test_what_one_book_could_not_take_the_other_has(full: Full) -> None:
    """With cdr_custom's disk full and Master.csv's not, all 40 calls are charged, each once: those that
    seatline.json lost by whole seconds, and `doctor` says how many they are."""
    full.fill("json")
    numbers = full.call(40)
    full.collect()
    full.free()
    numbers += full.call(4)
    full.collect()
    for book in full.station.books:
        assert book.called() == Counter(numbers)
        exact = Counter(one.exact for one in book.records() if one.disposition == "ANSWERED")
        assert exact[False] > 10
        stations.charged_once(book, numbers)
        verdict, text = book.doctor()["pbx: sources"]
        assert (verdict, "only in Master.csv" in text) == ("warning", True)


def test_what_asterisk_still_wrote_on_two_full_disks_is_charged(full: Full) -> None:
    """With both disks full Asterisk drops records, tears one in each book and glues the next one to it: every
    record of which a book has all bytes is charged once, and no other, and each torn one is held. Channel
    events, whose disk is not full, list each call that is lost, and none that is not."""
    full.fill("json", "csv", leave=1)
    full.call(30)
    full.collect()
    full.free()
    full.call(4)
    said = full.collect()
    again = full.collect()
    assert [one["new"] for one in again] == [0, 0]
    written = full.written()
    assert set(written.values()) == {1}
    lost = full.called - written
    assert 0 < len(lost) < 30
    for book in full.station.books:
        assert book.called() == written
        stations.charged_once(book, written)
        sites.wait_for(partial(full.misses, book, lost), "calls that the disk took")
    assert [one["quarantined"] for one in said] != [0, 0]
