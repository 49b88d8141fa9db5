"""What a switch holds of ours: its files over GetConfig, and the slot a site is in (现网配置)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pbx.action import Action
from pbx.config import Config
from pbx.errors import Malformed
from pbx.readback import Difference, differences, questions, running
from pbx.section import Section
from pbx.update import held, reading
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Switch
from provisioning.planning import names

ANSWER_WITHIN = 30.0
"""Seconds the switch has to answer: it may be in the middle of a reload of thousands of objects."""
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
    """A site as the files on the switch have it.

    `slots` are those its endpoints refer to: none for a site that is not provisioned, one normally, two when
    something ended between the files of a large site. `files` are all that exist, also those without a
    section. `notes` say which files a hand has made unreadable for us: they count as empty.
    """

    site: str
    pjsip: Config
    dialplan: Config
    files: tuple[str, ...]
    slots: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def slot(self) -> str | None:
        """The slot in force, None for a site that is not provisioned."""
        return self.slots[0] if self.slots else None

    def differs(self, file: str, sections: tuple[Section, ...]) -> bool:
        """Whether one of the site's PJSIP files is anything else than these sections."""
        unreadable = any(note.startswith(f"{file} ") for note in self.notes)
        return unreadable or Config({file: sections}) != Config({file: self.pjsip.files.get(file, ())})

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
    def pjsip_files(self) -> tuple[str, ...]:
        return tuple(file for file in self.files if file.startswith(names.PJSIP_FILES))

    @property
    def dialplan_files(self) -> tuple[str, ...]:
        return tuple(file for file in self.files if file.startswith(names.DIALPLAN_FILES))


def read_site(switch: Switch, site: str) -> SiteFiles:
    """Reads all files of a site; a file that is not there is empty."""
    notes: list[str] = []
    pjsip = _numbered(switch, (names.pjsip_file(site, n) for n in range(1, 1000)), notes)
    dialplan: dict[str, tuple[Section, ...]] = {}
    for file in (names.dialplan_file(site, slot) for slot in names.SLOTS):
        if (sections := read_file(switch, file, notes)) is not None:
            dialplan[file] = sections
    return SiteFiles(
        site=site,
        pjsip=Config(pjsip),
        dialplan=Config(dialplan),
        files=(*pjsip, *dialplan),
        slots=_slots(site, pjsip),
        notes=tuple(notes),
    )


def read_file(switch: Switch, file: str, notes: list[str]) -> tuple[Section, ...] | None:
    """The sections of a file, None if it is not there; a file we cannot understand is noted and empty."""
    reply = switch.send(reading(file), timeout=ANSWER_WITHIN)
    if not reply.ok:
        if "not found" in reply.message:
            return None
        if "invalid format" not in reply.message:
            raise FlowError(f"{switch.name}: {file} cannot be read: {reply.message}")
        notes.append(f"{file} was altered by hand and is no valid configuration file any more")
        return ()
    try:
        sections = held(reply)
        Config({file: sections})
    except Malformed as fault:
        notes.append(f"{file} was altered by hand into something seatline does not write: {fault}")
        return ()
    return sections


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
    actions = dict.fromkeys((*questions(wanted), *(questions(gone) if gone is not None else ())))
    asked = tuple(actions)
    replies = [switch.send(action, timeout=ANSWER_WITHIN) for action in asked]
    return differences(wanted, running(asked, replies), gone=gone)


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


def _numbered(switch: Switch, files: Iterable[str], notes: list[str]) -> dict[str, tuple[Section, ...]]:
    """Files with consecutive numbers up to the first that is not there."""
    found: dict[str, tuple[Section, ...]] = {}
    for file in files:
        sections = read_file(switch, file, notes)
        if sections is None:
            break
        found[file] = sections
    return found


def _slots(site: str, files: dict[str, tuple[Section, ...]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for sections in files.values():
        for section in sections:
            slot = names.slot_of(section.get("context"), site) if section.kind == "endpoint" else None
            if slot is not None:
                found[slot] = None
    return tuple(found)
