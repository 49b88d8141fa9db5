"""Closed bills: stored once, for good, with the calls on them (出账)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, false, insert, select, update

from provisioning.core.cycle import Cycle
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import StoredBill
from provisioning.store import rated, trail
from provisioning.store.portions import portions
from provisioning.store.tables import bill, call_record, rated_call


def find(connection: Connection, contract: str, cycle: Cycle) -> StoredBill | None:
    """The closed bill of that cycle, exactly as it was closed; None while it is open."""
    asked = select(bill).where(bill.c.contract == contract, bill.c.cycle == str(cycle))
    row = connection.execute(asked).first()
    if row is None:
        return None
    return StoredBill(contract=contract, cycle=cycle, document=row.document, closed_at=row.closed_at)


def close(
    connection: Connection,
    closed: StoredBill,
    *,
    calls: Sequence[int],
    amount: Decimal,
    who: str,
    credits: Mapping[int, Decimal] = {},
) -> None:
    """Stores the bill for good and marks the records on it, which together cost that amount, and the
    disputes whose credits are on it.

    Raises FlowError when that cycle is closed already, when a call of it waits to be rated, or when a call
    stands on another bill, belongs to another contract or costs something else by now: then the bill was
    made from something that has changed, and is to be made again.
    """
    name = f"bill {closed.contract} {closed.cycle}"
    if find(connection, closed.contract, closed.cycle) is not None:
        raise FlowError(f"{name}: closed already, and a closed bill stays as it is.")
    wanted = tuple(dict.fromkeys(calls))
    stale = rated.unsettled(connection, closed.contract, closed.cycle)
    if stale or _sum_of(connection, closed.contract, wanted) != amount:
        raise FlowError(
            f"{name}: its calls have changed meanwhile. Nothing was closed; "
            "run `seatline rate` and make the bill again."
        )
    document = dict(closed.document)
    row = {
        "contract": closed.contract,
        "cycle": str(closed.cycle),
        "document": document,
        "sha256": digest(document),
        "calls": len(wanted),
        "calls_amount": amount,
        "closed_at": closed.closed_at,
        "closed_by": who,
    }
    made = connection.execute(insert(bill).values(**row)).inserted_primary_key
    assert made is not None
    for some in portions(wanted):
        connection.execute(update(rated_call).where(rated_call.c.record.in_(some)).values(bill=made[0]))
        kept = update(call_record).where(call_record.c.id.in_(some), call_record.c.settled.is_(false()))
        connection.execute(kept.values(settled=True))  # those whose price a dispute kept: now it is for good
    if credits:
        from provisioning.store import disputes

        disputes.put_on_bill(connection, credits, made[0])
    detail = {"cycle": str(closed.cycle), "calls": len(wanted), "sha256": row["sha256"]}
    trail.note(
        connection,
        event="bill-closed",
        subject=closed.contract,
        detail=detail,
        at=closed.closed_at,
        who=who,
    )


def digest(document: Mapping[str, Any]) -> str:
    """The digest of a bill's content, whatever the order of its keys."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _sum_of(connection: Connection, contract: str, calls: Sequence[int]) -> Decimal | None:
    """The exact amounts of these records together; None unless all are the contract's and on no bill."""
    total, found = Decimal(0), 0
    for some in portions(calls):
        asked = select(rated_call.c.amount).where(
            rated_call.c.record.in_(some),
            rated_call.c.contract == contract,
            rated_call.c.bill.is_(None),
        )
        for amount in connection.execute(asked).scalars():
            total += amount
            found += 1
    return total if found == len(calls) else None
