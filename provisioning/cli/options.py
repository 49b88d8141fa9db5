"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print data as JSON, for programs.")]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="Settings file (default: seatline.toml).", show_default=False
    ),
]
Sites = Annotated[
    list[str] | None, typer.Argument(metavar="[SITE]...", help="Sites by name; without any, all of them.")
]
