"""One contract file with its number rows, as read and not yet judged; what the rules look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from provisioning.core.iad_model import IadModel, Models, UnknownModel
from provisioning.core.problem import Problem
from provisioning.intake.fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A contract as written. `rows` is None when the number rows could not be read at all.

    `models` knows the models of IADs; without it what depends on a model is not judged.
    """

    contract: Fields
    rows: tuple[Fields, ...] | None
    models: Models | None = None

    @property
    def site(self) -> Fields:
        return self.contract.group("site")

    def model(self, iad: Fields) -> IadModel | None:
        """The model of one of the site's IADs; None where it is not known."""
        name = iad.get("model")
        if self.models is None or name is None:
            return None
        try:
            return self.models(name)
        except UnknownModel:
            return None

    @property
    def seats(self) -> tuple[Fields, ...]:
        return self.rows or ()


Rule = Callable[[Paper], Iterator[Problem]]
"""One thing that must hold in a contract; gives a problem for each place where it does not."""
