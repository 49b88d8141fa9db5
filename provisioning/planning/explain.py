"""A plan, and what a switch has otherwise, in the words of an engineer; never a secret (说明)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from provisioning.planning.plan import Change, Plan

SIGNS = {"add": "+", "change": "~", "remove": "-"}


def lines(plan: Plan) -> Iterator[str]:
    """A plan as a person reads it, a line a change: + ~ - and what it is about."""
    for change in plan.changes:
        detail = f": {'; '.join(change.detail)}" if change.detail else ""
        yield f"{SIGNS[change.action]} {subject(change)}{detail}"


def subject(change: Change) -> str:
    """What a change is about: `seat 08702120001 (6001)`."""
    short = f" ({change.short_number})" if change.short_number else ""
    return f"{change.kind} {change.name}{short}"


def summary(plans: Sequence[Plan]) -> str:
    """The counts of some plans in one line, or that there is nothing to do."""
    if not any(plan.changes for plan in plans):
        return "no changes: the switch holds what the contracts say"
    counts = {action: sum(plan.count(action) for plan in plans) for action in SIGNS}
    return f"{counts['add']} to add, {counts['change']} to change, {counts['remove']} to remove"
