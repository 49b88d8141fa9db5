"""Whether the clock of a switch is ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from pbx.action import Action, Reply
from provisioning.flows.examine_clock import clock_said, seconds_ahead

NOON = datetime(2025, 7, 9, 4, tzinfo=UTC)


@dataclass
class Clock:
    """A switch whose clock shows that; it answers after four seconds of ours."""

    told: str
    name: str = "pbx"

    def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
        assert action.name == "Ping"
        return Reply({"Response": "Success", "Timestamp": self.told})


def ours() -> Iterator[datetime]:
    yield NOON
    yield NOON + timedelta(seconds=4)


@pytest.mark.parametrize(
    ("apart", "ahead"), [(0, 0), (2, 0), (4, 0), (3604, 3600), (-3600, -3600), (9.5, 5.5), (8, 4)]
)
def test_an_answer_that_takes_its_time_is_no_wrong_clock(apart: float, ahead: float) -> None:
    """The switch told its time somewhere between question and answer: only what lies outside is its fault."""
    moments = ours()
    found = seconds_ahead(Clock(f"{NOON.timestamp() + apart:.6f}"), lambda: next(moments))
    assert found == pytest.approx(ahead)
    assert (clock_said(found) is not None) == (abs(ahead) > 5)


@pytest.mark.parametrize("told", ["", "noon"])
def test_a_switch_that_does_not_tell_its_time_has_no_wrong_clock(told: str) -> None:
    """Nothing is known then, and nothing said."""
    found = seconds_ahead(Clock(told), lambda: NOON)
    assert (found, clock_said(found)) == (None, None)
