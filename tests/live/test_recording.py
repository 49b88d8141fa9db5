"""Calls of a contract that wants them recorded are, from before the first word on, or are not made at all."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pbx import tone
from pbx.errors import Malformed
from pbx.live import wav
from pbx.live.recordings import RecordingFolder
from pbx.live.softphone import Call, Phone, Phones
from provisioning.core.contract import Contract, Policy
from provisioning.core.cycle import SHANGHAI
from provisioning.flows.find_recordings import Wanted, fetched, held
from provisioning.flows.sweep_recordings import Swept, sweep
from provisioning.store.ledger import open_ledger

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)
operators = sys.modules["live_operators"]
pytestmark = pytest.mark.live

ANNA, BERT, FAX = "08702120001", "08702120002", "08702120003"
OPERATOR_HUMS = 450


@dataclass(frozen=True)
class Desk:
    """A switch with a contract whose calls are recorded, and two telephones and a fax machine at it."""

    pbx: Any
    ims: Any
    anna: Phone
    bert: Phone
    fax: Phone
    mobile: Phone
    contract: Contract

    @property
    def recorded(self) -> list[Path]:
        """The recordings so far, in the order they were begun."""
        found = (self.pbx.recordings / "zhaotong").glob("*/*.wav")
        return sorted(found, key=lambda file: float(file.stem.rpartition("-")[2]))

    def next_recording(self, before: list[Path]) -> Path:
        """The one recording that has been made since, once it is whole: its header says how long it is."""
        file = sites.wait_for(lambda: [one for one in self.recorded if one not in before], "recording")[0]
        whole(file)
        return Path(file)

    def record_of(self, file: Path) -> dict[str, Any]:
        """The call record of a recording, which has its name."""
        found = sites.wait_for(
            lambda: [one for one in self.pbx.records() if one["uniqueid"] == file.stem], "call record"
        )
        return dict(found[0])


@pytest.fixture(scope="module")
def desk(switches: Any) -> Iterator[Desk]:
    pbx, ims = switches.pbx, switches.ims
    pbx.wipe()
    made = sites.contract()
    first, second, third = made.site.seats
    made = replace(
        made,
        policy=Policy(recording_keep_days=30),
        site=replace(made.site, seats=(first, second, replace(third, features=("fax",)))),
    )
    book = sites.Book((made,))
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        applied = sites.apply_to(ami, book)
    assert {outcome.status for outcome in applied.outcomes} == {"applied"}, [
        outcome.fault for outcome in applied.outcomes
    ]
    secrets = book.secrets("zhaotong")
    operators.wait_registered(pbx)
    with Phones(bind=switches.desks) as phones, Phones(bind=switches.outside) as outside:
        anna, bert, fax = (
            phones.register(
                number, auth_user=f"seat-{number}", secret=secrets[number], registrar=pbx.sip, answer="ring"
            )
            for number in (ANNA, BERT, FAX)
        )
        mobile = outside.register(
            "13800138000", auth_user="mobile", secret=ims.mobile_secret, registrar=ims.sip, answer="ring"
        )
        yield Desk(pbx, ims, anna, bert, fax, mobile, made)


def whole(file: Path) -> tuple[Any, int]:
    """A sound file that is written to its end: its header says how much voice is in it."""

    def read() -> tuple[Any, int] | None:
        try:
            samples, rate = wav.read(file)
        except Malformed:
            return None
        return (samples, rate) if len(samples) * 2 + 44 >= file.stat().st_size > 1000 else None

    found: tuple[Any, int] = sites.wait_for(read, f"whole {file.name}")
    return found


def talk(call: Call, called: Call) -> None:
    """Both ends hum their own tone, the called one from its very first word on."""
    call.hum(700)
    called.hum(1000)
    called.answer()
    call.wait("connected").hear(60)
    called.hear(60)
    call.hang_up()
    call.ended(), called.ended()


def test_a_call_inside_is_recorded_with_every_word_of_both(desk: Desk, tmp_path: Path) -> None:
    """What either end heard of the other is in the recording, from the first word on."""
    before = desk.recorded
    call = desk.anna.dial("6002").keep(tmp_path / "anna.wav")
    called = desk.bert.next_call().keep(tmp_path / "bert.wav")
    talk(call, called)
    samples, rate = whole(desk.next_recording(before))
    for file, hertz in (("anna.wav", 1000), ("bert.wav", 700)):
        theirs, their_rate = whole(tmp_path / file)
        assert tone.heard(samples, hertz, rate, least=0.2) >= tone.heard(theirs, hertz, their_rate) - 0.1 > 0


def test_a_call_into_the_world_is_recorded(desk: Desk) -> None:
    """A call out is recorded in both directions, under the unique id of its call record."""
    before = desk.recorded
    call = desk.anna.dial("13900138000").hum(700)
    call.wait("connected").hear(60)
    call.hang_up()
    call.ended()
    file = desk.next_recording(before)
    samples, rate = whole(file)
    assert tone.heard(samples, OPERATOR_HUMS, rate, least=0.2) > 0.3
    assert tone.heard(samples, 700, rate, least=0.2) > 0.3
    assert desk.record_of(file)["dst"] == "13900138000"
    note = file.with_suffix(".txt").read_text()
    assert f"seat={ANNA} src={ANNA} started=" in note


def test_a_call_from_the_world_is_recorded(desk: Desk) -> None:
    """A call that comes in is recorded in both directions, as the called seat's."""
    before = desk.recorded
    call = desk.mobile.dial(BERT)
    talk(call, desk.bert.next_call())
    file = desk.next_recording(before)
    samples, rate = whole(file)
    for hertz in (700, 1000):
        assert tone.heard(samples, hertz, rate, least=0.2) > 0.3
    assert file.with_suffix(".txt").read_text().startswith(f"seat={BERT} src=13800138000 ")


