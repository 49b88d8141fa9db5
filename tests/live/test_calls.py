"""Real calls by softphones through a real Asterisk, out to the operator's and back."""

from __future__ import annotations

import csv
import importlib.util
import re
import socket
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pbx.errors import Refused
from pbx.live.softphone import Call, Phone, Phones
from provisioning.core.contract import (
    Billing,
    CallTariff,
    Contract,
    Customer,
    Operator,
    Policy,
    Stated,
    Term,
    Zone,
)
from provisioning.core.site import Ims, Seat, Site

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)

operators = sys.modules["live_operators"]
"""What conftest made of operators.py."""
pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "golden" / "numbering" / "cases.csv"
SECRET = "Qx7" * 8
OPEN = (Zone.INTERNAL, Zone.LOCAL, Zone.DOMESTIC, Zone.SERVICE)
LANDLINE, MOBILE, ABROAD = "01085200000", "13800138000", "0012025550123"
MACHINE = "13900138000"
"""A mobile that nobody has registered: the operator answers for it, and hums."""


def contract(name, area, seats, *, zones=OPEN, register="seat", user="+86{area}{local}", proxy=None):
    """A contract with these seats: long number, short number or None; without `proxy` it has no line."""
    return Contract(
        id=name,
        customer=Customer(name="某单位"),
        operator=Operator(name="某运营商"),
        term=Term(first=date(2025, 7, 1), last=date(2030, 6, 30)),
        billing=Billing(starts=date(2025, 7, 1)),
        recurring=(),
        once=(),
        stated=Stated(),
        calls=CallTariff(increment=60, rates=dict.fromkeys(zones, Decimal("0.06")), incoming=Decimal(0)),
        messages=None,
        payers=(),
        policy=Policy(),
        site=Site(
            name=name,
            area_code=area,
            seats=tuple(Seat(long_number=long, short_number=short) for long, short in seats),
            ims=proxy and Ims(domain="ims.example.net", proxy=f"sip:{proxy}", register=register, user=user),
        ),
    )


def provision(pbx, *contracts):
    """An empty switch to which these contracts have been applied over AMI."""
    pbx.wipe()
    seats = [seat.long_number for each in contracts for seat in each.site.seats]
    book = sites.Book(contracts, dict.fromkeys(seats, SECRET))
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        applied = sites.apply_to(ami, book)
    assert {(outcome.status, outcome.fault) for outcome in applied.outcomes} == {("applied", None)}


@dataclass(frozen=True)
class Office:
    """Four contracts on one switch, with some of their telephones."""

    registrar: str
    anna: Phone
    """08702120001, short 6001, of zhaotong."""
    bert: Phone
    """08702120002, short 6002, of zhaotong."""
    hotline: Phone
    """12393 of jilin, on a trunk."""
    family: Phone
    """09084220001 of kizilsu, which may not call inside."""
    mobile: Phone
    """13800138000, out in the world."""


@pytest.fixture
def claims(office, phones):
    """Anna's telephone telling another number in its From, in a softphone process of its own."""
    return lambda user: phones.unregistered(
        user, auth_user="seat-08702120001", secret=SECRET, registrar=office.registrar
    )


@pytest.fixture
def lonely(office, phones):
    """The telephone of 08703330001, whose contract has no way to the operator."""
    return phones.unregistered(
        "lonely", auth_user="seat-08703330001", secret=SECRET, registrar=office.registrar
    )


@pytest.fixture(scope="module")
def office(switches) -> Iterator[Office]:
    """The contracts provisioned, their numbers registered at the operator, telephones on the desks."""
    pbx, ims = switches.pbx, switches.ims
    provision(
        pbx,
        contract("zhaotong", "0870", [(f"0870212{n:04}", f"{6000 + n}") for n in range(1, 6)], proxy=ims.sip),
        contract("jilin", "0431", [("12393", None)], register="trunk", user="{long}", proxy=ims.sip),
        contract(
            "kizilsu",
            "0908",
            [("09084220001", "7001"), ("09084220002", "7002")],
            zones=(Zone.LOCAL, Zone.DOMESTIC),
            proxy=ims.sip,
        ),
        contract("lonely", "0870", [("08703330001", "8001")]),
    )
    operators.wait_registered(pbx)
    with Phones(bind=switches.desks) as phones, Phones(bind=switches.outside) as outside:

        def desk(number: str) -> Phone:
            return phones.register(number, auth_user=f"seat-{number}", secret=SECRET, registrar=pbx.sip)

        yield Office(
            registrar=pbx.sip,
            anna=desk("08702120001"),
            bert=desk("08702120002"),
            hotline=desk("12393"),
            family=desk("09084220001"),
            mobile=outside.register(MOBILE, auth_user="mobile", secret=ims.mobile_secret, registrar=ims.sip),
        )


