"""What comes from nobody: the switch stays up, places no call, and charges nothing."""

from __future__ import annotations

import importlib.util
import operator
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest

from pbx.live.softphone import Phone, Phones


def _beside(name: str, file: str) -> ModuleType:
    """A module that lies beside this one; tests are no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(file))
    assert spec is not None
    assert spec.loader is not None
    if name not in sys.modules:
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


sites = _beside("live_sites", "sites.py")
raw_sip = _beside("live_raw_sip", "raw_sip.py")
torture = _beside("live_torture", "torture.py")
pytestmark = pytest.mark.live

FAIL2BAN = Path(__file__).parents[2] / "docker" / "fail2ban"
ANNA, BERT = "08702120001", "08702120002"
MOBILE, ABROAD = "13900138000", "0012025550123"
SCANNERS = tuple(f"{sites.NET}.{n}" for n in range(20, 24))
"""Addresses that nobody of ours has."""
USERS = (
    *(
        "100",
        "101",
        "200",
        "1000",
        "1001",
        "2000",
        "6001",
        "6002",
        "admin",
        "root",
        "test",
        "sip",
        "asterisk",
    ),
    *("trunk", "guest", "anonymous", "line-zhaotong", "seat-08702120001", "mobile", "provisioner"),
    *(ANNA, BERT, "08702120099", "+868702120001"),
)
"""What scanners try, and names of our own: seats, their endpoints, the line."""


@dataclass
class Fort:
    """A switch with a contract, one telephone that is at home, and what is known of it before an attack."""

    pbx: Any
    ims: Any
    anna: Phone
    secret: str
    logged: int
    """How long the security log was before: what stands there is of other tests."""
    own: int = 0
    """Calls that the test itself has made meanwhile."""

    def wire(self, address: str = SCANNERS[0]) -> Any:
        return raw_sip.Wire(address, self.pbx.sip)

    def born(self) -> str:
        """When the Asterisk that runs was started."""
        born: str = self.pbx.shell("stat -c %y /proc/1")
        return born

    def seen(self) -> tuple[int, int]:
        """How many call records there are, and calls at the operator's."""
        return len(self.pbx.records()), len(self.ims.calls())

    def contacts(self) -> list[str]:
        """Who is registered here."""
        lines = self.pbx.cli("pjsip show contacts").splitlines()
        return sorted(line.split()[1] for line in lines if line.strip().startswith("Contact:  0"))

    def quiet(self) -> bool:
        """Whether no channel is there at all."""
        counted: str = self.pbx.cli("core show channels count")
        return counted.startswith("0 active channels")

    def line_of_bert(self) -> str:
        """What shows the operator's calls to a line of ours: the token of a registration there."""
        found = re.search(r"868702120002[^\n]*?line=([a-z0-9]+)", self.ims.cli("database show registrar"))
        return found[1] if found else ""

    def security(self) -> str:
        file = self.pbx.log / "security.log"
        return file.read_bytes()[self.logged :].decode(errors="replace")


@pytest.fixture(scope="module")
def fort(switches: Any) -> Iterator[Fort]:
    """A contract of three seats on the switch, one of which has its telephone registered."""
    pbx = switches.pbx
    pbx.wipe()
    book = sites.Book((sites.contract(),))
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        applied = sites.apply_to(ami, book)
    assert {outcome.status for outcome in applied.outcomes} == {"applied"}
    secret = book.secrets("zhaotong")[ANNA]
    logged = (pbx.log / "security.log").stat().st_size
    with Phones(bind=switches.desks) as phones:
        anna = phones.register(ANNA, auth_user=f"seat-{ANNA}", secret=secret, registrar=pbx.sip)
        yield Fort(pbx, switches.ims, anna, secret, logged)


@pytest.fixture
def attacked(fort: Fort) -> Iterator[Fort]:
    """The switch under attack: afterwards it is the same process, has placed no call and written no record,
    knows no new contact, and a call of a seat goes through and leaves the one record there is."""
    born, (records, calls), contacts = fort.born(), fort.seen(), fort.contacts()
    fort.own = 0
    yield fort
    records, calls = records + fort.own, calls + fort.own
    sites.wait_for(fort.quiet, "silence")
    assert fort.born() == born
    assert fort.seen() == (records, calls)
    assert fort.contacts() == contacts
    assert fort.anna.dial(MOBILE).wait("connected").hear(5).talk(0).code == 200
    due = (records + 1, calls + 1)
    sites.wait_for(lambda: all(map(operator.ge, fort.seen(), due)), "record of the only call")
    sites.wait_for(fort.quiet, "silence")
    assert fort.seen() == due


