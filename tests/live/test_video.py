"""Video calls: H.264 between seats that have it, voice alone with anybody else."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest


def _beside(name: str) -> Any:
    """A file beside this one, loaded once for the whole run."""
    known = f"live_{name}"
    if known not in sys.modules:
        spec = importlib.util.spec_from_file_location(known, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[known] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[known])
    return sys.modules[known]


sites, plain = _beside("sites"), _beside("plain_phone")
pytestmark = pytest.mark.live

ANNA, BERT, CARL = "08702120001", "08702120002", "08702120003"
H264 = ("rtpmap:99 H264/90000", "fmtp:99 profile-level-id=42801F;packetization-mode=1")
ALAW = ("rtpmap:8 PCMA/8000",)
SLICE = bytes([0x65]) + bytes(range(200))
"""A piece of a picture: an IDR slice by its first byte (RFC 6184)."""


@dataclass(frozen=True)
class Desk:
    """A switch with three video telephones; the contract gives video to two of the seats."""

    pbx: Any
    phones: dict[str, Any]
    address: str


@pytest.fixture(scope="module")
def desk(switches: Any) -> Iterator[Desk]:
    pbx = switches.pbx
    pbx.wipe()
    made = sites.contract()
    anna, bert, carl = made.site.seats
    seats = (replace(anna, features=("video",)), replace(bert, features=("video",)), carl)
    made = replace(made, site=replace(made.site, seats=seats))
    book = sites.Book((made,))
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        applied = sites.apply_to(ami, book)
    assert {one.status for one in applied.outcomes} == {"applied"}, [one.fault for one in applied.outcomes]
    secrets = book.secrets("zhaotong")
    phones = {
        number: plain.PlainPhone(switches.desks, pbx.sip, number, f"seat-{number}", secrets[number])
        for number in (ANNA, BERT, CARL)
    }
    for phone in phones.values():
        phone.register()
    yield Desk(pbx, phones, switches.desks)
    for phone in phones.values():
        phone.close()


@dataclass(frozen=True)
class Sockets:
    """Voice and picture of one telephone."""

    voice: Any
    picture: Any

    def sdp(self, address: str, video: bool) -> str:
        streams = [("audio", self.voice.port, "8", ALAW)]
        streams += [("video", self.picture.port, "99", H264)] if video else []
        return str(plain.sdp(address, *streams))


@pytest.fixture
def two(desk: Desk) -> Iterator[tuple[Sockets, Sockets]]:
    made = [plain.Media(desk.address) for _ in range(4)]
    yield Sockets(made[0], made[1]), Sockets(made[2], made[3])
    for one in made:
        one.close()


def call(desk: Desk, caller: str, called: str, own: Sockets, theirs: Sockets) -> Any:
    """A video telephone calls another, which takes what it is offered; gives the answer that the caller got,
    and the INVITE that the other one had."""
    told: list[Any] = []
    begun = threading.Thread(
        target=lambda: told.append(desk.phones[caller].invite(called, own.sdp(desk.address, video=True)))
    )
    begun.start()
    invite = desk.phones[called].ring()
    offered = invite.media("video") is not None
    desk.phones[called].accept(invite, theirs.sdp(desk.address, video=offered))
    begun.join(plain.PATIENCE)
    return told[0], invite


def test_two_seats_with_video_see_each_other(desk: Desk, two: tuple[Sockets, Sockets]) -> None:
    """Between seats that have video, pictures in H.264 go both ways beside the voice, as they were sent."""
    own, theirs = two
    answer, invite = call(desk, ANNA, BERT, own, theirs)
    assert "H264/90000" in invite.body
    assert "profile-level-id=42801F" in invite.body
    assert "H264/90000" in answer.body
    to, at = answer.media("video"), invite.media("video")
    numbers = [int(found.media("video")[1].split()[0]) for found in (answer, invite)]
    pictures = plain.exchange(
        [
            (own.picture, (answer.address, to[0]), numbers[0], SLICE),
            (theirs.picture, (invite.address, at[0]), numbers[1], SLICE[::-1]),
            (own.voice, (answer.address, answer.media("audio")[0]), 8, bytes(160)),
            (theirs.voice, (invite.address, invite.media("audio")[0]), 8, bytes(160)),
        ]
    )
    desk.phones[ANNA].hang_up()
    desk.phones[BERT].answer(desk.phones[BERT].wait_request("BYE"), 200)
    assert {packet[12:] for packet in pictures[0]} == {SLICE[::-1]}
    assert {packet[12:] for packet in pictures[1]} == {SLICE}


@pytest.mark.parametrize(("caller", "called"), [(ANNA, CARL), (CARL, ANNA)])
def test_a_seat_without_video_has_voice_alone(
    desk: Desk, two: tuple[Sockets, Sockets], caller: str, called: str
) -> None:
    """Where one of the two seats has no video the call has voice alone, whatever its telephone offers."""
    own, theirs = two
    answer, invite = call(desk, caller, called, own, theirs)
    assert answer.code == 200
    without = answer if caller == CARL else invite
    assert without.media("video") is None
    assert "H264" not in without.body
    for picture, told in ((own.picture, answer), (theirs.picture, invite)):
        if (open_to := told.media("video")) is not None:
            picture.send((told.address, open_to[0]), int(open_to[1].split()[0]), SLICE)
    plain.exchange(
        [
            (own.voice, (answer.address, answer.media("audio")[0]), 8, bytes(160)),
            (theirs.voice, (invite.address, invite.media("audio")[0]), 8, bytes(160)),
        ]
    )
    assert (own.picture.receive(), theirs.picture.receive()) == (None, None)
    desk.phones[caller].hang_up()
    desk.phones[called].answer(desk.phones[called].wait_request("BYE"), 200)
