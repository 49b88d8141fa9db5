"""A demanding operator: passwords, expiries, refusals, early media, session timers, blackouts."""

from __future__ import annotations

import importlib.util
import itertools
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pbx.config import Config
from pbx.errors import Refused
from pbx.live.softphone import Call, Phone, Phones
from provisioning.core.contract import Contract
from provisioning.core.site import SessionTimers
from provisioning.flows.drift import find_drift

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)

operators = sys.modules["live_operators"]
"""What conftest made of operators.py."""
pytestmark = pytest.mark.live

LANDLINE = "01085200000"
EARLY, RELIABLE, SESSIONS, LONG_SESSION, ANNOUNCED = (f"1390000000{n}" for n in (5, 6, 7, 8, 9))
"""What docker/README.md says of these numbers."""
DOMAIN = "ims.example.net"
ANNA, BERT = "+868702120001", "+868702120002"
OTHER = "+868702120069"
"""A number that is registered beside the contracts' own, and tried again every two seconds."""


def test_a_number_registers_with_its_own_password(pbx, operator):
    """A REGISTER is challenged, and answered with the number's digest user and password it is taken."""
    operators.put(pbx, *operators.registration(operator.sip, ANNA, operator.passwords[ANNA]))
    operators.wait_registered(pbx)
    assert [line.removeprefix("==> SIP/2.0 ") for line in operator.heard() if "==>" in line] == [
        "401 Unauthorized", "200 OK",
    ]  # fmt: skip
    assert operator.contact(ANNA).startswith(f"sip:{ANNA}@{pbx.sip};line=")


@pytest.mark.parametrize("whose", ["nobody's", BERT])
def test_a_wrong_password_is_rejected(pbx, operator, whose):
    """With a password of nobody's, or with another number's, the number is not registered, nor forgotten:
    the switch will try again."""
    operators.put(
        pbx, *operators.registration(operator.sip, ANNA, operator.passwords.get(whose, "nobodys0password"))
    )
    operators.wait_for(lambda: operators.state(pbx) == "Rejected", "rejection")
    assert operator.contact(ANNA) == ""
    assert "200 OK" not in "".join(operator.heard())
    assert 0 < operators.rejected_for(pbx) <= 300
    operators.put(pbx, *operators.registration(operator.sip, ANNA, operator.passwords[ANNA]))
    pbx.cli(f"pjsip send register {ANNA[1:]}-reg")
    operator.ims.wait_registered([ANNA])


def test_a_password_opens_no_other_number(pbx, operator):
    """Anna's digest user and password do not register Bert's number."""
    made, auth = operators.registration(operator.sip, ANNA, operator.passwords[ANNA])
    user = tuple((key, value.replace(ANNA, BERT)) for key, value in made.options)
    operators.put(pbx, replace(made, options=user), auth)
    operators.wait_for(lambda: operators.state(pbx) == "Rejected", "rejection")
    assert (operator.contact(ANNA), operator.contact(BERT)) == ("", "")


def test_a_password_may_hold_what_a_file_must_escape(pbx, operator):
    """Semicolons, quotes and signs of a password arrive at both ends as they are."""
    password = """a;b"c'd#e=f>g,h$i|j%k&l"""
    with operator.asking(passwords={ANNA: password}):
        operators.put(pbx, *operators.registration(operator.sip, ANNA, password))
        operator.ims.wait_registered([ANNA])


def test_a_registration_is_renewed_before_it_expires(pbx, operator):
    """An operator that grants 13 seconds of the hour asked for sees each REGISTER renewed in time."""
    with operator.asking(expires="10-13"):
        operators.put(pbx, *operators.registration(operator.sip, ANNA, operator.passwords[ANNA]))

        def taken() -> list[int]:
            return [one.second for one in operator.history() if one.line == "==> SIP/2.0 200 OK"]

        operators.wait_for(lambda: len(taken()) >= 4, "renewals")
        assert all(later - earlier < 13 for earlier, later in itertools.pairwise(taken()))
        assert operator.contact(ANNA)
    request = next(one.text for one in operator.history() if "<== REGISTER" in one.line)
    assert "Expires: 3600" in request


