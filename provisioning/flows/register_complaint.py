"""Registers a complaint about calls from a number: its service stops, and comes back by itself (投诉)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from provisioning.core.contract import Contract, ContractVersion, version_in_force
from provisioning.core.cycle import SHANGHAI
from provisioning.core.status import COMPLAINT, COMPLAINTS_A_MONTH, Complaint, Stop, after_complaint, alarms
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A complaint, the stop that it brings, and how many the contract has in its month.

    `alarm` says what more than ten in a month mean; None while there are no more.
    """

    complaint: Complaint
    stop: Stop | None
    in_month: int
    alarm: str | None


def register_complaint(
    number: str,
    *,
    about: str,
    received: datetime | None,
    way: str | None,
    is_working_day: Callable[[date], bool],
    ledger: Ledger,
    now: datetime,
    who: str,
) -> Registered:
    """Registers a complaint about a number of a contract in force, by default received now.

    `way` is how the service is stopped until three working days are over without another; None: not at all.
    A number that is the contract's no more has nothing to be stopped.
    FlowError for a number that is nobody's, and for a complaint of tomorrow.
    """
    at = received or now
    if at > now:
        raise FlowError("a complaint is registered when it has been received, not before")
    contract, seat = _whose(ledger.versions(), number, at)
    made = Complaint(contract=contract, number=seat, received=at, about=about)
    until = after_complaint(at, is_working_day)
    stop = None
    if way is not None and until > now and _served(ledger.versions(contract), seat, now):
        stop = Stop(contract=contract, seat=seat, way=way, since=now, until=until, why=COMPLAINT)
    ledger.register_complaint(made, stop, at=now, who=who)
    counted = ledger.complaints(contract)
    in_month = sum(one.month == made.month for one in counted)
    alarm = None
    if (contract, made.month) in alarms(counted):
        alarm = (
            f"contract {contract}: {in_month} complaints in {made.month}, more than {COMPLAINTS_A_MONTH}: "
            "the operator may end the service"
        )
        detail = {"month": str(made.month), "complaints": in_month}
        ledger.audit(event="complaints-alarm", subject=contract, detail=detail, at=now, who=who)
    return Registered(complaint=made, stop=stop, in_month=in_month, alarm=alarm)


def _served(versions: tuple[ContractVersion, ...], seat: str, now: datetime) -> bool:
    """Whether the seat is still one of its contract's: what has left cannot be stopped."""
    standing = version_in_force(versions, now.astimezone(SHANGHAI).date())
    return standing is not None and any(one.long_number == seat for one in standing.contract.site.seats)


def _whose(versions: tuple[ContractVersion, ...], text: str, at: datetime) -> tuple[str, str]:
    """The contract in force that has the number, and its seat; FlowError where none has."""
    day = at.astimezone(SHANGHAI).date()
    wanted = _forms(text)
    by_contract: dict[str, list[ContractVersion]] = {}
    for version in versions:
        by_contract.setdefault(version.contract.id, []).append(version)
    for id, mine in by_contract.items():
        standing = version_in_force(mine, day)
        if standing is None:
            continue
        for seat in _seats(standing.contract, wanted):
            return id, seat
        if standing.contract.site.main_number in wanted:
            raise FlowError(
                f"{standing.contract.site.main_number} is the main number of {id}, under which nobody calls "
                "out: name the number of the seat that called"
            )
    raise FlowError(f"no contract in force on {day} has the number {text!r}; `seatline lookup` finds numbers")


def _forms(text: str) -> frozenset[str]:
    """A number as people write it, in national form: without separators and country."""
    digits = re.sub(r"[^0-9]", "", text)
    rest = re.fullmatch(r"(?:00)?86([0-9]{8,})", digits)
    return frozenset({digits, *({rest[1], f"0{rest[1]}"} if rest else ())} - {""})


def _seats(contract: Contract, wanted: frozenset[str]) -> Iterator[str]:
    """The seats that show one of these numbers; whoever complains never sees a short one."""
    for seat in contract.site.seats:
        if seat.long_number in wanted or (seat.second_number or "") in wanted:
            yield seat.long_number
