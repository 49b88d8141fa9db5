"""From which day a version of a contract counts, and which days its clauses allow (变更生效日)."""

from __future__ import annotations

from datetime import date, timedelta

from provisioning.core.contract import Contract, ContractVersion
from provisioning.core.document import to_document


def usual_day(contract: Contract, latest: ContractVersion | None, today: date) -> tuple[date, str]:
    """The day a version begins when nobody says, and which day that is, in words.

    A later version begins today, or on the first day its term's `changes_by` allows; with the next term, if
    the former one has ended or this one begins only later; and one that corrects a version still to come,
    on that version's day.
    """
    first = contract.term.first
    if latest is None:
        return first, "the first day of its term"
    if to_document(latest.contract) == to_document(contract):
        return latest.effective, "as before"
    former = latest.contract.term
    if not former.renewal_months and former.last < today:
        after = former.last + timedelta(days=1)
        return (
            (first, "the first day of its term")
            if first > after
            else (after, "the day after its former term")
        )
    if first > max(today, latest.effective):
        return first, "the first day of its term"
    soonest = former.change_day(today)
    if latest.effective > today and latest.effective >= soonest:
        return latest.effective, f"the day of version {latest.number}, which is still to come"
    if former.changes_by is not None:
        return soonest, f"the first day for a change asked for today ({_clause(former.changes_by)})"
    return today, "today"


def refused_day(contract: Contract, latest: ContractVersion | None, day: date, today: date) -> str | None:
    """Why a version may not begin on that day by the clause on changes; None when it may.

    The clause is that of the version that stands. It says nothing of a first version, nor of a next term.
    """
    if latest is None or latest.contract.term.changes_by is None:
        return None
    if day == latest.effective and to_document(latest.contract) == to_document(contract):
        return None
    former = latest.contract.term
    if not former.renewal_months and day > former.last:
        return None
    soonest = former.change_day(today)
    if day.day == 1 and day >= soonest:
        return None
    clause = _clause(latest.contract.term.changes_by or 0)
    why = "is not the 1st of a month" if day.day != 1 else f"is too early for a change asked for on {today}"
    return (
        f"contract {contract.id}: {day} {why}. By its clause ({clause}) a change asked for by that day of a "
        f"month is in force on the 1st of the next, a later one a month after: now {soonest} is the first "
        "day. Give that or a later 1st with --from, or leave --from out; --force records it all the same, "
        "say to mend a slip of the pen."
    )


def _clause(day: int) -> str:
    return f"term.changes_by: {day}"