@pytest.fixture
def record(new_records):
    """The only call record of the call that has just been made."""

    def only() -> Mapping[str, object]:
        found = new_records(1)
        assert len(found) == 1, found
        return found[0]

    return only


def parties(record):
    return {key: record[key] for key in ("accountcode", "src", "dst", "userfield", "disposition")}


def refused(call: Call) -> int:
    """The code a call was refused with, never having been answered."""
    with pytest.raises(Refused):
        call.wait("connected")
    return call.ended().code


@pytest.mark.parametrize(
    "dialled", ["6002", "08702120002", "2120002", "+868702120002", "868702120002", "00868702120002"]
)
def test_seats_of_a_contract_call_each_other_by_short_and_long_number(office, record, dialled):
    """A seat is reached by its short number and any form of its long one, and sees the other's short one."""
    call = office.anna.dial(dialled).wait("connected").hear(6)
    rung = office.bert.next_call().hear(6)
    assert call.talk(0).code == 200
    assert rung.ended().code == 200
    assert "<sip:6001@" in rung.came_from
    assert parties(record()) == {
        "accountcode": "08702120001", "src": "08702120001", "dst": dialled, "userfield": "",
        "disposition": "ANSWERED",
    }  # fmt: skip


def test_a_service_number_calls_a_mobile_under_its_own_number(office, record, switches):
    """12393 is shown to a mobile as 12393, and the operator is asked for +86 and the mobile's number."""
    assert office.hotline.dial(MOBILE).wait("connected").hear(6).talk(0).code == 200
    rung = office.mobile.next_call()
    assert "<sip:12393@" in rung.asserted
    assert "<sip:12393@" in rung.came_from
    shown = switches.ims.calls()[-1]
    assert (shown["to"], shown["from"]) == ("+8613800138000", "12393")
    assert "<sip:12393@ims.example.net" in shown["PAI"]
    assert parties(record()) == {
        "accountcode": "12393", "src": "12393", "dst": MOBILE, "userfield": "", "disposition": "ANSWERED",
    }  # fmt: skip


def test_a_family_phone_calls_a_landline(office, record, switches):
    """A landline is asked for as +86 and its area code without 0, and is heard ringing before it answers."""
    call = office.family.dial(LANDLINE)
    call.wait("early")
    assert 183 in call.codes
    assert call.wait("connected").hear(6).talk(0).code == 200
    shown = switches.ims.calls()[-1]
    assert (shown["to"], shown["from"]) == ("+861085200000", "+869084220001")
    assert parties(record()) == {
        "accountcode": "09084220001", "src": "09084220001", "dst": LANDLINE, "userfield": "",
        "disposition": "ANSWERED",
    }  # fmt: skip


def test_a_call_from_outside_rings_the_seat_by_its_long_number(office, record):
    """The operator's call to a long number rings that seat, which sees the caller in national form."""
    assert office.mobile.dial("08702120002").wait("connected").hear(6).talk(0).code == 200
    rung = office.bert.next_call()
    assert "<sip:13800138000@" in rung.came_from
    assert parties(record()) == {
        "accountcode": "08702120002", "src": MOBILE, "dst": "+868702120002", "userfield": "",
        "disposition": "ANSWERED",
    }  # fmt: skip


def test_each_incoming_call_reaches_the_contract_it_was_meant_for(office, record, new_records):
    """Calls behind one operator's address come in on the line of the contract whose number was called."""
    for number, phone in (("12393", office.hotline), ("+869084220001", office.family)):
        office.mobile.dial(number).talk(0.1)
        phone.next_call().ended()
    found = sorted(new_records(2), key=lambda record: record["start"])
    assert [r["dcontext"] for r in found] == ["seatline-jilin-a-line", "seatline-kizilsu-a-line"]
    assert [r["accountcode"] for r in found] == ["12393", "09084220001"]


