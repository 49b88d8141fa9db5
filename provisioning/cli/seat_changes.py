"""What becomes of seats on the screen, a line each, and in JSON (座机变更)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from provisioning.cli import screens

if TYPE_CHECKING:
    from provisioning.core.seat_change import SeatChange

_SIGNS = {"add": "+", "change": "~", "remove": "-"}
_WORDS = {"add": "added", "change": "changed", "remove": "removed"}


def show(changes: Sequence[SeatChange], most: int | None = None) -> None:
    """One line a seat, at most so many."""
    for one in changes[:most]:
        screens.line(f"{_SIGNS[one.action]} {one.long_number}  {', '.join(_said(one))}".rstrip())
    if most is not None and len(changes) > most:
        screens.line(f"and {screens.counted(len(changes) - most, 'more seat')}")


def counts(changes: Sequence[SeatChange]) -> dict[str, int]:
    """How many seats of each action."""
    return {action: sum(one.action == action for one in changes) for action in _SIGNS}


def total(counts: dict[str, int]) -> str:
    """ "1 added, 2 changed, 0 removed"."""
    return ", ".join(f"{counts[action]} {word}" for action, word in _WORDS.items())


def document(changes: Sequence[SeatChange]) -> list[dict[str, Any]]:
    """The changes for programs."""
    return [
        {
            "action": one.action,
            "long_number": one.long_number,
            "former": one.former,
            "values": [
                {"column": value.column, "before": value.before, "after": value.after} for value in one.values
            ],
        }
        for one in changes
    ]


def _said(change: SeatChange) -> Iterator[str]:
    if change.former:
        yield f"had the number {change.former}"
    told = {value.column: (value.before, value.after) for value in change.values}
    iads, ports = (told.pop(column, (None, None)) for column in ("iad", "port"))
    place = tuple(
        screens.port(iad, int(port) if port else None) for iad, port in zip(iads, ports, strict=True)
    )
    for column, (before, after) in told.items():
        yield _changed(change.action, column, before, after)
    if any(place):
        yield _changed(change.action, "port", *place)


def _changed(action: str, column: str, before: str | None, after: str | None) -> str:
    if action == "add":
        return f"{column} {after}"
    if action == "remove":
        return f"{column} {before}"
    return f"{column}: {before or 'nothing'} -> {after or 'nothing'}"
