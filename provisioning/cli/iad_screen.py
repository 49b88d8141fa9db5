"""The IADs' part of plan and apply: which sites' devices need new files, and how that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from provisioning.cli import screens

if TYPE_CHECKING:
    from provisioning.flows.plan_iads import SiteIads
    from provisioning.flows.ports import Ledger
    from provisioning.settings import Settings


def planned(settings: Settings, ledger: Ledger, sites: Sequence[str]) -> list[SiteIads]:
    """The IAD plans of these sites, by default of all that have IADs or got files for some."""
    from provisioning import wiring, wiring_iads
    from provisioning.flows.plan_iads import plan_iads
    from provisioning.flows.plan_site import in_force_by_site

    in_force, known = in_force_by_site(ledger, wiring.today())
    formats = wiring_iads.iad_formats(settings)
    plans = [
        plan_iads(
            ledger,
            site,
            in_force.get(site),
            addresses=wiring_iads.iad_addresses(settings, site),
            formats=formats,
            new_secret=wiring.new_secret,
            at=wiring.now(),
        )
        for site in (tuple(dict.fromkeys(sites)) or sorted(known))
    ]
    return [one for one in plans if one.former or one.notes or (one.contract and one.contract.site.iads)]


def show(plans: Sequence[SiteIads]) -> None:
    """A line a change, and a line a site: how many devices and ports it has, and what is to do."""
    from provisioning.planning import explain

    for one in plans:
        for text in explain.lines(one.plan):
            style = {"+": "green", "~": "yellow", "-": "red"}[text[0]]
            screens.coloured(f"{text}  [{one.site}]", style)
        for note in one.notes:
            screens.say(note)
        if one.plan:
            screens.line(
                f"{one.site}: {_counted(one)}: {explain.summary([one.plan])}; "
                f"`seatline iad {one.site} --to DIR` writes the files"
            )
        elif one.iads:
            screens.line(f"{one.site}: {_counted(one)}: no changes")


def merged(document: dict[str, Any], plans: Sequence[SiteIads]) -> dict[str, Any]:
    """The document of `plan --json` with the changes of the IADs, and what of each site's there is."""
    from provisioning.planning.plan import ACTIONS, to_json

    told = to_json([one.plan for one in plans])
    return {
        **document,
        "changes": [*document["changes"], *told["changes"]],
        **{action: document[action] + told[action] for action in ACTIONS},
        "iads": [
            {
                "site": one.site,
                "devices": len(one.iads),
                "ports": _ports(one),
                "to_hand_out": sorted(one.changed),
                "notes": list(one.notes),
            }
            for one in plans
        ],
    }


def to_hand_out(plans: Sequence[SiteIads]) -> str | None:
    """One line on the sites whose devices wait for files; None where none does."""
    waiting = [one.site for one in plans if one.plan]
    if not waiting:
        return None
    return (
        f"IAD files still to be handed out: {', '.join(waiting)} (`seatline iad SITE --to DIR`, or --offer)"
    )


def stale(ledger: Ledger, plans: Sequence[SiteIads]) -> list[dict[str, str]]:
    """The devices whose last file is not what they should have by now; one that never got any is none."""
    from provisioning.flows.plan_iads import stale_iads

    found = []
    for one in plans:
        handed_out = ledger.handed_out(one.site)
        for name in stale_iads(one):
            last = handed_out[one.renamed.get(name, name)]
            told = {"site": one.site, "iad": name, "how": last.how, "at": last.at.isoformat("T", "seconds")}
            found.append(told)
    return found


def _ports(one: SiteIads) -> int:
    return sum(len(iad.device.lines) for iad in one.iads)


def _counted(one: SiteIads) -> str:
    devices = screens.counted(len(one.iads), "IAD")
    return f"{devices}, {screens.counted(_ports(one), 'port')} in use"
