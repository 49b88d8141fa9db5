"""Who is told of a night, and what."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from provisioning.flows.tell_night import Message, NotTold, brief, is_wanted, tell

MESSAGE = Message(subject="a night", text="it failed", document={})


def night(state: str = "done", code: int = 0, *, alarm: bool | None = None) -> dict[str, Any]:
    silent = [] if alarm is None else [{"switch": "pbx", "kind": "lost", "alarm": alarm, "said": "x"}]
    step = {"step": "collect", "state": state, "said": "so", "lines": ["13800138000"], "findings": [1]}
    return {"steps": [step], "code": code, "silent": silent}


@pytest.mark.parametrize(
    ("report", "when", "told"),
    [
        (night(), "failure", False),
        (night("found", 3), "failure", False),
        (night("found", 3), "findings", True),
        (night("failed", 4), "failure", True),
        (night("found", 3, alarm=True), "failure", True),
        (night("done", 0, alarm=False), "failure", False),
        (night(), "findings", False),
        (night(), "always", True),
    ],
)
def test_which_nights_are_told_of(report: dict[str, Any], when: Any, told: bool) -> None:
    """A failed step and a silent switch are failures; findings only where somebody wants them."""
    assert is_wanted(report, when) is told


@dataclass
class Deaf:
    """Somebody who hears only from the so-many-eth time on."""

    hears: int
    tried: int = 0
    heard: list[str] = field(default_factory=list)

    def send(self, message: Message) -> None:
        self.tried += 1
        if self.tried < self.hears:
            raise NotTold("mail by mx.example.net: refused")
        self.heard.append(message.subject)


def test_who_did_not_hear_is_told_again() -> None:
    """The third attempt gets through, and each wait is the same."""
    deaf, waits = Deaf(3), []
    assert tell(MESSAGE, [deaf], waits.append) == []
    assert (deaf.heard, waits) == (["a night"], [10.0, 10.0])


def test_who_never_hears_is_named_and_keeps_nobody_else_from_hearing() -> None:
    """After three attempts the reason is told, and the next one has heard."""
    deaf, other = Deaf(99), Deaf(1)
    assert tell(MESSAGE, [deaf, other], lambda seconds: None) == ["mail by mx.example.net: refused"]
    assert (deaf.tried, other.heard) == (3, ["a night"])


def test_nobodys_number_is_told() -> None:
    """A webhook gets how each step ended, and neither lines nor findings nor a held line's reason."""
    held = {"switch": "pbx", "code": "columns", "lines": 2, "oldest": "2025", "reason": "13800138000"}
    told = brief(night("failed", 4) | {"held": [{**held, "path": "/x", "offset": 1}]})
    assert "13800138000" not in json.dumps(told)
    assert told["steps"] == [{"step": "collect", "state": "failed", "said": "so"}]
    assert told["held"] == [{"switch": "pbx", "code": "columns", "lines": 2, "oldest": "2025"}]
