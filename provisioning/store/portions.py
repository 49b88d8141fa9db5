"""Long lists in portions that a statement can name one by one (分批)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

PORTION = 500


def portions(values: Sequence[T], size: int = PORTION) -> Iterator[Sequence[T]]:
    """The values in their order, at most `size` at a time."""
    for first in range(0, len(values), size):
        yield values[first : first + size]


def streamed(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """The same for values that come one by one and never lie in memory all together."""
    source = iter(values)
    while some := list(islice(source, size)):
        yield some
