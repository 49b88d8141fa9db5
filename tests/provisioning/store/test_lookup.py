"""The helpdesk's look-up by number, name, place and anything else of a seat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from provisioning.core.contract import Customer
from provisioning.flows.ports import Holding
from provisioning.store.ledger import SqlLedger

JULY, AUGUST = date(2025, 7, 1), date(2025, 8, 1)


@pytest.fixture
def filled(ledger: SqlLedger, sample: SimpleNamespace, add: Callable[..., Any]) -> SqlLedger:
    seats = (
        sample.seat(
            long_number="08702120001",
            short_number="6001",
            name="张三",
            department="办公室",
            remark="值班 100%",
            iad="iad-1",
            port=3,
            mobile="13800138000",
            second_number="08702129999",
            extra={"楼层": "三楼东"},
        ),
        sample.seat(long_number="08702126001", short_number="6002", name="张三丰", remark="Reception_A"),
        sample.seat(
            long_number="08702120003",
            short_number="6003",
            iad="iad-1",
            port=13,
            changed_to="08702125555",
            mobile_short="6803",
            further=("13900138003",),
        ),
    )
    contract = sample.contract(seats=seats)
    contract = replace(contract, site=replace(contract.site, main_number="08702120000"))
    service = sample.contract("jilin-2025", seats=("12393",), site="jilin", area="0431")
    service = replace(service, customer=Customer(name="省医保局"))
    add(ledger, (contract, JULY), (service, JULY))
    return ledger


@pytest.mark.parametrize(
    "text",
    [
        "08702120001",
        "+8608702120001",
        "+868702120001",
        "+86 870 212-0001",
        "00868702120001",
        "868702120001",
        "0870-212 0001",
        "2120001",
        "0870212000１",
        "6001",
        "张三",
        "办公室",
        "值班 100%",
        "13800138000",
        "+86 138 0013 8000",
        "08702129999",
        "三楼东",
        "iad-1/3",
        "IAD-1/3",
        "3",
    ],
)
def test_a_whole_value_comes_first(filled: SqlLedger, text: str) -> None:
    """A whole value of a seat, in any usual way of writing it, finds that seat before all others."""
    assert filled.look_up(text, AUGUST)[0].long_number == "08702120001"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6001", ["08702120001", "08702126001"]),
        ("张", ["08702120001", "08702126001"]),
        ("212000", ["08702120000", "08702120001", "08702120003"]),
        ("iad-1", ["08702120001", "08702120003"]),
        ("zhaotong-2025", ["08702120000", "08702120001", "08702120003", "08702126001"]),
        ("某办公室", ["08702120000", "08702120001", "08702120003", "08702126001"]),
        ("医保", ["12393"]),
        ("总机", ["08702120000"]),
        ("08702125555", ["08702120003"]),
        ("6803", ["08702120003"]),
        ("13900138003", ["08702120003"]),
        ("2120000", ["08702120000"]),
        ("+8612393", ["12393"]),
        ("12393", ["12393"]),
        ("jilin", ["12393"]),
        ("reception", ["08702126001"]),
        ("%", ["08702120001"]),
        ("_", ["08702126001"]),
        ("100/%", []),
        ("/", ["08702120001", "08702120003"]),
        ("不存在", []),
        ("'; DROP TABLE seat_period; --", []),
        ("", []),
        ("  ", []),
        ("\n", []),
        ("6001\0", []),
        ("\udcff", []),
        pytest.param("6001" * 100_000, [], id="endless"),
    ],
)
def test_parts_are_found_too(filled: SqlLedger, text: str, expected: list[str]) -> None:
    """A part of a value finds all that have it; signs with a meaning in SQL stand for themselves."""
    assert [held.long_number for held in filled.look_up(text, AUGUST)] == expected


def test_everything_is_told(filled: SqlLedger) -> None:
    """A find says who, where and since when until when."""
    assert filled.look_up("6001", AUGUST)[0] == Holding(
        long_number="08702120001",
        short_number="6001",
        name="张三",
        department="办公室",
        site="zhaotong",
        contract="zhaotong-2025",
        iad="iad-1",
        port=3,
        remark="值班 100%",
        since=JULY,
        until=date(2025, 12, 31),
        mobile="13800138000",
    )


def test_the_main_number_is_its_contracts(filled: SqlLedger) -> None:
    """A main number that no seat has is found as the switchboard, with its customer and contract."""
    (held,) = filled.look_up("+86 870 2120000", AUGUST)
    assert held == Holding(
        long_number="08702120000",
        short_number=None,
        name="总机",
        department=None,
        site="zhaotong",
        contract="zhaotong-2025",
        iad=None,
        port=None,
        remark="某办公室",
        since=JULY,
        until=date(2025, 12, 31),
    )
    assert filled.look_up("08702120000", date(2025, 6, 30)) == ()
    assert "08702120000" not in filled.secrets("zhaotong")


def test_a_seats_own_main_number_is_found_once(
    ledger: SqlLedger, sample: SimpleNamespace, add: Callable[..., Any]
) -> None:
    """A main number that is a seat's long or second number is answered with that seat."""
    seats = (sample.seat(long_number="08702120001", name="前台", second_number="08702120009"),)
    made = sample.contract(seats=seats)
    for main, effective in (("08702120001", JULY), ("08702120009", AUGUST)):
        add(ledger, (replace(made, site=replace(made.site, main_number=main)), effective))
        assert [held.name for held in ledger.look_up(main, effective)] == ["前台"]


@pytest.mark.parametrize(
    ("on", "found"),
    [(date(2025, 6, 30), 0), (JULY, 1), (date(2025, 12, 31), 1), (date(2026, 1, 1), 0)],
)
def test_first_and_last_day_are_included(filled: SqlLedger, on: date, found: int) -> None:
    """A seat is found from its first to its last day, both included, and not beyond."""
    assert len(filled.look_up("08702120003", on)) == found


def test_not_more_than_asked_for(filled: SqlLedger) -> None:
    """The limit holds, and the whole values are within it."""
    assert [held.long_number for held in filled.look_up("6001", AUGUST, limit=1)] == ["08702120001"]
