"""What a person calls one thing - a seat, a line, a dialplan - and what a configuration holds of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pbx.config import Config
from pbx.section import CONTEXT, Section
from provisioning.planning import facts, names

Key = tuple[str, str]
"""The kind and the name of a subject: ("seat", "08702120001"), ("line", "line-zhaotong")."""
SHARED = "shared"
"""The hand-written dialplan among the dialplans."""
Item = tuple[str, str]
"""A section of a subject by kind and name, ("number", "6001") for a number a seat is called by, or one thing
the contract says of it: ("fact", "forward-busy")."""

_NUMBER = re.compile(r"(?P<number>[0-9]+),1,\w+\([^)]*?\b(?P<seat>[0-9]{3,12})\b[^)]*\)")


@dataclass(slots=True)
class Subject:
    """What a configuration holds of one seat, line or dialplan, and the first file it stands in."""

    file: str
    items: dict[Item, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    @property
    def short_numbers(self) -> tuple[str, ...]:
        """The numbers under 9 digits by which a seat is called."""
        return tuple(name for kind, name in self.items if kind == "number" and len(name) < 9)


def subjects(config: Config, site: str) -> Mapping[Key, Subject]:
    """The configuration of a site (or, with site "", of the shared file) by subject.

    A section that is none of ours stands under its own kind and name; one that is there twice, in two files,
    makes its subject differ from any single one.
    """
    found: dict[Key, Subject] = {}
    owners = _owners(config, site)
    for file, section in sorted(config, key=lambda held: held[1].kind == CONTEXT):
        for key, item, options in _split(section, site, owners):
            subject = found.setdefault(key, Subject(file))
            while item in subject.items:
                item = (item[0], f"{item[1]} (again in {file})")
            subject.items[item] = options
    return found


def _owners(config: Config, site: str) -> Mapping[str, Key]:
    """Whose the other numbers are: a seat's second number and its mobile are the seat's, the main number the
    line's where it is no seat's."""
    sections = [section for _, section in config]
    seats = {names.seat_of(section.kind, section.name) for section in sections if section.kind == "aor"}
    lines: dict[str | None, list[tuple[str, str]]] = {}
    for section in sections:
        if section.kind == CONTEXT:
            lines.setdefault(names.part_of(section.name, site), []).extend(section.options)
    owned: dict[str, Key] = {number: ("seat", seat) for number, seat in facts.others(lines.get("seat", ()))}
    main = facts.main_number(lines.get("policy", ()))
    if main is not None:
        owned.setdefault(main, ("line", names.line_endpoint(site)))
    return {number: key for number, key in owned.items() if number not in seats}


def _split(
    section: Section, site: str, owners: Mapping[str, Key]
) -> list[tuple[Key, Item, tuple[tuple[str, str], ...]]]:
    """A section as parts of subjects; what a context says of a seat belongs to that seat line by line."""
    item = (section.kind, section.name)
    if section.kind == CONTEXT:
        if site == "":
            return [(("dialplan", SHARED), item, section.options)]
        if names.site_of(section.name) != site:
            return [((section.kind, section.name), item, section.options)]
        if names.part_of(section.name, site) in facts.PARTS:
            return _facts(section, site, owners)
        return _numbers(section, site, owners)
    if (seat := names.seat_of(section.kind, section.name)) is not None:
        return [(owners.get(seat, ("seat", seat)), item, section.options)]
    if section.name in names.line_sections(site):
        return [(("line", names.line_endpoint(site)), item, section.options)]
    return [((section.kind, section.name), item, section.options)]


def _numbers(
    section: Section, site: str, owners: Mapping[str, Key]
) -> list[tuple[Key, Item, tuple[tuple[str, str], ...]]]:
    parts: list[tuple[Key, Item, tuple[tuple[str, str], ...]]] = []
    rest: list[tuple[str, str]] = []
    for option in section.options:
        number = _NUMBER.fullmatch(option[1]) if option[0] == "exten" else None
        if number is None:
            rest.append(option)
        else:
            kind = "number" if section.name.endswith("-numbers") else "incoming number"
            whose = owners.get(number["seat"], ("seat", number["seat"]))
            parts.append((whose, (kind, number["number"]), (option,)))
    parts.append((("dialplan", site), (CONTEXT, section.name), tuple(rest)))
    return parts


def _facts(
    section: Section, site: str, owners: Mapping[str, Key]
) -> list[tuple[Key, Item, tuple[tuple[str, str], ...]]]:
    """What the contract says in one of its contexts of policy; a context without a line says nothing."""
    part = names.part_of(section.name, site) or ""
    if part == "directory":
        return [(("dialplan", site), ("fact", part), section.options)] if section.options else []
    parts: list[tuple[Key, Item, tuple[tuple[str, str], ...]]] = []
    for option in section.options:
        number, item = facts.of(part, option)
        whose = ("dialplan", site) if number is None else owners.get(number, ("seat", number))
        parts.append((whose, item, (option,)))
    return parts
