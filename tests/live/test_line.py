"""The operator's side of a site on a real switch: number forms, calls at once, identities, passwords."""

from __future__ import annotations

import csv
import importlib.util
import re
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pbx.errors import Refused
from pbx.live.softphone import Call, Phone, Phones
from provisioning.core.contract import Contract, Zone
from provisioning.core.site import Ims, NumberIn, NumbersOut, SessionTimers, VoiceLine
from provisioning.flows.drift import find_drift

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)

operators = sys.modules["live_operators"]
"""What conftest made of operators.py."""
pytestmark = pytest.mark.live

CASES = Path(__file__).parents[1] / "golden" / "numbering" / "cases.csv"
SECRET = "Zk4" * 8
LANDLINE, MOBILE = "01085200000", "13800138000"
OPEN = tuple(zone.value for zone in Zone)


def contract(
    ims: Any,
    *,
    name: str = "zhaotong",
    seats: int = 4,
    calls: int | None = None,
    area: str = "0870",
    first: int = 1,
    **terms: Any,
) -> Contract:
    """A site of so many seats whose operator is this one, on these terms, with so many calls at once."""
    made = sites.contract(name, of=sites.seats(seats, area, first), zones=OPEN, area=area)
    lines = () if calls is None else (VoiceLine(bandwidth="10M", concurrent_calls=calls),)
    operators = Ims(domain="ims.example.net", proxy=f"sip:{ims.sip}", **terms)
    return replace(made, site=replace(made.site, ims=operators, voice_lines=lines))


def provision(pbx: Any, *contracts: Contract, passwords: Mapping[str, str] | None = None) -> Any:
    """An empty switch to which these have been applied over AMI, all read back; the ledger it came from."""
    pbx.wipe()
    numbers = [seat.long_number for each in contracts for seat in each.site.seats]
    book = sites.Book(contracts, dict.fromkeys(numbers, SECRET), passwords=dict(passwords or {}))
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        applied = sites.apply_to(ami, book)
    assert {(outcome.status, outcome.fault) for outcome in applied.outcomes} == {("applied", None)}
    return book


@contextmanager
def desk(pbx: Any, phones: Phones, *numbers: str) -> Iterator[list[Phone]]:
    """Telephones of these seats."""
    yield [
        phones.register(number, auth_user=f"seat-{number}", secret=SECRET, registrar=pbx.sip)
        for number in numbers
    ]


def refused(call: Call) -> int:
    with pytest.raises(Refused):
        call.wait("connected")
    return call.ended().code


@dataclass(frozen=True)
class Office:
    """A site on certain terms, and two of its telephones."""

    anna: Phone
    bert: Phone
    ims: Any
    pbx: Any

    def shown(self, number: str) -> Mapping[str, str]:
        """What the operator was shown of a call of Anna's."""
        call = self.anna.dial(number)
        call.wait("early")
        call.hang_up()
        call.ended()
        return self.ims.calls()[-1]


@pytest.fixture
def office(pbx: Any, ims: Any, phones: Phones) -> Callable[..., Office]:
    """Makes the site on those terms."""

    def made(**terms: Any) -> Office:
        provision(pbx, contract(ims, **terms))
        with desk(pbx, phones, "08702120001", "08702120002") as (anna, bert):
            return Office(anna, bert, ims, pbx)

    return made


ODD = NumbersOut(
    fixed="9{number}",
    mobile="0{number}",
    service="{area}{number}",
    emergency="0{area}{number}",
    international="+{abroad}",
)


def odd_form(row: Mapping[str, str]) -> str:
    """What becomes of a row of the golden table by the patterns of ODD."""
    national, area = row["national"], row["area_code"][1:]
    if row["class"] == "emergency":
        return f"0{area}{national}"
    if row["class"] in ("hmt", "international"):
        return f"+{national[2:]}"
    if row["class"] == "mobile":
        return f"0{national}"
    return f"9{national}" if national.startswith("0") else f"{area}{national}"


