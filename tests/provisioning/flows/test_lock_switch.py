"""At most one writer is at a switch, and nobody waits for the dead."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.action import Action, Reply
from pbx.errors import Unreachable
from provisioning.flows.errors import FlowError, LockHeld
from provisioning.flows.lock_switch import FAMILY, Owner, SwitchLock

START = datetime(2025, 9, 1, tzinfo=UTC)


@dataclass
class Time:
    """A clock that goes on while somebody waits."""

    at: datetime = START

    def pause(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Database:
    """A switch's own database and clock; `between` is what somebody else does between two of our actions."""

    tokens: dict[str, str] = field(default_factory=dict)
    name: str = "pbx"
    down: bool = False
    readonly: bool = False
    between: list[Callable[[], None]] = field(default_factory=list)
    time: Time = field(default_factory=Time)

    def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
        if self.down:
            raise Unreachable("no line")
        headers = dict(action.headers)
        if action.name == "Ping":
            return Reply({"Response": "Success", "Timestamp": f"{self.time.at.timestamp():.6f}"})
        assert headers["Family"] == FAMILY
        events: tuple[dict[str, str], ...] = ()
        if action.name == "DBPut":
            if self.readonly:
                return Reply({"Response": "Error", "Message": "Permission denied"})
            self.tokens[headers["Key"]] = headers["Val"]
        elif action.name == "DBDel":
            self.tokens.pop(headers["Key"], None)
        else:
            events = tuple({"Key": f"/{FAMILY}/{key}", "Val": val} for key, val in self.tokens.items())
        if self.between:
            self.between.pop(0)()
        return Reply({"Response": "Success"}, (), events)

    def close(self) -> None: ...


def lock(
    switch: Database, token: str, *, time: Time | None = None, host: str = "desk", alive: bool = True
) -> SwitchLock:
    switch.time = time or switch.time
    owner = Owner(who=f"{token}@{host}", host=f"id-of-{host}", pid=4711, token=token)
    return SwitchLock(switch=switch, owner=owner, pause=lambda s: switch.time.pause(s), alive=lambda _: alive)


def test_in_and_out() -> None:
    """The lock is held inside, and nothing is left of it afterwards, also after a fault."""
    switch = Database()
    with lock(switch, "mine").held():
        assert list(switch.tokens) == ["mine"]
    assert not switch.tokens
    with pytest.raises(ZeroDivisionError), lock(switch, "mine").held():
        raise ZeroDivisionError
    assert not switch.tokens


def test_somebody_is_in() -> None:
    """Who comes second is told who is in and since when, and leaves no token."""
    switch = Database()
    with lock(switch, "first").held():
        with pytest.raises(LockHeld, match=r"first@desk \(process 4711\) since 2025-09-01 00:00:00"):
            lock(switch, "second", time=Time(START + timedelta(seconds=5))).held().__enter__()
        assert list(switch.tokens) == ["first"]


def test_a_dead_process_of_this_machine() -> None:
    """The token of a process of our machine that is gone is taken away."""
    switch = Database()
    left = lock(switch, "dead").held()
    left.__enter__()
    assert list(switch.tokens) == ["dead"]
    with lock(switch, "mine", alive=False).held():
        assert list(switch.tokens) == ["mine"]


def test_a_process_of_another_machine() -> None:
    """Of another machine's process nobody knows whether it lives: its token counts for ten minutes."""
    switch = Database()
    left = lock(switch, "else", host="far").held()
    left.__enter__()
    nearly = Time(START + timedelta(minutes=10))
    with pytest.raises(LockHeld):
        lock(switch, "mine", alive=False, time=nearly).held().__enter__()
    with lock(switch, "mine", time=Time(START + timedelta(minutes=10, seconds=1))).held():
        assert list(switch.tokens) == ["mine"]


def test_a_writer_at_work_renews() -> None:
    """A long apply says that it is still at it, and stays in."""
    switch = Database()
    time = Time()
    with lock(switch, "long", time=time, host="far").held() as renew:
        time.pause(500)
        renew()
        with pytest.raises(LockHeld, match="since 2025-09-01 00:00:00"):
            lock(switch, "mine", time=Time(START + timedelta(minutes=15))).held().__enter__()


