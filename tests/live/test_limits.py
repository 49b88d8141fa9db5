"""How many calls a day a number may make and a callee may get, by real calls, many of them at once."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pbx.errors import Refused
from pbx.live.softphone import Phone, Phones
from provisioning.core.site import VoiceLine

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)
pytestmark = pytest.mark.live

SCENARIO = Path(__file__).with_name("sipp") / "out-blast.xml"
CALLER = f"{sites.NET}.7"
"""Where the many calls come from."""
SHANGHAI = ZoneInfo("Asia/Shanghai")
CALLS = 200
PER_NUMBER, PER_CALLEE, PER_MINUTE = 30, 10, 5
NUMBERS = [f"0870212{n:04}" for n in range(1, 9)]
CUSTOMER, SMALL_CUSTOMER, BARE_CUSTOMER = (
    f"of_{sites.contract(site).customer.key}" for site in ("zhaotong", "small", "bare")
)
"""Whose calls to one callee count together."""
SMALL, QUICK, BARE = "08702120021", "08702120031", "08702120041"
"""A seat of a site whose line carries one call, one with a pace, and one of a site without any line."""


@dataclass(frozen=True)
class Office:
    """Contracts with limits, and telephones of their first seats."""

    pbx: Any
    ims: Any
    anna: Phone
    carl: Phone
    """Of a site whose line carries one call."""
    dora: Phone
    """Of a site without a line."""
    secrets: Mapping[str, str]
    book: Any

    def kept(self, family: str = "", site: str = "zhaotong") -> dict[str, str]:
        """What the switch has counted: the key behind the site's name, and the number."""
        found = self.pbx.cli(f"database show seatline-count/{site}{family}")
        rows = [line.split(":", 1) for line in found.splitlines() if line.startswith("/seatline-count")]
        return {key.strip().removeprefix(f"/seatline-count/{site}/"): value.strip() for key, value in rows}

    def forget(self) -> None:
        self.pbx.cli("database deltree seatline-count")

    def today(self) -> str:
        return f"{datetime.now(SHANGHAI):%Y%m%d}"


def provision(pbx: Any, book: Any) -> None:
    """Brings the switch up to the book."""
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        applied = sites.apply_to(ami, book)
    assert {outcome.fault for outcome in applied.outcomes} == {None}
    assert "applied" in {outcome.status for outcome in applied.outcomes}


@pytest.fixture(scope="module")
def office(switches: Any) -> Iterator[Office]:
    """Limits of 30 calls a number and of 10 a callee, for eight seats in two contracts of one customer, and
    for one with a line for one call."""
    pbx = switches.pbx
    sites.wait_for_a_long_day()
    pbx.wipe()
    made = [
        sites.contract(of=sites.seats(7)),
        sites.contract("small", of=sites.seats(1, first=21)),
        sites.contract("quick", of=sites.seats(1, first=31)),
        sites.contract("bare", of=sites.seats(1, first=41)),
        sites.contract("branch", of=sites.seats(1, first=8)),
    ]
    line = VoiceLine(bandwidth="10M", concurrent_calls=1)
    made[1] = replace(made[1], site=replace(made[1].site, voice_lines=(line,)))
    limits = {"calls_per_number_per_day": PER_NUMBER, "calls_per_callee_per_day": PER_CALLEE}
    made[3] = replace(made[3], site=replace(made[3].site, ims=None))
    for n in (0, 1, 3, 4):
        made[n] = replace(made[n], policy=replace(made[n].policy, **limits))
    made[4] = replace(made[4], customer=made[0].customer)
    made[2] = replace(made[2], policy=replace(made[2].policy, calls_per_minute=PER_MINUTE))
    book = sites.Book(tuple(made))
    provision(pbx, book)
    secrets = book.secrets("zhaotong")
    with Phones(bind=switches.desks) as phones:
        anna, carl, dora = (
            phones.register(number, auth_user=f"seat-{number}", secret=secrets[number], registrar=pbx.sip)
            for number in (NUMBERS[0], SMALL, BARE)
        )
        yield Office(pbx, switches.ims, anna, carl, dora, secrets, book)


