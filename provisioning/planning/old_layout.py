"""The files in which earlier versions of seatline wrote a site's PJSIP objects (旧文件布局).

They were plain sections in numbered files, and a site went from one generation to the next by having all of
them written over. A site that still stands like that is read as what it is, planned and compared like any
other, and its next apply writes it as layout.py says and empties the old files in the same switch-over. That
alone is no change to the phones: as long as nothing else differs, the site stays where it is.

This module and its users in flows (read_switch, apply_site, settle_sites, plan_undo, examine_switch) can go
when no switch is left that was last applied to before layout.py.
"""

from __future__ import annotations

from pbx.section import Section
from provisioning.planning import names
from provisioning.planning.layout import own_last


def old_file(site: str, number: int) -> str:
    """A site's file of PJSIP objects as it was called then, numbered from 1."""
    return f"{names.PJSIP_FILES}{site}-{number:02}.conf"


def as_now(section: Section) -> Section:
    """An object from such a file with its options in the order they have today: it means the same."""
    seat = names.seat_of(section.kind, section.name)
    return section if seat is None else own_last(section, seat)
