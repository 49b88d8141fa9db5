"""Works side by side, ended together."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from provisioning.side_by_side import AT_ONCE, Lanes, Stopped


def nothing() -> None:
    return None


def test_works_are_done_at_the_same_time_and_answered_in_order() -> None:
    """Each of the works at once waits for all others, and what they give comes in their order."""
    meeting = threading.Barrier(AT_ONCE, timeout=60)

    def work(number: int) -> int:
        meeting.wait()
        return number

    found = Lanes().run([lambda number=number: work(number) for number in range(AT_ONCE)], cut=nothing)
    assert found == list(range(AT_ONCE))


def test_more_works_than_lanes_are_all_done() -> None:
    """Who finds no lane free waits for one."""
    assert Lanes().run([lambda number=number: number for number in range(50)], cut=nothing) == list(range(50))
    assert Lanes().run([], cut=nothing) == []


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_a_shared_thing_is_used_by_one_at_a_time() -> None:
    """While one work uses the shared thing no other does."""
    inside: list[int] = []

    def use(number: int) -> None:
        inside.append(number)
        for _ in range(200):
            assert inside == [number]
        inside.remove(number)

    lanes = Lanes()
    shared = lanes.one_at_a_time(use)
    lanes.run(
        [lambda number=number: [shared(number) for _ in range(200)] for number in range(4)], cut=nothing
    )


def test_a_fault_ends_all_and_goes_through() -> None:
    """What one work raises is raised; the others are cut off, and use nothing shared any more."""
    lanes = Lanes()
    waits, cut = threading.Event(), threading.Event()
    ended: list[BaseException] = []
    shared = lanes.one_at_a_time(waits.is_set)

    def waiting() -> None:
        waits.set()
        assert cut.wait(60)
        try:
            shared()
        except BaseException as fault:
            ended.append(fault)
            raise

    def failing() -> None:
        assert waits.wait(60)
        raise ValueError("the ledger is gone")

    with pytest.raises(ValueError, match="the ledger is gone"):
        lanes.run([waiting, failing], cut=cut.set)
    assert [type(fault) for fault in ended] == [Stopped]


def test_attributes_of_a_shared_thing_are_seen() -> None:
    """What is no method of a shared thing is read as it is."""

    class Thing:
        name = "pbx"

        def said(self, *, loud: bool) -> str:
            return self.name.upper() if loud else self.name

    shared = Lanes().one_at_a_time(Thing())
    assert shared.name == "pbx"
    assert shared.said(loud=True) == "PBX"
