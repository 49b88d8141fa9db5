"""What has been stopped, and for how long: a seat's or a whole contract's voice service (停机, 停机保号)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

WAYS = ("out", "both")
"""One-way: no outgoing call but emergency; two-way: no incoming call either (单向停机, 双向停机)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A stop of one seat, or with `seat` None of all seats of a contract (停机).

    In force from `since` up to, not including, `until` (None: until somebody resumes it). `why` is
    customer, arrears, complaint, retention, closed or a person's own word.
    """

    contract: str
    seat: str | None
    way: str
    since: datetime
    until: datetime | None = None
    why: str = "customer"

    def __post_init__(self) -> None:
        if self.way not in WAYS:
            raise ValueError(f"a stop is out or both, not {self.way!r}")
        if self.since.tzinfo is None or (self.until is not None and self.until.tzinfo is None):
            raise ValueError("a stop begins and ends at a moment of a known zone")
        if self.until is not None and self.until <= self.since:
            raise ValueError("a stop ends after it begins")
