"""The steps of a night."""

from __future__ import annotations

import re

import pytest

from pbx.errors import Unreachable
from provisioning.flows.errors import FlowError, LedgerUnavailable, LockHeld, SourceUnreachable
from provisioning.flows.nightly import Report, State, Step, run

DONE = Report(state=State.DONE, said="nothing to do")


def step(name, outcome):
    def do():
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return Step(name, do)


def found(code):
    return Report(state=State.FOUND, said="look at it", code=code, document={"count": 1})


def test_a_step_that_fails_does_not_keep_the_others_from_being_done() -> None:
    """Rating and auditing are done though nothing could be collected; each step is told of."""
    told = []
    night = run(
        [step("collect", SourceUnreachable("no such file")), step("rate", DONE), step("audit", found(3))],
        lambda name, report: told.append((name, report.state.value)),
    )
    assert told == [("collect", "failed"), ("rate", "done"), ("audit", "found")]
    assert night.document() == {
        "steps": [
            {"step": "collect", "state": "failed", "said": "no such file", "lines": []},
            {"step": "rate", "state": "done", "said": "nothing to do", "lines": []},
            {"step": "audit", "state": "found", "said": "look at it", "lines": [], "count": 1},
        ],
        "code": 4,
        "seconds": {"collect": 0.0, "rate": 0.0, "audit": 0.0},
    }


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([DONE, DONE], 0),
        ([Report(state=State.LEFT_OUT, said="no sources")], 0),
        ([found(3), DONE], 3),
        ([found(3), found(1)], 1),
        ([SourceUnreachable("gone"), found(1)], 4),
        ([Unreachable("gone"), DONE], 4),
        ([LockHeld("li"), SourceUnreachable("gone")], 6),
        ([LedgerUnavailable("busy"), found(3)], 75),
        ([LockHeld("li"), FlowError("broken")], 1),
        ([], 0),
    ],
)
def test_the_gravest_exit_code_counts(outcomes, code) -> None:
    """A failure counts before a source out of reach, that before a missing price, that before findings."""
    night = run(step(f"step {n}", outcome) for n, outcome in enumerate(outcomes))
    assert night.code == code


def test_a_fault_of_the_program_is_told_and_fails_its_step_alone() -> None:
    """A fault of our own is told by its kind and place, never by its text, which may hold anything."""
    night = run([step("collect", ZeroDivisionError("13800138000")), step("rate", DONE)])
    (told,) = [report for report in night.reports.values() if report.state is State.FAILED]
    assert re.fullmatch(
        r"a fault of seatline itself \(ZeroDivisionError at test_nightly.py, line \d+, do\); tell its makers",
        told.said,
    )
    assert (told.code, night.reports["rate"].state, night.code) == (1, State.DONE, 1)


@pytest.mark.parametrize("outcome", [KeyboardInterrupt(), SystemExit(3)])
def test_what_stops_the_program_goes_through(outcome) -> None:
    """An interrupt is no fault of a step: nothing more is done."""

    def do():
        raise outcome

    with pytest.raises(type(outcome)):
        run([Step("collect", do), step("rate", DONE)])


def test_how_long_each_step_took() -> None:
    """Seconds are those between a step's begin and end by the clock that is given."""
    clock = iter([0.0, 1.5, 2.0, 2.25])
    night = run([step("collect", DONE), step("rate", DONE)], clock=lambda: next(clock))
    assert night.seconds == {"collect": 1.5, "rate": 0.25}


@pytest.mark.parametrize(("state", "code"), [(State.DONE, 3), (State.FOUND, 0), (State.FAILED, 0)])
def test_a_report_cannot_contradict_itself(state, code) -> None:
    """A step that is done asks for no exit code, one that found something asks for one."""
    with pytest.raises(ValueError, match="exit code"):
        Report(state=state, said="", code=code)
