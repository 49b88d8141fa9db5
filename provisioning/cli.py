"""seatline's commands: each parses, calls one flow, prints data on stdout and talk on stderr."""

from __future__ import annotations


def main() -> None:
    """The command `seatline`."""
