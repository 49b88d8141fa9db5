"""A site's configuration under the other slot's letter: the same telephones, another generation (槽位)."""

from __future__ import annotations

from pbx.config import Config
from pbx.section import CONTEXT, Section
from provisioning.planning import names

SLOT_VARIABLE = "SEATLINE_SLOT="
"""How the variable begins that tells the hand-written dialplan which generation a call belongs to."""


def in_slot(config: Config, site: str, slot: str) -> Config:
    """The site's configuration as it reads in that slot, whichever it is in now.

    Only names change: those of the site's own contexts and dialplan files, and what refers to them. A
    configuration that is in that slot already is returned as it is.
    """
    files: dict[str, tuple[Section, ...]] = {}
    for file, sections in config.files.items():
        own = any(file == names.dialplan_file(site, one) for one in names.SLOTS)
        name = names.dialplan_file(site, slot) if own else file
        files[name] = tuple(_moved(section, site, slot) for section in sections)
    return Config(files)


def _moved(section: Section, site: str, slot: str) -> Section:
    name = _context(section.name, site, slot) if section.kind == CONTEXT else section.name
    return Section(name, section.kind, tuple((k, _value(k, v, site, slot)) for k, v in section.options))


def _value(key: str, value: str, site: str, slot: str) -> str:
    if key in ("context", "include"):
        return _context(value, site, slot)
    if key == "set_var" and value.startswith(SLOT_VARIABLE):
        return f"{SLOT_VARIABLE}{slot}"
    return value


def _context(name: str, site: str, slot: str) -> str:
    """A context's name in that slot; any that is none of the site's stays as it is."""
    part = names.part_of(name, site)
    return name if part is None else names.context(site, slot, part)
