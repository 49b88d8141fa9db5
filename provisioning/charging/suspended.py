"""Days without service are free of charge, and what keeping a number costs is charged for them (停机计费).

By the month a month is free that is stopped from its first day of service to its last; by the day each whole
day is, neither that of suspension nor that of resumption; by the year, and once, nothing is. Only a two-way
stop counts: what can still be called is a service. The item `retention` is charged the other way round, for
just the months or days that its customer's own retention (停机保号) makes free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from provisioning.core.contract import Prorate, Recurring
from provisioning.core.status import RETENTION, RETENTION_ITEM, Stop, Stopped

Days = Mapping[date, Recurring]
"""The days on which an item is in service, each with what its version says of it."""
Seats = Mapping[date, frozenset[str]]

_Free = Callable[[Stopped, date, Sequence[date]], bool]
"""Whether a day is free of charge, given when the service is stopped and all its days of service."""

_FREE: Mapping[Prorate, _Free] = {
    Prorate.MONTH: lambda stopped, day, served: stopped.throughout(min(served), max(served)),
    Prorate.DAY: lambda stopped, day, served: stopped.day(day),
    Prorate.YEAR: lambda stopped, day, served: False,
    Prorate.ONCE: lambda stopped, day, served: False,
}


def charged(days: Days, seats: Seats, stops: Iterable[Stop]) -> tuple[Days, Seats]:
    """What is charged of an item's days of service in a cycle, and for which seats on each of them."""
    latest = days[max(days)]
    kept = latest.item == RETENTION_ITEM
    counted = [stop for stop in stops if stop.why == RETENTION or not kept]
    if not counted and not kept:
        return days, seats
    free = _FREE[latest.prorate]
    if latest.quantity is not None or latest.unit is None:
        whole = Stopped.of(counted, None)
        return {day: fee for day, fee in days.items() if free(whole, day, list(days)) is kept}, seats
    paid = _paid(days, seats, counted, lambda stopped, day, served: free(stopped, day, served) is kept)
    return {day: fee for day, fee in days.items() if paid[day] or not (seats[day] or kept)}, paid


def _paid(days: Days, seats: Seats, stops: Sequence[Stop], pays: _Free) -> Seats:
    """The seats that pay for each day."""
    whole = Stopped.of(stops, None)
    own = {stop.seat: Stopped.of(stops, stop.seat) for stop in stops if stop.seat is not None}
    served: dict[str, list[date]] = {}
    for day in days:
        for seat in seats[day]:
            served.setdefault(seat, []).append(day)
    return {
        day: frozenset(seat for seat in seats[day] if pays(own.get(seat, whole), day, served[seat]))
        for day in days
    }