def test_a_lost_registration_comes_back(pbx, operator):
    """An operator that lost all its registrations has the number again after the next renewal."""
    with operator.asking(expires="10-13"):
        operators.put(pbx, *operators.registration(operator.sip, ANNA, operator.passwords[ANNA]))
        operator.ims.wait_registered([ANNA])
        assert operator.forget() == 1
        operator.ims.wait_registered([ANNA])


def test_an_operator_out_of_service_is_asked_again(pbx, operator):
    """A registration answered 503 is not in force, and is tried again when Retry-After says, not before."""
    with operator.out_of_service():
        operators.put(pbx, *operators.registration(operator.sip, ANNA, operator.passwords[ANNA]))
        assert 250 < operators.wait_for(lambda: operators.rejected_for(pbx), "rejection") <= 300
        assert operator.contact(ANNA) == ""
        assert operator.heard()[1:] == ["==> SIP/2.0 503 Service Unavailable"]
    pbx.cli(f"pjsip send register {ANNA[1:]}-reg")
    operator.ims.wait_registered([ANNA])
    operators.wait_registered(pbx)


def test_drift_shows_a_password_the_operator_refuses(pbx, operator):
    """After an apply with a password that is not the operator's, drift names the seat's registration and how
    it stands, and no other seat's; the right password, applied, is tried at once."""
    right = {f"0{user[3:]}": password for user, password in operator.passwords.items()}
    contract = sites.contract(of=sites.seats(2), proxy=f"sip:{operator.sip}")
    book = sites.Book((contract,), passwords=right | {"08702120001": "nobodys0password"})
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        assert sites.apply_to(ami, book).exit_code == 0
        operators.wait_registered(pbx, "08702120002-ims")
        operators.wait_for(lambda: operators.rejected_for(pbx), "rejection")
        report = find_drift(ami, book, sites=(), hand_written=sites.HAND_WRITTEN, today=sites.TODAY)
        assert report.drifts == ()
        assert [(one.object, one.state) for one in report.unregistered] == [("08702120001-ims", "Rejected")]
        book.passwords = right
        planned = sites.plan_of(ami, book).to_json()
        assert [(one["action"], one["name"]) for one in planned["changes"]] == [("change", "08702120001")]
        assert sites.apply_to(ami, book, force=True).exit_code == 0
        operators.wait_registered(pbx, "08702120001-ims", "08702120002-ims", timeout=40)
        report = find_drift(ami, book, sites=(), hand_written=sites.HAND_WRITTEN, today=sites.TODAY)
        assert report.unregistered == ()
    assert "nobodys0password" not in repr(report) + str(planned)


# From here on calls, by one office whose numbers stay registered.


@dataclass(frozen=True)
class Branch:
    """Telephones of four contracts, all with passwords of the operator but where it says otherwise."""

    anna: Phone
    bert: Phone
    extra: Phone
    """08702120005: the operator gave it no password, so it is not registered there."""
    ppi: Phone
    """08702120011: its contract shows numbers in P-Preferred-Identity."""
    plain: Phone
    """08702120021: its contract shows numbers in From alone, and wants sessions of 90 seconds."""
    trunk: Phone
    """08702120032: goes with 08702120031, the one number of its contract that registers."""
    mobile: Phone


def contract(operator: Any, site: str, first: int, count: int, **ims: Any) -> Contract:
    made = sites.contract(site, of=sites.seats(count, first=first), proxy=f"sip:{operator.sip}")
    return replace(made, site=replace(made.site, ims=replace(made.site.ims, **ims)))


