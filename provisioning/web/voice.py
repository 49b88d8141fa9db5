"""Tells whoever runs the server, and never lets the server wait for the terminal (提示输出)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from queue import Full, Queue
from threading import Thread

LINES = 200
"""How many lines may wait for a terminal that stands still; more are counted only."""
LAST_WORDS_SECONDS = 2.0


class Voice:
    """A line's way to the terminal, on a thread of its own.

    A terminal that is gone loses the line, one that is blocked keeps the thread: neither is felt by who
    tells. Calling it never raises and never waits.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._lines: Queue[str | None] = Queue(LINES)
        self._left_out = 0
        self._thread = Thread(target=self._speak, name="voice", daemon=True)
        self._thread.start()

    def __call__(self, text: str) -> None:
        try:
            self._lines.put_nowait(text)
        except Full:
            self._left_out += 1

    def finish(self) -> None:
        """Says what still waits, as long as that takes no longer than a moment."""
        with suppress(Full):
            self._lines.put(None, timeout=LAST_WORDS_SECONDS)
        self._thread.join(LAST_WORDS_SECONDS)

    def _speak(self) -> None:
        while (text := self._lines.get()) is not None:
            left_out, self._left_out = self._left_out, 0
            with suppress(OSError, ValueError):  # ValueError: a closed file
                self._say(text + (f" ({left_out} lines before it were lost)" if left_out else ""))