def alive(wire: Any) -> None:
    """The switch has gone through all that was sent before: it answers."""
    assert wire.ask("OPTIONS", "").status in (200, 401)


def test_no_message_hurts(attacked: Fort) -> None:
    """The 49 messages of RFC 4475 and 34 of fuzzers, each followed by a question, leave it unmoved."""
    assert len(torture.RFC) == 49
    with attacked.wire() as wire:
        for name, datagram in torture.datagrams(attacked.pbx.sip, wire.us):
            wire.send(datagram)
            alive(wire)
            assert not [one for one in wire.answers if one.status in (180, 183)], name
        accepted = [one.text for one in wire.answers if one.status == 200]
    assert not [text for text in accepted if "OPTIONS" not in text]


def test_no_message_of_a_seat_hurts(fort: Fort) -> None:
    """The same messages with the proof of a registered seat, to a number that is closed to it, leave the
    switch unmoved too: they place no call, register nothing, and their records are refusals."""
    born, before, calls, contacts = fort.born(), len(fort.pbx.records()), fort.seen()[1], fort.contacts()
    with fort.wire(SCANNERS[3]) as wire:
        challenge = wire.ask("OPTIONS", "")

        def proof(method: str) -> str:
            said: str = wire.proof(method, "sip:x", f"seat-{ANNA}", fort.secret, challenge)
            return said

        for name, datagram in torture.datagrams(fort.pbx.sip, wire.us, proof, ABROAD):
            wire.send(datagram)
            alive(wire)
            assert not [one for one in wire.answers if one.status in (180, 183)], name
        accepted = [one.text for one in wire.answers if one.status == 200]
        refused = [one for one in wire.answers if one.status == 403]
    sites.wait_for(fort.quiet, "silence")
    assert not [text for text in accepted if "OPTIONS" not in text]
    assert refused
    found = sites.wait_for(lambda: fort.pbx.records()[before:], "records of refusals")
    assert {(one["dstchannel"], one["answer"]) for one in found} == {("", 0)}
    assert {one["userfield"] for one in found} <= REFUSALS
    assert (fort.born(), fort.contacts(), fort.seen()[1]) == (born, contacts, calls)


REFUSALS = {"refused-international", "refused-characters", "refused-unknown", "claimed", ""}


def test_a_scan_finds_nobody(attacked: Fort) -> None:
    """A scanner that tries users with OPTIONS, REGISTER and INVITE is told the same of those there are and
    those there are not."""
    told = {}
    for address in SCANNERS:
        with attacked.wire(address) as wire:
            for method in ("OPTIONS", "REGISTER", "INVITE"):
                asked = {user: wire.request(method, user, shown=user) for user in USERS}
                for user, call in asked.items():
                    told[method, user] = looks(wire.final(call))
    for method in ("OPTIONS", "REGISTER", "INVITE"):
        assert len({told[method, user] for user in USERS}) == 1, told


def looks(answer: Any) -> tuple[int, tuple[str, ...], str]:
    """What an answer tells, without what is another each time."""
    names = tuple(re.findall(r"(?m)^([A-Za-z-]+):", answer.text))
    challenge = re.sub(r'(nonce|opaque)="[^"]*"', "", answer.header("WWW-Authenticate"))
    return answer.status, names, challenge


@pytest.mark.parametrize("user", [f"seat-{ANNA}", ANNA, "seat-08702120099", "line-zhaotong", "nobody"])
def test_a_guessed_password_opens_nothing(attacked: Fort, user: str) -> None:
    """Wrong passwords, of users there are and of others, end in 401; no call, no registration."""
    with attacked.wire(SCANNERS[1]) as wire:
        for guess in ("", "1234", user, "password", ANNA):
            assert wire.prove("INVITE", ABROAD, user, guess).status == 401
            assert wire.prove("REGISTER", "", user, guess).status == 401


