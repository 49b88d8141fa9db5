"""Brings what an interrupted apply left to one of its two ends: entirely old or entirely new (善后)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pbx.config import Config
from provisioning.flows.ports import Switch
from provisioning.flows.read_switch import (
    Former,
    Mark,
    read_back,
    read_former,
    read_site,
    together,
    without_others,
)
from provisioning.flows.write_switch import DIALPLAN, PJSIP, Pen
from provisioning.planning import names
from provisioning.planning.digest import digest_of


def settle(switch: Switch, pen: Pen, group: Sequence[Mark]) -> None:
    """Settles sites that change together.

    What other sites have in their files is theirs, whoever had it before: it may run, and is not put back,
    for objects that are there twice would make Asterisk refuse those of all sites. Then the files stay as
    they are, and the site is planned from them like any other.
    """
    held = {mark.site: read_site(switch, mark.site) for mark in group}
    nothing = {site: Former(Config(), (names.pjsip_file(site),)) for site in held}
    former = {site: read_former(switch, site, []) or nothing[site] for site in held}
    old = all(digest_of(held[site].pjsip) == digest_of(former[site].pjsip) for site in held)
    new = all(digest_of(held[mark.site].pjsip) == mark.digest for mark in group)
    gone = together(one.pjsip for one in former.values())
    if old or new:
        pen.reload(DIALPLAN)
        pen.reload(PJSIP)
        meant = together(one.in_force for one in held.values())
        if not read_back(switch, meant, gone=gone):
            return
        if not read_back(switch, meant, gone=without_others(switch, gone, held)):
            return
    if len(without_others(switch, gone, held)) == len(gone):
        _restore(pen, former)


def _restore(pen: Pen, former: Mapping[str, Former]) -> None:
    files = [file for one in former.values() for file in one.files]
    first = {*map(names.pjsip_file, former)}
    olds = [file for file in files if file not in first]
    pen.restore((file for file in files if file in first), then=olds, module=PJSIP)