@pytest.mark.parametrize(
    ("dialled", "called"),
    [
        *((number, number) for number in ("110", "119", "120", "122", "12110", "12395")),
        ("+86110", "110"),
        ("0086119", "119"),
        ("86110", "110"),
        ("0908110", "110"),
        ("0908120", "120"),
        ("+86908122", "122"),
        ("110%23", "110"),
        ("110;phone-context=+86", "110"),
        ("+86110;phone-context=ims.example.net;npdi", "110"),
    ],
)
def test_emergency_calls_always_go_out(office, record, switches, dialled, called):
    """An emergency number is reached, in whatever form, from a seat whose contract has not even service
    numbers open."""
    assert office.family.dial(dialled).talk(0.1).code == 200
    assert switches.ims.calls()[-1]["to"] == called
    found = parties(record())
    assert (found["userfield"], found["accountcode"]) == ("emergency", "09084220001")
    assert found["dst"] == re.split("%23|;", dialled)[0]


def test_a_switch_that_keeps_what_stands_behind_a_number_is_no_obstacle(office, record, switches):
    """Where Asterisk gives the dialplan a user's parameters too, the dialplan takes them off by itself."""
    pbx = switches.pbx
    pbx.shell("sed -i 's/^ignore_uri_user_options = yes/;&/' /etc/asterisk/pjsip.conf")
    pbx.cli("module reload res_pjsip.so")
    try:
        assert office.family.dial("110;phone-context=+86").talk(0.1).code == 200
        assert office.mobile.dial("*+868702120001*868702120002;npdi").talk(0.1).code == 200
        office.bert.next_call().ended()
    finally:
        pbx.shell("sed -i 's/^;ignore_uri_user_options/ignore_uri_user_options/' /etc/asterisk/pjsip.conf")
        pbx.cli("module reload res_pjsip.so")
    assert switches.ims.calls()[-1]["to"] == "110"


@pytest.mark.parametrize(
    ("dialled", "userfield"), [("110", "emergency"), ("0870120", "emergency"), (MOBILE, "refused-no-line")]
)
def test_a_site_without_a_line_cannot_call_out(lonely, new_records, dialled, userfield):
    """Where a contract has no ims every call to the world ends with 503, an emergency call too."""
    assert refused(lonely.dial(dialled)) == 503
    (found,) = new_records(1)
    assert (found["userfield"], found["answer"], found["dst"]) == (userfield, 0, dialled)


@pytest.mark.parametrize(
    ("dialled", "reason"),
    [
        (ABROAD, "international"),
        ("+12025550123", "international"),
        ("0085221234567", "hmt"),
        ("+85221234567", "hmt"),
        ("00886221234567", "hmt"),
        ("0000112025550123", "unknown"),
        ("1790900" + "12025550123", "ip-prefix"),
        ("6999", "unknown"),
    ],
)
def test_what_the_contract_has_not_opened_is_refused(office, record, switches, dialled, reason):
    """A number abroad is refused with 403 in all its forms, and nothing goes out to the operator."""
    before = len(switches.ims.calls())
    assert refused(office.anna.dial(dialled)) == 403
    found = record()
    assert found["userfield"] == f"refused-{reason}"
    assert (found["disposition"], found["billsec"], found["answer"]) == ("NO ANSWER", 0, 0)
    assert len(switches.ims.calls()) == before


@pytest.mark.parametrize(
    "dialled",
    ["1001%26Local%2F1002%40t", "6002%26PJSIP%2Fseat-12393", "110%22%20%7C%20%221", "1%2C2", "0%24%7BX%7D"],
)
def test_what_is_dialled_cannot_become_dialplan(office, record, dialled):
    """Digits with anything else among them are refused, and only the caller's own leg ever existed."""
    assert refused(office.anna.dial(dialled)) == 403
    found = record()
    assert found["userfield"] == "refused-characters"
    assert found["dstchannel"] == ""


@pytest.mark.parametrize("dialled", ["abc", "s", "h", "*72", "%2672"])
def test_what_is_no_number_reaches_nothing(office, dialled):
    """Letters and stars are in no context: 404."""
    assert refused(office.anna.dial(dialled)) == 404


def test_contracts_cannot_call_each_other_by_short_number(office, new_records):
    """A short number of another contract is unknown, although that contract is on the same switch."""
    assert refused(office.hotline.dial("6001")) == 403
    assert refused(office.anna.dial("7001")) == 403
    assert [r["userfield"] for r in new_records(2)] == ["refused-unknown", "refused-unknown"]


def test_a_closed_zone_inside_is_closed(office, record):
    """Where a contract closes internal calls, its seats do not reach each other, by whatever number."""
    assert refused(office.family.dial("09084220002")) == 403
    assert record()["userfield"] == "refused-internal"