@pytest.fixture(scope="module")
def branch(switches, demanding) -> Iterator[Branch]:
    """The contracts applied, their numbers registered with their passwords, telephones on the desks."""
    pbx = switches.pbx
    pbx.wipe()
    demanding.reset()
    passwords = {f"0{user[3:]}": password for user, password in demanding.passwords.items()}
    book = sites.Book(
        (
            contract(demanding, "zhaotong", 1, 5),
            contract(demanding, "annex", 11, 1, identity="ppi"),
            contract(demanding, "plain", 21, 1, identity="none", session_timers=SessionTimers(expires=90)),
            contract(demanding, "hall", 31, 2, register="trunk"),
        ),
        passwords={number: word for number, word in passwords.items() if number != "08702120005"},
    )
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        assert sites.apply_to(ami, book).exit_code == 0
    pbx.put(
        Config(
            {
                "seatline-pjsip-x-01.conf": operators.registration(
                    demanding.sip, OTHER, demanding.passwords[OTHER], retry_interval="2"
                )
            }
        )
    )
    demanding.goes_with("+868702120032", "+868702120031")
    names = ("08702120001", "08702120002", "08702120011", "08702120021", "line-hall")
    operators.wait_registered(pbx, *(f"{name}-ims" for name in names), f"{OTHER[1:]}-reg")
    with Phones(bind=switches.desks) as phones, Phones(bind=switches.outside) as outside:

        def telephone(number: str, how: Callable[..., Phone]) -> Phone:
            secret = f"Secret0of0{number}000"
            return how(number, auth_user=f"seat-{number}", secret=secret, registrar=pbx.sip)

        yield Branch(
            anna=telephone("08702120001", phones.register),
            bert=telephone("08702120002", phones.register),
            extra=telephone("08702120005", phones.unregistered),
            ppi=telephone("08702120011", phones.unregistered),
            plain=telephone("08702120021", phones.unregistered),
            trunk=telephone("08702120032", phones.unregistered),
            mobile=outside.register(
                "13800138000",
                auth_user="mobile",
                secret=demanding.ims.mobile_secret,
                registrar=demanding.sip,
            ),
        )


@pytest.fixture
def records(switches, new_records, branch):
    """The records of the calls made in this test, when there are so many, each file complete."""

    def wanted(count: int) -> list[Mapping[str, Any]]:
        found = new_records(count)
        switches.pbx.wait_both_books()
        return found

    return wanted


def refused(call: Call) -> int:
    """The code a call was refused with, never having been answered."""
    with pytest.raises(Refused):
        call.wait("connected")
    return call.ended().code


def test_a_registered_number_may_call(branch, demanding, records):
    """A call of a registered number passes, and shows that number in From and P-Asserted-Identity."""
    noted = len(demanding.notes())
    assert branch.anna.dial(LANDLINE).wait("connected").hear(6).talk(0).code == 200
    shown = demanding.ims.calls()[-1]
    assert shown["From"].startswith(f"<sip:{ANNA}@{DOMAIN}")
    assert f"<sip:{ANNA}@{DOMAIN}" in shown["PAI"]
    assert shown["URI"] == f"sip:+861085200000@{DOMAIN};user=phone"
    assert demanding.notes()[noted:] == []
    assert [r["disposition"] for r in records(1)] == ["ANSWERED"]


def test_an_unregistered_number_may_not_call(branch, demanding, records):
    """The call of a seat whose number is not registered is refused by the operator with 403; the caller hears
    so, nothing is charged, and the switch's own refusals have another mark in the record."""
    assert refused(branch.extra.dial(LANDLINE)) == 403
    assert "caller=+868702120005 because=not-registered-from-" in demanding.notes()[-1]
    found = records(1)
    assert {(r["src"], r["answer"], r["billsec"], r["userfield"]) for r in found} == {
        ("08702120005", 0, 0, "")
    }


def test_an_emergency_call_needs_no_registration(branch, demanding, records):
    """110 is taken from a number the operator refuses anything else, and from a full line."""
    demanding.wait_idle()
    with demanding.asking(capacity="1"):
        first = branch.anna.dial(LANDLINE).wait("connected")
        assert branch.extra.dial("110").talk(0.1).code == 200
        first.hang_up()
        first.ended()
    assert sorted((r["dst"], r["userfield"]) for r in records(2)) == [(LANDLINE, ""), ("110", "emergency")]


def test_a_number_may_go_with_the_registration_of_another(branch, demanding):
    """A trunk's number without a registration of its own may be shown, when the operator has it with the main
    number, and not when it has not."""
    assert branch.trunk.dial(LANDLINE).talk(0.1).code == 200
    assert demanding.ims.calls()[-1]["from"] == "+868702120032"
    demanding.ims.cli("database deltree goes-with")
    assert refused(branch.trunk.dial(LANDLINE)) == 403
    demanding.goes_with("+868702120032", "+868702120031")


