"""Family phones: each calls its own list, for a time, with a warning, recorded, and passes no call on."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pbx import tone
from pbx.errors import Malformed
from pbx.live import wav
from pbx.live.softphone import Call, Phone, Phones
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

ANNA, BERT, CARL = "08702120001", "08702120002", "08702120003"
BERTS_SECOND = "08702120062"
LISTED, OTHER = "13900138011", "13900138012"
LONGEST = 6
WARNING = 1400


@dataclass(frozen=True)
class Desk:
    """A switch with a contract of family phones: Anna may call two mobiles, Bert and Carl, Bert Anna, Carl
    nobody. Bert's and Carl's rows name numbers to forward to, and the contract has forwarding closed."""

    pbx: Any
    ims: Any
    secrets: Mapping[str, str]
    anna: Phone
    bert: Phone
    carl: Phone
    mobile: Phone

    def records(self, since: float, count: int = 1) -> list[dict[str, Any]]:
        def found() -> list[dict[str, Any]]:
            new = [one for one in self.pbx.records() if one["start"] >= since]
            return new if len(new) >= count else []

        return list(sites.wait_for(found, "call record"))

    def passed_on(self, since: float) -> list[str]:
        """What the switch has tried to call for somebody else since then, once a call has ended."""
        self.records(since)
        made = [one for one in self.pbx.records() if one["start"] >= since]
        return [
            one["dst"]
            for one in made
            if one["channel"].startswith("Local/") or one["dstchannel"].startswith(("Local/", "PJSIP/line-"))
        ]

    def asked_for(self, number: str) -> bool:
        """Whether the operator has seen a call to that number."""
        return any(call["to"].endswith(number) for call in self.ims.calls())


@pytest.fixture(scope="module")
def desk(switches: Any) -> Iterator[Desk]:
    pbx, ims = switches.pbx, switches.ims
    pbx.wipe()
    made = sites.contract()
    anna, bert, carl = made.site.seats
    seats = (
        replace(anna, allowed=(LISTED, BERTS_SECOND, CARL, "13800138000")),
        replace(
            bert, allowed=("6001",), second_number=BERTS_SECOND, forward_busy=LISTED, forward_no_answer=LISTED
        ),
        replace(carl, forward_always=LISTED),
    )
    policy = Policy(allow_list=True, max_call_seconds=LONGEST, recording_keep_days=30)
    made = replace(made, policy=policy, site=replace(made.site, seats=seats))
    (pbx.sounds / "zhaotong").mkdir(exist_ok=True)
    wav.write(pbx.sounds / "zhaotong" / "warning.wav", tone.hum(WARNING, 0.5))
    for path in (pbx.sounds, pbx.sounds / "zhaotong"):
        path.chmod(0o755)
    book = sites.Book((made,))
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        applied = sites.apply_to(ami, book)
    assert {one.status for one in applied.outcomes} == {"applied"}, [one.fault for one in applied.outcomes]
    secrets = book.secrets("zhaotong")
    operators.wait_registered(pbx)
    with Phones(bind=switches.desks) as phones, Phones(bind=switches.outside) as outside:
        first, second, third = (
            phones.register(
                number, auth_user=f"seat-{number}", secret=secrets[number], registrar=pbx.sip, answer="ring"
            )
            for number in (ANNA, BERT, CARL)
        )
        mobile = outside.register(
            "13800138000", auth_user="mobile", secret=ims.mobile_secret, registrar=ims.sip, answer="ring"
        )
        yield Desk(pbx, ims, secrets, first, second, third, mobile)
    (pbx.sounds / "zhaotong" / "warning.wav").unlink()


def heard(file: Path) -> tuple[Any, int]:
    """What a telephone heard, once its file is written to the end."""

    def read() -> Any:
        try:
            return wav.read(file)
        except Malformed:
            return None

    found: tuple[Any, int] = sites.wait_for(read, f"whole {file.name}")
    return found


def connected(call: Call, called: Phone) -> Call:
    """Lifts the receiver of the called telephone."""
    answered = called.next_call()
    answered.answer()
    call.wait("connected")
    return answered


@pytest.mark.parametrize("dialled", [LISTED, f"0{LISTED}", f"+86{LISTED}", f"0086{LISTED}"])
def test_a_listed_number_may_be_called_however_it_is_written(desk: Desk, dialled: str) -> None:
    """A number of the seat's list is called in every form that means it."""
    call = desk.anna.dial(dialled).wait("connected")
    call.hang_up()
    assert call.ended().code == 200


