"""Switches that processed calls and delivered no record of them: silence is an alarm (静默告警)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from pbx.action import Action
from pbx.errors import SwitchError
from provisioning.core.cycle import SHANGHAI
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Switch

FAMILY = "seatline-count"
"""Where the call logic counts calls, in the switch's own database: <site>/<day>/by/<seat>."""
WEEKS = 3
"""A switch that had calls on this day of the week in each of the last weeks is expected to have some."""

Kind = Literal["lost", "quiet", "unasked"]
WORDS: Mapping[Kind, str] = {
    "lost": "it processed calls since the last night and delivered no record of them",
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
    ask: Mapping[str, Callable[[], Mapping[str, int]]],
    *,
    new: Mapping[str, int],
    by_day: Mapping[str, Mapping[date, int]],
    counted_before: Mapping[str, Mapping[str, int]],
    signs: Mapping[str, Signs],
    now: datetime,
) -> Heard:
    """Which of these switches delivered nothing and should have. `ask` asks each what it counted.

    `new` is how many records each delivered since the last night, `by_day` on each of the last weeks' days.
    One that cannot be asked is told of, but no alarm: drift and doctor are for that.
    """
    silent: list[Silence] = []
    counted: dict[str, Mapping[str, int]] = {}
    for name, asked in ask.items():
        before = counted_before.get(name, {})
        fault = None
        try:
            counted[name] = asked()
        except (SwitchError, FlowError) as why:
            counted[name], fault = before, str(why)
        if new.get(name):
            continue
        processed = _grown(counted[name], before)
        told = [f"it counted {processed} calls"] if processed else []
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
    """How many calls the call logic of these sites has counted, by site and day; it forgets former days."""
    found: dict[str, int] = {}
    for site in sites:
        reply = switch.send(Action("DBGetTree", (("Family", f"{FAMILY}/{site}"),)))
        for event in reply.events:
            parts = event.get("Key", "").removeprefix(f"/{FAMILY}/{site}/").split("/")
            value = event.get("Val", "")
            if len(parts) == 3 and parts[1] == "by" and value.isascii() and value.isdigit():
                place = f"{site}/{parts[0]}"
                found[place] = found.get(place, 0) + int(value)
    return found


def _grown(counted: Mapping[str, int], before: Mapping[str, int]) -> int:
    return sum(max(0, count - before.get(place, 0)) for place, count in counted.items())


def _habit(days: Mapping[date, int], now: datetime) -> int:
    """The fewest records there were on this day of the week in the last weeks; 0 where one had none."""
    today = now.astimezone(SHANGHAI).date()
    return min(days.get(today - timedelta(weeks=n), 0) for n in range(1, WEEKS + 1))
