"""Opens a dispute over calls or fees of a contract's month, and closes it with a credit or none (争议处理).

While it is open the month's records are kept, and what it is about keeps its price and is on the bill
without being asked for. A credit stands on the next bill of the contract that is closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from provisioning.charging.disputed import FEES, disputed_lines, touched
from provisioning.core.call import RatedCall
from provisioning.core.contract import ContractVersion, Zone
from provisioning.core.cycle import Cycle
from provisioning.core.dispute import INCOMING, About, CallFound, Closing, Dispute, Result
from provisioning.core.money import round_fen
from provisioning.flows.errors import FlowError
from provisioning.flows.make_bill import bill_of_cycle
from provisioning.flows.ports import Ledger

ZONES = (*(zone.value for zone in Zone), INCOMING)
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A dispute to be opened: what about, how many calls and how much, and the records it touches."""

    contract: str
    cycle: Cycle
    about: About
    calls: int
    amount: Decimal
    records: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person says is disputed, as it was said; `call` is a record's number or its unique id."""

    contract: str
    cycle: Cycle | None = None
    zone: str | None = None
    call: str | None = None
    number: str | None = None
    item: str | None = None


class DisputeBook(Ledger, Protocol):
    """What disputes ask of the ledger besides; each method is one transaction."""

    def cycles_with_calls(
        self, contract: str, *, uniqueid: str | None = None, record: int | None = None
    ) -> Sequence[Cycle]:
        """The months in which a contract has answered calls; with a key only those of that call."""
        ...

    def open_disputes(
        self, openings: Sequence[Opening], why: str, *, at: datetime, who: str
    ) -> tuple[Dispute, ...]:
        """Opens all of them or none. FlowError where one about the same is open."""
        ...

    def close_dispute(
        self,
        closed: Dispute,
        how: Closing,
        *,
        held: Mapping[int, Sequence[int]],
        calls: int,
        amount: Decimal,
    ) -> Dispute:
        """Closes it; `held` are the records that the month's other open disputes go on to keep."""
        ...


def open_dispute(book: DisputeBook, wish: Wish, why: str, *, now: datetime, who: str) -> tuple[Dispute, ...]:
    """Opens a dispute; without a month one for each month that has such calls.

    FlowError where there is nothing such to be disputed, or no reason is given.
    """
    if not why.strip():
        raise FlowError("say why it is disputed: --why TEXT; it stands in the audit and on the bill")
    wish = _by_long_number(book, wish)
    openings = tuple(_openings(book, wish, now, who))
    if not openings:
        raise FlowError(_nothing(book, wish))
    return book.open_disputes(openings, why.strip(), at=now, who=who)


def close_dispute(
    book: DisputeBook,
    number: int,
    result: Result,
    why: str,
    *,
    credit: Decimal | None = None,
    now: datetime,
    who: str,
) -> Dispute:
    """Closes a dispute. An upheld one gives back what it was about, or less where `credit` says so.

    FlowError for one that is not there or closed, and for a credit of more than it is about.
    """
    if not why.strip():
        raise FlowError("say why it ends so: --why TEXT; it stands in the audit")
    closed = next((one for one in book.disputes() if one.id == number), None)
    if closed is None:
        raise FlowError(f"there is no dispute {number}; `seatline dispute list` shows all")
    if closed.closing is not None:
        raise FlowError(
            f"dispute {number} was closed on {closed.closing.at:%Y-%m-%d} by {closed.closing.who}: "
            f"{closed.closing.result}"
        )
    versions = book.versions(closed.contract)
    calls = _numbered(book.calls_found(closed.contract, closed.cycle))
    fees = _fees(book, closed.contract, closed.cycle, now, who)
    count, amount = _figures(versions, calls, fees, [closed])
    others = [
        one for one in book.disputes(closed.contract) if one.cycle == closed.cycle and one.id != closed.id
    ]
    given = _credit(result, credit, amount, _left(versions, calls, fees, closed, others))
    held = {one.id: tuple(sorted(touched([one], calls))) for one in others if one.is_open}
    how = Closing(result=result, why=why.strip(), at=now, who=who, credit=given)
    return book.close_dispute(closed, how, held=held, calls=count, amount=amount)


