"""An operator as Asterisk cannot play it: SIPp, with the scenarios of tests/live/sipp."""

from __future__ import annotations

import importlib.util
import itertools
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pbx.config import Config
from pbx.errors import Refused
from pbx.live.softphone import Call, Phone, Phones
from provisioning.planning.desired import desired, shared

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)

operators = sys.modules["live_operators"]
"""What conftest made of operators.py."""
pytestmark = pytest.mark.live

SCENARIOS = Path(__file__).with_name("sipp")
ADDRESS, PORT = f"{sites.NET}.6", 5070
OPERATOR = f"{ADDRESS}:{PORT}"
ANNA = "+868702120001"
LANDLINE = "01085200000"
PORTS = itertools.count(5086)
CALLER = "tel:+8613800138000"


@dataclass
class Played:
    """A scenario that runs, or has run."""

    process: subprocess.Popen[bytes]
    folder: Path

    def done(self) -> None:
        """Waits for its end, which must be a good one: every message as the scenario has it."""
        code = self.process.wait(90)
        assert code == 0, self.read("errors")[-2000:] or f"SIPp ended with {code}"

    def messages(self, *, sent: bool = False) -> list[str]:
        """The SIP messages it received, or sent, in order."""
        how = "sent" if sent else "received"
        parts = re.split(r"^-{20,}.*$", self.read("messages"), flags=re.MULTILINE)
        found = [re.match(rf"\s*UDP message {how} .*?\n\n(.*)", part, re.DOTALL) for part in parts]
        return [one[1].strip() for one in found if one]

    def read(self, name: str) -> str:
        file = self.folder / name
        return file.read_text(errors="replace") if file.exists() else ""