def test_the_operator_sees_every_number_in_the_form_it_wants(pbx: Any, ims: Any, phones: Phones) -> None:
    """Each number of the golden table reaches the operator by the pattern of its class, and the caller by the
    pattern of its public user."""
    with CASES.open(newline="", encoding="utf-8") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if re.fullmatch(r"\+?[0-9]+", row["dialled"], re.ASCII)
            and (row["zone"] or row["class"] == "emergency")
        ]
    areas = sorted({row["area_code"] for row in rows})
    terms = {"numbers_out": ODD, "user": "x{long}_{area}-{local}"}
    one = {"seats": 1, "first": 7777, **terms}
    provision(pbx, *(contract(ims, name=f"odd{area}", area=area, **one) for area in areas))
    before, wanted = len(ims.calls()), []
    lines = {
        area: phones.unregistered("x", auth_user=f"seat-{area}2127777", secret=SECRET, registrar=pbx.sip)
        for area in areas
    }
    for row in rows:
        call = lines[row["area_code"]].dial(row["dialled"])
        call.wait("early")
        call.hang_up()
        call.ended()
        area = row["area_code"]
        wanted.append((odd_form(row), f"x{area}2127777_{area[1:]}-2127777"))
    assert len(wanted) > 40
    assert [(call["to"], call["from"]) for call in ims.calls()[before:]] == wanted


def test_a_site_whose_forms_are_lost_calls_on_in_the_usual_form(office: Callable[..., Office]) -> None:
    """Without its context of forms a site's calls go out as +86, an emergency call as it is."""
    here = office(numbers_out=ODD)
    assert (here.shown("110")["to"], here.shown(LANDLINE)["to"]) == ("0870110", f"9{LANDLINE}")
    here.pbx.cli("dialplan remove context seatline-zhaotong-a-forms")
    assert (here.shown("110")["to"], here.shown(LANDLINE)["to"]) == ("110", "+861085200000")
    assert here.shown("2120009")["from"] == "+868702120001"


def test_numbers_of_the_operator_are_read_in_its_own_way(
    office: Callable[..., Office],
    mobile_phones: Phones,
    new_records: Callable[[int], list[Mapping[str, Any]]],
) -> None:
    """What a number from the operator begins with is replaced, once and by the longest rule, for the called
    and the calling number; the record has what was meant."""
    here = office(
        numbers_in=(
            NumberIn(begins="9", becomes=""),
            NumberIn(begins="99", becomes="+86870"),
            NumberIn(begins="138", becomes="+86138"),
            NumberIn(begins="+861", becomes="00852"),
            NumberIn(begins="5", becomes=""),
        )
    )
    operators.wait_registered(here.pbx, "08702120001-ims", "08702120002-ims")
    mobile = mobile_phones.register(
        MOBILE, auth_user="mobile", secret=here.ims.mobile_secret, registrar=here.ims.sip
    )
    for asked in ("908702120002", "992120002", "9998702120002", "5"):
        call = mobile.dial(f"*+868702120001*{asked}")
        if asked in ("9998702120002", "5"):
            assert refused(call) == 404
        else:
            assert call.talk(0.1).code == 200
            assert "<sip:13800138000@" in here.bert.next_call().came_from
    assert mobile.dial("08702120002").talk(0.1).code == 200
    assert "<sip:008523800138000@" in here.bert.next_call().came_from
    calls = sorted(new_records(5), key=lambda record: record["start"])
    found = [(r["dst"], r["accountcode"], r["src"], r["userfield"]) for r in calls]
    assert found == [
        ("08702120002", "08702120002", MOBILE, ""),
        ("+868702120002", "08702120002", MOBILE, ""),
        ("+8687098702120002", "", MOBILE, "refused-nobody"),
        ("5", "", MOBILE, "refused-nobody"),
        ("+868702120002", "08702120002", "008523800138000", ""),
    ]