def calls_meant(book: DisputeBook, wish: Wish, *, now: datetime, who: str) -> tuple[CallFound, ...]:
    """The calls of a month that such a dispute would be about; the audit notes who looked, before they are
    shown."""
    wish = _by_long_number(book, wish)
    if wish.cycle is None:
        raise FlowError("say of which month: --cycle 2025-07")
    _check_zone(wish)
    found = book.calls_found(wish.contract, wish.cycle)
    about = _about(wish, found)
    meant = tuple(one for one in found if about is not None and about.touches(one.record, one.call))
    if not meant:
        raise FlowError(_nothing(book, wish))
    told = None if about is None else about.for_the_audit
    detail = {"cycle": str(wish.cycle), "about": told, "calls": len(meant)}
    book.audit(event="calls-looked-at", subject=wish.contract, detail=detail, at=now, who=who)
    return meant


def _by_long_number(book: DisputeBook, wish: Wish) -> Wish:
    """A seat that is said by its short number, as its calls have it (短号)."""
    seats = (seat for one in book.versions(wish.contract) for seat in one.contract.site.seats)
    long = {seat.long_number for seat in seats if wish.number and seat.short_number == wish.number}
    return replace(wish, number=long.pop()) if len(long) == 1 else wish


def _check_zone(wish: Wish) -> None:
    if wish.zone is not None and wish.zone not in ZONES:
        raise FlowError(f"there is no zone {wish.zone!r}; they are {', '.join(ZONES)}")


def _credit(result: Result, asked: Decimal | None, amount: Decimal, left: Decimal) -> Decimal:
    """What an upheld dispute gives back: what is asked for, or all that is left to give."""
    if result is Result.REJECTED:
        if asked:
            raise FlowError("a rejected dispute gives nothing back: leave --credit out, or say --upheld")
        return Decimal(0)
    if asked is not None and asked < 0:
        raise FlowError(f"a credit of {asked} CNY would be a charge: it is what the customer gets back")
    if asked is not None and asked != round_fen(asked):
        raise FlowError(f"a credit of {asked} CNY is no whole number of fen: a bill has two decimals")
    most = max(Decimal(0), min(amount, left))
    given = most if asked is None else asked
    if given > most:
        besides = "" if most == amount else f", and other disputes have given {amount - most:f} of it back"
        raise FlowError(f"the dispute is about {amount:f} CNY{besides}: a credit is at most {most:f}")
    return given


def _left(
    versions: Sequence[ContractVersion],
    calls: Sequence[tuple[int, RatedCall]],
    fees: Mapping[str, Decimal],
    closed: Dispute,
    others: Iterable[Dispute],
) -> Decimal:
    """What can still be given back of a month: nothing twice, though two disputes are about one call."""
    upheld = [one for one in others if one.closing is not None and one.closing.credit]
    together = _figures(versions, calls, fees, [closed, *upheld])[1]
    return together - sum((one.closing.credit for one in upheld if one.closing), Decimal(0))


def _openings(book: DisputeBook, wish: Wish, now: datetime, who: str) -> Iterable[Opening]:
    versions = book.versions(wish.contract)
    if not versions:
        raise FlowError(
            f"there is no contract {wish.contract} in the ledger; `seatline contract list` shows all"
        )
    _check_zone(wish)
    for cycle in _cycles(book, wish):
        found = book.calls_found(wish.contract, cycle)
        about = _about(wish, found)
        if about is None:
            continue
        calls = _numbered(found)
        fees = {} if about.item is None else _fees(book, wish.contract, cycle, now, who)
        if about.item is not None and about.item not in fees:
            known = ", ".join(fees) or "none"
            raise FlowError(
                f"the bill of {wish.contract} for {cycle} has no fee {about.item!r}; it has {known}"
            )
        records = [record for record, call in calls if about.touches(record, call)]
        if not records and about.item is None:
            continue
        lines = disputed_lines(versions, calls, frozenset(records))
        amount = sum((line.amount for line in lines), Decimal("0.00"))
        if about.item is not None:
            amount += fees[about.item]
        yield Opening(
            contract=wish.contract,
            cycle=cycle,
            about=about,
            calls=len(records),
            amount=amount,
            records=tuple(records),
        )


