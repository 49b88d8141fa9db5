"""Witnesses of real calls: AMI's view as they end, and channel events of one whose record a crash took."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pbx.live.softphone import Phone, Phones


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


@dataclass
class Watched:
    """The station, two of its telephones, and the file of its switch's channel events."""

    station: Any
    anna: Phone
    bert: Phone
    events: Path

    def odd(self, book: Any) -> list[dict[str, Any]]:
        """What `seatline witness list` finds."""
        said = json.loads(book.desk("witness", "list", "--json", code=None))
        return list(said["findings"])


@pytest.fixture(scope="module")
def watched(switches: Any, postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A contract on the switch, and settings with its events and the secret of its AMI user collector."""
    pbx = switches.pbx
    events = pbx.log / "cel-custom" / "seatline-events.json"
    events.unlink(missing_ok=True)  # it may tell of calls whose records another test took away
    more = f'events = ["{events}"]\ncollector_secret_file = "{pbx.secret_file.with_name("collector")}"\n'
    folder = tmp_path_factory.mktemp("witness")
    with (
        stations.station(switches, folder, postgres, records=f'"{pbx.log}"') as station,
        Phones(bind=switches.desks) as phones,
    ):
        for book in station.books:
            with (book.desk.folder / "seatline.toml").open("a") as settings:
                settings.write(more)
        anna, bert = (
            phones.register(seat, auth_user=f"seat-{seat}", secret=stations.SECRET, registrar=station.pbx.sip)
            for seat in stations.SEATS[:2]
        )
        yield Watched(station, anna, bert, events)


@contextmanager
def view(book: Any) -> Iterator[subprocess.Popen[str]]:
    """`seatline collect --follow --json`, watching."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("SEATLINE")}
    with subprocess.Popen(
        [sys.executable, "-m", "provisioning", "collect", "--follow", "--json"],
        cwd=book.desk.folder, env=clean, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert "watching" in process.stderr.readline()
        try:
            yield process
        finally:
            process.kill()


def next_call(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next call that the view shows."""
    assert process.stdout is not None
    while True:
        said: dict[str, Any] = json.loads(process.stdout.readline())
        if said["event"] == "call":
            return said


def test_a_call_is_shown_as_it_ends_and_has_its_record_afterwards(watched: Watched) -> None:
    """AMI shows each call at its end; the view writes no record, and says at its end which calls the ledger
    has not. Collecting brings the records, and nothing is odd then."""
    book = watched.station.books[0]
    (number,) = watched.station.numbers(1)
    before = len(book.records())
    with view(book) as process:
        watched.station.call([number])
        outside = next_call(process)
        assert (outside["dst"], outside["disposition"]) == (number, "ANSWERED")
        watched.anna.dial("9999").ended()
        unanswered = next_call(process)
        assert unanswered["disposition"] != "ANSWERED"
        process.send_signal(signal.SIGTERM)
        rest, said = process.communicate(timeout=60)
    assert process.returncode == 143
    standing = json.loads(rest.splitlines()[-1])
    assert (standing["seen"], standing["recorded"], len(standing["waiting"])) == (2, 0, 2)
    assert "2 not yet" in said
    assert len(book.records()) == before
    assert {one["what"] for one in watched.odd(book)} <= {"unrecorded"}
    watched.station.wait_recorded()
    watched.station.wait_written(watched.station.pbx.csv_records, number, "9999")
    for each in watched.station.books:
        each.collect()
        assert watched.odd(each) == []
        assert each.called()[number] == 1


def test_sound_calls_are_priced_whatever_the_events_say(watched: Watched) -> None:
    """Out, inside, and given up while it rings: events and records agree, so nothing is in review."""
    (number,) = watched.station.numbers(1)
    watched.anna.dial(number).talk(2)
    given_up = watched.anna.dial("13900000002").wait("early")
    given_up.hang_up()
    given_up.ended()
    inside = watched.anna.dial("6002")
    came = watched.bert.next_call()
    came.answer()
    inside.wait("connected").hear(20).hang_up()
    inside.ended()
    watched.station.wait_recorded()
    watched.station.wait_written(watched.station.pbx.csv_records, number, "13900000002", "6002")
    for book in watched.station.books:
        heard = book.collect()["events"]
        assert [(one["error"], one["broken"], one["clock_steps"]) for one in heard] == [(None, 0, 0)]
        verdicts = {(record.dst, call.outcome.value) for record, call in book.rated()}
        assert (number, "rated") in verdicts
        assert all(outcome != "review" for _, outcome in verdicts)
        assert watched.odd(book) == []


def test_a_call_in_which_asterisk_was_killed_is_listed(watched: Watched) -> None:
    """kill -9 takes the record of a call under way; its events tell who called whom, when, and that it was
    answered. It is listed until a person has dealt with it, and nobody is charged. The view goes on."""
    pbx = watched.station.pbx
    (number,) = watched.station.numbers(1)
    with view(watched.station.books[0]) as process:
        watched.anna.dial(number).wait("connected").hear(20)
        pbx.kill()
        pbx.start()
        assert process.stderr is not None
        while "watching again" not in process.stderr.readline():
            assert process.poll() is None
        watched.anna.dial("9998").ended()
        assert next_call(process)["dst"] == "9998"
    watched.station.wait_written(pbx.csv_records, "9998")
    for book in watched.station.books:
        book.collect()
        (lost,) = sites.wait_for(lambda book=book: watched.odd(book) or None, "what the crash took")
        assert (lost["what"], lost["dst"], lost["end_seen"]) == ("missing", number, False)
        assert lost["answered"] is not None
        assert "Asterisk stopped in mid-call" in lost["said"]
        assert book.called()[number] == 0
        book.desk("witness", "settle", lost["call"], "--why", "adjusted on the next bill")
        assert watched.odd(book) == []
