"""A real fax by a real fax modem: in the voice channel by default, by T.38 where that is switched on."""

from __future__ import annotations

import base64
import importlib.util
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from provisioning.core.contract import Policy

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)
operators = sys.modules["live_operators"]
pytestmark = pytest.mark.live

PLAIN, RELAYED = "08702120001", "08702120002"
"""The fax machine that stays in the voice channel, and the one that has T.38."""
FAX_OUT_THERE = "13900000010"
WIDTH, LINES = 1728, 100
T38_PORTS = range(4000, 5000)
"""Asterisk's own, without an udptl.conf."""


@dataclass(frozen=True)
class Desk:
    """A switch with two fax machines, which the operator's Asterisk plays too: it has a fax modem."""

    pbx: Any
    ims: Any

    def noted(self) -> list[str]:
        """How faxes went, as both ends noted it."""
        file = self.ims.log / "fax.log"
        return file.read_text().splitlines() if file.exists() else []

    def recorded(self) -> set[Path]:
        """The recordings so far, of whatever call."""
        return set(self.pbx.recordings.glob("zhaotong/*/*"))

    def send(self, number: str) -> None:
        """Has the fax machine of that seat send its page to the one out in the world."""
        self.ims.cli(f"channel originate PJSIP/{FAX_OUT_THERE}@machine-{number} extension 1@send-fax")


