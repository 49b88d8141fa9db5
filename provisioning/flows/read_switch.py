"""What a switch holds of ours: its files over GetConfig, and the slot a site is in (现网配置)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from pbx.action import Action
from pbx.config import Config
from pbx.errors import Malformed
from pbx.readback import Difference, differences, questions, running
from pbx.section import Section
from pbx.update import plain
from pbx.written import Written
from provisioning.flows.ports import Switch
from provisioning.flows.read_files import (
    ANSWER_WITHIN,
    altered,
    ask,
    read_file,
    read_lines,
    read_series,
)
from provisioning.planning import names
from provisioning.planning.layout import joined, slots_filled, templates_of, whole
from provisioning.planning.old_layout import as_now, old_file

REGISTERED = "Registered"
"""Asterisk's word for a registration that is in force."""
_MARKS, _MARK = "applying", "mark"
"""The section and option of APPLYING_FILE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A note on the switch that a site is about to become what has this digest.

    `group` is the same for sites that change together: all of them or none.
    """

    site: str
    digest: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFiles:
    """A site as the files on the switch have it, read as a whole (planning/layout.py).

    `slots` are those its endpoints refer to: none for a site that is not provisioned, one normally, two when
    a hand has been at it. `files` are the first PJSIP file and those of the dialplan, where they exist.
    `old` are those of planning/old_layout.py, where the site stands in them or could have. `notes` say which
    files a hand has made unreadable for us: they count as empty.
    """

    site: str
    pjsip: Config
    dialplan: Config
    files: tuple[str, ...]
    slots: tuple[str, ...]
    notes: tuple[str, ...]
    old: tuple[str, ...] = ()

    @property
    def slot(self) -> str | None:
        """The slot in force, None for a site that is not provisioned."""
        return self.slots[0] if self.slots else None

    @property
    def in_force(self) -> Config:
        """The site without the dialplan that was only loaded beside: of a slot no endpoint refers to."""
        return Config({**self.pjsip.files, **(self.of_slot(self.slot).files if self.slot else {})})

    @property
    def whole(self) -> Config:
        """The site with the dialplan of both slots."""
        return Config({**self.pjsip.files, **self.dialplan.files})

    def of_slot(self, slot: str) -> Config:
        """The dialplan of one slot."""
        file = names.dialplan_file(self.site, slot)
        return Config({file: self.dialplan.files.get(file, ())})

    @property
    def dialplan_files(self) -> tuple[str, ...]:
        return tuple(file for file in self.files if file.startswith(names.DIALPLAN_FILES))


@dataclass(frozen=True, slots=True)
class Former:
    """The PJSIP objects a site had before its last switch-over, and the live files to put back for them.

    Where the first file is among them it stands last. It is not when only an earlier version of seatline has
    kept something (planning/old_layout.py).
    """

    pjsip: Config
    files: tuple[str, ...]


def read_site(switch: Switch, site: str) -> SiteFiles:
    """Reads all files of a site; a file that is not there is empty."""
    notes: list[str] = []
    file = names.pjsip_file(site)
    first = read_lines(switch, file, notes)
    known = len(notes)
    old = read_series(switch, partial(old_file, site), notes)
    in_use = not first or any(old.values()) or len(notes) > known
    pjsip = _objects(switch, site, first or (), old, notes)
    dialplan: dict[str, tuple[Section, ...]] = {}
    parts_there: list[str] = []
    for slot in names.SLOTS:
        parts, there = read_dialplan(switch, partial(names.dialplan_file, site, slot), notes)
        parts_there += there
        if there:
            dialplan[names.dialplan_file(site, slot)] = parts
    return SiteFiles(
        site=site,
        pjsip=pjsip,
        dialplan=Config(dialplan),
        files=(*([file] if first is not None else []), *parts_there),
        slots=_slots(site, pjsip),
        notes=tuple(notes),
        old=tuple(old) if in_use else (),
    )


def read_former(switch: Switch, site: str, notes: list[str]) -> Former | None:
    """A site as it was before its last switch-over, None where nothing is kept.

    Its seats are still there, in the slot that was left; the first file, which made them objects, is kept.
    Where that was empty, the site was new or stood in old files, which are kept then as well.
    """
    file = names.pjsip_file(site)
    faults: list[str] = []
    first = read_lines(switch, names.former(file), faults)
    old: dict[str, tuple[Written, ...]] = {}
    if not first and not faults:
        kept = read_series(switch, lambda number: names.former(old_file(site, number)), faults)
        old = {file.removeprefix(names.former("")): lines for file, lines in kept.items()}
    objects = _objects(switch, site, first or (), old, faults)
    notes += faults
    files = (*old, *([file] if first is not None else []))
    return Former(objects, files) if files else None


def read_dialplan(
    switch: Switch, file_of: Callable[[int], str], notes: list[str]
) -> tuple[tuple[Section, ...], tuple[str, ...]]:
    """The contexts of a dialplan in one slot, and the files that are there."""
    parts: list[tuple[Section, ...]] = []
    found = read_series(switch, file_of, notes)
    for file, lines in found.items():
        try:
            parts.append(plain(lines))
        except Malformed as fault:
            notes.append(altered(file, fault))
    return joined(parts), tuple(found)


