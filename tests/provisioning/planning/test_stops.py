"""Which stops stand on a switch, and what is left there of those that are over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from pbx.config import Config
from provisioning.core.site import Seat, Site
from provisioning.core.status import Stop, midnight
from provisioning.planning import names, policy
from provisioning.planning.stops import fact, to_be_held

TODAY = midnight(date(2025, 9, 10))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ONE, TWO = "08702120001", "08702120002"
SITE = Site(name="zhaotong", area_code="0870", seats=(Seat(long_number=ONE), Seat(long_number=TWO)))


def stop(since, until=None, *, seat=ONE, way="both"):
    return Stop(contract="zhaotong", seat=seat, way=way, since=since, until=until)


def held(make, *stops, slot="a") -> Config:
    """What a switch holds to which these stops have been applied."""
    made = policy.contexts(make(2), slot, stops)
    return Config({names.dialplan_file("zhaotong", slot): made})


def facts(stops):
    return sorted(map(fact, stops))


def test_a_stop_stands_under_its_seat_or_all_in_seconds() -> None:
    """A stop of a contract stands under `all`; without an end there is none."""
    since = datetime(2025, 9, 1, tzinfo=UTC)
    assert fact(stop(since)) == (ONE, f"both:{since.timestamp():.0f}:")
    assert fact(stop(since, since + DAY, seat=None, way="out")) == ("all", "out:1756684800:1756771200")


def test_stops_to_come_and_in_force_stand_on_the_switch() -> None:
    """What was over before today, and what stops a seat that is gone, is not told to a switch."""
    stops = [
        stop(TODAY - 9 * DAY, TODAY - DAY),
        stop(TODAY + DAY),
        stop(TODAY, TODAY + HOUR, seat=TWO),
        stop(TODAY, seat="08702129999"),
    ]
    assert facts(to_be_held(stops, SITE, Config(), TODAY)) == facts(stops[1:3])


def test_stops_that_touch_are_one_however_many_there_are() -> None:
    """A hundred complaints about one number are one line that a switch can take."""
    stops = [stop(TODAY + n * HOUR, TODAY + n * HOUR + DAY) for n in range(100)]
    assert facts(to_be_held(stops, SITE, Config(), TODAY)) == [fact(stop(TODAY, stops[-1].until))]


def test_a_moment_within_a_second_is_its_beginning() -> None:
    """A stop at once is in force at once, though the switch counts whole seconds."""
    moment = TODAY.replace(microsecond=900_000)
    (made,) = to_be_held([stop(moment)], SITE, Config(), TODAY)
    assert made.since == TODAY
    assert to_be_held([stop(moment, moment + timedelta(microseconds=5))], SITE, Config(), TODAY) == ()


def test_what_is_over_on_the_switch_is_no_change(make) -> None:
    """A stop that has ended by itself stays where it stands until another stop changes there."""
    over, goes_on, new = stop(TODAY - 9 * DAY, TODAY - 2 * DAY), stop(TODAY - DAY), stop(TODAY, seat=TWO)
    there = held(make, over, goes_on)
    assert facts(to_be_held([over, goes_on], SITE, there, TODAY)) == facts([over, goes_on])
    assert facts(to_be_held([over, goes_on, new], SITE, there, TODAY)) == facts([goes_on, new])


def test_a_stop_that_was_lengthened_or_taken_back_is_a_change(make) -> None:
    """What the switch holds and nobody has decided goes, whatever moment it names."""
    there = held(make, stop(TODAY - DAY))
    assert to_be_held([], SITE, there, TODAY) == ()
    longer = stop(TODAY - DAY, TODAY + DAY)
    assert facts(to_be_held([longer], SITE, there, TODAY)) == facts([longer])


@pytest.mark.parametrize("said", ["both:5:4", "nonsense", "both:1:2&", "in:1:2"])
def test_what_a_hand_has_written_is_no_stop(said) -> None:
    """A stop that is written like none of ours goes with the next apply."""
    from pbx import dialplan
    from pbx.dialplan import Exten

    context = dialplan.context(names.context("zhaotong", "a", "stopped"), [Exten(ONE, "Return", (said,))])
    there = Config({names.dialplan_file("zhaotong", "a"): (context,)})
    assert to_be_held([], SITE, there, TODAY) == ()
    kept = stop(TODAY)
    assert facts(to_be_held([kept], SITE, there, TODAY)) == [fact(kept)]