@pytest.mark.parametrize(
    ("terms", "pai", "ppi"),
    [
        ({}, "<sip:+868702120001@ims.example.net;user=phone>", ""),
        ({"identity": "ppi"}, "", "<sip:+868702120001@ims.example.net;user=phone>"),
        ({"identity": "ppi", "user_phone": False}, "", "<sip:+868702120001@ims.example.net>"),
        ({"identity": "none"}, "", ""),
    ],
)
def test_the_caller_is_asserted_in_the_header_the_operator_wants(
    office: Callable[..., Office], terms: Mapping[str, Any], pai: str, ppi: str
) -> None:
    """The seat's own number stands in P-Asserted-Identity, in P-Preferred-Identity, or only in From."""
    here = office(**terms)
    for number in (LANDLINE, "110"):
        shown = here.shown(number)
        assert (shown["PAI"], shown["PPI"]) == (pai, ppi)
        assert "sip:+868702120001@ims.example.net" in shown["From"]
        assert (";user=phone" in shown["From"]) == terms.get("user_phone", True)


def test_a_claimed_identity_goes_no_further(office: Callable[..., Office], phones: Phones) -> None:
    """A telephone that sends identity headers of its own is shown under its own number."""
    here = office(identity="ppi")
    liar = phones.unregistered(
        "13911112222", auth_user="seat-08702120001", secret=SECRET, registrar=here.pbx.sip
    )
    headers = [(f"P-{kind}-Identity", "<sip:13911112222@x>") for kind in ("Preferred", "Asserted")]
    call = liar.dial(LANDLINE, headers=[*headers, ("Diversion", "<sip:13911112222@x>")])
    call.wait("early")
    call.hang_up()
    call.ended()
    shown = here.ims.calls()[-1]
    assert "13911112222" not in "".join(shown.values())
    assert shown["PPI"] == "<sip:+868702120001@ims.example.net;user=phone>"


def test_reliable_answers_and_session_timers_as_the_operator_wants(office: Callable[..., Office]) -> None:
    """100rel and session timers that are required stand in the INVITE, those refused do not."""
    timers = SessionTimers(use="required", expires=600, least=120)
    shown = office(reliable="required", session_timers=timers, expires=600).shown(LANDLINE)
    assert shown["Session-Expires"].startswith("600")
    assert shown["Min-SE"] == "120"
    assert {"100rel", "timer"} <= set(re.findall(r"\w+", shown["Require"]))
    shown = office(reliable="none", session_timers=SessionTimers(use="none")).shown(LANDLINE)
    assert not {"100rel", "timer"} & set(re.findall(r"\w+", shown["Require"] + shown["Supported"]))


def test_a_law_stands_first_whatever_the_telephone_has(pbx: Any, operator: Any, phones: Phones) -> None:
    """A telephone that has nothing but u-law calls with A-law first in the offer to the operator."""
    provision(pbx, contract(operator.ims), passwords=long_numbers(operator))
    one = r"/^\[seat-08702120001\]/a allow = !all,ulaw"
    pbx.shell(f"sed -i '{one}' /etc/asterisk/seatline-pjsip-*.conf")
    pbx.reload()
    assert "(ulaw)" in pbx.cli("pjsip show endpoint seat-08702120001")
    operators.wait_registered(pbx)
    with desk(pbx, phones, "08702120001") as (anna,):
        operator.listen()
        call = anna.dial(LANDLINE).wait("connected").hear(10)
        call.hang_up()
        assert call.ended().code == 200
    offers = [one.text for one in operator.history() if one.line.startswith("<== INVITE")]
    assert offers
    assert {re.search(r"^m=audio \d+ RTP/AVP (.*?)\s*$", text, re.MULTILINE)[1] for text in offers} == {
        "8 0 101"
    }