NAMELESS = (
    '"Anonymous" <sip:anonymous@anonymous.invalid>',
    "<sip:anonymous@127.0.0.1>",
    "<sip:127.0.0.1>",
    "<tel:+8613800138000>",
    '"08702120001" <sip:line-zhaotong@ims.example.net>',
    "<sip:+868702120001@ims.example.net>",
)


def test_anonymous_calls_are_nobodys(attacked: Fort) -> None:
    """Whoever is no seat and no operator calls nobody, not even 110, whatever it claims; it is challenged."""
    ours = attacked.pbx.sip
    claims = [f"P-Asserted-Identity: <sip:{ANNA}@{ours}>", "Privacy: id", f"Diversion: <sip:{ANNA}@{ours}>"]
    with attacked.wire(SCANNERS[2]) as wire:
        asked = [
            wire.request("INVITE", to, shown=shown, headers=claims, uri=uri)
            for shown in NAMELESS
            for to in ("110", MOBILE, ABROAD, "6002", ANNA, "s", "+868702120001")
            for uri in (None, f"sip:{to}@{ours};line=aaaaaaa", f"sip:{to}@ims.example.net")
        ]
        assert {wire.final(call).status for call in asked} == {401}


INJECTED = (
    "1001%26Local%2F1002%40t",
    "6002%26Local%2F0012025550123%40seatline-outgoing",
    "6002%26PJSIP%2F0012025550123%40line-zhaotong",
    "13900138000%2C60%2CgU(seatline-outgoing%5E0012025550123)",
    "6002%40line-zhaotong",
    "0%24%7BSHELL(touch%20%2Ftmp%2Finjected)%7D",
    "0%24%5B1%2B1%5D",
    "6002%22%20%26%20%22%22%20%3D%20%22",
    "110%22%20%7C%20%221%22%20%3D%20%221",
    "6002%0D%0AAction%3A%20Originate%0D%0AChannel%3A%20Local%2F6003",
    "6002%5C%2C1",
    "6002%EF%BC%90",
    "%EF%BC%96%EF%BC%90%EF%BC%90%EF%BC%92",
    "9" * 200,
    "*1%26Local%2F6002%40t",
    "*26002%26Local%2F6002%40t",
    "*1%24%7BSHELL(id)%7D",
    "+a%22b",
    "13900138000%29%3A0%3A99",
    "13900138000%29%3A0%3A1%0A%3A",
    "0012025550123%29%3A0%3A99",
    "110%29%3A0%3A3",
    "*113900138000%29%3A0%3A1",
    "*113900138000%29%3A0%3A1%2C5",
    "s",
    "h",
    "i",
    "t",
    "fax",
    "_X.",
    "seatline-outgoing",
    "%2A97",
)


def test_what_is_dialled_injects_nothing(fort: Fort) -> None:
    """What a seat dials never becomes dialplan: each try is refused, on the caller's own leg alone; nothing
    runs on the switch, is called, or is charged; each record is one line, and such tries are logged. A NUL
    ends the number."""
    began, calls, born = fort.pbx.records(), fort.seen()[1], fort.born()
    claims = [f'{name}: "${{SHELL(touch /tmp/injected)}}" <sip:0%24%7BSHELL(id)%7D@x>' for name in CLAIMS]
    with fort.wire(SCANNERS[3]) as wire:
        for to in INJECTED:
            answer = wire.prove("INVITE", to, f"seat-{ANNA}", fort.secret, headers=claims)
            assert answer.status >= 400, (to, answer.text)
        assert wire.prove("INVITE", "6003%00%26Local", f"seat-{ANNA}", fort.secret).status == 480
    sites.wait_for(fort.quiet, "silence")
    found = fort.pbx.records()[len(began) :]
    assert len(found) >= 8
    assert {(one["dstchannel"], one["answer"]) for one in found} == {("", 0)}
    assert {one["userfield"] for one in found} <= {"refused-characters", "refused-unknown", "claimed", ""}
    assert "?" not in {one["dst"] for one in found}
    assert (len(fort.ims.calls()), fort.born()) == (calls, born)
    assert "injected" not in fort.pbx.shell("ls /tmp")
    assert "\r" not in fort.pbx.json_records.read_text()
    log = (fort.pbx.log / "messages.log").read_text(errors="replace")
    assert f"seatline characters: seat {ANNA} at " in log
    assert not re.search(r"(?m)^(Action|Channel):|touch", log)


