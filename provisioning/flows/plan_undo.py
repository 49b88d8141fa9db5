"""Plans the way back: a site as it was before its last apply, as the switch itself has kept it (撤销下发).

The former generation stands in the former-* files and in the dialplan slot that these refer to, secrets and
all, or in those of an earlier version for a site that came from it last (planning/old_layout.py). So a plan
back is made like any other, and applying it keeps what is now as the former generation:
undoing twice leads back to where one was. An apply that was refused or interrupted has been written where the
former generation stood: then what is kept is what runs, and there is no way back any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial

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
        notes=tuple(note for one in planned for note in _notes(one)),
    )


def _notes(planned: SitePlan) -> Iterator[str]:
    yield from planned.held.notes
    if planned.held.pjsip and not planned.plan:
        yield (
            f"site {planned.site}: what is kept is what the switch runs, for an apply since was refused or "
            "interrupted; to go further back, record the former contract again and apply that"
        )


def _former(switch: Switch, held: SiteFiles) -> Config:
    """The generation before; nothing for a site whose only apply is to be taken back."""
    notes: list[str] = []
    former = read_former(switch, held.site, notes)
    _sound(switch, held, notes)
    if former is None:
        raise FlowError(f"{switch.name} has kept nothing of site {held.site} to go back to")
    if names.pjsip_file(held.site) not in former.files:
        raise FlowError(
            f"{switch.name}: site {held.site} was last applied by an earlier version of seatline, which kept "
            "no way back that can be trusted; record the former contract again and apply that"
        )
    pjsip = former.pjsip
    if not pjsip:
        return pjsip
    slots = {slot for _, section in pjsip for slot in _slots(section.values("context"), held.site)}
    dialplan = _dialplan(switch, held, min(slots), notes) if len(slots) == 1 else Config()
    _sound(switch, held, notes)
    if not dialplan:
        raise FlowError(
            f"{switch.name} has not kept the dialplan of site {held.site} as it was before; "
            "record the former contract again and apply that"
        )
    _sound(switch, held, _without(pjsip, dialplan))
    return Config({**pjsip.files, **dialplan.files})


def _sound(switch: Switch, held: SiteFiles, notes: Sequence[str]) -> None:
    """Raises FlowError where there is anything to say against the former generation."""
    if notes:
        raise FlowError(
            f"{switch.name}: the former generation of site {held.site} is damaged, nothing was changed: "
            f"{notes[0]}; record the former contract again and apply that"
        )


def _without(pjsip: Config, dialplan: Config) -> list[str]:
    """The seats that the dialplan knows and that no endpoint is there for: their file is missing."""
    seats = {names.seat_of(section.kind, section.name) for _, section in pjsip}
    called = (_CALLED.fullmatch(value) for _, one in dialplan for value in one.values("exten"))
    lost = sorted({found[1] for found in called if found} - seats)
    return (
        [f"its dialplan has seats that no file of PJSIP objects has: {', '.join(lost[:5])}"] if lost else []
    )


_CALLED = re.compile(r"[0-9]+,1,Return\(([0-9]+)\)")
"""A line of the numbers a seat is called by inside its contract."""


def _dialplan(switch: Switch, held: SiteFiles, slot: str, notes: list[str]) -> Config:
    """The dialplan of a slot: still there, or kept when the site was taken down."""
    file_of = partial(names.dialplan_file, held.site, slot)
    there, _ = read_dialplan(switch, file_of, notes)
    if not there:
        there, _ = read_dialplan(switch, lambda number: names.former(file_of(number)), notes)
    return Config({file_of(1): there})


def _slots(contexts: Sequence[str], site: str) -> list[str]:
    return [slot for context in contexts if (slot := names.slot_of(context, site)) is not None]
