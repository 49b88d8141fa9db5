"""Problems as a person reads them on stderr, and as programs do on stdout (问题清单)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from provisioning.cli import screens

if TYPE_CHECKING:
    from provisioning.core.problem import Problem


def show(problems: Sequence[Problem], warnings: Sequence[Problem] = (), *, json: bool = False) -> None:
    """All of them: as JSON on stdout, or for a person on stderr, each with its place and how to mend it."""
    if json:
        screens.print_json(document(problems, warnings))
        return
    for problem in (*problems, *warnings):
        word = "warning" if problem.severity == "warning" else "problem"
        screens.say(f"{problem.place}: {word}: {problem.message}\n    {problem.hint}")
    if problems:
        screens.say(screens.counted(len(problems), "problem"))


def document(problems: Sequence[Problem], warnings: Sequence[Problem]) -> dict[str, Any]:
    return {"problems": [_told(one) for one in problems], "warnings": [_told(one) for one in warnings]}


def _told(problem: Problem) -> dict[str, object]:
    return {
        "code": problem.code,
        "file": problem.place.file,
        "line": problem.place.line,
        "column": problem.place.column,
        "sheet": problem.place.sheet,
        "cell": problem.place.cell,
        "message": problem.message,
        "hint": problem.hint,
    }
