"""What a contract may say of an IAD, by its model: how many ports, which settings (机型)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


class UnknownModel(ValueError):
    """A slip of a model's name: `near` are the models that may be meant."""

    def __init__(self, name: str, near: tuple[str, ...]) -> None:
        super().__init__(f"no such IAD model: {name}")
        self.near = near


@dataclass(frozen=True, slots=True, kw_only=True)
class IadModel:
    """A model of IAD. `ports` is None where its maker publishes nothing; `settings` then is None too: any.

    Otherwise `settings` are the names a device may override, each with the values it may have (empty: any
    text). With `needs_mac` the device's file is named by its MAC address. With `strange` we do not even know
    the maker.
    """

    name: str
    ports: int | None
    settings: Mapping[str, tuple[str, ...]] | None = field(default=None, hash=False)
    needs_mac: bool = False
    strange: bool = False

    def __post_init__(self) -> None:
        if self.settings is not None:
            object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))


Models = Callable[[str], IadModel]
"""The model of that name; UnknownModel for one that is nearly another's."""
