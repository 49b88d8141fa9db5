"""Hours, zones, pace and calls at once: what a contract lets its seats do, tried with real calls."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pbx import tone
from pbx.errors import Malformed, Refused
from pbx.live import wav
from pbx.live.softphone import Phone, Phones
from provisioning.core.contract import Contract, Zone

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)

operators = sys.modules["live_operators"]
"""What conftest made of operators.py."""
pytestmark = pytest.mark.live

SHANGHAI = ZoneInfo("Asia/Shanghai")
MOBILE, MACHINE = "13800138000", "13900138000"
DAY = (0, 24 * 60)


def number(n: int) -> str:
    return f"0870212{n:04}"


SHUT, OPEN, HOLIDAY, ABROAD, PLAIN, LOCAL, QUICK, SINGLE, SECOND, THIRD = (
    number(n) for n in (1, 11, 21, 31, 32, 33, 41, 51, 52, 53)
)
FURTHER, FORWARDED, MAIN = number(3), number(4), number(50)
"""Two seats of `shut` without a telephone that would ring somebody outside; the main number of `single`."""


def contracts() -> Iterator[Contract]:
    """One for each rule. `shut` has hours that are hours away, whatever time it is; `office` has no
    telephone."""
    now = datetime.now(SHANGHAI)
    away = (20 * 60, 21 * 60) if now.hour < 12 else (60, 120)
    today = now.date()

    def one(site: str, first: int, seats: int = 1, zones: tuple[Zone, ...] = (), **policy: Any) -> Contract:
        opened = [zone.value for zone in (Zone.INTERNAL, Zone.LOCAL, Zone.DOMESTIC, Zone.SERVICE, *zones)]
        made = sites.contract(site, of=sites.seats(seats, first=first), zones=opened)
        return replace(made, policy=replace(made.policy, **policy))  # type: ignore[no-any-return]

    shut = one("shut", 1, 4, hours=away, call_backs_within=24, forwarding="open")
    *plain, third, fourth = shut.site.seats
    ways = (replace(third, further=(MACHINE,)), replace(fourth, forward_unreachable=MACHINE))
    yield replace(shut, site=replace(shut.site, seats=(*plain, *ways)))
    yield one("open", 11, hours=DAY)
    yield one("holiday", 21, hours=DAY, holidays=(today, today + timedelta(days=1)))
    rights = one("rights", 31, 3, (Zone.INTERNATIONAL,), zones_by_seat=(Zone.INTERNATIONAL,))
    own = (("+international",), (), ("-domestic", "-service", "+hmt"))
    seats = tuple(replace(seat, zones=zones) for seat, zones in zip(rights.site.seats, own, strict=True))
    yield replace(rights, site=replace(rights.site, seats=seats))
    yield one("pace", 41, calls_per_minute=3)
    single = one("single", 51, 3, calls_per_seat=1)
    yield replace(single, site=replace(single.site, features=("switchboard",), main_number=MAIN))
    yield one("office", 61, hours=(8 * 60, 19 * 60), days="mon-fri", holidays=(date(2025, 10, 1),))


@dataclass(frozen=True)
class Office:
    """A telephone for each rule, and a mobile out in the world."""

    pbx: Any
    ims: Any
    desks: Mapping[str, Phone]
    mobile: Phone

    def refused(self, seat: str, dialled: str) -> int:
        """The code a call was refused with, never having been answered."""
        call = self.desks[seat].dial(dialled)
        with pytest.raises(Refused):
            call.wait("connected")
        return call.ended().code

    def reached(self, seat: str, dialled: str) -> None:
        """Makes a call that somebody answers."""
        assert self.desks[seat].dial(dialled).talk(0).code == 200

    def keep(self, key: str, value: object) -> None:
        self.pbx.cli(f"database put seatline-count {key} {value}")

    def kept(self, key: str) -> str:
        """What the switch keeps under a key."""
        said = self.pbx.cli(f"database get seatline-count {key}")
        return said.partition("Value: ")[2].strip()  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def office(switches: Any) -> Iterator[Office]:
    """All of them on a wiped switch, their numbers registered at the operator."""
    pbx, ims = switches.pbx, switches.ims
    sites.wait_for_a_long_day()
    pbx.wipe()
    book = sites.Book(tuple(contracts()))
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        applied = sites.apply_to(ami, book)
    assert {(outcome.status, outcome.fault) for outcome in applied.outcomes} == {("applied", None)}
    operators.wait_registered(pbx)
    secrets = book.secrets("")
    with Phones(bind=switches.desks) as some, Phones(bind=switches.outside) as others:

        def desk(seat: str, phones: Phones, answer: str = "auto") -> Phone:
            return phones.register(
                seat, auth_user=f"seat-{seat}", secret=secrets[seat], registrar=pbx.sip, answer=answer
            )

        first = (SHUT, OPEN, HOLIDAY, ABROAD, PLAIN, LOCAL, QUICK, SINGLE)
        yield Office(
            pbx,
            ims,
            {seat: desk(seat, some) for seat in first}
            | {SECOND: desk(SECOND, others), THIRD: desk(THIRD, others, "ring")},
            others.register(MOBILE, auth_user="mobile", secret=ims.mobile_secret, registrar=ims.sip),
        )


Records = Callable[[int], list[Mapping[str, Any]]]


def whole(file: Path) -> Any:
    """What a telephone kept, once its file is closed, a moment after the end of the call."""
    try:
        return wav.read(file)
    except Malformed:
        return None


def reasons(records: list[Mapping[str, Any]]) -> list[str]:
    """What the records say of the calls, in the order of their beginning."""
    return [r["userfield"] for r in sorted(records, key=lambda r: float(r["start"]))]


def test_outside_its_hours_a_contract_calls_nobody_out_there(office: Office, new_records: Records) -> None:
    """Out of hours, and on a holiday of the contract, a call to the world ends with 403; 110 and a colleague
    are reached at any time, and within the hours everybody is."""
    assert office.refused(SHUT, MACHINE) == 403
    assert office.refused(HOLIDAY, MACHINE) == 403
    assert office.refused(SHUT, "6002") == 480
    office.reached(SHUT, "110")
    office.reached(OPEN, MACHINE)
    assert reasons(new_records(5)) == ["refused-hours", "refused-hours", "", "emergency", ""]


def test_who_has_called_is_called_back_at_any_hour(office: Office, new_records: Records) -> None:
    """Whoever called a seat of the contract is reached out of hours, for as many hours as it says and no
    longer; nobody else is."""
    office.pbx.cli("database deltree seatline-count/shut")
    assert office.refused(SHUT, MOBILE) == 403
    assert office.mobile.dial(SHUT).talk(0).code == 200
    office.desks[SHUT].next_call().ended()
    office.reached(SHUT, f"0{MOBILE}")
    office.mobile.next_call().ended()
    assert office.refused(SHUT, MACHINE) == 403
    day = f"{datetime.now(SHANGHAI):%Y%m%d}"
    noted = int(office.kept(f"shut/called-us/{day}/{MOBILE}"))
    before = f"{datetime.now(SHANGHAI) - timedelta(days=1):%Y%m%d}"
    office.keep(f"shut/called-us/{before}/{MACHINE}", noted - 23 * 3600)
    office.reached(SHUT, MACHINE)
    office.keep(f"shut/called-us/{before}/{MACHINE}", noted - 25 * 3600)
    assert office.refused(SHUT, MACHINE) == 403
    assert reasons(new_records(6)) == ["refused-hours", "", "", "refused-hours", "", "refused-hours"]


def test_out_of_hours_no_leg_goes_out_either(office: Office, new_records: Records) -> None:
    """A further number and a forwarded call are calls of the seat: out of its hours nobody outside is rung by
    them, and their records say why."""
    before = len(office.ims.calls())
    for seat in (FURTHER, FORWARDED):
        call = office.mobile.dial(seat)
        with pytest.raises(Refused):
            call.wait("connected")
        call.ended()
    found = new_records(4)
    assert len(office.ims.calls()) == before
    legs = [(r["accountcode"], r["userfield"]) for r in found if r["channel"].startswith("Local/")]
    assert sorted(legs) == [(FURTHER, "refused-hours"), (FORWARDED, "refused-hours")]
    assert {r["answer"] for r in found} == {0}


def test_a_refused_caller_hears_why_and_is_not_charged(
    office: Office, new_records: Records, tmp_path: Path
) -> None:
    """The customer's recording for the reason is heard before a refused call ends, as early media: the call
    is never answered."""
    folder = office.pbx.sounds / "shut"
    folder.mkdir(exist_ok=True)
    wav.write(folder / "refused-hours.wav", tone.hum(700, 1.0))
    call = office.desks[SHUT].dial(MACHINE).keep(tmp_path / "heard.wav")
    with pytest.raises(Refused):
        call.wait("connected")
    assert (call.ended().code, 183 in call.codes) == (403, True)
    samples, rate = operators.wait_for(lambda: whole(tmp_path / "heard.wav"), "what was heard")
    assert tone.heard(samples, 700, rate) > 0.3
    assert [(r["userfield"], r["answer"]) for r in new_records(1)] == [("refused-hours", 0)]


def test_a_zone_is_open_by_the_tariff_and_by_the_seats_own_rights(
    office: Office, new_records: Records
) -> None:
    """International is reached only from the seat that names it; a seat whose rights close a zone cannot
    reach it; a zone without a rate is closed to a seat that wants it too; 400 numbers are open with
    services."""
    asked = [
        (ABROAD, "0012025550123", ""),
        (PLAIN, "0012025550123", "refused-international"),
        (PLAIN, "4001234567", ""),
        (LOCAL, "4001234567", "refused-service"),
        (LOCAL, MACHINE, "refused-domestic"),
        (LOCAL, "2125555", ""),
        (LOCAL, "0085221234567", "refused-hmt"),
        (LOCAL, "119", "emergency"),
        (OPEN, "0012025550123", "refused-international"),
    ]
    for seat, dialled, why in asked:
        if why.startswith("refused"):
            assert office.refused(seat, dialled) == 403
        else:
            office.reached(seat, dialled)
    assert reasons(new_records(len(asked))) == [why for _, _, why in asked]


def test_a_seat_that_starts_calls_too_quickly_is_slowed_and_reported(
    office: Office, new_records: Records
) -> None:
    """Of four calls in a minute three go out at once and the fourth a third of a minute after the one
    before; a fifth beside it is refused. The log and the records tell; 110 has not to wait."""
    for _ in range(3):
        office.reached(QUICK, MACHINE)
    office.reached(QUICK, "120")
    key = f"pace/pace/{QUICK}"
    last = (int(office.kept(f"{key}/next")) - 1) % 3
    ago = int(time.time() * 1000) - 14_000
    office.keep(f"{key}/{last}", ago)
    claim = [("P-Asserted-Identity", "<sip:01085201234@ims.example.net>")]
    slowed = office.desks[QUICK].dial(MACHINE, headers=claim)
    operators.wait_for(lambda: office.kept(f"{key}/{(last + 1) % 3}") == str(ago + 20_000), "place taken")
    assert office.refused(QUICK, MACHINE) == 403
    assert slowed.talk(0).code == 200
    found = sorted(new_records(6), key=lambda r: float(r["start"]))
    assert reasons(found) == ["", "", "", "emergency", "slowed", "refused-pace"]
    assert found[4]["answer"] * 1000 >= ago + 20_000
    said = f"seatline pace: seat {QUICK} starts more than 3 calls a minute: "

    def noted() -> list[str]:
        log = (office.pbx.log / "messages.log").read_text(errors="replace")
        return [line.partition(said)[2].split()[0] for line in log.splitlines() if said in line]

    assert operators.wait_for(lambda: noted()[1:] and noted(), "two lines of the log") == [
        "slowed",
        "refused",
    ]


def test_a_seat_has_no_more_calls_at_once_than_it_may(office: Office, new_records: Records) -> None:
    """While a seat has its one call it can make no other but to 110, and is busy for colleagues and callers
    from outside; afterwards it can be called and calls as before."""
    call = office.desks[SINGLE].dial(MACHINE).wait("connected")
    assert office.refused(SINGLE, "6052") == 403
    assert office.refused(SECOND, "6051") == 486
    outside = office.mobile.dial(SINGLE)
    with pytest.raises(Refused):
        outside.wait("connected")
    assert outside.ended().code == 486
    office.reached(SINGLE, "110")
    call.hang_up()
    call.ended()
    ringing = office.mobile.dial(SINGLE).wait("connected")
    assert office.refused(SINGLE, MACHINE) == 403
    assert ringing.talk(0).code == 200
    office.reached(SINGLE, MACHINE)
    assert sorted(reasons(new_records(8))) == sorted(
        ["", *["refused-seat-capacity"] * 4, "emergency", "", ""]
    )


def test_who_is_back_at_the_switchboard_keeps_no_seat_busy(office: Office, new_records: Records) -> None:
    """A seat that declined a call from the switchboard can be called again while that caller chooses somebody
    else."""
    caller = office.mobile.dial(MAIN).wait("connected")
    caller.press("6053")
    office.desks[THIRD].next_call().answer(486)
    operators.wait_for(lambda: THIRD not in office.pbx.cli("group show channels"), "seat without a call")
    another = office.desks[SECOND].dial("6053")
    office.desks[THIRD].next_call().answer(486)
    another.ended()
    caller.hang_up()
    caller.ended()
    assert "refused-seat-capacity" not in reasons(new_records(3))


ASKED = """
[asked]
exten => _[0-9]!,1,Set(SEATLINE_SITE=office)
 same => n,Set(SEATLINE_SLOT=a)
 same => n,Gosub(seatline-open-at,s,1(${EXTEN}))
 same => n,Set(DB(seatline-count/asked/${EXTEN})=${IF($["${GOSUB_RETVAL}" = "yes"]?open:shut)})
