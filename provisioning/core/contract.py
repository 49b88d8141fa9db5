"""A contract as the paper says it: parties, term, fees, call rates, policy and its site (合同)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType

from provisioning.core.site import Site


class Zone(StrEnum):
    """What a call is charged as; the keys of `calls.rates` (计费区)."""

    INTERNAL = "internal"
    LOCAL = "local"
    DOMESTIC = "domestic"
    SERVICE = "service"
    HMT = "hmt"
    INTERNATIONAL = "international"


class Prorate(StrEnum):
    """How a recurring fee is charged for a part of its period (按月, 按天, 按年, 一次性)."""

    MONTH = "month"
    DAY = "day"
    YEAR = "year"
    ONCE = "once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who signs; the same group code, or without one the same name, is the same customer (客户)."""

    name: str
    group_code: str | None = None

    @property
    def key(self) -> str:
        """One short word for all contracts of a customer, which tells nothing of it."""
        return sha256((self.group_code or self.name).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """First and last day, both included; `renewal_months` above 0: renewed so until ended (合同期限).

    `changes_by` is the day of a month by which a change is asked for to be in force on the 1st of the next
    one; a later one is in force a month after. None: a change is in force on any day.
    """

    first: date
    last: date
    renewal_months: int = 0
    notice_days: int | None = None
    changes_by: int | None = None

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a term ends before it begins")
        if self.changes_by is not None and not 1 <= self.changes_by <= 31:
            raise ValueError(f"changes are asked for by a day from 1 to 31, not {self.changes_by}")

    def change_day(self, asked: date) -> date:
        """The first day on which a change asked for that day may be in force (变更生效日)."""
        if self.changes_by is None:
            return asked
        months = asked.year * 12 + asked.month - 1 + (1 if asked.day <= self.changes_by else 2)
        return date(months // 12, months % 12 + 1, 1)

    def covers(self, day: date) -> bool:
        """Whether the contract is in force on that day."""
        return self.first <= day and (day <= self.last or self.renewal_months > 0)

    @property
    def months(self) -> int:
        """How many calendar months the stated term touches."""
        return (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When an invoice is to be paid; exactly one of the three is set (付款期限)."""

    days: int | None = None
    working_days: int | None = None
    day_of_month: int | None = None

    def __post_init__(self) -> None:
        if sum(x is not None for x in (self.days, self.working_days, self.day_of_month)) != 1:
            raise ValueError("due is one of days, working_days and day_of_month")


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFee:
    """A late fee: the rate, per day or month, of the arrears or of the contract amount (违约金)."""

    rate: Decimal
    per: str
    of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Billing:
    """How and when the customer is charged (结算).

    Use before `starts` is free (试用期). `rounding` says where amounts become whole fen: each call, or
    each zone's sum on the bill.
    """

    starts: date
    payment: str = "postpaid"
    invoice_every_months: int = 1
    due: Due | None = None
    late_fee: LateFee | None = None
    rounding: str = "call"
    reconcile_within: Decimal | None = None
    keep_months: int = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """A monthly fee: either so much a unit, or a total for all of them (月租).

    `quantity` None means the seats in service (据实结算).
    """

    item: str
    name: str
    quantity: Decimal | None
    unit: Decimal | None = None
    total: Decimal | None = None
    prorate: Prorate = Prorate.MONTH
    tax: Decimal | None = None

    def __post_init__(self) -> None:
        if (self.unit is None) == (self.total is None):
            raise ValueError(f"item {self.item} needs either unit or total")


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOff:
    """A fee charged once, in the cycle of its due day (一次性费用)."""

    item: str
    name: str
    total: Decimal
    due: date | None = None
    tax: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What the paper itself says a month and the whole term cost; None where it says nothing."""

    month: Decimal | None = None
    term: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """Minutes included in each cycle, used up in call order, per seat or for the contract (套餐内分钟数)."""

    minutes: int
    per: str
    zones: tuple[Zone, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTariff:
    """What calls cost: CNY a minute by zone, None where the zone is closed (资费).

    `increment` is in seconds: every started one counts, and an answered call has at least one. A zone
    that is not in `rates` at all has no price: such a call goes to the unrated ones, never to 0.
    """

    increment: int
    rates: Mapping[Zone, Decimal | None] = field(hash=False)
    incoming: Decimal
    duration: str = "exact"
    allowance: Allowance | None = None

    def __post_init__(self) -> None:
        if self.increment < 1:
            raise ValueError("an increment has at least one second")
        if self.duration not in ("exact", "whole"):
            raise ValueError(f"duration is exact or whole, not {self.duration!r}")
        object.__setattr__(self, "rates", MappingProxyType(dict(self.rates)))

    def is_open(self, zone: Zone) -> bool:
        return self.rates.get(zone) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """What a text message costs and how it is counted in parts (短信)."""

    price: Decimal
    characters: int = 70
    part_characters: int = 70
    signature: str | None = None
    list: str | None = None
    per_second: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """How the group pays for one member: an amount, a share, items or a fixed transfer (统付)."""

    seat: str
    way: str
    amount: Decimal | None = None
    share: Decimal | None = None
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the contract allows and forbids; None where it says nothing.

    `hours` is a pair of minutes after midnight in Asia/Shanghai between which seats may call out, on `days`
    ("mon-fri"; None: on all) and on none of `holidays`; with `call_backs_within` not asked of a call to
    somebody who called this contract in so many hours before. Zones in `zones_by_seat` have a rate and are
    open only to seats that name them. `calls_per_minute` is how quickly one seat may start calls,
    `calls_per_seat` how many it may have at once. `mobile_calls_out`: a seat's mobile may call with the
    seat's number.
    """

    calling_number: str = "contract-only"
    hours: tuple[int, int] | None = None
    days: str | None = None
    holidays: tuple[date, ...] = ()
    call_backs_within: int | None = None
    calls_per_number_per_day: int | None = None
    calls_per_callee_per_day: int | None = None
    calls_per_minute: int | None = None
    calls_per_seat: int | None = None
    zones_by_seat: tuple[Zone, ...] = ()
    mobile_calls_out: bool = False
    forwarding: str = "closed"
    recording_keep_days: int | None = None
    allow_list: bool = False
    max_call_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One contract, whole: what is provisioned, charged and answered from (合同).

    Built by `intake` from a checked file, or from the ledger's document of it; nothing here is guessed.
    `calls` None: the contract prices no calls, every answered outgoing call is unrated.
    """

    id: str
    customer: Customer
    operator: Operator
    term: Term
    billing: Billing
    recurring: tuple[Recurring, ...]
    once: tuple[OneOff, ...]
    stated: Stated
    calls: CallTariff | None
    messages: Messages | None
    payers: tuple[Payer, ...]
    policy: Policy
    site: Site

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9-]{1,64}", self.id):
            raise ValueError(f"not a contract id: {self.id!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractVersion:
    """A contract as it stands from a day on, until the next version's day (合同版本)."""

    contract: Contract
    number: int
    effective: date


def version_in_force(versions: Iterable[ContractVersion], day: date) -> ContractVersion | None:
    """The latest of one contract's versions effective by that day, if its term covers it, else None."""
    effective = [version for version in versions if version.effective <= day]
    if not effective:
        return None
    latest = max(effective, key=lambda version: (version.effective, version.number))
    return latest if latest.contract.term.covers(day) else None
