"""What a person sees: tables on stdout, talk and progress on stderr; JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

WHOLE = ("contract", "site", "term", "from", "long number", "short", "CNY>")
"""Columns a person copies from: never broken over two lines."""


def print_json(data: Any) -> None:
    """One JSON document on stdout, Chinese as it is written."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=1) + "\n")


def say(text: str) -> None:
    """A line of talk on stderr."""
    sys.stderr.write(text + "\n")


def line(text: str = "") -> None:
    """A line of data on stdout."""
    sys.stdout.write(text + "\n")


def counted(count: int, what: str) -> str:
    """ "1 seat", "69 seats"."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def port(iad: str | None, number: int | None) -> str | None:
    """Where a line stands (端口): "iad-1/5", or its IAD alone."""
    return iad if number is None else f"{iad or ''}/{number}"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table on stdout; columns whose heading ends in ">" are set to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in columns:
        right = heading.endswith(">")
        drawn.add_column(heading.rstrip(">"), justify="right" if right else "left", no_wrap=heading in WHOLE)
    for row in rows:
        drawn.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, 120)
    if title:
        coloured(title, "bold")
    with console.capture() as shown:
        console.print(drawn)
    sys.stdout.write("\n".join(text.rstrip() for text in shown.get().splitlines()) + "\n\n")


def coloured(text: str, style: str) -> None:
    """A line of data on stdout in colour, where the terminal has any."""
    from rich.console import Console

    Console(highlight=False, soft_wrap=True).print(text, style=style, markup=False)


class Progress:
    """Progress on stderr: one line that is written over on a terminal, a line a step elsewhere."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._shown = ""

    def __call__(self, text: str, done: int | None = None, total: int | None = None) -> None:
        if self._quiet:
            return
        if self._terminal:
            counted = f" {done}/{total}" if done is not None and total else ""
            sys.stderr.write(f"\r\x1b[K{text}{counted}")
            sys.stderr.flush()
        elif text != self._shown:
            sys.stderr.write(text + "\n")
        self._shown = text

    def finish(self) -> None:
        """Leaves the line, so that what follows starts on its own."""
        if self._terminal and self._shown and not self._quiet:
            sys.stderr.write("\r\x1b[K")
        self._shown = ""


def may_ask() -> bool:
    """Whether a person is there to answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()