"""
TIMES = {
    "2025-09-30 07:59:59": "shut",
    "2025-09-30 08:00:00": "open",
    "2025-09-30 12:34:56": "open",
    "2025-09-30 18:59:59": "open",
    "2025-09-30 19:00:00": "shut",
    "2025-09-30 23:59:59": "shut",
    "2025-10-01 10:00:00": "shut",
    "2025-10-02 10:00:00": "open",
    "2025-10-03 18:59:59": "open",
    "2025-10-04 10:00:00": "shut",
    "2025-10-05 10:00:00": "shut",
    "2025-10-06 08:00:00": "open",
}
"""Tuesday the 30th and on; the 1st is a holiday."""


def test_hours_days_and_holidays_are_those_of_shanghai(office: Office) -> None:
    """08:00-19:00 from monday to friday is open from 08:00:00 to 18:59:59 in Asia/Shanghai, on no saturday,
    and not on the contract's holiday."""
    office.pbx.shell("cat > /etc/asterisk/seatline-extensions-zz-asked.conf", stdin=ASKED)
    office.pbx.reload()
    assert "Loaded" in office.pbx.cli("module load res_clioriginate.so")
    moments = {
        f"{datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp():.0f}": text for text in TIMES
    }
    for moment in moments:
        office.pbx.cli(f"channel originate Local/{moment}@asked application Wait 1")
    found = {
        text: operators.wait_for(lambda key=moment: office.kept(f"asked/{key}"), "an answer")
        for moment, text in moments.items()
    }
    assert found == TIMES
