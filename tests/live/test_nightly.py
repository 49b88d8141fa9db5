"""Calls that somebody lets out past our call logic are found at night, by `seatline nightly`."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pbx.live.softphone import Phones
from provisioning.core.contract import Policy
from provisioning.core.cycle import SHANGHAI
from provisioning.core.site import Seat, VoiceLine
from provisioning.core.status import Stop
from provisioning.store.ledger import SqlLedger, open_ledger

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)
_desks_spec = importlib.util.spec_from_file_location("live_desks", Path(__file__).with_name("desk.py"))
assert _desks_spec is not None
assert _desks_spec.loader is not None
desks = sys.modules.setdefault("live_desks", importlib.util.module_from_spec(_desks_spec))
_desks_spec.loader.exec_module(desks)

pytestmark = pytest.mark.live

ANNA, BERT, CARL = "08702120001", "08702120002", "08702120003"
FAMILY, HOME = "09084220001", "09084220002"
DORA, EMIL, FRED, SECOND = "04312120001", "04312120002", "04312120003", "04312120009"
MOBILE, STRANGER, KIN, ABROAD = "13900138001", "13900138002", "13900138003", "0012025550123"
SECRET, PLANTED = "Secret0of0a0telephone000", "Planted0of0Nobody000"

TELEPHONE = """
[planted-{name}]
type = endpoint
context = planted-{name}
transport = seatline-udp
identify_by = auth_username
auth = planted-{name}-auth
disallow = all
allow = alaw
accountcode = {seat}
callerid = {shown}

