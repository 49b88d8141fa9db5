"""One-off fees: each in one cycle only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from provisioning.charging.once import once_lines
from provisioning.core.contract import OneOff
from provisioning.core.cycle import Cycle

YEAR = [Cycle(2025, month) for month in range(1, 13)]


def fee(due=None, amount="138237.00"):
    return OneOff(item="technical", name="技术服务", total=Decimal(amount), due=due)


def charged(*versions):
    return [str(cycle) for cycle in YEAR if once_lines(versions, cycle)]


def test_a_one_off_fee_stands_in_the_month_it_is_due(make) -> None:
    """A fee due on 30 August is on the bill of August, with its amount, and on no other."""
    version = make.version(once=[fee(date(2025, 8, 30))])
    assert charged(version) == ["2025-08"]
    assert once_lines([version], Cycle(2025, 8))[0].amount == Decimal("138237.00")


def test_without_a_due_day_it_stands_in_the_first_charged_month(make) -> None:
    """A fee without a due day is on the first bill after the trial."""
    assert charged(make.version(once=[fee()], starts=date(2025, 8, 1))) == ["2025-08"]


def test_a_later_version_does_not_charge_it_again(make) -> None:
    """A fee that a later version repeats, or moves, after it was charged is not charged again."""
    first = make.version(once=[fee(date(2025, 8, 30))])
    same = make.version(number=2, effective=date(2025, 10, 1), once=[fee(date(2025, 8, 30))])
    moved = make.version(number=2, effective=date(2025, 10, 1), once=[fee(date(2025, 11, 30))])
    assert charged(first, same) == charged(first, moved) == ["2025-08"]


def test_a_fee_put_off_in_time_is_charged_later(make) -> None:
    """A version that moves the due day before it comes moves the charge."""
    first = make.version(once=[fee(date(2025, 8, 30))])
    moved = make.version(number=2, effective=date(2025, 8, 1), once=[fee(date(2025, 11, 30))])
    assert charged(first, moved) == ["2025-11"]


def test_a_fee_that_comes_late_is_charged_with_its_version(make) -> None:
    """A fee that only a later version brings, due before that version, is on its first bill."""
    first = make.version()
    later = make.version(number=2, effective=date(2025, 10, 1), once=[fee(date(2025, 8, 30))])
    assert charged(first, later) == ["2025-10"]
