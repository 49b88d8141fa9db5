"""What tells of a switch's calls beside their records: settings of its channel events and its live view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEYS = ("events", "collector", "collector_secret_file")
TEXTS = ("collector", "collector_secret_file")


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessSettings:
    """`events` are the files of channel events; `collector` is the AMI user that may read calls and do
    nothing, its secret is read when it is needed."""

    events: tuple[str, ...] = ()
    collector: str = "collector"
    secret_file: Path | None = None


def witness_of(folder: Path, table: Mapping[str, Any]) -> WitnessSettings:
    """What a switch's settings say of its witnesses; paths start from where seatline.toml lies."""
    secret = table.get("collector_secret_file")
    return WitnessSettings(
        events=tuple(str(folder / path) for path in table.get("events", [])),
        collector=table.get("collector", "collector"),
        secret_file=None if secret is None else folder / secret,
    )
