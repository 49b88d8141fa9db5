"""A contract to plan from, varied by the tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

import pytest

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
from provisioning.core.site import Ims, Seat, Site

Make = Callable[..., Contract]
IMS = Ims(domain="ims.example.net", proxy="sip:192.0.2.1:5060")


def make_contract(
    seats: Sequence[Seat] | int = 3,
    *,
    open_zones: Sequence[Zone] = (Zone.INTERNAL, Zone.LOCAL),
    ims: Ims | None = IMS,
    main_number: str | None = None,
    priced: bool = True,
) -> Contract:
    if isinstance(seats, int):
        seats = [Seat(long_number=f"0870212{n:04}", short_number=f"6{n:04}") for n in range(1, seats + 1)]
    rates: dict[Zone, Decimal | None] = dict.fromkeys(Zone)
    rates.update({zone: Decimal("0.06") for zone in open_zones})
    return Contract(
        id="zhaotong-2025",
        customer=Customer(name="某办公室"),
        operator=Operator(name="中国移动"),
        term=Term(first=date(2025, 7, 1), last=date(2025, 12, 31)),
        billing=Billing(starts=date(2025, 7, 1)),
        recurring=(),
        once=(),
        stated=Stated(),
        calls=CallTariff(increment=60, rates=rates, incoming=Decimal(0)) if priced else None,
        messages=None,
        payers=(),
        policy=Policy(),
        site=Site(name="zhaotong", area_code="0870", seats=tuple(seats), ims=ims, main_number=main_number),
    )


@pytest.fixture(scope="session")
def make() -> Make:
    """Builds a contract of site zhaotong: `make(69)`, `make(seats, open_zones=...)`."""
    return make_contract