@pytest.fixture
def sipp(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Plays a scenario as long as the `with` block, and then waits for its end; `to` is where a call goes.
    Registrations have a port each, so that nobody hears the last words of another's."""
    running: list[Played] = []

    @contextmanager
    def play(scenario: str, *, to: str = "", port: int = PORT, **keys: str) -> Iterator[Played]:
        folder = tmp_path / f"{scenario}-{len(running)}"
        folder.mkdir()
        named = [part for key, value in keys.items() for part in ("-key", key, value)]
        process = subprocess.Popen(
            [
                "sipp", *([to] if to else []), "-sf", str(SCENARIOS / f"{scenario}.xml"),
                "-i", ADDRESS, "-p", str(port), "-mi", ADDRESS, "-ci", ADDRESS, "-m", "1",
                "-nostdin", "-nd", "-timeout", "80", "-timeout_error",
                "-trace_msg", "-message_file", str(folder / "messages"),
                "-trace_err", "-error_file", str(folder / "errors"), *named,
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
        played = Played(process, folder)
        running.append(played)
        operators.wait_for(lambda: process.poll() is not None or listens(port), "SIPp on its address")
        yield played
        played.done()

    yield play
    for one in running:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()


def listens(port: int) -> bool:
    """Whether somebody has SIPp's address. Binding it to see would take it from SIPp at times."""
    place = f"{socket.inet_aton(ADDRESS)[::-1].hex().upper()}:{port:04X}"
    return place in Path("/proc/net/udp").read_text()


def register(pbx: Any, port: int, **options: str) -> None:
    operators.put(pbx, *operators.registration(f"{ADDRESS}:{port}", ANNA, "Password0of0Anna", **options))


@pytest.mark.parametrize(("scenario", "port"), [("register-too-brief", 5081), ("register-lost", 5082)])
def test_a_registration_comes_about(pbx, sipp, scenario, port):
    """An interval that is too brief and lost transmissions are no obstacle to a registration."""
    with sipp(scenario, port=port):
        register(pbx, port)
        operators.wait_for(lambda: operators.state(pbx) == "Registered", "registration")


@pytest.mark.parametrize(
    ("scenario", "port", "interval"),
    [("register-forbidden", 5083, "forbidden_retry_interval"), ("register-stale", 5084, "retry_interval")],
)
def test_a_refusal_is_tried_again(pbx, sipp, scenario, port, interval):
    """403 is no end, nor a nonce that is stale at once (Asterisk answers one challenge a try): the number is
    Rejected for its interval, here 5 seconds, and then registered."""
    with sipp(scenario, port=port):
        register(pbx, port, **{interval: "5"})
        operators.wait_for(lambda: 0 < operators.rejected_for(pbx) <= 5, "rejection")
        operators.wait_for(lambda: operators.state(pbx) == "Registered", "registration")


def test_the_time_to_come_again_is_kept(pbx, sipp):
    """Retry-After of a 503 says when a registration is tried again, not the switch's own 60 seconds."""
    with sipp("register-retry-after", port=5085):
        register(pbx, 5085)
        operators.wait_for(lambda: operators.state(pbx) == "Registered", "registration", 40)


# From here on calls, by the telephones of one contract.


@dataclass(frozen=True)
class Desk:
    """The telephones."""

    anna: Phone


@pytest.fixture(scope="module")
def desk(switches) -> Iterator[Desk]:
    """A contract whose operator is SIPp; nothing registers, but for Anna's number at whoever plays first."""
    pbx = switches.pbx
    pbx.wipe()
    contract = sites.contract(of=sites.seats(2), proxy=f"sip:{OPERATOR}")
    wanted = desired(contract, sites.Book((contract,)).secrets(""), "a")
    quiet = {
        name: tuple(section for section in sections if section.kind != "registration")
        for name, sections in wanted.files.items()
    }
    pbx.put(Config(quiet | dict(shared(sites.HAND_WRITTEN).files)))
    with Phones(bind=switches.desks) as phones:
        yield Desk(
            anna=phones.register(
                "08702120001",
                auth_user="seat-08702120001",
                secret="Secret0of008702120001000",
                registrar=pbx.sip,
            )
        )


@pytest.fixture
def records(switches, new_records, desk):
    """The records of this test's calls, once both books have them."""

    def wanted(count: int) -> list[Mapping[str, Any]]:
        found = new_records(count)
        switches.pbx.wait_both_books()
        return found

    return wanted


@pytest.fixture
def line(switches, desk, sipp):
    """The contact of Anna's number at the operator, with the token by which her calls are known."""
    pbx = switches.pbx
    port = next(PORTS)
    with sipp("register-lost", port=port) as played:
        register(pbx, port, endpoint="line-zhaotong")
        operators.wait_for(lambda: operators.state(pbx) == "Registered", "registration")
    contact = re.search(r"^Contact: <([^>]+)>", played.messages()[0], re.MULTILINE)
    assert contact
    yield contact[1]
    operators.put(pbx)


def refused(call: Call) -> int:
    """The code a call was refused with, never having been answered."""
    with pytest.raises(Refused):
        call.wait("connected")
    return call.ended().code


@pytest.mark.parametrize(
    ("scenario", "codes"),
    [
        ("call-183-without-sdp", [180, 200]),
        ("call-prack", [183, 200]),
        ("call-forked", [183, 200]),
    ],
)
def test_a_call_comes_about(desk, sipp, records, scenario, codes):
    """Progress without media, answers that want a PRACK each, and progress of two dialogs all end in a call
    that is charged from its answer."""
    with sipp(scenario):
        call = desk.anna.dial(LANDLINE)
        assert call.talk(0.3).code == 200
    assert set(codes) <= set(call.codes)
    assert [r["disposition"] for r in records(1)] == ["ANSWERED"]


def test_the_operator_refreshes_a_session(desk, sipp, records):
    """UPDATE and INVITE in a call refresh its session and leave the call as it is: one record, one answer."""
    with sipp("call-refresh") as played:
        call = desk.anna.dial(LANDLINE).wait("connected")
        time.sleep(1.5)
        operators.wait_for(
            lambda: len([one for one in played.messages(sent=True) if one.startswith("ACK")]),
            "second refresh",
        )
        assert call.talk(0).code == 200
    (found,) = records(1)
    assert found["disposition"] == "ANSWERED"
    assert found["end"] - found["answer"] > 1.4


def test_nobody_sends_a_call_elsewhere(desk, sipp, records):
    """302 does not make the switch call the number it names: the call ends, unanswered, and is charged to
    nobody."""
    with sipp("call-redirect") as played:
        assert refused(desk.anna.dial(LANDLINE)) >= 400
    asked = [message.split()[1] for message in played.messages() if message.startswith("INVITE")]
    assert {uri.split("@")[0] for uri in asked} == {"sip:+861085200000"}
    assert {(r["dst"], r["answer"]) for r in records(1)} == {(LANDLINE, 0)}


def test_no_line_free(desk, sipp, records):
    """503 is passed on to the caller at once, and stands in the record as CONGESTION."""
    with sipp("call-unavailable"):
        assert refused(desk.anna.dial(LANDLINE)) == 503
    assert {(r["disposition"], r["answer"]) for r in records(1)} == {("CONGESTION", 0)}


def test_an_emergency_call_in_a_blackout(desk, sipp, records):
    """An emergency call is offered to a silent operator again and again until the caller gives up, and
    cancelled when it answers at last; its record says that it was one."""
    with sipp("call-silent") as played:
        call = desk.anna.dial("110")
        time.sleep(2.5)
        call.hang_up()
        assert call.ended().code == 487
    asked = [message for message in played.messages() if message.startswith("INVITE sip:110@")]
    assert len(asked) >= 3
    assert {(r["userfield"], r["answer"]) for r in records(1)} == {("emergency", 0)}


def test_a_call_from_a_tel_uri(switches, desk, sipp, line, records):
    """A caller shown as a tel: URI in From and P-Asserted-Identity rings the seat in national form."""
    with sipp("in-answered", to=switches.pbx.sip, contact=line, caller=CALLER, called=f"tel:{ANNA}"):
        assert "<sip:13800138000@" in desk.anna.next_call().came_from
    assert [(r["accountcode"], r["src"], r["disposition"]) for r in records(1)] == [
        ("08702120001", "13800138000", "ANSWERED")
    ]


def test_a_caller_in_another_form_is_shown_in_national_form(switches, desk, sipp, line, records):
    """A caller without area code, without its 0 or with a 0 too many gets the national form, in the record
    too; one that shows a short number of the contract shows none."""
    shown = {
        "2125555": "08702125555",
        "8702125555": "08702125555",
        "+861085200000": "01085200000",
        "1085200000": "01085200000",
        "013800138000": "13800138000",
        "12393": "12393",
        "6999": "6999",
        "6002": "",
    }
    for caller, national in shown.items():
        with sipp(
            "in-answered", to=switches.pbx.sip, contact=line, caller=f"sip:{caller}@x", called=f"tel:{ANNA}"
        ):
            came = desk.anna.next_call().came_from
            assert f"<sip:{national + '@' if national else ''}{switches.pbx.sip.split(':')[0]}>" in came
    calls = sorted(records(len(shown)), key=lambda record: record["start"])
    assert [record["src"] for record in calls] == list(shown.values())


def test_a_call_without_a_registration_behind_it(switches, desk, sipp):
    """An INVITE from the operator's own address without the token of our registration rings nobody."""
    with sipp(
        "in-challenged",
        to=switches.pbx.sip,
        contact=f"sip:{ANNA}@{switches.pbx.sip}",
        caller=CALLER,
        called=f"tel:{ANNA}",
    ):
        pass
    assert desk.anna.incoming == []


HEAD = (
    "Via: SIP/2.0/UDP {here};branch=z9hG4bK{n}\r\nFrom: <sip:a@{here}>;tag=1\r\nTo: <sip:{to}>\r\n"
    "Call-ID: {n}@{here}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:a@{here}>\r\n"
)
MALFORMED = {
    "nothing": b"\r\n\r\n",
    "no SIP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "cut in the first line": b"INVITE sip:+868702",
    "no headers": b"INVITE sip:{to} SIP/2.0\r\n\r\n",
    "a negative length": b"INVITE sip:{to} SIP/2.0\r\n" + HEAD.encode() + b"Content-Length: -1\r\n\r\n",
    "a sequence too large": b"INVITE sip:{to} SIP/2.0\r\n"
    + HEAD.replace("CSeq: 1 ", "CSeq: 36893488147419103232 ").encode()
    + b"Content-Length: 0\r\n\r\n",
    "another method in CSeq": b"INVITE sip:{to} SIP/2.0\r\n"
    + HEAD.replace("1 INVITE", "1 OPTIONS").encode()
    + b"Content-Length: 0\r\n\r\n",
    "quotes left open": b'INVITE sip:{to} SIP/2.0\r\nFrom: "a <sip:a@b>\r\n' + HEAD.encode() + b"\r\n",
    "an address of 10,000 letters": b"INVITE sip:"
    + b"9" * 10000
    + b"@{pbx} SIP/2.0\r\n"
    + HEAD.encode()
    + b"\r\n",
    "bytes that are no text": b"INVITE sip:{to} SIP/2.0\r\n"
    + HEAD.encode()
    + b"Subject: \xff\xfe\x00\x01\r\n\r\n",
    "an SDP of nonsense": b"INVITE sip:{to} SIP/2.0\r\n"
    + HEAD.encode()
    + b"Content-Type: application/sdp\r\nContent-Length: 18\r\n\r\nv=x\r\nm=audio 99999",
    "an answer nobody asked for": b"SIP/2.0 200 OK\r\n" + HEAD.encode() + b"Content-Length: 0\r\n\r\n",
    "an unknown scheme": b"INVITE nobody:{to} SIP/2.0\r\n" + HEAD.encode() + b"Content-Length: 0\r\n\r\n",
}
LENIENT = {
    "two Call-IDs": b"INVITE sip:{to} SIP/2.0\r\n"
    + HEAD.encode()
    + b"Call-ID: other\r\nContent-Length: 0\r\n\r\n",
    "a length beyond the end": b"INVITE sip:{to} SIP/2.0\r\n"
    + HEAD.encode()
    + b"Content-Length: 9999\r\n\r\nv=0",
}
"""What PJSIP takes for a call all the same, where a registration of ours stands behind it."""


def test_malformed_messages_do_no_harm(switches, desk, sipp, line, records):
    """Messages like those of RFC 4475, some by the very line of a seat, ring nobody, and the switch goes
    on as the same process, its next call as good as any; a number without end is nobody's."""
    pbx = switches.pbx
    started = pbx.cli("core show settings").partition("Startup time:")[2].splitlines()[0]
    host, _, port = pbx.sip.partition(":")
    rang: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind((ADDRESS, 0))
        here = f"{ADDRESS}:{ours.getsockname()[1]}"
        for n, (name, message) in enumerate((MALFORMED | LENIENT).items()):
            own_line = [line.removeprefix("sip:")] if name in MALFORMED else []
            for to in (*own_line, f"{ANNA}@{pbx.sip}"):
                filled = message.replace(b"{to}", to.encode()).replace(b"{pbx}", pbx.sip.encode())
                filled = filled.replace(b"{here}", here.encode()).replace(b"{n}", f"bad{n}{len(to)}".encode())
                ours.sendto(filled, (host, int(port)))
            time.sleep(0.1)
            if desk.anna.incoming:
                rang.append(name)
                desk.anna.incoming.clear()
    with sipp("call-183-without-sdp"):
        assert desk.anna.dial(LANDLINE).talk(0.1).code == 200
    assert rang == []
    found = {(r["dst"][:12], r["userfield"], bool(r["answer"])) for r in records(2)}
    assert found == {(LANDLINE, "", True), ("9" * 12, "refused-nobody", False)}
    assert pbx.cli("core show settings").partition("Startup time:")[2].splitlines()[0] == started
