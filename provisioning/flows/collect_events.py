"""Collecting channel events: what they tell of each channel, beside the call records (采集通道事件).

They never make a record and never cost anything. What is kept is one row a channel: when it began, was
answered and ended, and whether Asterisk stopped or its clock went back meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

from pbx import cel
from pbx.cdr import SECOND, BrokenRecord
from pbx.cdr_file import lines
from pbx.cdr_lines import Line
from pbx.life import Life, told
from provisioning.flows.collect_calls import Source, unreadable
from provisioning.flows.follow_file import Part, RecordFiles, parts, state_of
from provisioning.flows.ports import Progress, SourceState

AT_ONCE = 4000
"""Events of one transaction; the offset moves with what they told."""
STEP = 2 * SECOND
"""Events stand in the order in which they happened; by so much a clock that nobody sets never goes back."""
SAME_START = 2
"""Seconds. Channels are numbered from 0 each time Asterisk starts, and by the second in which they begin."""
SILENCE = SECOND // 4
"""Channels that begin together may be told in another order, but not so long after the last event: an
Asterisk that was just started may number its first channel in the second in which the last one began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventState:
    """How far a file of events has been read, and what its order told up to there.

    `last` is the time of the last event in microseconds, `top` the highest number of a channel since
    Asterisk started and its second; `broken` counts the lines that were none.
    """

    source: SourceState
    last: int | None = None
    top: tuple[int, int] | None = None
    broken: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFile:
    """What one file of events gave (事件采集结果). `doubted` is how many priced calls go back to review."""

    switch: str
    path: str
    events: int = 0
    channels: int = 0
    broken: int = 0
    restarts: int = 0
    steps: int = 0
    doubted: int = 0
    notes: tuple[str, ...] = ()
    error: str | None = None

    def document(self) -> dict[str, Any]:
        """As --json prints it."""
        return {
            "switch": self.switch,
            "path": self.path,
            "events": self.events,
            "channels": self.channels,
            "broken": self.broken,
            "restarts": self.restarts,
            "clock_steps": self.steps,
            "doubted": self.doubted,
            "notes": list(self.notes),
            "error": self.error,
        }


class EventBook(Protocol):
    """What the ledger keeps of channel events; each method is one transaction."""

    def event_state(self, switch: str, path: str) -> EventState | None: ...

    def open_lives(self, switch: str) -> Mapping[str, Life]:
        """The channels that may live still, by unique id."""
        ...

    def lives(self, switch: str, uniqueids: Collection[str]) -> Mapping[str, Life]: ...

    def witness(self, switch: str, lives: Sequence[Life], state: EventState, *, at: datetime) -> int:
        """Writes what is known of these channels now, and how far the file was read. Returns how many priced
        calls cannot be believed any more and wait to be rated again; those on a closed bill are audited."""
        ...


def collect_events(
    sources: Iterable[Source], book: EventBook, files: RecordFiles, *, now: datetime, progress: Progress
) -> tuple[EventFile, ...]:
    """Reads what each file of events has gained since the last time. Twice adds nothing.

    Best done before the records are collected: then the record of each call that is known to have ended is
    on the disk when they are read. A file that cannot be read is reported, the others go on.
    """
    done: list[EventFile] = []
    for source in dict.fromkeys(sources):
        try:
            paths = files.listing(source.path).taken
        except OSError as fault:
            done.append(_failed(source, unreadable(source.path, fault)))
            continue
        if not paths:
            done.append(_failed(source, f"{source.path}: no .json file of channel events is in this folder"))
        done.extend(_collect(Source(source.switch, path), book, files, now, progress) for path in paths)
    return tuple(done)


def _failed(source: Source, error: str) -> EventFile:
    return EventFile(switch=source.switch, path=source.path, error=error)


