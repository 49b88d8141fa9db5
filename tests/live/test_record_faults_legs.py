"""Calls of many records, made by real SIP: exactly one charge for each leg that costs something (话单多腿).

The hand ledger is in the tests: which numbers are called and what that costs. The switch is one that somebody
has set up by hand, who lets telephones transfer, queues calls and goes through Local channels.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from pbx.live.softphone import Phone, Phones
from provisioning.core.site import Seat
from provisioning.flows.reconcile_sources import reconcile_sources
from provisioning.store.ledger import open_ledger


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


sites, desks, plain = _beside("sites"), _beside("desk"), _beside("plain_phone")
stations, odd = _beside("stations"), _beside("odd_switch")
pytestmark = pytest.mark.live

HERE = f"{sites.NET}.9"
"""Where the hand-made telephones are."""
ANNA, BERT, CARL, AWAY, MANY = stations.SEATS[:5]
NEVER, BUSY = "13900000002", "13900000001"
BEYOND, FURTHER = "01085209901", "01085209902"
"""Where the calls of AWAY go on to, and what rings beside the telephone of MANY."""
PASSWORD = "Planted0of0Nobody000"
PLAIN = 'services:\n  pbx:\n    restart: "no"\n'
"""Nothing odd but what the test puts there."""
TELEPHONE = """
[{name}]
type = endpoint
context = planted
transport = seatline-udp
identify_by = auth_username,username
auth = {name}-auth
aors = {name}
disallow = all
allow = alaw
direct_media = no
accountcode = {seat}
callerid = {seat}

[{name}]
type = aor
max_contacts = 5

[{name}-auth]
type = auth
auth_type = userpass
username = {name}
password = {password}
"""
WAYS = f"""
[planted]
exten => _[1-9]0X.,1,Goto(planted-${{EXTEN:0:1}},${{EXTEN:1}},1)
exten => _0X.,1,Goto(planted-1,${{EXTEN}},1)
exten => {BERT},1,Dial(PJSIP/planted-bert,30)
exten => 7001,1,Queue(planted,,,,20)
exten => 8001,1,ConfBridge(1)

[planted-1]
exten => _X.,1,Dial(PJSIP/+86${{EXTEN}}@line-zhaotong,30)
[planted-2]
exten => _X.,1,Dial(Local/${{EXTEN}}@planted-1/n,30)
[planted-3]
exten => _X.,1,Dial(Local/${{EXTEN}}@planted-1,30)
[planted-4]
exten => _X.,1,Dial(PJSIP/+86${{EXTEN}}@line-zhaotong&PJSIP/+86{NEVER}@line-zhaotong&PJSIP/planted-bert,30)
[planted-5]
exten => _X.,1,Answer()
 same => n,Dial(PJSIP/+86{BUSY}@line-zhaotong,30)
 same => n,Dial(PJSIP/+86${{EXTEN}}@line-zhaotong,30)
