"""One contract file with its number rows, as read and not yet judged; what the rules look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from provisioning.core.problem import Problem
from provisioning.intake.fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A contract as written. `rows` is None when the number rows could not be read at all."""

    contract: Fields
    rows: tuple[Fields, ...] | None

    @property
    def site(self) -> Fields:
        return self.contract.group("site")

    @property
    def seats(self) -> tuple[Fields, ...]:
        return self.rows or ()


Rule = Callable[[Paper], Iterator[Problem]]
"""One thing that must hold in a contract; gives a problem for each place where it does not."""
