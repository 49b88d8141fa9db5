"""Applies the plan: the hand-written dialplan, then site after site, each entirely or not at all (下发)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import partial
from itertools import groupby
from typing import Any

from pbx.errors import SwitchError, Unreachable
from provisioning.flows.apply_site import Differs, SiteWriter, told
from provisioning.flows.errors import FlowError, TooMuchChange
from provisioning.flows.lock_switch import Owner, SwitchLock
from provisioning.flows.plan_site import SitePlan, SwitchPlan, plan_sites
from provisioning.flows.plan_undo import plan_undo
from provisioning.flows.ports import Ledger, Lock, Progress, Switch
from provisioning.flows.read_switch import marks, read_back
from provisioning.flows.settle_sites import settle
from provisioning.flows.write_switch import DIALPLAN, Pen
from provisioning.planning import names
from provisioning.planning.digest import digest_of
from provisioning.planning.plan import Plan, to_json, too_much
from provisioning.planning.slots import in_slot

SHARED = ""
"""Stands for the hand-written dialplan among the sites."""
_SEVERITY = (0, 75, 6, 1, 4, 5)
"""Exit codes from good to worst."""


def worst(codes: Iterable[int]) -> int:
    """The exit code that says most of several; one that is not listed counts as 1."""
    return max(codes, key=lambda code: _SEVERITY.index(code if code in _SEVERITY else 1), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOutcome:
    """What became of one site (site "": of the hand-written dialplan).

    `status`: applied; undone; unchanged; finished (an earlier apply that was interrupted is now on record);
    reloaded (the files were right, the switch ran otherwise); failed; rolled-back; untried.
    """

    site: str
    status: str
    plan: Plan | None = None
    fault: FlowError | SwitchError | None = None

    @property
    def exit_code(self) -> int:
        if self.fault is None:
            return 0
        return self.fault.exit_code if isinstance(self.fault, FlowError) else 4

    def to_json(self) -> dict[str, Any]:
        """Plain data for `apply --json`."""
        counts = to_json([self.plan] if self.plan else [])
        told_fault = {"error": str(self.fault)} if self.fault else {}
        different = self.fault.differences if isinstance(self.fault, Differs) else ()
        return {
            "site": self.site or None,
            "status": self.status,
            **{action: counts[action] for action in ("add", "change", "remove")},
            **told_fault,
            "differences": [asdict(one) for one in different],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of an apply; `exit_code` is that of the worst outcome."""

    switch: str
    outcomes: tuple[SiteOutcome, ...]

    @property
    def exit_code(self) -> int:
        return worst(outcome.exit_code for outcome in self.outcomes)

    @property
    def changed(self) -> bool:
        return any(outcome.status not in ("unchanged", "untried") for outcome in self.outcomes)

    def to_json(self) -> dict[str, Any]:
        """As `apply --json` prints it."""
        return {
            "switch": self.switch,
            "exit_code": self.exit_code,
            "sites": [outcome.to_json() for outcome in self.outcomes],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What an apply needs of the world around it; `wiring` has the real things, tests have theirs.

    `alive` tells whether a process of this machine still runs, `pause` waits so many seconds.
    """

    ledger: Ledger
    lock: Lock
    owner: Owner
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    alive: Callable[[int], bool]


def apply_sites(
    switch: Switch,
    world: World,
    *,
    sites: Sequence[str] = (),
    hand_written: Mapping[str, str],
    today: date,
    force: bool = False,
    undo: bool = False,
    approved: str | None = None,
    progress: Progress | None = None,
    serves: Callable[[str], bool] | None = None,
) -> Applied:
    """Brings the named sites, by default all, to what their contracts say; nothing where nothing differs.

    With `undo` the named sites are brought to their former generation instead, as the switch has kept it.
    `approved` is the digest of the plan a person has seen: FlowError if it would be another one now. LockHeld
    when somebody else writes to the switch. Everything else that goes wrong with one site is in its outcome,
    and the next site is tried, as long as the switch answers.
    """
    held = SwitchLock(switch=switch, owner=world.owner, pause=world.pause, alive=world.alive)
    with world.lock.held(f"apply-{switch.name}"), held.held() as renew:
        work = _Work(switch, world, renew, force, progress, "undone" if undo else "applied")
        work.settle_interrupted()
        planned = (
            plan_undo(switch, world.ledger, sites=sites, today=today)
            if undo
            else plan_sites(
                switch,
                world.ledger,
                sites=sites,
                hand_written=hand_written,
                today=today,
                progress=progress,
                serves=serves,
            )
        )
        if approved is not None and approved != planned.digest:
            raise FlowError(
                f"{switch.name}: the plan is not the one that was approved any more; run plan again and look"
            )
        return Applied(switch=switch.name, outcomes=tuple(work.run(planned)))


class _Work:
    """One apply under way."""

    def __init__(
        self,
        switch: Switch,
        world: World,
        renew: Callable[[], None],
        force: bool,
        progress: Progress | None,
        done: str,
    ) -> None:
        self.switch, self.world, self.renew, self.force = switch, world, renew, force
        self.done = done
        self.pen = Pen(switch=switch, pause=world.pause, progress=progress)
        self.writer = SiteWriter(switch=switch, pen=self.pen)
        self.progress = progress
        self.unsettled: dict[str, FlowError | SwitchError] = {}
        self.interrupted: frozenset[str] = frozenset()

    def settle_interrupted(self) -> None:
        """Cleans up after applies that did not come to their end; where that fails is kept for `run`."""
        found = sorted(marks(self.switch).values(), key=lambda mark: (mark.group, mark.site))
        self.interrupted = frozenset(mark.site for mark in found)
        for name, members in groupby(found, key=lambda mark: mark.group):
            group = tuple(members)
            self._say(f"{name}: an earlier apply was interrupted, looking after it")
            try:
                settle(self.switch, self.pen, group)
            except Unreachable:
                raise
            except (FlowError, SwitchError) as fault:
                self.unsettled |= dict.fromkeys((mark.site for mark in group), fault)

    def run(self, planned: SwitchPlan) -> list[SiteOutcome]:
        """The outcomes, the hand-written dialplan's first: without it no site is touched."""
        outcomes = self._guarded({SHARED: planned.shared}, partial(self._shared, planned))
        stopped = outcomes[0].fault is not None
        for group in planned.groups:
            plans = {one.site: one.plan for one in group}
            if stopped:
                outcomes += [SiteOutcome(site=site, status="untried", plan=plans[site]) for site in plans]
                continue
            self._say(f"applying {', '.join(plans)}", len(outcomes) - 1, len(planned.sites))
            self.renew()
            done = self._guarded(plans, partial(self._group, group))
            outcomes += done
            stopped = isinstance(done[0].fault, Unreachable)
        named = {outcome.site for outcome in outcomes}
        others = {site: fault for site, fault in self.unsettled.items() if site not in named}
        outcomes += [self._failed(site, None, fault) for site, fault in others.items()]
        return outcomes

    def _guarded(self, plans: Mapping[str, Plan], work: Callable[[], str]) -> list[SiteOutcome]:
        """Does the work for sites that change together; a fault becomes the outcome of each."""
        try:
            status = work()
        except (FlowError, SwitchError) as fault:
            return [self._failed(site, plan, fault) for site, plan in plans.items()]
        return [SiteOutcome(site=site, status=status, plan=plan) for site, plan in plans.items()]

    def _failed(self, site: str, plan: Plan | None, fault: FlowError | SwitchError) -> SiteOutcome:
        """An outcome that is a fault, which is in the audit too."""
        status = "rolled-back" if isinstance(fault, Differs) else "failed"
        different = fault.differences if isinstance(fault, Differs) else ()
        self._audit(status, site, {"error": str(fault), "differences": [str(one) for one in different]})
        return SiteOutcome(site=site, status=status, plan=plan, fault=fault)

    def _shared(self, planned: SwitchPlan) -> str:
        """The one file of hand-written contexts: a new generation, or the former one again."""
        if not planned.shared:
            wanted = planned.shared_wanted if planned.sites else None
            if wanted is None or not read_back(self.switch, wanted):
                return "unchanged"
            self.pen.reload(DIALPLAN)
            if left := read_back(self.switch, wanted):
                raise FlowError(
                    f"{self.switch.name} holds the hand-written dialplan but runs it otherwise, even after a "
                    f"reload; no site was touched: {told(left)}. Another file of the switch has contexts of "
                    "these names: take them out there"
                )
            return "reloaded"
        self._say("loading the hand-written dialplan")
        files = {names.SHARED_FILE: planned.shared_wanted.files.get(names.SHARED_FILE, ())}
        self.pen.stage(files)
        self.pen.keep_former(files)
        self.pen.promote(files)
        self.pen.reload(DIALPLAN)
        if different := read_back(self.switch, planned.shared_wanted):
            self.pen.restore(files, module=DIALPLAN)
            raise Differs(
                f"{self.switch.name} does not run the hand-written dialplan as it is written; the former one "
                f"runs again, no site was touched. {told(different)}",
                different,
            )
        self._audit("applied", SHARED, to_json([planned.shared]))
        return "applied"

    def _group(self, group: Sequence[SitePlan]) -> str:
        """One site, or some that have to change together."""
        if faults := [self.unsettled[one.site] for one in group if one.site in self.unsettled]:
            raise faults[0]
        if not any(one.plan for one in group):
            return self._unchanged(group[0])
        too = [why for one in group if (why := too_much(one.plan))]
        if too and not self.force:
            sites = ", ".join(one.site for one in group)
            tied = f". Telephones move between sites {sites}, so they change together" if group[1:] else ""
            raise TooMuchChange("; ".join(too) + tied)
        self.writer.apply(group)
        self._record(group, self.done)
        return self.done

    def _unchanged(self, planned: SitePlan) -> str:
        healed = self.writer.heal(planned)
        if planned.site not in self.interrupted:
            return "reloaded" if healed else "unchanged"
        self._record([planned], "finished")
        return "finished"

    def _record(self, group: Sequence[SitePlan], event: str) -> None:
        """Into the ledger; only then the switch forgets, of all of them at once, that somebody was at it."""
        for planned in group:
            wanted = in_slot(planned.wanted, planned.site, names.SLOTS[0])
            self.world.ledger.record_applied(
                site=planned.site,
                switch=self.switch.name,
                digest=digest_of(wanted),
                plan=to_json([planned.plan]),
                at=self.world.clock(),
                who=self.world.owner.who,
            )
            counts = {action: planned.plan.count(action) for action in ("add", "change", "remove")}
            self._audit(event, planned.site, counts)
        self.pen.unmark(one.site for one in group)

    def _audit(self, event: str, site: str, detail: Mapping[str, Any]) -> None:
        self.world.ledger.audit(
            event=f"apply-{event}",
            subject=f"{self.switch.name}/{site or 'dialplan'}",
            detail=detail,
            at=self.world.clock(),
            who=self.world.owner.who,
        )

    def _say(self, text: str, done: int | None = None, total: int | None = None) -> None:
        if self.progress:
            self.progress(text, done, total)
