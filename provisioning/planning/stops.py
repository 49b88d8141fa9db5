"""Which stops stand on a switch: those to come and in force, and what it still holds of those that are over.

A stop ends by itself on the switch, at its moment. What is left of it there does no harm, and is no
difference between the switch and the contract; it goes with the next change of the site's stops (停机数据).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pbx.config import Config
from pbx.section import CONTEXT
from provisioning.core.site import Site
from provisioning.core.status import Stop, joined
from provisioning.planning import names

Fact = tuple[str, str]
"""Under which name a stop stands, and how."""

ALL = "all"
"""The name of what stops a whole contract."""
_LINE = re.compile(r"(?P<key>all|[0-9]+),1,Return\((?P<stops>[^()]*)\)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STOP = re.compile(r"(?P<way>out|both):(?P<since>[0-9]{1,11}):(?P<until>[0-9]{0,11})")


def fact(stop: Stop) -> Fact:
    """Under a seat's number, or `all`: way:since:until, in seconds since 1970, no until while it goes on."""
    until = "" if stop.until is None else int(stop.until.timestamp())
    return stop.seat or ALL, f"{stop.way}:{int(stop.since.timestamp())}:{until}"


def to_be_held(stops: Iterable[Stop], site: Site, held: Config, moment: datetime) -> tuple[Stop, ...]:
    """The stops of a contract that its switch is to know of at that moment, by what it holds of the site.

    Stops of one seat and way that touch are one, however many complaints have made them.
    """
    numbers = {None, *(seat.long_number for seat in site.seats)}
    told = _told(stop for stop in stops if stop.seat in numbers)
    current = {fact(stop): stop for stop in told if not stop.over(moment)}
    standing = frozenset(_standing(held, site.name))
    left = [_left(one) for one in sorted(standing - current.keys())]
    if current.keys() <= standing and all(stop is not None and stop.over(moment) for stop in left):
        return (*current.values(), *(stop for stop in left if stop is not None))
    return tuple(current.values())


def _told(stops: Iterable[Stop]) -> Iterator[Stop]:
    """The stops in whole seconds, those of one seat and way that touch made one."""
    alike: dict[tuple[str | None, str], list[Stop]] = {}
    for stop in stops:
        alike.setdefault((stop.seat, stop.way), []).append(stop)
    for some in alike.values():
        for since, until in joined((stop.since, stop.until) for stop in some):
            begins = since.replace(microsecond=0)
            ends = None if until is None else until.replace(microsecond=0)
            if ends is None or begins < ends:
                yield replace(some[0], since=begins, until=ends)


def _standing(held: Config, site: str) -> Iterator[Fact]:
    """The stops in a site's context of them, one by one; what is none stands under no name."""
    for _, section in held:
        if section.kind == CONTEXT and names.part_of(section.name, site) == "stopped":
            for _, line in section.options:
                found = _LINE.fullmatch(line)
                if found is None:
                    yield "", line
                else:
                    yield from ((found["key"], one) for one in found["stops"].split("&"))


def _left(one: Fact) -> Stop | None:
    """A stop as the switch has it; None for what no stop is written like."""
    key, said = one
    found = _STOP.fullmatch(said)
    if not key or found is None or (found["until"] and int(found["until"]) <= int(found["since"])):
        return None
    since = _EPOCH + timedelta(seconds=int(found["since"]))
    until = _EPOCH + timedelta(seconds=int(found["until"])) if found["until"] else None
    return Stop(contract="", seat=None if key == ALL else key, way=found["way"], since=since, until=until)
