"""Keeping who-had-what-when: one row for each stretch of days without a change (有效期).

Pure: rows in, what to close, delete and open out. `contracts.py` uses it for seats and for sites.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from provisioning.core.contract import Term

Content = Mapping[str, Any]
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stored row: what held from `since` to `until`, both included; None while it goes on."""

    row: int
    key: Hashable
    content: Content
    since: date
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The days of a version: from its first to its last, None while it goes on."""

    since: date
    until: date | None

    @classmethod
    def of(cls, effective: date, term: Term) -> Span | None:
        """The days a version effective from that day is in force; None if its term is over before."""
        since = max(effective, term.first)
        until = None if term.renewal_months else term.last
        return None if until is not None and until < since else cls(since=since, until=until)

    def overlaps(self, since: date, until: date | None) -> bool:
        return (self.until is None or since <= self.until) and (until is None or self.since <= until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What to write: rows that get another last day, rows that never come into force, new contents."""

    last_days: tuple[tuple[int, date | None], ...]
    dropped: tuple[int, ...]
    opened: tuple[Content, ...]


def revise(
    stored: Sequence[Stretch], wanted: Mapping[Hashable, Content], *, effective: date, span: Span | None
) -> Revision:
    """How the stored stretches of a contract become those of its version from the day `effective`.

    An unchanged content keeps its row, if the new version follows without a gap; a changed one ends the
    day before, and another begins with the version's span. A row that would only have begun on or after
    the day of the new version is dropped. Without a span (the term is over) nothing begins.
    """
    last_days: list[tuple[int, date | None]] = []
    dropped: list[int] = []
    kept: set[Hashable] = set()
    for stretch in stored:
        if stretch.until is not None and stretch.until < effective - DAY:
            continue
        if stretch.since >= effective:
            dropped.append(stretch.row)
            continue
        follows = span is not None and span.since == effective
        if span is not None and follows and wanted.get(stretch.key) == stretch.content:
            kept.add(stretch.key)
            until = span.until
        else:
            until = effective - DAY
        if until != stretch.until:
            last_days.append((stretch.row, until))
    opened = () if span is None else tuple(c for key, c in wanted.items() if key not in kept)
    return Revision(last_days=tuple(last_days), dropped=tuple(dropped), opened=opened)
