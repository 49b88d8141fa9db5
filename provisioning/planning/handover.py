"""Sites that hand telephones to one another, as when a site is renamed: they change together (号码移交)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pbx.config import Config
from pbx.section import CONTEXT

Thing = tuple[str, str]
"""Kind and name of a PJSIP object."""


@dataclass(frozen=True, slots=True)
class Both:
    """What a switch holds of a site, and what it should."""

    held: Config
    wanted: Config


def groups(sites: Mapping[str, Both]) -> tuple[tuple[str, ...], ...]:
    """The sites in their order, those together of which one gets an object that another has and gives up.

    Applied one by one, the taker's object would collide with the giver's, and both would be refused.
    """
    gives = {site: _things(one.held) - _things(one.wanted) for site, one in sites.items()}
    takes = {site: _things(one.wanted) - _things(one.held) for site, one in sites.items()}
    found: list[list[str]] = []
    for site in sites:
        tied = [group for group in found if any(_tied(site, other, gives, takes) for other in group)]
        found = [group for group in found if group not in tied]
        found.append([*(other for group in tied for other in group), site])
    return tuple(map(tuple, found))


def givers_first(sites: Mapping[str, Both]) -> tuple[str, ...]:
    """The sites, those that lose most objects first: so no object stands in two files at any time, unless
    sites exchange some."""
    return tuple(sorted(sites, key=lambda site: len(sites[site].wanted) - len(sites[site].held)))


def _tied(
    one: str, other: str, gives: Mapping[str, frozenset[Thing]], takes: Mapping[str, frozenset[Thing]]
) -> bool:
    return not gives[one].isdisjoint(takes[other]) or not gives[other].isdisjoint(takes[one])


def _things(config: Config) -> frozenset[Thing]:
    sections: Iterable[Thing] = ((section.kind, section.name) for _, section in config)
    return frozenset(thing for thing in sections if thing[0] != CONTEXT)
