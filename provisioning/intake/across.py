"""What must hold between contracts that are checked together: nothing belongs to two of them (合同间校验)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from provisioning.core.problem import Place, Problem
from provisioning.intake.fields import Fields
from provisioning.intake.paper import Paper

Held = Iterator[tuple[str, Fields, str]]
"""What is claimed, and the group and key where it stands."""


def _long_numbers(paper: Paper) -> Held:
    for row in paper.seats:
        for column in ("long_number", "second_number"):
            number = row.get(column)
            if number is not None:
                yield number, row, column
    main = paper.site.get("main_number")
    if main is not None:
        yield main, paper.site, "main_number"


def _macs(paper: Paper) -> Held:
    for iad in paper.site.groups("iads"):
        if iad.get("mac") is not None:
            yield iad.get("mac"), iad, "mac"


def _key(group: Callable[[Paper], Fields], key: str) -> Callable[[Paper], Held]:
    def held(paper: Paper) -> Held:
        fields = group(paper)
        if fields.get(key) is not None:
            yield fields.get(key), fields, key

    return held


_UNIQUE: tuple[tuple[str, str, str, Callable[[Paper], Held]], ...] = (
    (
        "site-in-two-contracts",
        "the site {0} belongs to two contracts; the other is at {1}",
        "give each contract's site its own name",
        _key(lambda paper: paper.site, "name"),
    ),
    (
        "number-in-two-contracts",
        "the number {0} belongs to two contracts; the other is at {1}",
        "a number has one owner at a time; delete it in one of them",
        _long_numbers,
    ),
    (
        "mac-in-two-contracts",
        "the MAC address {0} stands in two contracts; the other is at {1}",
        "correct one of them",
        _macs,
    ),
)


def across(papers: Sequence[Paper]) -> Iterator[Problem]:
    """What several contracts claim at once; the problem stands at the later one and names the earlier."""
    ids: dict[str, Place] = {}
    different: list[Paper] = []
    for paper in papers:
        name = paper.contract.get("contract")
        if name in ids:
            yield paper.contract.problem(
                "contract",
                "duplicate-contract",
                f"the contract {name} stands in two files; the other is at {ids[name]}",
                "check one version of a contract at a time, or give each contract its own name",
            )
            continue
        if name is not None:
            ids[name] = paper.contract.place("contract")
        different.append(paper)
    for code, message, hint, held in _UNIQUE:
        yield from _claimed_twice(different, code, message, hint, held)


def _claimed_twice(
    papers: Sequence[Paper], code: str, message: str, hint: str, held: Callable[[Paper], Held]
) -> Iterator[Problem]:
    owner: dict[str, tuple[int, Fields, str]] = {}
    for index, paper in enumerate(papers):
        for value, fields, key in held(paper):
            other, first, there = owner.setdefault(value, (index, fields, key))
            if other != index:
                yield fields.problem(key, code, message.format(value, first.place(there)), hint)