[planted-{name}-auth]
type = auth
auth_type = userpass
username = planted-{name}
password = {secret}
"""
WAY_OUT = """
[planted-{name}]
exten => _[+0-9]!,1,Dial(PJSIP/${{EXTEN}}@line-{site},30)
"""
"""A hand-made context, as a careless or dishonest administrator writes it: whatever is dialled goes out."""
HAND_MADE = {
    "plain": (ANNA, ANNA, "zhaotong"),
    "liar": (ANNA, "13900000000", "zhaotong"),
    "stopped": (CARL, CARL, "zhaotong"),
    "family": (FAMILY, FAMILY, "kizilsu"),
}


@dataclass
class Night:
    """What was found of the calls of a day, and what is known of them."""

    said: dict[str, Any]
    again: dict[str, Any]
    text: str
    records: list[dict[str, Any]]

    @property
    def findings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.said["compliance"]["findings"]
        return found

    def of(self, rule: str) -> list[tuple[str | None, list[str]]]:
        """The seat and the numbers called, of each finding of a rule."""
        return [
            (one["seat"], [made["other"] for made in one["calls"]])
            for one in self.findings
            if one["rule"] == rule
        ]


def another_day() -> str:
    """A day of the week that is neither today nor tomorrow in Shanghai."""
    return f"{datetime.now(SHANGHAI) + timedelta(days=3):%a}".lower()


def record(ledger: SqlLedger) -> None:
    """Three contracts, and a stop of one seat."""
    zhaotong = sites.contract(of=[Seat(long_number=n, short_number=f"6{n[-3:]}") for n in (ANNA, BERT, CARL)])
    line = VoiceLine(bandwidth="10M", concurrent_calls=2)
    kizilsu = sites.contract(
        "kizilsu", of=[Seat(long_number=FAMILY, allowed=(HOME,)), Seat(long_number=HOME)], area="0908"
    )
    papers = [
        replace(
            zhaotong,
            policy=Policy(calls_per_callee_per_day=3),
            site=replace(zhaotong.site, voice_lines=(line,)),
        ),
        replace(
            kizilsu,
            policy=Policy(hours=(0, 1439), days=another_day(), allow_list=True, recording_keep_days=30),
        ),
    ]
    jilin = sites.contract(
        "jilin",
        of=[
            Seat(
                long_number=DORA, short_number="7001", second_number=SECOND, mobile=KIN, mobile_short="7801"
            ),
            Seat(long_number=EMIL, short_number="7002", forward_always=MOBILE),
            Seat(long_number=FRED, short_number="7003", further=(STRANGER,), features=("one-number",)),
        ],
        area="0431",
    )
    features = ("vnet", "one-number", "two-numbers")
    policy = Policy(
        forwarding="open",
        calls_per_number_per_day=9,
        calls_per_callee_per_day=9,
        calls_per_seat=2,
        recording_keep_days=30,
    )
    papers.append(replace(jilin, policy=policy, site=replace(jilin.site, features=features)))
    ledger.record_versions(
        [(one, date(2025, 1, 1)) for one in papers],
        new_secret=lambda: SECRET,
        at=datetime.now(UTC),
        who="li@desk",
    )
    since = datetime.now(UTC) - timedelta(hours=1)
    stop = Stop(contract="zhaotong-2025", seat=CARL, way="out", since=since)
    ledger.stop(stop, at=datetime.now(UTC), who="li@desk")


def plant(pbx: Any) -> None:
    """Telephones beside ours, whose contexts ask nobody."""
    telephones = [
        TELEPHONE.format(name=name, seat=seat, shown=shown, secret=PLANTED)
        for name, (seat, shown, _) in HAND_MADE.items()
    ]
    ways = [WAY_OUT.format(name=name, site=site) for name, (_, _, site) in HAND_MADE.items()]
    pbx.shell("cat > /etc/asterisk/seatline-pjsip-planted.conf", stdin="".join(telephones))
    pbx.shell("cat > /etc/asterisk/seatline-extensions-planted.conf", stdin="".join(ways))
    pbx.reload()


def make_calls(pbx: Any, phones: Phones) -> None:
    """Right ones, by the telephones of the contracts; one of them is refused."""
    anna, bert, kin, home = (
        phones.register(number, auth_user=f"seat-{number}", secret=SECRET, registrar=pbx.sip)
        for number in (ANNA, BERT, FAMILY, HOME)
    )
    for dialled in ("6002", "110", MOBILE):
        anna.dial(dialled).talk(0)
    bert.next_call().ended()
    anna.dial(ABROAD).ended()
    kin.dial(HOME).wait("connected").hear(10).talk(0)
    home.next_call().ended()

    dora, fred = (
        phones.register(number, auth_user=f"seat-{number}", secret=SECRET, registrar=pbx.sip, answer="no")
        for number in (DORA, FRED)
    )
    for dialled in ("7801", f"*2{MOBILE}", "7002", "7003"):
        dora.dial(dialled).talk(0)
    fred.next_call().ended()


def make_planted_calls(pbx: Any, phones: Phones) -> None:
    """Those that should not happen."""
    plain, liar, stopped, family = (
        phones.unregistered(f"planted-{name}", auth_user=f"planted-{name}", secret=PLANTED, registrar=pbx.sip)
        for name in HAND_MADE
    )
    plain.dial(ABROAD).talk(0)
    liar.dial(MOBILE).talk(0)
    stopped.dial(MOBILE).talk(0)
    family.dial(MOBILE).talk(0)
    for _ in range(4):
        plain.dial(STRANGER).talk(0)
    up = [plain.dial(f"1390013900{n}").wait("connected") for n in range(3)]
    up[2].talk(2.5)
    for call in up[:2]:
        call.hang_up()
        call.ended()


@pytest.fixture(scope="module")
def night(switches: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """A switch with three contracts, hand-made contexts beside them, calls, and the night after."""
    pbx, folder = switches.pbx, tmp_path_factory.mktemp("night")
    pbx.wipe()
    before = {(one["uniqueid"], one["sequence"]) for one in pbx.records()}
    with open_ledger(f"sqlite:///{folder}/seatline.db") as ledger:
        record(ledger)
        with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
            applied = sites.apply_to(ami, ledger)
        assert {(outcome.status, outcome.fault) for outcome in applied.outcomes} == {("applied", None)}
    plant(pbx)
    with Phones(bind=switches.desks) as phones:
        make_calls(pbx, phones)
    with Phones(bind=switches.desks) as phones:
        make_planted_calls(pbx, phones)
    pbx.wait_both_books()
    todays = [one for one in pbx.records() if (one["uniqueid"], one["sequence"]) not in before]
    lines = "".join(
        f"{line}\n"
        for line in pbx.json_records.read_text().splitlines()
        if json.loads(line)["start"] >= todays[0]["start"]
    )
    (folder / "seatline.json").write_text(lines, encoding="utf-8")
    more = f'records = ["{folder}/seatline.json"]\nrecordings = "{pbx.recordings}"\n'
    desk = desks.Desk(folder, desks.table_of(pbx).rstrip() + "\n" + more)
    said = json.loads(desk("nightly", "--json", code=1))
    again = json.loads(desk("nightly", "--json", code=1))
    yield Night(
        said={step["step"]: step for step in said["steps"]},
        again={step["step"]: step for step in again["steps"]},
        text=desk("nightly", code=1),
        records=todays,
    )
    pbx.wipe()


def test_a_closed_zone_is_found(night: Night) -> None:
    """A call abroad that a hand-made context let out is found; the one that ours refused is not."""
    assert night.of("zone") == [(ANNA, [ABROAD])]
    assert "refused-international" in {one["userfield"] for one in night.records}


def test_another_number_shown_is_found(night: Night) -> None:
    """A call under a number that is not the seat's is found, with both numbers."""
    assert night.of("shown-number") == [(ANNA, [MOBILE])]
    (found,) = [one for one in night.findings if one["rule"] == "shown-number"]
    assert found["calls"][0]["shown"] == "13900000000"


