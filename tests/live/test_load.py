"""A busy hour on a line, made short: as many calls as it carries, one more refused, each charged once.

In the suite a small one; with SEATLINE_LOAD=busy-hour that of 69 seats on a line of 30 calls, which
docker/load.sh runs to print its figures. SIPp plays all telephones; the operator hums into every call, so
that voice flows.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pbx.live import sipp
from provisioning import wiring

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)
_spec = importlib.util.spec_from_file_location("live_busy", Path(__file__).with_name("busy.py"))
assert _spec is not None
assert _spec.loader is not None
busy = sys.modules.setdefault("live_busy", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(busy)
operators = sys.modules["live_operators"]
"""What conftest made of operators.py."""
Office = busy.Office
pytestmark = pytest.mark.live

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
  rates: {{internal: "0", local: "0.06", domestic: "0.06", service: "0.06"}}
  incoming: "0"
policy: {{calls_per_number_per_day: 500, calls_per_callee_per_day: 10}}
site:
  name: zhaotong
  area_code: "0870"
  numbers: numbers.csv
  short_numbers: {{digits: 4, first: "6"}}
  voice_lines: [{{bandwidth: 100M, concurrent_calls: {line}}}]
  ims: {{domain: ims.example.net, proxy: "{proxy}", register: seat}}
"""
HOLD_FULL = 60.0
"""Seconds for which a full line stays full at most: it is cleared once the calls beyond it have been made."""


@pytest.fixture(scope="module")
def office(switches, tmp_path_factory) -> Office:
    """The site applied to an empty switch, its telephones registered."""
    scale = busy.SCALES[os.environ.get("SEATLINE_LOAD", "small")]
    pbx = switches.pbx
    pbx.wipe()
    folder = tmp_path_factory.mktemp("load")
    text = "IMS固话号码,对应短号码\n" + "".join(f"0870212{n:04},6{n:03}\n" for n in range(1, scale.seats + 1))
    (folder / "numbers.csv").write_text(text, encoding="utf-8")
    (folder / "zhaotong.yaml").write_text(
        CONTRACT.format(line=scale.line, proxy=sites.PROXY), encoding="utf-8"
    )
    (folder / "seatline.toml").write_text(
        f"""
[switches.pbx]
ami = "{pbx.ami_host}:{pbx.ami_port}"
secret_file = "{pbx.secret_file}"
records = ["seatline.json"]
""",
        encoding="utf-8",
    )
    port = sipp.free_port(switches.desks)
    found = Office(folder, switches, scale, {}, port, time.time())
    for command in ("db upgrade", "contract add zhaotong.yaml", "apply zhaotong --yes"):
        seatline = [sys.executable, "-m", "provisioning", *command.split()]
        subprocess.run(seatline, cwd=folder, check=True, capture_output=True)
    settings = wiring.load_settings(folder / "seatline.toml")
    found.secrets = wiring.open_ledger(settings).secrets("zhaotong")
    register(found)
    operators.wait_registered(pbx)
    return found


def register(office: Office) -> None:
    """Every seat's telephone signs on, for ten minutes, all of them on one port; each is taken at once. What
    was said to one that was not is in the failure."""
    played = sipp.play(
        sipp.SCENARIOS / "register.xml",
        office.folder / "register",
        to=office.switches.pbx.sip,
        address=office.switches.desks,
        port=office.port,
        lines=[office.from_seat(n, "600") for n in range(office.scale.seats)],
        per_second=20,
    ).wait(90)
    failed = [messages for messages in played.calls.values() if sipp.final_code(messages) != 200]
    said = [
        f"{one.at.time()} {'sent' if one.sent else 'got'} {one.text.splitlines()[0]}, {one.header('CSeq')}"
        for one in failed[0]
    ] if failed else []  # fmt: skip
    assert len(played.calls) == office.scale.seats
    assert not failed, "\n".join(said)


def new_records(office: Office, since: float, count: int) -> list[dict[str, Any]]:
    pbx = office.switches.pbx

    def found() -> list[dict[str, Any]]:
        return [one for one in pbx.records() if one["start"] >= since]

    sites.wait_for(lambda: len(found()) >= count, f"{count} call records", 120)
    pbx.wait_both_books()
    return found()