def page() -> bytes:
    """A page of black and white lines as a TIFF of fax lines (T.4, one-dimensional)."""
    black = "00110101" + "0000001100101" + "0000110111"
    white = "010011011" + "00110101"
    end = "000000000001"
    bits = "".join(end + (black if line % 10 < 2 else white) for line in range(LINES)) + end * 6
    bits += "0" * (-len(bits) % 8)
    strip = int(bits, 2).to_bytes(len(bits) // 8, "big")
    entries = [
        (254, 4, 2), (256, 4, WIDTH), (257, 4, LINES), (258, 3, 1), (259, 3, 3), (262, 3, 0), (266, 3, 1),
        (273, 4, 0), (277, 3, 1), (278, 4, LINES), (279, 4, len(strip)), (282, 5, 0), (283, 5, 0),
        (292, 4, 0), (296, 3, 2),
    ]  # fmt: skip
    after = 8 + 2 + 12 * len(entries) + 4
    places = {282: after, 283: after + 8, 273: after + 16}
    rows = [(tag, kind, 1, places.get(tag, value)) for tag, kind, value in entries]
    directory = b"".join(
        struct.pack("<HHIHH" if kind == 3 else "<HHII", tag, kind, count, value, *([0] if kind == 3 else []))
        for tag, kind, count, value in rows
    )
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    return head + directory + struct.pack("<I", 0) + struct.pack("<IIII", 204, 1, 98, 1) + strip


def machine(number: str, secret: str, pbx: Any) -> str:
    """A fax machine at a desk, in the other Asterisk's pjsip.conf. It would rather have u-law."""
    return (
        f"[machine-{number}]\ntype = endpoint\ntransport = seatline-udp\ncontext = send-fax\n"
        f"aors = at-{number}\noutbound_auth = proof-{number}\ndisallow = all\nallow = ulaw,alaw\n"
        f"direct_media = no\nfrom_user = {number}\n"
        f"t38_udptl = yes\nt38_udptl_ec = redundancy\nt38_udptl_maxdatagram = 400\n"
        f"[at-{number}]\ntype = aor\ncontact = sip:{pbx.sip}\n"
        f"[proof-{number}]\ntype = auth\nauth_type = digest\nusername = seat-{number}\npassword = {secret}\n"
    )


@pytest.fixture(scope="module")
def desk(switches: Any) -> Iterator[Desk]:
    pbx, ims = switches.pbx, switches.ims
    pbx.wipe()
    made = sites.contract()
    plain, relayed, other = made.site.seats
    seats = (replace(plain, features=("fax",)), replace(relayed, features=("fax", "t38")), other)
    policy = Policy(recording_keep_days=30, max_call_seconds=3600)
    made = replace(made, policy=policy, site=replace(made.site, seats=seats))
    book = sites.Book((made,))
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        applied = sites.apply_to(ami, book)
    assert {one.status for one in applied.outcomes} == {"applied"}, [one.fault for one in applied.outcomes]
    secrets = book.secrets("zhaotong")
    operators.wait_registered(pbx)
    text = "".join(machine(number, secrets[number], pbx) for number in (PLAIN, RELAYED))
    ims.shell("cp /etc/asterisk/pjsip.conf /tmp/pjsip.kept && cat >> /etc/asterisk/pjsip.conf", stdin=text)
    ims.shell("base64 -d > /tmp/page.tif", stdin=base64.b64encode(page()).decode())
    sites.wait_for(
        lambda: "reloaded successfully" in ims.cli("module reload res_pjsip.so"), "reload of the fax machines"
    )
    yield Desk(pbx, ims)
    ims.shell("cat /tmp/pjsip.kept > /etc/asterisk/pjsip.conf")
    ims.cli("module reload res_pjsip.so")


@dataclass(frozen=True)
class Sent:
    """Two pages sent at the same time: what either end noted of them, and what was seen meanwhile."""

    noted: list[str]
    recorded: set[Path]
    sockets: list[Any]
    """Those of T.38, of both Asterisks."""


@pytest.fixture(scope="module")
def sent(desk: Desk) -> Sent:
    """Both machines have sent their page."""
    noted, recorded = len(desk.noted()), desk.recorded()
    seen: dict[Any, None] = {}
    for number in (PLAIN, RELAYED):
        desk.send(number)

    def both() -> bool:
        for switch in (desk.pbx, desk.ims):
            seen.update(dict.fromkeys(one for one in switch.sockets() if one.port in T38_PORTS))
        return len(desk.noted()) >= noted + 4

    sites.wait_for(both, "end of both faxes", 150)
    return Sent(desk.noted()[noted:], desk.recorded() - recorded, list(seen))


def test_a_fax_goes_in_the_voice_channel(sent: Sent) -> None:
    """By default a page arrives whole in G.711, though the other machine would rather have T.38, and in
    A-law, though its own one would rather have u-law."""
    assert f"fax SUCCESS mode=audio pages=1 caller=+86{PLAIN[1:]}" in sent.noted
    told = f"sent SUCCESS mode=audio pages=1 codecs=(alaw) by=machine-{PLAIN} "
    assert [one for one in sent.noted if one.startswith(told)]


def test_a_fax_goes_by_t38_where_that_is_switched_on(sent: Sent) -> None:
    """A seat that has T.38 sends its page by T.38, and it arrives whole."""
    assert f"fax SUCCESS mode=T38 pages=1 caller=+86{RELAYED[1:]}" in sent.noted


def test_t38_is_open_on_the_switch_s_own_address_alone(sent: Sent) -> None:
    """While a fax goes by T.38 its ports are open on the address of the switch, and on no other."""
    assert sent.sockets
    assert [one for one in sent.sockets if not one.on_loopback] == []


def test_no_fax_is_recorded(sent: Sent) -> None:
    """A contract that wants its calls recorded gets no recording of a fax, in whichever channel it goes."""
    assert sent.recorded == set()


def test_nothing_is_in_the_path_of_a_fax(desk: Desk) -> None:
    """While a fax is on its way its call is A-law on both legs, converted nowhere."""
    desk.send(PLAIN)

    def both() -> list[str]:
        rows = [line.split("!") for line in desk.pbx.cli("core show channels concise").splitlines()]
        return [row[0] for row in rows] if [row[4] for row in rows] == ["Up", "Up"] else []

    names = sites.wait_for(both, "call of the fax machine")
    listed = desk.pbx.cli("core show channels concise")
    assert "L(" not in listed, "somebody would be warned that the call ends soon"
    for name in names:
        told = desk.pbx.cli(f"core show channel {name}")
        assert "MixMonitor" not in told
        assert "NativeFormats: (alaw)" in told
        assert "WriteTranscode: No" in told
        assert "ReadTranscode: No" in told
    desk.pbx.cli("channel request hangup all")
