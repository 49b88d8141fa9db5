"""One day's calls held against the contracts they were made under: what should not have happened (稽核)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
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
    by_contract = tuple(_by_contract(day, happened, contracts))
    for terms, its in by_contract:
        found.extend(
            _counted(day, _standing(terms, day, contracts), its, _of_customer(terms, its, by_contract))
        )
    return tuple(sorted(found, key=lambda finding: finding.order))


def _single(made: MadeCall, contracts: Contracts, around: rights.Around) -> Iterator[Finding]:
    """What one call broke by itself."""
    terms = terms_of(made, contracts)
    if terms is None:
        if made.call.contract is None and made.call.outcome is Outcome.UNRATED and made.answer is not None:
            yield _finding("nobody", None, made, f"a call of nobody's: {made.call.reason}")
        return
    standing = [rights.Asked(made, one, around) for one in _standing(terms, made.day, contracts)]
    for rule in rights.RULES:
        if made.kind in rule.kinds:
            wrong, *others = (rule.broken(asked) for asked in standing)
            if wrong is not None and None not in others:
                yield _finding(rule.name, terms.contract.id, made, wrong)


def _standing(terms: Terms, day: date, contracts: Contracts) -> tuple[Terms, ...]:
    """The version, and on its first day those that it takes the place of: nobody knows at which hour the
    change was recorded and the switch changed over."""
    first = terms.effective
    if first is None or day > first:
        return (terms,)
    mine = sorted(
        (one.effective, number, one)
        for (contract, number), one in contracts.items()
        if contract == terms.contract.id and one is not terms and one.effective is not None
    )
    same = [one for effective, _, one in mine if effective == first]
    before = [one for effective, _, one in mine if effective < first]
    return (terms, *same, *before[-1:])


def _finding(rule: str, contract: str | None, made: MadeCall, said: str) -> Finding:
    seat = made.call.seat
    return Finding(rule=rule, contract=contract, seat=seat, day=made.day, said=said, calls=(made,))


def _of_customer(
    terms: Terms, own: Sequence[MadeCall], by_contract: Iterable[tuple[Terms, Sequence[MadeCall]]]
) -> Sequence[MadeCall]:
    """A contract's calls among those of its customer's other contracts; callees of these in national form."""
    others = [
        replace(made, call=replace(made.call, other=other.called(made.call.other or "")))
        for other, its in by_contract
        for made in its
        if other.contract.id != terms.contract.id
        and other.contract.customer.key == terms.contract.customer.key
    ]
    return (
        sorted((*own, *others), key=lambda made: (made.start, made.uniqueid, made.record)) if others else own
    )


def _counted(
    day: date, standing: Sequence[Terms], own: Sequence[MadeCall], of_customer: Sequence[MadeCall]
) -> Iterator[Finding]:
    """What too many calls of one contract broke together, by each version that stood that day; each rule
    tells only of that day's."""
    terms, *former = standing
    for rule in counts.RULES:
        calls = of_customer if rule.of_customer else own
        too_many = [
            {made.record for many in rule.too_many(one, calls) for made in many.calls} for one in former
        ]
        for many in rule.too_many(terms, calls):
            todays = tuple(
                made
                for made in many.calls
                if made.day == day and all(made.record in records for records in too_many)
            )
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
    day: date, calls: Sequence[MadeCall], contracts: Contracts
) -> Iterator[tuple[Terms, Sequence[MadeCall]]]:
    """Each contract's calls, held against the version that its last call begun and priced that day was made
    under: one that is answered after midnight has the next day's price."""
    of: dict[str, list[MadeCall]] = defaultdict(list)
    for made in calls:
        if terms_of(made, contracts) is not None and made.call.contract is not None:
            of[made.call.contract].append(made)
    for _, its in sorted(of.items()):
        todays = [made for made in its if made.day == made.call.day == day] or its
        latest = terms_of(todays[-1], contracts)
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
    together: set[tuple[str, str]] = set()
    for made in calls:
        terms = terms_of(made, contracts)
        if made.uniqueid == made.linkedid:
            first.setdefault((made.switch, made.linkedid), made)
        if terms is not None and made.kind is Kind.INCOMING:
            callers[terms.contract.id, terms.called(made.call.other or "")].append(made.start)
        if made.uniqueid in recorded.get(made.switch, ()) or (
            terms is not None and rights.by_machine(made, terms)
        ):
            together.add(made.whole)
    return rights.Around(stops=stops, callers=callers, first=first, recorded=recorded, together=together)


def terms_of(made: MadeCall, contracts: Contracts) -> Terms | None:
    """The contract, in the version, that the verdict names."""
    call = made.call
    if call.contract is None or call.version is None:
        return None
    return contracts.get((call.contract, call.version))
