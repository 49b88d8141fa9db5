"""Planning against a switch that only keeps files: which sites, which slot, and what a hand has broken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pbx.action import Action, Reply
from pbx.config import Config
from pbx.section import CONTEXT
from provisioning.core.contract import (
    Billing,
    CallTariff,
    Contract,
    ContractVersion,
    Customer,
    Operator,
    Policy,
    Stated,
    Term,
    Zone,
)
from provisioning.core.site import Seat, Site
from provisioning.core.status import Stop, midnight
from provisioning.flows.errors import FlowError
from provisioning.flows.plan_site import SwitchPlan, plan_sites
from provisioning.flows.read_switch import Mark, marks_section
from provisioning.planning.desired import desired, shared
from provisioning.planning.names import APPLYING_FILE
from provisioning.planning.plan import too_much

TODAY = date(2025, 9, 1)
HAND_WRITTEN = {"a.conf": "[seatline-emergency]\nexten => 110,1,NoOp()\n"}


def contract(
    site: str, seats: int = 2, *, last: date = date(2025, 12, 31), id: str | None = None
) -> Contract:
    return Contract(
        id=id or f"{site}-2025",
        customer=Customer(name="x"),
        operator=Operator(name="y"),
        term=Term(first=date(2025, 1, 1), last=last),
        billing=Billing(starts=date(2025, 1, 1)),
        recurring=(),
        once=(),
        stated=Stated(),
        calls=CallTariff(increment=60, rates={Zone.LOCAL: Decimal(0)}, incoming=Decimal(0)),
        messages=None,
        payers=(),
        policy=Policy(),
        site=Site(
            name=site,
            area_code="0870",
            seats=tuple(Seat(long_number=f"0870212{n:04}") for n in range(1, seats + 1)),
        ),
    )


@dataclass
class Book:
    """A ledger of contracts."""

    kept: tuple[ContractVersion, ...]
    missing: str = ""
    stopped: tuple[Stop, ...] = ()

    def stops(self, contract: str | None = None) -> tuple[Stop, ...]:
        return self.stopped

    def versions(self, contract: str | None = None) -> tuple[ContractVersion, ...]:
        return self.kept

    def secrets(self, site: str) -> Mapping[str, str]:
        numbers = (seat.long_number for version in self.kept for seat in version.contract.site.seats)
        return {number: f"Secret{number}" for number in numbers if number != self.missing}

    def ims_passwords(self, contract: str) -> Mapping[str, str]:
        return {}


def book(*contracts: Contract) -> Book:
    return Book(tuple(ContractVersion(contract=c, number=1, effective=date(2025, 1, 1)) for c in contracts))


@dataclass
class Files:
    """A switch that keeps files and says that it runs their contexts."""

    config: Config = field(default_factory=Config)
    broken: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    name: str = "pbx"

    def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
        headers = dict(action.headers)
        if action.name == "ShowDialPlan":
            contexts = [s.name for _, s in self.config if s.kind == CONTEXT]
            return Reply({"Response": "Success"}, (), tuple({"Context": name} for name in contexts))
        assert action.name == "GetConfig"
        file = headers["Filename"]
        if file == APPLYING_FILE:
            noted = marks_section(Mark(site=site, digest="x", group=site) for site in self.marks)
            return Reply({"Response": "Success"}, tuple(_lines(Config({file: (noted,)}), file)))
        if file in self.broken:
            return Reply({"Response": "Error", "Message": "Config file has invalid format"})
        if file not in self.config.files:
            return Reply({"Response": "Error", "Message": "Config file not found"})
        return Reply({"Response": "Success"}, tuple(_lines(self.config, file)))

    def send_all(self, actions: Iterable[Action], *, timeout: float = 10.0) -> list[Reply]:
        return [self.send(action, timeout=timeout) for action in actions]

    def close(self) -> None: ...


def _lines(config: Config, file: str) -> list[tuple[str, str]]:
    lines = []
    for n, section in enumerate(config.files[file]):
        lines.append((f"Category-{n:06}", section.name))
        kind = () if section.kind == CONTEXT else (("type", section.kind),)
        lines += [
            (f"Line-{n:06}-{m:06}", f"{key}={value}")
            for m, (key, value) in enumerate((*kind, *section.options))
        ]
    return lines


def holding(*contracts: Contract, slot: str = "a") -> Config:
    files: dict[str, Any] = dict(shared(HAND_WRITTEN).files)
    for one in contracts:
        files |= desired(one, book(one).secrets(""), slot).files
    return Config(files)


def planned(switch: Files, ledger: Book, *sites: str) -> SwitchPlan:
    return plan_sites(switch, ledger, sites=sites, hand_written=HAND_WRITTEN, today=TODAY)


def changes(plan: SwitchPlan) -> set[tuple[str, str, str]]:
    return {(c["action"], c["kind"], c["name"]) for c in plan.to_json()["changes"]}


@pytest.mark.parametrize("slot", ["a", "b"])
def test_nothing_changes(slot: str) -> None:
    """A switch that holds what the contracts say has an empty plan, whichever slot it is in."""
    one = contract("x")
    plan = planned(Files(holding(one, slot=slot)), book(one))
    assert not plan
    assert plan.to_json()["sites"] == [{"site": "x", "contract": "x-2025", "slot": slot}]


def test_an_empty_switch() -> None:
    """On an empty switch all is added, the hand-written dialplan too."""
    assert changes(planned(Files(), book(contract("x", 1)))) == {
        ("add", "dialplan", "shared"),
        ("add", "dialplan", "x"),
        ("add", "seat", "08702120001"),
    }


def test_a_version_of_the_future() -> None:
    """The version in force on the day counts, not one that takes effect later."""
    now, later = contract("x", 2), contract("x", 5)
    ledger = Book(
        (
            ContractVersion(contract=now, number=1, effective=date(2025, 1, 1)),
            ContractVersion(contract=later, number=2, effective=date(2025, 10, 1)),
        )
    )
    assert not planned(Files(holding(now)), ledger)


def test_an_ended_contract() -> None:
    """A contract that ended leaves removals while its site is on the switch, and nothing after."""
    over = contract("x", 2, last=date(2025, 8, 31))
    plan = planned(Files(holding(over)), book(over))
    assert {action for action, kind, _ in changes(plan) if kind != "dialplan" or action == "remove"} == {
        "remove"
    }
    assert plan.to_json()["remove"] == 3
    assert not planned(Files(holding()), book(over))


def test_a_site_without_a_switch() -> None:
    """A site whose IADs register straight to the operator is not put on a switch, and is taken off it."""
    one, other = contract("x"), contract("y")
    apart = replace(one, site=replace(one.site, switch="none"))
    plan = planned(Files(holding(one, other)), book(apart, other))
    assert [(site.site, site.contract is None) for site in plan.sites] == [("x", True), ("y", False)]
    assert plan.to_json()["remove"] == 3
    assert not planned(Files(holding(other)), book(apart, other))
    assert not planned(Files(holding(other)), book(apart, other), "x")


def test_an_orphan() -> None:
    """A site of the switch that no contract knows is reported, not planned; by name it is planned."""
    known, orphan = contract("x"), contract("zz")
    switch = Files(holding(known, orphan))
    assert planned(switch, book(known)).orphans == ("zz",)
    assert not planned(switch, book(known))
    assert planned(switch, book(known), "zz").to_json()["remove"] == 3


def test_a_site_that_has_moved_to_another_switch() -> None:
    """A site this switch does not serve any more is noted and left alone; by name it is taken down."""
    here, moved = contract("x"), contract("y")
    switch, ledger = Files(holding(here, moved)), book(here, moved)

    def found(*sites: str) -> SwitchPlan:
        return plan_sites(
            switch,
            ledger,
            sites=sites,
            hand_written=HAND_WRITTEN,
            today=TODAY,
            serves=lambda site: site == "x",
        )

    for plan in (found(), found("x")):
        assert not plan
        assert [one.site for one in plan.sites] == ["x"]
        assert "site y is on pbx, which does not serve it any more" in plan.notes[0]
    plan = found("y")
    assert plan.notes == ()
    assert {action for action, _, _ in changes(plan)} == {"remove"}
    assert planned(switch, ledger).notes == ()


def test_a_moved_site_with_an_interrupted_apply_is_left_alone() -> None:
    """An apply that was interrupted before the site moved takes it off the old switch no sooner."""
    here, moved = contract("x"), contract("y")
    plan = plan_sites(
        Files(holding(here, moved), marks=("y",)), book(here, moved), hand_written=HAND_WRITTEN, today=TODAY,
        serves=lambda site: site == "x",
    )  # fmt: skip
    assert [one.site for one in plan.sites] == ["x"]


def test_an_unknown_site() -> None:
    """A site neither a contract nor the switch knows is an error that names those there are."""
    with pytest.raises(FlowError, match=r"'nosuch'.*sites with a contract: x"):
        planned(Files(), book(contract("x")), "nosuch")


def test_two_contracts_at_one_site() -> None:
    """Two contracts in force at one site are an error that names both."""
    with pytest.raises(FlowError, match="x-2025 and other"):
        planned(Files(), book(contract("x"), contract("x", id="other")))


def test_a_missing_secret() -> None:
    """A seat without a SIP secret is named, with what to do."""
    ledger = replace(book(contract("x")), missing="08702120002")
    with pytest.raises(FlowError, match=r"08702120002.*contract add"):
        planned(Files(), ledger)


def test_a_file_that_is_broken() -> None:
    """A file that is no configuration file any more is noted and planned anew."""
    one = contract("x", 1)
    file = "seatline-pjsip-0_x.conf"
    plan = planned(Files(holding(one), broken=(file,)), book(one))
    assert file in plan.notes[0]
    assert changes(plan) == {("add", "seat", "08702120001"), ("add", "dialplan", "x")}


def test_an_interrupted_apply() -> None:
    """A plan notes that an apply of the site was interrupted."""
    one = contract("x")
    assert "interrupted" in planned(Files(holding(one), marks=("x", "elsewhere")), book(one)).notes[0]


def test_an_interrupted_first_apply() -> None:
    """A dialplan that was loaded and never came into force does not count: all is still to be added."""
    one = contract("x", 12)
    loaded = {f: s for f, s in holding(one).files.items() if f.startswith("seatline-extensions-")}
    for slot in ("a", "b"):
        left = {f.replace("-x-a-", f"-x-{slot}-"): sections for f, sections in loaded.items()}
        plan = planned(Files(Config(left)), book(one))
        assert {action for action, _, _ in changes(plan)} == {"add"}
        assert too_much(plan.sites[0].plan) is None


def test_a_plan_says_that_apply_will_need_force() -> None:
    """A plan that takes a site away says so before anybody applies it; one that builds a site does not."""
    over, one = contract("over", last=date(2025, 8, 31)), contract("x")
    plan = planned(Files(holding(over)), book(over, one))
    assert [why.partition(":")[0] for why in plan.needs_force] == ["site over"]
    assert plan.to_json()["needs_force"] == list(plan.needs_force)
    assert planned(Files(), book(one)).to_json()["needs_force"] == []


def test_an_interrupted_take_down() -> None:
    """A site that is gone but for the mark of its take-down is planned, with nothing to do."""
    over, one = contract("over", last=date(2025, 8, 31)), contract("x")
    plan = planned(Files(holding(one), marks=("over",)), book(over, one))
    assert [site.site for site in plan.sites] == ["over", "x"]
    assert not plan
    assert "site over" in plan.notes[0]
    assert plan.digest != planned(Files(holding(one)), book(over, one)).digest


def test_a_renamed_site() -> None:
    """The old and the new name of a site change together, and sites that share nothing each alone."""
    old, other = contract("x"), contract("y")
    other = replace(other, site=replace(other.site, seats=(Seat(long_number="08702129999"),)))
    new = replace(old, site=replace(old.site, name="aaa"))
    versions = [(old, 1), (new, 2), (other, 1)]
    ledger = Book(
        tuple(ContractVersion(contract=c, number=n, effective=date(2025, 1, 1)) for c, n in versions)
    )
    plan = planned(Files(holding(old, other)), ledger)
    assert [tuple(one.site for one in group) for group in plan.groups] == [("aaa", "x"), ("y",)]


def test_plans_are_told_apart() -> None:
    """The digest is the same for the same plan, and another one for another plan."""
    one, two = contract("x", 2), contract("x", 3)
    assert planned(Files(), book(one)).digest == planned(Files(), book(one)).digest
    assert planned(Files(), book(one)).digest != planned(Files(), book(two)).digest


def test_a_stop_is_a_change_until_it_is_applied_and_none_when_it_is_over() -> None:
    """What people stop stands in the plan of its site; applied it is no change, nor when it has ended."""
    one = contract("x")
    ledger, ends = book(one), midnight(TODAY + timedelta(days=1))
    ledger.stopped = tuple(
        Stop(contract=one.id, seat=seat, way="both", since=midnight(TODAY), until=until)
        for seat, until in (("08702120001", None), ("08702120002", ends))
    )
    fresh = planned(Files(holding(one)), ledger)
    assert fresh
    applied = Files(Config({**holding(one).files, **fresh.sites[0].wanted.files}))
    for days in (0, 1, 5):
        day = TODAY + timedelta(days=days)
        later = plan_sites(applied, ledger, sites=(), hand_written=HAND_WRITTEN, today=day)
        assert not later
        assert ledger.stopped[1].over(midnight(day)) is (days > 0)
    ledger.stopped = ()
    assert planned(applied, ledger)
