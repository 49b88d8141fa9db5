"""Odd fetches are told and written down, and nobody can fill the ledger with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioning.flows.odd_fetch import LIMITS, Budget, OddFetch, alarm, shown, write_down

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
STRANGER = OddFetch(
    reason="unknown-token", site=None, iad=None, remote="198.51.100.9", user_agent="zgrab/0.x"
)
DEVICE = OddFetch(reason="taken", site="zhaotong", iad="iad-1", remote="192.0.2.7", user_agent="Grandstream")


class Trail:
    def __init__(self) -> None:
        self.written: list[dict[str, Any]] = []

    def audit(self, **kept: Any) -> None:
        self.written.append(kept)


def test_one_address_is_written_down_a_few_times_a_minute() -> None:
    """Of one stranger's knocking a few a minute are written; the next one says how many were not."""
    budget = Budget()
    admitted = [budget.admits(STRANGER, NOW + timedelta(seconds=n / 100)) for n in range(100)]
    assert admitted == [0] * 5 + [None] * 95
    assert budget.admits(STRANGER, NOW + timedelta(minutes=1)) == 95
    assert budget.left_out == 0


def test_many_addresses_are_bounded_together() -> None:
    """A scan from everywhere writes no more than its limit, in a minute and in an hour."""
    budget = Budget()
    admitted = 0
    for n in range(20_000):
        odd = replace(STRANGER, remote=f"198.51.{n // 250 % 250}.{n % 250}")
        admitted += budget.admits(odd, NOW + timedelta(seconds=n * 0.15)) is not None
    assert admitted == LIMITS[1].altogether


def test_a_scan_does_not_drown_the_alarm_of_a_device() -> None:
    """While strangers knock without end, an odd fetch at a device's own address is told."""
    budget = Budget()
    for n in range(1000):
        budget.admits(replace(STRANGER, remote=f"198.51.100.{n % 250}"), NOW)
    assert budget.admits(DEVICE, NOW) is not None


def test_a_device_is_counted_wherever_it_is_asked_for() -> None:
    """Requests at one device's address, odd for one reason, are of one origin, wherever they come from."""
    budget = Budget()
    admitted = [budget.admits(replace(DEVICE, remote=f"192.0.2.{n}"), NOW) for n in range(20)]
    assert sum(one is not None for one in admitted) == LIMITS[0].each
    assert budget.admits(replace(DEVICE, reason="wrong-mac"), NOW) is not None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("unknown", "testclient", True),
    ],
)
def test_an_origin_is_a_network(one: str, other: str, same: bool) -> None:
    """An IPv6 stranger is its /64, of which it has all addresses; an IPv4 one is its address."""
    budget = Budget()
    for _ in range(LIMITS[0].each):
        assert budget.admits(replace(STRANGER, remote=one), NOW) is not None
    assert (budget.admits(replace(STRANGER, remote=other), NOW) is None) is same


def test_a_clock_that_goes_back_silences_nothing() -> None:
    """When the clock is set back, what follows is told again."""
    budget = Budget()
    for _ in range(10):
        budget.admits(STRANGER, NOW)
    assert budget.admits(STRANGER, NOW - timedelta(hours=5)) is not None


def test_what_is_written_down() -> None:
    """The audit has event, device, reason, address and User-Agent, and how many were left out before."""
    trail = Trail()
    write_down(trail, DEVICE, left_out=0, at=NOW, who="li@desk")
    write_down(trail, STRANGER, left_out=7, at=NOW, who="li@desk")
    assert trail.written == [
        {
            "event": "iad-odd-fetch",
            "subject": "zhaotong/iad-1",
            "detail": {"reason": "taken", "remote": "192.0.2.7", "user_agent": "Grandstream"},
            "at": NOW,
            "who": "li@desk",
        },
        {
            "event": "iad-odd-fetch",
            "subject": "unknown",
            "detail": {
                "reason": "unknown-token",
                "remote": "198.51.100.9",
                "user_agent": "zgrab/0.x",
                "left_out": 7,
            },
            "at": NOW,
            "who": "li@desk",
        },
    ]


def test_what_is_told_at_once() -> None:
    """An alarm names device, address and reason; a device that asks for its other names sets off none."""
    assert alarm(DEVICE, 0) == (
        "odd fetch, device zhaotong/iad-1, from 192.0.2.7, 'Grandstream': taken, "
        "its file was fetched already; if the device did not get it whole: "
        "`seatline iad zhaotong iad-1 --offer --again`; if that was not the device: "
        "`seatline iad zhaotong iad-1 --renew --to DIR`"
    )
    other = replace(DEVICE, reason="other-name")
    assert alarm(other, 0) is None
    assert "(3 more since the last that was told)" in (alarm(other, 3) or "")


def test_a_strangers_words_are_harmless() -> None:
    """Control characters, other alphabets and long tales do not reach terminal or ledger."""
    assert shown("\x1b]0;owned\x07\r\n张\u2028ok") == "?]0;owned?????ok"
    assert len(shown("x" * 10_000)) == 200
