"""Refusing a Master.csv whose switch leaves columns out: without them a record has no key (缺列拒收).

Such lines cannot be collected exactly once, so none is taken, none is put into quarantine and the place in
the file stays, until somebody has set the switch as the message says. Once it writes all columns, or the file
was rotated away, the few lines from before are quarantined as any other, and the rest is collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pbx.cdr import BrokenRecord
from pbx.cdr_csv import settings_missing
from pbx.cdr_file import Bytes
from pbx.cdr_lines import LONGEST_LINE, Reading


class ColumnsMissing(Exception):
    """The rest of a file is refused; the message says which line and how the switch has to be set."""


class ColumnGate:
    """Lets readings of a Master.csv pass up to the first line of a switch that leaves columns out.

    Nobody can set the switch otherwise for a file that is `finished`: all of it passes.
    """

    def __init__(self, file: Bytes, *, finished: bool) -> None:
        self._file = file
        self._open = finished
        self._refused: str | None = None

    def passed(self, found: Iterable[Reading]) -> Iterator[Reading]:
        for reading in found:
            if not self._open and _is_short(reading):
                missing = still_missing(self._file)
                if missing is not None:
                    self._refused = f"refused from byte {reading.line.offset} on: {missing}"
                    return
                self._open = True
            yield reading

    def check(self) -> None:
        """To be called at the end of the readings: raises ColumnsMissing where the rest is refused."""
        if self._refused is not None:
            raise ColumnsMissing(self._refused)


def still_missing(file: Bytes) -> str | None:
    """What the switch leaves out in the last line it has written, in words; None where that line is whole."""
    size = file.size
    start = max(0, size - LONGEST_LINE)
    written = file.read(start, size - start)
    lines = written[: written.rfind(b"\n") + 1].splitlines()
    last = next((line for line in reversed(lines) if line.strip()), b"")
    return settings_missing(last)


def _is_short(reading: Reading) -> bool:
    wrong = reading.result
    return (
        isinstance(wrong, BrokenRecord)
        and wrong.code == "columns"
        and settings_missing(reading.line.raw) is not None
    )
