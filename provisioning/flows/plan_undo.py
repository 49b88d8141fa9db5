"""Plans the way back: a site as it was before its last apply, as the switch itself has kept it (撤销下发).

The former generation stands in the former-* files and in the dialplan slot that these refer to, secrets and
all. So a plan back is made like any other, and applying it keeps what is now as the former generation:
undoing twice leads back to where one was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pbx.config import Config
from provisioning.flows.errors import FlowError
from provisioning.flows.plan_site import SitePlan, SwitchPlan, contracts_by_site, existing_of
from provisioning.flows.ports import Ledger, Switch
from provisioning.flows.read_switch import SiteFiles, read_dialplan, read_former, read_shared, read_site
from provisioning.planning import names
from provisioning.planning.plan import plan
from provisioning.planning.slots import in_slot


def plan_undo(switch: Switch, ledger: Ledger, *, sites: Sequence[str], today: date) -> SwitchPlan:
    """Plans the named sites back to their former generation; the hand-written dialplan stays as it is.

    FlowError without a site: to take back every site of a switch is nothing one says by leaving a word out.
    FlowError where the switch has kept nothing of a site, or not the dialplan that goes with it.
    """
    if not sites:
        raise FlowError("say which site to take back: seatline apply --undo SITE")
    in_force, _ = contracts_by_site(ledger, today)
    planned: list[SitePlan] = []
    for site in dict.fromkeys(sites):
        held = read_site(switch, site)
        former = _former(switch, held)
        wanted = in_slot(former, site, held.slot or names.SLOTS[0])
        planned.append(
            SitePlan(
                site=site,
                contract=in_force.get(site),
                held=held,
                wanted=wanted,
                plan=plan(site, existing_of(held, wanted), wanted),
            )
        )
    shared = read_shared(switch, [])
    return SwitchPlan(
        switch=switch.name,
        shared=plan("", shared, shared),
        shared_held=shared,
        shared_wanted=shared,
        sites=tuple(planned),
        orphans=(),
        notes=tuple(note for one in planned for note in one.held.notes),
    )


def _former(switch: Switch, held: SiteFiles) -> Config:
    """The generation before; nothing for a site whose only apply is to be taken back."""
    notes: list[str] = []
    pjsip = read_former(switch, held.site, notes)
    if notes:
        raise FlowError(f"{switch.name}: the former generation of site {held.site} is damaged: {notes[0]}")
    if pjsip is None:
        raise FlowError(f"{switch.name} has kept nothing of site {held.site} to go back to")
    if not pjsip:
        return pjsip
    slots = {slot for _, section in pjsip for slot in _slots(section.values("context"), held.site)}
    dialplan = _dialplan(switch, held, min(slots)) if len(slots) == 1 else Config()
    if not dialplan:
        raise FlowError(
            f"{switch.name} has not kept the dialplan of site {held.site} as it was before; "
            "record the former contract again and apply that"
        )
    return Config({**pjsip.files, **dialplan.files})


def _dialplan(switch: Switch, held: SiteFiles, slot: str) -> Config:
    """The dialplan of a slot: still there, or kept when the site was taken down."""
    kept, _ = read_dialplan(switch, lambda n: names.former(names.dialplan_file(held.site, slot, n)), [])
    return held.of_slot(slot) or Config({names.dialplan_file(held.site, slot): kept})


def _slots(contexts: Sequence[str], site: str) -> list[str]:
    return [slot for context in contexts if (slot := names.slot_of(context, site)) is not None]
