"""Reconciles what the sources of each switch tell of the same calls, for a person to look at (来源核对).

Nothing is invented: a call without a record stays without one, and costs nothing, until a person says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from provisioning.core.cycle import SHANGHAI, shanghai_time

LATE = timedelta(seconds=5)
"""What ended so shortly before may have its record written at this moment: the next run looks again."""
WINDOW = timedelta(days=31)
"""How far back a run looks unless it is told otherwise."""
MOST = 1000
"""Findings of one kind and switch that are told one by one; the rest is counted."""


class What(StrEnum):
    """What is odd about a call."""

    MISSING = "missing"
    """Channel events tell of a call that has no record: Asterisk lost it."""
    OPEN = "open"
    """It began over four hours ago, has no record, and nothing says that it has ended."""
    UNRECORDED = "unrecorded"
    """AMI showed its end, and no record of it came."""
    DOUBTED = "doubted"
    """Its record disagrees with the channel events, or the clock stepped meanwhile: not billed, in review."""
    ONE_SOURCE = "one-source"
    """It is in one source and was lost by another; it is billed all the same."""


GRAVE = (What.MISSING, What.UNRECORDED, What.DOUBTED, What.OPEN)
"""What nobody bills without a person: a call in one source of two is billed, and only tells of a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One odd call: which it is, what is known of it, and what is odd (异常通话).

    Times are microseconds since 1970 GMT by the switch's clock; `answered` None where nobody did, or nobody
    saw it. `ended` is the last that was heard of it where its end was not seen (`seen_end` False).
    """

    what: What
    switch: str
    uniqueid: str
    sequence: int | None
    src: str
    dst: str
    began: int
    answered: int | None
    ended: int | None
    seen_end: bool
    said: str

    @property
    def grave(self) -> bool:
        return self.what in GRAVE

    @property
    def call(self) -> str:
        """What `witness settle` knows it by."""
        return f"{self.switch}/{self.uniqueid}" + ("" if self.sequence is None else f"#{self.sequence}")

    def document(self) -> dict[str, Any]:
        """As --json prints it; times in Shanghai."""
        return {
            "what": self.what.value,
            "call": self.call,
            "switch": self.switch,
            "uniqueid": self.uniqueid,
            "sequence": self.sequence,
            "src": self.src,
            "dst": self.dst,
            "began": shown(self.began),
            "answered": shown(self.answered),
            "ended": shown(self.ended),
            "end_seen": self.seen_end,
            "said": self.said,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What the sources have told of each other (核对结果)."""

    since: datetime
    findings: tuple[Finding, ...]
    counts: Mapping[tuple[str, What], int]
    """By switch and kind: all of them, also those beyond MOST that are not among `findings`."""
    sources: Mapping[str, Mapping[str, int]]
    """By switch: how many records were seen in just these kinds of source: {"csv,json": 812, "csv": 1}."""

    @property
    def grave(self) -> int:
        """How many calls a person has to look at before they are money."""
        return sum(count for (_, what), count in self.counts.items() if what in GRAVE)

    def lines(self) -> tuple[str, ...]:
        """One for each finding, for a person."""
        return tuple(line_of(one) for one in self.findings)

    def said(self) -> str:
        """In one sentence."""
        if not self.counts:
            return "all sources tell the same"
        total: Counter[What] = Counter()
        for (_, what), count in self.counts.items():
            total[what] += count
        return ", ".join(f"{total[what]} {what}" for what in What if total[what])

    def document(self) -> dict[str, Any]:
        return {
            "since": self.since.astimezone(SHANGHAI).isoformat("T", "seconds"),
            "counts": [
                {"switch": switch, "what": what.value, "calls": count}
                for (switch, what), count in sorted(self.counts.items())
            ],
            "sources": {switch: dict(seen) for switch, seen in self.sources.items()},
            "findings": [one.document() for one in self.findings],
        }


class Witnesses(Protocol):
    """What the ledger knows of calls beside their records."""

    def odd_calls(
        self, switch: str, what: What, *, since: datetime, until: datetime, most: int
    ) -> tuple[Sequence[Finding], int]:
        """Those of one kind that began in that time and that nobody has settled, the first `most` of them,
        and how many there are."""
        ...

    def seen_by_sources(self, switch: str, *, since: datetime) -> Mapping[str, int]: ...

    def witnessed_switches(self) -> Collection[str]:
        """All switches that the ledger has records or events of."""
        ...


def reconcile_sources(
    book: Witnesses, *, now: datetime, since: datetime | None = None, switches: Iterable[str] | None = None
) -> Reconciled:
    """What is odd among the calls that began since then (the last 31 days), of these switches or of all.

    Reads only, and says the same when it is run again. The book is the ledger (`wiring.open_ledger`).
    """
    first = since if since is not None else now - WINDOW
    findings: list[Finding] = []
    counts: dict[tuple[str, What], int] = {}
    sources: dict[str, Mapping[str, int]] = {}
    for switch in sorted(book.witnessed_switches() if switches is None else switches):
        sources[switch] = book.seen_by_sources(switch, since=first)
        for what in What:
            some, count = book.odd_calls(switch, what, since=first, until=now - LATE, most=MOST)
            findings.extend(some)
            if count:
                counts[switch, what] = count
    return Reconciled(since=first, findings=tuple(findings), counts=counts, sources=sources)


def line_of(found: Finding) -> str:
    """A finding in one line."""
    answered = "never answered" if found.answered is None else f"answered {_time(found.answered)}"
    other = f"{found.src or 'unknown'} to {found.dst or 'unknown'}"
    return f"{found.switch} {shown(found.began)} {other}, {answered}: {found.what}: {found.said}"


def shown(instant: int | None) -> str | None:
    """An instant in microseconds by the clocks in Shanghai, None where there is none."""
    if instant is None:
        return None
    moment = shanghai_time(instant)
    return moment.isoformat(" ", "seconds").removesuffix("+08:00")


def _time(instant: int) -> str:
    return (shown(instant) or "")[-8:]