def test_another_contracts_seat_is_called_through_the_operator(office, new_records, switches):
    """A long number of another contract goes out by the caller's own line and comes in by the other's."""
    office.anna.dial("09084220001").talk(0.1)
    assert switches.ims.calls()[-1]["to"] == "+869084220001"
    assert new_records(1)[0]["dstchannel"].startswith("PJSIP/line-zhaotong-")


@pytest.mark.parametrize(
    ("asked", "dst"),
    [
        ("2120002", "2120002"),
        ("8702120002", "08702120002"),
        ("868702120002;npdi", "868702120002"),
        ("+868702120002;rn=+86870;npdi", "+868702120002"),
        ("00868702120002", "00868702120002"),
    ],
)
def test_the_operator_may_ask_for_a_long_number_in_any_form(office, record, asked, dst):
    """A long number rings without its area code, without its 0 and with the operator's parameters too; the
    record has it in a form that is charged by."""
    assert office.mobile.dial(f"*+868702120001*{asked}").talk(0.1).code == 200
    office.bert.next_call().ended()
    found = record()
    assert (found["userfield"], found["accountcode"], found["dst"]) == ("", "08702120002", dst)
    assert found["dcontext"] == "seatline-zhaotong-a-line"


@pytest.mark.parametrize(
    "asked", ["6002", "06002", "8706002", "12393", "+869084220001", "09084220001", "9084220001", "110", "+"]
)
def test_a_line_rings_its_own_contracts_long_numbers_only(office, record, asked):
    """On a contract's line neither its short numbers nor another contract's numbers can be reached."""
    assert refused(office.mobile.dial(f"*+868702120001*{asked}")) == 404
    found = parties(record())
    assert (found["userfield"], found["accountcode"], found["dst"]) == ("refused-nobody", "", asked)


def diverted(number):
    """What a telephone sends that says it passes another's call on."""
    return [
        ("Diversion", f"<sip:{number}@ims.example.net>;reason=unconditional;counter=1"),
        ("History-Info", f"<sip:{number}@ims.example.net?Reason=SIP%3Bcause%3D302>;index=1"),
        ("History-Info", "<sip:110@ims.example.net>;index=1.1"),
        ("Supported", "histinfo"),
    ]


@pytest.mark.parametrize("claimed", ["13900000000", "08702120002", "12393", "110"])
def test_the_number_shown_is_the_seats_own_whatever_it_claims(claims, record, switches, claimed):
    """A seat that claims another number in From and in every identity header is shown under its own."""
    liar = claims(claimed)
    lie = f"<sip:{claimed}@ims.example.net>"
    headers = [
        ("P-Asserted-Identity", lie),
        ("P-Preferred-Identity", lie),
        ("Remote-Party-ID", f"{lie};party=calling;screen=yes;privacy=off"),
        ("Privacy", "id"),
        *diverted(claimed),
    ]
    assert liar.dial(MACHINE, headers=headers).talk(0.1).code == 200
    shown = switches.ims.calls()[-1]
    assert shown["from"] == "+868702120001"
    assert shown["From"].startswith("<sip:+868702120001@ims.example.net")
    assert shown["PAI"].startswith("<sip:+868702120001@ims.example.net")
    assert {shown[name] for name in ("PPI", "Privacy", "RPID", "Diversion", "History-Info")} == {""}
    found = parties(record())
    assert (found["accountcode"], found["src"]) == ("08702120001", "08702120001")


def test_no_number_is_shown_as_passed_on_even_where_the_switch_could(office, claims, switches):
    """Where res_pjsip_diversion.so is loaded the dialplan sees to it that nothing comes of a claim."""
    pbx = switches.pbx
    assert "Loaded" in pbx.cli("module load res_pjsip_diversion.so")
    try:
        assert claims("1").dial(MACHINE, headers=diverted("13911112222")).talk(0.1).code == 200
        assert claims("1").dial("110", headers=diverted("13911112222")).talk(0.1).code == 200
        claims("1").dial("6002", headers=diverted("13911112222")).talk(0.1)
        rung = office.bert.next_call()
    finally:
        pbx.cli("module unload res_pjsip_diversion.so")
    for shown in switches.ims.calls()[-2:]:
        assert (shown["Diversion"], shown["History-Info"]) == ("", "")
    assert "13911112222" not in rung.came_from + rung.asserted + rung.diverted


