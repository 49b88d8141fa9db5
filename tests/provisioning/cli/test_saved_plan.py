"""A saved plan, and what a command without named sites leaves out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provisioning.cli import saved_plan
from provisioning.flows.errors import FlowError
from provisioning.flows.plan_iads import SiteIads
from provisioning.planning.iad_plan import Wanted
from provisioning.planning.plan import Plan
from provisioning.settings_switch import SwitchSettings

from . import quick_start

CONTRACT = """\
contract: {site}-2025
customer: {{name: 某办公室}}
operator: {{name: 中国移动}}
term: {{from: 2025-01-01, to: 2099-12-31}}
calls:
  increment: 60
  rates: {{internal: "0", local: "0.06", domestic: "0.06", service: "0.06"}}
  incoming: "0"
site:
  name: {site}
  area_code: "{area}"
  numbers: [{{long_number: "{area}2120001"}}]
"""


def iads(*, mac: str = "c0:74:ad:00:00:01", port: str = "1", secret: str = "print") -> SiteIads:
    """Site zhaotong with one IAD that has one line."""
    line = {"number": "08702120001", "user": "08702120001", "secret": secret}
    kept = {"model": "grandstream-ht802", "mac": mac, "server": {}, "settings": {}, "ports": 2}
    wanted = Wanted(
        document={**kept, "secret": secret, "fetches": False, "lines": {port: line}},
        file="a.xml", short_numbers={}, digest=secret,
    )  # fmt: skip
    plan = Plan(site="zhaotong", changes=(), existing=0)
    return SiteIads(site="zhaotong", contract=None, iads=(), former={}, wanted={"iad-1": wanted}, plan=plan)


@pytest.fixture
def saved(tmp_path: Path) -> saved_plan.SavedPlan:
    """A plan of site zhaotong alone, saved and read again."""
    file = tmp_path / "zhaotong.plan"
    saved_plan.save(file, ["zhaotong"], [], [iads()])
    return saved_plan.read(file)


def test_a_saved_plan_knows_its_sites(saved: saved_plan.SavedPlan) -> None:
    """Without a site the sites of the plan are meant, and with other sites it is the wrong plan."""
    assert saved.meant([]) == ["zhaotong"]
    assert saved.meant(["zhaotong"]) == ["zhaotong"]
    with pytest.raises(FlowError, match="a plan of zhaotong; leave the sites out"):
        saved.meant(["qujing"])


def test_a_plan_of_all_sites_may_be_applied_by_name(tmp_path: Path) -> None:
    """A plan that was saved without naming a site leaves the sites to be named."""
    saved_plan.save(tmp_path / "all.plan", [], [], [])
    assert saved_plan.read(tmp_path / "all.plan").meant(["zhaotong"]) == ["zhaotong"]


@pytest.mark.parametrize("now", [iads(mac="c0:74:ad:00:00:02"), iads(port="2")])
def test_a_plan_does_not_hold_when_an_iad_is_another_or_a_port_has_moved(
    saved: saved_plan.SavedPlan, now: SiteIads
) -> None:
    """What the ledger says of a site's IADs since is refused like what it says of its seats."""
    with pytest.raises(FlowError, match="for the IADs of zhaotong the plan is another one by now"):
        saved.check_iads([now])


def test_a_plan_holds_when_the_files_were_handed_out_meanwhile(saved: saved_plan.SavedPlan) -> None:
    """Carrying the files to the site first changes secrets' fingerprints, and nothing that was agreed to."""
    saved.check_iads([iads(secret="another")])


def test_a_switch_without_a_plan_is_named(saved: saved_plan.SavedPlan) -> None:
    """A switch that was down when the plan was saved has no plan in it."""
    switch = SwitchSettings(name="pbx", host="h", port=1)
    with pytest.raises(FlowError, match="holds no plan for switch pbx"):
        saved.agreed([(switch, ())])


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[]", b'{"digests": {}}', b'{"sites": 3, "digests": {}, "iads": {}}',
     b'{"sites": [], "digests": {"pbx": 3}, "iads": {}}'],
)  # fmt: skip
def test_a_file_of_something_else_is_no_plan(tmp_path: Path, content: bytes) -> None:
    """A file that is no saved plan is told as that."""
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(FlowError, match="not a plan saved by"):
        saved_plan.read(tmp_path / "x")


@pytest.mark.parametrize("command", [("plan",), ("drift",), ("apply", "--yes")])
def test_a_site_that_no_switch_serves_is_told(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A contract in force that no switch gets is said, and so is a name in `sites` that no contract has."""
    for site, area in (("zhaotong", "0870"), ("qujing", "0874")):
        text = CONTRACT.format(site=site, area=area)
        (tmp_path / f"{site}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "seatline.toml").write_text(
        '[switches.pbx]\nami = "127.0.0.9:1"\nsecret_file = "s"\nsites = ["zhaotong", "qujng"]\n',
        encoding="utf-8",
    )
    (tmp_path / "s").write_text("secret", encoding="utf-8")
    added = quick_start.seatline("contract", "add", "zhaotong.yaml", "qujing.yaml", folder=tmp_path)
    assert added.returncode == 0, added.stderr
    done = quick_start.seatline(*command, "--json", folder=tmp_path)
    assert done.returncode == 4
    said: list[Any] = json.loads(done.stdout)["overlooked"]
    assert said == [
        "site qujing: a contract is in force there, and no switch serves it: add it to `sites` of a "
        "switch in seatline.toml",
        "switch pbx: no contract has site qujng of its `sites`",
    ]
    assert all(line in done.stderr for line in said)
    named = quick_start.seatline(*command, "zhaotong", "--json", folder=tmp_path)
    assert json.loads(named.stdout)["overlooked"] == []
