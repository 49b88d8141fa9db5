"""Customers' recordings are checked, converted and noted; ours are brought to the switch."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from pbx import sound, tone
from provisioning.core.site import Seat, Site
from provisioning.flows import keep_sounds
from provisioning.flows.errors import FlowError
from provisioning.flows.keep_sounds import Prompt, SoundWrong

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
SITE = Site(
    name="zhaotong", area_code="0870", seats=(Seat(long_number="08702120001", name="张伟"),)
)  # fmt: skip
PROMPTS = {"greeting": Prompt(name="greeting", chinese="您好。", english="Hello.")}
GOOD = sound.wav(tone.hum(700, 0.5))


@dataclass
class Folder:
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def held(self, group: str) -> dict[str, bytes]:
        return dict(self.files.get(group, {}))

    def write(self, group: str, name: str, content: bytes) -> None:
        self.files.setdefault(group, {})[name] = content

    def remove(self, group: str, name: str) -> bool:
        return self.files.get(group, {}).pop(name, None) is not None


@dataclass
class Trail:
    written: list[dict[str, Any]] = field(default_factory=list)
    told: int = 0

    def audit(self, **kept: Any) -> None:
        self.written.append(kept)

    def tell(self) -> None:
        self.told += 1


def add(folder: Folder, trail: Trail, name: str, content: bytes = GOOD) -> keep_sounds.Kept:
    return keep_sounds.add(
        folder,
        trail,  # type: ignore[arg-type]
        SITE,
        name,
        content,
        file="song.wav",
        prompts=PROMPTS,
        at=NOW,
        who="li@desk",
        told=trail.tell,
    )


def test_a_prompt_is_converted_and_noted() -> None:
    """A customer's greeting is in place as the telephone plays it, and who put it there is in the audit."""
    folder, trail = Folder(), Trail()
    kept = add(folder, trail, "greeting")
    assert folder.files == {"zhaotong": {"greeting.wav": GOOD}}
    assert kept.seconds == 0.5
    (noted,) = trail.written
    assert (noted["event"], noted["subject"], noted["who"]) == ("sound-added", "zhaotong/greeting", "li@desk")
    assert noted["detail"]["sha256"] == kept.sha256
    assert trail.told == 0


def test_of_music_the_switch_is_told() -> None:
    """A ringback tone has a class of its own, which the switch reads then."""
    folder, trail = Folder(), Trail()
    add(folder, trail, "ringback")
    assert (
        b"[seatline-zhaotong-ringback]\nmode = playlist\nentry = /srv/seatline/sounds/zhaotong/ringback\n"
        in (folder.files["zhaotong"]["musiconhold.conf"])
    )
    assert trail.told == 1


def test_classes_of_another_hand_are_found() -> None:
    """A class that seatline did not write is named, for the switch would run the program it names."""
    folder, trail = Folder(), Trail()
    add(folder, trail, "waiting")
    assert keep_sounds.strange_classes(folder, ["zhaotong"]) == ()
    folder.write("zhaotong", "musiconhold.conf", b"[seatline-zhaotong-ringback]\nmode = custom\n")
    assert keep_sounds.strange_classes(folder, ["zhaotong"]) == ("zhaotong",)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("greting", GOOD, "nothing is called 'greting': did you mean greeting?"),
        ("../evil", GOOD, "nothing is called '../evil'"),
        ("name-08709999999", GOOD, "08709999999 is no seat of site zhaotong"),
        ("greeting", b"ID3", "song.wav: this is an MP3"),
        ("greeting", b"\0" * (keep_sounds.LARGEST + 1), "song.wav is over 50 MB"),
    ],
)
def test_what_is_wrong_changes_nothing(name: str, content: bytes, says: str) -> None:
    """A name that nothing has, and a file that is no recording, are refused in one sentence."""
    folder, trail = Folder(), Trail()
    with pytest.raises(SoundWrong, match=says) as fault:
        add(folder, trail, name, content)
    assert fault.value.exit_code == 3
    assert (folder.files, trail.written, trail.told) == ({}, [], 0)


def test_every_name_says_whose_it_is() -> None:
    """The list shows what is the customer's own, ours or missing, and recorded names of seats."""
    folder, trail = Folder({"_zh": {"greeting.wav": GOOD}}), Trail()
    shown = {one.name: one for one in keep_sounds.listed(folder, SITE, PROMPTS)}
    assert (shown["greeting"].whose, shown["ringback"].whose) == ("ours", "none")
    add(folder, trail, "greeting")
    add(folder, trail, "name-08702120001")
    shown = {one.name: one for one in keep_sounds.listed(folder, SITE, PROMPTS)}
    assert (shown["greeting"].whose, shown["greeting"].seconds) == ("own", 0.5)
    assert shown["name-08702120001"].says == "name of 08702120001 张伟"


def test_what_is_removed_was_there() -> None:
    """A recording is taken away and noted; removing one that is not there names those that are."""
    folder, trail = Folder(), Trail()
    add(folder, trail, "greeting")
    with pytest.raises(FlowError, match="its own are: greeting"):
        keep_sounds.remove(folder, trail, "zhaotong", "ringback", at=NOW, who="li@desk")  # type: ignore[arg-type]
    keep_sounds.remove(folder, trail, "zhaotong", "greeting", at=NOW, who="li@desk")  # type: ignore[arg-type]
    assert folder.held("zhaotong") == {}
    assert [noted["event"] for noted in trail.written] == ["sound-added", "sound-removed"]


def test_ours_are_brought_once() -> None:
    """Installing writes what is missing or another version, and customers' recordings stay."""
    folder = Folder({"_zh": {"greeting.wav": b"older"}, "zhaotong": {"greeting.wav": GOOD}})
    shipped = {"_zh": {"greeting.wav": b"new"}, "_en": {"greeting.wav": b"hello"}}
    assert keep_sounds.install(folder, shipped) == 2
    assert keep_sounds.outdated(folder, shipped) == ()
    assert keep_sounds.install(folder, shipped) == 0
    assert folder.files["zhaotong"] == {"greeting.wav": GOOD}
