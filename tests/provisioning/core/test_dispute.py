"""Disputes as values."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from provisioning.core.call import Direction, Outcome, RatedCall
from provisioning.core.contract import Zone
from provisioning.core.cycle import Cycle
from provisioning.core.dispute import About, Closing, Dispute, Result, credit_of

AT = datetime(2025, 9, 2, tzinfo=UTC)
OUT = RatedCall(
    outcome=Outcome.RATED,
    reason="2 started minutes x 0.06",
    seat="08702120001",
    other="13800138000",
    direction=Direction.OUTGOING,
    zone=Zone.DOMESTIC,
    amount=Decimal("0.12"),
)
IN = RatedCall(
    outcome=Outcome.FREE,
    reason="incoming",
    seat="08702120002",
    other="08702120001",
    direction=Direction.INCOMING,
)


@pytest.mark.parametrize(
    ("about", "touched"),
    [
        (About(), (True, True)),
        (About(zone="domestic"), (True, False)),
        (About(zone="incoming"), (False, True)),
        (About(record=1), (True, False)),
        (About(number="08702120001"), (True, True)),
        (About(number="13800138000"), (True, False)),
        (About(item="seat"), (False, False)),
    ],
)
def test_a_dispute_touches_the_calls_it_is_about(about: About, touched: tuple[bool, bool]) -> None:
    """A zone, a number on either end, one record, or all calls; a disputed fee is about no call."""
    assert (about.touches(1, OUT), about.touches(2, IN)) == touched


def test_a_dispute_is_about_one_thing() -> None:
    """A zone and a number at once are two disputes."""
    with pytest.raises(ValueError, match="one of them"):
        About(zone="local", number="08702120001")


def test_a_rejected_dispute_gives_nothing_back() -> None:
    """A credit without being right, or below zero, cannot be built."""
    with pytest.raises(ValueError, match="rejected"):
        Closing(result=Result.REJECTED, why="no", at=AT, who="clerk", credit=Decimal("0.01"))
    with pytest.raises(ValueError, match="credit"):
        Closing(result=Result.UPHELD, why="no", at=AT, who="clerk", credit=Decimal("-0.01"))


def test_a_credit_waits_for_one_bill() -> None:
    """An upheld dispute's credit is given once: not while it is open, nor when it stands on a bill."""

    def dispute(closing: Closing | None) -> Dispute:
        return Dispute(
            id=3,
            contract="zhaotong",
            cycle=Cycle(2025, 7),
            about=About(zone="local"),
            why="not ours",
            at=AT,
            who="clerk",
            calls=1,
            amount=Decimal("0.12"),
            closing=closing,
        )

    def upheld(billed: Cycle | None) -> Closing:
        return Closing(
            result=Result.UPHELD, why="so", at=AT, who="clerk", credit=Decimal("0.12"), billed=billed
        )

    credit = credit_of(dispute(upheld(None)))
    assert credit is not None
    assert (credit.dispute, credit.amount, credit.zone) == (3, Decimal("0.12"), "local")
    assert credit_of(dispute(None)) is None
    assert credit_of(dispute(upheld(Cycle(2025, 8)))) is None