@pytest.fixture
def blast(office: Office, tmp_path: Path) -> Callable[[Sequence[tuple[str, str]]], None]:
    """Makes these calls, of a seat to a number, all at once, and waits for their end."""

    def made(calls: Sequence[tuple[str, str]]) -> None:
        rows = [
            f"{seat};{number};[authentication username=seat-{seat} password={office.secrets[seat]}]"
            for seat, number in calls
        ]
        (tmp_path / "calls.csv").write_text("SEQUENTIAL\n" + "\n".join(rows) + "\n")
        done = subprocess.run(
            [
                "sipp", office.pbx.sip, "-sf", str(SCENARIO), "-inf", str(tmp_path / "calls.csv"),
                "-i", CALLER, "-mi", CALLER, "-p", "5060", "-m", str(len(calls)), "-l", str(len(calls)),
                "-r", str(len(calls)), "-rp", "500", "-nostdin", "-nd", "-timeout", "120", "-timeout_error",
                "-trace_err", "-error_file", str(tmp_path / "errors"),
            ],
            stdin=subprocess.DEVNULL, capture_output=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        errors = tmp_path / "errors"
        assert done.returncode == 0, errors.read_text()[-2000:] if errors.exists() else done.stderr[-2000:]

    return made


def refused(phone: Phone, number: str) -> int:
    call = phone.dial(number)
    with pytest.raises(Refused):
        call.wait("connected")
    return call.ended().code


def reasons(records: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """How many calls ended how, by what their records say."""
    return Counter(r["userfield"] or r["disposition"] for r in records)


def test_of_two_hundred_calls_to_one_callee_at_once_ten_go_out(office, blast, new_records):
    """Two hundred calls at once, of eight seats in two contracts of a customer, to one callee in four forms,
    leave exactly the limit let through; the others end with 403 and stand in the book with the reason."""
    office.forget()
    forms = ["01085200000", "+861085200000", "008601085200000", "861085200000"]
    before = len(office.ims.calls())
    blast([(NUMBERS[n % 8], forms[n % 4]) for n in range(CALLS)])
    assert len(office.ims.calls()) - before == PER_CALLEE
    found = new_records(CALLS)
    assert reasons(found) == {"ANSWERED": PER_CALLEE, "refused-callee-limit": CALLS - PER_CALLEE}
    assert office.kept(site=CUSTOMER)[f"{office.today()}/to/01085200000"] == str(PER_CALLEE)
    by = [
        *office.kept(f"/{office.today()}/by").values(),
        *office.kept(f"/{office.today()}/by", "branch").values(),
    ]
    assert sum(map(int, by)) == PER_CALLEE


def test_of_two_hundred_calls_of_one_number_at_once_the_limit_goes_out(office, blast, new_records):
    """Two hundred calls at once of one seat, each to somebody else, leave exactly its limit let through."""
    office.forget()
    before = len(office.ims.calls())
    blast([(NUMBERS[1], f"0108520{n:04}") for n in range(CALLS)])
    assert len(office.ims.calls()) - before == PER_NUMBER
    assert reasons(new_records(CALLS)) == {
        "ANSWERED": PER_NUMBER, "refused-number-limit": CALLS - PER_NUMBER,
    }  # fmt: skip
    assert office.kept()[f"{office.today()}/by/{NUMBERS[1]}"] == str(PER_NUMBER)


def test_of_forty_calls_in_a_second_five_go_out_and_one_later(office, blast, new_records):
    """A seat that may start five calls a minute and starts forty at once gets five out, a sixth a fifth of a
    minute later, and is refused the rest; each of those stands in the log."""
    before = len(office.ims.calls())
    blast([(QUICK, f"0108520{n:04}") for n in range(40)])
    late = 40 - PER_MINUTE - 1
    assert len(office.ims.calls()) - before == PER_MINUTE + 1
    found = new_records(40)
    assert Counter(r["userfield"] for r in found) == {"": PER_MINUTE, "slowed": 1, "refused-pace": late}
    began = sorted(r["answer"] for r in found if r["disposition"] == "ANSWERED")
    assert began[-1] - began[0] >= 60 / PER_MINUTE
    said = f"seatline pace: seat {QUICK} starts more than {PER_MINUTE} calls a minute: refused"
    log = office.pbx.log / "messages.log"
    sites.wait_for(lambda: log.read_text(errors="replace").count(said) == late, "line of the log")


def test_an_emergency_call_and_a_call_inside_are_not_counted(office, new_records):
    """A number that has made all its calls of the day still reaches 110 and its colleagues, and nobody
    else."""
    office.forget()
    key = f"seatline-count/zhaotong {office.today()}/by/{NUMBERS[0]}"
    office.pbx.cli(f"database put {key} {PER_NUMBER}")
    assert refused(office.anna, "13900138000") == 403
    assert office.anna.dial("110").talk(0).code == 200
    assert refused(office.anna, "6002") == 480
    assert Counter(r["userfield"] for r in new_records(3)) == {
        "refused-number-limit": 1, "emergency": 1, "": 1,
    }  # fmt: skip
    assert office.kept()[f"{office.today()}/by/{NUMBERS[0]}"] == str(PER_NUMBER)


def test_a_call_that_finds_no_line_is_not_counted(office):
    """A call that was counted and then found the site's line full, or no line at all, is taken off the count
    again."""
    office.forget()
    first = office.carl.dial("13900138001").wait("connected")
    assert refused(office.carl, "13900138004") == 503
    first.hang_up()
    first.ended()
    day = office.today()
    assert office.kept(site="small") == {"day": day, f"{day}/by/{SMALL}": "1"}
    to = {f"{day}/to/13900138001": "1", f"{day}/to/13900138004": "0"}
    assert office.kept(site=SMALL_CUSTOMER) == {"day": day, **to}
    assert refused(office.dora, "13900138001") == 503
    for family in ("bare", BARE_CUSTOMER):
        assert set(office.kept(f"/{day}", family).values()) == {"0"}


def test_a_new_day_begins_at_midnight_in_shanghai(office):
    """What was counted yesterday, by the calendar of Asia/Shanghai, is forgotten with today's first call; the
    time of the day is no matter."""
    office.forget()
    yesterday = f"{datetime.now(SHANGHAI) - timedelta(days=1):%Y%m%d}"
    office.pbx.cli(f"database put seatline-count/zhaotong {yesterday}/by/{NUMBERS[0]} {PER_NUMBER}")
    office.pbx.cli(f"database put seatline-count/{CUSTOMER} {yesterday}/to/13900138002 {PER_CALLEE}")
    for family in ("zhaotong", CUSTOMER):
        office.pbx.cli(f"database put seatline-count/{family} day {yesterday}")
    assert office.anna.dial("13900138002").talk(0).code == 200
    day = office.today()
    assert office.kept() == {"day": day, f"{day}/by/{NUMBERS[0]}": "1"}
    assert office.kept(site=CUSTOMER) == {"day": day, f"{day}/to/13900138002": "1"}
    last = datetime(2026, 1, 1, 15, 59, 59, tzinfo=UTC)
    for when, day in ((last, "20260101"), (last + timedelta(seconds=1), "20260102")):
        function = f"STRFTIME({when.timestamp():.0f},Asia/Shanghai,%Y%m%d)"
        assert f": {day}\n" in office.pbx.cli(f"dialplan eval function {function}").replace("\r", "") + "\n"


def test_a_new_plan_has_its_own_limit_and_keeps_the_count(office):
    """When a contract's limit is raised by one and applied, what was counted counts on, and one call more
    goes out."""
    office.forget()
    office.pbx.cli(f"database put seatline-count/{CUSTOMER} {office.today()}/to/13900138005 {PER_CALLEE}")
    assert refused(office.anna, "13900138005") == 403
    before = office.book.contracts
    policy = replace(before[0].policy, calls_per_callee_per_day=PER_CALLEE + 1)
    office.book.contracts = (replace(before[0], policy=policy), *before[1:])
    provision(office.pbx, office.book)
    assert office.anna.dial("13900138005").talk(0).code == 200
    assert refused(office.anna, "13900138005") == 403
    office.book.contracts = before
    provision(office.pbx, office.book)


def test_the_count_is_kept_over_a_restart(office, switches, new_records):
    """After a restart of the switch the tenth call to a callee still is the last one."""
    office.forget()
    key = f"seatline-count/{CUSTOMER} {office.today()}/to/13900138003"
    office.pbx.cli(f"database put {key} {PER_CALLEE - 1}")
    assert office.anna.dial("13900138003").talk(0).code == 200
    new_records(1)
    office.pbx.restart()
    with Phones(bind=switches.desks) as phones:
        again = phones.unregistered(
            NUMBERS[0], auth_user=f"seat-{NUMBERS[0]}", secret=office.secrets[NUMBERS[0]],
            registrar=office.pbx.sip,
        )  # fmt: skip
        assert refused(again, "013900138003") == 403
    assert reasons(new_records(2)) == {"ANSWERED": 1, "refused-callee-limit": 1}
