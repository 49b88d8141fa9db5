"""Records checked contracts in the ledger, each as its next version or a corrected latest one (合同入账)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from provisioning.core.contract import Contract, ContractVersion
from provisioning.core.document import to_document
from provisioning.flows.ports import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What `contract add` did: the versions recorded, and the contracts that were so already, by id.

    `notes` say which day was taken where none was given, and which version was replaced.
    """

    recorded: tuple[ContractVersion, ...]
    unchanged: tuple[str, ...]
    notes: tuple[str, ...] = ()


def record_contracts(
    contracts: Sequence[Contract],
    *,
    ledger: Ledger,
    today: date,
    now: datetime,
    who: str,
    new_secret: Callable[[], str],
    effective: date | None = None,
) -> Recorded:
    """Records all of the contracts or, when anything is in the way, none (FlowError lists what).

    Without `effective`, a contract's first version begins with its term; a later one as `_usual_day` says.
    A contract equal to its latest version is left as it is, unless `effective` moves that version to
    another day.
    """
    latest = {c.id: versions[-1] for c in contracts if (versions := ledger.versions(c.id))}
    days = {c.id: effective or _usual_day(c, latest.get(c.id), today)[0] for c in contracts}
    additions = [(c, days[c.id]) for c in contracts]
    recorded = ledger.record_versions(additions, new_secret=new_secret, at=now, who=who)
    changed = {version.contract.id for version in recorded}
    notes = [
        note
        for version in recorded
        for note in _notes(version, latest, today=today, was_given=effective is not None)
    ]
    unchanged = tuple(c.id for c in contracts if c.id not in changed)
    return Recorded(recorded=recorded, unchanged=unchanged, notes=tuple(notes))


def _usual_day(contract: Contract, latest: ContractVersion | None, today: date) -> tuple[date, str]:
    """The day a version begins when nobody says, and which day that is, in words.

    A later version begins today; with the next term, if the former one has ended or this one begins only
    later; and one that corrects a version still to come, on that version's day.
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
    if latest.effective > today:
        return latest.effective, f"the day of version {latest.number}, which is still to come"
    return today, "today"


def _notes(
    version: ContractVersion, latest: Mapping[str, ContractVersion], *, today: date, was_given: bool
) -> list[str]:
    """What a person has to know of a version that is not a contract's first."""
    contract = version.contract
    former = latest.get(contract.id)
    if former is None:
        return []
    notes = []
    if not was_given:
        which = _usual_day(contract, former, today)[1]
        notes.append(
            f"{contract.id}: version {version.number} takes effect on {version.effective}, {which}, for no "
            "--from was given. If that is wrong, record the same file again with the right day."
        )
    if former.number == version.number:
        notes.append(
            f"{contract.id}: this replaces version {former.number} from {former.effective}, "
            "which the audit keeps."
        )
    return notes
