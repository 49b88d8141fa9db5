"""What collecting channel events has to say to a person (通道事件)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from provisioning.cli import screens

if TYPE_CHECKING:
    from provisioning.flows.collect_events import EventFile


def lines_of(file: EventFile) -> list[str]:
    """What was odd in a file of events; a sound one says nothing."""
    told = [f"{file.path}: {note}" for note in file.notes]
    if file.steps:
        told.append(
            f"{file.path}: the clock of {file.switch} went back {screens.counted(file.steps, 'time')}; the "
            "calls of those moments are not billed before a person has looked: `seatline witness list`"
        )
    if file.doubted:
        told.append(
            f"{file.path}: {screens.counted(file.doubted, 'priced call')} cannot be believed any more and "
            "wait to be rated again"
        )
    return told


def witnesses_told(events: Iterable[EventFile]) -> bool:
    """Says what was odd; true where a file could not be read."""
    unheard = False
    for file in events:
        for line in lines_of(file):
            screens.say(line)
        if file.error is not None:
            screens.say(f"seatline: {file.error}")
            unheard = True
    return unheard