"""
QUEUE = "[general]\n[planted]\nstrategy = ringall\nmember => PJSIP/planted-bert\n"
SDP = (
    "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
    "a=rtpmap:8 PCMA/8000\r\n"
)


@dataclass
class Switchboard:
    """The station, the desk telephone of BERT, and hand-made telephones of ANNA's."""

    station: Any
    bert: Phone
    sdp: str
    made: list[Any] = field(default_factory=list)
    billed: dict[str, Counter[str]] = field(default_factory=dict)
    """By ledger: what was charged when it was looked at last."""

    def phone(self) -> Any:
        """A telephone of ANNA's that can transfer."""
        made = plain.PlainPhone(HERE, self.station.pbx.sip, "planted-anna", "planted-anna", PASSWORD)
        self.made.append(made)
        return made

    def up(self, phone: Any, number: str) -> None:
        """Calls; the call is up and its leg is known to the operator when this returns."""
        assert phone.invite(number, self.sdp).code == 200

    def refer(self, phone: Any, to: str, replaces: str = "") -> None:
        """Has the switch put the other end through; the switch ends this telephone's call by itself."""
        sites.wait_for(self.are_through, "talk that can be transferred")
        uri = f"sip:{to}@{self.station.pbx.sip}" + (f"?Replaces={replaces}" if replaces else "")
        said = phone.within("REFER", refer_to=f"<{uri}>", referred_by=f"<sip:anna@{HERE}>")
        assert said.code == 202

    def are_through(self) -> bool:
        """Whether all calls of ANNA's telephones are joined to their other end: each is a moment after it is
        answered, and what comes before cannot be transferred."""
        rows = self.station.pbx.cli("core show channels concise").splitlines()
        return all(row.split("!")[-2] for row in rows if row.startswith("PJSIP/planted-anna-"))

    def end(self) -> None:
        """Ends whatever is up still, and forgets who called BERT."""
        self.station.pbx.cli("channel request hangup all")
        self.station.wait_recorded()
        while self.made:
            self.made.pop().close()
        self.bert.incoming.clear()

    def bill(self, *numbers: str, price: str = "0.06") -> None:
        """Collects, and finds each of these numbers charged once, and no other since the last time. The
        channel events agree with every record."""
        self.station.wait_recorded()
        self.station.wait_written(self.station.pbx.csv_records, *numbers)
        for book in self.station.books:
            assert [one["error"] for one in book.collect()["events"]] == [None]
            charged = _charged(book)
            called = Counter(record.dst for record, _ in charged)
            assert called - self.billed.get(book.url, Counter()) == Counter(numbers)
            self.billed[book.url] = called
            assert {str(call.amount) for record, call in charged if record.dst in numbers} <= {price}
            with open_ledger(book.url) as ledger:
                odd_calls = reconcile_sources(ledger, now=datetime.now(UTC)).findings
            assert [(one.what, one.said) for one in odd_calls if one.what != "one-source"] == []


def _charged(book: Any) -> list[Any]:
    """The records that cost something, with what they cost."""
    return [one for one in book.rated() if one[1].outcome.value == "rated"]


def _papers(switches: Any) -> Any:
    """A contract whose seat AWAY is forwarded, and with MANY another number rings."""
    seats = [Seat(long_number=number, short_number=f"6{number[-3:]}") for number in stations.SEATS]
    seats[3] = replace(seats[3], forward_always=BEYOND)
    seats[4] = replace(seats[4], further=(FURTHER,))
    made = sites.contract(of=seats, proxy=f"sip:{switches.ims.sip}")
    return replace(
        made,
        site=replace(made.site, features=("one-number",)),
        policy=replace(made.policy, forwarding="open"),
    )


@pytest.fixture(scope="module")
def board(
    switches: Any, image: str, postgres: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Switchboard]:
    """A switch with a contract, and beside it what a person made by hand: telephones, Local channels, a
    queue, a conference."""
    folder = tmp_path_factory.mktemp("legs")
    with odd.odd_switches(switches, image, folder / "switch", PLAIN) as made:
        papers = (_papers(made),)
        log = made.pbx.log
        records = f'"{log}"]\nevents = ["{log}/cel-custom/seatline-events.json"'
        with stations.station(made, folder, postgres, records=records, papers=papers) as station:
            telephones = "".join(
                TELEPHONE.format(name=f"planted-{name}", seat=seat, password=PASSWORD)
                for name, seat in (("anna", ANNA), ("bert", BERT))
            )
            pbx = made.pbx
            pbx.shell("cat > /etc/asterisk/seatline-pjsip-planted.conf", stdin=telephones)
            pbx.shell("cat > /etc/asterisk/seatline-extensions-planted.conf", stdin=WAYS)
            pbx.shell("cat > /etc/asterisk/queues.conf", stdin=QUEUE)
            pbx.shell("touch /etc/asterisk/confbridge.conf")
            pbx.reload()
            for module in ("res_pjsip_refer", "app_queue", "app_confbridge"):
                assert "Loaded" in pbx.cli(f"module load {module}.so")
            media = plain.Media(HERE)
            with Phones(bind=f"{sites.NET}.3") as phones:
                bert = phones.register(
                    "planted-bert",
                    auth_user="planted-bert",
                    secret=PASSWORD,
                    registrar=pbx.sip,
                    answer="ring",
                )
                try:
                    yield Switchboard(station, bert, SDP.format(host=HERE, port=media.port))
                finally:
                    media.close()


@pytest.fixture(autouse=True)
def idle(board: Switchboard) -> Iterator[None]:
    yield
    board.end()


