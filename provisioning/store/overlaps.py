"""Numbers and sites that two contracts have on the same days, which must not be (号码冲突).

A number is held as a seat's long number, as its second number, or as a site's main number; the main
number has a row of its own among the seats'.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Column, Connection, and_, or_, select

from provisioning.store.tables import seat_period, site


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """One number or site, twice on the same days: as whose, and the days of the other one.

    `role` and `other_role` say of which seat it is the second number; empty otherwise.
    """

    what: str
    role: str
    contract: str
    other: str
    other_role: str
    since: date
    until: date | None


NUMBERS = ("long_number", "second_number")
"""The columns that hold a number; each needs an index, or every seat is compared with every other."""


def of_contract(connection: Connection, contract: str, first: date) -> Iterator[Overlap]:
    """What the contract has on that day or later while another contract has it."""
    for one, other, what, held in _pairs():
        either = (
            one.c.contract == contract,
            other.c.contract != contract,
            *(or_(side.c.until.is_(None), side.c.until >= first) for side in (one, other)),
        )
        yield from _found(connection, one, other, what, held, *either)


def of_all(connection: Connection) -> Iterator[Overlap]:
    """Whatever is held twice on the same days in the whole ledger, each pair once."""
    for one, other, what, held in _pairs():
        if what.name < held.name:
            yield from _found(connection, one, other, what, held, one.c.contract != other.c.contract)
        elif what.name == held.name:
            yield from _found(connection, one, other, what, held, one.c.id < other.c.id)


def _pairs() -> Iterator[tuple[Any, Any, Column[str], Column[str]]]:
    one, other = seat_period.alias("one"), seat_period.alias("other")
    for what in NUMBERS:
        for held in NUMBERS:
            yield one, other, one.c[what], other.c[held]
    one, other = site.alias("one"), site.alias("other")
    yield one, other, one.c.name, other.c.name


def _found(
    connection: Connection, one: Any, other: Any, what: Column[str], held: Column[str], *conditions: Any
) -> Iterator[Overlap]:
    same_days = and_(
        what == held,
        or_(one.c.until.is_(None), one.c.until >= other.c.since),
        or_(other.c.until.is_(None), other.c.until >= one.c.since),
        *conditions,
    )
    asked = select(what, one, other).join_from(one, other, same_days).order_by(what, other.c.since)
    for row in connection.execute(asked):
        mine, theirs = ({c.name: row._mapping[c] for c in side.c} for side in (one, other))
        yield Overlap(
            what=f"the site {row[0]}" if what.name == "name" else row[0],
            role=_role(what, mine),
            contract=mine["contract"],
            other=theirs["contract"],
            other_role=_role(held, theirs),
            since=theirs["since"],
            until=theirs["until"],
        )


def _role(number: Column[str], row: dict[str, Any]) -> str:
    return f" (second number of {row['long_number']})" if number.name == "second_number" else ""
