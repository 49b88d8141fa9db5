"""Contracts, records and batches to fill a ledger with: each a function with defaults for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from pbx import cdr_csv, cdr_json
from pbx.cdr import Cdr
from pbx.cdr_lines import parse
from provisioning.core.call import Direction, Outcome, RatedCall
from provisioning.core.contract import (
    Billing,
    CallTariff,
    Contract,
    Customer,
    Operator,
    Policy,
    Stated,
    Term,
    Zone,
)
from provisioning.core.cycle import Cycle
from provisioning.core.site import Seat, Site
from provisioning.flows.ports import Batch, SourceState

NOW = datetime(2025, 11, 20, 8, 0, 0, 123456, tzinfo=UTC)
START = 1_752_000_000_000_000
"""2025-07-08 18:40 GMT, in microseconds."""


def contract(
    name: str = "zhaotong-2025",
    *,
    seats: Iterable[Seat | str] = ("08702120001", "08702120002"),
    site: str = "zhaotong",
    term: tuple[date, date] = (date(2025, 7, 1), date(2025, 12, 31)),
    renewal: int = 0,
    area: str = "0870",
    rate: str = "0.06",
) -> Contract:
    return Contract(
        id=name,
        customer=Customer(name="某办公室"),
        operator=Operator(name="某运营商"),
        term=Term(first=term[0], last=term[1], renewal_months=renewal),
        billing=Billing(starts=term[0]),
        recurring=(),
        once=(),
        stated=Stated(),
        calls=CallTariff(increment=60, rates={Zone.LOCAL: Decimal(rate)}, incoming=Decimal(0)),
        messages=None,
        payers=(),
        policy=Policy(),
        site=Site(
            name=site,
            area_code=area,
            seats=tuple(s if isinstance(s, Seat) else Seat(long_number=s) for s in seats),
        ),
    )


def record(number: int = 1, **changes: Any) -> Cdr:
    start = START + number * 60_000_000
    given: dict[str, Any] = {
        "accountcode": "08702120001",
        "src": "08702120001",
        "dst": "13800138000",
        "dcontext": "seatline-zhaotong-a",
        "clid": '"办公室" <08702120001>',
        "channel": f"PJSIP/seat-08702120001-{number:08x}",
        "dstchannel": f"PJSIP/line-zhaotong-{number:08x}",
        "lastapp": "Dial",
        "lastdata": "PJSIP/+8613800138000@line-zhaotong,60",
        "start": start,
        "answer": start + 5_000_001,
        "end": start + 65_000_002,
        "duration": 65,
        "billsec": 60,
        "disposition": "ANSWERED",
        "amaflags": "DOCUMENTATION",
        "uniqueid": f"pbx-1752000000.{number}",
        "userfield": "",
        "peeraccount": "",
        "linkedid": f"pbx-1752000000.{number}",
        "sequence": number,
        "exact": True,
        "raw": b"",
    }
    return lined(Cdr(**{**given, **changes}))


def lined(made: Cdr) -> Cdr:
    """The record as it is read from the line that its switch would have written of it."""
    return parse(cdr_json.render(made) if made.exact else cdr_csv.render(made))


def source(offset: int = 100, *, path: str = "/records/seatline.json", inode: int = 7) -> SourceState:
    return SourceState(
        switch="pbx",
        path=path,
        inode=inode,
        offset=offset,
        prefix_length=64,
        prefix_sha256="ab" * 32,
        tail_sha256="cd" * 32,
    )


def batch(*new: Cdr, offset: int = 100, **more: Any) -> Batch:
    return Batch(source=source(offset), new=new, **more)


def verdict(outcome: Outcome = Outcome.RATED, **changes: Any) -> RatedCall:
    given: dict[str, Any] = {
        "outcome": outcome,
        "reason": "domestic at 0.06",
        "contract": "zhaotong-2025",
        "version": 1,
        "seat": "08702120001",
        "direction": Direction.OUTGOING,
        "other": "13800138000",
        "number_class": "mobile",
        "zone": Zone.DOMESTIC,
        "day": date(2025, 7, 9),
        "cycle": Cycle(2025, 7),
        "microseconds": 60_000_001,
        "increments": 2,
        "rate": Decimal("0.06"),
        "amount": Decimal("0.12") if outcome is Outcome.RATED else Decimal(0),
    }
    return RatedCall(**{**given, **changes})


def secrets_maker() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"CANARYsecret{next(numbers):012d}"


@pytest.fixture(scope="session")
def sample() -> SimpleNamespace:
    """The makers of sample values."""
    return SimpleNamespace(
        contract=contract,
        record=record,
        lined=lined,
        source=source,
        batch=batch,
        verdict=verdict,
        seat=Seat,
        now=NOW,
        who="clerk@office",
        secrets_maker=secrets_maker,
    )


@pytest.fixture
def add(sample: SimpleNamespace) -> Callable[..., Any]:
    """Records contracts in a ledger: (ledger, (contract, day), ...)."""
    make = secrets_maker()

    def added(ledger: Any, *additions: Any) -> Any:
        return ledger.record_versions(additions, new_secret=make, at=NOW, who=sample.who)

    return added