WAYS_OUT = {
    "1": "straight",
    "2": "through a Local channel that stays",
    "3": "through a Local channel that Asterisk optimises away",
    "4": "to three at once, of whom one answers",
    "5": "after an early answer, and a busy line before",
}


def _is_optimised(pbx: Any) -> bool:
    """Whether no Local channel is up any more."""
    return "\nLocal/" not in pbx.cli("core show channels")


def test_a_call_out_is_charged_once_whatever_way_it_took(board: Switchboard) -> None:
    """A call that makes one to four records is on the bill once, whichever of `WAYS_OUT` it went."""
    numbers = board.station.numbers(len(WAYS_OUT))
    for way, number in zip(WAYS_OUT, numbers, strict=True):
        phone = board.phone()
        board.up(phone, f"{way}{number}")
        if way == "3":
            sites.wait_for(partial(_is_optimised, board.station.pbx), "end of the Local channel")
        phone.hang_up()
        board.station.wait_idle()
    board.bill(*numbers)


def test_a_blind_transfer_costs_each_leg_out_once(board: Switchboard) -> None:
    """A caller who puts his party through to a colleague pays for one leg out and one call inside; to another
    number outside, for two legs out."""
    first, second, third = board.station.numbers(3)
    phone = board.phone()
    board.up(phone, first)
    board.refer(phone, BERT)
    talk = board.bert.next_call()
    talk.answer()
    talk.wait("connected").hear(5).hang_up()
    talk.ended()
    board.up(phone, second)
    board.refer(phone, third)
    count = board.station.pbx
    sites.wait_for(lambda: _lines_up(count) == 2, "answer of the second leg")
    count.cli("channel request hangup all")
    board.bill(first, BERT, second, third)


def _lines_up(pbx: Any) -> int:
    """How many legs out have been answered."""
    rows = pbx.cli("core show channels verbose").splitlines()
    return sum(row.startswith("PJSIP/line-") and " Up " in row for row in rows)


def test_an_attended_transfer_costs_the_leg_out_once(board: Switchboard) -> None:
    """A caller who speaks to a colleague first, and then connects both: one leg out, one charge; the
    colleague's talk is inside."""
    (number,) = board.station.numbers(1)
    first, second = board.phone(), board.phone()
    board.up(first, number)
    with ThreadPoolExecutor() as aside:
        asked = aside.submit(second.invite, BERT, board.sdp)
        talk = board.bert.next_call()
        talk.answer()
        assert asked.result().code == 200
    tags = [re.findall(r"tag=([^;>]+)", second.dialog[end])[0] for end in ("to", "from")]
    replaces = quote(f"{second.dialog['call-id']};to-tag={tags[0]};from-tag={tags[1]}", safe="")
    board.refer(first, BERT, replaces)
    talk.hear(20).hang_up()
    talk.ended()
    board.bill(number, BERT)


def test_who_waits_in_a_queue_or_sits_in_a_conference_pays_no_leg_out(board: Switchboard) -> None:
    """Calls to a queue and to a conference of the switch go to no number of the plan: they are charged to
    nobody, and `seatline rate` counts them among those without a price."""
    phone, other = board.phone(), board.phone()
    with ThreadPoolExecutor() as aside:
        asked = aside.submit(phone.invite, "7001", board.sdp)
        talk = board.bert.next_call()
        talk.answer()
        assert asked.result().code == 200
    phone.hang_up()
    talk.ended()
    for one in (phone, other):
        board.up(one, "8001")
    for one in (phone, other):
        one.hang_up()
    board.bill()
    for book in board.station.books:
        unpriced = [record.dst for record, call in book.verdicts() if call.outcome.value == "unrated"]
        assert Counter(unpriced) >= Counter({"7001": 1, "8001": 2})


def test_forwarded_and_forked_calls_of_our_own_plan_cost_each_leg_once(board: Switchboard) -> None:
    """A call inside to a seat that is forwarded outside costs both their own; of a seat with a further number
    the leg that answered."""
    pbx = board.station.pbx
    with Phones(bind=f"{sites.NET}.4") as phones:
        carl = phones.register(CARL, auth_user=f"seat-{CARL}", secret=stations.SECRET, registrar=pbx.sip)
        carl.dial(AWAY).wait("connected").hear(5).talk(0)
        carl.dial(MANY).wait("connected").hear(5).talk(0)
    board.bill(AWAY, BEYOND, MANY, FURTHER)
