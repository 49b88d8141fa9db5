"""What a switch holds or runs differently from the ledger, named object by object (漂移检查)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from pbx.config import Config
from pbx.readback import NOTHING
from pbx.section import CONTEXT, SECRET_OPTIONS, Section
from provisioning.flows.plan_site import SwitchPlan, plan_sites
from provisioning.flows.ports import Ledger, Progress, Switch
from provisioning.flows.read_switch import read_back, running_context, running_endpoints
from provisioning.planning import names

HIDDEN = "another one"
"""Stands for a secret that is not the right one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One thing that is not as the ledger says: in a file (`where` "file") or in what runs ("running")."""

    site: str
    where: str
    file: str
    object: str
    field: str
    wanted: str
    found: str

    def __str__(self) -> str:
        field = f" {self.field}" if self.field else ""
        place = f"{self.file or 'the switch'}: [{self.object}]{field}"
        return f"{place}: wanted {self.wanted}, {'runs' if self.where == 'running' else 'holds'} {self.found}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """All that drifted on a switch; `orphans` are sites it has that no contract knows."""

    switch: str
    drifts: tuple[Drift, ...]
    orphans: tuple[str, ...]
    notes: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.drifts or self.orphans or self.notes)

    def to_json(self) -> dict[str, Any]:
        """As `drift --json` prints it."""
        return {
            "switch": self.switch,
            "drifts": [
                {
                    "site": drift.site or None,
                    "where": drift.where,
                    "file": drift.file,
                    "object": drift.object,
                    "field": drift.field,
                    "wanted": drift.wanted,
                    "found": drift.found,
                }
                for drift in self.drifts
            ],
            "orphans": list(self.orphans),
            "notes": list(self.notes),
        }


def find_drift(
    switch: Switch,
    ledger: Ledger,
    *,
    sites: Sequence[str] = (),
    hand_written: Mapping[str, str],
    today: date,
    progress: Progress | None = None,
) -> DriftReport:
    """Compares files and running state of the named sites, by default all, with the ledger; changes nothing.

    The state of calls and phones (who is registered) is no drift.
    """
    planned = plan_sites(
        switch, ledger, sites=sites, hand_written=hand_written, today=today, progress=progress
    )
    found: list[Drift] = []
    if planned.sites:
        found += _compared(switch, "", planned.shared_held, planned.shared_wanted)
    for one in planned.sites:
        if progress:
            progress(f"reading back {one.site}")
        existing = one.holding.in_slot(one.holding.slot)
        found += _compared(switch, one.site, existing, one.wanted)
    found += _strangers(switch, planned, every=not sites)
    return DriftReport(switch=switch.name, drifts=tuple(found), orphans=planned.orphans, notes=planned.notes)


def _compared(switch: Switch, site: str, existing: Config, wanted: Config) -> Iterator[Drift]:
    """A site's files, then what runs of it."""
    yield from _in_files(site, existing, wanted)
    for d in read_back(switch, wanted, gone=existing):
        yield Drift(
            site=site,
            where="running",
            file=d.file,
            object=d.object,
            field=d.field,
            wanted=d.wanted,
            found=d.found,
        )


def _in_files(site: str, existing: Config, wanted: Config) -> Iterator[Drift]:
    """What the files hold otherwise, option by option; in which of a site's files makes no difference."""
    held = {section.name: (file, section) for file, section in existing}
    want = {section.name: (file, section) for file, section in wanted}
    for name in dict.fromkeys((*want, *held)):
        file = (held.get(name) or want[name])[0]
        drift = partial(Drift, site=site, where="file", file=file, object=name)
        if name not in held:
            yield drift(field="", wanted=want[name][1].kind, found=NOTHING)
        elif name not in want:
            yield drift(field="", wanted=NOTHING, found=held[name][1].kind)
        else:
            for field, wanted_value, found_value in _options(want[name][1], held[name][1]):
                yield drift(field=field, wanted=wanted_value, found=found_value)


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
    """Endpoints nobody planned that run in a context of ours, hand-made ones too.

    Unless `every` site is looked at, endpoints named like ours are taken for those of the other sites.
    """
    ours = {section.name for one in planned.sites for _, section in one.wanted}
    looked_at = {one.site for one in planned.sites}
    for name in running_endpoints(switch):
        if name in ours or (not every and name.startswith(("seat-", "line-"))):
            continue
        context = running_context(switch, name)
        site = names.site_of(context)
        if site in looked_at:
            yield Drift(
                site=site or "",
                where="running",
                file="",
                object=name,
                field="",
                wanted=NOTHING,
                found=f"an endpoint with context={context}",
            )
