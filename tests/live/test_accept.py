"""A site is accepted by real calls: all that fit its contract, and each of them sees its fault."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pbx.live.softphone import Phones
from pbx.live.trial_sipp import SippTrials
from provisioning import wiring, wiring_acceptance
from provisioning.acceptance.report import Papers, to_json
from provisioning.flows.accept_site import Wishes, accept_site
from provisioning.flows.errors import FlowError

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)
operators = sys.modules["live_operators"]
pytestmark = pytest.mark.live

PROMPTS = Path(__file__).parents[2] / "dialplans" / "sounds"
CONTRACT = """\
contract: zhaotong-2025
customer: {{name: 昭通市某办公室}}
operator: {{name: 中国移动云南昭通分公司}}
term: {{from: 2025-07-01, to: 2030-12-31}}
billing: {{starts: 2025-07-01}}
recurring: []
once: []
calls:
  increment: 60
  rates: {{internal: "0", local: "0.06", domestic: "0.06", service: "0.06", hmt: closed}}
  incoming: "0"
policy: {{calling_number: contract-only}}
site:
  name: zhaotong
  area_code: "0870"
  numbers:
    - {{long_number: "08702120001", short_number: "6001"}}
    - {{long_number: "08702120002", short_number: "6002"}}
    - {{long_number: "08702120003", short_number: "6003"}}
  short_numbers: {{digits: 4, first: "6"}}
  voice_lines: [{{bandwidth: 100M, concurrent_calls: 4}}]
  ims: {{domain: ims.example.net, proxy: "{proxy}", register: seat}}
  iads: [{{name: iad-1, model: grandstream-gxw4248, mac: "c0:74:ad:00:00:01"}}]
  features: [fax]
"""
MOBILE = "13800138000"
ANSWERING = "01085200000"
FAULTY = {"configuration", "emergency", "international", "caller-outside", "claims", "capacity", "hmt"} | {
    "caller-inside",
    "voice-inside",
    "quality-inside",
}
"""What fails with the faults that are planted."""
NOT_BY_SIPP = {"voice-inside", "quality-inside", "voice-outside", "quality-outside", "claims", "fax"}
NOT_FILLED = {"capacity"}
"""Left out where no number is given that answers by itself: the line is filled by SIPp in any case."""


@dataclass(frozen=True)
class Place:
    """A folder with settings, a ledger and a contract that is applied."""

    folder: Path
    switches: Any

    def seatline(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "provisioning", *arguments],
            cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr + done.stdout
        return done.stdout

    def secrets(self) -> Any:
        return wiring.open_ledger(wiring.load_settings(self.folder / "seatline.toml")).secrets("zhaotong")

    def accept(self, **more: Any) -> dict[str, dict[str, Any]]:
        """The tests of an acceptance made in this process, by name, with other equipment where it is said."""
        settings = wiring.load_settings(self.folder / "seatline.toml")
        switch = settings.switches["pbx"]
        asked = more.pop("ask", lambda _: None)
        number = more.pop("number", None)
        equipment = wiring_acceptance.equipment(settings, switch, number=number, ask=asked)
        session = wiring.connect(switch)
        try:
            report = accept_site(
                session,
                wiring.open_ledger(settings),
                "zhaotong",
                hand_written=wiring.hand_written_dialplan(),
                equipment=replace(equipment, **more),
                wishes=Wishes(papers=Papers()),
                who="li@desk",
                progress=lambda text, done=None, total=None: None,
            )
        finally:
            session.close()
        return {one["test"]: one for one in to_json(report)["tests"]}


@pytest.fixture
def prompts(switches) -> Iterator[None]:
    """What refused callers are told, in both languages, on the switch for one test."""
    folders = [switches.pbx.sounds / language for language in ("_zh", "_en")]
    for folder in folders:
        folder.mkdir(mode=0o755)
        for prompt in (PROMPTS / folder.name).glob("refused-*.wav"):
            shutil.copy(prompt, folder)
    yield
    for folder in folders:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def place(switches, tmp_path_factory) -> Place:
    """The site of the contract above, applied to an empty switch and registered at the operator."""
    pbx, ims = switches.pbx, switches.ims
    pbx.wipe()
    folder = tmp_path_factory.mktemp("accept")
    (folder / "mobile").write_text(ims.mobile_secret)
    (folder / "seatline.toml").write_text(
        f"""
[switches.pbx]
ami = "{pbx.ami_host}:{pbx.ami_port}"
secret_file = "{pbx.secret_file}"
sip = "{pbx.sip}"