def test_inside_the_contract_a_claim_is_not_believed_either(office, claims, record):
    """A colleague sees the short number of the seat that really calls."""
    claims("110").dial("6002", headers=[("P-Asserted-Identity", "<sip:110@x>")]).talk(0.1)
    rung = office.bert.next_call()
    assert "<sip:6001@" in rung.came_from
    assert "110" not in rung.came_from + rung.asserted
    assert record()["src"] == "08702120001"


@pytest.mark.parametrize(
    ("dialled", "code", "disposition"),
    [("13900000001", 486, "BUSY"), ("13900000003", 404, "NO ANSWER"), ("13900000004", 503, "CONGESTION")],
)
def test_the_operators_no_is_passed_on(office, new_records, dialled, code, disposition):
    """A busy or unknown number ends with the operator's own code, unanswered in every record."""
    assert refused(office.anna.dial(dialled)) == code
    found = new_records(2)
    assert {r["linkedid"] for r in found} == {found[0]["linkedid"]}
    assert [(r["disposition"], r["answer"]) for r in found] == [(disposition, 0)] * 2


def test_a_call_given_up_while_ringing_is_not_answered(office, record):
    """Whoever hangs up before the other answers leaves one record without an answer."""
    call = office.anna.dial("13900000002")
    call.wait("early")
    call.hang_up()
    assert call.ended().code == 487
    found = record()
    assert (found["disposition"], found["answer"], found["billsec"]) == ("NO ANSWER", 0, 0)


def test_an_unregistered_seat_is_not_available(office, record):
    """A seat whose telephone is not registered answers 480, the own number 486."""
    assert refused(office.anna.dial("6004")) == 480
    assert record()["disposition"] != "ANSWERED"
    assert refused(office.anna.dial("6001")) == 486


def test_a_wrong_secret_is_refused(office, phones):
    """A telephone with a wrong secret cannot register, nor one with the secret of another seat's user."""
    for user in ("seat-08702120003", "08702120003", "nobody"):
        with pytest.raises(Refused, match=r"401|403"):
            phones.register("08702120003", auth_user=user, secret="x" * 24, registrar=office.registrar)


def test_a_seat_cannot_take_another_seats_place(office, phones, switches):
    """A seat that registers with its own secret for another seat's number is refused."""
    with pytest.raises(Refused, match=r"40[134]"):
        phones.register(
            "08702120003", auth_user="seat-08702120001", secret=SECRET, registrar=office.registrar
        )
    assert "08702120003/" not in switches.pbx.cli("pjsip show contacts")


def test_both_books_hold_the_same_calls(office, new_records, switches):
    """seatline.json and Master.csv have the same records with the same keys, accounts, numbers and ends."""
    office.anna.dial("6002").talk(0.1)
    office.bert.next_call().ended()
    new_records(1)
    switches.pbx.wait_both_books()
    rows = {(row[16], row[20]): row for row in switches.pbx.master()}
    records = {(r["uniqueid"], str(r["sequence"])): r for r in switches.pbx.records()}
    assert rows.keys() == records.keys()
    for key, record in records.items():
        row = rows[key]
        assert len(row) == 21
        assert record["schema"] == "1"
        assert row[:5] == [record[name] for name in ("accountcode", "src", "dst", "dcontext", "clid")]
        assert row[12:16] == [
            str(record["duration"]), str(record["billsec"]), record["disposition"], record["amaflags"],
        ]  # fmt: skip
        assert row[17:20] == [record["userfield"], record["peeraccount"], record["linkedid"]]
        assert record["uniqueid"].startswith("pbx-")


def test_everything_stays_on_loopback(office, switches):
    """While a call is on, SIP, voice and AMI of both switches are open on loopback and nowhere else; the two
    sockets of PJSIP's DNS client are what is left, and they answer nobody."""
    call = office.anna.dial(LANDLINE)
    call.wait("connected")
    found = {name: getattr(switches, name).sockets() for name in ("pbx", "ims")}
    call.hang_up()
    call.ended()
    for name, port in (("pbx", 5160), ("ims", 5070)):
        inside = [(s.protocol, s.port) for s in found[name] if s.on_loopback]
        assert ("udp", port) in inside
        assert len([one for one in inside if one[0] == "udp" and 19000 <= one[1] < 19800]) >= 2
        outside = [s for s in found[name] if not s.on_loopback]
        assert [(s.protocol, s.address.strip("0")) for s in outside] == [("udp", "")] * 2
        assert not any(19000 <= s.port < 19800 for s in outside)
        assert not any(answers(s.port) for s in outside)
    assert ("tcp", 5138) in [(s.protocol, s.port) for s in found["pbx"]]
    assert [s for s in found["ims"] if s.protocol == "tcp"] == []


