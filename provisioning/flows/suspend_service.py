"""Stops a seat's or a whole contract's service, and resumes it, at once or on a date (停机, 复机)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from provisioning.core.contract import Contract, ContractVersion, version_in_force
from provisioning.core.cycle import SHANGHAI, Cycle
from provisioning.core.status import CLOSED, COMPLAINT, Stop
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Ledger, Resumed


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspended:
    """What a suspension did: the stop that is recorded; `former` where it was stopped so already."""

    stop: Stop
    former: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a resumption did, and what still stops the service."""

    moment: datetime
    resumed: Resumed
    notes: tuple[str, ...] = ()


def suspend(
    contract: str,
    *,
    seat: str | None,
    way: str,
    why: str,
    on: datetime | None,
    ledger: Ledger,
    now: datetime,
    who: str,
) -> Suspended:
    """Stops the service from a moment on, by default from now on, until somebody resumes it.

    FlowError for a contract or a seat that there is not on that day, and for a day on a closed bill.
    """
    moment = on or now
    standing = in_force(ledger.versions(contract), contract, moment)
    number = None if seat is None else long_number(standing, seat, moment)
    _not_billed(ledger, contract, moment, now)
    made = Stop(contract=contract, seat=number, way=way, since=moment, why=why)
    for known in ledger.stops(contract):
        if _covers(known, made):
            return Suspended(stop=known, former=True)
    ledger.stop(made, at=now, who=who)
    return Suspended(stop=made, notes=tuple(_backdated(moment, now)))


def resume(
    contract: str, *, seat: str | None, on: datetime | None, ledger: Ledger, now: datetime, who: str
) -> Restored:
    """Ends what stops the seat, or the contract as a whole, from a moment on.

    FlowError for a contract or a seat that there is not, for what is closed, and for a day on a closed bill.
    """
    moment = on or now
    standing = in_force(ledger.versions(contract), contract, moment)
    stops = ledger.stops(contract)
    number = None if seat is None else _stopped_seat(standing, seat, stops, moment)
    _not_billed(ledger, contract, moment, now)
    for known in stops:
        if _closes(known, number) and known.in_force(moment):
            raise FlowError(
                f"{named(known)} was closed on {day_of(known.since)}, and what is closed does not come back; "
                f"its number is free again from {_until(known)} on"
            )
    resumed = ledger.resume(contract, number, moment, at=now, who=who)
    left = [stop for stop in ledger.stops(contract) if not stop.over(moment)]
    coming = [
        f"{named(stop)} is closed from {day_of(stop.since)} on" for stop in left if _closes(stop, number)
    ]
    return Restored(
        moment=moment,
        resumed=resumed,
        notes=(*_what_is_left(number, resumed.ended, left, moment), *coming),
    )


def in_force(versions: Sequence[ContractVersion], contract: str, moment: datetime) -> Contract:
    """The contract as it stands at that moment; FlowError where there is none, or it is not in force."""
    if not versions:
        raise FlowError(f"there is no contract {contract} in the ledger; `seatline contract list` shows all")
    day = moment.astimezone(SHANGHAI).date()
    standing = version_in_force(versions, day)
    if standing is None:
        term = versions[-1].contract.term
        raise FlowError(
            f"contract {contract} is not in force on {day}: its term runs from {term.first} to {term.last}. "
            "Give a day of its term with --on."
        )
    return standing.contract


def long_number(contract: Contract, text: str, moment: datetime) -> str:
    """The long number of the seat that is called so: by its long, its short or its second number."""
    wanted = text.strip()
    for seat in contract.site.seats:
        if wanted in (seat.long_number, seat.short_number, seat.second_number):
            return seat.long_number
    raise FlowError(
        f"contract {contract.id} has no seat {text!r} on {day_of(moment)}; "
        f"`seatline lookup {contract.id}` lists its seats"
    )


def _stopped_seat(contract: Contract, text: str, stops: Sequence[Stop], moment: datetime) -> str:
    """The seat that is called so, or one that left the contract and is stopped still."""
    left = text.strip()
    if any(stop.seat == left and not stop.over(moment) for stop in stops):
        return left
    return long_number(contract, text, moment)


def day_of(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).date().isoformat()


def named(stop: Stop) -> str:
    return f"contract {stop.contract}" if stop.seat is None else f"seat {stop.seat} of {stop.contract}"


def _closes(stop: Stop, number: str | None) -> bool:
    """Whether a stop is the end of that seat, or of the contract that it is of."""
    return stop.why == CLOSED and stop.seat in (None, number)


def _covers(known: Stop, made: Stop) -> bool:
    """Whether a stop that goes on says all that another one says."""
    return (
        known.seat == made.seat
        and known.why == made.why
        and known.until is None
        and known.since <= made.since
        and known.way in (made.way, "both")
    )


def _not_billed(ledger: Ledger, contract: str, moment: datetime, now: datetime) -> None:
    """Raises FlowError for a moment in a cycle whose bill is closed, or before one."""
    cycle, last = (Cycle.of(each.astimezone(SHANGHAI).date()) for each in (moment, now))
    closed = None
    while (cycle.year, cycle.month) <= (last.year, last.month):
        if ledger.bill(contract, cycle) is not None:
            closed = cycle
        cycle = cycle.next()
    if closed is not None:
        raise FlowError(
            f"contract {contract}: its bill of {closed} is closed, and what happened before would never be "
            f"billed. Give a day from {closed.next().first} on with --on."
        )


def _backdated(moment: datetime, now: datetime) -> list[str]:
    if day_of(moment) >= day_of(now):
        return []
    return [
        f"from a day that is over, {day_of(moment)}: bills count from it, calls made since stay as they are"
    ]


def _until(stop: Stop) -> str:
    return day_of(stop.until) if stop.until is not None else "no day"


def _what_is_left(
    number: str | None, ended: Sequence[Stop], left: Sequence[Stop], moment: datetime
) -> list[str]:
    """What a person has to know who thinks that the telephones work again."""
    said = []
    if any(stop.why == COMPLAINT for stop in ended):
        said.append(
            "a complaint had stopped it, and its three working days are not over: this ends it by hand"
        )
    if number is not None and any(stop.seat is None and stop.in_force(moment) for stop in left):
        said.append("the whole contract is stopped still: resume it without --seat")
    if number is None and (
        own := sorted({s.seat for s in left if s.seat is not None and s.in_force(moment)})
    ):
        shown = ", ".join(own[:5]) + (", ..." if len(own) > 5 else "")
        said.append(f"stopped still, each by a decision of its own: {shown}; resume them with --seat")
    return said