def test_a_busy_hour_is_charged_call_by_call(office):
    """Of calls out, in and inside at once each comes about, leaves one record, an answered one, and is on the
    bill once; the line is never over its limit."""
    scale, pbx = office.scale, office.switches.pbx
    since, before, began = time.time(), busy.cpu(pbx.id), time.monotonic()
    out, into, inside = (rate * scale.seconds for rate in (scale.out, scale.into, scale.inside))
    answering = office.answering(into + inside)
    playing = [
        office.play(
            "out",
            [office.from_seat(n, office.landline()) for n in range(out)],
            per_second=scale.out,
            hold=scale.hold,
        ),
        office.play(
            "in", [office.from_outside(n) for n in range(into)], per_second=scale.into, hold=scale.hold
        ),
        office.play(
            "inside",
            [office.from_seat(n, f"6{(n + 3) % scale.seats + 1:03}") for n in range(inside)],
            per_second=scale.inside,
            hold=scale.hold,
        ),
    ]
    played = [one.wait(scale.seconds + 120) for one in playing]
    answering.wait(10)
    assert Counter(code for one in played for code in one.codes) == {200: out + into + inside}
    spent = busy.cpu(pbx.id) - before
    records = new_records(office, since, out + into + inside)
    assert Counter(one["disposition"] for one in records) == {"ANSWERED": out + into + inside}
    assert len({one["linkedid"] for one in records}) == len(records)
    on_line = [one for one in records if len(one["dst"]) > 4]
    assert 0 < busy.most_at_once(on_line) <= scale.line
    bill = billed(office)
    assert bill == {"domestic": out, "internal": inside}
    rang = busy.delays(played)
    office.figures |= {
        "calls in the busy time": f"{out} out, {into} in, {inside} inside, in {scale.seconds} s",
        "answered": f"{out + into + inside}",
        "most at once on the line": f"{busy.most_at_once(on_line)} of {scale.line}",
        "post-dial delay, half of the calls": f"{statistics.median(rang) * 1000:.0f} ms",
        "post-dial delay, 95 % of the calls": f"{statistics.quantiles(rang, n=20)[-1] * 1000:.0f} ms",
        "post-dial delay, longest": f"{max(rang) * 1000:.0f} ms",
        "Asterisk's processor time": f"{spent / (time.monotonic() - began):.0%} of one core",
        "records, answered and charged": f"{len(records)}, {len(records)}, {out} (calls in are free)",
    }


def test_a_full_line_takes_no_more(office):
    """As many calls as the line carries stay up together; one more out gets 503, one more in is busy, an
    emergency call gets through, and only those that were answered are charged."""
    scale = office.scale
    since = time.time()
    filling = [office.from_seat(n, office.landline()) for n in range(scale.line)]
    per_second = 10
    full = office.play("full", filling, per_second=per_second, hold=HOLD_FULL + scale.line / per_second)
    sites.wait_for(lambda: answered(full) == scale.line, "a full line")
    last = [
        office.play(name, [line], per_second=1, hold=0.5)
        for name, line in {
            "one-more-out": office.from_seat(1, office.landline()),
            "one-more-in": office.from_outside(2),
            "emergency": office.from_seat(3, "110"),
        }.items()
    ]
    assert [one.wait(60).codes for one in last] == [(503,), (486,), (200,)]
    office.switches.pbx.cli("channel request hangup all")
    full.stop()
    assert full.so_far().codes == (200,) * scale.line
    records = new_records(office, since, scale.line + 3)
    assert Counter((one["disposition"], one["userfield"]) for one in records if one["answer"]) == {
        ("ANSWERED", ""): scale.line,
        ("ANSWERED", "emergency"): 1,
    }
    assert [one["userfield"] for one in records if not one["answer"]] == ["refused-capacity"] * 2
    assert busy.most_at_once([one for one in records if one["answer"] and not one["userfield"]]) == scale.line
    assert billed(office) == {"domestic": scale.line}
    office.figures |= {
        "calls at once on the full line": f"{scale.line}",
        "one more out, one more in, 110": "503, busy, connected",
        "charged of these": f"{scale.line}",
    }
    for name, figure in office.figures.items():
        print(f"| {name} | {figure} |")


def answered(playing: sipp.Playing) -> int:
    return playing.so_far().codes.count(200)


def billed(office: Office) -> dict[str, int]:
    """The calls that are on the bill now and were not before, by zone: collected and rated by the commands.
    What other tests left in the switch's book is not collected."""
    before = in_ledger(office)
    lines = office.switches.pbx.json_records.read_text(encoding="utf-8").splitlines(keepends=True)
    ours = [line for line in lines if json.loads(line)["start"] >= office.since]
    (office.folder / "seatline.json").write_text("".join(ours), encoding="utf-8")
    collected = office.seatline("collect")
    assert collected["quarantined"] == 0
    office.seatline("rate")
    again = office.seatline("collect")
    assert again["new"] == 0
    return {zone: count for zone, count in (in_ledger(office) - before).items() if count}


def in_ledger(office: Office) -> Counter[str]:
    """How many calls of each zone stand on the contract's bill of this month."""
    month = f"{wiring.today():%Y-%m}"
    bill = office.seatline("bill", "zhaotong-2025", "--cycle", month)
    return Counter({one["zone"]: one["calls"] for one in bill["calls"]})
