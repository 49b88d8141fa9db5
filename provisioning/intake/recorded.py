"""A recorded contract as if it were read from a file, so that the same rules can judge it (台账合同)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from provisioning.core.contract import Contract, Policy
from provisioning.core.problem import Place
from provisioning.core.site import Seat
from provisioning.intake import schema
from provisioning.intake.fields import Fields, Found
from provisioning.intake.paper import Paper
from provisioning.intake.schema import Kind, Many, Named, Shape


@dataclass(frozen=True, slots=True)
class _Recorded(Fields):
    """Keys of a contract in the ledger: they stand in it, on no line."""

    def place(self, key: str | None = None) -> Place:
        return Place(file=self.file)

    def where(self, key: str | None = None) -> str:
        return str(self.place(key))

    def at(self, found: Found) -> Fields:
        return _Recorded(self.file, 1, 1)


@dataclass(frozen=True, slots=True)
class _SeatRow(_Recorded):
    """A seat in the ledger: its place names its number."""

    def place(self, key: str | None = None) -> Place:
        return Place(file=f"{self.file}, seat {self.get('long_number')}")


_ELSEWHERE: Mapping[str, Callable[[Any], Any]] = {
    "contract": lambda contract: contract.id,
    "term.from": lambda term: term.first,
    "term.to": lambda term: term.last,
    "policy.hours": lambda policy: policy.hours and _hours(policy),
    "policy.recording": lambda policy: (
        None if policy.recording_keep_days is None else {"keep_days": policy.recording_keep_days}
    ),
    "site.numbers": lambda site: "the ledger",
}
"""The keys of the file whose value the core's nouns have under another name."""

_SAYS_BY_NONE = frozenset({"recurring.quantity"})
"""The keys where None is a value: charged by the seats."""


def _hours(policy: Policy) -> Mapping[str, Any]:
    """The keys under policy.hours."""
    said = {
        "outgoing": policy.hours,
        "days": policy.days,
        "holidays": policy.holidays,
        "call_backs_within": policy.call_backs_within,
    }
    return {key: value for key, value in said.items() if value not in (None, ())}


def paper(contract: Contract, file: str) -> Paper:
    """The contract with its seats as rows, in their order; `file` is what problems name as their place."""
    rows = tuple(row(seat, file) for seat in contract.site.seats)
    return Paper(contract=_group(contract, schema.CONTRACT, "", file), rows=rows)


def row(seat: Seat, file: str) -> Fields:
    """One seat as a row of a number sheet."""
    values = {column: getattr(seat, column) for column in schema.COLUMNS}
    found = {column: Found(value, 1, 1) for column, value in values.items() if value not in (None, ())}
    return _SeatRow(file, 1, 1, found, extra=seat.extra)


def seat(row: Fields) -> Seat:
    """The seat of a row without errors."""
    return Seat(extra=row.extra, **{column: found.value for column, found in row.values.items()})


def _group(noun: Any, shape: Shape, path: str, file: str) -> Fields:
    values: dict[str, Found] = {}
    for key, kind in shape.keys.items():
        where = f"{path}.{key}" if path else key
        if isinstance(noun, Mapping):
            if key in noun:
                values[key] = Found(_value(noun[key], kind, where, file), 1, 1)
            continue
        value = _ELSEWHERE[where](noun) if where in _ELSEWHERE else getattr(noun, key, None)
        if value not in (None, ()) or where in _SAYS_BY_NONE:
            values[key] = Found(_value(value, kind, where, file), 1, 1)
    return _Recorded(file, 1, 1, values)


def _value(value: Any, kind: Kind, path: str, file: str) -> Any:
    if isinstance(kind, Shape):
        return _group(value, kind, path, file)
    if isinstance(kind, Named):
        return _Recorded(file, 1, 1, {name: Found(one, 1, 1) for name, one in value.items()})
    if isinstance(kind, Many):
        return tuple(Found(_value(item, kind.of, path, file), 1, 1) for item in value)
    return value


NAMING = ("allowed", "further", "forward_always", "forward_busy", "forward_no_answer", "forward_unreachable")
"""The columns of a seat that may name numbers of other seats."""


def following(seat: Seat, now: Mapping[str, str], columns: Collection[str] = NAMING) -> Seat:
    """The seat with changed numbers followed in the columns that name other seats."""
    if not now:
        return seat
    said: dict[str, Any] = {}
    for column in columns:
        value = getattr(seat, column)
        if isinstance(value, tuple):
            said[column] = tuple(now.get(number, number) for number in value)
        elif value is not None:
            said[column] = now.get(value, value)
    return replace(seat, **said) if any(getattr(seat, key) != value for key, value in said.items()) else seat


def as_now(row: Fields, seat: Seat) -> Fields:
    """The row of a seat whose columns that name other seats say what the seat now says; the places stay."""
    now = {column: getattr(seat, column) for column in NAMING if column in row.values}
    if all(row.get(column) == value for column, value in now.items()):
        return row
    at = row.values
    return Fields(
        *(row.file, row.line, row.column),
        values={**at, **{column: replace(at[column], value=value) for column, value in now.items()}},
        faulty=row.faulty,
        extra=row.extra,
        sheet=row.sheet,
    )


def named_by(seat: Seat) -> frozenset[str]:
    """The numbers of others that a seat names."""
    said = (getattr(seat, column) for column in NAMING)
    return frozenset(
        number
        for value in said
        for number in (value if isinstance(value, tuple) else (value,))
        if number is not None
    )


def refers_to(contract: Contract, number: str) -> bool:
    """Whether the contract names the number elsewhere than in its own row, and means its seat by it."""
    site = contract.site
    return (
        number == site.main_number
        or (site.switchboard is not None and number in site.switchboard.operators)
        or any(payer.seat == number for payer in contract.payers)
        or any(number in named_by(seat) for seat in site.seats)
    )
