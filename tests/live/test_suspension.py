"""Stops, by the real commands on a real switch: who can call and be called, from when to when."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pbx.errors import Refused
from pbx.live.softphone import Call, Phone, Phones
from provisioning.core.cycle import SHANGHAI
from provisioning.core.status import Stop
from provisioning.store.ledger import SqlLedger, open_ledger


def _loaded(name: str):
    spec = importlib.util.spec_from_file_location(f"live_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules.setdefault(f"live_{name}", importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    return module


sites, at_desk = _loaded("sites"), _loaded("desk")
operators = sys.modules["live_operators"]
pytestmark = pytest.mark.live

ANNA, BERT, CARL = "08702120001", "08702120002", "08702120003"
MOBILE = "13800138000"
CONTRACT = """
contract: zhaotong-2025
customer: {{name: 某办公室}}
operator: {{name: 某运营商}}
term: {{from: 2025-07-01, to: 2026-06-30, renewal_months: 12}}
recurring: []
once: []
calls:
  increment: 60
  rates: {{internal: "0", local: "0.06", domestic: "0.06", service: "0.06"}}
  incoming: "0"
site:
  name: zhaotong
  area_code: "0870"
  short_numbers: {{digits: 4, first: "6"}}
  ims: {{domain: ims.example.net, proxy: "sip:{proxy}", register: seat, user: "+86{{area}}{{local}}"}}
  numbers:
    - {{long_number: "08702120001", short_number: "6001"}}
    - {{long_number: "08702120002", short_number: "6002"}}
    - {{long_number: "08702120003", short_number: "6003"}}
    - {{long_number: "08702120004", short_number: "6004"}}
"""


@dataclass(frozen=True)
class Office:
    """A contract of four seats on the switch, three of their telephones, and a mobile out in the world."""

    seatline: at_desk.Desk
    ledger: SqlLedger
    anna: Phone
    bert: Phone
    carl: Phone
    mobile: Phone


@pytest.fixture(scope="module")
def office(switches, tmp_path_factory) -> Iterator[Office]:
    """Provisioned by the commands a clerk uses; what is stopped is decided in the tests."""
    pbx, ims = switches.pbx, switches.ims
    pbx.wipe()
    folder = tmp_path_factory.mktemp("desk")
    seatline = at_desk.Desk(folder, at_desk.table_of(pbx))
    (folder / "zhaotong.yaml").write_text(CONTRACT.format(proxy=ims.sip), encoding="utf-8")
    seatline("contract", "add", "zhaotong.yaml")
    seatline("apply", "--yes")
    operators.wait_registered(pbx)
    with (
        open_ledger(f"sqlite:///{folder / 'seatline.db'}") as ledger,
        Phones(bind=switches.desks) as phones,
        Phones(bind=switches.outside) as outside,
    ):
        secrets = ledger.secrets("zhaotong")

        def desk(number: str) -> Phone:
            user = f"seat-{number}"
            return phones.register(number, auth_user=user, secret=secrets[number], registrar=pbx.sip)

        yield Office(
            seatline=seatline,
            ledger=ledger,
            anna=desk(ANNA),
            bert=desk(BERT),
            carl=desk(CARL),
            mobile=outside.register(MOBILE, auth_user="mobile", secret=ims.mobile_secret, registrar=ims.sip),
        )


@pytest.fixture(autouse=True)
def resumed(office):
    """After each test everything is as it was: nothing is stopped."""
    yield
    now = datetime.now(UTC)
    for seat in (None, ANNA, BERT, CARL):
        office.ledger.resume("zhaotong-2025", seat, now, at=now, who="a test")
    office.seatline("apply", "--yes")


def refused(call: Call) -> int:
    """The code a call was refused with, never having been answered."""
    with pytest.raises(Refused):
        call.wait("connected")
    return call.ended().code


def through(call: Call, rung: Phone | None = None) -> None:
    """The call is answered; where somebody's telephone is to ring, it does."""
    assert call.wait("connected").hear(6).talk(0).code == 200
    if rung is not None:
        rung.next_call().ended()


def test_one_way_stopped_a_seat_cannot_call_and_can_be_called(office, new_records):
    """A seat that is stopped one way hears 403 whomever it calls but the police, and is called as before."""
    office.seatline("suspend", "zhaotong-2025", "--seat", "6001", "--way", "out", "--why", "arrears")
    assert refused(office.anna.dial(MOBILE)) == 403
    assert refused(office.anna.dial("6002")) == 403
    said = new_records(2)
    assert {(one["accountcode"], one["userfield"], one["answer"]) for one in said} == {
        (ANNA, "refused-stopped", 0)
    }
    through(office.anna.dial("110"))
    through(office.mobile.dial(ANNA), office.anna)
    through(office.bert.dial("6001"), office.anna)
    through(office.bert.dial(MOBILE), office.mobile)


