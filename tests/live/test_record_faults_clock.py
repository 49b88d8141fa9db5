"""The clock of a real Asterisk is set during a call: what is charged, what is looked at (时钟跳变)."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
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


sites, desks = _beside("sites"), _beside("desk")
stations, odd = _beside("stations"), _beside("odd_switch")
pytestmark = pytest.mark.live

FALSE_CLOCK = """
FROM {image}
RUN apt-get update \\
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends libfaketime \\
 && rm -rf /var/lib/apt/lists/* \\
 && ln -s "$(find /usr/lib -name libfaketimeMT.so.1)" /usr/lib/false-clock.so \\
 && mv /usr/sbin/asterisk /usr/sbin/asterisk-itself \\
 && printf '#!/bin/sh\\n[ "$1" = -f ] && export LD_PRELOAD=/usr/lib/false-clock.so\\n\
exec /usr/sbin/asterisk-itself "$@"\\n' > /usr/sbin/asterisk \\
 && chmod 755 /usr/sbin/asterisk
"""
"""The switch with libfaketime under Asterisk alone: under the shell that starts it, it waits for ever."""
ODDITY = """
services:
  pbx:
    image: "{image}"
    environment:
      FAKETIME_TIMESTAMP_FILE: /srv/clock/now
      FAKETIME_NO_CACHE: "1"
      FAKETIME_DONT_FAKE_MONOTONIC: "1"
    volumes: ["{clock}:/srv/clock:ro"]
"""
HOUR = 3600
STEPS = {
    # the clock before and after, and how the call is told: outcome, reason, whole minutes charged
    "none": ("+0", "+0", "rated", "1 started minute x 0.06, domestic"),
    "back an hour": ("+3600", "+0", "review", "the call ended before it was answered"),
    "back half a minute": ("+30", "+0", "review", "the call ended before it was answered"),
    "on five hours": ("+0", "+18000", "review", "the call lasted over 4 hours"),
    "on an hour": ("+0", "+3600", "rated", "61 started minutes x 0.06, domestic"),
}
"""Seconds that the clock is off before and after a step, in the middle of a call of a second."""
NEVER_SET = "@1970-02-01 00:00:00"


@dataclass
class Stepped:
    """The station, a telephone there, and its switch's clock."""

    station: Any
    phone: Phone
    clock: Path

    def set(self, said: str) -> None:
        """Sets the clock of the switch, at once; "+3600" is an hour ahead of ours."""
        self.clock.with_name("new").write_text(f"{said}\n")
        self.clock.with_name("new").replace(self.clock)

    def call(self, before: str, after: str) -> str:
        """A call of a second in which the clock is set; the number that was called."""
        (number,) = self.station.numbers(1)
        self.set(before)
        call = self.phone.dial(number).wait("connected").hear(10)
        self.set(after)
        call.hear(50).hang_up()
        call.ended()
        self.station.wait_recorded()
        self.station.wait_written(self.station.pbx.csv_records, number)
        return str(number)


@pytest.fixture(scope="module")
def false_clock(image: str) -> str:
    """The image of a switch whose clock can be set; built where it is missing."""
    made = f"{image}-clock"
    done = subprocess.run(
        ["docker", "build", "--network", "host", "-t", made, "-"],
        input=FALSE_CLOCK.format(image=image), capture_output=True, text=True, check=False,
        env={"DOCKER_BUILDKIT": "0", "PATH": "/usr/local/bin:/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return made


@pytest.fixture(scope="module")
def stepped(
    switches: Any, image: str, false_clock: str, postgres: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stepped]:
    """A switch whose clock is right so far, with a contract, and one of its telephones."""
    folder = tmp_path_factory.mktemp("clock")
    clock = folder / "clock"
    clock.mkdir()
    clock.chmod(0o755)
    (clock / "now").write_text("+0\n")
    oddity = ODDITY.format(image=false_clock, clock=clock)
    with odd.odd_switches(switches, image, folder / "switch", oddity) as made:
        log = made.pbx.log
        with (
            stations.station(made, folder, postgres, records=f'"{log}"') as station,
            Phones(bind=f"{sites.NET}.3") as phones,
        ):
            seat = stations.SEATS[0]
            phone = phones.register(
                seat, auth_user=f"seat-{seat}", secret=stations.SECRET, registrar=made.pbx.sip
            )
            yield Stepped(station, phone, clock / "now")


def test_a_call_during_which_the_clock_is_set_back_is_looked_at_by_a_person(stepped: Stepped) -> None:
    """Asterisk 22 counts a call's seconds by the clock on the wall: one that is set back makes a call end
    before its answer, and five hours on one that never ends; both go to review and nobody pays. One that is
    set on by less looks like a long call in every book, and is charged as one: a limit that is written down
    in docker/FAULTS.md, and why `doctor` and the night compare the clocks."""
    called = {name: stepped.call(before, after) for name, (before, after, *_) in STEPS.items()}
    stepped.set("+3600")
    for book in stepped.station.books:
        verdict, text = book.doctor()["pbx: clock"]
        assert verdict == "bad"
        assert 3540 <= int(re.findall(r"(\d+) s off", text)[0]) <= 3660  # asked of a switch that may be slow
    night = json.loads(stepped.station.books[0].desk("nightly", "--json", code=None))
    (told_at_night,) = (step for step in night["steps"] if step["step"] == "sources")
    assert (told_at_night["state"], list(told_at_night["clocks"])) == ("found", ["pbx"])
    stepped.set("+0")
    for book in stepped.station.books:
        assert book.collect()["quarantined"] == 0
        told = {record.dst: (call.outcome.value, call.reason) for record, call in book.verdicts()}
        assert told == {called[name]: (outcome, reason) for name, (*_, outcome, reason) in STEPS.items()}


def test_a_record_of_a_clock_that_was_never_set_is_held(stepped: Stepped) -> None:
    """A call that ends in 1970 is on no bill: its lines are held, one of each source, and the next call's are
    not."""
    number, after = stepped.call("+0", NEVER_SET), stepped.call("+0", "+0")
    for book in stepped.station.books:
        said = book.collect()
        assert (said["new"], said["quarantined"]) == (1, 2)
        assert {number, after} & {one.dst for one in book.records()} == {after}
        assert "the clock of the switch was not set" in " ".join(
            note for one in said["sources"] for note in one["notes"]
        )