def test_an_operator_that_wants_an_identity_gets_it(branch, demanding):
    """Where P-Asserted-Identity or P-Preferred-Identity is required, the one the contract says is there; a
    contract that shows neither is refused."""
    with demanding.asking(identity="required"):
        assert branch.anna.dial(LANDLINE).talk(0.1).code == 200
        assert branch.ppi.dial(LANDLINE).talk(0.1).code == 200
        shown = demanding.ims.calls()[-1]
        assert shown["PAI"] == ""
        assert shown["PPI"].startswith(f"<sip:+868702120011@{DOMAIN}")
        assert refused(branch.plain.dial(LANDLINE)) == 403
        assert demanding.notes()[-1].strip() == "caller=+868702120021 because=no-identity"
    assert branch.plain.dial(LANDLINE).talk(0.1).code == 200


@pytest.mark.parametrize("who", ["anna", "bert", "ppi", "trunk"])
def test_calls_are_challenged_too(branch, demanding, who):
    """An operator that challenges each INVITE as well gets the password of the number that registered."""
    with demanding.asking(challenge="invite"):
        demanding.listen()
        assert getattr(branch, who).dial(LANDLINE).talk(0.1).code == 200
    heard = [one for one in demanding.history() if not re.search("^CSeq: .*REGISTER", one.text, re.MULTILINE)]
    assert heard[1].line == "==> SIP/2.0 401 Unauthorized"
    answers = [one.text for one in heard if "<== INVITE" in one.line]
    user = re.search(r'Authorization: Digest username="([^"@]+)@', answers[1])
    assert user
    wanted = {"anna": ANNA, "bert": BERT, "ppi": "+868702120011", "trunk": "+868702120031"}[who]
    assert user[1] == wanted


def test_a_call_in_shows_who_calls(branch, demanding, records):
    """A call that comes in on a number's own registration rings its seat, which sees the asserted caller."""
    assert branch.mobile.dial("08702120002").wait("connected").hear(6).talk(0).code == 200
    assert "<sip:13800138000@" in branch.bert.next_call().came_from
    assert [(r["accountcode"], r["src"]) for r in records(1)] == [("08702120002", "13800138000")]


def test_early_media_is_heard_and_not_charged(branch, records):
    """What the operator plays before it answers (183 with SDP) is heard, and charged time begins after."""
    call = branch.anna.dial(EARLY)
    call.wait("early").hear(50)
    assert call.state == "early"
    assert 183 in call.codes
    call.talk(0.2)
    (found,) = records(1)
    assert found["answer"] - found["start"] > 2.9
    assert found["billsec"] <= found["end"] - found["answer"] + 0.001


def test_an_announcement_without_an_answer_costs_nothing(branch, records):
    """A number out of service is announced in early media and then refused; no record has an answer."""
    call = branch.anna.dial(ANNOUNCED)
    assert refused(call) == 404
    assert call.codes[0] == 183
    assert call.heard > 25
    assert {(r["answer"], r["billsec"]) for r in records(1)} == {(0, 0)}


def test_no_line_free_at_the_operator(branch, demanding, records):
    """With one call allowed at once the second gets 503 and CONGESTION, and one after the first one's end
    goes through."""
    demanding.wait_idle()
    with demanding.asking(capacity="1"):
        first = branch.anna.dial(LANDLINE).wait("connected")
        assert refused(branch.bert.dial("01085200001")) == 503
        assert demanding.notes("ims full ")[-1].endswith("calls=2")
        first.hang_up()
        first.ended()
        demanding.wait_idle()
        assert branch.bert.dial("01085200001").talk(0.1).code == 200
    found = records(4)  # the refused one has two
    assert {r["disposition"] for r in found if r["dst"] == LANDLINE} == {"ANSWERED"}
    second = [r["disposition"] for r in found if r["dst"] == "01085200001"]
    assert sorted(set(second)) == ["ANSWERED", "CONGESTION"]
    assert {r["answer"] for r in found if r["disposition"] == "CONGESTION"} == {0}


def test_the_called_side_is_full_too(branch, demanding):
    """Calls in count as well: with no line free a mobile's call does not come through."""
    demanding.wait_idle()
    with demanding.asking(capacity="1"):
        first = branch.anna.dial(LANDLINE).wait("connected")
        assert refused(branch.mobile.dial("08702120002")) == 503
        first.hang_up()
        first.ended()


