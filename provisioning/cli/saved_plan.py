"""A plan saved by `plan --out`, and whether it still holds for `apply --plan` (存档计划)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioning.flows.errors import FlowError

if TYPE_CHECKING:
    from provisioning.cli.meant import Meant
    from provisioning.flows.plan_iads import SiteIads
    from provisioning.flows.plan_site import SwitchPlan

_FORM = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """What somebody has seen and agreed to: the sites that were named, by default all, and digests.

    `switches` are the digests of the plans by switch, `iads` of what should be at a site's IADs, by site.
    """

    file: Path
    sites: tuple[str, ...]
    switches: Mapping[str, str]
    iads: Mapping[str, str]

    def meant(self, sites: Sequence[str]) -> list[str]:
        """The sites to apply: those of the plan. FlowError when others are named."""
        if sites and self.sites and {*sites} != {*self.sites}:
            raise FlowError(
                f"{self.file}: this is a plan of {', '.join(self.sites)}; leave the sites out, "
                f"or save a plan of {', '.join(sites)}"
            )
        return list(self.sites or sites)

    def agreed(self, chosen: Meant) -> Mapping[str, str]:
        """The digest of the plan for each switch that is meant; FlowError when there is none for one."""
        if missing := [switch.name for switch, _ in chosen if switch.name not in self.switches]:
            raise FlowError(f"{self.file}: holds no plan for switch {', '.join(missing)}; save it again")
        return self.switches

    def check_iads(self, devices: Sequence[SiteIads]) -> None:
        """FlowError when the IADs should not be what they should have been when the plan was saved."""
        now = digests_of(devices)
        if moved := sorted(site for site, digest in now.items() if self.iads.get(site) != digest):
            raise FlowError(
                f"{self.file}: for the IADs of {', '.join(moved)} the plan is another one by now; "
                "nothing was touched; run plan again and look"
            )


def save(file: Path, sites: Sequence[str], plans: Sequence[SwitchPlan], devices: Sequence[SiteIads]) -> None:
    """Writes what `read` reads."""
    content = {
        "seatline-plan": _FORM,
        "sites": list(dict.fromkeys(sites)),
        "digests": {one.switch: one.digest for one in plans},
        "iads": digests_of(devices),
    }
    try:
        file.write_text(json.dumps(content) + "\n", encoding="utf-8")
    except OSError as fault:
        raise FlowError(f"{file}: the plan cannot be saved: {fault.strerror}") from None


def read(file: Path) -> SavedPlan:
    """A plan from its file; FlowError when it is none."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        sites, switches, iads = (content[key] for key in ("sites", "digests", "iads"))
    except OSError as fault:
        raise FlowError(f"{file}: cannot be read: {fault.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise _no_plan(file) from None
    texts = [*sites, *switches.values(), *iads.values()] if _kinds(sites, switches, iads) else [None]
    if not all(isinstance(text, str) for text in texts):
        raise _no_plan(file)
    return SavedPlan(file=file, sites=tuple(sites), switches=switches, iads=iads)


def digests_of(devices: Sequence[SiteIads]) -> dict[str, str]:
    """What should be at each site's IADs, in a short text: which device, and which number on which port.

    That its files were handed out meanwhile makes no difference, so no secret of a device is in it.
    """
    return {one.site: sha256(json.dumps(_told(one), sort_keys=True).encode()).hexdigest() for one in devices}


def _told(one: SiteIads) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, wanted in one.wanted.items():
        kept = {key: wanted.document[key] for key in ("model", "mac", "server", "settings", "ports")}
        lines = {
            port: {key: value for key, value in line.items() if key != "secret"}
            for port, line in wanted.document["lines"].items()
        }
        told[name] = {**kept, "lines": lines}
    return told


def _kinds(sites: object, switches: object, iads: object) -> bool:
    return isinstance(sites, list) and isinstance(switches, dict) and isinstance(iads, dict)


def _no_plan(file: Path) -> FlowError:
    return FlowError(f"{file}: not a plan saved by `seatline plan --out`; save it again")
