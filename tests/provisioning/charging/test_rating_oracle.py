"""Rating against an oracle that is written another way: plain integers, one increment at a time.

The oracle is told what a generated call is (whose, which zone, how long) and never reads the record; the
rater is given only the record. Money is counted in millionths of a yuan.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.charging.rating import rate_call
from provisioning.core.contract import Zone

SECOND = 1_000_000
HOME = "0870"
DIALLED = {
    Zone.INTERNAL: ("6002", "08702120002", "2120002", "+868702120003"),
    Zone.LOCAL: ("2125678", "08702125678", "+868702125678"),
    Zone.DOMESTIC: ("13800138000", "013800138000", "01085200000", "8613800138000", "+861085200000"),
    Zone.SERVICE: ("12345", "10086", "95588", "114", "4008001234"),
    Zone.HMT: ("0085221234567", "+886912345678"),
    Zone.INTERNATIONAL: ("0012025550123", "+442079460123"),
}


@dataclass(frozen=True)
class Told:
    """What is true of a generated call."""

    zone: Zone | None
    incoming: bool
    answered: bool
    emergency: bool
    microseconds: int
    exact: bool
    day_in_july: int
    dialled: str


@dataclass(frozen=True)
class Terms:
    """The terms of the generated contract; rates in thousandths of a yuan, None closed."""

    increment: int
    mills: dict[Zone, int | None]
    incoming_mills: int
    whole: bool
    rounding: str
    charged_from_day: int


def oracle(told: Told, terms: Terms) -> tuple[str, int]:
    """The outcome and the amount in millionths of a yuan (exact, or whole fen when rounded by call)."""
    if not told.answered or told.emergency or told.day_in_july < terms.charged_from_day:
        return "free", 0
    mills = terms.incoming_mills if told.incoming else terms.mills.get(told.zone)
    if mills is None:
        return "unrated", 0
    if mills == 0:
        return "free", 0
    limit = told.microseconds
    if terms.whole or not told.exact:
        limit = told.microseconds // SECOND * SECOND
    counted_seconds = elapsed = 0
    while True:
        counted_seconds += terms.increment
        elapsed += terms.increment * SECOND
        if elapsed >= limit:
            break
    sixtieths = counted_seconds * mills * 1000
    if terms.rounding == "bill":
        return "rated", sixtieths // 60
    fen, rest = divmod(sixtieths, 60 * 10_000)
    return "rated", (fen + (1 if 2 * rest >= 60 * 10_000 else 0)) * 10_000


@st.composite
def calls(draw) -> Told:
    emergency = draw(st.booleans()) and draw(st.booleans())
    incoming = not emergency and draw(st.booleans())
    zone = None if emergency or incoming else draw(st.sampled_from(list(Zone)))
    dialled = draw(st.sampled_from(DIALLED[zone])) if zone else draw(st.sampled_from(["110", "120"]))
    near_a_minute = st.builds(
        lambda minutes, off: max(0, minutes * 60 * SECOND + off),
        st.integers(min_value=0, max_value=60),
        st.integers(min_value=-2 * SECOND, max_value=2 * SECOND),
    )
    return Told(
        zone=zone,
        incoming=incoming,
        answered=draw(st.booleans()) or draw(st.booleans()),
        emergency=emergency,
        microseconds=draw(st.one_of(near_a_minute, st.integers(min_value=0, max_value=7200 * SECOND))),
        exact=draw(st.booleans()),
        day_in_july=draw(st.integers(min_value=1, max_value=31)),
        dialled=dialled,
    )


@st.composite
def terms(draw) -> Terms:
    mills = st.one_of(st.none(), st.integers(min_value=0, max_value=2000))
    return Terms(
        increment=draw(st.sampled_from([1, 6, 30, 60])),
        mills={zone: draw(mills) for zone in Zone if draw(st.booleans()) or draw(st.booleans())},
        incoming_mills=draw(st.sampled_from([0, 0, 30])),
        whole=draw(st.booleans()),
        rounding=draw(st.sampled_from(["call", "bill"])),
        charged_from_day=draw(st.sampled_from([1, 1, 15])),
    )


def record_of(make, told: Told):
    seat, stranger = "08702120001", "13900139000"
    at = make.instant(f"2025-07-{told.day_in_july:02d} 08:30:00")
    made = make.cdr(
        at,
        microseconds=told.microseconds,
        src=stranger if told.incoming else seat,
        dst=seat if told.incoming else told.dialled,
        exact=told.exact,
    )
    if not told.exact:
        end = made.answer + told.microseconds // SECOND * SECOND
        made = replace(made, end=end)
    return made if told.answered else replace(made, disposition="NO ANSWER", answer=None, billsec=0)


def version_of(make, agreed: Terms):
    def yuan(mills):
        return None if mills is None else Decimal(mills) / 1000

    return make.version(
        rounding=agreed.rounding,
        starts=make.contract().term.first.replace(day=agreed.charged_from_day),
        calls=make.tariff(
            {zone: yuan(mills) for zone, mills in agreed.mills.items()},
            increment=agreed.increment,
            incoming=str(yuan(agreed.incoming_mills)),
            duration="whole" if agreed.whole else "exact",
        ),
    )


@given(told=calls(), agreed=terms())
@settings(max_examples=400, deadline=None)
def test_rating_agrees_with_the_oracle(make, told: Told, agreed: Terms) -> None:
    """The rater and the oracle give any call the same outcome and the same amount."""
    call = rate_call(record_of(make, told), make.directory(version_of(make, agreed)))
    outcome, millionths = oracle(told, agreed)
    assert call.outcome == outcome, call.reason
    assert abs(call.amount * 1_000_000 - millionths) < 1, call.reason
    assert call.zone == told.zone
