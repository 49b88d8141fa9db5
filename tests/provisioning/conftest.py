"""Small makers of contracts and call records; each fills in what does not matter to the test."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from pbx.cdr import Cdr
from provisioning.charging.directory import Directory
from provisioning.core.contract import (
    Billing,
    CallTariff,
    Contract,
    ContractVersion,
    Customer,
    Operator,
    Policy,
    Stated,
    Term,
    Zone,
)
from provisioning.core.cycle import SHANGHAI
from provisioning.core.site import Seat, Site

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RATES = {
    Zone.INTERNAL: Decimal("0"),
    Zone.LOCAL: Decimal("0.06"),
    Zone.DOMESTIC: Decimal("0.06"),
    Zone.SERVICE: Decimal("0.06"),
    Zone.HMT: None,
    Zone.INTERNATIONAL: None,
}


def instant(text):
    """Microseconds since 1970 of a wall time in Shanghai."""
    moment = datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    return (moment - EPOCH) // timedelta(microseconds=1)


def tariff(rates=RATES, *, increment=60, incoming="0", duration="exact", allowance=None):
    return CallTariff(
        increment=increment, rates=rates, incoming=Decimal(incoming), duration=duration, allowance=allowance
    )


def seat(long_number, short_number=None, **more):
    return Seat(long_number=long_number, short_number=short_number, **more)


SEATS = (seat("08702120001", "6001"), seat("08702120002", "6002"), seat("08702120003", "6003"))


def contract(
    id="zhaotong",
    *,
    first=date(2025, 7, 1),
    last=date(2025, 12, 31),
    renewal_months=0,
    starts=None,
    calls=None,
    no_calls=False,
    rounding="call",
    recurring=(),
    once=(),
    area_code="0870",
    seats=SEATS,
    main_number=None,
):
    return Contract(
        id=id,
        customer=Customer(name="昭通市某办公室"),
        operator=Operator(name="某运营商"),
        term=Term(first=first, last=last, renewal_months=renewal_months),
        billing=Billing(starts=starts or first, rounding=rounding),
        recurring=tuple(recurring),
        once=tuple(once),
        stated=Stated(),
        calls=None if no_calls else (calls or tariff()),
        messages=None,
        payers=(),
        policy=Policy(),
        site=Site(name=id, area_code=area_code, seats=tuple(seats), main_number=main_number),
    )


def version(of=None, *, number=1, effective=None, **changes):
    made = of or contract(**changes)
    return ContractVersion(contract=made, number=number, effective=effective or made.term.first)


def cdr(
    answer="2025-07-10 10:00:00",
    *,
    seconds=61,
    microseconds=None,
    ring=5,
    src="08702120001",
    dst="13800138000",
    accountcode="08702120001",
    disposition="ANSWERED",
    exact=True,
    **changes,
):
    """A record answered at a wall time in Shanghai (an instant in microseconds does too)."""
    at = instant(answer) if isinstance(answer, str) else answer
    lasted = seconds * 1_000_000 if microseconds is None else microseconds
    fields = {
        "accountcode": accountcode,
        "src": src,
        "dst": dst,
        "dcontext": "seatline-zhaotong-a",
        "clid": f'"" <{src}>',
        "channel": "PJSIP/seat-08702120001-00000001",
        "dstchannel": "PJSIP/line-zhaotong-00000002",
        "lastapp": "Dial",
        "lastdata": "",
        "start": at - ring * 1_000_000,
        "answer": at,
        "end": at + lasted,
        "duration": (lasted + ring * 1_000_000) // 1_000_000,
        "billsec": lasted // 1_000_000,
        "disposition": disposition,
        "amaflags": "DOCUMENTATION",
        "uniqueid": "pbx-1752112800.1",
        "userfield": "",
        "peeraccount": "",
        "linkedid": "pbx-1752112800.1",
        "sequence": 1,
        "exact": exact,
        "raw": b"",
    }
    return Cdr(**{**fields, **changes})


def directory(*versions):
    return Directory(versions or (version(),))


@pytest.fixture(scope="session")
def make():
    return SimpleNamespace(
        RATES=RATES,
        SEATS=SEATS,
        instant=instant,
        tariff=tariff,
        seat=seat,
        contract=contract,
        version=version,
        cdr=cdr,
        directory=directory,
    )
