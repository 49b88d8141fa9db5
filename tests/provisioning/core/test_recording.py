"""A recorded call as a value: its day, its last day, whose word it is kept by."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from provisioning.core.contract import ContractVersion
from provisioning.core.recording import Recording, contract_at, keep_until, place_of


def recording(**changes: Any) -> Recording:
    given: dict[str, Any] = {
        "switch": "pbx",
        "path": "zhaotong/20250709/pbx-1.1.wav",
        "uniqueid": "pbx-1.1",
        "site": "zhaotong",
        "contract": "zhaotong",
        "seat": "08702120001",
        "started": datetime(2025, 7, 8, 16, 0, tzinfo=UTC),
        "milliseconds": 1000,
        "size": 16044,
        "sha256": bytes(32),
        "keep_until": date(2025, 8, 8),
    }
    return Recording(**{**given, **changes})


def test_its_day_is_shanghais() -> None:
    """A call at midnight in Shanghai is of the new day there, and kept so many whole days more."""
    assert recording().day == date(2025, 7, 9)
    assert keep_until(recording().day, 30) == date(2025, 8, 8)


@pytest.mark.parametrize(
    ("changes", "today", "due"),
    [
        ({}, date(2025, 8, 8), False),
        ({}, date(2025, 8, 9), True),
        ({"held": "bill 7"}, date(2030, 1, 1), False),
        ({"keep_until": None}, date(2030, 1, 1), False),
        ({"removed_at": datetime(2025, 8, 9, tzinfo=UTC)}, date(2030, 1, 1), False),
    ],
)
def test_when_it_is_due(changes: dict[str, Any], today: date, due: bool) -> None:
    """It is due when its last day is over, unless it is held, bound to no day, or gone already."""
    assert recording(**changes).is_due(today) is due


@pytest.mark.parametrize(
    "changes",
    [{"seat": "x"}, {"started": datetime(2025, 7, 8)}, {"sha256": b"short"}],  # noqa: DTZ001
)
def test_an_impossible_one_is_not_made(changes: dict[str, Any]) -> None:
    """A recording without a seat's number, a known zone or a whole hash cannot be built."""
    with pytest.raises(ValueError):
        recording(**changes)


def test_the_path_tells_site_and_unique_id() -> None:
    """The path that the dialplan makes tells the site and the unique id of the call record."""
    assert place_of("zhaotong/20250709/pbx-1752000000.1.wav") == ("zhaotong", "pbx-1752000000.1")
    assert place_of("zhaotong/20250709/pbx-1752000000.1.txt") is None


def test_the_contract_in_force_on_its_day(make: Any) -> None:
    """How long it is kept says the version of the site's contract in force on the day of the call."""
    made = make.contract()
    later = replace(made, policy=replace(made.policy, recording_keep_days=90))
    versions = (
        ContractVersion(contract=made, number=1, effective=date(2025, 7, 1)),
        ContractVersion(contract=later, number=2, effective=date(2025, 8, 1)),
    )
    site = made.site.name
    assert contract_at(versions, site, date(2025, 7, 31)) == made
    assert contract_at(versions, site, date(2025, 8, 1)) == later
    assert contract_at(versions, site, date(2026, 8, 1)) is None
    assert contract_at(versions, "elsewhere", date(2025, 8, 1)) is None
