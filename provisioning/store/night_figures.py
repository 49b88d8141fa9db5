"""The figures of a nightly report, as the database counts them (夜间作业数据)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, false, func, select

from provisioning.core.call import Outcome
from provisioning.core.cycle import SHANGHAI, Cycle
from provisioning.flows.admit_records import Verdict
from provisioning.flows.night_figures import Charge, HeldGroup, Waiting, without_numbers
from provisioning.store.tables import batch, call_record, contract, held_line, rated_call
from provisioning.store.tables_decisions import held_decision

NEW = Verdict.NEW.value
PRICED = (Outcome.RATED.value, Outcome.FREE.value)
UNPRICED = (Outcome.UNRATED.value, Outcome.REVIEW.value)


def collected_since(connection: Connection, since: datetime | None) -> Mapping[str, int]:
    """How many records were new from that moment on, by switch."""
    found: Counter[str] = Counter()
    for row in connection.execute(_batches(since)):
        found[row.switch] += row.counts.get(NEW, row.records)
    return found


def collected_by_day(connection: Connection, since: datetime) -> Mapping[str, Mapping[date, int]]:
    """How many records were new on each day of Shanghai, by switch."""
    found: dict[str, Counter[date]] = {}
    for row in connection.execute(_batches(since)):
        days = found.setdefault(row.switch, Counter())
        days[row.collected_at.astimezone(SHANGHAI).date()] += row.counts.get(NEW, row.records)
    return found


def _batches(since: datetime | None) -> Any:
    asked = select(batch.c.switch, batch.c.counts, batch.c.records, batch.c.collected_at)
    return asked if since is None else asked.where(batch.c.collected_at >= since)


def held_groups(connection: Connection) -> tuple[HeldGroup, ...]:
    """What is held and nobody has decided on, by switch and cause, with the newest line of each."""
    held = (
        select(
            held_line.c.switch,
            held_line.c.code,
            func.count().label("lines"),
            func.max(held_line.c.id).label("newest"),
            func.min(held_line.c.held_at).label("oldest"),
        )
        .where(held_line.c.id.not_in(select(held_decision.c.line)))
        .group_by(held_line.c.switch, held_line.c.code)
        .subquery()
    )
    asked = (
        select(held, held_line.c.path, held_line.c.offset, held_line.c.reason)
        .join(held_line, held_line.c.id == held.c.newest)
        .order_by(held.c.switch, held.c.code)
    )
    return tuple(
        HeldGroup(
            switch=row.switch,
            code=row.code,
            lines=row.lines,
            path=row.path,
            offset=row.offset,
            reason=row.reason,
            oldest=row.oldest,
        )
        for row in connection.execute(asked)
    )


def waiting(connection: Connection) -> tuple[Waiting, ...]:
    """Calls without a price, by reason, the most frequent first."""
    asked = (
        select(rated_call.c.outcome, rated_call.c.reason, func.count())
        .join(call_record, call_record.c.id == rated_call.c.record)
        .where(call_record.c.settled.is_(false()), rated_call.c.outcome.in_(UNPRICED))
        .group_by(rated_call.c.outcome, rated_call.c.reason)
    )
    found: Counter[tuple[str, str]] = Counter()
    for outcome, reason, count in connection.execution_options(yield_per=1000).execute(asked):
        found[outcome, without_numbers(reason)] += count
    return tuple(
        Waiting(outcome=outcome, reason=reason, calls=count)
        for (outcome, reason), count in sorted(found.items(), key=lambda one: (-one[1], one[0]))
    )


def charges(connection: Connection, cycles: Sequence[Cycle]) -> tuple[Charge, ...]:
    """What the calls of these cycles come to, by contract, day and zone.

    Amounts are text: what is alike is counted by the database and multiplied here, exactly.
    """
    key = (rated_call.c.contract, rated_call.c.day, rated_call.c.zone)
    asked = (
        select(*key, rated_call.c.amount, func.count(), func.sum(rated_call.c.microseconds))
        .where(
            rated_call.c.contract.in_(select(contract.c.id)),  # by the index, however many calls there are
            rated_call.c.cycle.in_([str(cycle) for cycle in cycles]),
            rated_call.c.outcome.in_(PRICED),
        )
        .group_by(*key, rated_call.c.amount)
    )
    sums: dict[tuple[str, date, str], tuple[int, int, Decimal]] = {}
    for whose, day, zone, amount, count, spoken in connection.execute(asked):
        of = (whose, day, zone or "")
        calls, microseconds, total = sums.get(of, (0, 0, Decimal(0)))
        sums[of] = (calls + count, microseconds + int(spoken), total + amount * count)
    return tuple(
        Charge(contract=whose, day=day, zone=zone, calls=calls, microseconds=spoken, amount=amount)
        for (whose, day, zone), (calls, spoken, amount) in sorted(sums.items())
    )
