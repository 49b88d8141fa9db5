"""Makes one site on a switch what its contract says: entirely, or not at all (单站点下发).

The new dialplan is loaded beside the running one, under the other slot's letter, where no endpoint refers to
it. Then one step of the switch copies the new PJSIP objects over the old ones and reloads them: all endpoints
change to the new slot at once. Whatever ends this program before that step leaves the site entirely old,
after it entirely new; a mark on the switch says that somebody has to look, and the next apply does.
"""

from __future__ import annotations

from dataclasses import dataclass

from pbx.config import Config
from pbx.errors import SwitchError
from pbx.readback import NOTHING, Difference
from provisioning.flows.errors import FlowError, RolledBack
from provisioning.flows.plan_site import SitePlan, wanted_of
from provisioning.flows.ports import Ledger, Switch
from provisioning.flows.read_switch import Holding, read_back, read_file, read_site, running_slot
from provisioning.flows.write_switch import DIALPLAN, PJSIP, Pen
from provisioning.planning import names
from provisioning.planning.digest import digest_of

MOST_SHOWN = 5
"""Differences a message lists; the audit has them all."""


class Differs(RolledBack):
    """The switch does not run what was written: the former configuration runs again."""

    def __init__(self, message: str, differences: tuple[Difference, ...]) -> None:
        super().__init__(message)
        self.differences = differences


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteWriter:
    """Writes sites to one switch."""

    switch: Switch
    ledger: Ledger
    pen: Pen

    def apply(self, planned: SitePlan) -> None:
        """Makes the site what the plan says, or leaves it as it was and raises Differs or FlowError."""
        held = planned.holding
        candidates = [section.name for config in (held.pjsip, planned.wanted) for _, section in config]
        running = running_slot(self.switch, planned.site, candidates) or held.slot
        slot = names.SLOTS[1] if running == names.SLOTS[0] else names.SLOTS[0]
        wanted = wanted_of(self.ledger, planned.contract, slot)
        dialplan = wanted.only("seatline-extensions-")
        pjsip = wanted.only("seatline-pjsip-")
        if dialplan:
            self._load_beside(held, dialplan, slot)
        self._switch_over(held, pjsip, wanted)
        if not dialplan:
            self._take_down(held)

    def settle(self, site: str, mark: str) -> None:
        """Brings what an interrupted apply left to one of its two ends: entirely old or entirely new."""
        held = read_site(self.switch, site)
        files = [file for file in held.files if file.startswith("seatline-pjsip-")]
        former = self._former(files)
        if digest_of(held.pjsip) not in (mark, digest_of(former)):
            self.pen.restore(files, module=PJSIP)
            return
        self.pen.reload(DIALPLAN)
        self.pen.reload(PJSIP)
        meant = held.in_slot(held.slot) if held.slot else held.pjsip
        if read_back(self.switch, meant, gone=former):
            self.pen.restore(files, module=PJSIP)

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

    def _load_beside(self, held: Holding, dialplan: Config, slot: str) -> None:
        """Loads the new dialplan in the slot that is not in use, and sees that it runs."""
        prefix = names.dialplan_file(held.site, slot)[:-7]
        existing = held.dialplan.only(prefix)
        stale = {file: () for file in existing.files if file not in dialplan.files}
        files = {**dialplan.files, **stale}
        if existing != dialplan:
            self.pen.stage(files)
            self.pen.create(files)
            self.pen.promote(files)
        elif not read_back(self.switch, dialplan):
            return
        self.pen.reload(DIALPLAN)
        if different := read_back(self.switch, dialplan):
            raise Differs(
                f"site {held.site}: {self.switch.name} does not take the new dialplan; the old configuration "
                f"still runs, nothing was switched over. {told(different)}",
                different,
            )

    def _switch_over(self, held: Holding, pjsip: Config, wanted: Config) -> None:
        """The one step from old to new, and back again if the switch does not run the new."""
        old = {file: () for file in held.files if file.startswith("seatline-pjsip-")}
        files = {**old, **pjsip.files}
        changed = {
            file: files[file] for file in sorted(files, reverse=True) if held.differs(file, files[file])
        }
        self.pen.stage(changed)
        self.pen.keep_former(files)
        self.pen.mark(held.site, digest_of(pjsip))
        try:
            self._promote(tuple(changed), tuple(files))
            different = read_back(self.switch, wanted, gone=held.pjsip)
            if different:  # somebody else's reload may have swallowed ours
                self.pen.reload(PJSIP)
                different = read_back(self.switch, wanted, gone=held.pjsip)
        except SwitchError as fault:
            raise type(fault)(
                f"{fault}. Site {held.site} was being switched over: whether it runs the old or the new "
                "configuration is unknown; run apply again, it finishes either way"
            ) from None
        if different:
            self._roll_back(held, pjsip, tuple(files), different)

    def _promote(self, changed: tuple[str, ...], every: tuple[str, ...]) -> None:
        """Makes the staged files live; when the switch declines one of them, none of them."""
        try:
            self.pen.promote(changed, module=PJSIP)
        except FlowError:
            self.pen.restore(every, module=PJSIP)
            raise

    def _roll_back(
        self, held: Holding, pjsip: Config, files: tuple[str, ...], different: tuple[Difference, ...]
    ) -> None:
        self.pen.restore(files, module=PJSIP)
        old = held.in_slot(held.slot) if held.slot else held.pjsip
        left = read_back(self.switch, old, gone=pjsip)
        lost = tuple(one for one in left if one.wanted != NOTHING)
        end = "the former configuration runs again"
        if lost:
            end = f"the former configuration was put back, but it does not run whole: {told(lost)}"
        else:
            self.pen.unmark(held.site)
        if taken := sorted({one.object for one in left if one.wanted == NOTHING}):
            end += (
                f"; other files of the switch have objects of the same names: {', '.join(taken[:MOST_SHOWN])}"
            )
        raise Differs(
            f"site {held.site}: {self.switch.name} does not run what was written; {end}. {told(different)}",
            different,
        )

    def _take_down(self, held: Holding) -> None:
        """Takes a site's dialplan away, once no endpoint refers to it any more."""
        files = [file for file in held.files if file.startswith("seatline-extensions-")]
        self.pen.empty(files)
        self.pen.reload(DIALPLAN)
        if different := read_back(self.switch, Config(), gone=held.dialplan):
            raise FlowError(
                f"site {held.site}: its endpoints are gone, but its dialplan still runs: {told(different)}; "
                "do other files of the switch hold contexts of these names?"
            )

    def _former(self, files: list[str]) -> Config:
        notes: list[str] = []
        return Config({file: read_file(self.switch, names.former(file), notes) or () for file in files})


def told(different: tuple[Difference, ...]) -> str:
    """The first differences in words: file, object, field, wanted and found."""
    more = f" ... and {len(different) - MOST_SHOWN} more" if len(different) > MOST_SHOWN else ""
    return "; ".join(map(str, different[:MOST_SHOWN])) + more
