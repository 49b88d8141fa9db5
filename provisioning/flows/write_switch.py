"""Writing to a switch in steps that a reader never sees half done: stage, verify, promote, reload (下发)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from pbx.action import Action, Reply
from pbx.section import Section
from pbx.update import EMPTY_FILE, creation, promotion, staging
from pbx.written import Written, written
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Progress, Switch
from provisioning.flows.read_files import ANSWER_WITHIN, ask, read_all, read_series
from provisioning.flows.read_switch import Mark, marks, marks_section
from provisioning.planning import names

PJSIP = "res_pjsip.so"
DIALPLAN = "pbx_config.so"
RELOAD_WITHIN = 60.0
"""Seconds we wait for a reload that somebody else has started."""
_STEP = 0.2
_TOGETHER = 20
"""Files written side by side before they are read back."""
_T = TypeVar("_T")


class SwitchBusy(FlowError):
    """The switch is reloading for somebody else and does not come to an end: try again later."""

    exit_code = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """Writes to one switch. `pause` waits so many seconds; `progress` is told of files being staged."""

    switch: Switch
    pause: Callable[[float], None]
    progress: Progress | None = None

    def stage(self, files: Mapping[str, Iterable[Section | Written]]) -> None:
        """Builds files nobody includes yet, and reads them back: exactly what was meant, or FlowError."""
        self._build({names.staged(file): tuple(sections) for file, sections in files.items()})

    def fill(self, file_of: Callable[[int], str], parts: Sequence[Iterable[Section | Written]]) -> None:
        """Writes a series of files that nothing refers to yet, and reads them back as `stage` does.

        Where the series went on, what is there is emptied: nothing old may come into force with the new.
        """
        files = {file_of(number): tuple(part) for number, part in enumerate(parts, start=1)}
        for some in _portions(files.items(), _TOGETHER):
            self._build(dict(some))
        older = read_series(self.switch, lambda number: file_of(len(files) + number), [])
        self._build(dict.fromkeys(older, ()))

    def _build(self, files: Mapping[str, tuple[Section | Written, ...]]) -> None:
        if not files:
            return
        if self.progress:
            self.progress(f"writing {next(iter(files))}")
        self.create((EMPTY_FILE, *files))
        steps = [(file, action) for file, content in files.items() for action in staging(file, content)]
        replies = ask(self.switch, (action for _, action in steps))
        for (file, _), reply in zip(steps, replies, strict=True):
            self._done(reply, f"{file} cannot be written")
        notes: list[str] = []
        found = read_all(self.switch, files, notes)
        for file, content in files.items():
            if found[file] != tuple(written(one) if isinstance(one, Section) else one for one in content):
                why = notes[0] if notes else "GetConfig shows something else than what was written"
                raise FlowError(
                    f"{self.switch.name}: {file} is not what it should be ({why}); "
                    "nothing was changed. Is somebody else writing, or the disk full?"
                )

    def create(self, files: Iterable[str]) -> None:
        """Has these files exist; those that do are left as they are."""
        wanted = tuple(dict.fromkeys(files))
        for file, reply in zip(wanted, ask(self.switch, map(creation, wanted)), strict=True):
            if "exists" not in reply.message:
                self._done(reply, f"{file} cannot be created")

    def keep_former(self, files: Iterable[str]) -> None:
        """Keeps what the live files hold now, for rolling back.

        One that is not there is kept as empty, and so is one that a hand has made unreadable for Asterisk.
        """
        files = tuple(files)
        self.create((EMPTY_FILE, *files, *map(names.former, files)))
        for file in files:
            kept = self.switch.send(promotion(file, names.former(file)), timeout=ANSWER_WITHIN)
            if not kept.ok:
                self._copy(EMPTY_FILE, names.former(file))

    def promote(self, files: Iterable[str], *, module: str | None = None) -> None:
        """Makes the staged files live, each in one step; with the last one `module` is reloaded."""
        files = tuple(files)
        for file in files:
            self._copy(names.staged(file), file, module if file == files[-1] else None)

    def restore(self, files: Iterable[str], *, module: str, then: Iterable[str] = ()) -> None:
        """Makes the former generation live again, and has the module reloaded for certain.

        Goes on with the other files when one cannot be restored; the first fault is raised at the end. Those
        of `then` hold the same objects: they follow only when all others are what they were.
        """
        faults: list[FlowError] = []
        for some in (tuple(files), tuple(then)):
            for file in () if faults else some:
                try:
                    self._copy(names.former(file), file)
                except FlowError as fault:
                    faults.append(fault)
        self.reload(module)
        if faults:
            raise faults[0]

    def empty(self, files: Iterable[str]) -> None:
        """Leaves nothing in live files."""
        files = tuple(files)
        self.create((EMPTY_FILE, *files))
        for file in files:
            self._copy(EMPTY_FILE, file)

    def reload(self, module: str) -> None:
        """Reloads a module; while another reload is under way, waits for it to end, but not for ever.

        That it "succeeded" says little: Asterisk says so for objects it refused too. A read-back tells.
        """
        waited = 0.0
        while True:
            reply = self.switch.send(Action("Reload", (("Module", module),)), timeout=ANSWER_WITHIN)
            if reply.ok:
                return
            if "in progress" not in reply.message:
                raise FlowError(f"{self.switch.name}: {module} cannot be reloaded: {reply.message}")
            if waited >= RELOAD_WITHIN:
                raise SwitchBusy(
                    f"{self.switch.name} has been reloading for over {RELOAD_WITHIN:.0f} s for somebody "
                    "else; try again when it is done (asterisk -rx 'core show uptime' shows the last reload)"
                )
            self.pause(_STEP)
            waited += _STEP

    def register(self, registrations: Iterable[str]) -> None:
        """Has these registrations tried at once; how they fare is the operator's affair, and drift tells."""
        for name in registrations:
            self.switch.send(Action("PJSIPRegister", (("Registration", name),)), timeout=ANSWER_WITHIN)

    def mark(self, new: Iterable[Mark]) -> None:
        """Notes on the switch which sites are about to become what."""
        self._note({**marks(self.switch), **{mark.site: mark for mark in new}})

    def unmark(self, sites: Iterable[str]) -> None:
        """Takes the notes away: the sites are what they became, and the ledger knows."""
        noted, done = marks(self.switch), {*sites}
        left = {site: mark for site, mark in noted.items() if site not in done}
        if left != noted:
            self._note(left)

    def _note(self, noted: Mapping[str, Mark]) -> None:
        """Writes the notes to a file, which outlives a power cut sooner than the switch's database."""
        self.create((EMPTY_FILE, names.APPLYING_FILE))
        for action in staging(names.APPLYING_FILE, (marks_section(noted.values()),)):
            self._done(self.switch.send(action, timeout=ANSWER_WITHIN), "the apply cannot be noted")

    def _copy(self, source: str, target: str, module: str | None = None) -> None:
        reply = self.switch.send(promotion(source, target, module), timeout=ANSWER_WITHIN)
        self._done(reply, f"{source} cannot be copied to {target}")

    def _done(self, reply: Reply, otherwise: str) -> None:
        if not reply.ok:
            raise FlowError(f"{self.switch.name}: {otherwise}: {reply.message or 'no reason given'}")


def _portions(things: Iterable[_T], size: int) -> Iterator[tuple[_T, ...]]:
    left = iter(things)
    while some := tuple(islice(left, size)):
        yield some