def test_reliable_provisional_answers(branch, demanding):
    """An insistence on 100rel is met: each of its provisional answers is acknowledged, by PRACK."""
    demanding.listen()
    assert branch.anna.dial(RELIABLE).talk(0.1).code == 200
    lines = [line.split(" SIP/2.0")[0].split(" sip:")[0] for line in demanding.heard()]
    assert "<== PRACK" in lines
    assert lines.index("<== PRACK") < lines.index("<== ACK")


def test_a_session_too_short_for_the_operator(branch, demanding):
    """An operator that wants sessions of an hour says 422, and gets a call with an hour."""
    demanding.listen()
    assert branch.anna.dial(LONG_SESSION).talk(0.1).code == 200
    assert "==> SIP/2.0 422 Session Interval Too Small" in demanding.heard()
    assert demanding.ims.calls()[-1]["Session-Expires"].startswith("3600")


def test_out_of_service(branch, demanding, records):
    """While the operator answers 503 to all, calls end at once with 503, emergency calls too, which are tried
    all the same; afterwards calls pass again."""
    demanding.listen()
    with demanding.out_of_service():
        assert refused(branch.anna.dial(LANDLINE)) == 503
        assert refused(branch.anna.dial("110")) == 503
    asked = [line for line in demanding.heard() if line.startswith("<== INVITE")]
    assert [line.split("sip:")[1].split("@")[0] for line in asked] == ["+861085200000", "110"]
    found = records(4)  # two of each
    assert {(r["dst"], r["userfield"]) for r in found} == {(LANDLINE, ""), ("110", "emergency")}
    assert {r["disposition"] for r in found if r["lastapp"] == "Dial"} == {"CONGESTION"}
    assert branch.anna.dial(LANDLINE).talk(0.1).code == 200


def test_sessions_are_refreshed_and_a_blackout_passes(branch, demanding, switches, records):
    """A call lasts over a blackout of 32 seconds, and its session of 90 is refreshed at half time after it.
    Calls begun in the blackout end by themselves, an emergency call too, which is tried like any other; a
    registration that failed in it comes back after it."""
    pbx = switches.pbx
    out = branch.plain.dial(SESSIONS).wait("connected")
    assert demanding.ims.calls()[-1]["Session-Expires"].startswith("90")
    with demanding.asking(timers="always", session="90"):
        inwards = branch.mobile.dial("08702120001").wait("connected")
    demanding.listen()
    with demanding.silent():
        began, second = time.monotonic(), time.time()
        call, emergency = branch.bert.dial(LANDLINE), branch.extra.dial("110")
        pbx.cli(f"pjsip send register {OTHER[1:]}-reg")
        codes = refused(call), refused(emergency)
        waited = time.monotonic() - began
        operators.wait_for(lambda: operators.state(pbx, OTHER) in ("Rejected", "Unregistered"), "lapse")
    operators.wait_registered(pbx, f"{OTHER[1:]}-reg")
    assert codes == (408, 408)
    assert waited > 30
    operators.wait_for(lambda: len(refreshed(demanding.history(), second + 30)) >= 2, "refresh of both")
    assert [call.state for call in (out, inwards)] == ["connected"] * 2
    assert out.talk(0.1).seconds > 40
    inwards.hang_up()
    found = records(6)
    assert {(r["dst"], r["userfield"]) for r in found if not r["answer"]} == {
        (LANDLINE, ""),
        ("110", "emergency"),
    }
    assert {r["dst"] for r in found if r["answer"]} == {SESSIONS, "+868702120001"}


def refreshed(messages: list[Any], since: float) -> set[str]:
    """The calls whose session was refreshed, by us or by the operator: requests in a call that is up."""
    late = [one for one in messages if one.second >= since]
    asked = [one.text for one in late if re.match(r"(<==|==>) (UPDATE|INVITE) ", one.line)]
    up = [text for text in asked if re.search(r"^To: .*;tag=", text, re.MULTILINE)]
    return {call for text in up for call in re.findall(r"^Call-ID: (.*)$", text, re.MULTILINE)}
