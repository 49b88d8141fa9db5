"""What a contract says stands in its policy contexts, each fact once, and nothing where it says nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

from pbx.section import Section
from provisioning.core.contract import Contract, Policy, Zone
from provisioning.core.site import Seat, Switchboard
from provisioning.core.status import Stop
from provisioning.planning.policy import contexts

Make = Callable[..., Contract]
ONE, TWO = "08702120001", "08702120002"


def said(sections: tuple[Section, ...]) -> Mapping[str, Mapping[str, str]]:
    """The facts by context and name."""
    found: dict[str, dict[str, str]] = {}
    for section in sections:
        part = section.name.removeprefix("seatline-zhaotong-a-")
        for fact in section.values("exten"):
            name, priority, value = fact.split(",", 2)
            assert priority == "1"
            assert name not in found.setdefault(part, {})
            found[part][name] = value.removeprefix("Return(").removesuffix(")")
    return found


def facts(contract: Contract, *stops: Stop) -> Mapping[str, Mapping[str, str]]:
    return said(contexts(contract, "a", stops))


def with_seats(contract: Contract, *seats: Seat) -> Contract:
    return replace(contract, site=replace(contract.site, seats=seats))


def test_silence_is_no_context(make: Make) -> None:
    """A contract that says nothing of policy or seats has no policy context at all."""
    assert facts(make([Seat(long_number=ONE)])) == {}


def test_the_policy(make: Make) -> None:
    """Hours, days, holidays, limits, zones by seat and what is open stand under their keys."""
    policy = Policy(
        hours=(480, 1440),
        days="mon-fri",
        holidays=(date(2025, 10, 1),),
        call_backs_within=24,
        calls_per_number_per_day=500,
        calls_per_callee_per_day=10,
        calls_per_minute=6,
        calls_per_seat=2,
        zones_by_seat=(Zone.INTERNATIONAL,),
        mobile_calls_out=True,
        forwarding="open",
        recording_keep_days=30,
        allow_list=True,
        max_call_seconds=900,
    )
    one = replace(make([Seat(long_number=ONE)]), policy=policy)
    assert facts(one) == {
        "policy": {
            "hours": "08:00-24:00",
            "days": "mon-fri",
            "holiday-20251001": "yes",
            "call-backs-within": "24",
            "calls-per-number": "500",
            "calls-per-callee": "10",
            "customer": f"of_{one.customer.key}",
            "calls-per-minute": "6",
            "calls-per-seat": "2",
            "recording": "30",
            "max-seconds": "900",
            "by-seat-international": "yes",
            "allow-list": "yes",
            "forwarding": "yes",
            "mobile-calls-out": "yes",
        }
    }


def test_the_switchboard(make: Make) -> None:
    """Main number, operators and hours are told where the contract includes the switchboard, else nothing."""
    board = Switchboard(operators=(ONE, TWO), hours=(510, 1080), days="mon-sat")
    plain = make([Seat(long_number=ONE)], main_number="08702120000")
    silent = replace(plain, site=replace(plain.site, switchboard=board))
    assert facts(silent) == {}
    included = replace(silent, site=replace(silent.site, features=("switchboard",)))
    assert facts(included)["policy"] == {
        "feature-switchboard": "yes",
        "main-number": "08702120000",
        "switchboard-operators": f"{ONE}&{TWO}",
        "switchboard-hours": "08:30-18:00",
        "switchboard-days": "mon-sat",
    }


SEAT = Seat(
    long_number=ONE,
    short_number="6001",
    mobile="13800138000",
    mobile_short="6801",
    second_number="08702120101",
    features=("fax", "one-number"),
    zones=("+international", "-domestic"),
    forward_always="13900138001",
    forward_busy="6002",
    forward_no_answer="13900138003",
    forward_unreachable="13900138004",
)
OWN = {
    f"{ONE}-fax": "yes",
    f"{ONE}-one-number": "yes",
    f"{ONE}-short": "6001",
    f"{ONE}-mobile": "13800138000",
    f"{ONE}-second": "08702120101",
    f"{ONE}-further": "13800138000",
    f"{ONE}-ring-order": "together",
    f"{ONE}-zone-international": "open",
    f"{ONE}-zone-domestic": "closed",
}


def test_a_seat(make: Make) -> None:
    """A seat's features, numbers and rights are under its number; its mobile has a short one, both ways."""
    assert facts(make([SEAT])) == {
        "seat": OWN,
        "members": {"6801": "13800138000", "13800138000": "6801"},
    }


def test_forwarding_that_is_open(make: Make) -> None:
    """Where calls are forwarded is told only where the policy opens forwarding."""
    assert facts(replace(make([SEAT]), policy=Policy(forwarding="open")))["seat"] == OWN | {
        f"{ONE}-forward-always": "13900138001",
        f"{ONE}-forward-busy": "6002",
        f"{ONE}-forward-no-answer": "13900138003",
        f"{ONE}-forward-unreachable": "13900138004",
    }


def test_further_numbers(make: Make) -> None:
    """Further numbers are told in their order, and take the place of the mobile."""
    seat = replace(SEAT, further=("13900138001", "6002"), ring_order="in-order")
    found = facts(make([seat]))["seat"]
    assert (found[f"{ONE}-further"], found[f"{ONE}-ring-order"]) == ("13900138001&6002", "in-order")
    without = facts(make([replace(SEAT, features=())]))["seat"]
    assert f"{ONE}-further" not in without


def test_lists_and_notices(make: Make) -> None:
    """Each number of a list stands once under its seat, and a notice under the old number."""
    seats = (
        Seat(long_number=ONE, allowed=("01085200000", "6002", "01085200000")),
        Seat(long_number=TWO, changed_to="08702120009"),
    )
    assert facts(make(seats)) == {
        "allowed": {f"{ONE}-01085200000": "yes", f"{ONE}-6002": "yes"},
        "changed": {TWO: "08702120009"},
    }


def test_stops(make: Make) -> None:
    """Stops stand under their seat or under all, in the order in which they begin, in seconds since 1970."""
    first, second = datetime(2025, 7, 1, tzinfo=UTC), datetime(2025, 8, 1, tzinfo=UTC)
    stops = (
        Stop(contract="zhaotong-2025", seat=ONE, way="both", since=second),
        Stop(contract="zhaotong-2025", seat=ONE, way="out", since=first, until=second),
        Stop(contract="zhaotong-2025", seat=None, way="out", since=second),
    )
    assert facts(make([Seat(long_number=ONE)]), *stops) == {
        "stopped": {ONE: "out:1751328000:1754006400&both:1754006400:", "all": "out:1754006400:"}
    }
