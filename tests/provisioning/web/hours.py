"""Time that goes by in the server when a test says so: no test waits for it, none is too slow for it."""

from __future__ import annotations

import time

import pytest

from provisioning.web import server as serving

LONG = 3600.0
"""Seconds that no test takes."""


class Hours:
    """The clock of the server's loop; the server's patience is an hour, which passes by at will."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._gone = 0.0
        for patience, seconds in (("REQUEST", LONG), ("CONNECTION", 2 * LONG), ("HANDSHAKE", LONG)):
            monkeypatch.setattr(serving, f"{patience}_SECONDS", seconds)
        monkeypatch.setattr(serving.Loop, "time", lambda _: time.monotonic() + self._gone)

    def pass_by(self, seconds: float) -> None:
        """The server sees it within the tenth of a second in which it looks whether it should stop."""
        self._gone += seconds
