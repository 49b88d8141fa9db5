"""What was read from a group of keys or a row: values by key, each with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from provisioning.core.problem import Place, Problem
from provisioning.intake.sheet import Row, place, where


@dataclass(frozen=True, slots=True)
class Found:
    """One value and where it stands."""

    value: Any
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Fields:
    """The keys that were written and could be read; a key whose value is faulty, or a list of which an
    entry is, is in `faulty`.

    A value is what its Word reads, Fields for a group of keys, or a tuple of Found for a list. `sheet` is
    the sheet of a workbook that the row stands in; then lines and columns are those of its cells.
    """

    file: str
    line: int
    column: int
    values: Mapping[str, Found] = field(default_factory=lambda: MappingProxyType({}))
    faulty: frozenset[str] = frozenset()
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    sheet: str | None = None

    def get(self, key: str) -> Any:
        """The value at the key, None when there is none that could be read."""
        found = self.values.get(key)
        return None if found is None else found.value

    def has(self, key: str) -> bool:
        """Whether a value stands there that could be read; it may be None (closed, seats)."""
        return key in self.values

    def written(self) -> Mapping[str, Any]:
        """All values by their keys."""
        return {key: found.value for key, found in self.values.items()}

    def group(self, key: str) -> Fields:
        """The group of keys there; an empty one when there is none."""
        value = self.get(key)
        return value if isinstance(value, Fields) else Fields(self.file, self.line, self.column)

    def many(self, key: str) -> tuple[Found, ...]:
        """The list there; an empty one when there is none."""
        value = self.get(key)
        return value if isinstance(value, tuple) else ()

    def groups(self, key: str) -> tuple[Fields, ...]:
        """The groups of keys in the list there."""
        return tuple(found.value for found in self.many(key) if isinstance(found.value, Fields))

    def at(self, found: Found) -> Fields:
        """One value of a list here, as the place of a problem."""
        return Fields(self.file, found.line, found.column, sheet=self.sheet)

    def sound(self, *keys: str) -> bool:
        """Whether nothing was unreadable in the values of these keys, as deep as they go."""
        return all(key not in self.faulty and _sound(self.get(key)) for key in keys)

    def place(self, key: str | None = None) -> Place:
        """Where the key's value stands; without a key, or where it is missing, where the group begins."""
        return place(self.file, self.sheet, *self._at(key))

    def where(self, key: str | None = None) -> str:
        """The place in a few words, for a message that stands elsewhere in the file."""
        return where(self.sheet, *self._at(key))

    def _at(self, key: str | None) -> tuple[int, int]:
        found = self.values.get(key) if key is not None else None
        return (self.line, self.column) if found is None else (found.line, found.column)

    def problem(self, key: str | None, code: str, message: str, hint: str) -> Problem:
        """An error at the key's value."""
        return Problem(code=code, message=message, hint=hint, place=self.place(key))

    def warning(self, key: str | None, code: str, message: str, hint: str) -> Problem:
        """A warning at the key's value."""
        return Problem(code=code, message=message, hint=hint, place=self.place(key), severity="warning")


class RowValues(Mapping[str, Found]):
    """The values of one row of a sheet; where each stands is worked out when it is asked.

    `known` says by position which column a cell belongs to.
    """

    __slots__ = ("known", "plain", "row")

    def __init__(self, plain: Mapping[str, Any], row: Row, known: Mapping[int, str]) -> None:
        self.plain = plain
        self.row = row
        self.known = known

    def __getitem__(self, key: str) -> Found:
        value = self.plain[key]
        index = next(index for index, column in self.known.items() if column == key)
        return Found(value, *self.row.at(index))

    def __iter__(self) -> Iterator[str]:
        return iter(self.plain)

    def __len__(self) -> int:
        return len(self.plain)


@dataclass(frozen=True, slots=True)
class RowFields(Fields):
    """One row of a sheet, of which there are tens of thousands: the values alone are looked up at once."""

    values: RowValues

    def get(self, key: str) -> Any:
        return self.values.plain.get(key)

    def has(self, key: str) -> bool:
        return key in self.values.plain

    def written(self) -> Mapping[str, Any]:
        return self.values.plain


def _sound(value: Any) -> bool:
    if isinstance(value, Fields):
        return not value.faulty and value.sound(*value.values)
    if isinstance(value, tuple):
        return all(_sound(item.value) for item in value if isinstance(item, Found))
    return True
