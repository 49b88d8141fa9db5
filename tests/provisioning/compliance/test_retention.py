"""How long call records are kept."""

from __future__ import annotations

from datetime import date

import pytest

from provisioning.compliance.retention import WHY, Fate, Group, Keeping, Known, fate, last_due
from provisioning.core.call import Outcome
from provisioning.core.cycle import Cycle

JULY = Cycle(2025, 7)
KNOWN = Known(closed=frozenset({("zhaotong", JULY)}))


def group(contract: str | None = "zhaotong", *, version: int | None = 1, month: Cycle = JULY,
          answered: bool = True, outcome: Outcome = Outcome.RATED, billed: bool = True) -> Group:  # fmt: skip
    return Group(
        contract=contract, version=version, month=month, answered=answered, outcome=outcome, billed=billed
    )


@pytest.mark.parametrize(
    ("today", "months", "month"),
    [
        (date(2026, 1, 31), 6, Cycle(2025, 6)),
        (date(2026, 2, 1), 6, JULY),
        (date(2025, 8, 31), 0, JULY),
        (date(2026, 1, 1), 0, Cycle(2025, 12)),
        (date(2025, 12, 31), 12, Cycle(2024, 11)),
    ],
)
def test_the_month_of_the_call_does_not_count(today: date, months: int, month: Cycle) -> None:
    """A call of July kept six months may go on the 1st of February, and not a day before."""
    assert last_due(today, months) == month


@pytest.mark.parametrize(
    ("found", "became"),
    [
        (group(), Fate.REMOVED),
        (group(outcome=Outcome.FREE, billed=False), Fate.REMOVED),
        (group(answered=False, outcome=Outcome.FREE, billed=False), Fate.REMOVED),
        (group(contract=None, outcome=Outcome.UNRATED, billed=False), Fate.REMOVED),
        (group(contract=None, outcome=Outcome.REVIEW, billed=False), Fate.REMOVED),
        (group(outcome=Outcome.UNRATED, billed=False), Fate.UNPRICED),
        (group(outcome=Outcome.REVIEW, billed=False), Fate.UNPRICED),
        (group(month=Cycle(2025, 6), billed=False), Fate.UNBILLED),
        (group(month=Cycle(2025, 6), outcome=Outcome.FREE, billed=False), Fate.UNBILLED),
        (group(month=Cycle(2025, 6), answered=False, outcome=Outcome.FREE, billed=False), Fate.REMOVED),
        (group(billed=False), Fate.LATE),
    ],
)
def test_what_money_hangs_on_stays(found: Group, became: Fate) -> None:
    """What has no price, no closed bill or waits for the next one stays; the rest of old records goes."""
    assert fate(found, KNOWN) is became


@pytest.mark.parametrize("billed", [True, False])
@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("outcome", Outcome)
def test_a_dispute_keeps_its_whole_month(outcome: Outcome, answered: bool, billed: bool) -> None:
    """No record of a month goes while a dispute over it is open, whatever its verdict; another's does."""
    disputed = Known(disputed=frozenset({("zhaotong", JULY)}), closed=KNOWN.closed | {("other", JULY)})
    assert fate(group(outcome=outcome, answered=answered, billed=billed), disputed) is Fate.DISPUTED
    assert fate(group("other"), disputed) is Fate.REMOVED


def test_each_fate_is_told() -> None:
    """Whatever becomes of a record, a person is told why."""
    assert set(WHY) == set(Fate)


def test_a_version_keeps_the_calls_that_were_made_under_it(make) -> None:
    """The months of the version in force at the call count, those of no contract the longest of all."""
    keeping = Keeping(months={("zhaotong", 1): 6, ("zhaotong", 2): 3, ("kizilsu", 1): 24})
    assert keeping.of_group(group(version=1)) == 6
    assert keeping.of_group(group(version=2)) == 3
    assert keeping.of_group(group(version=None)) == 6
    assert keeping.of_group(group(None, version=None)) == keeping.nobodys == 24
    assert keeping.shortest == 3
    assert keeping.is_due(group(version=2), date(2025, 11, 1))
    assert not keeping.is_due(group(version=1), date(2025, 11, 1))
    assert Keeping.of([make.version()]).months == {("zhaotong", 1): 6}


def test_nobodys_records_are_kept_a_year_at_least() -> None:
    """Without a contract that keeps longer, and without any at all, it is twelve months."""
    assert Keeping(months={("zhaotong", 1): 6}).nobodys == 12
    assert Keeping(months={}).nobodys == 12
