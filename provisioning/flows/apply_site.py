"""Makes a site on a switch what its contract says: entirely, or not at all (单站点下发).

The new dialplan and the new seats are written beside the running ones, under the other slot's letter, where
nothing refers to them. Then one step of the switch copies the site's first PJSIP file over the old one, which
makes objects of the new seats instead of the old (planning/layout.py), and reloads: all endpoints change to
the new slot at once. Whatever ends this program before that step leaves the site entirely old, after it
entirely new; a mark on the switch says that somebody has to look, and the next apply does.

Sites that hand telephones to one another, as when a site is renamed, change in the same step, or none does.
Their first files are copied one after another, and only the last copy is followed by a reload, so what runs
still changes in one step. What is left is this: when the switch itself is started anew between two of these
copies, after this program was ended there, it comes up with some sites old and some new, until the next one.

A site that stands in the files of an earlier version (planning/old_layout.py) moves with its first real
change; where nothing differs it stays. Its old files are emptied before the first file is copied, for seats
that are there twice would make Asterisk refuse those of all sites; putting them back goes the other way
round. Here too only the last copy is followed by a reload. When the switch itself is started anew between
these copies, after this program was ended there, it comes up without the seats of the files that are empty
already, until the next apply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pbx.config import Config
from pbx.errors import SwitchError
from pbx.readback import NOTHING, Difference
from provisioning.flows.errors import FlowError, RolledBack
from provisioning.flows.plan_site import SitePlan
from provisioning.flows.ports import Switch
from provisioning.flows.read_switch import (
    Mark,
    SiteFiles,
    read_back,
    running_context,
    running_endpoints,
    running_slot,
    together,
    without_others,
)
from provisioning.flows.write_switch import DIALPLAN, PJSIP, Pen
from provisioning.planning import names
from provisioning.planning.digest import digest_of
from provisioning.planning.handover import Both, givers_first
from provisioning.planning.layout import File, Layout, dialplan_parts, laid_out, nothing_left
from provisioning.planning.slots import in_slot

MOST_SHOWN = 5
"""Differences a message lists; the audit has them all."""


class Differs(RolledBack):
    """The switch does not run what was written: the former configuration runs again."""

    def __init__(self, message: str, differences: tuple[Difference, ...]) -> None:
        super().__init__(message)
        self.differences = differences


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """One site on its way from what the switch holds to what is wanted in `slot`, its new one."""

    held: SiteFiles
    wanted: Config
    slot: str
    layout: Layout

    @property
    def site(self) -> str:
        return self.held.site

    @property
    def pjsip(self) -> Config:
        return self.wanted.only(names.PJSIP_FILES)

    @property
    def dialplan(self) -> Config:
        return self.wanted.only(names.DIALPLAN_FILES)

    @property
    def file(self) -> str:
        """The file that makes the site what it is."""
        return names.pjsip_file(self.site)

    @property
    def switches(self) -> bool:
        """Whether there is anything to switch over; not where only the rest of a take-down is left to do."""
        unread = any(note.startswith(names.PJSIP_FILES) for note in self.held.notes)
        return bool(self.pjsip or self.held.pjsip) or unread

    @property
    def first(self) -> File:
        """What shall be in that file."""
        if self.pjsip:
            return self.layout.first
        return nothing_left((section for _, section in self.held.pjsip), self.site, self.slot)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteWriter:
    """Writes sites to one switch."""

    switch: Switch
    pen: Pen

    def apply(self, group: Sequence[SitePlan]) -> None:
        """Makes sites that change together what their plans say, or leaves them all as they were.

        Raises Differs or FlowError where they could not be changed.
        """
        moves = {planned.site: self._move(planned) for planned in group}
        self._nobody_elses(moves)
        for move in moves.values():
            if move.switches:
                self._keep_former(move)
        for move in moves.values():
            if move.dialplan:
                self._load_beside(move)
        ordered = givers_first({site: Both(move.held.pjsip, move.pjsip) for site, move in moves.items()})
        over = [moves[site] for site in ordered if moves[site].switches]
        self.pen.stage({move.file: move.first for move in over})
        digests = {site: digest_of(moves[site].pjsip) for site in ordered}
        self.pen.mark(Mark(site=site, digest=digests[site], group=ordered[0]) for site in ordered)
        if over:
            self._switch_over(over)
        for move in moves.values():
            if not move.dialplan:
                self._take_down(move.held)

    def _keep_former(self, move: _Move) -> None:
        """Keeps what is, also where a site loses its dialplan: what was to be kept is gone when that is."""
        self.pen.keep_former(move.held.old)  # first: they only count with the first file's own
        self.pen.keep_former([move.file])
        if not move.dialplan:
            self.pen.keep_former(move.held.dialplan_files)

    def heal(self, planned: SitePlan) -> bool:
        """Where the files are right but the switch runs otherwise, reloads; whether that was needed.

        Raises FlowError when it does not help: then the switch refuses what it once took.
        """
        if not read_back(self.switch, planned.wanted):
            return False
        self.pen.reload(DIALPLAN)
        self.pen.reload(PJSIP)
        if left := read_back(self.switch, planned.wanted):
            raise FlowError(
                f"site {planned.site}: {self.switch.name} holds the right files but does not run them, "
                f"even after a reload: {told(left)}"
            )
        return True

    def _move(self, planned: SitePlan) -> _Move:
        candidates = [
            section.name for config in (planned.held.pjsip, planned.wanted) for _, section in config
        ]
        held = planned.held.slot
        running = running_slot(self.switch, planned.site, candidates)
        if held is not None and running is not None and running != held:
            self.pen.reload(DIALPLAN)
            self.pen.reload(PJSIP)  # the files' slot must be the one that runs: we write to the other one
        slot = names.other_slot(held or running)
        wanted = in_slot(planned.wanted, planned.site, slot)
        objects = (section for _, section in wanted.only(names.PJSIP_FILES))
        layout = laid_out(objects, planned.site, slot)
        return _Move(held=planned.held, wanted=wanted, slot=slot, layout=layout)

    def _nobody_elses(self, moves: Mapping[str, _Move]) -> None:
        """Raises FlowError where an endpoint still runs at a site that is not among these: it would collide.

        The read-back would find that too, but could not say what to do.
        """
        held = {section.name for move in moves.values() for _, section in move.held.pjsip}
        wanted = {section.name for move in moves.values() for _, section in move.pjsip}
        for name in sorted((wanted - held).intersection(running_endpoints(self.switch))):
            site = names.site_of(running_context(self.switch, name))
            if site is not None and site not in moves:
                raise FlowError(
                    f"site {', '.join(moves)}: {name} is on the switch with site {site}, and can move only "
                    f"when both are applied together: seatline apply {' '.join(moves)} {site}"
                )

    def _load_beside(self, move: _Move) -> None:
        """Writes seats and dialplan in the slot that is not in use, loads the dialplan, sees that it runs."""
        self.pen.fill(partial(names.seats_file, move.site, move.slot), move.layout.seats)
        parts = dialplan_parts(section for _, section in move.dialplan)
        self.pen.fill(partial(names.dialplan_file, move.site, move.slot), parts)
        self.pen.reload(DIALPLAN)
        if different := read_back(self.switch, move.dialplan):
            raise Differs(
                f"site {move.site}: {self.switch.name} does not take the new dialplan; the old configuration "
                f"still runs, nothing was switched over{_no_way_back([move])}. {told(different)}",
                different,
            )

    def _switch_over(self, moves: Sequence[_Move]) -> None:
        """The one step from old to new, and back again if the switch does not run the new."""
        wanted, former = together(move.wanted for move in moves), together(m.held.pjsip for m in moves)
        try:
            self._promote(moves)
            different = read_back(self.switch, wanted, gone=former)
            if different:  # somebody else's reload may have swallowed ours
                self.pen.reload(PJSIP)
                gone = without_others(self.switch, former, {move.site for move in moves})
                different = read_back(self.switch, wanted, gone=gone)
        except SwitchError as fault:
            raise type(fault)(
                f"{fault}. {_named(moves)} was being switched over: whether it runs the old or the new "
                "configuration is unknown; run apply again, it finishes either way"
            ) from None
        if different:
            why = f"{self.switch.name} does not run what was written"
            self._roll_back(moves, why, different)
        self.pen.register(_with_other_password(wanted, former))

    def _promote(self, moves: Sequence[_Move]) -> None:
        """Makes the staged files live; when the switch declines one of them, none of them."""
        try:
            self.pen.empty(file for move in moves for file in move.held.old)
            self.pen.promote((move.file for move in moves), module=PJSIP)
        except FlowError as fault:
            self._roll_back(moves, str(fault), ())

    def _roll_back(self, moves: Sequence[_Move], why: str, different: tuple[Difference, ...]) -> None:
        held = together(move.held.pjsip for move in moves)
        if len(without_others(self.switch, held, {move.site for move in moves})) < len(held):
            raise FlowError(
                f"{_named(moves)}: {why}; the former configuration is not put back, for files of other sites "
                "hold some of its objects; apply those sites with this one. " + told(different)
            )
        try:
            olds = [file for move in moves for file in move.held.old]
            self.pen.restore((move.file for move in moves), then=olds, module=PJSIP)
        except FlowError as fault:
            raise FlowError(
                f"{_named(moves)}: {why}; the former configuration cannot be put back whole: {fault}; "
                "mend that and run apply again"
            ) from None
        old = together(move.held.in_force for move in moves)
        left = read_back(self.switch, old, gone=together(move.pjsip for move in moves))
        lost = tuple(one for one in left if one.wanted != NOTHING)
        end = "the former configuration runs again"
        if lost:
            end = f"the former configuration was put back, but it does not run whole: {told(lost)}"
        else:
            self.pen.unmark(move.site for move in moves)
            end += _no_way_back(moves)
        if taken := sorted({one.object for one in left if one.wanted == NOTHING}):
            shown = ", ".join(taken[:MOST_SHOWN])
            end += f"; other files of the switch have objects of the same names, or that use ours: {shown}"
        raise Differs(". ".join(filter(None, (f"{_named(moves)}: {why}; {end}", told(different)))), different)

    def _take_down(self, held: SiteFiles) -> None:
        """Takes a site's dialplan away, once no endpoint refers to it any more."""
        self.pen.empty(held.dialplan_files)
        self.pen.reload(DIALPLAN)
        different = read_back(self.switch, Config(), gone=held.dialplan)
        if different:  # a context that stood in several files is left empty by the first reload
            self.pen.reload(DIALPLAN)
            different = read_back(self.switch, Config(), gone=held.dialplan)
        if different:
            raise FlowError(
                f"site {held.site}: its endpoints are gone, but its dialplan still runs: {told(different)}; "
                "do other files of the switch hold contexts of these names?"
            )


def _with_other_password(wanted: Config, former: Config) -> tuple[str, ...]:
    """The registrations that stay as they were but for their password: no reload makes Asterisk try it."""
    before = {section.name: section for _, section in former}
    after = {section.name: section for _, section in wanted}
    return tuple(
        name
        for name, section in after.items()
        if section.kind == "registration" and before.get(name) == section
        for auth in section.values("outbound_auth")
        if before.get(auth) != after.get(auth)
    )


def told(different: tuple[Difference, ...]) -> str:
    """The first differences in words: file, object, field, wanted and found."""
    more = f" ... and {len(different) - MOST_SHOWN} more" if len(different) > MOST_SHOWN else ""
    return "; ".join(map(str, different[:MOST_SHOWN])) + more


def _no_way_back(moves: Sequence[_Move]) -> str:
    """What a refused apply has cost: it was written where the generation before the running one stood."""
    there = any(move.held.pjsip for move in moves)
    return "; there is no older generation to go back to with --undo any more" if there else ""


def _named(moves: Sequence[_Move]) -> str:
    sites = sorted(move.site for move in moves)
    return f"site {sites[0]}" if len(sites) == 1 else f"sites {', '.join(sites)}, which change together"
