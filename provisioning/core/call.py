"""A call as a contract sees it, and what it costs (通话, 批价)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from provisioning.core.contract import Zone
from provisioning.core.cycle import Cycle


class Direction(StrEnum):
    OUTGOING = "outgoing"
    INCOMING = "incoming"


class Outcome(StrEnum):
    """What became of a collected record when it was rated.

    RATED: charged. FREE: nothing to pay, with the reason. UNRATED: it belongs to nobody we know, or has no
    price. REVIEW: the record contradicts itself, a person has to look.
    """

    RATED = "rated"
    FREE = "free"
    UNRATED = "unrated"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedCall:
    """One call record with whose it is, what it is and what it costs, and why (批价话单).

    `number_class` and `zone` are None where the call could not be classified; `zone` is also None for
    incoming and emergency calls, which have no zone. `microseconds` is the charged duration as the tariff
    measures it. `amount` is exact (unrounded) when the contract rounds
    on the bill, else whole fen. `cycle` is the month of the answer in Asia/Shanghai, None if not answered.
    """

    outcome: Outcome
    reason: str
    contract: str | None = None
    version: int | None = None
    seat: str | None = None
    direction: Direction | None = None
    other: str | None = None
    number_class: str | None = None
    zone: Zone | None = None
    day: date | None = None
    cycle: Cycle | None = None
    microseconds: int = 0
    increments: int = 0
    rate: Decimal | None = None
    amount: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if self.outcome is not Outcome.RATED and self.amount != 0:
            raise ValueError(f"a {self.outcome} call costs nothing")
        if not self.reason:
            raise ValueError("a rated call says why it costs what it costs")