def _cycles(book: DisputeBook, wish: Wish) -> Sequence[Cycle]:
    if wish.cycle is not None:
        return (wish.cycle,)
    if wish.item is not None:
        raise FlowError("say of which month's bill: --cycle 2025-07")
    if wish.call is not None:
        uniqueid, _, record = _key(wish.call)
        return book.cycles_with_calls(wish.contract, uniqueid=uniqueid, record=record)
    return book.cycles_with_calls(wish.contract)


def _about(wish: Wish, found: Sequence[CallFound]) -> About | None:
    """What is disputed of a month with these calls; None where it has no such call."""
    if wish.call is not None:
        uniqueid, sequence, record = _key(wish.call)
        same = [
            one
            for one in found
            if one.record == record or (one.uniqueid == uniqueid and sequence in (None, one.sequence))
        ]
        if len(same) > 1:
            keys = ", ".join(str(one.record) for one in same[:_SHOWN])
            raise FlowError(f"call {wish.call} has {len(same)} records; say which, by its number: {keys}")
        return About(record=same[0].record) if same else None
    if wish.number is not None:
        forms = _forms(wish.number)
        number = next((n for one in found for n in (one.call.seat, one.call.other) if n in forms), None)
        return None if number is None else About(number=number)
    return About(zone=wish.zone, item=wish.item)


def _key(text: str) -> tuple[str | None, int | None, int | None]:
    """A call as a person names it: by its record's number, its unique id, or that and its sequence."""
    if re.fullmatch(r"[0-9]{1,18}", text):
        return None, None, int(text)
    uniqueid, _, sequence = text.partition("/")
    if sequence and not re.fullmatch(r"[0-9]{1,18}", sequence):
        raise FlowError(f"{text!r} is no call: write its number, its unique id, or UNIQUEID/SEQUENCE")
    return uniqueid, int(sequence) if sequence else None, None


def _forms(text: str) -> frozenset[str]:
    """A number as people write it, in national form: without separators and country (as complaints do)."""
    digits = re.sub(r"[^0-9]", "", text)
    rest = re.fullmatch(r"(?:00)?86([0-9]{8,})", digits)
    return frozenset({digits, *({rest[1], f"0{rest[1]}"} if rest else ())} - {""})


def _numbered(found: Iterable[CallFound]) -> tuple[tuple[int, RatedCall], ...]:
    return tuple((one.record, one.call) for one in found)


def _fees(book: DisputeBook, contract: str, cycle: Cycle, now: datetime, who: str) -> dict[str, Decimal]:
    """The fees on the bill of a month, closed or open, by item."""
    document: Mapping[str, Any] = bill_of_cycle(book, contract, cycle, close=False, now=now, who=who).document
    fees: dict[str, Decimal] = {}
    for line in (line for name in FEES for line in document[name]):
        fees[line["item"]] = fees.get(line["item"], Decimal(0)) + Decimal(line["amount"])
    return fees


def _figures(
    versions: Sequence[ContractVersion],
    calls: Sequence[tuple[int, RatedCall]],
    fees: Mapping[str, Decimal],
    disputes: Sequence[Dispute],
) -> tuple[int, Decimal]:
    """How many calls of a month these disputes are about, and how much together; nothing counts twice."""
    records = touched(disputes, calls)
    lines = disputed_lines(versions, calls, records)
    items = {one.about.item for one in disputes} - {None}
    paid = [amount for item, amount in fees.items() if item in items]
    return len(records), sum((line.amount for line in lines), sum(paid, Decimal("0.00")))


def _nothing(book: DisputeBook, wish: Wish) -> str:
    """Why there is nothing to dispute, and where to look."""
    about = {"zone": wish.zone, "call": wish.call, "number": wish.number}
    said = next((f" of {what} {value}" for what, value in about.items() if value is not None), "")
    when = f" in {wish.cycle}" if wish.cycle is not None else ""
    told = f"contract {wish.contract} has no rated call{said}{when}"
    gone = book.removed_count(wish.contract, wish.cycle) if wish.cycle is not None else 0
    if gone:
        return f"{told}: {gone} of its records were removed when their time was over"
    return f"{told}; `seatline dispute calls {wish.contract}{_cycle_option(wish)}` shows which there are"


def _cycle_option(wish: Wish) -> str:
    return f" --cycle {wish.cycle}" if wish.cycle is not None else " --cycle MONTH"