def test_two_that_come_at_once() -> None:
    """Of two that wrote their tokens before either looked, the earlier one waits and enters."""
    switch = Database()
    since = (START + timedelta(seconds=1)).isoformat()
    late = json.dumps({"who": "late", "host": "far", "pid": 1, "since": since, "renewed": since})
    switch.between = [
        lambda: switch.tokens.update(late=late),
        lambda: None,
        lambda: switch.tokens.pop("late"),
    ]
    with lock(switch, "early").held():
        assert list(switch.tokens) == ["early"]


def test_the_later_of_two() -> None:
    """Of two that come at once the later one steps back; if the other does not, so does the earlier one."""
    switch = Database()
    with lock(switch, "late", time=Time(START + timedelta(seconds=1))).held():
        with pytest.raises(LockHeld, match="late@desk"):
            lock(switch, "early").held().__enter__()
        assert list(switch.tokens) == ["late"]


@given(step=st.integers(0, 1), later=st.booleans())
def test_never_two(step: int, later: bool) -> None:
    """Whenever a second one comes while the first is entering, one of them is in and the other is not."""
    switch = Database()
    inside: list[str] = []
    kept = []

    def second() -> None:
        other = lock(switch, "second", time=Time(START + timedelta(seconds=1 if later else -1))).held()
        try:
            other.__enter__()
            inside.append("second")
            kept.append(other)
        except LockHeld:
            pass

    switch.between = [lambda: None] * step + [second]
    first = lock(switch, "first").held()
    try:
        first.__enter__()
        inside.append("first")
    except LockHeld:
        pass
    assert len(inside) == 1


@given(
    value=st.one_of(
        st.text(),
        st.sampled_from(
            [
                "{}",
                "[]",
                "null",
                '{"since": 1}',
                '{"who": "w", "host": "h", "pid": 1, "since": "2025-01-01", "renewed": "2025-01-01"}',
                '{"who": "w", "host": "h", "pid": "x\u001b[31m", "since": "2025-01-01T00:00:00+00:00", '
                '"renewed": "2025-01-01T00:00:00+00:00"}',
            ]
        ),
    )
)
def test_a_note_that_cannot_be_read(value: str) -> None:
    """A note that cannot be read, or has a time without a zone, is somebody's; how to end that is told."""
    switch = Database(tokens={"rubbish": value})
    with pytest.raises(LockHeld, match=r"'rubbish'.*database del seatline/lock rubbish") as told:
        lock(switch, "mine").held().__enter__()
    assert list(switch.tokens) == ["rubbish"]
    assert str(told.value).isprintable()


def test_two_machines_of_one_name() -> None:
    """A process number of another machine says nothing here, even if that machine has our name."""
    switch = Database()
    value = {"who": "li@debian", "host": "other-boot", "pid": 4194000,
             "since": START.isoformat(), "renewed": START.isoformat()}  # fmt: skip
    switch.tokens["else"] = json.dumps(value)
    with pytest.raises(LockHeld, match="li@debian"):
        lock(switch, "mine", host="debian", alive=False).held().__enter__()


def test_a_switch_without_a_clock() -> None:
    """A switch that does not tell its time cannot be locked, and that is said."""
    switch = Database()
    switch.send = lambda action, timeout=10.0: Reply({"Timestamp": "soon"})
    with pytest.raises(FlowError, match="does not tell its time"):
        lock(switch, "mine").held().__enter__()


def test_a_line_that_goes_down() -> None:
    """When the line goes down inside, the fault that is told is that one."""
    switch = Database()

    def work() -> None:
        with lock(switch, "mine").held():
            switch.down = True
            raise Unreachable("in the middle")

    with pytest.raises(Unreachable, match="in the middle"):
        work()


def test_an_account_that_may_not() -> None:
    """Without the right to write, the message says which right it takes."""
    with pytest.raises(FlowError, match="write=system,config"):
        lock(Database(readonly=True), "mine").held().__enter__()


@pytest.mark.parametrize("token", ["", "a/b", "x" * 41, "a\nb"])
def test_tokens_that_are_none(token: str) -> None:
    """A token is a plain word."""
    with pytest.raises(ValueError, match="token"):
        Owner(who="x", host="y", pid=1, token=token)