def test_no_more_calls_than_the_line_carries(
    office: Callable[..., Office],
    mobile_phones: Phones,
    new_records: Callable[[int], list[Mapping[str, Any]]],
) -> None:
    """With two calls up a third is refused, out with 503 and in with 486, an emergency call and one inside
    the contract are not; the next call finds the room of one that has ended."""
    here = office(calls=2)
    operators.wait_registered(here.pbx, "08702120001-ims", "08702120002-ims")
    mobile = mobile_phones.register(
        MOBILE, auth_user="mobile", secret=here.ims.mobile_secret, registrar=here.ims.sip
    )
    out = here.anna.dial(LANDLINE).wait("connected")
    inside = mobile.dial("08702120002").wait("connected")
    before = len(here.ims.calls())
    assert refused(here.anna.dial(LANDLINE)) == 503
    assert refused(mobile.dial("08702120001")) == 486
    assert len(here.ims.calls()) == before
    assert here.bert.dial("6001").talk(0.1).code == 200
    emergency = here.anna.dial("110").wait("connected")
    assert here.ims.calls()[-1]["to"] == "110"
    out.hang_up()
    out.ended()
    assert refused(here.anna.dial(LANDLINE)) == 503  # the emergency call counts
    emergency.hang_up()
    emergency.ended()
    wait_calls(here.pbx, 1)
    assert here.anna.dial(LANDLINE).talk(0.1).code == 200
    inside.hang_up()
    inside.ended()
    calls = sorted(new_records(8), key=lambda record: record["start"])
    found = [r for r in calls if r["userfield"] == "refused-capacity"]
    assert [(r["accountcode"], r["src"], r["dst"], r["answer"], r["billsec"]) for r in found] == [
        ("08702120001", "08702120001", LANDLINE, 0, 0),
        ("08702120001", MOBILE, "+868702120001", 0, 0),
        ("08702120001", "08702120001", LANDLINE, 0, 0),
    ]


def test_calls_at_the_same_moment_are_counted_exactly(pbx: Any, ims: Any, switches: Any) -> None:
    """Of twelve calls dialled at once exactly the five that the line carries get through, twice."""
    provision(pbx, contract(ims, calls=5))
    with ExitStack() as open_:
        desks = [open_.enter_context(Phones(bind=switches.desks)) for _ in range(4)]
        telephones = [
            phones.unregistered("x", auth_user=f"seat-{seat}", secret=SECRET, registrar=pbx.sip)
            for phones, seat in zip(desks, (f"0870212000{n}" for n in range(1, 5)), strict=True)
        ]
        for _ in range(2):
            calls = [phone.dial(LANDLINE) for _ in range(3) for phone in telephones]
            assert sorted(map(ended_or_connected, calls)) == ["503"] * 7 + ["connected"] * 5
            for call in calls:
                if call.state != "ended":
                    call.hang_up()
                    call.ended()
            wait_calls(pbx, 0)


RACE = """[seatline-race]
exten => all,1,Dial({},120)
exten => _X.,1,Set(SEATLINE_SITE=race)
 same => n,Set(SEATLINE_CALLS=17)
 same => n,Gosub(seatline-take-line,s,1(mobile))
 same => n,Set(DB(race/${{EXTEN}})=got-${{GOSUB_RETVAL}})
 same => n,Wait(120)
"""


def test_a_place_on_the_line_is_never_given_twice_nor_lost(pbx: Any, ims: Any) -> None:
    """Of sixty calls that ask in the same moment, in threads of their own, exactly seventeen get a place."""
    provision(pbx, contract(ims, seats=1))
    racers = "&".join(f"Local/{n}@seatline-race" for n in range(100, 160))
    pbx.shell("cat > /etc/asterisk/seatline-extensions-race.conf", stdin=RACE.format(racers))
    pbx.cli("database deltree race")
    pbx.cli("module load res_clioriginate.so")
    try:
        pbx.reload()
        pbx.cli("channel originate Local/all@seatline-race application Wait 120")
        operators.wait_for(lambda: "60 results" in pbx.cli("database show race"), "answer to all sixty")
        answers = re.findall(r": (got-\w*)", pbx.cli("database show race"))
    finally:
        pbx.cli("channel request hangup all")
        pbx.cli("module unload res_clioriginate.so")
        pbx.cli("database deltree race")
    assert sorted(answers) == ["got-"] * 17 + ["got-full"] * 43


