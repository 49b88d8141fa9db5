"""From which day a version of a contract counts, and which days its clauses allow (变更生效日)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from provisioning.core.contract import Contract, ContractVersion
from provisioning.core.cycle import Cycle
from provisioning.core.document import to_document
from provisioning.flows.errors import FlowError


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
    former = None if latest is None else latest.contract.term
    if latest is None or former is None or former.changes_by is None:
        return None
    if day == latest.effective and to_document(latest.contract) == to_document(contract):
        return None
    if not former.renewal_months and day > former.last:
        return None
    soonest = former.change_day(today)
    if day.day == 1 and day >= soonest:
        return None
    clause = _clause(former.changes_by)
    why = "is not the 1st of a month" if day.day != 1 else f"is too early for a change asked for on {today}"
    return (
        f"contract {contract.id}: {day} {why}. By its clause ({clause}) a change asked for by that day of a "
        f"month is in force on the 1st of the next, a later one a month after: now {soonest} is the first "
        "day. Give that or a later 1st with --from, or leave --from out; --force records it all the same, "
        "say to mend a slip of the pen."
    )


def lost_change(contract: Contract, day: date, *, billed: bool) -> str | None:
    """Why a change from that day on would come to nothing; None where it would not. `billed` says that the
    bill of the day's month is closed."""
    term = contract.term
    if not term.covers(day):
        return (
            f"contract {contract.id}: its term runs from {term.first} to {term.last}, so a change from {day} "
            "on would never be in force. Give a day of its term with --from; if the contract was prolonged, "
            "record its file first."
        )
    if billed:
        return (
            f"contract {contract.id}: its bill of {Cycle.of(day)} is closed, and a change from {day} on "
            "would never be billed. Give a later day with --from."
        )
    return None


def dropped_version(contract: Contract, latest: ContractVersion, day: date, today: date) -> str | None:
    """Why a file may not begin on that day by the version still to come, whose place it would take; None
    when it may. The same contract moves that version, which is meant."""
    if not (today < latest.effective and day < latest.effective):
        return None
    if to_document(latest.contract) == to_document(contract):
        return None
    return (
        f"contract {contract.id}: version {latest.number} is still to come, from {latest.effective} on; a "
        f"version from {day} on would take its place, and it would never be in force. Give "
        f"{latest.effective} with --from to correct it; --force takes its place all the same."
    )


def changed_from(
    versions: Sequence[ContractVersion], effective: date | None, today: date
) -> Sequence[ContractVersion]:
    """Which of a contract's versions a change touches: the one that stands on its day, and later ones.

    FlowError where nobody says which of two is meant, one of them still to come, and for a day before them.
    """
    *_, latest = versions
    coming = [version for version in versions if version.effective > today]
    if effective is None:
        if len(versions) == 1 or latest.contract.term.change_day(today) >= latest.effective:
            return versions[-1:]
        raise FlowError(_which(versions, coming, today))
    stands = [version for version in versions if version.effective <= effective]
    touched = versions[max(len(stands) - 1, 0) :]
    if not stands or any(version not in coming for version in touched[1:]):
        settled = next(one for one in reversed(touched) if one not in coming or one is touched[0])
        raise FlowError(
            f"contract {settled.contract.id}: version {settled.number}, which this would change, is in force "
            f"from {settled.effective} on; give that day or a later one with --from"
        )
    return touched


def _which(versions: Sequence[ContractVersion], coming: Sequence[ContractVersion], today: date) -> str:
    latest = versions[-1]
    days = " and ".join(f"version {version.number} from {version.effective} on" for version in coming)
    soonest = max(latest.contract.term.change_day(today), versions[0].effective)
    return (
        f"contract {latest.contract.id}: still to come is {days}; say with --from when this change counts. "
        f"--from {latest.effective} changes version {latest.number}; --from {soonest} changes what is in "
        f"force then, and what comes later as well.\nNothing was recorded."
    )


def _clause(day: int) -> str:
    return f"term.changes_by: {day}"
