"""Switches that processed calls and delivered no record of them: silence is an alarm (静默告警)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from pbx.action import Action
from pbx.errors import SwitchError
from provisioning.core.cycle import SHANGHAI
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Switch

FAMILY = "seatline-count"
"""Where the call logic counts calls out, in the switch's own database: <site>/<day>/by/<seat>."""
ENDED = "ended since "
"""How the place begins under which the calls stand that ended since Asterisk started, as it counts them."""
UP = "up"
"""The place of those that go on: they may stand in the database already, and have no record yet."""
WEEKS = 3
"""A switch that had calls on this day of the week in each of the last weeks is expected to have some."""

Kind = Literal["lost", "quiet", "unasked"]
WORDS: Mapping[Kind, str] = {
    "lost": "it processed calls and delivered no record of them",
    "quiet": "it delivered no record, though it did on this day of the last weeks",
    "unasked": "it delivered no record and could not be asked whether it processed calls",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A switch of which nothing came (静默的交换机), and what speaks against that being right."""

    switch: str
    kind: Kind
    said: str

    @property
    def is_alarm(self) -> bool:
        return self.kind != "unasked"

    def __str__(self) -> str:
        return f"{self.switch}: {WORDS[self.kind]}: {self.said}"

    def document(self) -> dict[str, Any]:
        return {"switch": self.switch, "kind": self.kind, "alarm": self.is_alarm, "said": self.said}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was heard of the switches: the silent ones, and what each has counted by site and day, which the
    next night starts from."""

    silent: tuple[Silence, ...]
    counted: Mapping[str, Mapping[str, int]]

    @property
    def alarms(self) -> tuple[Silence, ...]:
        return tuple(one for one in self.silent if one.is_alarm)

    def document(self) -> dict[str, Any]:
        return {
            "silent": [one.document() for one in self.silent],
            "counted": {switch: dict(counts) for switch, counts in self.counted.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What else tells of calls on a switch since the last night: channel events (CEL), recordings."""

    events: int = 0
    recordings: int = 0

    def told(self) -> Iterable[str]:
        if self.events:
            yield f"{self.events} channel events tell of calls"
        if self.recordings:
            yield f"{self.recordings} new recordings"


def hear_silence(
    asked: Mapping[str, Mapping[str, int] | SwitchError | FlowError],
    *,
    new: Mapping[str, int],
    by_day: Mapping[str, Mapping[date, int]],
    counted_before: Mapping[str, Mapping[str, int]],
    signs: Mapping[str, Signs],
    now: datetime,
) -> Heard:
    """Which of these switches delivered nothing and should have. `asked` is what each has counted before its
    records were read, or why it could not be asked.

    `new` is how many records each delivered since the last night, `by_day` on each of the last weeks' days.
    One that cannot be asked is told of, but no alarm: drift and doctor are for that.
    """
    silent: list[Silence] = []
    counted: dict[str, Mapping[str, int]] = {}
    for name, told_by in asked.items():
        before = counted_before.get(name, {})
        fault = str(told_by) if isinstance(told_by, Exception) else None
        counted[name] = before if isinstance(told_by, Exception) else told_by
        if new.get(name):
            continue
        processed = _grown(counted[name], before)
        told = [f"it counted {processed} calls"] if processed else []
        if processed:  # the next night counts from there too, until a record comes
            counted[name] = before
        told += signs.get(name, Signs()).told()
        if told:
            silent.append(Silence(switch=name, kind="lost", said=", ".join(told)))
        elif usual := _habit(by_day.get(name, {}), now):
            said = f"{usual} records on this day of the week at least; is it reachable, is the line up?"
            silent.append(Silence(switch=name, kind="quiet", said=said))
        elif fault is not None:
            silent.append(Silence(switch=name, kind="unasked", said=fault))
    return Heard(silent=tuple(silent), counted=counted)


def counted_calls(switch: Switch, sites: Iterable[str]) -> dict[str, int]:
    """How many calls the switch has counted: those that ended since Asterisk started and those that go on,
    and by site and day what the call logic of these sites counted; that outlives a restart, and forgets
    former days."""
    found = _by_asterisk(switch)
    for site in sites:
        reply = switch.send(Action("DBGetTree", (("Family", f"{FAMILY}/{site}"),)))
        for event in reply.events:
            parts = event.get("Key", "").removeprefix(f"/{FAMILY}/{site}/").split("/")
            value = event.get("Val", "")
            if len(parts) == 3 and parts[1] == "by" and value.isascii() and value.isdigit():
                place = f"{site}/{parts[0]}"
                found[place] = found.get(place, 0) + int(value)
    return found


def _by_asterisk(switch: Switch) -> dict[str, int]:
    """What Asterisk counts itself; nothing where it is too old for that."""
    told = switch.send(Action("CoreStatus")).fields
    processed, up = told.get("CoreProcessedCalls", ""), told.get("CoreCurrentCalls", "")
    if not (processed.isdecimal() and up.isdecimal()):
        return {}
    since = f"{told.get('CoreStartupDate', '')} {told.get('CoreStartupTime', '')}"
    return {f"{ENDED}{since}": max(0, int(processed) - int(up)), UP: int(up)}


def _grown(counted: Mapping[str, int], before: Mapping[str, int]) -> int:
    """How many calls more were counted than before, by Asterisk or by the call logic: whoever knows more."""
    gained = {place: max(0, count - before.get(place, 0)) for place, count in counted.items() if place != UP}
    ended = sum(calls for place, calls in gained.items() if place.startswith(ENDED))
    begun = sum(calls for place, calls in gained.items() if not place.startswith(ENDED))
    return max(ended, begun - counted.get(UP, 0))


def _habit(days: Mapping[date, int], now: datetime) -> int:
    """The fewest records there were on this day of the week in the last weeks; 0 where one had none."""
    today = now.astimezone(SHANGHAI).date()
    return min(days.get(today - timedelta(weeks=n), 0) for n in range(1, WEEKS + 1))