[outside]
number = "{MOBILE}"
sip = "{ims.sip}"
user = "mobile"
secret_file = "mobile"
answers = ["{ANSWERING}"]
""",
        encoding="utf-8",
    )
    (folder / "zhaotong.yaml").write_text(CONTRACT.format(proxy=sites.PROXY), encoding="utf-8")
    found = Place(folder, switches)
    found.seatline("db", "upgrade")
    found.seatline("contract", "add", "zhaotong.yaml")
    found.seatline("apply", "zhaotong", "--yes")
    operators.wait_registered(pbx)
    return found


def verdicts(tests: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: one["verdict"] for name, one in tests.items()}


@pytest.mark.usefixtures("prompts")
def test_a_site_is_accepted_from_the_command_line(switches, place):
    """`seatline accept` makes every test that fits, hears announcements out, writes the report as PDF and
    JSON, never calls an emergency number, and gives the telephone whose place it took its place back."""
    pbx, secrets = switches.pbx, place.secrets()
    noted = len(switches.ims.calls())
    with Phones(bind=switches.desks) as phones:
        desk, caller = (
            phones.register(n, auth_user=f"seat-{n}", secret=secrets[n], registrar=pbx.sip)
            for n in ("08702120002", "08702120003")
        )
        before = pbx.cli("database show registrar")
        told = json.loads(
            place.seatline(
                *("accept", "zhaotong", "--seat", "08702120002", "--report", "acceptance.pdf", "--json"),
                *("--order", "GD-2026-0001"),
            )
        )
        assert sorted(pbx.cli("database show registrar").splitlines()) == sorted(before.splitlines())
        caller.dial("6002").talk(0.2)
        assert desk.next_call().ended().code == 200
    assert set(verdicts({one["test"]: one for one in told["tests"]}).values()) == {"passed"}
    assert told["counts"] == {"passed": 22, "failed": 0, "not made": 0}
    assert (told["order"], told["customer"]) == ("GD-2026-0001", "昭通市某办公室")
    assert "put back as it was" in " ".join(told["notes"])
    assert (place.folder / "acceptance.pdf").read_bytes().startswith(b"%PDF-")
    assert json.loads((place.folder / "acceptance.json").read_text(encoding="utf-8")) == told
    for secret in secrets.values():
        assert secret not in json.dumps(told)
    called = {one["to"] for one in switches.ims.calls()[noted:]}
    assert called == {f"+86{MOBILE}", f"+86{ANSWERING.removeprefix('0')}"}


def test_a_run_that_is_ended_gives_the_telephone_back(switches, place):
    """SIGTERM, or a terminal that is closed, ends an acceptance as Ctrl-C does: the telephone whose place was
    taken is registered as it was."""
    pbx, seat = switches.pbx, "08702120002"
    with Phones(bind=switches.desks) as phones:
        phones.register(seat, auth_user=f"seat-{seat}", secret=place.secrets()[seat], registrar=pbx.sip)
        before = pbx.cli("database show registrar")
        running = subprocess.Popen(
            [sys.executable, "-m", "provisioning", "accept", "zhaotong", "--seat", seat],
            cwd=place.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        sites.wait_for(lambda: pbx.cli("database show registrar") != before, "a telephone displaced", 60)
        running.terminate()
        _, said = running.communicate(timeout=60)
        assert (running.returncode, "interrupted" in said) == (130, True)
        assert sorted(pbx.cli("database show registrar").splitlines()) == sorted(before.splitlines())


@pytest.mark.parametrize("number", ["110", "08702120003", "abc"])
def test_what_is_no_far_end_is_not_called(place, number):
    """An emergency number, a seat of the contract or no number at all is refused before a call is made."""
    with pytest.raises(FlowError, match=number):
        place.accept(number=number)


@pytest.fixture
def plant(switches) -> Iterator[Callable[[str, str, str], None]]:
    """Changes lines of the running dialplan by hand, and puts them right afterwards: a reload alone leaves
    what the console has added."""
    pbx, planted = switches.pbx, []

    def put(place: str, context: str, what: str) -> None:
        planted.append(f"{place.partition(',')[0]}@{context}")
        pbx.cli(f"dialplan add extension {place},{what} into {context} replace")

    yield put
    for extension in dict.fromkeys(planted):
        pbx.cli(f"dialplan remove extension {extension}")
    pbx.reload()


def test_each_fault_is_found(place, plant):
    """What is wrong with the running dialplan fails just the tests that look at it: who is shown, what is
    open, where 110 goes, how many calls a line takes, who answers a short number."""
    site = "seatline-zhaotong-a"
    plant("international,1", f"{site}-open", "Return,")
    plant("hmt,1", f"{site}-open", "Return,")
    plant("hmt,1", f"{site}-forms", "Hangup,21")  # let out, and refused with 403 by somebody else
    plant("caller,1", f"{site}-forms", "Return,+868702129999")
    plant("110,1", "seatline-emergency", "Hangup,")
    plant("s,1", "seatline-take-line", "Return,")
    plant("6001,1", site, "Answer,")
    plant("6001,2", site, "Wait,2")
    failed = {name for name, verdict in verdicts(place.accept()).items() if verdict == "failed"}
    assert failed == FAULTY


def test_sipp_does_what_it_can(place):
    """Without pjsua2 SIPp makes the calls, and the report names what it could not test."""
    told = place.accept(instrument=SippTrials, answers=())
    assert {name for name, one in told.items() if one["verdict"] == "not made"} == NOT_BY_SIPP | NOT_FILLED
    assert {name for name, one in told.items() if one["verdict"] == "failed"} == set()


def test_a_person_outside_answers_and_calls_in(switches, place):
    """With no telephone of ours outside a person is asked to answer and to call in; what only the display of
    that telephone shows is not judged."""
    secret = switches.ims.mobile_secret
    with Phones(bind=switches.outside) as phones:
        person = phones.register(
            MOBILE, auth_user="mobile", secret=secret, registrar=switches.ims.sip, answer="auto"
        )

        def ask(text: str) -> None:
            if text.startswith("please call "):
                person.dial(text.split()[2])

        told = place.accept(outside=None, answers=(), number=MOBILE, ask=ask)
    assert verdicts(told)["out"] == verdicts(told)["in"] == verdicts(told)["caller-in"] == "passed"
    left = {name for name, verdict in verdicts(told).items() if verdict == "not made"}
    assert left == {"caller-outside", "voice-outside", "claims"} | NOT_FILLED
