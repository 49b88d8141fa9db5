"""From which day a later version counts, and which days the clause on changes refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest

from provisioning.core.contract import Contract, ContractVersion, Customer
from provisioning.flows.choose_day import changed_from, dropped_version, refused_day, usual_day
from provisioning.flows.errors import FlowError

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


def past_and_to_come(contract: Contract) -> list[ContractVersion]:
    """Versions from July, from September, and two still to come: from October and from December."""
    days = [date(2025, month, 1) for month in (7, 9, 10, 12)]
    return [ContractVersion(contract=contract, number=n, effective=day) for n, day in enumerate(days, 1)]


@pytest.mark.parametrize(
    ("effective", "numbers"),
    [
        (date(2025, 9, 1), (2, 3, 4)),
        (TODAY, (2, 3, 4)),
        (date(2025, 10, 1), (3, 4)),
        (date(2025, 11, 30), (3, 4)),
        (date(2025, 12, 1), (4,)),
        (date(2026, 1, 1), (4,)),
    ],
)
def test_a_change_touches_what_stands_and_what_comes(
    make: SimpleNamespace, effective: date, numbers: tuple[int, ...]
) -> None:
    """On its day a change finds one version standing, and changes all that are still to come after it."""
    touched = changed_from(past_and_to_come(make.contract()), effective, TODAY)
    assert tuple(version.number for version in touched) == numbers


@pytest.mark.parametrize("effective", [date(2025, 8, 31), date(2025, 6, 30)])
def test_what_has_come_into_force_is_not_changed_behind_its_back(
    make: SimpleNamespace, effective: date
) -> None:
    """A day before the version in force would change that one too, for days that are over: refused."""
    with pytest.raises(FlowError, match="version 2, which this would change, is in force from 2025-09-01"):
        changed_from(past_and_to_come(make.contract()), effective, TODAY)


def test_which_version_is_meant_is_asked(make: SimpleNamespace) -> None:
    """Without a day, and a version to come after the day that is usual, the message names both ways."""
    versions = past_and_to_come(make.contract())
    with pytest.raises(FlowError) as refused:
        changed_from(versions, None, TODAY)
    for said in ("version 3 from 2025-10-01 on", "--from 2025-12-01 changes version 4", f"--from {TODAY}"):
        assert said in str(refused.value)
    assert changed_from(versions[:2], None, TODAY) == versions[1:2]
    assert changed_from(versions[3:], None, TODAY) == versions[3:]
    by_clause = past_and_to_come(clause(make))
    assert changed_from(by_clause[:3], None, TODAY) == by_clause[2:3]


def test_a_version_to_come_is_not_dropped(make: SimpleNamespace) -> None:
    """A changed file from an earlier day would drop the version to come; the same one moves it."""
    former = make.contract()
    coming = standing(former, date(2025, 12, 1))
    refused = dropped_version(renamed(former), coming, date(2025, 10, 1), TODAY)
    assert refused is not None
    assert "version 1 is still to come, from 2025-12-01 on" in refused
    assert dropped_version(former, coming, date(2025, 10, 1), TODAY) is None
    assert dropped_version(renamed(former), coming, date(2025, 12, 1), TODAY) is None
    assert dropped_version(renamed(former), standing(former), date(2025, 6, 1), TODAY) is None
