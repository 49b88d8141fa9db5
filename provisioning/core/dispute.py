"""A customer's objection to what calls or fees of a month cost, until it is decided (争议).

While it is open the records of its month are kept, and what it is about keeps its price and stands on the
bill without being asked for. Its end is a credit on the next bill, or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from provisioning.core.call import Direction, RatedCall
from provisioning.core.cycle import Cycle

INCOMING = "incoming"
"""What incoming calls stand under on a bill, as others do under their zone."""


class Result(StrEnum):
    """How a dispute ended: the customer was right, or not (争议成立, 争议不成立)."""

    UPHELD = "upheld"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What of a contract's month is disputed: a zone's calls, one call, a number's, a fee, or all calls.

    At most one of them is set. `record` is the ledger's number of a call record, `number` that of a seat or
    of whom it talked to, `item` a fee as the contract names it.
    """

    zone: str | None = None
    record: int | None = None
    number: str | None = None
    item: str | None = None

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.zone, self.record, self.number, self.item)) > 1:
            raise ValueError("a dispute is about a zone, a call, a number or a fee: one of them")

    def touches(self, record: int, call: RatedCall) -> bool:
        """Whether that call of the contract and month is disputed."""
        if self.item is not None:
            return False
        if self.zone is not None:
            return zone_of(call) == self.zone
        if self.number is not None:
            return self.number in (call.seat, call.other)
        return self.record is None or self.record == record

    @property
    def for_the_audit(self) -> str:
        """As the audit says it, which is kept when calls and whom they were with are not."""
        return f"number {masked(self.number)}" if self.number is not None else str(self)

    def __str__(self) -> str:
        """As a person says it."""
        said = {"zone": self.zone, "call": self.record, "number": self.number, "fee": self.item}
        return next((f"{what} {value}" for what, value in said.items() if value is not None), "all calls")


def masked(number: str) -> str:
    """The end of a number: enough to recognise it, not to call it."""
    return f"...{number[-4:]}"


def zone_of(call: RatedCall) -> str | None:
    """The name of the line on which a call stands; None for one that stands on none."""
    if call.zone is not None:
        return call.zone.value
    return INCOMING if call.direction is Direction.INCOMING else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFound:
    """A rated call with its record's number and key; `billed` is the month of the closed bill it is on."""

    record: int
    switch: str
    uniqueid: str
    sequence: int
    start: int
    billed: Cycle | None
    call: RatedCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How a dispute was decided: by whom, when, why; `credit` is what the customer gets back (争议处理).

    `billed` is the month on whose bill the credit stands, None until that is closed.
    """

    result: Result
    why: str
    at: datetime
    who: str
    credit: Decimal = Decimal(0)
    billed: Cycle | None = None

    def __post_init__(self) -> None:
        if self.credit < 0 or (self.result is Result.REJECTED and self.credit):
            raise ValueError("an upheld dispute may have a credit, a rejected one has none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """One dispute (争议单). `calls` and `amount` are what it was about when it was opened; of a closed one,
    when it was closed. `closing` None: it is open."""

    id: int
    contract: str
    cycle: Cycle
    about: About
    why: str
    at: datetime
    who: str
    calls: int
    amount: Decimal
    closing: Closing | None = None

    @property
    def is_open(self) -> bool:
        return self.closing is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What an upheld dispute gives back, on one bill and no other (争议退费). The amount is above zero."""

    dispute: int
    cycle: Cycle
    zone: str | None
    amount: Decimal


def credit_of(dispute: Dispute) -> Credit | None:
    """The credit of a dispute that stands on no closed bill yet; None where there is none to give."""
    closing = dispute.closing
    if closing is None or closing.billed is not None or not closing.credit:
        return None
    return Credit(dispute=dispute.id, cycle=dispute.cycle, zone=dispute.about.zone, amount=closing.credit)
