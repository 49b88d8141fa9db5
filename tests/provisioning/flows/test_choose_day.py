"""From which day a later version counts, and which days the clause on changes refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest

from provisioning.core.contract import Contract, ContractVersion, Customer
from provisioning.flows.choose_day import refused_day, usual_day

TODAY = date(2025, 9, 20)


def clause(make: SimpleNamespace, **changes: object) -> Contract:
    contract: Contract = make.contract(**changes)
    return replace(contract, term=replace(contract.term, changes_by=15))


def renamed(contract: Contract) -> Contract:
    return replace(contract, customer=Customer(name="另一办公室"))


def standing(contract: Contract, effective: date = date(2025, 7, 1)) -> ContractVersion:
    return ContractVersion(contract=contract, number=1, effective=effective)


@pytest.mark.parametrize(
    ("today", "day"),
    [
        (date(2025, 9, 15), date(2025, 10, 1)),
        (date(2025, 9, 16), date(2025, 11, 1)),
        (date(2025, 9, 30), date(2025, 11, 1)),
    ],
)
def test_a_change_waits_for_its_first(make: SimpleNamespace, today: date, day: date) -> None:
    """By the 15th a change counts from the next 1st, after it from the one behind that, as told."""
    former = clause(make)
    chosen, which = usual_day(renamed(former), standing(former), today)
    assert chosen == day
    assert "term.changes_by: 15" in which


def test_a_first_version_has_no_clause_yet(make: SimpleNamespace) -> None:
    """A new contract begins with its term, and may be recorded from any day."""
    new = clause(make)
    assert usual_day(new, None, TODAY)[0] == new.term.first
    assert refused_day(new, None, date(2025, 7, 17), TODAY) is None


@pytest.mark.parametrize(("coming", "day"), [((2025, 12, 1), (2025, 12, 1)), ((2025, 10, 1), (2025, 11, 1))])
def test_a_version_to_come_is_corrected_while_there_is_time(
    make: SimpleNamespace, coming: tuple[int, int, int], day: tuple[int, int, int]
) -> None:
    """A version still to come is corrected on its day, unless that is too near by the clause."""
    former = clause(make)
    assert usual_day(renamed(former), standing(former, date(*coming)), TODAY)[0] == date(*day)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2025, 11, 2), "is not the 1st of a month"),
        (date(2025, 10, 1), "too early for a change asked for on 2025-09-20"),
        (date(2025, 8, 1), "too early"),
    ],
)
def test_a_day_against_the_clause_is_refused(make: SimpleNamespace, day: date, said: str) -> None:
    """A day that is no 1st, or too early, is refused; clause, first possible day and --force are named."""
    former = clause(make)
    refused = refused_day(renamed(former), standing(former), day, TODAY)
    assert refused is not None
    assert said in refused
    assert "term.changes_by: 15" in refused
    assert "now 2025-11-01 is the first day" in refused
    assert "--force" in refused


@pytest.mark.parametrize("day", [date(2025, 11, 1), date(2025, 12, 1)])
def test_a_later_first_does(make: SimpleNamespace, day: date) -> None:
    """Every 1st from the first possible one on may be chosen."""
    former = clause(make)
    assert refused_day(renamed(former), standing(former), day, TODAY) is None


def test_what_stands_so_already_is_no_change(make: SimpleNamespace) -> None:
    """The same contract on the same day changes nothing, so the clause says nothing."""
    former = clause(make)
    assert refused_day(former, standing(former), date(2025, 7, 1), TODAY) is None
    assert refused_day(former, standing(former), date(2025, 7, 2), TODAY) is not None


def test_a_next_term_is_no_change_of_this_one(make: SimpleNamespace) -> None:
    """What begins after the term has ended is agreed anew, from whatever day."""
    former = clause(make)
    coming = replace(former, term=replace(former.term, first=date(2026, 1, 15), last=date(2026, 12, 31)))
    assert refused_day(coming, standing(former), date(2026, 1, 15), TODAY) is None
    assert usual_day(coming, standing(former), TODAY)[0] == date(2026, 1, 15)
    renewing = replace(former, term=replace(former.term, renewal_months=12))
    assert refused_day(renamed(renewing), standing(renewing), date(2026, 1, 15), TODAY) is not None
