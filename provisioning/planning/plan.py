"""What would change on a switch, as a value: sorted, counted, and too big when it is too big (变更计划)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pbx.config import Config
from provisioning.planning.facts import FIRST_TOLD
from provisioning.planning.subjects import Key, Subject, subjects
from provisioning.planning.wording import words

MOST_SHARE = 0.3
"""More than this share of what exists changed or removed at once is refused unless forced."""
FEW = 10
"""Below so many things on a site, changes (not removals) may be any share: a person sees them at a glance."""
ACTIONS = ("add", "change", "remove")
_ORDER = {"dialplan": 0, "line": 1, "seat": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One seat, line or dialplan that is added, changed or removed; `detail` says what, without secrets.

    `quiet`: only what an earlier version had not told the switch yet differs, and nothing of it is new.
    """

    action: str
    kind: str
    name: str
    file: str
    short_number: str | None = None
    detail: tuple[str, ...] = ()
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The changes of one site (site "": the hand-written dialplan all share), and how much there is now."""

    site: str
    changes: tuple[Change, ...]
    existing: int

    def count(self, action: str) -> int:
        return sum(change.action == action for change in self.changes)

    def __bool__(self) -> bool:
        return bool(self.changes)


def plan(site: str, existing: Config, wanted: Config) -> Plan:
    """What makes `existing` into `wanted`, by subject; empty when the switch holds what it should.

    Where a subject stands among a site's files makes no difference to the phones, so it is no change.
    """
    before, after = subjects(existing, site), subjects(wanted, site)
    changes = (_change(key, before.get(key), after.get(key)) for key in {**before, **after})
    kept = sorted((change for change in changes if change is not None), key=_place)
    return Plan(site=site, changes=tuple(kept), existing=len(before))


def too_much(plan: Plan) -> str | None:
    """Why a plan needs --force, None if it does not. The hand-written dialplan comes with the program."""
    if not plan.existing or not plan.site:
        return None
    changed = sum(change.action == "change" and not change.quiet for change in plan.changes)
    removed = plan.count("remove")
    counted = removed + (changed if plan.existing >= FEW else 0)
    if counted <= MOST_SHARE * plan.existing:
        return None
    parts = [f"{n} {word}" for n, word in ((changed, "changed"), (removed, "removed")) if n]
    return (
        f"site {plan.site}: {' and '.join(parts)} of {plan.existing} are more than "
        f"{MOST_SHARE:.0%}; look at the plan, and apply with --force if it is meant so"
    )


def to_json(plans: Iterable[Plan]) -> dict[str, Any]:
    """As `plan --json` prints it; each change also with its site, short number and words."""
    listed = tuple(plans)
    return {
        "changes": [_json(plan.site, change) for plan in listed for change in plan.changes],
        **{action: sum(plan.count(action) for plan in listed) for action in ACTIONS},
    }


def _json(site: str, change: Change) -> dict[str, Any]:
    return {
        "action": change.action,
        "kind": change.kind,
        "name": change.name,
        "file": change.file,
        "site": site or None,
        "short_number": change.short_number,
        "detail": list(change.detail),
    }


def _change(key: Key, before: Subject | None, after: Subject | None) -> Change | None:
    if before is not None and after is not None and before.items == after.items:
        return None
    shown = after if after is not None else before
    assert shown is not None
    return Change(
        action="add" if before is None else "remove" if after is None else "change",
        kind=key[0],
        name=key[1],
        file=shown.file,
        short_number=next(iter(shown.short_numbers), None),
        detail=words(before.items, after.items) if before is not None and after is not None else (),
        quiet=before is not None and after is not None and _first_told(before, after),
    )


def _first_told(before: Subject, after: Subject) -> bool:
    """Whether all that differs are facts that earlier versions did not tell a switch, which it gets now."""
    different = {
        item for item in {**before.items, **after.items} if before.items.get(item) != after.items.get(item)
    }
    return all(item in FIRST_TOLD and item not in before.items for item in different)


def _place(change: Change) -> tuple[int, str, str]:
    return _ORDER.get(change.kind, len(_ORDER)), change.kind, change.name
