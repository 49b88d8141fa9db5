"""Plans what would change on a switch: contracts in force against what the switch holds (计划)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from pbx.config import Config
from provisioning.core.contract import Contract, ContractVersion, version_in_force
from provisioning.core.status import Stop, midnight
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Ledger, Progress, Switch
from provisioning.flows.read_switch import (
    SiteFiles,
    marks,
    read_shared,
    read_site,
    running_contexts,
    sites_running,
)
from provisioning.planning import names
from provisioning.planning.desired import desired, shared
from provisioning.planning.digest import digest_of
from provisioning.planning.handover import Both, groups
from provisioning.planning.plan import Plan, plan, to_json, too_much
from provisioning.planning.stops import to_be_held


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePlan:
    """A site's plan, and what it was made from. `contract` is None for a site to be taken down."""

    site: str
    contract: Contract | None
    held: SiteFiles
    wanted: Config
    plan: Plan

    @property
    def existing(self) -> Config:
        """What the plan is made against."""
        return existing_of(self.held, self.wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPlan:
    """The plans of some sites of a switch and of the hand-written dialplan they all share (计划).

    `orphans` are sites the switch has and no contract knows; they are left alone until somebody names them.
    """

    switch: str
    shared: Plan
    shared_held: Config
    shared_wanted: Config
    sites: tuple[SitePlan, ...]
    orphans: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def plans(self) -> tuple[Plan, ...]:
        return (self.shared, *(site.plan for site in self.sites))

    @property
    def groups(self) -> tuple[tuple[SitePlan, ...], ...]:
        """The sites in order, those that have to change together in one group."""
        planned = {one.site: one for one in self.sites}
        tied = groups({site: Both(one.held.pjsip, one.wanted) for site, one in planned.items()})
        return tuple(tuple(planned[site] for site in group) for group in tied)

    def __bool__(self) -> bool:
        return any(self.plans)

    @property
    def needs_force(self) -> tuple[str, ...]:
        """Why apply would refuse this plan without --force, a line a site."""
        return tuple(why for one in self.plans if (why := too_much(one)))

    @property
    def digest(self) -> str:
        """Tells this plan from any other: what changes, and into what."""
        wanted = [digest_of(self.shared_wanted), *(digest_of(site.wanted) for site in self.sites)]
        told = json.dumps([to_json(self.plans), wanted], sort_keys=True)
        return sha256(told.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """As `plan --json` prints it."""
        return {
            **to_json(self.plans),
            "switch": self.switch,
            "digest": self.digest,
            "sites": [
                {
                    "site": one.site,
                    "contract": one.contract.id if one.contract else None,
                    "slot": one.held.slot,
                }
                for one in self.sites
            ],
            "orphans": list(self.orphans),
            "notes": list(self.notes),
            "needs_force": list(self.needs_force),
        }


def plan_sites(
    switch: Switch,
    ledger: Ledger,
    *,
    sites: Sequence[str] = (),
    hand_written: Mapping[str, str],
    today: date,
    progress: Progress | None = None,
    serves: Callable[[str], bool] | None = None,
) -> SwitchPlan:
    """Plans the named sites, by default all that have a contract, are on the switch with one that ended, or
    have an apply to be finished.

    `serves` tells of a site whether this switch is the one it should be on, by default it always is. One that
    has moved to another switch is noted, and left alone until it is named: its telephones may still be here.
    Raises FlowError for a site that neither a contract nor the switch knows.
    """
    in_force, known = contracts_by_site(ledger, today)
    if serves is not None:
        in_force = {site: contract for site, contract in in_force.items() if serves(site)}
    running = sites_running(running_contexts(switch))
    interrupted = marks(switch)
    orphans = {site for site in running if site not in known}
    unknown = [site for site in sites if site not in {*known, *running, *interrupted}]
    if unknown:
        raise FlowError(
            f"no contract has a site {unknown[0]!r}, nor does {switch.name}; "
            f"sites with a contract: {', '.join(sorted(known)) or 'none'}"
        )
    moved = {site for site in running if site in known and serves is not None and not serves(site)}
    left_behind = {*(known & {*running}), *interrupted} - orphans - moved
    chosen = tuple(dict.fromkeys(sites)) or tuple(sorted({*in_force, *left_behind}))
    planned: list[SitePlan] = []
    for done, site in enumerate(chosen):
        if progress:
            progress("reading what the switch holds", done, len(chosen))
        planned.append(plan_site(switch, ledger, site, in_force.get(site), today))
    notes = [
        f"site {site}: an apply is under way or was interrupted; `seatline apply` finishes it"
        for site in interrupted
        if site in chosen
    ]
    notes += [
        f"site {site} is on {switch.name}, which does not serve it any more; when its telephones are on its "
        f"new switch, `seatline apply {site} --off {switch.name}` removes it here"
        for site in sorted(moved - {*chosen})
    ]
    wanted = shared(hand_written)
    held = read_shared(switch, notes)
    return SwitchPlan(
        switch=switch.name,
        shared=plan("", held, wanted if in_force else held),
        shared_held=held,
        shared_wanted=wanted,
        sites=tuple(planned),
        orphans=tuple(sorted(orphans - {*chosen})),
        notes=(*notes, *(note for one in planned for note in one.held.notes)),
    )


def plan_site(switch: Switch, ledger: Ledger, site: str, contract: Contract | None, today: date) -> SitePlan:
    """Plans one site in the slot it is in, so that nothing shows but real changes."""
    held = read_site(switch, site)
    stops: tuple[Stop, ...] = ()
    if contract is not None:
        stops = to_be_held(ledger.stops(contract.id), contract.site, held.in_force, midnight(today))
    wanted = wanted_of(ledger, contract, held.slot or names.SLOTS[0], stops)
    changes = plan(site, existing_of(held, wanted), wanted)
    return SitePlan(site=site, contract=contract, held=held, wanted=wanted, plan=changes)


def existing_of(held: SiteFiles, wanted: Config) -> Config:
    """What of a site is there already: what is in force; where nothing shall be left, all there is.

    A dialplan that was loaded beside and never came into force does not count: a first apply that was
    interrupted or rolled back is a first apply again.
    """
    return held.in_force if wanted else held.whole


def wanted_of(ledger: Ledger, contract: Contract | None, slot: str, stops: tuple[Stop, ...] = ()) -> Config:
    """What the switch should hold of a site; nothing without a contract."""
    if contract is None:
        return Config()
    try:
        secrets, passwords = ledger.secrets(contract.site.name), ledger.ims_passwords(contract.id)
        return desired(contract, secrets, slot, passwords, stops)
    except KeyError as fault:
        raise FlowError(
            f"contract {contract.id}: the ledger has no SIP secret for seat {fault.args[0]}; "
            "record the contract again with `seatline contract add`"
        ) from None


def contracts_by_site(ledger: Ledger, today: date) -> tuple[dict[str, Contract], frozenset[str]]:
    """The contract in force at each site with a switch on that day, and all sites that ever had a contract.

    A site whose IADs register straight to the operator is none that its switch should hold. Raises as
    `in_force_by_site`.
    """
    in_force, known = in_force_by_site(ledger, today)
    at_switch = {site: contract for site, contract in in_force.items() if contract.site.switch != "none"}
    return at_switch, known


def in_force_by_site(ledger: Ledger, today: date) -> tuple[dict[str, Contract], frozenset[str]]:
    """The contract in force at each site on that day, switch or none, and all sites that ever had one.

    Raises FlowError when two contracts are in force at one site: then nobody can say whose seats they are.
    """
    versions: dict[str, list[ContractVersion]] = {}
    for version in ledger.versions():
        versions.setdefault(version.contract.id, []).append(version)
    in_force: dict[str, Contract] = {}
    for listed in versions.values():
        if (current := version_in_force(listed, today)) is None:
            continue
        contract, site = current.contract, current.contract.site.name
        if site in in_force:
            raise FlowError(
                f"contracts {in_force[site].id} and {contract.id} are both in force at site {site} "
                f"on {today}; end one of them or give it another site name"
            )
        in_force[site] = contract
    known = {version.contract.site.name for listed in versions.values() for version in listed}
    return in_force, frozenset(known)
