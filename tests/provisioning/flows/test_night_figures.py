"""The figures of a night."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from provisioning.flows.night_figures import Charge, money, plain, without_numbers


def charge(day: int, zone: str, calls: int, amount: str, contract: str = "zhaotong-2025") -> Charge:
    return Charge(
        contract=contract,
        day=date(2025, 11, day),
        zone=zone,
        calls=calls,
        microseconds=calls * 90_000_000,
        amount=Decimal(amount),
    )


def test_money_by_contract_and_zone() -> None:
    """Only the days asked for are summed, each zone and all of them together, exactly."""
    told = money(
        [
            charge(1, "local", 2, "0.12"),
            charge(2, "local", 1, "0.065"),
            charge(2, "domestic", 1, "0.1"),
            charge(3, "local", 9, "9"),
            charge(2, "local", 1, "1", "jilin-2025"),
        ],
        date(2025, 11, 1),
        date(2025, 11, 2),
    )
    assert told == [
        {
            "contract": "jilin-2025", "calls": 1, "minutes": "1.5", "amount": "1.00",
            "zones": [{"zone": "local", "calls": 1, "minutes": "1.5", "amount": "1.00"}],
        },
        {
            "contract": "zhaotong-2025", "calls": 4, "minutes": "6.0", "amount": "0.285",
            "zones": [
                {"zone": "domestic", "calls": 1, "minutes": "1.5", "amount": "0.10"},
                {"zone": "local", "calls": 3, "minutes": "4.5", "amount": "0.185"},
            ],
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "text"), [("0", "0.00"), ("24", "24.00"), ("0.0650", "0.065"), ("1E+3", "1000.00")]
)
def test_amounts_are_exact(amount: str, text: str) -> None:
    """An amount has two places at least, and as many as it needs."""
    assert plain(Decimal(amount)) == text


def test_a_reason_without_numbers() -> None:
    """Days and numbers are struck out; what is short is no number of anybody's."""
    assert without_numbers("no rate for hmt on 2025-07-01: +85225550123") == "no rate for hmt on …: …"
    assert without_numbers("over 4 h") == "over 4 h"
