"""Ctrl-C and SIGTERM: a command that works for long ends by them with one sentence (中断)."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from provisioning.flows.errors import FlowError


class Ended(FlowError):
    """The command was ended from outside; its exit code is 128 and the signal's number."""

    def __init__(self, said: str, number: int) -> None:
        super().__init__(said)
        self.exit_code = 128 + number


class Terminated(KeyboardInterrupt):
    """SIGTERM: whatever stops at Ctrl-C stops at it too."""


@contextmanager
def told(what: str) -> Iterator[None]:
    """Within it Ctrl-C and SIGTERM end the command alike; then it says what became of its work."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated

    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, terminate) if main else None
    try:
        yield
    except Terminated:
        raise Ended(f"terminated: {what}", signal.SIGTERM) from None
    except KeyboardInterrupt:
        raise Ended(f"interrupted: {what}", signal.SIGINT) from None
    finally:
        if main:
            signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