def test_a_fax_machine_is_never_recorded(desk: Desk) -> None:
    """Nothing stands in the path of a fax machine's call, neither out nor in: it is not recorded."""
    before = desk.recorded
    call = desk.fax.dial("13900138000")
    call.wait("connected").hear(10)
    assert "MixMonitor" not in desk.pbx.cli("core show channels concise")
    call.hang_up()
    call.ended()
    call = desk.anna.dial(FAX)
    called = desk.fax.next_call()
    called.answer()
    call.wait("connected").hear(10)
    call.hang_up()
    call.ended()
    assert desk.recorded == before


FOLDER = "/var/spool/asterisk/recordings/zhaotong"
NO_FOLDER = f"touch {FOLDER}"
FULL_DISK = (
    "cd /dev/shm && mkdir -p full && chmod 777 full && "
    f"(dd if=/dev/zero of=filler bs=64k 2>/dev/null || true) && ln -s /dev/shm/full {FOLDER}"
)


@pytest.mark.parametrize(
    ("to", "spoil"),
    [("13900138000", NO_FOLDER), (BERT, NO_FOLDER), ("13900138000", FULL_DISK), (BERT, FULL_DISK)],
)
def test_a_call_that_cannot_be_recorded_is_refused(desk: Desk, to: str, spoil: str) -> None:
    """Where no recording can be written the call is refused, nobody rings, and its record says why."""
    began = time.time()
    desk.pbx.shell(f"mv {FOLDER} {FOLDER}-away && {spoil}")
    try:
        ended = desk.anna.dial(to).ended()
    finally:
        desk.pbx.shell(f"rm -rf {FOLDER} /dev/shm/filler /dev/shm/full && mv {FOLDER}-away {FOLDER}")
    assert ended.code == 403
    new = sites.wait_for(lambda: [one for one in desk.pbx.records() if one["start"] >= began], "call record")
    told = [(one["userfield"], one["answer"]) for one in new]
    assert told == [("refused-not-recorded", 0.0)]
    assert not desk.bert.incoming


def test_emergency_calls_need_no_recording(desk: Desk) -> None:
    """Where no recording can be written the police is reached all the same."""
    desk.pbx.shell(f"mv {FOLDER} {FOLDER}-away && {NO_FOLDER}")
    try:
        call = desk.anna.dial("110").wait("connected")
        call.hang_up()
        assert call.ended().code == 200
    finally:
        desk.pbx.shell(f"rm -rf {FOLDER} && mv {FOLDER}-away {FOLDER}")


def test_a_recording_is_kept_with_its_hash_held_and_removed_when_due(desk: Desk, tmp_path: Path) -> None:
    """A real recording gets its hash, is handed out as it was, held beyond its day, then removed."""
    before = desk.recorded
    call = desk.anna.dial("13900138000").hum(700)
    call.wait("connected").hear(60)
    call.hang_up()
    call.ended()
    file = desk.next_recording(before)
    path = str(file.relative_to(desk.pbx.recordings))
    folder = RecordingFolder(desk.pbx.recordings)
    made = {"at": datetime.now(UTC), "who": "li@desk"}
    today = datetime.now(SHANGHAI).date()

    def swept(days: int) -> Swept:
        day, now = today + timedelta(days=days), made["at"] + timedelta(days=days)
        return sweep(ledger, folder, "pbx", now=now, today=day, who="li@desk", verify=True)

    with open_ledger(f"sqlite:///{tmp_path}/seatline.db") as ledger:
        ledger.record_versions(
            [(desk.contract, today - timedelta(days=30))], new_secret=lambda: "x" * 24, **made
        )
        found = swept(0)
        assert path in found.taken
        assert found.is_sound
        assert not found.strange
        (own,) = (one for one in ledger.find_recordings(Wanted()) if one.recording.path == path)
        recording = own.recording
        assert recording.sha256 == hashlib.sha256(file.read_bytes()).digest()
        assert (recording.seat, recording.keep_until) == (ANNA, today + timedelta(days=30))
        assert fetched(ledger, folder, recording.id, "bill 10", **made) == file.read_bytes()
        held(ledger, Wanted(ids=(recording.id,)), "bill 10", **made)
        assert path not in swept(31).removed
        assert file.exists()
        held(ledger, Wanted(ids=(recording.id,)), None, **made)
        assert path in swept(31).removed
        assert not file.exists()
        assert not file.with_suffix(".txt").exists()
        assert [one.event for one in ledger.recording_accesses(recording.id)] == [
            *("recording-fetched", "recording-held", "recording-released", "recording-removed")
        ]