@pytest.mark.parametrize(
    ("seat", "number"), [("anna", OTHER), ("bert", LISTED), ("carl", LISTED), ("bert", CARL)]
)
def test_any_other_number_is_refused(desk: Desk, seat: str, number: str) -> None:
    """What is not on the seat's own list is refused, also where it is on another's; the record says why."""
    began, rung = time.time(), len(desk.ims.calls())
    assert getattr(desk, seat).dial(number).ended().code == 403
    (record,) = desk.records(began)
    assert (record["userfield"], record["answer"], record["dst"]) == ("refused-not-listed", 0.0, number)
    assert len(desk.ims.calls()) == rung
    assert not desk.carl.incoming


@pytest.mark.parametrize(
    ("caller", "number", "called"),
    [
        ("anna", "6002", "bert"),
        ("anna", BERT, "bert"),
        ("anna", BERTS_SECOND, "bert"),
        ("bert", ANNA, "anna"),
    ],
)
def test_a_seat_may_be_listed_by_any_number(desk: Desk, caller: str, number: str, called: str) -> None:
    """A seat on the list is called by its long, short or second number, whichever of them the list has."""
    call = getattr(desk, caller).dial(number)
    connected(call, getattr(desk, called))
    call.hang_up()
    assert call.ended().code == 200


def test_emergency_calls_need_no_list(desk: Desk) -> None:
    """A seat without any number on its list reaches the police."""
    call = desk.carl.dial("110").wait("connected")
    call.hang_up()
    assert call.ended().code == 200
    assert desk.asked_for("110")


def test_a_call_ends_in_time_and_both_are_warned(desk: Desk, tmp_path: Path) -> None:
    """The longest time ends a call by itself; both hear the warning tone before; it is recorded."""
    began = time.time()
    before = set((desk.pbx.recordings / "zhaotong").glob("*/*.wav"))
    call = desk.anna.dial("13800138000").keep(tmp_path / "anna.wav")
    called = desk.mobile.next_call().keep(tmp_path / "mobile.wav")
    called.answer()
    call.wait("connected")
    assert call.ended().code == 200
    called.ended()
    (record,) = desk.records(began)
    assert record["disposition"] == "ANSWERED"
    for file in ("anna.wav", "mobile.wav"):
        samples, rate = heard(tmp_path / file)
        assert 0.3 < tone.heard(samples, WARNING, rate) < 0.8
        half = len(samples) - rate * 2
        assert tone.heard(samples[half:], WARNING, rate) == 0, "the tone is a warning, not the end"
    new = set((desk.pbx.recordings / "zhaotong").glob("*/*.wav")) - before
    assert {file.stem for file in new} == {record["uniqueid"]}


def test_nobody_passes_a_call_on(desk: Desk, switches: Any) -> None:
    """A telephone that asks to transfer its call (REFER), even to a listed number, transfers nothing."""
    rung = len(desk.ims.calls())
    phone = plain.PlainPhone(switches.desks, desk.pbx.sip, ANNA, f"seat-{ANNA}", desk.secrets[ANNA])
    voice = plain.Media(switches.desks)
    offer = plain.sdp(switches.desks, ("audio", voice.port, "8", ("rtpmap:8 PCMA/8000",)))
    try:
        assert phone.invite(LISTED, offer).code == 200
        wish = {"Refer-To": f"<sip:13800138000@{desk.pbx.sip}>", "Referred-By": phone.contact}
        phone.tell("REFER", **wish)
        # Nobody answers a REFER here. What is answered after it was looked at after it.
        assert phone.within("OPTIONS").code == 200
        phone.hang_up()
    finally:
        phone.close()
        voice.close()
    assert [call["to"][-11:] for call in desk.ims.calls()[rung:]] == [LISTED]
    assert not desk.mobile.incoming


@pytest.mark.parametrize(("caller", "to"), [("anna", "110"), ("mobile", "110"), ("mobile", LISTED)])
def test_nobody_redirects_a_call(desk: Desk, switches: Any, caller: str, to: str) -> None:
    """A telephone that sends a call elsewhere (302), even to where it needs no list, sends it nowhere.

    It rings, whatever its row says of forwarding.
    """
    began = time.time()
    phone = plain.PlainPhone(switches.desks, desk.pbx.sip, CARL, f"seat-{CARL}", desk.secrets[CARL])
    try:
        phone.register()
        call = getattr(desk, caller).dial(CARL)
        invite = phone.ring()
        phone.contact = f"<sip:{to}@{desk.pbx.sip}>"
        phone.answer(invite, 302)
        assert call.ended().code >= 400
    finally:
        phone.close()
    assert desk.passed_on(began) == []


def test_a_busy_telephone_passes_nothing_on(desk: Desk) -> None:
    """With forwarding closed a busy telephone is busy, whatever its row says."""
    began = time.time()
    call = desk.anna.dial(BERT)
    desk.bert.next_call().answer(486)
    assert call.ended().code == 486
    assert desk.passed_on(began) == []
