"""A real switch that counts calls and delivers no record of them is found silent by `seatline nightly`."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pbx.live.softphone import Phones
from provisioning.core.site import Seat
from provisioning.store.ledger import open_ledger


def _beside(name: str, file: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(file))
    assert spec is not None
    assert spec.loader is not None
    if name not in sys.modules:
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


sites, desks = _beside("live_sites", "sites.py"), _beside("live_desks", "desk.py")

pytestmark = pytest.mark.live

ANNA, BERT, MOBILE = "08702120001", "08702120002", "13900138001"
SECRET = "Secret0of0a0telephone000"


@dataclass
class Nights:
    """Three nights: after a call that was delivered, after two whose records were not, and with those."""

    before: dict[str, Any]
    silent: dict[str, Any]
    after: dict[str, Any]
    metrics: str
    page: str


def step(night: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in night["steps"] if one["step"] == name]
    return dict(found)


@pytest.fixture(scope="module")
def nights(switches: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    """A contract without limits, so that only Asterisk itself counts its calls, and two of them."""
    pbx, folder = switches.pbx, tmp_path_factory.mktemp("nights")
    pbx.wipe()
    with open_ledger(f"sqlite:///{folder}/seatline.db") as ledger:
        paper = sites.contract(of=[Seat(long_number=ANNA, short_number="6001"), Seat(long_number=BERT)])
        ledger.record_versions(
            [(paper, date(2025, 1, 1))], new_secret=lambda: SECRET, at=datetime.now(UTC), who="li@desk"
        )
        with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
            applied = sites.apply_to(ami, ledger)
        assert {(outcome.status, outcome.fault) for outcome in applied.outcomes} == {("applied", None)}
    records = folder / "seatline.json"
    known = len(pbx.records())
    settings = (
        f'{desks.table_of(pbx).rstrip()}\nrecords = ["{records}"]\n[nightly]\nreports = "reports"\n'
        'metrics = "seatline.prom"\n'
    )
    desk = desks.Desk(folder, settings)

    def deliver(calls: int, *, of: int) -> None:
        """The records of the first calls of those that were made."""
        pbx.wait_both_books(known + of)
        lines = pbx.json_records.read_text(encoding="utf-8").splitlines(keepends=True)[known:]
        assert len(lines) == of
        records.write_text("".join(lines[:calls]), encoding="utf-8")

    with Phones(bind=switches.desks) as phones:
        anna = phones.register(ANNA, auth_user=f"seat-{ANNA}", secret=SECRET, registrar=pbx.sip)
        anna.dial(MOBILE).talk(0)
        deliver(1, of=1)
        before = json.loads(desk("nightly", "--json"))
        for _ in range(2):
            anna.dial(MOBILE).talk(0)
    deliver(1, of=3)
    silent = json.loads(desk("nightly", "--json", code=3))
    metrics = (folder / "seatline.prom").read_text(encoding="utf-8")
    page = max((folder / "reports").glob("*.html")).read_text(encoding="utf-8")
    deliver(3, of=3)
    after = json.loads(desk("nightly", "--json"))
    yield Nights(before=before, silent=silent, after=after, metrics=metrics, page=page)
    pbx.wipe()


def test_a_switch_that_delivers_is_not_silent(nights: Nights) -> None:
    """With the record of its call nobody is alarmed."""
    assert nights.before["silent"] == []
    assert nights.before["new"] == [{"switch": "pbx", "records": 1}]


def test_counted_calls_without_a_record_are_an_alarm(nights: Nights) -> None:
    """The switch counted two calls and delivered none: found, in metrics and on the page too."""
    (alarm,) = nights.silent["silent"]
    assert (alarm["switch"], alarm["kind"], alarm["alarm"]) == ("pbx", "lost", True)
    assert alarm["said"] == "it counted 2 calls"
    assert step(nights.silent, "silence")["state"] == "found"
    assert 'seatline_switch_silent{kind="lost",switch="pbx"} 1.0' in nights.metrics
    assert "it counted 2 calls" in nights.page


def test_the_records_end_the_alarm(nights: Nights) -> None:
    """Once they are delivered they are new, rated and paid for, and the switch is silent no more."""
    assert nights.after["silent"] == []
    assert nights.after["new"] == [{"switch": "pbx", "records": 2}]
    (money,) = nights.after["money"]
    assert (money["contract"], money["calls"]) == ("zhaotong-2025", 3)