def wait_calls(pbx: Any, count: int, timeout: float = 60.0) -> None:
    """Waits until so many calls are up at the switch: who hangs up is told so before his place is free."""
    operators.wait_for(
        lambda: re.search(rf"^{count} active calls?$", pbx.cli("core show channels count"), re.MULTILINE),
        f"{count} calls",
        timeout,
    )


def ended_or_connected(call: Call) -> str:
    """Waits for a call's answer or refusal; the code of a refusal."""
    try:
        return call.wait("connected").state
    except Refused:
        return str(call.ended().code)


def test_another_sites_calls_take_no_room(pbx: Any, ims: Any, phones: Phones) -> None:
    """A site whose line is full leaves the line of another site on the same switch free."""
    provision(pbx, contract(ims, calls=1), contract(ims, name="kizilsu", area="0908", calls=1))
    with desk(pbx, phones, "08702120001", "09082120001") as (anna, family):
        first, second = anna.dial(LANDLINE).wait("connected"), family.dial(LANDLINE).wait("connected")
        assert [refused(phone.dial(LANDLINE)) for phone in (anna, family)] == [503, 503]
        for call in (first, second):
            call.hang_up()
            call.ended()


def asked(
    pbx: Any, address: str, caller: str, digest_user: str | None = None, *, uri: str = "", to: str = ""
) -> int:
    """The answer to an INVITE for 08702120002, or for `uri`, from nobody, who tells this caller or digest
    user. `to` is the To header, and what stands behind it."""
    uri, call = uri or f"sip:08702120002@{pbx.sip}", secrets.token_hex(8)
    digest = f'Digest username="{digest_user}", realm="x", nonce="", uri="{uri}", response=""'
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind((address, 0))
        nobody.settimeout(60)
        here = "{}:{}".format(*nobody.getsockname())
        voice = f"v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
        voice += "m=audio 30000 RTP/AVP 8\r\n"
        text = (
            f"INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{call};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{caller}@x>;tag=1\r\nTo: {to or f'<{uri}>'}\r\n"
            f"Call-ID: {call}\r\n"
            f"CSeq: 1 INVITE\r\nContact: <sip:{caller}@{here}>\r\nP-Asserted-Identity: <sip:110@x>\r\n"
            f"{f'Authorization: {digest}' + chr(13) + chr(10) if digest_user else ''}"
            f"Content-Type: application/sdp\r\nContent-Length: {len(voice)}\r\n\r\n{voice}"
        )
        host, port = pbx.sip.split(":")
        nobody.sendto(text.encode(), (host, int(port)))
        while (code := int(nobody.recv(65535).decode().split()[1])) == 100:
            pass
        return code


def test_a_trunk_is_asked_for_by_the_user_it_registers(
    pbx: Any, operator: Any, switches: Any, new_records: Callable[[int], list[Mapping[str, Any]]]
) -> None:
    """A call for a trunk's contact is for the number in P-Called-Party-ID, else in To, else for the trunk's
    own; To may name a stranger's number, P-Called-Party-ID may not."""
    provision(pbx, contract(operator.ims, register="trunk"), passwords=long_numbers(operator))
    operators.wait_registered(pbx)
    contact = operator.contact("+868702120001")
    named = "P-Called-Party-ID: "
    meant = [
        ("", f"<{contact}>", "08702120001"),
        ("", "<tel:+868702120002>", "08702120002"),
        ("", "sip:2120002@ims.example.net;user=phone", "08702120002"),
        ("", '"a <b> ${c}" <sip:01085200000@x>', "08702120001"),
        (f"{named}<sip:+868702120003@ims.example.net;user=phone>", f"<{contact}>", "08702120003"),
        (f"{named}<tel:+868702120003>", "<sip:+868702120002@x>", "08702120003"),
        (f"{named}<sip:+868702120099@x>", f"<{contact}>", ""),
        ("", "<sip:+868702120002@x>", "08702120004"),
    ]
    for count, (header, to, account) in enumerate(meant, start=1):
        uri = contact.replace("+868702120001", "08702120004") if account == "08702120004" else contact
        code = asked(pbx, switches.outside, "13800138000", uri=uri, to=f"{to}\r\n{header}" if header else to)
        assert (code, count) == (480 if account else 404, count)
        new_records(count)
    calls = sorted(new_records(len(meant)), key=lambda record: record["start"])
    assert [record["accountcode"] for record in calls] == [account for _, _, account in meant]
    assert [record["userfield"] for record in calls] == [*[""] * 6, "refused-nobody", ""]


