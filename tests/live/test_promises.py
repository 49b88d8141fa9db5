"""What a contract promises reaches a real switch, and a change of it is told as the seat's."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from provisioning.flows.check_contracts import check
from provisioning.planning.explain import lines
from provisioning.planning.policy import contexts

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)
pytestmark = pytest.mark.live

SAMPLE = Path(__file__).parents[1] / "provisioning/intake/promises/zhaotong.yaml"


def test_all_that_is_promised_reaches_the_switch(switches):
    """A contract file with every feature and rule is applied whole: each fact can be asked on the switch, the
    next plan is empty, and a seat's other forwarding is a change of that seat alone."""
    reading = check([str(SAMPLE)], lambda path, limit: Path(path).read_bytes())
    (contract,) = reading.contracts
    contract = replace(contract, term=replace(contract.term, last=date(2030, 12, 31)))
    pbx = switches.pbx
    pbx.wipe()
    book = sites.Book((contract,))
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        assert {outcome.status for outcome in sites.apply_to(ami, book).outcomes} == {"applied"}
        assert not any(plan.changes for plan in sites.plan_of(ami, book).plans)
        for section in contexts(contract, "a"):
            held = pbx.cli(f"dialplan show {section.name}")
            for fact in section.values("exten"):
                name, _, application = fact.split(",", 2)
                assert f"'{name}'" in held, section.name
                assert application in held, section.name
        moved = replace(contract.site.seats[2], forward_always="13900138009")
        seats = (*contract.site.seats[:2], moved, *contract.site.seats[3:])
        changed = replace(contract, site=replace(contract.site, seats=seats))
        planned = sites.plan_of(ami, sites.Book((changed,), secret_of=book.secret_of))
        assert [line for plan in planned.plans for line in lines(plan)] == [
            "~ seat 08702120003 (6003): forwarding 13900138003 -> 13900138009"
        ]
