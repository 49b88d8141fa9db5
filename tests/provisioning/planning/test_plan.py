"""A plan says what changes in the words of seats, lines and dialplans, and never a secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbx.config import Config
from pbx.section import Section
from provisioning.core.contract import Contract, Zone
from provisioning.core.site import Ims, Seat
from provisioning.planning.desired import desired
from provisioning.planning.explain import lines, summary
from provisioning.planning.plan import Plan, plan, to_json, too_much
from provisioning.planning.subjects import subjects

Make = Callable[..., Contract]
EMPTY = Config()
FILE = "seatline-pjsip-0_zhaotong.conf"


def secrets(contract: Contract, prefix: str = "Secret") -> Mapping[str, str]:
    return {seat.long_number: f"{prefix}{seat.long_number}" for seat in contract.site.seats}


def config(contract: Contract, slot: str = "a") -> Config:
    return desired(contract, secrets(contract), slot)


def planned(before: Config, after: Config) -> Plan:
    return plan("zhaotong", before, after)


def changed_seat(contract: Contract, number: int, **fields: str) -> Contract:
    seats = list(contract.site.seats)
    seats[number] = replace(seats[number], **fields)
    return replace(contract, site=replace(contract.site, seats=tuple(seats)))


def test_a_first_plan(make: Make) -> None:
    """On an empty switch a contract of 69 seats is 69 seats, a line and a dialplan to add."""
    document = to_json([planned(EMPTY, config(make(69)))])
    assert (document["add"], document["change"], document["remove"]) == (71, 0, 0)
    kinds = [change["kind"] for change in document["changes"]]
    assert [kinds.count(kind) for kind in ("seat", "line", "dialplan")] == [69, 1, 1]
    assert document["changes"][2] == {
        "action": "add",
        "kind": "seat",
        "name": "08702120001",
        "file": FILE,
        "site": "zhaotong",
        "short_number": "60001",
        "detail": [],
    }


def test_a_short_number(make: Make) -> None:
    """A changed short number is a change of that seat alone, told with the old and the new one."""
    result = planned(config(make(3)), config(changed_seat(make(3), 1, short_number="7777")))
    assert [(c.action, c.kind, c.name) for c in result.changes] == [("change", "seat", "08702120002")]
    assert next(lines(result)).startswith("~ seat 08702120002 (7777): number 60002 -> 7777; ")


def test_a_zone_is_opened(make: Make) -> None:
    """A rate that opens a zone is a change of the dialplan."""
    before, after = make(3), make(3, open_zones=(Zone.INTERNAL, Zone.LOCAL, Zone.DOMESTIC))
    result = planned(config(before), config(after))
    assert [(c.action, c.kind, c.name) for c in result.changes] == [("change", "dialplan", "zhaotong")]
    assert "domestic" in next(lines(result))


def test_another_proxy(make: Make) -> None:
    """Another proxy of the operator changes the line and every seat that registers."""
    after = make(3, ims=Ims(domain="ims.example.net", proxy="sip:192.0.2.9"))
    result = planned(config(make(3)), config(after))
    assert [c.kind for c in result.changes] == ["line", "seat", "seat", "seat"]
    assert "registration: outbound_proxy sip:192.0.2.1:5060;lr -> sip:192.0.2.9;lr" in list(lines(result))[1]


def test_a_password(make: Make) -> None:
    """A changed password is told as such, and neither the old nor the new one is shown."""
    contract = make(1)
    result = planned(config(contract), desired(contract, secrets(contract, "Other"), "a"))
    assert list(lines(result)) == ["~ seat 08702120001 (60001): password changed"]
    assert "Other" not in json.dumps(to_json([result])) + repr(result)


def test_sections_by_hand(make: Make) -> None:
    """A section that a hand has put into our file is planned for removal under its own name."""
    before = config(make(3))
    files = dict(before.files)
    files[FILE] = (*files[FILE], Section("guest", "endpoint", (("context", "default"),)))
    result = planned(Config(files), before)
    assert [(c.action, c.kind, c.name, c.file) for c in result.changes] == [
        ("remove", "endpoint", "guest", FILE)
    ]


def test_a_seat_that_is_there_twice(make: Make) -> None:
    """A seat that stands in two files is a change of that seat."""
    before = config(make(3))
    endpoint = before.by_name(FILE)["seat-08702120002"]
    files = dict(before.files) | {"seatline-pjsip-zhaotong-03.conf": (endpoint,)}
    result = planned(Config(files), before)
    assert [(c.action, c.name) for c in result.changes] == [("change", "08702120002")]


def test_where_a_seat_stands_is_no_change(make: Make) -> None:
    """Removing one seat of 150 is one removal, though others move to another file."""
    every = make(150)
    fewer = replace(every, site=replace(every.site, seats=every.site.seats[1:]))
    result = planned(config(every), config(fewer))
    assert [(c.action, c.name) for c in result.changes] == [("remove", "08702120001")]


def test_what_an_earlier_version_did_not_tell(make: Make) -> None:
    """Seats that an earlier version applied are told their short numbers once, each; that needs no --force,
    and another short number of all of them does."""
    contract = make(20)
    before = config(contract)
    without = Config(
        {
            file: tuple(section for section in sections if not section.name.endswith("-seat"))
            for file, sections in before.files.items()
        }
    )
    told = planned(without, before)
    assert told.count("change") == 20
    assert too_much(told) is None
    others = [replace(seat, short_number=f"7{n:04}") for n, seat in enumerate(contract.site.seats)]
    assert too_much(planned(before, config(make(others)))) is not None


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [(0, 69, False), (20, 14, False), (20, 13, True), (20, 0, True), (3, 2, False), (3, 1, True)],
)
def test_too_much(make: Make, before: int, after: int, refused: bool) -> None:
    """Removing more than 30 % of a site needs force; building it does not."""
    assert (too_much(planned(config(make(before)), config(make(after)))) is not None) == refused


def test_too_many_changes(make: Make) -> None:
    """Changing every seat of 20 needs force; changing all three of a tiny site does not."""
    ims = Ims(domain="ims.example.net", proxy="sip:192.0.2.9")
    told = too_much(planned(config(make(20)), config(make(20, ims=ims))))
    assert told is not None
    assert "21 changed of 22" in told
    assert too_much(planned(config(make(3)), config(make(3, ims=ims)))) is None


def test_the_summary(make: Make) -> None:
    """The counts stand in one line, and an empty plan says that there is nothing to do."""
    assert summary([planned(EMPTY, config(make(2)))]) == "4 to add, 0 to change, 0 to remove"
    assert summary([planned(EMPTY, EMPTY)]).startswith("no changes")


SEATS = st.dictionaries(st.integers(1, 40), st.one_of(st.none(), st.integers(100, 999)), max_size=12).map(
    lambda chosen: [
        Seat(long_number=f"0870212{n:04}", short_number=None if short is None else f"7{n:02}{short}")
        for n, short in chosen.items()
    ]
)


@settings(max_examples=60)
@given(before=SEATS, after=SEATS)
def test_there_and_back(make: Make, before: list[Seat], after: list[Seat]) -> None:
    """What a plan adds its opposite removes; what both change is the same."""
    one, two = config(make(before)), config(make(after))
    there, back = planned(one, two), planned(two, one)
    swapped = {"add": "remove", "remove": "add", "change": "change"}
    assert [(swapped[c.action], c.kind, c.name) for c in there.changes] == [
        (c.action, c.kind, c.name) for c in back.changes
    ]


@settings(max_examples=60)
@given(before=SEATS, after=SEATS)
def test_a_plan_leads_from_one_to_the_other(make: Make, before: list[Seat], after: list[Seat]) -> None:
    """What there was, with every change of the plan made and no other, is what was wanted."""
    had, wanted = (subjects(config(make(seats)), "zhaotong") for seats in (before, after))
    result = {key: subject.items for key, subject in had.items()}
    for change in planned(config(make(before)), config(make(after))).changes:
        key = (change.kind, change.name)
        assert (key in result) == (change.action != "add")
        if change.action == "remove":
            del result[key]
        else:
            result[key] = wanted[key].items
    assert result == {key: subject.items for key, subject in wanted.items()}


@settings(max_examples=60)
@given(before=SEATS, after=SEATS)
def test_a_plan_is_about_what_differs(make: Make, before: list[Seat], after: list[Seat]) -> None:
    """The seats of a plan are exactly those whose numbers differ; a contract against itself plans nothing."""
    result = planned(config(make(before)), config(make(after)))
    was, becomes = ({s.long_number: s.short_number for s in seats} for seats in (before, after))
    differing = {n for n in {**was, **becomes} if (n in was, was.get(n)) != (n in becomes, becomes.get(n))}
    assert {c.name for c in result.changes if c.kind == "seat"} == differing
    assert not planned(config(make(after)), config(make(after)))
    assert "Secret" not in json.dumps(to_json([result])) + "".join(lines(result))


@given(before=SEATS, after=SEATS)
def test_counts_add_up(make: Make, before: list[Seat], after: list[Seat]) -> None:
    """The three counts are those of the changes listed."""
    document = to_json([planned(config(make(before)), config(make(after)))])
    actions = [change["action"] for change in document["changes"]]
    assert [document[a] for a in ("add", "change", "remove")] == [
        actions.count(a) for a in ("add", "change", "remove")
    ]
