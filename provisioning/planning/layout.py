"""How a site stands in files on a switch, and what the files say read as a whole (文件布局).

A site is one PJSIP file and one dialplan file to everybody else. On the switch its seats stand in several
small files, because UpdateConfig writes a file anew, line by line, with every step. Each section there holds
only what is the seat's own and takes the rest from a template. The files of seats name their templates, but
empty; what the templates hold, also that it is an endpoint or an AOR at all, stands in the site's first file,
which Asterisk reads before them. So seats whose templates the first file does not fill are nothing to
Asterisk, and copying that one file over makes all seats of a site, however many, new in one step.

whole(laid_out(sections)) == sections, in whatever order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pbx.section import CONTEXT, Section, section_of
from pbx.written import Written, written
from provisioning.planning import names

Option = tuple[str, str]
File = tuple[Written, ...]

_SEAT = frozenset({"aors", "auth", "outbound_auth", "callerid", "accountcode"})
_USER = frozenset({"username", "password", "client_uri", "contact_user"})
_OWN = _SEAT | _USER
"""Options that each seat has with a value of its own."""
_OWN_VARIABLES = ("SEATLINE_SHORT=",)
_TEMPLATE = re.compile(r"(?P<site>.+)-(?P<slot>[ab])-[0-9]+")


@dataclass(frozen=True, slots=True)
class Layout:
    """A site's PJSIP objects in files: the first, which decides, and those of its seats in a slot."""

    first: File
    seats: tuple[File, ...]


def own_last(section: Section, seat: str) -> Section:
    """A seat's section with what is its own behind what it has in common with others."""
    own = [option for option in section.options if _is_own(option, seat)]
    rest = [option for option in section.options if not _is_own(option, seat)]
    return Section(section.name, section.kind, (*rest, *own))


def laid_out(sections: Iterable[Section], site: str, slot: str) -> Layout:
    """The objects of a site in files for a slot; nothing at all for none."""
    seats: dict[str, list[Section]] = {}
    others: list[Section] = []
    for section in sections:
        seat = names.seat_of(section.kind, section.name)
        (others if seat is None else seats.setdefault(seat, [])).append(section)
    shapes = _shapes(section for own in seats.values() for section in own)
    templates = {
        shape: Written(f"{site}-{slot}-{n}", (("type", shape[0]), *shapes[shape]), template=True)
        for n, shape in enumerate(sorted(shapes), start=1)
    }
    empty = tuple(Written(one.name, template=True) for one in templates.values())
    filled = len(seats) and names.seats_per_file(len(seats))
    in_order = [seats[seat] for seat in sorted(seats)]
    files = [in_order[n : n + filled] for n in range(0, len(seats), filled)] if seats else []
    return Layout(
        (*templates.values(), *_others_of(templates.values(), site, slot), *map(written, others)),
        tuple((*empty, *(_short(section, templates) for own in file for section in own)) for file in files),
    )


def nothing_left(sections: Iterable[Section], site: str, slot: str) -> File:
    """The first file of a site that is taken away, whose seats still stand in their files, as no objects."""
    empty = (Written(one.name, template=True) for one in laid_out(sections, site, slot).first if one.template)
    return tuple(empty)


def whole(first: Iterable[Written], seats: Iterable[Written]) -> tuple[Section, ...]:
    """The objects that files say there are; what takes from a template that is not filled is none.

    Raises Malformed where a hand has made a section into something that a Section cannot be.
    """
    templates: dict[str, Written] = {}
    found: list[Section] = []
    for one in (*first, *seats):
        if one.template:
            templates.setdefault(one.name, one)
            continue
        template = templates.get(one.inherits)
        lines = (*(template.lines if template else ()), *one.lines)
        if not one.inherits or any(key == "type" for key, _ in lines):
            found.append(section_of(one.name, lines))
    return tuple(found)


def templates_of(first: Iterable[Written]) -> File:
    """The templates of a site's first file alone."""
    return tuple(one for one in first if one.template)


def slots_filled(first: Iterable[Written], site: str) -> tuple[str, ...]:
    """The slots whose seats a site's first file makes objects of."""
    named = {
        found["slot"]
        for one in first
        if one.template and any(key == "type" for key, _ in one.lines)
        if (found := _TEMPLATE.fullmatch(one.name)) and found["site"] == site
    }
    return tuple(slot for slot in names.SLOTS if slot in named)


def dialplan_parts(contexts: Iterable[Section]) -> tuple[File, ...]:
    """The contexts of a site in files; a long one goes on in the next file, under the same name."""
    parts: list[list[Written]] = []
    room = 0
    for context in contexts:
        left = list(context.options)
        while True:
            if room <= 0:
                parts.append([])
                room = names.LINES_PER_FILE
            cut = room
            while left[cut : cut + 1] and left[cut][0] == "same":
                cut += 1
            parts[-1].append(Written(context.name, tuple(left[:cut])))
            left, room = left[cut:], room - len(left[:cut]) - 1
            if not left:
                break
    return tuple(map(tuple, parts))


def joined(parts: Iterable[Sequence[Section]]) -> tuple[Section, ...]:
    """The contexts of a site's dialplan files, each whole again."""
    found: dict[str, Section] = {}
    for part in parts:
        here: set[str] = set()
        for section in part:
            before = found.get(section.name)
            if before is not None and section.name not in here and section.kind == before.kind == CONTEXT:
                section = Section(section.name, CONTEXT, (*before.options, *section.options))
            here.add(section.name)
            found[section.name] = section
    return tuple(found.values())


def _is_own(option: Option, seat: str) -> bool:
    key, value = option
    return key in _OWN or seat in value or (key == "set_var" and value.startswith(_OWN_VARIABLES))


Shape = tuple[str, str]
"""The kind of a section, and its name without the seat's number."""


def _shape(section: Section) -> Shape:
    return section.kind, re.sub(r"[0-9]+", "#", section.name)


def _shapes(sections: Iterable[Section]) -> dict[Shape, tuple[Option, ...]]:
    """The options with which all sections of a shape begin."""
    found: dict[Shape, tuple[Option, ...]] = {}
    for section in sections:
        shape = _shape(section)
        before = found.get(shape, section.options)
        if section.options[: len(before)] != before:
            before = tuple(_common(before, section.options))
        found[shape] = before
    return found


def _common(one: Iterable[Option], other: Iterable[Option]) -> Iterator[Option]:
    for first, second in zip(one, other, strict=False):
        if first != second:
            return
        yield first


def _short(section: Section, templates: Mapping[Shape, Written]) -> Written:
    template = templates[_shape(section)]
    return Written(section.name, section.options[len(template.lines) - 1 :], inherits=template.name)


def _others_of(templates: Iterable[Written], site: str, slot: str) -> Iterator[Written]:
    """The other slot's templates, empty: Asterisk looks for them from the beginning of all it reads, and
    would go through every section before their own file."""
    other = names.other_slot(slot)
    for one in templates:
        yield Written(f"{site}-{other}-{one.name.rpartition('-')[2]}", template=True)