def answers(port):
    """Whether anything comes back to a SIP request that is sent to a port of this machine."""
    request = (
        f"OPTIONS sip:s@127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1;rport\r\n"
        "From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:s@127.0.0.1>\r\nCall-ID: 1@127.0.0.1\r\n"
        "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.settimeout(0.5)
        ours.sendto(request.encode(), ("127.0.0.1", port))
        try:
            return bool(ours.recv(4096))
        except OSError:
            return False


def test_the_call_records_are_for_the_owner_and_the_group_alone(office, new_records, switches):
    """What a switch writes outside is closed to other users of the machine, and its owner can read it."""
    office.anna.dial("6002").talk(0.1)
    office.bert.next_call().ended()
    new_records(1)
    switches.pbx.wait_both_books()
    for folder in (switches.pbx.log, switches.ims.log):
        written = [path for path in folder.rglob("*") if path.is_file()]
        assert {path.name: stat.S_IMODE(path.stat().st_mode) & 0o007 for path in written} == dict.fromkeys(
            [path.name for path in written], 0
        )
    assert switches.pbx.csv_records.read_text(encoding="utf-8")


def cases() -> list[dict[str, str]]:
    """The rows of the golden table that a telephone can dial."""
    with CASES.open(newline="", encoding="utf-8") as file:
        return [
            row
            for row in csv.DictReader(file)
            if re.fullmatch(r"\+?[0-9]+(#|;.*)?", row["dialled"], re.ASCII)
        ]


def areas() -> list[str]:
    return sorted({row["area_code"] for row in cases()})


def test_the_switch_decides_by_the_zone_a_call_is_charged_in(switches, new_records):
    """A seat with everything closed is refused each number of the table for the very zone it would cost."""
    pbx = switches.pbx
    provision(
        pbx,
        *(
            contract(f"closed{a}", a, [(f"{a}7654321", None)], zones=(), proxy=switches.ims.sip)
            for a in areas()
        ),
    )
    wanted, found = [], []
    with Phones(bind=switches.desks) as phones:
        lines = {
            a: phones.unregistered("x", auth_user=f"seat-{a}7654321", secret=SECRET, registrar=pbx.sip)
            for a in areas()
        }
        for row in cases():
            call = lines[row["area_code"]].dial(row["dialled"].replace("#", "%23"))
            if row["class"] == "emergency":
                call.wait("early")
                call.hang_up()
                said = "emergency"
            else:
                said = f"refused-{row['zone'] or row['class']}"
            wanted.append((row["area_code"], re.split("[#;]", row["dialled"])[0], said))
            call.ended()
        for r in new_records(len(wanted)):
            area = r["accountcode"].removesuffix("7654321")
            found.append((area, r["dst"], r["userfield"]))
    assert len(wanted) >= 60
    assert sorted(found) == sorted(wanted)


def test_the_operator_gets_every_number_in_its_own_form(switches):
    """With all zones open each number of the table goes out as +86 and the national number without 0, short
    numbers as they are, foreign ones with 00; what has no zone stays refused."""
    pbx, ims = switches.pbx, switches.ims
    provision(
        pbx,
        *(
            contract(f"open{a}", a, [(f"{a}7654321", None)], zones=tuple(Zone), proxy=ims.sip)
            for a in areas()
        ),
    )
    wanted = []
    before = len(ims.calls())
    with Phones(bind=switches.desks) as phones:
        lines = {
            a: phones.unregistered("x", auth_user=f"seat-{a}7654321", secret=SECRET, registrar=pbx.sip)
            for a in areas()
        }
        for row in cases():
            call = lines[row["area_code"]].dial(row["dialled"].replace("#", "%23"))
            if row["zone"] or row["class"] == "emergency":
                call.wait("early")
                call.hang_up()
                wanted.append((_operators_form(row["national"]), f"+86{row['area_code'][1:]}7654321"))
            call.ended()
    assert [(call["to"], call["from"]) for call in ims.calls()[before:]] == wanted


def _operators_form(national: str) -> str:
    if national.startswith("00"):
        return national
    if national.startswith("0"):
        return f"+86{national[1:]}"
    return f"+86{national}" if re.fullmatch(r"1[3-9][0-9]{9}", national) else national