def test_two_way_stopped_a_seat_is_not_called_either(office, new_records):
    """A seat that is stopped both ways is not rung from outside nor inside; the police are still reached."""
    office.seatline("suspend", "zhaotong-2025", "--seat", "08702120001")
    assert refused(office.anna.dial(MOBILE)) == 403
    assert refused(office.bert.dial("6001")) == 403
    assert refused(office.mobile.dial(ANNA)) >= 400
    told = {(one["accountcode"], one["userfield"], one["answer"]) for one in new_records(3)}
    assert told == {(ANNA, "refused-stopped", 0), (BERT, "refused-stopped", 0)}
    assert office.anna.incoming == []
    through(office.anna.dial("110"))
    through(office.bert.dial("6003"), office.carl)
    office.seatline("resume", "zhaotong-2025", "--seat", "6001")
    through(office.anna.dial("6002"), office.bert)
    through(office.mobile.dial(ANNA), office.anna)


def test_a_stopped_contract_is_stopped_for_all_its_seats(office):
    """Where the whole contract is stopped, every seat is, until it is resumed; emergency calls go out."""
    office.seatline("suspend", "zhaotong-2025")
    for phone in (office.anna, office.bert):
        assert refused(phone.dial(MOBILE)) == 403
        through(phone.dial("119"))
    assert refused(office.mobile.dial(CARL)) >= 400
    assert refused(office.anna.dial("6003")) == 403
    office.seatline("resume", "zhaotong-2025")
    through(office.anna.dial("6003"), office.carl)


def test_a_call_that_is_up_is_not_cut(office):
    """A stop at once lets a call that is up go on in both directions, and refuses the next one."""
    call = office.anna.dial(MOBILE).wait("connected").hear(6)
    rung = office.mobile.next_call().hear(6)
    office.seatline("suspend", "zhaotong-2025", "--seat", "6001")
    before = call.heard, rung.heard
    call.hear(before[0] + 50), rung.hear(before[1] + 50)
    assert (call.state, rung.state) == ("connected", "connected")
    assert refused(office.anna.dial("6002")) == 403
    assert call.talk(0).code == 200
    rung.ended()


def in_force(office, phone: Phone) -> bool:
    """Whether a call of that telephone is refused."""
    call = phone.dial("6002")
    try:
        call.wait("connected").hang_up()
    except Refused:
        return True
    call.ended(), office.bert.next_call().ended()
    return False


def test_a_stop_on_a_date_comes_and_goes_by_itself(office):
    """A stop that is applied beforehand begins at its moment and ends at its moment, without another apply,
    and what is left of it on the switch is no change."""
    now = datetime.now(UTC)
    soon, late = now + timedelta(seconds=4), now + timedelta(seconds=6)
    tomorrow, moment = ((now + ahead).astimezone(SHANGHAI) for ahead in (timedelta(days=1), soon - now))
    office.ledger.stop(
        Stop(contract="zhaotong-2025", seat=CARL, way="out", since=now, until=late), at=now, who="a test"
    )
    office.seatline(
        "suspend", "zhaotong-2025", "--seat", "6002", "--on", f"{tomorrow:%Y-%m-%d}", "--no-apply"
    )
    office.seatline("suspend", "zhaotong-2025", "--seat", "6001", "--on", f"{moment:%Y-%m-%dT%H:%M:%S}")
    sites.wait_for(lambda: in_force(office, office.anna), "beginning of the stop")
    assert datetime.now(UTC) >= soon - timedelta(seconds=1)
    sites.wait_for(lambda: not in_force(office, office.carl), "end of the stop")
    assert datetime.now(UTC) >= late - timedelta(seconds=1)
    office.seatline("plan")


def test_after_a_complaint_the_service_stops(office):
    """A registered complaint stops the number at once; a person may end that by hand."""
    said = office.seatline("complaint", "add", "+86 870 212 0001", "--about", "called at night")
    assert "back from" in said
    assert refused(office.anna.dial(MOBILE)) == 403
    assert refused(office.mobile.dial(ANNA)) >= 400
    through(office.bert.dial("6003"), office.carl)
    office.seatline("resume", "zhaotong-2025", "--seat", "6001")
    through(office.anna.dial("6002"), office.bert)


def test_a_stopped_seat_stays_stopped_under_another_number(office):
    """A stopped seat that gets another number cannot be called under it either, until it is resumed."""
    office.seatline("suspend", "zhaotong-2025", "--seat", "6003", "--no-apply")
    form = "原号码,新号码\n08702120003,08702120013\n"
    (office.seatline.folder / "form.csv").write_text(form, encoding="utf-8")
    office.seatline("contract", "change", "zhaotong-2025", "form.csv")
    office.seatline("apply", "--yes")
    assert refused(office.anna.dial("6003")) == 403
    office.seatline("resume", "zhaotong-2025", "--seat", "08702120013")
    assert refused(office.anna.dial("6003")) == 480


def test_a_closed_seat_is_stopped_at_once(office):
    """A closed seat neither calls nor is called, and cannot be resumed; the others go on."""
    office.seatline("close", "zhaotong-2025", "--seat", "6004")
    assert refused(office.anna.dial("6004")) == 403
    assert refused(office.mobile.dial("08702120004")) >= 400
    office.seatline("resume", "zhaotong-2025", "--seat", "6004", code=1)
    through(office.anna.dial("6002"), office.bert)
