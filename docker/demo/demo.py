"""The main job, whole: three contracts, two Asterisks, real calls, three bills. `make demo` runs this.

Everything it makes lies in .demo/ and in two containers; docker/demo/clean.sh takes it away again. A second
run finds it all there, makes new calls and bills them too.
"""

from __future__ import annotations

import json
import os
import secrets
import string
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from passwords import contracts_with_passwords

from pbx.action import Action
from pbx.errors import SwitchError
from pbx.iad.models import family_of
from pbx.live.softphone import Call, Ended, Phone, Phones
from provisioning import wiring
from provisioning.cli import screens
from provisioning.core.cycle import SHANGHAI, Cycle

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".demo"
CONTRACTS = [ROOT / "docker" / "demo" / f"{name}.yaml" for name in ("zhaotong", "jilin", "kizilsu")]
BILLS = ("zhaotong-2025", "jilin-2025", "kizilsu-2024")
IAD_FILES = HOME / "zhaotong-iads"
GATEWAY = "grandstream-gxw4248"
PROJECT = "seatline-demo"
PBX, IMS = "127.0.0.1:5160", "127.0.0.2:5070"
SEATS_AT, MOBILE_AT = "127.0.0.3", "127.0.0.4"
REGISTRATIONS = 69 + 1 + 12
MOBILE, LANDLINE, ABROAD = "13800138000", "01085200000", "0012025550100"
TALK = 2.0
SETTINGS = """\
database_url = "sqlite:///seatline.db"

[switches.pbx]
ami = "127.0.0.1:5138"
user = "provisioner"
secret_file = "secrets/provisioner"
sip = "127.0.0.1:5160"
records = ["log/cdr-custom/seatline.json", "log/cdr-csv/Master.csv"]
events = ["log/cel-custom/seatline-events.json"]
sounds = "sounds"
recordings = "recordings"
"""


class Broken(Exception):
    """The demo did not go as it should; the message says where."""


def main() -> int:
    begun = time.monotonic()
    try:
        step(1, "containers: pbx, the customer's switch, and ims, the operator")
        start_switches()
        step(2, "three contracts: check, and record them in the ledger")
        record_contracts()
        step(3, "plan, apply over AMI, plan again")
        provision()
        step(4, "the files of two analog gateways")
        write_iads()
        step(5, "prompts in Chinese and English; real calls, by softphones")
        seatline("sound", "install")
        months = cycles()
        before, written = bills(months), lines()
        made = make_calls()
        step(6, "collect twice, rate, and the night's audit")
        wait(lambda: grown(written, len(made)), 60, f"{len(made)} records in each book")
        collect_and_rate()
        audit()
        after = bills(months)
        step(7, "what came of it")
        show(made, {contract: after[contract] - before[contract] for contract in BILLS})
    except (Broken, SwitchError) as fault:
        say(f"\nthe demo broke: {fault}")
        return 1
    say(f"\nDone in {time.monotonic() - begun:.0f} s. Again: make demo. Take it all away: make clean-demo.")
    return 0


def start_switches() -> None:
    """Both containers, running the image as it is now; nothing is rebuilt needlessly."""
    for folder in ("log", "ims-log", "sounds", "recordings"):
        (HOME / folder).mkdir(parents=True, exist_ok=True)
    draw_secrets()
    contracts_with_passwords(HOME, CONTRACTS)
    (HOME / "seatline.toml").write_text(SETTINGS, encoding="utf-8")
    script("image.sh")
    script("compose.sh", "-p", PROJECT, "up", "-d")
    wait(lambda: asked("CoreStatus") is not None, 120, "answer from the switch's AMI")


def draw_secrets() -> None:
    """Secrets that nobody else on this machine can read; the containers read them as root."""
    folder = HOME / "secrets"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in ("provisioner", "collector", "mobile"):
        file = folder / name
        drawn = not file.exists()
        file.touch(0o600)
        file.chmod(0o600)
        if drawn:
            letters = string.ascii_letters + string.digits
            file.write_text("".join(secrets.choice(letters) for _ in range(24)), encoding="utf-8")


def record_contracts() -> None:
    contracts = contracts_with_passwords(HOME, CONTRACTS)
    checked = seatline("check", *map(str, contracts), "--json")
    seats = json.loads(checked)["seats"]
    say(f"    {seats} seats in {len(contracts)} contracts, no problems")
    for one in told(seatline("contract", "add", *map(str, contracts))):
        say(f"    {one}")


