"""One day's calls held against the contracts they were made under: what should not have happened (稽核)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from types import MappingProxyType

from provisioning.compliance import counts, rights
from provisioning.compliance.finding import Finding
from provisioning.compliance.made import Kind, MadeCall, Terms, calls_of
from provisioning.core.call import Outcome
from provisioning.core.status import Stop

Contracts = Mapping[tuple[str, int], Terms]
"""By id and number of version, as verdicts name them."""
_NONE: Mapping[str, AbstractSet[str]] = MappingProxyType({})


def audit_day(
    day: date,
    records: Iterable[MadeCall],
    contracts: Contracts,
    *,
    stops: Sequence[Stop] = (),
    recorded: Mapping[str, AbstractSet[str]] = _NONE,
) -> tuple[Finding, ...]:
    """What should not have happened on that day, in a fixed order: the same records give the same findings.

    `records` are the day's and those from before that its rules look back to (`counts.longest_memory`).
    """
    made = tuple(calls_of(records))
    around = _around(made, contracts, stops, recorded)
    happened = [one for one in made if one.happened]
    found = [finding for one in happened if one.day == day for finding in _single(one, contracts, around)]
    for terms, its in _by_contract(happened, contracts):
        found.extend(_counted(day, terms, its))
    return tuple(sorted(found, key=lambda finding: finding.order))


def _single(made: MadeCall, contracts: Contracts, around: rights.Around) -> Iterator[Finding]:
    """What one call broke by itself."""
    terms = terms_of(made, contracts)
    if terms is None:
        if made.call.contract is None and made.call.outcome is Outcome.UNRATED and made.answer is not None:
            yield _finding("nobody", None, made, f"a call of nobody's: {made.call.reason}")
        return
    asked = rights.Asked(made, terms, around)
    for rule in rights.RULES:
        if made.kind in rule.kinds and (wrong := rule.broken(asked)) is not None:
            yield _finding(rule.name, terms.contract.id, made, wrong)


def _finding(rule: str, contract: str | None, made: MadeCall, said: str) -> Finding:
    seat = made.call.seat
    return Finding(rule=rule, contract=contract, seat=seat, day=made.day, said=said, calls=(made,))


def _counted(day: date, terms: Terms, calls: Sequence[MadeCall]) -> Iterator[Finding]:
    """What too many calls of one contract broke together; each rule tells only of that day's."""
    for rule in counts.RULES:
        for many in rule.too_many(terms, calls):
            todays = tuple(made for made in many.calls if made.day == day)
            if todays:
                yield Finding(
                    rule=rule.name,
                    contract=terms.contract.id,
                    seat=many.seat,
                    day=day,
                    said=many.said,
                    calls=todays,
                )


def _by_contract(
    calls: Sequence[MadeCall], contracts: Contracts
) -> Iterator[tuple[Terms, Sequence[MadeCall]]]:
    """Each contract's calls, held against the version that its last call of them was made under."""
    of: dict[str, list[MadeCall]] = defaultdict(list)
    for made in calls:
        if terms_of(made, contracts) is not None and made.call.contract is not None:
            of[made.call.contract].append(made)
    for _, its in sorted(of.items()):
        latest = terms_of(its[-1], contracts)
        if latest is not None:
            yield latest, its


def _around(
    calls: Sequence[MadeCall],
    contracts: Contracts,
    stops: Sequence[Stop],
    recorded: Mapping[str, AbstractSet[str]],
) -> rights.Around:
    """Who called in and when, and how everything began; answered or not, for a missed call is called back."""
    callers: dict[tuple[str, str], list[int]] = defaultdict(list)
    first: dict[tuple[str, str], MadeCall] = {}
    for made in calls:
        terms = terms_of(made, contracts)
        if made.uniqueid == made.linkedid:
            first.setdefault((made.switch, made.linkedid), made)
        if terms is not None and made.kind is Kind.INCOMING:
            callers[terms.contract.id, terms.called(made.call.other or "")].append(made.start)
    return rights.Around(stops=stops, callers=callers, first=first, recorded=recorded)


def terms_of(made: MadeCall, contracts: Contracts) -> Terms | None:
    """The contract, in the version, that the verdict names."""
    call = made.call
    if call.contract is None or call.version is None:
        return None
    return contracts.get((call.contract, call.version))
