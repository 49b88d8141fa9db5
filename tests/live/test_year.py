"""A site walks through a year of changes: each planned, applied to a real switch, found again by its day."""

from __future__ import annotations

import importlib.util
import json
import sys
from datetime import date, timedelta
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
term: {{from: {begin}, to: {until}}}
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


def months() -> list[date]:
    """The first days of twelve months, this one the last."""
    year, month = date.today().year, date.today().month  # noqa: DTZ011 - any clock will do
    found = [(year * 12 + month - 1 - back) for back in range(11, -1, -1)]
    return [date(one // 12, one % 12 + 1, 1) for one in found]


MONTHS = months()
BEGIN, END = MONTHS[0], MONTHS[0].replace(year=MONTHS[0].year + 1)
RENEWED = END.replace(year=END.year + 1)


def on(month: int, days: int = 0) -> str:
    """So many days after the first of the year's month with that number, from 1."""
    return (MONTHS[month - 1] + timedelta(days=days)).isoformat()


FIRST = {"id": "zhaotong-year", "site": "zhaotong", "iad": "iad-1", "mac": "c0:74:ad:00:00:01"}
ANNEX = {"id": "annex-year", "site": "annex", "iad": "iad-9", "mac": "c0:74:ad:00:00:09"}


class Desk(desks.Desk):
    """seatline in a folder, with one switch for both sites."""

    def record(self, day: str, *papers: dict[str, str]) -> None:
        """Contract files as the papers say, in force from that day on."""
        names = []
        for paper in papers:
            names.append(f"{paper['id']}.yaml")
            (self.folder / names[-1]).write_text(CONTRACT.format(begin=BEGIN, **paper), encoding="utf-8")
        self("contract", "add", *names, "--from", day)

    def change(self, day: str, sheet: str, contract: str = "zhaotong-year") -> None:
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
    desk.record(on(1), FIRST | {"until": END.isoformat(), "numbers": rows(*staff)})
    planned = desk.applied()
    assert "+ seat 08702120001" in planned
    assert sum(one.startswith("+ port iad-1/") for one in planned) == 3

    desk.change(on(2), "IMS固话号码,对应短号码,姓名\n08702120004,6004,新座机\n")
    planned = desk.applied()
    assert "+ seat 08702120004" in planned
    assert [one for one in planned if "00001" in one] == []

    desk.change(on(3), "IMS固话号码,对应短号码\n08702120002,6022\n")
    assert desk.applied() == ["~ seat 08702120002"]

    desk.change(on(4), "IMS固话号码,接入设备,端口\n08702120003,iad-1,16\n")
    assert desk.applied() == ["~ port iad-1/16"]

    staff = [staff[0], ("08702120002", "6022", "财务"), staff[2], ("08702120004", "6004", "新座机")]
    places = rows(*staff).replace("name: 值班}", "name: 值班, iad: iad-1, port: 16}")
    replaced = FIRST | {"mac": "c0:74:ad:00:00:02", "until": END.isoformat(), "numbers": places}
    desk.record(on(5), replaced)
    assert desk.applied() == ["~ iad iad-1"]

    desk.record(on(5, 19), replaced | {"until": RENEWED.isoformat()})
    desk("plan")

    desk.change(on(6), "原号码,IMS固话号码\n08702120001,08702120011\n")
    planned = desk.applied()
    assert "+ seat 08702120011" in planned
    assert "- seat 08702120001" in planned

    desk.change(on(7), "IMS固话号码,操作\n08702120004,删除\n")
    assert "- seat 08702120004" in desk.applied()

    staff = [("08702120011", "6001", "前台"), ("08702120002", "6022", "财务")]
    desk.record(
        on(8),
        replaced | {"until": RENEWED.isoformat(), "numbers": rows(*staff)},
        ANNEX | {"until": RENEWED.isoformat(), "numbers": rows(("08702120003", "6003", "值班"))},
    )
    planned = desk.applied()
    assert "+ iad iad-9" in planned

    desk.record(on(9), ANNEX | {"until": on(11, -1), "numbers": rows(("08702120003", "6003", "值班"))})
    assert any(one.startswith("- seat 08702120003") for one in desk.applied())

    who = desk.seat
    assert who("08702120004", on(2, -1)) is None
    assert who("08702120004", on(2))["name"] == "新座机"
    assert who("08702120004", on(7)) is None
    assert [who("6002", day) is not None for day in (on(3, -1), on(3))] == [True, False]
    assert who("6022", on(3))["long_number"] == "08702120002"
    ports = [who("08702120003", day)["port"] for day in (on(4, -1), on(4))]
    assert ports == [3, 16]
    assert who("6001", on(6, -1))["long_number"] == "08702120001"
    assert who("6001", on(6))["long_number"] == "08702120011"
    sites = [who("08702120003", day) for day in (on(8, -1), on(8), on(11))]
    assert [one and one["site"] for one in sites] == ["zhaotong", "annex", None]
