"""What was read from a group of keys or a row: values by key, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from provisioning.core.problem import Place, Problem


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

    A value is what its Word reads, Fields for a group of keys, or a tuple of Found for a list.
    """

    file: str
    line: int
    column: int
    values: Mapping[str, Found] = field(default_factory=lambda: MappingProxyType({}))
    faulty: frozenset[str] = frozenset()
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def get(self, key: str) -> Any:
        """The value at the key, None when there is none that could be read."""
        found = self.values.get(key)
        return None if found is None else found.value

    def has(self, key: str) -> bool:
        """Whether a value stands there that could be read; it may be None (closed, seats)."""
        return key in self.values

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

    def sound(self, *keys: str) -> bool:
        """Whether nothing was unreadable in the values of these keys, as deep as they go."""
        return all(key not in self.faulty and _sound(self.get(key)) for key in keys)

    def place(self, key: str | None = None) -> Place:
        """Where the key's value stands; without a key, or where it is missing, where the group begins."""
        found = self.values.get(key) if key is not None else None
        if found is None:
            return Place(file=self.file, line=self.line, column=self.column)
        return Place(file=self.file, line=found.line, column=found.column)

    def problem(self, key: str | None, code: str, message: str, hint: str) -> Problem:
        """An error at the key's value."""
        return Problem(code=code, message=message, hint=hint, place=self.place(key))

    def warning(self, key: str | None, code: str, message: str, hint: str) -> Problem:
        """A warning at the key's value."""
        return Problem(code=code, message=message, hint=hint, place=self.place(key), severity="warning")


def _sound(value: Any) -> bool:
    if isinstance(value, Fields):
        return not value.faulty and value.sound(*value.values)
    if isinstance(value, tuple):
        return all(_sound(item.value) for item in value if isinstance(item, Found))
    return True