def test_a_stopped_seats_call_is_found(night: Night) -> None:
    """A call of a seat that the ledger says is stopped is found."""
    assert night.of("stopped") == [(CARL, [MOBILE])]


def test_a_call_out_of_hours_and_off_the_list_is_found(night: Night) -> None:
    """A family phone's call on a closed day, to a number it does not have, is two findings."""
    assert night.of("hours") == [(FAMILY, [MOBILE])]
    assert night.of("not-listed") == [(FAMILY, [MOBILE])]


def test_the_fourth_call_to_one_callee_is_found(night: Night) -> None:
    """With 3 calls a callee and day the fourth is found; it is the contract's, not one seat's."""
    assert night.of("callee-limit") == [(None, [STRANGER])]


def test_a_third_call_on_a_line_of_two_is_found(night: Night) -> None:
    """Three calls at once on a line of two are one too many."""
    assert night.of("capacity") == [(None, ["13900139002"])]


def test_a_call_without_its_recording_is_found(night: Night) -> None:
    """Where the contract wants recordings, the planted call has none; that between two telephones of the
    contract was recorded, and taken up by the same night."""
    assert night.of("not-recorded") == [(FAMILY, [MOBILE])]
    assert len(night.said["recordings"]["switches"][0]["taken"]) >= 1


def test_what_the_contract_promises_is_no_finding(night: Night) -> None:
    """A call to a member's short number, one under the second number, a forwarded one and one that a further
    number answered are made and recorded by our call logic, and found to be right."""
    legs = [one for one in night.records if one["accountcode"] in (EMIL, FRED)]
    assert {one["dst"] for one in legs if one["dstchannel"]} >= {MOBILE, STRANGER}
    assert SECOND in {one["src"] for one in night.records}
    assert [one for one in night.findings if one["contract"] == "jilin-2025"] == []


def test_nothing_else_is_found(night: Night) -> None:
    """Calls inside, to 110 and to a mobile, made by our call logic, are no finding."""
    assert len(night.findings) == 8, night.findings


def test_twice_finds_the_same(night: Night) -> None:
    """A second run collects nothing, and says the same of the same calls."""
    assert (night.said["collect"]["new"] > 10, night.again["collect"]["new"]) == (True, 0)
    assert night.again["compliance"] == night.said["compliance"]


def test_a_person_reads_it_too(night: Night) -> None:
    """Each step has a line, each finding one with time, contract, seat, number and what is wrong."""
    assert "compliance: found: 8 findings" in night.text
    assert f"zhaotong-2025 {ANNA}, {ABROAD}: zone: international calls are closed" in night.text