def test_nobody_rings_a_seat_by_the_name_of_a_line(
    pbx: Any, operator: Any, phones: Phones, mobile_phones: Phones, switches: Any
) -> None:
    """Who calls himself the site's line or a seat's own, in From or as digest user, is asked for a password
    and rings nobody; calls by registration come in on both. A line that a hand has opened is drift."""
    passwords = {"08702120002": long_numbers(operator)["08702120002"]}
    operator.demand(callers="any")
    book = provision(pbx, contract(operator.ims, seats=2), passwords=passwords)
    with desk(pbx, phones, "08702120001", "08702120002") as (_, bert):
        begun = pbx.cli("core show channels count")
        for name in ("line-zhaotong", "seat-08702120002-line", "seat-08702120001"):
            assert asked(pbx, switches.desks, name) == 401
            assert asked(pbx, switches.desks, "x", digest_user=name) == 401
        assert pbx.cli("core show channels count") == begun

        operators.wait_registered(pbx, "08702120002-ims")
        mobile = mobile_phones.register(
            MOBILE, auth_user="mobile", secret=operator.ims.mobile_secret, registrar=operator.sip
        )
        assert mobile.dial("08702120002").talk(0.1).code == 200
        assert "<sip:13800138000@" in bert.next_call().came_from

    pbx.shell(r"sed -i '/^identify_by *= *ip/d' /etc/asterisk/seatline-pjsip-0_zhaotong.conf")
    pbx.reload()
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        found = find_drift(ami, book, hand_written=sites.HAND_WRITTEN, today=sites.TODAY)
    drifted = {(one.object, one.field, one.where) for one in found.drifts}
    names = ("line-zhaotong", "seat-08702120002-line")
    assert drifted == {(name, "identify_by", where) for name in names for where in ("file", "running")}


def test_a_call_from_outside_is_not_told_our_registration(
    pbx: Any, operator: Any, phones: Phones, mobile_phones: Phones
) -> None:
    """No answer to an incoming call asserts an identity, which would be the address of our registration with
    its token. Inside, a seat is shown the other's short number all the same."""
    provision(pbx, contract(operator.ims), passwords=long_numbers(operator))
    operators.wait_registered(pbx)
    with desk(pbx, phones, "08702120001") as (anna,):
        bert = phones.register(
            "08702120002", auth_user="seat-08702120002", secret=SECRET, registrar=pbx.sip, answer="ring"
        )
        mobile = mobile_phones.register(
            MOBILE, auth_user="mobile", secret=operator.ims.mobile_secret, registrar=operator.sip
        )
        operator.listen()
        call = mobile.dial("08702120002").wait("early")
        bert.next_call().answer()
        call.wait("connected")
        call.hang_up()
        call.ended()
        kinds = ("<== SIP/2.0 180", "<== SIP/2.0 200")
        answers = [one.text for one in operator.history() if one.line.startswith(kinds)]
        ours = [text for text in answers if f"Received from {pbx.sip}" in text and "INVITE" in text]
        assert {re.search(r"SIP/2.0 (\d+)", text)[1] for text in ours} == {"180", "200"}
        assert not [text for text in ours if "P-Asserted-Identity" in text]
        inside = anna.dial("6002").wait("early")
        assert "<sip:6001@" in bert.next_call().came_from
        inside.hang_up()
        inside.ended()


