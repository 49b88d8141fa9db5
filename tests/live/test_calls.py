"""Real calls by softphones through a real Asterisk, out to the operator's and back."""

from __future__ import annotations

import csv
import importlib.util
import re
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

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "golden" / "numbering" / "cases.csv"
SECRET = "Qx7" * 8
OPEN = (Zone.INTERNAL, Zone.LOCAL, Zone.DOMESTIC, Zone.SERVICE)
LANDLINE, MOBILE, ABROAD = "01085200000", "13800138000", "0012025550123"
MACHINE = "13900138000"
"""A mobile that nobody has registered: the operator answers for it, and hums."""


def contract(name, area, seats, *, zones=OPEN, register="seat", user="+86{area}{local}", proxy):
    """A contract with these seats: long number, short number or None."""
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
            ims=Ims(domain="ims.example.net", proxy=f"sip:{proxy}", register=register, user=user),
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
    """Three contracts on one switch, with some of their telephones."""

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


@pytest.fixture(scope="module")
def office(switches) -> Iterator[Office]:
    """The three contracts provisioned, their numbers registered at the operator, telephones on the desks."""
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
    )
    ims.wait_registered([f"+86870212{n:04}" for n in range(1, 6)] + ["12393", "+869084220001"])
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
        call.wait("connected", 5)
    return call.ended().code


@pytest.mark.parametrize(
    "dialled", ["6002", "08702120002", "2120002", "+868702120002", "868702120002", "00868702120002"]
)
def test_seats_of_a_contract_call_each_other_by_short_and_long_number(office, record, dialled):
    """A seat is reached by its short number and any form of its long one, and sees the other's short one."""
    ended = office.anna.dial(dialled).talk(0.3)
    rung = office.bert.next_call()
    assert ended.code == 200
    assert ended.heard > 5
    assert rung.ended().heard > 5
    assert "<sip:6001@" in rung.came_from
    assert parties(record()) == {
        "accountcode": "08702120001", "src": "08702120001", "dst": dialled, "userfield": "",
        "disposition": "ANSWERED",
    }  # fmt: skip


def test_a_service_number_calls_a_mobile_under_its_own_number(office, record, switches):
    """12393 is shown to a mobile as 12393, and the operator is asked for +86 and the mobile's number."""
    assert office.hotline.dial(MOBILE).talk(0.3).heard > 5
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
    assert call.talk(0.3).heard > 5
    shown = switches.ims.calls()[-1]
    assert (shown["to"], shown["from"]) == ("+861085200000", "+869084220001")
    assert parties(record()) == {
        "accountcode": "09084220001", "src": "09084220001", "dst": LANDLINE, "userfield": "",
        "disposition": "ANSWERED",
    }  # fmt: skip


def test_a_call_from_outside_rings_the_seat_by_its_long_number(office, record):
    """The operator's call to a long number rings that seat, which sees the caller in national form."""
    assert office.mobile.dial("08702120002").talk(0.3).heard > 5
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
    found = new_records(2)
    assert [r["dcontext"] for r in found] == ["seatline-jilin-a-line", "seatline-kizilsu-a-line"]
    assert [r["accountcode"] for r in found] == ["12393", "09084220001"]


@pytest.mark.parametrize("dialled", ["110", "119", "120", "122", "12110", "12395", "+86110"])
def test_emergency_calls_always_go_out(office, record, switches, dialled):
    """An emergency number is reached from a seat whose contract has not even service numbers open."""
    assert office.family.dial(dialled).talk(0.1).code == 200
    assert switches.ims.calls()[-1]["to"] == dialled.removeprefix("+86")
    found = parties(record())
    assert (found["userfield"], found["accountcode"], found["dst"]) == ("emergency", "09084220001", dialled)


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


@pytest.mark.parametrize("asked", ["6002", "12393", "+869084220001", "09084220001", "8702120002", "110", "+"])
def test_a_line_rings_its_own_contracts_long_numbers_only(office, record, asked):
    """On a contract's line neither its short numbers nor another contract's numbers can be reached."""
    assert refused(office.mobile.dial(f"*+868702120001*{asked}")) == 404
    found = parties(record())
    assert (found["userfield"], found["accountcode"], found["dst"]) == ("refused-nobody", "", asked)


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
    ]
    assert liar.dial(MACHINE, headers=headers).talk(0.1).code == 200
    shown = switches.ims.calls()[-1]
    assert shown["from"] == "+868702120001"
    assert shown["From"].startswith("<sip:+868702120001@ims.example.net")
    assert shown["PAI"].startswith("<sip:+868702120001@ims.example.net")
    assert (shown["PPI"], shown["Privacy"]) == ("", "")
    found = parties(record())
    assert (found["accountcode"], found["src"]) == ("08702120001", "08702120001")


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
            phones.register(
                "08702120003", auth_user=user, secret="x" * 24, registrar=office.registrar, timeout=8
            )


def test_a_seat_cannot_take_another_seats_place(office, phones, switches):
    """A seat that registers with its own secret for another seat's number is refused."""
    with pytest.raises(Refused, match=r"40[134]"):
        phones.register(
            "08702120003", auth_user="seat-08702120001", secret=SECRET, registrar=office.registrar, timeout=8
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


def test_voice_stays_on_loopback(office, switches):
    """While a call is on, no port of the voice ranges is open on another address than loopback."""
    call = office.anna.dial(LANDLINE)
    call.wait("connected")
    table = [line.split()[1] for line in Path("/proc/net/udp").read_text().splitlines()[1:]]
    table += [line.split()[1] for line in Path("/proc/net/udp6").read_text().splitlines()[1:]]
    call.hang_up()
    call.ended()
    voice = [place for place in table if 19000 <= int(place.split(":")[1], 16) < 19800]
    assert len(voice) >= 4
    assert [place for place in voice if not (len(place) == 13 and place[6:8] == "7F")] == []


def cases() -> list[dict[str, str]]:
    """The rows of the golden table that a telephone can dial."""
    with CASES.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if re.fullmatch(r"\+?[0-9]+", row["dialled"], re.ASCII)]


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
            call = lines[row["area_code"]].dial(row["dialled"])
            if row["class"] == "emergency":
                call.wait("early")
                call.hang_up()
                wanted.append((row["area_code"], row["dialled"], "emergency"))
            else:
                wanted.append((row["area_code"], row["dialled"], f"refused-{row['zone'] or row['class']}"))
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
            call = lines[row["area_code"]].dial(row["dialled"])
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
