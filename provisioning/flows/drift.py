"""What a switch holds or runs differently from the ledger, named object by object (漂移检查)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from pbx.config import Config
from pbx.readback import NOTHING, Difference
from pbx.section import CONTEXT, SECRET_OPTIONS, Section
from provisioning.flows.plan_site import SwitchPlan, plan_sites
from provisioning.flows.ports import Ledger, Progress, Switch
from provisioning.flows.read_switch import (
    REGISTERED,
    read_back,
    registration_states,
    running_context,
    running_contexts,
    running_endpoints,
)
from provisioning.planning import names

HIDDEN = "another one"
"""Stands for a secret that is not the right one."""
MISSING = frozenset({"Rejected", "Stopped"})
"""States of a registration that the operator has turned down: more than one that has only begun."""
CLASSES: Mapping[str, str] = {
    "file": "file differs",
    "running": "running state differs",
    "unknown": "unknown object",
}
"""What a drift is called, by where it is (漂移类别)."""


@dataclass(frozen=True, slots=True)
class Drift(Difference):
    """One thing that is not as the ledger says; `where` is a key of CLASSES.

    An unknown object is none of ours and beside them, in a way that it could call through them: it is left
    alone.
    """

    site: str
    where: str

    def __str__(self) -> str:
        field = f" {self.field}" if self.field else ""
        place = f"{self.file or 'the switch'}: [{self.object}]{field}"
        verb = "holds" if self.where == "file" else "runs"
        return f"{CLASSES[self.where]}: {place}: wanted {self.wanted}, {verb} {self.found}"


@dataclass(frozen=True, slots=True)
class Unregistered:
    """A registration at the operator that runs as it should and is not in force: calls do not come in.

    `state` is Asterisk's word: Unregistered (not tried yet, or ended by hand), Rejected, Stopped.
    """

    site: str
    object: str
    state: str

    @property
    def missing(self) -> bool:
        return self.state in MISSING

    def __str__(self) -> str:
        kind = "registration missing: " if self.missing else ""
        return f"{kind}site {self.site}: [{self.object}] is not registered at the operator: {self.state}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """All that drifted on a switch; `orphans` are sites it has that no contract knows.

    A registration that has only begun is no drift; one that the operator has turned down is.
    """

    switch: str
    drifts: tuple[Drift, ...]
    orphans: tuple[str, ...]
    notes: tuple[str, ...]
    unregistered: tuple[Unregistered, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.drifts or self.orphans or self.notes or any(one.missing for one in self.unregistered)
        )

    @property
    def verdict(self) -> str:
        """In a line, what there is to say where nothing drifted."""
        if not (count := len(self.unregistered)):
            return "holds and runs what the ledger says"
        are = "1 registration is" if count == 1 else f"{count} registrations are"
        return f"holds what the ledger says, but {are} not in force at the operator"

    def to_json(self) -> dict[str, Any]:
        """As `drift --json prints it."""
        return {
            "switch": self.switch,
            "drifts": [
                {**asdict(one), "site": one.site or None, "class": CLASSES[one.where]} for one in self.drifts
            ],
            "orphans": list(self.orphans),
            "notes": list(self.notes),
            "unregistered": [{**asdict(one), "missing": one.missing} for one in self.unregistered],
        }


def find_drift(
    switch: Switch,
    ledger: Ledger,
    *,
    sites: Sequence[str] = (),
    hand_written: Mapping[str, str],
    today: date,
    progress: Progress | None = None,
    serves: Callable[[str], bool] | None = None,
) -> DriftReport:
    """Compares files and running state of the named sites, by default all, with the ledger; changes nothing.

    The state of calls and phones is no drift; our own registrations that are not in force stand apart.
    """
    planned = plan_sites(
        switch,
        ledger,
        sites=sites,
        hand_written=hand_written,
        today=today,
        progress=progress,
        serves=serves,
    )
    found: list[Drift] = []
    if planned.sites:
        found += _compared(switch, "", planned.shared_held, planned.shared_wanted)
    for one in planned.sites:
        if progress:
            progress(f"reading back {one.site}")
        found += _compared(switch, one.site, one.existing, one.wanted)
    found += _strangers(switch, planned, every=not sites)
    return DriftReport(
        switch=switch.name,
        drifts=tuple(found),
        orphans=planned.orphans,
        notes=planned.notes,
        unregistered=tuple(_unregistered(switch, planned)),
    )


def _compared(switch: Switch, site: str, existing: Config, wanted: Config) -> Iterator[Drift]:
    """A site's files, then what runs of it."""
    yield from _in_files(site, existing, wanted)
    ours = {section.name for config in (existing, wanted) for _, section in config}
    for one in read_back(switch, wanted, gone=existing):
        where = "running" if one.object in ours else "unknown"
        yield Drift(one.file, one.object, one.field, one.wanted, one.found, site, where)


def _in_files(site: str, existing: Config, wanted: Config) -> Iterator[Drift]:
    """What the files hold otherwise, option by option; in which of a site's files makes no difference."""
    held = {section.name: (file, section) for file, section in existing}
    want = {section.name: (file, section) for file, section in wanted}
    for name in dict.fromkeys((*want, *held)):
        file = (held.get(name) or want[name])[0]
        if name not in held:
            yield Drift(file, name, "", want[name][1].kind, NOTHING, site, "file")
        elif name not in want:
            yield Drift(file, name, "", NOTHING, held[name][1].kind, site, "file")
        else:
            for field, wanted_value, found_value in _options(want[name][1], held[name][1]):
                yield Drift(file, name, field, wanted_value, found_value, site, "file")


def _options(wanted: Section, found: Section) -> Iterator[tuple[str, str, str]]:
    """The options two sections of a name do not share: name, wanted value, found value."""
    if wanted.kind != found.kind:
        yield "type", wanted.kind, found.kind
    want, find = _values(wanted), _values(found)
    for key in dict.fromkeys((*want, *find)):
        if want.get(key) == find.get(key):
            continue
        if key in SECRET_OPTIONS:
            yield key, "the ledger's", HIDDEN if key in find else "none"
        else:
            yield key, want.get(key, NOTHING), find.get(key, NOTHING)
    if want == find and wanted.options != found.options:
        yield "", "its options in order", "another order"


def _values(section: Section) -> dict[str, str]:
    """The options under names that tell them apart: an extension by its number, a variable by its name."""
    values: dict[str, str] = {}
    for key, value in section.options:
        name = key
        if section.kind == CONTEXT and key == "exten":
            name = ",".join(value.split(",", 2)[:2])
        elif key in ("set_var", "include"):
            name = f"{key} {value.partition('=')[0]}"
        values[name] = f"{values[name]}, {value}" if name in values else value
    return values


def _strangers(switch: Switch, planned: SwitchPlan, *, every: bool) -> Iterator[Drift]:
    """Endpoints nobody planned whose calls come into a context of ours, if only by an include.

    Unless `every` site is looked at, endpoints named like ours are taken for those of the other sites, and so
    are always those in a context of such a site.
    """
    ours = {section.name for one in planned.sites for _, section in one.wanted}
    looked_at = {one.site for one in planned.sites}
    shared = {section.name for _, section in planned.shared_wanted}
    includes = running_contexts(switch)
    for name in running_endpoints(switch):
        if name in ours or (not every and name.startswith(("seat-", "line-"))):
            continue
        context = running_context(switch, name)
        if (names.site_of(context) or "") not in {"", *looked_at}:
            continue
        reached = _reached(context, includes)
        entered = [one for one in reached if one in shared or names.site_of(one) in looked_at]
        if entered:
            site = next((site for one in entered if (site := names.site_of(one)) in looked_at), None)
            through = "" if context in entered else f", which includes {entered[0]}"
            found = f"an endpoint with context={context}{through}"
            yield Drift("", name, "", NOTHING, found, site or "", "unknown")


def _reached(context: str, includes: Mapping[str, tuple[str, ...]]) -> list[str]:
    """A context and all it includes, and what those include."""
    reached = [context]
    for one in reached:  # grows while we go
        reached += (included for included in includes.get(one, ()) if included not in reached)
    return reached


def _unregistered(switch: Switch, planned: SwitchPlan) -> Iterator[Unregistered]:
    states: Mapping[str, str] = {}
    for one in planned.sites:
        own = [section.name for _, section in one.wanted if section.kind == "registration"]
        states = states or (registration_states(switch) if own else {})
        for name in own:
            if states.get(name, REGISTERED) != REGISTERED:
                yield Unregistered(one.site, name, states[name])
