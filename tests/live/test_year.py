"""A site walks through a year of changes: each planned, applied to a real switch, found again by its day."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

_desks_spec = importlib.util.spec_from_file_location("live_desks", Path(__file__).with_name("desk.py"))
assert _desks_spec is not None
assert _desks_spec.loader is not None
desks = sys.modules.setdefault("live_desks", importlib.util.module_from_spec(_desks_spec))
_desks_spec.loader.exec_module(desks)

pytestmark = pytest.mark.live

CONTRACT = """\
contract: {id}
customer: {{name: 某办公室}}
operator: {{name: 中国移动}}
term: {{from: 2026-01-01, to: {until}}}
calls:
  increment: 60
  rates: {{internal: "0", local: "0.06", domestic: "0.06", service: "0.06"}}
  incoming: "0"
site:
  name: {site}
  area_code: "0870"
  short_numbers: {{digits: 4, first: "6"}}
  numbers: {numbers}
  iads: [{{name: {iad}, model: grandstream-gxw4216, mac: "{mac}"}}]
"""
FIRST = {"id": "zhaotong-2026", "site": "zhaotong", "iad": "iad-1", "mac": "c0:74:ad:00:00:01"}
ANNEX = {"id": "annex-2026", "site": "annex", "iad": "iad-9", "mac": "c0:74:ad:00:00:09"}


class Desk(desks.Desk):
    """seatline in a folder, with one switch for both sites."""

    def record(self, day: str, *papers: dict[str, str]) -> None:
        """Contract files as the papers say, in force from that day on."""
        names = []
        for paper in papers:
            names.append(f"{paper['id']}.yaml")
            (self.folder / names[-1]).write_text(CONTRACT.format(**paper), encoding="utf-8")
        self("contract", "add", *names, "--from", day)

    def change(self, day: str, sheet: str, contract: str = "zhaotong-2026") -> None:
        """A number sheet with changes of a few seats only, in force from that day on."""
        (self.folder / "changes.csv").write_text(sheet, encoding="utf-8")
        self("contract", "change", contract, "changes.csv", "--from", day)

    def applied(self) -> list[str]:
        """Plans, applies, hands out the IAD files; the plan is empty afterwards. What was planned."""
        planned = json.loads(self("plan", "--json", code=2))["changes"]
        self("apply", "--yes", "--force", "--json")
        for site in sorted({change["site"] for change in planned if change["kind"] in ("iad", "port")}):
            self("iad", site, "--to", f"{site}-files", "--force")
        self("plan")
        signs = {"add": "+", "change": "~", "remove": "-"}
        return [f"{signs[one['action']]} {one['kind']} {one['name']}" for one in planned]

    def seat(self, number: str, day: str) -> dict[str, Any] | None:
        """Whose the number is on that day."""
        found = json.loads(self("lookup", number, "--on", day, "--json"))
        exact = [one for one in found if number in (one["long_number"], one["short_number"])]
        assert len(exact) < 2
        return exact[0] if exact else None


def rows(*seats: tuple[str, str, str]) -> str:
    """Number rows as a list in the contract file."""
    told = (f'{{long_number: "{n}", short_number: "{s}", name: {name}}}' for n, s, name in seats)
    return "[" + ", ".join(told) + "]"


def test_a_year(pbx: Any, tmp_path: Path) -> None:
    """Seats come, go, move and get other numbers; a device is replaced; contracts are renewed and end; each
    change is planned as just that, applied, and who had a number on any day of the year stays known."""
    desk = Desk(tmp_path, desks.table_of(pbx))
    staff = [
        ("08702120001", "6001", "前台"),
        ("08702120002", "6002", "财务"),
        ("08702120003", "6003", "值班"),
    ]
    desk.record("2026-01-01", FIRST | {"until": "2026-12-31", "numbers": rows(*staff)})
    planned = desk.applied()
    assert "+ seat 08702120001" in planned
    assert sum(one.startswith("+ port iad-1/") for one in planned) == 3

    desk.change("2026-02-01", "IMS固话号码,对应短号码,姓名\n08702120004,6004,新座机\n")
    planned = desk.applied()
    assert "+ seat 08702120004" in planned
    assert [one for one in planned if "00001" in one] == []

    desk.change("2026-03-01", "IMS固话号码,对应短号码\n08702120002,6022\n")
    assert desk.applied() == ["~ seat 08702120002"]

    desk.change("2026-04-01", "IMS固话号码,接入设备,端口\n08702120003,iad-1,16\n")
    assert all("seat" not in one for one in desk.applied())

    staff = [staff[0], ("08702120002", "6022", "财务"), staff[2], ("08702120004", "6004", "新座机")]
    places = rows(*staff).replace("name: 值班}", "name: 值班, iad: iad-1, port: 16}")
    replaced = FIRST | {"mac": "c0:74:ad:00:00:02", "until": "2026-12-31", "numbers": places}
    desk.record("2026-05-01", replaced)
    assert desk.applied() == ["~ iad iad-1"]

    desk.record("2026-05-20", replaced | {"until": "2027-12-31"})
    desk("plan")

    desk.change("2026-06-01", "原号码,IMS固话号码\n08702120001,08702120011\n")
    planned = desk.applied()
    assert "+ seat 08702120011" in planned
    assert "- seat 08702120001" in planned

    desk.change("2026-07-01", "IMS固话号码,操作\n08702120004,删除\n")
    assert "- seat 08702120004" in desk.applied()

    staff = [("08702120011", "6001", "前台"), ("08702120002", "6022", "财务")]
    desk.record(
        "2026-08-01",
        replaced | {"until": "2027-12-31", "numbers": rows(*staff)},
        ANNEX | {"until": "2027-12-31", "numbers": rows(("08702120003", "6003", "值班"))},
    )
    planned = desk.applied()
    assert "+ iad iad-9" in planned

    desk.record(
        "2026-09-01", ANNEX | {"until": "2026-10-31", "numbers": rows(("08702120003", "6003", "值班"))}
    )
    assert any(one.startswith("- seat 08702120003") for one in desk.applied())

    who = desk.seat
    assert who("08702120004", "2026-01-31") is None
    assert who("08702120004", "2026-02-01")["name"] == "新座机"  # type: ignore[index]
    assert who("08702120004", "2026-07-01") is None
    assert [who("6002", day) is not None for day in ("2026-02-28", "2026-03-01")] == [True, False]
    assert who("6022", "2026-03-01")["long_number"] == "08702120002"  # type: ignore[index]
    ports = [who("08702120003", day)["port"] for day in ("2026-03-31", "2026-04-01")]  # type: ignore[index]
    assert ports == [3, 16]
    assert who("6001", "2026-05-31")["long_number"] == "08702120001"  # type: ignore[index]
    assert who("6001", "2026-06-01")["long_number"] == "08702120011"  # type: ignore[index]
    sites = [who("08702120003", day) for day in ("2026-07-31", "2026-08-01", "2026-11-01")]
    assert [one and one["site"] for one in sites] == ["zhaotong", "annex", None]
