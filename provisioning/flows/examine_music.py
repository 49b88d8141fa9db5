"""Whether a switch knows the music that callers hear: without its class nothing is played (彩铃, 检查)."""

from __future__ import annotations

from collections.abc import Collection

from pbx.action import Action
from provisioning.flows.examine_switch import Finding
from provisioning.flows.keep_sounds import CLASSES, ON_SWITCH, PLAYED
from provisioning.flows.ports import Switch

WAITING = "seatline-waiting"
"""The class of those who wait for an operator, in the switch's own musiconhold.conf."""


def examine_music(switch: Switch, sites: Collection[str]) -> Finding:
    """One check: musiconhold.conf has our class for waiting, and includes those of these sites.

    `sites` are those with classes in the folder of sounds.
    """
    reply = switch.send(Action("ListCategories", (("Filename", CLASSES),)))
    known = {name for key, name in reply.lines if key.startswith("Category-")}
    check = f"{switch.name}: {CLASSES}"
    if WAITING not in known:
        text = (
            f"callers who wait hear nothing: write a section [{WAITING}] with mode = playlist and "
            f"entry = {ON_SWITCH}/_music/waiting into {CLASSES}, and load res_musiconhold"
        )
        return Finding(check=check, verdict="bad", text=text)
    lost = sorted(site for site in sites if not {f"seatline-{site}-{name}" for name in PLAYED} <= known)
    if lost:
        text = (
            f"the ringback tone of {', '.join(lost)} is silence: write #tryinclude {ON_SWITCH}/*/{CLASSES} "
            f"as the last line of {CLASSES}, and reload res_musiconhold"
        )
        return Finding(check=check, verdict="bad", text=text)
    return Finding(check=check, verdict="ok", text=f"music for those who wait, and of {len(sites)} site(s)")