def _collect(
    source: Source, book: EventBook, files: RecordFiles, now: datetime, progress: Progress
) -> EventFile:
    switch, path = source.switch, source.path
    watch = _Watch(open=dict(book.open_lives(switch)))
    notes: list[str] = []
    doubted, channels, error = 0, 0, None
    try:
        known = book.event_state(switch, path)
        if known is not None:
            watch.last, watch.top, watch.broken = known.last, known.top, known.broken
        before = watch.broken
        for part in parts(path, known.source if known else None, files, notes.append):
            if part.offset == 0:
                watch.last = None  # another file: what stands before its first line is not told
            for some in _portions(part):
                changed = watch.take(some, book, switch)
                offset = some[-1].end
                state = watch.state(state_of(switch, path, part.file, offset))
                doubted += book.witness(switch, changed, state, at=now)
                channels += len(changed)
                progress(f"{path}: {watch.events} channel events", offset, part.file.size)
            if part.offset == 0 and not part.file.size:
                book.witness(switch, (), watch.state(state_of(switch, path, part.file, 0)), at=now)
    except OSError as fault:
        before, error = watch.broken, unreadable(path, fault)
    if watch.broken > before:
        notes.append(f"{watch.broken - before} lines are no channel events, the first: {watch.first_broken}")
    return EventFile(
        switch=switch,
        path=path,
        events=watch.events,
        channels=channels,
        broken=watch.broken - before,
        restarts=watch.restarts,
        steps=watch.steps,
        doubted=doubted,
        notes=tuple(notes),
        error=error,
    )


def _portions(part: Part) -> Iterator[list[Line]]:
    found = lines(part.file, part.offset)
    while some := list(islice(found, AT_ONCE)):
        yield some


@dataclass(slots=True, kw_only=True)
class _Watch:
    """Goes through the events in their order and keeps the channels that are open."""

    open: dict[str, Life]
    last: int | None = None
    top: tuple[int, int] | None = None
    broken: int = 0
    first_broken: str = ""
    events: int = 0
    restarts: int = 0
    steps: int = 0
    _changed: dict[str, Life] = field(default_factory=dict)

    def state(self, source: SourceState) -> EventState:
        return EventState(source=source, last=self.last, top=self.top, broken=self.broken)

    def take(self, some: Iterable[Line], book: EventBook, switch: str) -> tuple[Life, ...]:
        """What these lines change, channel by channel."""
        events = tuple(self._read(some))
        unknown = {one.uniqueid for one in events} - self.open.keys()
        ended = book.lives(switch, unknown) if unknown else {}
        self._changed = {}
        for event in events:
            self._look_at_order(event)
            key = event.uniqueid
            before = self._changed.get(key) or self.open.get(key) or ended.get(key)
            life = told(before, event)
            if life is not before:
                self._keep(life)
        return tuple(self._changed.values())

    def _read(self, some: Iterable[Line]) -> Iterator[cel.Event]:
        for line in some:
            if line.raw in (b"", b"\r"):
                continue
            try:
                event = cel.parse(line.raw)
            except BrokenRecord as fault:
                self.first_broken = self.first_broken or f"at byte {line.offset}: {fault}"
                self.broken += 1
                continue
            self.events += 1
            yield event

    def _keep(self, life: Life) -> None:
        self._changed[life.uniqueid] = life
        if life.open:
            self.open[life.uniqueid] = life
        else:
            self.open.pop(life.uniqueid, None)

    def _look_at_order(self, event: cel.Event) -> None:
        """Whether the clock went back, or Asterisk was started anew, just before this event."""
        if self.last is not None and event.at < self.last - STEP:
            self.steps += 1
            back = -((event.at - self.last) // SECOND)
            for life in tuple(self.open.values()):
                if life.began <= self.last + STEP:
                    self._keep(replace(life, stepped=max(back, life.stepped)))
        before, self.last = self.last, event.at
        if event.kind is not cel.Kind.BEGAN:
            return
        number = cel.made(event.uniqueid)
        if number is None:
            return
        if self.top is None or number[1] > self.top[1]:
            self.top = number
        elif event.uniqueid not in self.open and (
            abs(number[0] - self.top[0]) >= SAME_START
            or (before is not None and event.at - before >= SILENCE)
        ):
            self.restarts += 1
            self.top = number
            for life in tuple(self.open.values()):
                if life.began < event.at:  # and it was up when Asterisk was heard of last
                    up = life.heard if before is None else max(life.heard, min(before, event.at))
                    self._keep(replace(life, cut=True, heard=up))
