"""Gives a seat's number, or a whole contract's numbers, back for good (销户).

The number leaves the contract by a version of its own and is stopped until then; for ninety days nobody gets
it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from provisioning.core.contract import Contract, ContractVersion
from provisioning.core.cycle import SHANGHAI
from provisioning.core.site import Seat
from provisioning.core.status import CLOSED, ClosedNumber, Stop, midnight
from provisioning.flows.change_contract import propose_change
from provisioning.flows.choose_day import changed_from
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Ledger
from provisioning.flows.suspend_service import in_force, long_number

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What a closing did: the numbers given back, and the version of the contract that is without them."""

    numbers: tuple[ClosedNumber, ...]
    stop: Stop
    version: ContractVersion
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """Who closes, when, and into which ledger."""

    ledger: Ledger
    now: datetime
    who: str
    new_secret: Callable[[], str]

    @property
    def today(self) -> date:
        return self.now.astimezone(SHANGHAI).date()

    def first_day_without(self, on: date | None) -> date:
        """The first day on which the number is nobody's; closed today, it is charged to the day's end."""
        return self.today + _DAY if on is None or on == self.today else on

    def stop(self, contract: str, seat: str | None, on: date | None, free: date) -> Stop:
        """Stops at once, or with the first day; over when the number may be somebody's again."""
        at_once = on is None or on == self.today
        since = self.now if at_once else midnight(on or self.today)
        return Stop(contract=contract, seat=seat, way="both", since=since, until=midnight(free), why=CLOSED)


def close_seat(contract: str, seat: str, *, on: date | None, clerk: Clerk) -> Closed:
    """Closes one seat; FlowError where there is none, or the contract cannot be without it."""
    first = clerk.first_day_without(on)
    mine = clerk.ledger.versions(contract)
    last = midnight(first - _DAY)
    standing = in_force(mine, contract, last)
    number = long_number(standing, seat, last)
    _not_closed(clerk.ledger, contract, number, first)
    if len(standing.site.seats) == 1:
        raise FlowError(
            f"{number} is the only seat of contract {contract}: close the contract, without --seat"
        )
    proposal = propose_change(
        contract,
        f"seatline close {contract} --seat {number}",
        read=lambda path, limit: f"操作,长号\n删除,{number}\n".encode(),
        ledger=clerk.ledger,
        today=clerk.today,
        effective=first,
        force=True,
    )
    if proposal.contract is None:
        told = [f"{one.message}: {one.hint}" for one in proposal.problems]
        raise FlowError("\n".join([f"contract {contract} cannot be without {number}:", *told]))
    (gone,) = (one for one in standing.site.seats if one.long_number == number)
    numbers = tuple(ClosedNumber.of(contract, one, first) for one in _numbers([gone]))
    stop = clerk.stop(contract, number, on, numbers[0].free)
    recorded = clerk.ledger.close_numbers(
        numbers,
        stop,
        [(proposal.contract, first), *proposal.carried],
        new_secret=clerk.new_secret,
        at=clerk.now,
        who=clerk.who,
        expected={contract: (proposal.standing, *proposal.later)},
        remade=[contract] if proposal.later else [],
    )
    return Closed(numbers=numbers, stop=stop, version=recorded[0], notes=proposal.followed)


def _not_closed(ledger: Ledger, contract: str, number: str, first: date) -> None:
    """Raises FlowError for a number whose closing is recorded and not over yet."""
    for known in ledger.closed_numbers(contract):
        if known.number == number and known.free > first:
            raise FlowError(
                f"{number} is closed already, from {known.closed} on, and free again from {known.free} on. "
                "Nothing was recorded."
            )


def close_contract(contract: str, *, on: date | None, clerk: Clerk) -> Closed:
    """Closes a contract: its term ends with the last day of service, its numbers rest.

    FlowError where there is none, where it is over by then, and where bills after that day are closed.
    """
    first = clerk.first_day_without(on)
    last = first - _DAY
    mine = clerk.ledger.versions(contract)
    in_force(mine, contract, midnight(last))
    standing, *later = changed_from(mine, last, clerk.today)
    ended = _ended(standing.contract, last)
    site = ended.site
    main = [site.main_number] if site.main_number is not None else []
    found = dict.fromkeys([*_numbers(site.seats), *main])
    numbers = tuple(ClosedNumber.of(contract, number, first) for number in found)
    stop = clerk.stop(contract, None, on, first if not numbers else numbers[0].free)
    recorded = clerk.ledger.close_numbers(
        numbers,
        stop,
        [(ended, last)],
        new_secret=clerk.new_secret,
        at=clerk.now,
        who=clerk.who,
        expected={contract: (standing, *later)},
        remade=[contract] if later else [],
    )
    notes = [
        f"version {one.number}, to come from {one.effective} on, comes no more; the audit keeps it"
        for one in later
    ]
    return Closed(numbers=numbers, stop=stop, version=recorded[0], notes=tuple(notes))


def _ended(contract: Contract, last: date) -> Contract:
    """The contract with that last day, and no renewal."""
    if contract.term == replace(contract.term, last=last, renewal_months=0):
        raise FlowError(f"contract {contract.id} ends on {last} in any case: there is nothing to close")
    return replace(contract, term=replace(contract.term, last=last, renewal_months=0))


def _numbers(seats: Iterable[Seat]) -> Iterator[str]:
    for seat in seats:
        yield seat.long_number
        if seat.second_number is not None:
            yield seat.second_number
