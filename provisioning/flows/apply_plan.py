"""Applies the plan: the hand-written dialplan, then site after site, each entirely or not at all (下发)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from pbx.errors import SwitchError, Unreachable
from provisioning.flows.apply_site import Differs, SiteWriter, told
from provisioning.flows.errors import FlowError, TooMuchChange
from provisioning.flows.lock_switch import Owner, SwitchLock
from provisioning.flows.plan_site import SitePlan, SwitchPlan, plan_sites, wanted_of
from provisioning.flows.ports import Ledger, Lock, Progress, Switch
from provisioning.flows.read_switch import marks, read_back
from provisioning.flows.write_switch import DIALPLAN, Pen
from provisioning.planning import names
from provisioning.planning.digest import digest_of
from provisioning.planning.plan import Plan, to_json, too_much

SHARED = ""
"""Stands for the hand-written dialplan among the sites."""
_SEVERITY = (0, 75, 6, 1, 4, 5)
"""Exit codes from good to worst."""


def worst(codes: Iterable[int]) -> int:
    """The exit code that says most of several; one that is not listed counts as 1."""
    return max(codes, key=lambda code: _SEVERITY.index(code if code in _SEVERITY else 1), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one site (site "": of the hand-written dialplan).

    `status`: applied; unchanged; finished (an earlier apply that was interrupted is now on record); reloaded
    (the files were right, the switch ran otherwise); failed; rolled-back; untried.
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
            "differences": [
                {"file": d.file, "object": d.object, "field": d.field, "wanted": d.wanted, "found": d.found}
                for d in different
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of an apply; `exit_code` is that of the worst outcome."""

    switch: str
    outcomes: tuple[Outcome, ...]

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
    approved: str | None = None,
    progress: Progress | None = None,
) -> Applied:
    """Brings the named sites, by default all, to what their contracts say; nothing where nothing differs.

    `approved` is the digest of the plan a person has seen: FlowError if it would be another one now. LockHeld
    when somebody else writes to the switch. Everything else that goes wrong with one site is in its outcome,
    and the next site is tried, as long as the switch answers.
    """
    held = SwitchLock(
        switch=switch, owner=world.owner, clock=world.clock, pause=world.pause, alive=world.alive
    )
    with world.lock.held(f"apply-{switch.name}"), held.held() as renew:
        work = _Work(switch, world, renew, force, progress)
        interrupted = work.settle_interrupted()
        planned = plan_sites(
            switch,
            world.ledger,
            sites=sites,
            also=interrupted,
            hand_written=hand_written,
            today=today,
            progress=progress,
        )
        if approved is not None and approved != planned.digest:
            raise FlowError(
                f"{switch.name}: the plan is not the one that was approved any more; run plan again and look"
            )
        return Applied(switch=switch.name, outcomes=tuple(work.run(planned, interrupted)))


class _Work:
    """One apply under way."""

    def __init__(
        self,
        switch: Switch,
        world: World,
        renew: Callable[[], None],
        force: bool,
        progress: Progress | None,
    ) -> None:
        self.switch, self.world, self.renew, self.force = switch, world, renew, force
        self.pen = Pen(switch=switch, pause=world.pause, progress=progress)
        self.writer = SiteWriter(switch=switch, ledger=world.ledger, pen=self.pen)
        self.progress = progress

    def settle_interrupted(self) -> frozenset[str]:
        """Cleans up after applies that did not come to their end; which sites they were."""
        interrupted = marks(self.switch)
        for site, mark in interrupted.items():
            self._say(f"{site}: an earlier apply was interrupted, looking after it")
            self.writer.settle(site, mark)
        return frozenset(interrupted)

    def run(self, planned: SwitchPlan, interrupted: frozenset[str]) -> list[Outcome]:
        """The outcomes, the hand-written dialplan's first: without it no site is touched."""
        outcomes = [self._guarded(SHARED, planned.shared, partial(self._shared, planned))]
        stopped = outcomes[0].fault is not None
        for done, site in enumerate(planned.sites):
            if stopped:
                outcomes.append(Outcome(site=site.site, status="untried", plan=site.plan))
                continue
            self._say(f"applying {site.site}", done, len(planned.sites))
            self.renew()
            work = partial(self._site, site, site.site in interrupted)
            outcome = self._guarded(site.site, site.plan, work)
            outcomes.append(outcome)
            stopped = isinstance(outcome.fault, Unreachable)
        return outcomes

    def _guarded(self, site: str, plan: Plan, work: Callable[[], str]) -> Outcome:
        """Does the work; a fault becomes the outcome, and is in the audit."""
        try:
            return Outcome(site=site, status=work(), plan=plan)
        except (FlowError, SwitchError) as fault:
            status = "rolled-back" if isinstance(fault, Differs) else "failed"
            different = fault.differences if isinstance(fault, Differs) else ()
            self._audit(status, site, {"error": str(fault), "differences": [str(one) for one in different]})
            return Outcome(site=site, status=status, plan=plan, fault=fault)

    def _shared(self, planned: SwitchPlan) -> str:
        """The one file of hand-written contexts: a new generation, or the former one again."""
        if not planned.shared:
            wanted = planned.shared_wanted if planned.sites else None
            if wanted is None or not read_back(self.switch, wanted):
                return "unchanged"
            self.pen.reload(DIALPLAN)
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

    def _site(self, planned: SitePlan, interrupted: bool) -> str:
        if not planned.plan:
            healed = self.writer.heal(planned)
            if interrupted:
                self._record(planned, "finished")
            return "finished" if interrupted else "reloaded" if healed else "unchanged"
        if not self.force and (why := too_much(planned.plan)):
            raise TooMuchChange(why)
        self.writer.apply(planned)
        self._record(planned, "applied")
        return "applied"

    def _record(self, planned: SitePlan, event: str) -> None:
        """Into the ledger; only then the switch forgets that somebody was at it."""
        wanted = wanted_of(self.world.ledger, planned.contract, names.SLOTS[0])
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
        self.pen.unmark(planned.site)

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
