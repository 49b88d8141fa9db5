"""What changes between two lists of seats, seat by seat and column by column."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from provisioning.core.seat_change import Value, seat_changes, taken_back
from provisioning.core.site import Seat

ONE = Seat(long_number="08702120001", short_number="6001", name="张某", port=3, iad="iad-1")
TWO = Seat(long_number="08702120002", allowed=("01085200000", "6001"), extra={"房间": "301"})


def test_what_stays_is_not_spoken_of() -> None:
    """Two equal lists differ in nothing, in whatever order."""
    assert seat_changes((ONE, TWO), (TWO, ONE)) == ()


def test_each_column_is_told_with_both_values() -> None:
    """A changed seat names the columns in which it differs, those of other headers too."""
    now = Seat(long_number="08702120002", short_number="6002", allowed=("01085200000",), extra={"楼层": "3"})
    (change,) = seat_changes((TWO,), (now,))
    assert change.action == "change"
    assert change.values == (
        Value(column="short_number", before=None, after="6002"),
        Value(column="allowed", before="01085200000;6001", after="01085200000"),
        Value(column="房间", before="301", after=None),
        Value(column="楼层", before=None, after="3"),
    )


def test_what_an_empty_cell_says_is_nothing() -> None:
    """A seat that rings as every seat does says nothing of it; another way of ringing is told."""
    further = replace(ONE, further=("13900138001",))
    assert [value.column for value in seat_changes((ONE,), (further,))[0].values] == ["further"]
    (change,) = seat_changes((further,), (replace(further, ring_order="in-order"),))
    assert change.values == (Value(column="ring_order", before=None, after="in-order"),)


def test_removed_seats_come_first() -> None:
    """Removed seats are told before changed and added ones, each with what it had."""
    gone, come = seat_changes((ONE,), (TWO,))
    assert (gone.action, gone.long_number, come.action, come.long_number) == (
        *("remove", "08702120001"),
        *("add", "08702120002"),
    )
    assert Value(column="port", before="3", after=None) in gone.values
    assert Value(column="房间", before=None, after="301") in come.values


def test_a_seat_with_another_number_is_the_same_seat() -> None:
    """A number change is one change, not a seat removed and another added."""
    now = Seat(long_number="08702120009", short_number="6001", name="张某", port=3, iad="iad-1")
    (change,) = seat_changes((ONE,), (now,), {"08702120009": "08702120001"})
    assert (change.action, change.long_number, change.former, change.values) == (
        *("change", "08702120009", "08702120001"),
        (),
    )


def test_a_place_is_told_whole() -> None:
    """A seat that moves to another IAD is told with its port too, though that has the same number."""
    moved = replace(ONE, iad="iad-2")
    (change,) = seat_changes((ONE,), (moved,))
    assert change.values == (
        Value(column="iad", before="iad-1", after="iad-2"),
        Value(column="port", before="3", after="3"),
    )


def test_what_an_old_list_takes_back() -> None:
    """Added seats that go, removed ones that come, columns that are as before: these are taken back."""
    three = Seat(long_number="08702120003")
    standing = (replace(ONE, name="李某", short_number="6009"), three)
    back = taken_back((ONE, TWO), standing, (replace(ONE, short_number="6010"), TWO))
    assert [(one.action, one.long_number) for one in back] == [
        *(("remove", three.long_number), ("change", ONE.long_number), ("add", TWO.long_number)),
    ]
    assert back[1].values == (Value(column="name", before="李某", after="张某"),)


def test_a_new_value_takes_nothing_back() -> None:
    """A list that has the changes takes nothing back, whatever else it changes, adds and removes."""
    standing = (replace(ONE, name="李某"), Seat(long_number="08702120003"))
    assert taken_back((ONE, TWO), standing, standing) == ()
    coming = (replace(ONE, name="王某"), standing[1], Seat(long_number="08702120004"))
    assert taken_back((ONE, TWO), standing, coming) == ()
    assert taken_back(standing, standing, (ONE, TWO)) == ()


def test_a_second_change_of_the_place_only_is_no_way_back() -> None:
    """The port that is told beside another IAD is not taken back where its number never changed."""
    standing, coming = replace(ONE, iad="iad-2"), replace(ONE, iad="iad-3")
    assert taken_back((ONE,), (standing,), (coming,)) == ()


NUMBERS = st.lists(st.integers(1, 8), unique=True, max_size=6)


@given(NUMBERS, NUMBERS)
def test_every_seat_is_told_at_most_once(before: list[int], after: list[int]) -> None:
    """Added are those only there after, removed those only there before, and each seat is told once."""
    seats = [tuple(Seat(long_number=f"0870212000{n}", port=n) for n in ns) for ns in (before, after)]
    changes = seat_changes(*seats)
    told = {(change.action, change.long_number) for change in changes}
    assert told == {("remove", f"0870212000{n}") for n in {*before} - {*after}} | {
        ("add", f"0870212000{n}") for n in {*after} - {*before}
    }
    assert len(told) == len(changes)
