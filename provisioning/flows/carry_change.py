"""A change that counts from a day before versions still to come: what becomes of them (变更顺延)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from provisioning.core.contract import Contract, ContractVersion
from provisioning.core.document import to_document
from provisioning.core.problem import Problem
from provisioning.core.seat_change import SeatChange, seat_changes
from provisioning.flows.errors import FlowError
from provisioning.flows.give_ports import with_ports
from provisioning.intake.changes import Merged

Addition = tuple[Contract, date]
"""A contract, and the day from which it stands so."""


def carried(
    first: Addition,
    changes: Sequence[SeatChange],
    later: Sequence[ContractVersion],
    merge: Callable[[ContractVersion], Merged],
) -> tuple[tuple[Addition, ...], tuple[Problem, ...]]:
    """The versions to come with the same change, as far as one differs from the one before; or the problems.

    `first` is the changed contract and its day, `changes` what its seats become, `merge` applies the sheet
    to another version. FlowError where that does something else to a version than to the first: then the
    clerk has to say what is meant.
    """
    made = [first]
    for version in later:
        result = merge(version)
        if result.contract is None:
            return (), result.problems
        theirs = seat_changes(version.contract.site.seats, result.contract.site.seats, result.former)
        odd = [change for change in theirs if not any(_within(change, one) for one in changes)]
        if odd:
            raise FlowError(_otherwise(version, odd))
        contract, misfits = with_ports(result.contract, made[-1][0])
        if misfits:
            raise FlowError("\n".join([*(f"{_named(version)}: {line}" for line in misfits), _NOTHING]))
        if to_document(contract) != to_document(made[-1][0]):
            made.append((contract, version.effective))
    return tuple(made[1:]), ()


_NOTHING = "Nothing was recorded."


def _within(change: SeatChange, one: SeatChange) -> bool:
    """Whether a change of a later version is part of that of the first: the rest was so there already."""
    alike = (change.action, change.long_number, change.former) == (one.action, one.long_number, one.former)
    return alike and set(change.values) <= set(one.values)


def _otherwise(version: ContractVersion, odd: Sequence[SeatChange]) -> str:
    told = ", ".join(one.long_number for one in odd[:5]) + (", ..." if len(odd) > 5 else "")
    return (
        f"{_named(version)}, still to come from {version.effective} on, has {told} otherwise, so the same "
        f"change would do something else there. Change that version first, with --from {version.effective}; "
        f"or leave these seats out.\n{_NOTHING}"
    )


def _named(version: ContractVersion) -> str:
    return f"contract {version.contract.id}: version {version.number}"
