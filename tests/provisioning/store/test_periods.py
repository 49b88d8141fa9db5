"""Validity of numbers: on any day the ledger finds exactly what the version in force says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.core.contract import Contract, Term
from provisioning.store.ledger import open_ledger
from provisioning.store.periods import Revision, Span, Stretch, revise
from provisioning.store.verify import verify

BASE = date(2025, 1, 1)
HORIZON = 60


def day(number: int) -> date:
    return BASE + timedelta(days=number)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, int, int, int, dict[str, str]]]:
    """Versions of one contract: (day it begins, term's first and last day, renewal, name by number).

    Each begins after the one before it, or takes its place on the same or an earlier day.
    """
    made = []
    days = [-1, draw(st.integers(0, 10))]
    for _ in range(draw(st.integers(1, 4))):
        effective = days[-1]
        seats = draw(
            st.dictionaries(
                st.sampled_from(["08702120001", "08702120002", "08702120003"]), st.sampled_from("甲乙")
            )
        )
        term = (effective - draw(st.integers(0, 10)), effective + draw(st.integers(0, 20)))
        made.append((effective, *term, draw(st.sampled_from([0, 0, 6])), seats))
        if draw(st.booleans()):
            days[-1] = draw(st.integers(days[-2] + 1, effective))
        else:
            days.append(effective + draw(st.integers(1, 15)))
    return made


def in_force(versions: list[tuple[date, Contract]], on: date) -> dict[str, str | None]:
    """The plain reading: the last version that has begun, if its term covers the day."""
    begun = [contract for effective, contract in versions if effective <= on]
    if not begun or not begun[-1].term.covers(on):
        return {}
    return {seat.long_number: seat.name for seat in begun[-1].site.seats}


def turning_days(versions: list[tuple[date, Contract]]) -> list[date]:
    """The days on which something can change, and those before and after."""
    turns = {day(HORIZON)}
    for effective, contract in versions:
        turns |= {effective, contract.term.first, contract.term.last}
    return sorted({turn + timedelta(days=by) for turn in turns for by in (-1, 0, 1)})


@settings(max_examples=20, deadline=None)
@given(history=histories())
def test_look_up_on_any_day_is_the_version_in_force(
    new_ledger_url: Callable[[], str],
    sample: SimpleNamespace,
    history: list[tuple[int, int, int, int, dict[str, str]]],
) -> None:
    """Whatever versions are recorded, looking up a day gives the seats of the version in force then."""
    versions: list[tuple[date, Contract]] = []
    url = new_ledger_url()
    with open_ledger(url, create=False) as ledger:
        for effective, first, last, renewal, names in history:
            contract = sample.contract(
                seats=[sample.seat(long_number=number, name=name) for number, name in names.items()],
                term=(day(first), day(last)),
                renewal=renewal,
            )
            if versions and (versions[-1][1] == contract or day(effective) <= versions[-1][0]):
                versions.pop()
            versions.append((day(effective), contract))
            ledger.record_versions(
                [(contract, day(effective))], new_secret=sample.secrets_maker(), at=sample.now, who="law"
            )
        for on in turning_days(versions):
            found = {held.long_number: held.name for held in ledger.look_up("08702", on)}
            assert found == in_force(versions, on), on
    assert verify(url) == []


def stretch(content: dict[str, Any], since: date, until: date | None) -> Stretch:
    return Stretch(row=1, key="k", content=content, since=since, until=until)


def test_a_version_that_never_came_into_force_is_dropped() -> None:
    """A stretch that would only have begun after the new version's day goes away."""
    former = stretch({"n": 1}, day(30), None)
    span = Span(since=day(10), until=None)
    assert revise([former], {"k": {"n": 1}}, effective=day(10), span=span) == Revision(
        last_days=(), dropped=(1,), opened=({"n": 1},)
    )


def test_what_ended_long_ago_is_left_alone() -> None:
    """A stretch that ended before the new version, with a pause between, is not touched."""
    former = stretch({"n": 1}, day(0), day(5))
    span = Span(since=day(10), until=None)
    assert revise([former], {"k": {"n": 1}}, effective=day(10), span=span) == Revision(
        last_days=(), dropped=(), opened=({"n": 1},)
    )


@pytest.mark.parametrize(
    ("effective", "renewal", "expected"),
    [
        (day(0), 0, (day(5), day(20))),
        (day(10), 0, (day(10), day(20))),
        (day(10), 6, (day(10), None)),
        (day(21), 6, (day(21), None)),
        (day(21), 0, None),
    ],
)
def test_days_of_a_version(effective: date, renewal: int, expected: tuple[date, date | None] | None) -> None:
    """A version is in force from its day or its term's first, to the term's end unless it renews."""
    span = Span.of(effective, Term(first=day(5), last=day(20), renewal_months=renewal))
    assert (None if span is None else (span.since, span.until)) == expected