CLAIMS = ("P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Diversion", "Subject")


FORGED = "[2026-01-01 00:00:00.000] WARNING[1] Ext. s: seatline claim: seat 08702120077 says 1 in From"


def test_nobody_writes_lines_of_our_logs(fort: Fort) -> None:
    """Line breaks in what a stranger sends, a seat dials or the operator asks for, and packets that are no
    SIP, make no line of messages.log of their own."""
    began = (fort.pbx.log / "messages.log").stat().st_size
    line = sites.wait_for(fort.line_of_bert, "registration at the operator")
    broken = f"x{quote(chr(13) + chr(10) + FORGED + chr(13) + chr(10), safe='')}"
    with fort.wire() as wire:
        wire.send(f"INVITE sip:x@{fort.pbx.sip} SIP/2.0\r\nX: y\r\n{FORGED}\r\n\r\n{FORGED}\r\n".encode())
        lines = f"Via: SIP/2.0/UDP {wire.us};branch=z9hG4bK-x\r\nCSeq: 1 INVITE\r\n\r\n{FORGED}\r\n"
        wire.send(f"INVITE sip:x@{fort.pbx.sip} SIP/2.0\r\n{lines}".encode())
        for _ in range(10):
            asked = wire.request("REGISTER", "x", uri=f"sip:{fort.pbx.sip}", shown=f"<sip:{broken}@x>")
            assert wire.final(asked).status == 401
        assert wire.prove("INVITE", broken, f"seat-{ANNA}", fort.secret).status == 404
        assert wire.ask("INVITE", broken, uri=f"sip:{broken}@{fort.pbx.sip};line={line}").status == 404
        assert wire.prove("INVITE", "0%24last", f"seat-{ANNA}", fort.secret).status == 403
    log = fort.pbx.log / "messages.log"
    sites.wait_for(lambda: b"seatline characters: " in log.read_bytes()[began:], "line of the last call")
    sites.wait_for(fort.quiet, "silence")
    written = log.read_bytes()[began:].decode(errors="replace")
    assert not [text for text in written.splitlines() if text.startswith(FORGED[:25])]


def test_a_flood_of_registrations_keeps_nobody_from_calling(attacked: Fort, switches: Any) -> None:
    """Under 2000 registrations and calls of nobody's from four addresses a call goes on, a telephone
    registers, and nobody else does."""
    attacked.own = 1
    talk = attacked.anna.dial(MOBILE).wait("connected").hear(5)
    with ExitStack() as open_wires:
        wires = [open_wires.enter_context(attacked.wire(address)) for address in SCANNERS]
        for n in range(500):
            for wire in wires:
                method = "INVITE" if n % 5 == 0 else "REGISTER"
                wire.request(method, f"{ANNA[:-2]}{n % 100:02}", shown=f"u{n}")
        with Phones(bind=switches.desks) as phones:
            secret = f"Secret0of0{BERT}000"
            phones.register(BERT, auth_user=f"seat-{BERT}", secret=secret, registrar=attacked.pbx.sip)
        talk.hear(talk.heard + 20)
        assert talk.talk(0).code == 200
        for wire in wires:
            wire.hear(lambda answers: len(answers) >= 20, "answers")
            assert {one.status for one in wire.answers} <= {100, 401}


FAILREGEX = re.compile(r"(?m)^(?:failregex\s*=|\s+)\s*(\^.*)$")


