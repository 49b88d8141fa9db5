"""Whose a number was on a day."""

from __future__ import annotations

from datetime import date

from provisioning.charging.directory import spans
from provisioning.core.contract import version_in_force


def test_the_latest_effective_version_is_in_force(make) -> None:
    """From its day on a later version is in force, on the day before still the former one."""
    first = make.version(number=1, effective=date(2025, 7, 1))
    second = make.version(number=2, effective=date(2025, 8, 1))
    known = make.directory(second, first)
    assert known.in_force("zhaotong", date(2025, 7, 31)) is first
    assert known.in_force("zhaotong", date(2025, 8, 1)) is second


def test_a_version_counts_within_its_term_only(make) -> None:
    """The day after the last day of the term no version is in force, nor the day before the first."""
    known = make.directory(make.version(last=date(2025, 12, 31)))
    assert known.in_force("zhaotong", date(2025, 6, 30)) is None
    assert known.in_force("zhaotong", date(2025, 12, 31)) is not None
    assert known.in_force("zhaotong", date(2026, 1, 1)) is None


def test_a_renewed_contract_goes_on(make) -> None:
    """A contract renewed six months at a time is in force after its first term."""
    known = make.directory(make.version(renewal_months=6))
    assert known.in_force("zhaotong", date(2026, 1, 1)) is not None


def test_a_version_corrected_on_its_own_day_never_counts(make) -> None:
    """Of two versions effective on one day the one recorded later is in force."""
    first = make.version(number=1, effective=date(2025, 7, 1))
    second = make.version(number=2, effective=date(2025, 7, 1))
    assert version_in_force([second, first], date(2025, 7, 1)) is second
    assert spans([first, second]) == ((second, date.max),)


def test_a_number_has_its_holder_of_the_day(make) -> None:
    """A number that moved from one contract to another belongs to each in its own time."""
    moved = (make.seat("08702120009"),)
    left = make.version(id="left", last=date(2025, 7, 31), seats=moved)
    joined = make.version(id="joined", first=date(2025, 8, 1), seats=moved)
    known = make.directory(left, joined)
    assert [v.contract.id for v, _ in known.holders("08702120009", date(2025, 7, 31))] == ["left"]
    assert [v.contract.id for v, _ in known.holders("08702120009", date(2025, 8, 1))] == ["joined"]


def test_a_seat_taken_out_has_no_number_any_more(make) -> None:
    """A seat that the later version no longer has is nobody's from that version's day on."""
    first = make.version(number=1, effective=date(2025, 7, 1))
    second = make.version(number=2, effective=date(2025, 8, 1), seats=make.SEATS[:2])
    known = make.directory(first, second)
    assert known.holders("08702120003", date(2025, 7, 31)) == ((first, "08702120003"),)
    assert known.holders("08702120003", date(2025, 8, 1)) == ()


def test_second_and_main_numbers_are_numbers_of_the_contract(make) -> None:
    """A seat's second number leads to the seat, the main number to itself."""
    seats = (make.seat("08702120001", "6001", second_number="08702120091"),)
    version = make.version(seats=seats, main_number="08702120000")
    known = make.directory(version)
    assert known.seat_by_long(version, "08702120091") == "08702120001"
    assert known.seat_by_long(version, "08702120000") == "08702120000"
    assert known.seat_by_short(version, "6001") == "08702120001"
    assert known.seat_by_short(version, "6002") is None


def test_members_mobiles_by_their_short_numbers(make) -> None:
    """A member's mobile is found by its short number in the version that has it, and nowhere else."""
    seats = (make.seat("08702120001", "6001", mobile="13800138000", mobile_short="6101"),)
    version = make.version(seats=seats)
    known = make.directory(version)
    assert known.mobile_by_short(version, "6101") == "13800138000"
    assert known.mobile_by_short(version, "6001") is None
