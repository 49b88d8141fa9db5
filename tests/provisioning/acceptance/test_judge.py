"""Verdicts: what was measured against its reference value."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pbx.trial import Measured, Sound
from provisioning.acceptance import judge
from provisioning.acceptance.judge import Verdict

GOOD = Sound(packets=150, lost=0, jitter=1.0, tone=3.0, whole=1.0, level=-8.0)
CALL = Measured(code=200, answered=True, rang_after=0.5, shown="6001", by_caller=GOOD, by_called=GOOD)


def passed(result: judge.Result) -> bool:
    return result.verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("heard", "right"),
    [
        ({}, True),
        ({"tone": 0.9}, False),
        ({"own": 0.5}, False),
        ({"tone": 0.0, "level": None}, False),
    ],
)
def test_voice_is_heard_at_each_end(heard, right):
    """Each end has to hear the other for a second, and hardly itself, whichever end it is that does not."""
    for end in ("by_caller", "by_called"):
        assert passed(judge.voice("voice-inside", replace(CALL, **{end: replace(GOOD, **heard)}))) is right


def test_an_end_that_was_not_measured_has_not_heard():
    """A call that came about and whose called end is unknown, somebody else having answered, has no voice."""
    assert not passed(judge.voice("voice-inside", replace(CALL, by_called=None)))
    assert not passed(judge.fax("fax", replace(CALL, by_called=None)))


@pytest.mark.parametrize(
    ("heard", "right"),
    [
        ({"lost": 1}, True),
        ({"lost": 2}, False),
        ({"jitter": 50.0}, True),
        ({"jitter": 50.1}, False),
        ({"packets": 0}, False),
    ],
)
def test_loss_and_jitter_have_limits(heard, right):
    """One packet of a hundred may be lost, and the jitter be 50 ms; nothing heard is no quality."""
    assert passed(judge.quality("quality-inside", replace(CALL, by_called=replace(GOOD, **heard)))) is right


def test_only_one_end_may_be_measured():
    """A person's telephone measures nothing: the near end alone is judged."""
    assert passed(judge.quality("quality-outside", replace(CALL, by_called=None)))


@pytest.mark.parametrize(("after", "right"), [(6.0, True), (6.1, False), (None, False)])
def test_a_call_rings_soon_enough(after, right):
    """Ringing has to begin within the limit; what never rang is late."""
    assert passed(judge.delay("delay-inside", replace(CALL, rang_after=after), 6.0)) is right


@pytest.mark.parametrize(
    ("shown", "asserted", "right"),
    [("6001", None, True), ("6001", "6001", True), ("6002", None, False), ("6001", "6002", False)],
)
def test_every_number_shown_is_the_right_one(shown, asserted, right):
    """From and, where there is one, the asserted identity both have to be the caller's."""
    call = replace(CALL, shown=shown, asserted=asserted)
    assert passed(judge.showed("caller-inside", call, {"6001"})) is right


@pytest.mark.parametrize(
    ("code", "answered", "by_us", "right"),
    [
        (403, False, True, True),
        (403, False, False, False),
        (503, False, True, False),
        (200, True, True, False),
        (0, False, True, False),
    ],
)
def test_what_is_closed_is_refused(code, answered, by_us, right):
    """Only 403 is the refusal of a closed zone, and only the switch's own: the operator's is that of a call
    that was let out."""
    call = Measured(code=code, answered=answered)
    assert passed(judge.refused("international", call, by_us=by_us)) is right


@pytest.mark.parametrize(
    ("codes", "right"),
    [
        ((200, 200, 503), True),
        ((200, 200, 200), False),
        ((200, 503, 503), False),
        ((200, 200, 0), False),
        ((403, 403, 403), False),
        ((200, 403, 503), False),
    ],
)
def test_a_line_carries_what_it_should_and_no_more(codes, right):
    """Of three calls on a line with room for two just one is turned down, and for want of room; a switch that
    refuses what the contract allows has failed."""
    found = judge.capacity("capacity", codes, 2)
    assert found.verdict is (Verdict.PASSED if right else Verdict.FAILED)


@pytest.mark.parametrize(
    ("heard", "right"),
    [({}, True), ({"whole": 0.97}, False), ({"level": -21.0}, False), ({"tone": 0.5}, False)],
)
def test_a_fax_tone_comes_whole_and_strong(heard, right):
    """A gap or a weak tone at either end ends a fax."""
    assert passed(judge.fax("fax", replace(CALL, by_caller=replace(GOOD, **heard)))) is right


def test_a_call_that_did_not_come_about_fails():
    """A call that was refused has failed, and the report says with which code."""
    for found in (
        judge.connected("out", Measured(code=480)),
        judge.voice("voice-outside", Measured(code=480)),
    ):
        assert found.verdict is Verdict.FAILED
        assert "480" in found.found.english
        assert "480" in found.found.chinese
