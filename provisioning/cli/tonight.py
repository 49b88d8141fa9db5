"""A night under way: what its steps need, and what they leave for those after them (当夜)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pbx.errors import SwitchError
from provisioning.flows.errors import FlowError

if TYPE_CHECKING:
    from provisioning.flows.keep_nights import NightRun, Turn
    from provisioning.flows.ports import Progress
    from provisioning.settings import Settings
    from provisioning.wiring_nightly import Book


@dataclass(kw_only=True)
class Tonight:
    """A night under way: what its steps need, and what they leave for those after them.

    `last` is the run before that came to its end. `recorded` are the switches whose recordings were swept,
    with how many were new; `events` how many channel events of each were; `counted` how many calls each has
    counted, or why it could not be asked; `figures` what the report tells.
    """

    settings: Settings
    book: Book
    turn: Turn
    last: NightRun | None
    since: date | None
    now: datetime
    progress: Progress
    recorded: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    counted: dict[str, Mapping[str, int] | SwitchError | FlowError] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    nights: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def new_since(self) -> datetime | None:
        """From when on what was collected is new: the end of the last night."""
        return None if self.last is None else self.last.ended

    @property
    def counted_before(self) -> Mapping[str, Mapping[str, int]]:
        """How many calls each switch had counted when the last night ended."""
        before = (self.last.document or {}) if self.last is not None else {}
        counted: Mapping[str, Mapping[str, int]] = before.get("counted", {})
        return counted
