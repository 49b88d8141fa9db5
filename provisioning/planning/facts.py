"""What a line of a site's policy contexts is about: which seat, which fact; and both in words (策略差异).

The other way of policy.py, which writes these lines; they are read here only to be told to a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

Item = tuple[str, str]
Option = tuple[str, str]
Options = tuple[Option, ...]
Items = Mapping[Item, Options]

PARTS = frozenset({"policy", "seat", "allowed", "changed", "members", "directory", "stopped"})
"""The contexts of policy.py, by the ends of their names."""
KINDS = frozenset({"fact", "allowed"})
"""What the items made of their lines are: a fact with its value, or a number that may be called."""

FIRST_TOLD: frozenset[Item] = frozenset({("fact", "short")})
"""What every seat gets once, the first time it is applied since this version; no telephone feels it."""

_LINE = re.compile(r"(?P<name>[^,]+),1,Return\((?P<value>.*)\)")
_OF_SEAT = re.compile(r"(?P<number>[0-9]{3,12})-(?P<fact>.+)")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - in the clock of whoever reads it

_NOTHING, _YES = "(none)", "yes"
_BEGINNINGS: Mapping[str, str] = {"holiday-": "holiday", "zone-": "calls to", "by-seat-": "by seat only:"}
_TITLES: Mapping[str, str] = {
    "forward-always": "forwarding",
    "forward-busy": "forwarding when busy",
    "forward-no-answer": "forwarding when not answered",
    "forward-unreachable": "forwarding when not reached",
    "changed-to": "number-change notice",
    "customer": "calls to one callee counted with",
    "further": "numbers that ring with it",
    "ring-order": "ringing",
    "second": "second number",
    "short": "short number as told to others",
    "member": "mobile's short number",
    "stopped": "stopped",
    "all": "stopped",
}


def others(seats: Iterable[Option]) -> Iterator[tuple[str, str]]:
    """The other numbers of each seat, second ones and mobiles, as the lines of the seats' facts say it."""
    for line in (_LINE.fullmatch(value) for _, value in seats):
        name = _OF_SEAT.fullmatch(line["name"]) if line is not None else None
        if line is not None and name is not None and name["fact"] in ("mobile", "second"):
            yield line["value"], name["number"]


def main_number(policy: Iterable[Option]) -> str | None:
    """The main number of a switchboard, as the lines of the policy say it."""
    lines = (_LINE.fullmatch(value) for _, value in policy)
    return next((line["value"] for line in lines if line is not None and line["name"] == "main-number"), None)


def of(part: str, option: Option) -> tuple[str | None, Item]:
    """A number of the seat that a line is about, None for the whole site; and what of it."""
    line = _LINE.fullmatch(option[1]) if option[0] == "exten" else None
    if line is None:
        return None, ("line", f"{part}: {option[0]}")
    name, value = line["name"], line["value"]
    if part == "members":
        short, mobile = sorted((name, value), key=len)
        return mobile, ("fact", "member" if name == short else "member-of")
    if part in ("changed", "stopped") and name.isdigit():
        return name, ("fact", "changed-to" if part == "changed" else "stopped")
    found = _OF_SEAT.fullmatch(name) if part in ("seat", "allowed") else None
    if found is None:
        return None, ("fact", name)
    return found["number"], ("allowed" if part == "allowed" else "fact", found["fact"])


def words(before: Items, after: Items) -> Iterator[str]:
    """How two states of one seat, or of a site's policy, differ in what the contract says of them."""
    gone = [name for kind, name in before if kind == "allowed" and (kind, name) not in after]
    new = [name for kind, name in after if kind == "allowed" and (kind, name) not in before]
    for listed, what in ((gone, "removed"), (new, "added")):
        if listed:
            yield f"allowed numbers {', '.join(listed)} {what}"
    for item in {**before, **after}:
        kind, name = item
        if kind != "fact" or name == "member-of" or before.get(item) == after.get(item):
            continue
        if name.startswith("directory"):
            yield "directory of names changed"
            continue
        was, becomes = _said(name, before.get(item)), _said(name, after.get(item))
        if was == becomes:
            continue
        if {was, becomes} == {_YES, _NOTHING}:
            yield f"{_title(name)} {'on' if becomes == _YES else 'off'}"
        else:
            yield f"{_title(name)} {was} -> {becomes}"


def _title(name: str) -> str:
    for begins, words in _BEGINNINGS.items():
        if name.startswith(begins):
            return f"{words} {name.removeprefix(begins)}"
    return _TITLES.get(name, name)


def _said(name: str, options: Options | None) -> str:
    """A fact's value as a person reads it; what holds or does not is on or off."""
    if options is None:
        return _NOTHING
    line = _LINE.fullmatch(options[0][1])
    if line is None:
        return options[0][1]
    if name in ("stopped", "all"):
        return ", ".join(map(_stop, line["value"].split("&")))
    if name == "member":
        return line["name"]
    return line["value"].replace("&", ", ")


def _stop(told: str) -> str:
    """A stop as the switch holds it, way:since:until in seconds, as days and hours in Shanghai."""
    way, _, times = told.partition(":")
    since, _, until = times.partition(":")
    if not since.isdigit() or not (until.isdigit() or not until):
        return told
    begins, ends = (
        f"{_EPOCH + timedelta(seconds=int(at or 0), hours=8):%Y-%m-%d %H:%M}" for at in (since, until)
    )
    return f"{way} from {begins}{f' to {ends}' if until else ''}"
