"""Events over an AMI session, from servers on loopback: each told once, none lost between answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from pbx.action import Action
from pbx.errors import Malformed, Unreachable
from pbx.live import ami
from pbx.live.ami import Ami

GREETING = b"Asterisk Call Manager/9.0.0\r\n"


def event(number: int) -> bytes:
    return f"Event: Cdr\r\nUniqueID: pbx-1.{number}\r\n\r\n".encode()


@contextmanager
def served(script: Callable[[socket.socket], None], *, events: str = "cdr") -> Iterator[Ami]:
    """A session with a server that takes the login and then does as the script says."""
    asked: list[bytes] = []
    taken = threading.Event()

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.settimeout(60)
            connection.sendall(GREETING)
            asked.append(answer(connection))
            taken.set()
            script(connection)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with Ami.connect(
                name="pbx", host="127.0.0.1", port=listening.getsockname()[1], user="collector",
                secret="Sesame0123456789", events=events,
            ) as session:  # fmt: skip
                assert taken.wait(60)
                assert f"Events: {events}".encode() in asked[0]
                yield session
        finally:
            thread.join()


def answer(connection: socket.socket) -> bytes:
    """Takes an action and says yes to it."""
    action = b""
    while not action.endswith(b"\r\n\r\n"):
        action += connection.recv(65536)
    number = next(line for line in action.split(b"\r\n") if line.startswith(b"ActionID"))
    connection.sendall(b"Response: Success\r\n" + number + b"\r\n\r\n")
    return action


def hear_all(session: Ami, heard: list[str]) -> None:
    """Hears until the session breaks."""
    while True:
        heard += [one["UniqueID"] for one in session.hear(30)]


def wait_for_the_end(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def test_events_are_heard_in_order_and_once() -> None:
    """What comes in pieces, and what comes before an answer, is heard whole and in its order."""

    def script(connection: socket.socket) -> None:
        connection.sendall(event(1) + event(2)[:9])
        connection.sendall(event(2)[9:])
        answer(connection)
        connection.sendall(event(3))
        wait_for_the_end(connection)

    with served(script) as session:
        heard: list[str] = []
        while len(heard) < 2:
            heard += [one["UniqueID"] for one in session.hear(30)]
        session.send(Action("Ping"))
        while len(heard) < 3:
            heard += [one["UniqueID"] for one in session.hear(30)]
        assert heard == ["pbx-1.1", "pbx-1.2", "pbx-1.3"]
        assert session.hear(0.01) == []


def test_what_came_before_the_line_broke_is_heard_and_then_its_end() -> None:
    """The last events are not lost with the line; after them the fault is told, every time."""
    with served(lambda connection: connection.sendall(event(1))) as session:
        heard: list[str] = []
        with pytest.raises(Unreachable):
            hear_all(session, heard)
        assert heard == ["pbx-1.1"]
        with pytest.raises(Unreachable):
            session.hear(30)


def test_events_that_nobody_takes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never stops telling does not fill the memory: the session ends and says why."""
    monkeypatch.setattr(ami, "MOST_EVENTS", 10)

    def script(connection: socket.socket) -> None:
        connection.sendall(b"".join(event(number) for number in range(12)))
        wait_for_the_end(connection)

    with served(script) as session, pytest.raises(Malformed, match="over 10 events"):
        hear_all(session, [])


def test_a_session_that_did_not_ask_hears_nothing() -> None:
    """Whoever applies a plan logs in with events off; what comes all the same is passed over."""

    def script(connection: socket.socket) -> None:
        connection.sendall(event(1))
        answer(connection)
        wait_for_the_end(connection)

    with served(script, events="off") as session:
        session.send(Action("Ping"))
        assert session.hear(0.01) == []