def test_the_sample_for_fail2ban_names_scanners_and_nobody_else(fort: Fort, switches: Any) -> None:
    """By the sample filter and jail, security.log has each scanner of these tests banned, and no telephone of
    ours; a Call-ID, user or response that looks like another's address accuses nobody."""
    forged = 'x",RemoteAddress="IPV4/UDP/192.0.2.66/1'
    event = 'SECURITY[1] res_security_log.c: SecurityEvent="FailedACL",' + forged.partition(",")[2] + '"'
    whole_line = f"<sip:{quote(f'{chr(13)}{chr(10)}{event}{chr(10)}', safe='')}@x>"
    escaped = forged.replace('"', '\\"') + '\\",Challenge=\\"a\\",Response=\\"b'
    with fort.wire() as wire:
        for n in range(20):
            assert wire.ask("REGISTER", "", call=f"{forged}{n}").status == 401
            proof = (
                f'username="{escaped}",realm="asterisk",nonce="{escaped}",uri="sip:x",response="{escaped}"'
            )
            call = wire.request("REGISTER", "", headers=[f"Authorization: Digest {proof}"])
            assert wire.final(call).status == 401
            call = wire.request("REGISTER", "x", uri=f"sip:{fort.pbx.sip}", shown=whole_line)
            assert wire.final(call).status == 401
    sites.wait_for(lambda: fort.security().count("192.0.2.66") >= 40, "lines in the security log")
    text = (FAIL2BAN / "filter.d" / "seatline.conf").read_text(encoding="utf-8")
    tries = [re.compile(one.replace("<HOST>", r"(?P<host>[0-9.]+)")) for one in FAILREGEX.findall(text)]
    stamped = re.compile(r"^\[[0-9: .-]+\] ")
    accused = Counter(
        found["host"]
        for line in fort.security().splitlines()
        for one in tries
        if (found := one.search(stamped.sub("", line)))
    )
    assert tries
    assert "192.0.2.66" not in accused
    jail = (FAIL2BAN / "jail.d" / "seatline.conf").read_text(encoding="utf-8")
    [most] = re.findall(r"(?m)^maxretry = ([0-9]+)$", jail)
    banned = {address for address, count in accused.items() if count > int(most)}
    assert {*SCANNERS[:3]} <= banned <= {*SCANNERS}, accused
    assert switches.desks in fort.security()


INJECTION = "%24%7BSHELL(touch%20%2Ftmp%2Finjected)%7D"
STRANGERS = (
    '"=cmd|x" <sip:+8613800138000@ims.example.net>',
    r'"a\"b,c\\" <sip:13800138000%22%2C%22x@ims.example.net>',
    f'"${{SHELL(touch /tmp/injected)}}" <sip:0{INJECTION}@ims.example.net>',
    "<sip:1380013%0D%0A8000@ims.example.net>",
    '"\u5916\u8054\U0001f600" <sip:%5C%5C%22@ims.example.net>',
    "<tel:+86-138-0013-8000;phone-context=x>",
    '"Anonymous" <sip:anonymous@anonymous.invalid>',
    f"<sip:{'1' * 300}@ims.example.net>",
)
ASKED = (
    "+868702120003%26Local%2Fx",
    "+86870%0D%0A2120003",
    "%24%7BEXTEN%7D",
    "0870212%220003",
    "+8687021%5C20003",
    "+868702120003%29%3A0%3A99",
    "08702120003%29%3A0%3A9%0A%3A",
)


def test_what_a_strangers_call_shows_breaks_nothing(fort: Fort) -> None:
    """A call that comes in by the operator's own line, whatever it shows and asks for, runs nothing and calls
    nobody out; its records are one line each, with a number or none as caller."""
    line = sites.wait_for(fort.line_of_bert, "registration at the operator")
    before, calls, born = len(fort.pbx.records()), fort.seen()[1], fort.born()
    with fort.wire() as wire:
        for shown in STRANGERS:
            for to in ("+868702120003", "sip", *ASKED):
                answer = wire.ask("INVITE", to, shown=shown, uri=f"sip:{to}@{fort.pbx.sip};line={line}")
                assert answer.status >= 400, (shown, to, answer.text)
    sites.wait_for(fort.quiet, "silence")
    found = fort.pbx.records()[before:]
    assert len(found) >= len(STRANGERS)
    assert {(one["dstchannel"], one["answer"]) for one in found} == {("", 0)}
    assert {one["src"] for one in found if not re.fullmatch(r"[+]?[0-9]*", one["src"])} == set()
    assert (fort.seen()[1], fort.born()) == (calls, born)
    assert "injected" not in fort.pbx.shell("ls /tmp")
    assert "\\r" not in fort.pbx.json_records.read_text()
