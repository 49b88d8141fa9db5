"""What is done each night: a step that fails does not keep the others from being done (夜间作业)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from traceback import extract_tb
from typing import Any

from pbx.errors import SwitchError
from provisioning.flows.errors import FlowError


class State(StrEnum):
    """How a step ended."""

    DONE = "done"
    FOUND = "found"
    """It was done, and a person has to look at what it found."""
    FAILED = "failed"
    LEFT_OUT = "left out"
    """There was nothing to do it with."""


FOUND_CODE = 3
"""The exit code where a person has to look at the calls: the input has problems."""
UNREACHABLE_CODE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a step says of itself: one sentence, its lines for a person, and the same for programs.

    `code` is the exit code that it asks for: 0 only where nobody has to look at anything.
    """

    state: State
    said: str
    code: int = 0
    lines: tuple[str, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.code == 0) != (self.state in (State.DONE, State.LEFT_OUT)):
            raise ValueError(f"a step that is {self.state} does not ask for exit code {self.code}")


@dataclass(frozen=True, slots=True)
class Step:
    """A step by its name; `run` raises a fault of the world where it cannot be done."""

    name: str
    run: Callable[[], Report]


@dataclass(frozen=True, slots=True)
class Night:
    """The steps by name, in the order in which they were done, and how many seconds each took."""

    reports: Mapping[str, Report]
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def code(self) -> int:
        """The gravest exit code: a step that failed, a source out of reach, calls that wait for a person."""
        codes = {report.code for report in self.reports.values()}
        failed = {report.code for report in self.reports.values() if report.state is State.FAILED}
        grave = failed - {UNREACHABLE_CODE}
        if grave:
            return 1 if 1 in grave else min(grave)
        return next((code for code in (UNREACHABLE_CODE, 1, FOUND_CODE) if code in codes), 0)

    def document(self) -> dict[str, Any]:
        """As `nightly --json` prints it."""
        return {
            "steps": [
                {
                    "step": name,
                    "state": report.state.value,
                    "said": report.said,
                    "lines": list(report.lines),
                    **report.document,
                }
                for name, report in self.reports.items()
            ],
            "code": self.code,
            "seconds": {name: round(seconds, 3) for name, seconds in self.seconds.items()},
        }


def run(
    steps: Iterable[Step],
    done: Callable[[str, Report], None] | None = None,
    clock: Callable[[], float] = lambda: 0.0,
) -> Night:
    """Does all steps in their order; `done` is told of each. What stops the steps themselves goes through.

    A step that runs into a fault of our own has failed like any other: the rest of the night is not to
    suffer from it. It is told by its kind and place alone, for its text could hold anything.
    """
    reports: dict[str, Report] = {}
    seconds: dict[str, float] = {}
    for step in steps:
        began = clock()
        try:
            report = step.run()
        except FlowError as fault:
            report = Report(state=State.FAILED, said=str(fault), code=fault.exit_code)
        except SwitchError as fault:
            report = Report(state=State.FAILED, said=str(fault), code=UNREACHABLE_CODE)
        except Exception as fault:
            report = Report(state=State.FAILED, said=of_our_own(fault), code=1)
        reports[step.name] = report
        seconds[step.name] = clock() - began
        if done is not None:
            done(step.name, report)
    return Night(reports, seconds)


def of_our_own(fault: Exception) -> str:
    """A fault of seatline itself, in one sentence without any of the values it was about."""
    frames = extract_tb(fault.__traceback__)
    place = ""
    if frames:
        file = frames[-1].filename.replace("\\", "/").rpartition("/")[2]
        place = f" at {file}, line {frames[-1].lineno}, {frames[-1].name}"
    return f"a fault of seatline itself ({type(fault).__name__}{place}); tell its makers"
