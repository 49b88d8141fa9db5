"""The nightly look at recordings: what is taken up, removed, missed and left alone."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pbx.live.recordings import RecordingFolder
from provisioning.core.contract import Contract, ContractVersion, Policy
from provisioning.core.recording import Recording, place_of
from provisioning.flows.errors import FlowError
from provisioning.flows.sweep_recordings import Swept, lines_of, sweep

NOW = datetime(2025, 7, 9, 4, 0, tzinfo=UTC)
TODAY = date(2025, 7, 9)
MADE = datetime(2025, 7, 8, 18, 40, tzinfo=UTC)
"""In Shanghai it is the 9th already."""


@dataclass
class Shelf:
    """A ledger in memory, as far as recordings go."""

    contract: Contract
    kept: dict[str, Recording] = field(default_factory=dict)
    talk: int = 0
    """Milliseconds of talk in each call."""

    def spoken(self, switch: str, since: datetime) -> tuple[tuple[str, int, int], ...]:
        return tuple((one.path, one.milliseconds, self.talk) for one in self.kept.values())

    def versions(self, contract: str | None = None) -> tuple[ContractVersion, ...]:
        return (ContractVersion(contract=self.contract, number=1, effective=date(2025, 7, 1)),)

    def recordings_of(self, switch: str) -> Mapping[str, Recording]:
        return dict(self.kept)

    def take_recordings(self, found: Sequence[Recording], *, at: datetime, who: str) -> None:
        self.kept |= {one.path: replace(one, id=len(self.kept) + 1) for one in found}

    def mark_due(self, switch: str, today: date, *, at: datetime, who: str) -> tuple[Recording, ...]:
        due = tuple(one for one in self.kept.values() if one.is_due(today))
        self.kept |= {one.path: replace(one, removed_at=at) for one in due}
        return due

    def count_due(self, switch: str, today: date) -> int:
        return sum(one.is_due(today) for one in self.kept.values())


@pytest.fixture
def shelf(make: Any) -> Shelf:
    made = replace(make.contract(), site=replace(make.contract().site, name="zhaotong"))
    return Shelf(replace(made, policy=Policy(recording_keep_days=30)))


def write(folder: Path, number: int = 1, *, words: int = 8000, told: int | None = None, **note: str) -> Path:
    """A recording of so many samples as Asterisk makes it; `told` is what its header says of bytes."""
    file = folder / "zhaotong" / "20250709" / f"pbx-1752000000.{number}.wav"
    file.parent.mkdir(parents=True, exist_ok=True)
    length = words * 2 if told is None else told
    voice = (16, 1, 1, 8000, 16000, 2, 16)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", length + 36, b"WAVE", b"fmt ", *voice, b"data", length)
    file.write_bytes(head + bytes(words * 2))
    said = {"seat": "08702120001", "src": "08702120001", "started": f"{MADE.timestamp():.0f}"} | note
    file.with_suffix(".txt").write_text(" ".join(f"{key}={value}" for key, value in said.items()))
    return file


def age(file: Path, hours: float) -> None:
    for one in (file, file.with_suffix(".txt")):
        if one.exists():
            os.utime(one, (NOW.timestamp() - hours * 3600,) * 2)


def run(shelf: Shelf, folder: Path, days: int = 0, **more: Any) -> Swept:
    later = timedelta(days=days)
    return sweep(
        shelf, RecordingFolder(folder), "pbx", now=NOW + later, today=TODAY + later, who="li@desk", **more
    )


def test_a_finished_recording_is_taken_up(shelf: Shelf, tmp_path: Path) -> None:
    """A recording gets its hash, its length, its seat, and the last day of those that its contract says."""
    file = write(tmp_path)
    assert run(shelf, tmp_path).taken == ("zhaotong/20250709/pbx-1752000000.1.wav",)
    (made,) = shelf.kept.values()
    assert made.sha256 == hashlib.sha256(file.read_bytes()).digest()
    assert (made.seat, made.uniqueid, made.milliseconds) == ("08702120001", "pbx-1752000000.1", 1000)
    assert (made.day, made.keep_until) == (date(2025, 7, 9), date(2025, 8, 8))
    assert made.contract == shelf.contract.id
    again = run(shelf, tmp_path)
    assert (again.taken, again.removed, again.kept, again.is_sound) == ((), (), 1, True)


@pytest.mark.parametrize(("seconds", "told"), [(0, 0), (10, 0), (11, 1)])
def test_a_recording_that_ends_before_its_call_is_told(
    shelf: Shelf, tmp_path: Path, seconds: int, told: int
) -> None:
    """A recording of one second is told of where the talk was ten seconds longer: the disk filled up."""
    write(tmp_path)
    shelf.talk = seconds * 1000
    found = run(shelf, tmp_path)
    assert (len(found.short), found.is_sound) == (told, True)
    assert len([line for line in lines_of(found) if "shorter than its call" in line]) == told


def test_a_little_that_is_missing_of_a_long_call_is_none(shelf: Shelf, tmp_path: Path) -> None:
    """Packets that the network lost make no recording too short: a fiftieth of the talk has to be missing."""
    write(tmp_path, words=8000 * 1000)
    shelf.talk = 1_015_000
    assert run(shelf, tmp_path).short == ()
    shelf.talk = 1_030_000
    assert len(run(shelf, tmp_path).short) == 1


def test_a_call_that_is_still_up_waits(shelf: Shelf, tmp_path: Path) -> None:
    """What is still being written is not taken up; a header without its end long after is: the power went."""
    file = write(tmp_path, told=0)
    age(file, 0.1)
    assert run(shelf, tmp_path).unfinished == 1
    age(file, 5)
    assert len(run(shelf, tmp_path).taken) == 1


def test_a_call_without_a_word_is_not_kept(shelf: Shelf, tmp_path: Path) -> None:
    """A recording without any voice in it (nobody answered) is removed once old; so is a lonely note."""
    file = write(tmp_path, words=0)
    lonely = write(tmp_path, 2)
    lonely.unlink()
    age(file, 0.1), age(lonely, 0.1)
    assert run(shelf, tmp_path).empty == 0
    assert file.exists()
    age(file, 5), age(lonely, 5)
    assert run(shelf, tmp_path).empty == 1
    assert list(tmp_path.rglob("*.*")) == []


def test_what_is_due_goes_for_good(shelf: Shelf, tmp_path: Path) -> None:
    """On its last day a recording is there, on the next it is removed with its note and empty folder."""
    file = write(tmp_path)
    run(shelf, tmp_path)
    assert run(shelf, tmp_path, 30).removed == ()
    assert file.exists()
    assert len(run(shelf, tmp_path, 31).removed) == 1
    assert not file.parent.exists()
    assert run(shelf, tmp_path, 32).is_sound


def test_a_removal_that_broke_off_is_finished(shelf: Shelf, tmp_path: Path) -> None:
    """A file that is marked as removed and still there is deleted by the next run."""
    file = write(tmp_path)
    run(shelf, tmp_path)
    shelf.mark_due("pbx", date(2026, 1, 1), at=NOW, who="c")
    assert run(shelf, tmp_path).removed == ()
    assert not file.exists()


def test_what_is_held_stays(shelf: Shelf, tmp_path: Path) -> None:
    """A recording that is held in a dispute outlives its day, and goes when it is released."""
    file = write(tmp_path)
    run(shelf, tmp_path)
    ((path, made),) = shelf.kept.items()
    shelf.kept[path] = replace(made, held="bill 7")
    found = run(shelf, tmp_path, 400)
    assert (found.removed, found.held, file.exists()) == ((), 1, True)
    shelf.kept[path] = made
    assert len(run(shelf, tmp_path, 400).removed) == 1


def test_missing_and_altered_recordings_are_told(shelf: Shelf, tmp_path: Path) -> None:
    """A recording gone before its time, or changed, is told; a change of the same size by its hash."""
    files = [write(tmp_path, number) for number in (1, 2, 3)]
    run(shelf, tmp_path)
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes() + b"x")
    files[2].write_bytes(files[2].read_bytes()[:-1] + b"x")
    found = run(shelf, tmp_path)
    assert [path[-5] for path in found.missing] == ["1"]
    assert [path[-5] for path in found.altered] == ["2"]
    assert not found.is_sound
    assert [path[-5] for path in run(shelf, tmp_path, verify=True).altered] == ["2", "3"]
    assert len(list(lines_of(found))) == 2


def test_a_recording_of_nobodys_contract_is_kept(shelf: Shelf, tmp_path: Path) -> None:
    """Where no contract says how long, a recording stays, and is told each time."""
    shelf.contract = replace(shelf.contract, policy=Policy())
    file = write(tmp_path)
    run(shelf, tmp_path)
    found = run(shelf, tmp_path, 4000)
    assert (found.removed, len(found.nobodys), file.exists()) == ((), 1, True)


def test_room_is_watched(shelf: Shelf, tmp_path: Path) -> None:
    """A disk with less than a tenth free is told with each sweep."""
    found = run(shelf, tmp_path)
    assert 0 < found.free <= 1
    (line,) = lines_of(replace(found, free=0.05))
    assert line.startswith("pbx: only 5% of the disk is free")


@pytest.mark.parametrize("note", [{"seat": "x"}, {"seat": "../../1"}, {"started": ""}, {"started": "9" * 30}])
def test_a_note_that_is_none_of_ours(shelf: Shelf, tmp_path: Path, note: dict[str, str]) -> None:
    """A file whose note no dialplan of ours wrote is told and left alone."""
    file = write(tmp_path, **note)
    found = run(shelf, tmp_path)
    assert (found.taken, len(found.strange), file.exists()) == ((), 1, True)


def test_links_are_not_followed(shelf: Shelf, tmp_path: Path) -> None:
    """A link among the recordings leads nowhere: what it points at is neither read nor removed."""
    secret = tmp_path / "secret.wav"
    secret.write_bytes(b"x" * 100)
    folder = tmp_path / "recordings"
    day = folder / "zhaotong" / "20250709"
    day.mkdir(parents=True)
    (day / "pbx-1.1.wav").symlink_to(secret)
    (folder / "elsewhere").symlink_to(tmp_path)
    found = run(shelf, folder)
    assert replace(found, free=1.0) == Swept(switch="pbx")
    assert secret.exists()


def test_a_folder_that_is_not_there(shelf: Shelf, tmp_path: Path) -> None:
    """Where the folder cannot be read one sentence says which, and what setting names it."""
    with pytest.raises(FlowError, match=r"nowhere: No such file.*recordings.*\[switches.pbx\]"):
        run(shelf, tmp_path / "nowhere")


@pytest.mark.parametrize(
    "path", ["../20250709/x.wav", "zhaotong/x.wav", "zhaotong/20250709/../x.wav", "/20250709/x.wav", "a/b/c"]
)
def test_a_path_stays_below_its_folder(path: str) -> None:
    """Only a path as the dialplan makes it is one of a recording's."""
    assert place_of(path) is None
