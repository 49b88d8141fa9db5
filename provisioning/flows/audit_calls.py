"""Holds the calls of some days against the contracts and stops of the ledger, day by day (合规稽核)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from provisioning.compliance.audit import audit_day
from provisioning.compliance.counts import longest_memory
from provisioning.compliance.finding import Finding
from provisioning.compliance.made import Terms
from provisioning.core.cycle import SHANGHAI, shanghai_day
from provisioning.core.status import midnight
from provisioning.flows.ports import Ledger, Progress

DAYS = 7
"""Days that are audited each night: a call that is collected late is not overlooked."""
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What was found, and on which days was looked, both included; `calls` is how many records there were."""

    first: date
    last: date
    calls: int
    findings: tuple[Finding, ...]

    def document(self) -> dict[str, Any]:
        return {
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "calls": self.calls,
            "rules": self.by_rule(),
            "findings": [finding.document() for finding in self.findings],
        }

    def by_rule(self) -> dict[str, int]:
        """How many findings of each rule."""
        return dict(sorted(Counter(finding.rule for finding in self.findings).items()))


def audit_calls(
    ledger: Ledger,
    *,
    now: datetime,
    since: date | None = None,
    recorded: Mapping[str, AbstractSet[str]] = MappingProxyType({}),
    due: Sequence[date] = (),
    last_night: datetime | None = None,
    done: Callable[[date, int, Sequence[Finding]], None] | None = None,
    progress: Progress | None = None,
) -> Audited:
    """What should not have happened from that day on; changes nothing, and twice finds the same.

    Without `since` these are the last days, and all days from which calls were collected lately, or since the
    `last_night`; in any case the days that are `due`. `recorded` are the unique ids of calls that have a
    recording, by switch, where somebody keeps book of them. `done` is told of each day, in order: how many
    records it has, and what was found of it.
    """
    last = now.astimezone(SHANGHAI).date()
    first = min(since or _first_day(ledger, last, now, last_night), last, *due)
    contracts = _terms(ledger)
    stops = ledger.stops()
    back = max((longest_memory(terms.contract.policy) for terms in contracts.values()), default=0)
    found: list[Finding] = []
    calls = 0
    for day in _days(first, last):
        if progress is not None:
            progress("auditing calls", (day - first).days + 1, (last - first).days + 1)
        begins, ends = _instant(day), _instant(day + timedelta(days=1))
        made = ledger.made_calls(begins - back, ends)
        calls += sum(one.start >= begins for one in made)
        findings = audit_day(day, made, contracts, stops=stops, recorded=recorded)
        found.extend(findings)
        if done is not None:
            done(day, sum(one.start >= begins for one in made), findings)
    return Audited(first=first, last=last, calls=calls, findings=tuple(found))


def _first_day(ledger: Ledger, last: date, now: datetime, last_night: datetime | None) -> date:
    lately = now - timedelta(days=DAYS)
    earliest = ledger.earliest_collected(min(lately, last_night or lately))
    usual = last - timedelta(days=DAYS)
    return usual if earliest is None else min(usual, shanghai_day(earliest))


def _terms(ledger: Ledger) -> Mapping[tuple[str, int], Terms]:
    versions = ledger.versions()
    return {(one.contract.id, one.number): Terms.of(one.contract, one.effective) for one in versions}


def _days(first: date, last: date) -> Iterator[date]:
    for n in range((last - first).days + 1):
        yield first + timedelta(days=n)


def _instant(day: date) -> int:
    """The beginning of a day in Shanghai, in microseconds since 1970 GMT."""
    return (midnight(day) - _EPOCH) // _MICROSECOND
