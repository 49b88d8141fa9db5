"""Work done side by side in threads, ended together (并行采集)."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

T = TypeVar("T")

AT_ONCE = 8
"""Works under way at the same time, at most."""
PATIENCE = 5.0
"""Seconds that an ended run waits for what is under way; then it leaves it."""


class Stopped(Exception):
    """Another work of the run has failed, or the run was interrupted: this one ends where it stands."""


class Lanes:
    """Threads for works that wait for other machines; for one run."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def one_at_a_time(self, thing: T) -> T:
        """The thing, to be used from all works; who uses it waits until no other does."""
        return cast(T, _OneAtATime(thing, self._stop))

    def run(self, works: Sequence[Callable[[], T]], *, cut: Callable[[], None]) -> list[T]:
        """What each work gives, in their order. The first fault of one, or an interrupt of the main thread,
        stops all others at their next use of a shared thing, and goes through."""
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        done: queue.SimpleQueue[tuple[int, T | None, BaseException | None]] = queue.SimpleQueue()
        for place in range(len(works)):
            waiting.put(place)

        def lane() -> None:
            while not self._stop.is_set():
                try:
                    place = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    done.put((place, works[place](), None))
                except BaseException as fault:  # the main thread raises it
                    done.put((place, None, fault))

        # Daemons: what hangs in a foreign network must not keep an interrupted run from ending.
        threads = [threading.Thread(target=lane, daemon=True) for _ in works[:AT_ONCE]]
        found: dict[int, T] = {}
        try:
            for thread in threads:
                thread.start()
            for _ in works:
                place, result, fault = done.get()
                if fault is not None:
                    raise fault
                found[place] = cast(T, result)
        except BaseException:
            self._stop.set()
            cut()
            _wait_for(threads)
            raise
        return [found[place] for place in range(len(works))]


def _wait_for(threads: Iterable[threading.Thread]) -> None:
    until = time.monotonic() + PATIENCE
    for thread in threads:
        if thread.ident is not None:
            thread.join(max(0.0, until - time.monotonic()))


class _OneAtATime:
    """A thing that several threads use, one at a time, until the run is ended.

    What its methods return is used unguarded: they do their work before they return.
    """

    def __init__(self, thing: object, stop: threading.Event) -> None:
        self._thing = thing
        self._stop = stop
        self._turn = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        used = getattr(self._thing, name)
        return self._in_turn(used) if callable(used) else used

    def __call__(self, *given: Any, **named: Any) -> Any:
        return self._in_turn(cast(Callable[..., Any], self._thing))(*given, **named)

    def _in_turn(self, used: Callable[..., Any]) -> Callable[..., Any]:
        def in_turn(*given: Any, **named: Any) -> Any:
            with self._turn:
                if self._stop.is_set():
                    raise Stopped
                return used(*given, **named)

        return in_turn