def provision() -> None:
    planned = json.loads(seatline("plan", "--json", codes=(0, 2)))
    by_kind: dict[str, int] = {}
    for change in planned["changes"]:
        by_kind[f"{change['action']} {change['kind']}"] = (
            by_kind.get(f"{change['action']} {change['kind']}", 0) + 1
        )
    say(
        "    plan:  "
        + (", ".join(f"{count} x {what}" for what, count in sorted(by_kind.items())) or "no change")
    )
    begun = time.monotonic()
    seatline("apply", "--yes", "--json")
    say(f"    apply: staged, verified, promoted, reloaded, read back in {time.monotonic() - begun:.1f} s")
    again = json.loads(seatline("plan", "--json", codes=(0, 2)))["changes"]
    left = [change for change in again if change["kind"] not in ("iad", "port")]
    if left:
        raise Broken(f"the plan of an applied plan is not empty: {left}")
    say(f"    plan:  nothing for the switch; for the IADs {len(again)} x add")
    wait(lambda: registered() == REGISTRATIONS, 120, f"{REGISTRATIONS} registrations at the operator")
    say(f"    {REGISTRATIONS} numbers are registered at the operator, each with its password")


def write_iads() -> None:
    """The files of the analog gateways of 69 seats, as they are carried to the site."""
    folder = IAD_FILES
    written = json.loads(seatline("iad", "zhaotong", "--to", str(folder), "--json"))["files"]
    for one in written:
        say(f"    {one['iad']}, {one['model']}: {one['file']}, {one['used']} of {one['ports']} ports")
    again = json.loads(seatline("plan", "--json"))
    if sum(one["used"] for one in written) != 69 or again["changes"]:
        raise Broken(f"the files do not hold the site's 69 seats, or not for good: {written}")


def gateway_secrets() -> dict[str, str]:
    """The SIP secrets of the first gateway's lines, read from its file as the device would read it."""
    family = family_of(GATEWAY)
    [file] = IAD_FILES.glob("cfgc074ad000001.xml")
    device = family.parse(file.read_bytes(), GATEWAY)
    return {line.user: line.password for _, line in device.lines}


@dataclass(frozen=True)
class Made:
    """A call that was made: what it should show, how it went."""

    what: str
    contract: str
    expected: str
    ended: Ended

    @property
    def result(self) -> str:
        connected = self.ended.seconds > 0
        return f"{self.ended.seconds:.1f} s" if connected else f"refused ({self.ended.code})"


def make_calls() -> list[Made]:
    ledger = wiring.open_ledger(wiring.load_settings(HOME / "seatline.toml"))
    keys = {site: ledger.secrets(site) for site in ("jilin", "kizilsu")} | {"zhaotong": gateway_secrets()}
    mobile_secret = (HOME / "secrets" / "mobile").read_text(encoding="utf-8")
    with Phones(bind=SEATS_AT) as phones, Phones(bind=MOBILE_AT) as mobiles:

        def seat(site: str, number: str) -> Phone:
            return phones.register(
                number, auth_user=f"seat-{number}", secret=keys[site][number], registrar=PBX
            )

        first, second = seat("zhaotong", "08702120001"), seat("zhaotong", "08702120002")
        service, family = seat("jilin", "12393"), seat("kizilsu", "09084220001")
        mobile = mobiles.register(MOBILE, auth_user="mobile", secret=mobile_secret, registrar=IMS)
        zhaotong, jilin, kizilsu = BILLS
        return [
            made("seat 6001 to 6002, by short number", zhaotong, "free", first.dial("6002"), second),
            made("service number 12393 to a mobile", jilin, "0.06", service.dial(any_mobile())),
            made("family phone to a landline on its list", kizilsu, "0.15", family.dial(LANDLINE)),
            made("family phone to another number", kizilsu, "refused", family.dial(MOBILE)),
            made(
                "a mobile to seat 6001, by long number", zhaotong, "free", mobile.dial("08702120001"), first
            ),
            made("seat 6001 abroad", zhaotong, "refused", first.dial(ABROAD)),
            *stopped_calls(first, zhaotong),
        ]


def stopped_calls(seat: Phone, contract: str) -> list[Made]:
    """What a seat can still do while its service is stopped one way: call for help."""
    its = (contract, "--seat", "08702120001")
    seatline("suspend", *its, "--way", "out")
    calls = [
        made("seat 6001, suspended, to 6002", contract, "refused", seat.dial("6002")),
        made("seat 6001, suspended, to 110", contract, "free", seat.dial("110")),
    ]
    seatline("resume", *its)
    return calls


def any_mobile() -> str:
    """Another one each time: no contract lets more than ten calls a day go to one."""
    return f"1390013{secrets.randbelow(10_000):04}"


def made(what: str, contract: str, expected: str, call: Call, callee: Phone | None = None) -> Made:
    """Waits for the call's end and checks that it went as the contract says."""
    if expected == "refused":
        ended = call.ended()
        if ended.code != 403 or ended.seconds > 0:
            raise Broken(f"{what}: should be refused with 403, was {ended.code} {ended.reason}")
    else:
        ended = call.talk(TALK)
        if callee is not None:
            callee.next_call()
    say(f"    {what}: {'refused' if expected == 'refused' else 'connected'}")
    return Made(what, contract, expected, ended)


