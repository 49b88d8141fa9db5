"""A contract's document holds all of it: from the noun to JSON and back nothing is lost."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.core.contract import (
    Allowance,
    Billing,
    CallTariff,
    Contract,
    Customer,
    Due,
    LateFee,
    Messages,
    OneOff,
    Operator,
    Payer,
    Policy,
    Prorate,
    Recurring,
    Stated,
    Term,
    Zone,
)
from provisioning.core.document import from_document, to_document
from provisioning.core.site import Iad, Ims, Seat, ShortNumbers, Site, VoiceLine

amounts = st.decimals(min_value=0, max_value=10**6, places=4)
words = st.text(min_size=1, max_size=12)
seats = st.integers(min_value=1, max_value=9999).map(lambda n: f"0870212{n:04d}")


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    numbers = draw(st.lists(seats, min_size=1, max_size=4, unique=True))
    rates = {zone: draw(st.none() | amounts) for zone in draw(st.sets(st.sampled_from(Zone)))}
    return Contract(
        id="case-1",
        customer=Customer(name=draw(words), group_code=draw(st.none() | words)),
        operator=Operator(name=draw(words)),
        term=Term(first=date(2025, 7, 1), last=date(2025, 12, 31), renewal_months=draw(st.integers(0, 12))),
        billing=Billing(
            starts=date(2025, 7, 1),
            due=draw(st.none() | st.just(Due(days=30))),
            late_fee=draw(
                st.none() | st.builds(LateFee, rate=amounts, per=st.just("day"), of=st.just("arrears"))
            ),
        ),
        recurring=(
            Recurring(item="seat", name="座机", quantity=None, unit=draw(amounts), prorate=Prorate.DAY),
        ),
        once=(OneOff(item="setup", name="安装", total=draw(amounts), due=date(2025, 8, 31)),),
        stated=Stated(month=draw(st.none() | amounts)),
        calls=draw(
            st.none()
            | st.just(
                CallTariff(
                    increment=60,
                    rates=rates,
                    incoming=Decimal(0),
                    allowance=Allowance(minutes=1300, per="seat", zones=(Zone.LOCAL,)),
                )
            )
        ),
        messages=draw(st.none() | st.just(Messages(price=Decimal("0.04"), signature="【吉林医保】"))),
        payers=(Payer(seat=numbers[0], way="amount", amount=draw(amounts)),),
        policy=Policy(hours=draw(st.none() | st.just((480, 1140))), allow_list=draw(st.booleans())),
        site=Site(
            name="zhaotong",
            area_code="0870",
            seats=tuple(Seat(long_number=n, allowed=("110",), extra={"楼层": draw(words)}) for n in numbers),
            ims=draw(st.none() | st.just(Ims(domain="ims.example.net", proxy="sip:127.0.0.2:5070"))),
            short_numbers=ShortNumbers(digits=4, first="6"),
            voice_lines=(VoiceLine(bandwidth="100M"),),
            iads=(Iad(name="iad-1", model="x"),),
        ),
    )


@given(contracts())
def test_a_contract_survives_its_document(contract: Contract) -> None:
    """A contract read back from its document is the same contract."""
    through = json.loads(json.dumps(to_document(contract)))
    assert from_document(Contract, through) == contract


def test_a_document_with_an_unknown_field_is_refused() -> None:
    """A field nobody knows is an error, not silence."""
    with pytest.raises(ValueError, match="nickname"):
        from_document(Customer, {"name": "x", "nickname": "y"})


def test_a_document_of_another_kind_is_refused() -> None:
    """A number where text belongs is an error."""
    with pytest.raises(ValueError, match="does not fit"):
        from_document(Customer, {"name": 7})


def test_only_the_cores_values_have_a_document() -> None:
    """A float has no document form: amounts are Decimal."""
    with pytest.raises(TypeError, match="float"):
        to_document(1.5)
