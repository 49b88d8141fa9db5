"""What is wrong in the files a user gave us: values, never exceptions (问题)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the user's files something stands: a text position, or a sheet and its cell.

    `line` and `column` count from 1; `sheet` and `cell` ("C17") are for spreadsheets.
    """

    file: str
    line: int | None = None
    column: int | None = None
    sheet: str | None = None
    cell: str | None = None

    def __str__(self) -> str:
        if self.sheet is not None or self.cell is not None:
            return ":".join(part for part in (self.file, self.sheet, self.cell) if part)
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing a user has to mend: what, where, and how.

    `code` is stable ("number-not-text") and is what programs and tests look at; `message` says what is
    wrong in one sentence; `hint` says how to mend it. A warning does not keep a file from being recorded.
    """

    code: str
    message: str
    hint: str
    place: Place
    severity: Severity = "error"
