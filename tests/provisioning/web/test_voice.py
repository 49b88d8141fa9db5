"""A terminal that is gone or stands still is never waited for."""

from __future__ import annotations

from threading import Event

import pytest

from provisioning.web import voice as voices
from provisioning.web.voice import LINES, Voice


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow a machine is, the last words are waited for."""
    monkeypatch.setattr(voices, "LAST_WORDS_SECONDS", 60)


def test_lines_are_told_in_their_order() -> None:
    """What is told comes out in order, to the last line before the end."""
    said: list[str] = []
    voice = Voice(said.append)
    for number in range(50):
        voice(str(number))
    voice.finish()
    assert said == [str(number) for number in range(50)]


def test_a_terminal_that_is_gone_loses_lines_only() -> None:
    """A fault of the terminal is nobody's: the next line is tried again."""
    said: list[str] = []

    def say(text: str) -> None:
        if text == "one":
            raise BrokenPipeError
        said.append(text)

    voice = Voice(say)
    voice("one")
    voice("two")
    voice.finish()
    assert said == ["two"]


def test_a_blocked_terminal_is_not_waited_for() -> None:
    """While the terminal stands still telling goes on at once; what is too much is counted."""
    said: list[str] = []
    moves, stands = Event(), Event()

    def say(text: str) -> None:
        stands.set()
        moves.wait(60)
        said.append(text)

    voice = Voice(say)
    voice("first")
    assert stands.wait(60)
    for number in range(LINES + 7):
        voice(str(number))
    moves.set()
    voice.finish()
    assert said[:2] == ["first", "0 (7 lines before it were lost)"]
