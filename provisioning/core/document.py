"""Frozen nouns to plain JSON data and back, by their own type hints, for the ledger's documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_document(value: object) -> Any:
    """Plain data of a noun: dicts, lists, text, whole numbers, True/False and None.

    Amounts and days become text, so that nothing is lost on the way through JSON. Fields that hold their
    default are left out. Raises TypeError for anything that is not one of the core's values.
    """
    if is_dataclass(value) and not isinstance(value, type):
        kept: dict[str, Any] = {}
        for spec in fields(value):
            content = getattr(value, spec.name)
            default = spec.default if spec.default is not MISSING else MISSING
            if default is MISSING or content != default:
                kept[spec.name] = to_document(content)
        return kept
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(to_document(k)): to_document(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return [to_document(item) for item in value]
    raise TypeError(f"no document form for {type(value).__name__}")


def from_document(kind: type[T], data: Any) -> T:
    """The noun of that type from what `to_document` made of it; ValueError where it does not fit."""
    made: T = _build(kind, data)
    return made


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _build(kind: Any, data: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        if data is None:
            return None
        return _build(next(a for a in get_args(kind) if a is not NoneType), data)
    if origin is tuple:
        arguments = get_args(kind)
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_build(arguments[0], item) for item in data)
        return tuple(_build(a, item) for a, item in zip(arguments, data, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        key, content = get_args(kind)
        return {_build(key, k): _build(content, v) for k, v in data.items()}
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        unknown = set(data) - set(hints)
        if unknown:
            raise ValueError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
        return kind(**{name: _build(hints[name], content) for name, content in data.items()})
    if kind is Decimal:
        return Decimal(data)
    if kind is date:
        return date.fromisoformat(data)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    if isinstance(kind, type) and isinstance(data, kind):
        return data
    raise ValueError(f"{data!r} does not fit {kind}")
