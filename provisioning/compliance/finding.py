"""What an audit found: a rule, whose it was to keep, and the calls that broke it (稽核发现)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from provisioning.compliance.made import MadeCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Calls of one day that should not have happened, in the order in which they began.

    `rule` is the word that stands in the call record where the switch refuses such a call (refused-hours);
    `contract` and `seat` are None where nobody or no single seat is to blame. `said` is for a person.
    """

    rule: str
    contract: str | None
    seat: str | None
    day: date
    said: str
    calls: tuple[MadeCall, ...]

    def __post_init__(self) -> None:
        if not self.calls:
            raise ValueError("a finding names the calls it is about")

    @property
    def order(self) -> tuple[object, ...]:
        """By day, contract, rule, seat, then by the first call."""
        first = self.calls[0]
        return self.day, self.contract or "", self.rule, self.seat or "", first.start, first.uniqueid

    def document(self) -> dict[str, Any]:
        """As `nightly --json` prints it."""
        return {
            "rule": self.rule,
            "contract": self.contract,
            "seat": self.seat,
            "day": self.day.isoformat(),
            "said": self.said,
            "calls": [
                {
                    "switch": made.switch,
                    "uniqueid": made.uniqueid,
                    "start": made.began.isoformat(timespec="milliseconds"),
                    "shown": made.shown,
                    "other": made.call.other,
                }
                for made in self.calls
            ],
        }