def _objects(
    switch: Switch,
    site: str,
    first: tuple[Written, ...],
    old: Mapping[str, tuple[Written, ...]],
    notes: list[str],
) -> Config:
    """A site's PJSIP objects from its first file and from those of the seats that it makes objects of."""
    file = names.pjsip_file(site)
    parts = {
        part: lines
        for slot in slots_filled(first, site)
        for part, lines in read_series(switch, partial(names.seats_file, site, slot), notes).items()
    }
    found = list(_whole(file, first, (), notes))
    for part, lines in parts.items():
        found += _whole(part, templates_of(first), lines, notes)
    for part, lines in old.items():
        found += map(as_now, _whole(part, (), lines, notes))
    try:
        return Config({file: tuple(found)})
    except Malformed as fault:
        notes.append(altered(file, fault))
        times = Counter(section.name for section in found)
        return Config({file: tuple(section for section in found if times[section.name] == 1)})


def _whole(
    file: str, first: tuple[Written, ...], lines: tuple[Written, ...], notes: list[str]
) -> tuple[Section, ...]:
    try:
        return whole(first, lines)
    except Malformed as fault:
        notes.append(altered(file, fault))
        return ()


def read_shared(switch: Switch, notes: list[str]) -> Config:
    """The hand-written dialplan as the switch holds it."""
    return Config({names.SHARED_FILE: read_file(switch, names.SHARED_FILE, notes) or ()})


def running_contexts(switch: Switch) -> Mapping[str, tuple[str, ...]]:
    """All contexts of the running dialplan, each with those it includes."""
    reply = switch.send(Action("ShowDialPlan"), timeout=ANSWER_WITHIN)
    found: dict[str, tuple[str, ...]] = {}
    for event in reply.events:
        if context := event.get("Context"):
            included = (event["IncludeContext"],) if "IncludeContext" in event else ()
            found[context] = (*found.get(context, ()), *included)
    return found


def sites_running(contexts: Iterable[str]) -> tuple[str, ...]:
    """The sites whose generated contexts are among these, sorted."""
    return tuple(sorted({site for context in contexts if (site := names.site_of(context)) is not None}))


def marks(switch: Switch) -> Mapping[str, Mark]:
    """The sites whose apply did not come to its end."""
    sections = read_file(switch, names.APPLYING_FILE, []) or ()
    noted = [value.split() for section in sections for value in section.values(_MARK)]
    return {one[0]: Mark(site=one[0], digest=one[1], group=one[2]) for one in noted if len(one) == 3}


def marks_section(noted: Iterable[Mark]) -> Section:
    """What APPLYING_FILE holds for these marks."""
    return Section(_MARKS, _MARK, tuple((_MARK, f"{one.site} {one.digest} {one.group}") for one in noted))


def read_back(switch: Switch, wanted: Config, *, gone: Config | None = None) -> tuple[Difference, ...]:
    """On what the running switch and a configuration disagree; what is only in `gone` must not run (回读)."""
    asked = questions(wanted, gone=gone)
    return differences(wanted, running(asked, ask(switch, asked)), gone=gone)


def without_others(switch: Switch, config: Config, sites: Container[str]) -> Config:
    """A configuration without the objects that files of other sites than these have too."""
    others = [site for site in sites_running(running_contexts(switch)) if site not in sites]
    held = (section for site in others for _, section in read_site(switch, site).pjsip)
    theirs = {(section.kind, section.name) for section in held}
    return Config(
        {
            file: tuple(one for one in sections if (one.kind, one.name) not in theirs)
            for file, sections in config.files.items()
        }
    )


def together(configs: Iterable[Config]) -> Config:
    """Configurations of several sites as one."""
    return Config({file: sections for config in configs for file, sections in config.files.items()})


def registration_states(switch: Switch) -> Mapping[str, str]:
    """All registrations at operators that run, ours or not, with what Asterisk calls their state."""
    shown = switch.send(Action("PJSIPShowRegistrationsOutbound"), timeout=ANSWER_WITHIN)
    return {event["ObjectName"]: event.get("Status", "") for event in shown.events if event.get("ObjectName")}


def running_endpoints(switch: Switch) -> tuple[str, ...]:
    """The names of all endpoints that run, ours or not."""
    listed = switch.send(Action("PJSIPShowEndpoints"), timeout=ANSWER_WITHIN)
    return tuple(event["ObjectName"] for event in listed.events if event.get("ObjectName"))


def running_context(switch: Switch, endpoint: str) -> str:
    """The context an endpoint's calls start in; empty when it does not run."""
    shown = switch.send(Action("PJSIPShowEndpoint", (("Endpoint", endpoint),)), timeout=ANSWER_WITHIN)
    return next((event["Context"] for event in shown.events if "Context" in event), "")


def running_slot(switch: Switch, site: str, candidates: Iterable[str]) -> str | None:
    """The slot a site runs in, asked of the first of these endpoints that runs; None when none does."""
    there = set(running_endpoints(switch))
    for name in candidates:
        slot = names.slot_of(running_context(switch, name), site) if name in there else None
        if slot is not None:
            return slot
    return None


def _slots(site: str, config: Config) -> tuple[str, ...]:
    contexts = (section.get("context") for _, section in config if section.kind == "endpoint")
    slots = (names.slot_of(context, site) for context in dict.fromkeys(contexts))
    return tuple(dict.fromkeys(slot for slot in slots if slot is not None))
