"""A card terminal's call: A-law alone, every bit as it was sent, and only to the numbers of its list."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from provisioning.core.contract import Policy


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
operators = sys.modules["live_operators"]
"""What conftest made of operators.py."""
pytestmark = pytest.mark.live

TERMINAL, OFFICE = "08702120001", "08702120002"
ECHO, OTHER = "13900000011", "13900138021"
ALAW, ULAW = "rtpmap:8 PCMA/8000", "rtpmap:0 PCMU/8000"
MODEM = bytes((7 * n * n + 31 * n) % 256 for n in range(160))
"""What no voice sounds like: every value of a byte may be in it."""


@dataclass(frozen=True)
class Desk:
    """A switch with a contract whose calls are recorded: a card terminal with its list, and an office."""

    pbx: Any
    ims: Any
    terminal: Any
    office: Any
    address: str


@pytest.fixture(scope="module")
def desk(switches: Any) -> Iterator[Desk]:
    pbx, ims = switches.pbx, switches.ims
    pbx.wipe()
    made = sites.contract()
    terminal, office, other = made.site.seats
    seats = (replace(terminal, features=("pos",), allowed=(ECHO, OFFICE)), office, other)
    made = replace(made, policy=Policy(recording_keep_days=30), site=replace(made.site, seats=seats))
    book = sites.Book((made,))
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        applied = sites.apply_to(ami, book)
    assert {one.status for one in applied.outcomes} == {"applied"}, [one.fault for one in applied.outcomes]
    secrets = book.secrets("zhaotong")
    operators.wait_registered(pbx)
    phones = [
        plain.PlainPhone(switches.desks, pbx.sip, number, f"seat-{number}", secrets[number])
        for number in (TERMINAL, OFFICE)
    ]
    for phone in phones:
        phone.register()
    yield Desk(pbx, ims, *phones, switches.desks)
    for phone in phones:
        phone.close()


@pytest.fixture
def voice(desk: Desk) -> Iterator[Any]:
    media = plain.Media(desk.address)
    yield media
    media.close()


def offer(desk: Desk, voice: Any, formats: str = "0 8") -> str:
    """What the terminal would like: u-law first, as some do."""
    said = tuple(line for line in (ULAW, ALAW) if line.split(":")[1].split()[0] in formats.split())
    return str(plain.sdp(desk.address, ("audio", voice.port, formats, said)))


def test_what_a_terminal_sends_arrives_bit_by_bit(desk: Desk, voice: Any) -> None:
    """Out into the world and back a modem's bytes are the same, in A-law, though u-law was offered first."""
    answer = desk.terminal.invite(ECHO, offer(desk, voice))
    assert answer.code == 200
    port, formats = answer.media("audio")
    assert formats.split()[0] == "8"
    assert "0" not in formats.split()
    (packets,) = plain.exchange([(voice, (answer.address, port), 8, MODEM)])
    shows = desk.pbx.cli("core show channels concise")
    desk.terminal.hang_up()
    assert {(packet[1] & 0x7F, packet[12:]) for packet in packets} == {(8, MODEM)}
    assert "MixMonitor" not in shows


def test_a_terminal_without_alaw_is_not_converted(desk: Desk, voice: Any) -> None:
    """A terminal that has no A-law gets 488: its voice would have to be converted."""
    assert desk.terminal.invite(ECHO, offer(desk, voice, "0")).code == 488


def test_nothing_is_recorded_of_a_terminal(desk: Desk, voice: Any) -> None:
    """A contract that wants its calls recorded gets no recording of a card terminal's."""
    before = set((desk.pbx.recordings / "zhaotong").glob("*/*")) if desk.pbx.recordings.exists() else set()
    assert desk.terminal.invite(ECHO, offer(desk, voice)).code == 200
    desk.terminal.hang_up()
    assert set((desk.pbx.recordings / "zhaotong").glob("*/*")) == before


@pytest.mark.parametrize("number", [OTHER, "08702120003", "6003"])
def test_a_terminal_calls_its_list_alone(desk: Desk, voice: Any, number: str) -> None:
    """A card terminal has its own list without any policy: another number is refused, and why is recorded."""
    began = time.time()
    assert desk.terminal.invite(number, offer(desk, voice)).code == 403
    (record,) = sites.wait_for(
        lambda: [one for one in desk.pbx.records() if one["start"] >= began], "call record"
    )
    assert record["userfield"] == "refused-not-listed"


def test_other_seats_have_no_list(desk: Desk, voice: Any) -> None:
    """The list is the terminal's: any other seat of the contract calls whom it likes."""
    assert desk.office.invite(OTHER, offer(desk, voice)).code == 200
    desk.office.hang_up()


def test_a_call_to_a_terminal_is_alaw_from_end_to_end(desk: Desk, voice: Any) -> None:
    """An operator that would rather have u-law gets A-law for a call to a terminal: nothing is converted."""
    desk.ims.shell("cp /etc/asterisk/pjsip-numbers.conf /tmp/numbers.kept")
    desk.ims.shell("sed -i 's/^allow = alaw,ulaw/allow = ulaw,alaw/' /etc/asterisk/pjsip-numbers.conf")
    again(desk)
    try:
        desk.ims.cli(f"channel originate Local/{TERMINAL}@from-mobile application Wait 60")
        invite = desk.terminal.ring()
        desk.terminal.accept(invite, offer(desk, voice, "8"))
        (line,) = sites.wait_for(
            lambda: [
                row.split("!")[0]
                for row in desk.pbx.cli("core show channels concise").splitlines()
                if row.startswith("PJSIP/line-") and "!Up!" in row
            ],
            "call from the operator",
        )
        told = desk.pbx.cli(f"core show channel {line}")
        desk.terminal.hang_up()
    finally:
        desk.ims.shell("cat /tmp/numbers.kept > /etc/asterisk/pjsip-numbers.conf")
        again(desk)
    assert "NativeFormats: (alaw)" in told


def again(desk: Desk) -> None:
    """Has the operator read its configuration anew."""
    sites.wait_for(
        lambda: "reloaded successfully" in desk.ims.cli("module reload res_pjsip.so"),
        "reload of the operator",
    )