def collect_and_rate() -> None:
    first = json.loads(seatline("collect", "--json"))
    again = json.loads(seatline("collect", "--json"))
    say(f"    collect: {first['read']} lines read, {first['new']} new calls; again: {again['new']} new")
    rated = json.loads(seatline("rate", "--json"))
    say("    rate:    " + ", ".join(f"{count} {outcome}" for outcome, count in rated.items()))
    if again["new"] or first["new"] < 8 or rated["unrated"] or rated["review"]:
        raise Broken(f"the records do not add up: {first}, then {again}, {rated}")


def audit() -> None:
    """What the nightly job says: the recordings taken up, and no call that should not have happened."""
    steps = {step["step"]: step for step in json.loads(seatline("nightly", "--json", codes=(0, 3)))["steps"]}
    looked, kept = steps["compliance"]["said"], json.loads(seatline("recording", "list", "--json"))
    say(f"    nightly: {looked}; {len(kept)} calls kept as recordings")
    if steps["compliance"]["findings"] or not kept:
        raise Broken(f"a call that should not have happened, or no recording: {steps['compliance']}")


def show(calls: list[Made], charged: dict[str, Decimal]) -> None:
    """One screen: the calls, the bills, one number."""
    screens.table(("call", "went", "costs"), [(call.what, call.result, call.expected) for call in calls])
    for contract in BILLS:
        sys.stdout.write(seatline("bill", contract, "--cycle", cycles()[0]))
        expected = sum(
            Decimal(call.expected) for call in calls if call.contract == contract and "." in call.expected
        )
        if charged[contract] != expected:
            raise Broken(f"the bill of {contract} grew by {charged[contract]:.2f}, not by {expected:.2f}")
    screens.line("seatline lookup 6001")
    sys.stdout.write(seatline("lookup", "6001"))


def bills(months: tuple[str, ...]) -> dict[str, Decimal]:
    """What each contract comes to in these months."""

    def amount(contract: str, month: str) -> Decimal:
        return Decimal(json.loads(seatline("bill", contract, "--cycle", month, "--json"))["amount"])

    return {contract: sum((amount(contract, month) for month in months), Decimal(0)) for contract in BILLS}


def cycles() -> tuple[str, ...]:
    """The month it is, and the next where that may begin before the demo is over."""
    now = datetime.now(SHANGHAI)
    return tuple(sorted({str(Cycle.of(day.date())) for day in (now, now + timedelta(hours=1))}))


def grown(former: tuple[int, int], by: int) -> bool:
    """Whether both books have so many records more."""
    return all(now - then >= by for now, then in zip(lines(), former, strict=True))


def lines() -> tuple[int, int]:
    """How many call records the switch has written, into the one book and the other."""
    books = (HOME / "log" / name for name in ("cdr-custom/seatline.json", "cdr-csv/Master.csv"))
    one, other = (book.read_bytes().count(b"\n") if book.exists() else 0 for book in books)
    return one, other


def seatline(command: str, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
    """Runs the command as a user would; its stdout."""
    settings = () if command == "check" else ("--config", str(HOME / "seatline.toml"))
    done = subprocess.run(
        [Path(sys.executable).with_name("seatline"), command, *arguments, *settings],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode not in codes:
        raise Broken(f"seatline {command} ended with {done.returncode}:\n{done.stderr}{done.stdout}")
    return done.stdout


def told(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.strip()]


def script(name: str, *arguments: str) -> None:
    environment = {**os.environ, "SEATLINE_RUN_DIR": str(HOME)}
    done = subprocess.run(
        [ROOT / "docker" / name, *arguments], env=environment, check=False, stdout=sys.stderr
    )
    if done.returncode:
        raise Broken(f"docker/{name} ended with {done.returncode}")


def asked(action: str) -> Any:
    """The switch's answer to an action without arguments, None if it cannot be had."""
    settings = wiring.load_settings(HOME / "seatline.toml")
    try:
        with wiring.connect(settings.switches["pbx"]) as ami:
            return ami.send(Action(action))
    except SwitchError:
        return None


def registered() -> int:
    """How many of our numbers the operator has taken."""
    reply = asked("PJSIPShowRegistrationsOutbound")
    return sum(event.get("Status") == "Registered" for event in reply.events) if reply else 0


def wait(done: Callable[[], object], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise Broken(f"no {what} within {seconds:g} s")
        time.sleep(0.3)


def step(number: int, what: str) -> None:
    say(f"{number}/7 {what}")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