def test_a_telephone_without_power_gives_its_place_back(pbx: Any, ims: Any, switches: Any) -> None:
    """A telephone that is gone in a call, without a word, keeps its place on the line no longer than its
    rtp_timeout, which is short here."""
    provision(pbx, contract(ims, calls=1))
    file = "/etc/asterisk/seatline-pjsip-0_zhaotong.conf"
    pbx.shell(f"sed -i 's/^rtp_timeout *= *60$/rtp_timeout = 5/' {file}")
    pbx.reload()
    with Phones(bind=switches.desks) as gone:
        anna = gone.unregistered("x", auth_user="seat-08702120001", secret=SECRET, registrar=pbx.sip)
        call = anna.dial(LANDLINE).wait("connected")
        time.sleep(6)
        assert call.state == "connected"
        gone._process.kill()
    wait_calls(pbx, 0, timeout=40)


def long_numbers(operator: Any) -> dict[str, str]:
    """The operator's passwords by long number, as the ledger has them."""
    return {re.sub(r"^\+86", "0", user): word for user, word in operator.passwords.items()}


def test_seats_with_passwords_register_and_call_as_themselves(
    pbx: Any, operator: Any, phones: Phones, mobile_phones: Phones
) -> None:
    """An operator that challenges every REGISTER and INVITE takes each seat for the one it is, and its calls
    come in."""
    with operator.asking(challenge="invite"):
        provision(pbx, contract(operator.ims), passwords=long_numbers(operator))
        operators.wait_registered(pbx)
        with desk(pbx, phones, "08702120001", "08702120002") as (anna, bert):
            for phone, user in ((anna, "+868702120001"), (bert, "+868702120002")):
                assert phone.dial(LANDLINE).talk(0.1).code == 200
                assert operator.ims.calls()[-1]["from"] == user
            assert anna.dial("110").talk(0.1).code == 200
            mobile = mobile_phones.register(
                MOBILE, auth_user="mobile", secret=operator.ims.mobile_secret, registrar=operator.sip
            )
            assert mobile.dial("08702120002").talk(0.1).code == 200
            assert "<sip:13800138000@" in bert.next_call().came_from
    assert operator.notes() == []


def test_a_trunk_with_a_password_registers_and_calls(pbx: Any, operator: Any, phones: Phones) -> None:
    """A trunk proves itself by the password of the number it registers, for its calls too."""
    with operator.asking(challenge="invite"):
        operator.goes_with("+868702120002", "+868702120001")
        provision(pbx, contract(operator.ims, register="trunk"), passwords=long_numbers(operator))
        operators.wait_registered(pbx)
        with desk(pbx, phones, "08702120001", "08702120002") as (anna, bert):
            assert [phone.dial(LANDLINE).talk(0.1).code for phone in (anna, bert)] == [200, 200]
    assert operator.ims.calls()[-1]["from"] == "+868702120002"


def test_a_wrong_password_is_told_as_a_missing_registration(pbx: Any, operator: Any) -> None:
    """Of four seats the one with a wrong password does not register, and drift names it and nothing else."""
    passwords = long_numbers(operator) | {"08702120003": "Wrong0Password"}
    book = provision(pbx, contract(operator.ims), passwords=passwords)
    operators.wait_registered(pbx, *(f"0870212000{n}-ims" for n in (1, 2, 4)))
    operators.wait_for(lambda: operators.standing(pbx)["08702120003-ims"] == "Rejected", "refusal")
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        found = find_drift(ami, book, hand_written=sites.HAND_WRITTEN, today=sites.TODAY)
    assert found.drifts == ()
    assert [(one.object, one.missing) for one in found.unregistered] == [("08702120003-ims", True)]
    assert "+868702120003" not in operator.ims.registered()
