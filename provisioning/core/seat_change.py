"""What becomes of the seats between two versions of a contract, seat by seat (座机变更)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Literal

from provisioning.core.site import Seat

Action = Literal["add", "change", "remove"]
_PLACE = ("iad", "port")
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A column of a seat, what stood there and what stands there now; None for nothing."""

    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatChange:
    """One seat that is added, removed, or changed in these columns.

    `former` is the number the seat has had so far, where it gets another one (改号).
    """

    action: Action
    long_number: str
    values: tuple[Value, ...] = ()
    former: str | None = None


def seat_changes(
    before: Sequence[Seat], after: Sequence[Seat], former: Mapping[str, str] = _NOTHING
) -> tuple[SeatChange, ...]:
    """What changed: removed seats, then changed and added ones, in the order of the sheet.

    `former` says which seats of `after` had another number: the new number to the old one.
    """
    had = {seat.long_number: seat for seat in before}
    kept = {former.get(seat.long_number, seat.long_number) for seat in after}
    gone = [
        SeatChange(action="remove", long_number=seat.long_number, values=tuple(_values(seat, None)))
        for seat in before
        if seat.long_number not in kept
    ]
    return (*gone, *_later(had, after, former))


def taken_back(
    filed: Sequence[Seat], standing: Sequence[Seat], coming: Sequence[Seat]
) -> tuple[SeatChange, ...]:
    """Of what `coming` changes in `standing`, all that is again as `filed` had it (撤回变更).

    So an old list that is taken up again would undo what was changed since; a value that neither of the
    two had, and a seat that neither knew, is a change of its own.
    """
    was = {seat.long_number: seat for seat in filed}
    return tuple(
        again
        for change in seat_changes(standing, coming)
        if (again := _again(change, was.get(change.long_number))) is not None
    )


def _again(change: SeatChange, was: Seat | None) -> SeatChange | None:
    """What of a change only brings back what was; None for nothing."""
    if change.action != "change":
        return change if (change.action == "remove") == (was is None) else None
    old = _columns(was)
    values = tuple(v for v in change.values if v.before != v.after and v.after == old.get(v.column))
    return replace(change, values=values) if values else None


def _later(had: Mapping[str, Seat], after: Sequence[Seat], former: Mapping[str, str]) -> Iterator[SeatChange]:
    for seat in after:
        number = seat.long_number
        old = had.get(former.get(number, number))
        if old is None:
            yield SeatChange(action="add", long_number=number, values=tuple(_values(None, seat)))
            continue
        values = () if old == seat else tuple(_values(old, seat))
        renamed = former.get(number)
        if values or renamed is not None:
            yield SeatChange(action="change", long_number=number, values=values, former=renamed)


def _values(before: Seat | None, after: Seat | None) -> Iterator[Value]:
    """The columns in which the two differ, those of ours in their order, then the others.

    An IAD and a port are one place: where one of them differs both are told.
    """
    old, new = _columns(before), _columns(after)
    moved = any(old.get(column) != new.get(column) for column in _PLACE)
    for column in (*old, *(column for column in new if column not in old)):
        told = old.get(column) is not None or new.get(column) is not None
        if old.get(column) != new.get(column) or (moved and told and column in _PLACE):
            yield Value(column=column, before=old.get(column), after=new.get(column))


def _columns(seat: Seat | None) -> dict[str, str | None]:
    """What a seat's columns say as text; the long number is not among them."""
    if seat is None:
        return {}
    said: dict[str, str | None] = {}
    for spec in fields(Seat):
        value: Any = getattr(seat, spec.name)
        value = None if value == spec.default else value
        if spec.name not in ("long_number", "extra"):
            several = isinstance(value, tuple)
            said[spec.name] = (";".join(value) or None) if several else None if value is None else str(value)
    return said | dict(seat.extra)
