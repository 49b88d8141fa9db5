"""An AMI session against servers that fail in every way: real sockets on loopback, no switch needed."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbx.action import Action
from pbx.errors import Malformed, Refused, Unreachable
from pbx.live.ami import LARGEST_REPLY, Ami
from pbx.wire import LARGEST_MESSAGE

SECRET = "Sesame0123456789"
GREETING = b"Asterisk Call Manager/9.0.0\r\n"
PING = Action("Ping")
Message = dict[str, str]


class Line:
    """The server's end of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._rest = b""

    def send(self, *lines: str, encoding: str = "utf-8") -> None:
        self.connection.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode(encoding))

    def receive(self) -> Message:
        """The next action; empty when the client has hung up."""
        while b"\r\n\r\n" not in self._rest:
            if not (data := self.connection.recv(65536)):
                return {}
            self._rest += data
        text, self._rest = self._rest.split(b"\r\n\r\n", 1)
        return dict(line.split(": ", 1) for line in text.decode().split("\r\n"))

    def let_in(self) -> Message:
        """Greets and takes the login."""
        self.connection.sendall(GREETING)
        login = self.receive()
        self.send("Response: Success", f"ActionID: {login['ActionID']}", "Message: Authentication accepted")
        return login

    def wait_for_the_end(self) -> None:
        while self.receive():
            pass


class Server:
    """Serves each connection by a script; remembers how many there were and what the scripts note."""

    def __init__(self, script: Callable[[Line, list[Any]], None]) -> None:
        self.script, self.notes, self.connections = script, list[Any](), 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self.socket.accept()
            with connection:
                connection.settimeout(120)
                if connection.getpeername() == self.stop_from:
                    return
                self.connections += 1
                try:
                    self.script(Line(connection), self.notes)
                except OSError:
                    self.notes.append("cut off")

    stop_from: tuple[str, int] | None = None

    def stop(self) -> None:
        with socket.socket() as last:
            last.bind(("127.0.0.1", 0))
            self.stop_from = last.getsockname()
            last.connect(("127.0.0.1", self.port))
            self.thread.join()
        self.socket.close()


@contextmanager
def serving(script: Callable[[Line, list[Any]], None]) -> Iterator[Server]:
    server = Server(script)
    try:
        yield server
    finally:
        server.stop()


def connect(server: Server, **others: Any) -> Ami:
    return Ami.connect(
        **{
            "name": "pbx",
            "host": "127.0.0.1",
            "port": server.port,
            "user": "prov",
            "secret": SECRET,
            "timeout": 60,
        }
        | others
    )


def answering(*lines: str, hang_up: bool = False) -> Callable[[Line, list[Any]], None]:
    """Answers every action with these lines; {id} stands for its ActionID."""

    def script(line: Line, notes: list[Any]) -> None:
        line.let_in()
        while action := line.receive():
            notes.append(action)
            line.connection.sendall("\r\n".join(lines).format(id=action["ActionID"]).encode())
            if hang_up:
                return

    return script


def test_the_answer_of_a_list_has_all_its_events_in_order() -> None:
    """A list is complete at its event with EventList: Complete; events of nobody's list are let go."""
    script = answering(
        *("Response: Success", "ActionID: {id}", "EventList: start", "Message: follows", ""),
        *("Event: FullyBooted", "Privilege: system,all", ""),
        *("Event: AorList", "ObjectName: 1", "ActionID: {id}", ""),
        *("Event: AorList", "ActionID: {id}", "ObjectName: 张三", "Empty: ", ""),
        *("Event: AorListComplete", "ActionID: {id}", "EventList: Complete", "", ""),
    )
    with serving(script) as server, connect(server) as ami:
        reply = ami.send(Action("PJSIPShowAors"))
    assert [event.get("ObjectName") for event in reply.events] == ["1", "张三", None]
    assert reply.events[1]["Empty"] == ""
    assert reply.ok


def test_a_list_the_switch_breaks_off_is_no_list() -> None:
    """A list that ends with EventList: Cancelled is Malformed, not a short list."""
    script = answering(
        *("Response: Success", "ActionID: {id}", "EventList: start", ""),
        *("Event: AorListComplete", "ActionID: {id}", "EventList: Cancelled", "", ""),
    )
    with serving(script) as server:
        ami = connect(server)
        with pytest.raises(Malformed, match="PJSIPShowAors was broken off"):
            ami.send(Action("PJSIPShowAors"))


def test_repeated_headers_are_kept_in_order() -> None:
    """Of a header that comes twice the lines keep both, and the fields the first."""
    script = answering("Response: Success", "ActionID: {id}", "Line: a=1", "Other: x", "Line: a=2", "", "")
    with serving(script) as server, connect(server) as ami:
        reply = ami.send(Action("GetConfig"))
    assert reply.lines == (("Line", "a=1"), ("Other", "x"), ("Line", "a=2"))
    assert reply.fields["Line"] == "a=1"


def test_a_character_cut_by_the_network_is_whole_again() -> None:
    """Text that comes byte by byte is read as if it came at once."""

    def script(line: Line, _: list[Any]) -> None:
        line.let_in()
        number = line.receive()["ActionID"]
        for byte in f"Response: Success\r\nActionID: {number}\r\nMessage: 张三李四\r\n\r\n".encode():
            line.connection.sendall(bytes([byte]))
        line.wait_for_the_end()

    with serving(script) as server, connect(server) as ami:
        assert ami.send(PING).message == "张三李四"


def test_an_error_is_an_answer() -> None:
    """Response: Error is a reply whose meaning the caller knows, with or without our ActionID."""
    for lines in (("ActionID: {id}", "Message: No AORs found\n"), ("Message: No AORs found",)):
        with serving(answering("Response: Error", *lines, "", "")) as server, connect(server) as ami:
            reply = ami.send(PING)
            assert (reply.ok, reply.message) == (False, "No AORs found")


def test_many_actions_ahead_of_their_answers_keep_their_order() -> None:
    """send_all returns as many replies as there are actions, each the right one."""

    def script(line: Line, _: list[Any]) -> None:
        line.let_in()
        while action := line.receive():
            line.send("Response: Success", f"ActionID: {action['ActionID']}", f"Message: {action['Val']}")

    with serving(script) as server, connect(server) as ami:
        replies = ami.send_all(Action("DBPut", (("Val", str(number)),)) for number in range(200))
        assert [reply.message for reply in replies] == [str(number) for number in range(200)]
        assert ami.send_all([]) == []


def test_headers_are_sent_in_their_order() -> None:
    """An action is sent as it was made: its headers in order, once, in UTF-8."""
    headers = (("SrcFilename", "x.conf"), ("Action-000000", "NewCat"), ("Cat-000000", "张三"))
    with serving(answering("Response: Success", "ActionID: {id}", "", "")) as server, connect(server) as ami:
        ami.send(Action("UpdateConfig", headers))
        (seen,) = server.notes
    assert [(key, value) for key, value in seen.items() if key != "ActionID"] == [
        ("Action", "UpdateConfig"),
        *headers,
    ]


def test_no_text_in_an_action_becomes_a_second_action() -> None:
    """Whatever text is sent as a value, it is refused or arrives as that one value of that one action."""
    with serving(answering("Response: Success", "ActionID: {id}", "", "")) as server, connect(server) as ami:

        @settings(max_examples=60, deadline=None)
        @given(st.text(alphabet=st.characters() | st.sampled_from("\r\n: \0"), max_size=40))
        def send(text: str) -> None:
            server.notes.clear()
            try:
                action = Action("DBPut", (("Val", text),))
            except Malformed:
                return
            ami.send(action)
            assert [note["Val"] for note in server.notes] == [text]

        send()


def test_a_refused_login_names_its_three_causes_and_not_the_secret() -> None:
    """Asterisk answers a wrong secret, an unknown user and a denied address alike: all three are named."""

    def script(line: Line, _: list[Any]) -> None:
        line.connection.sendall(GREETING)
        number = line.receive()["ActionID"]
        line.send("Response: Error", f"ActionID: {number}", "Message: Authentication failed")
        line.wait_for_the_end()

    with serving(script) as server, pytest.raises(Refused) as caught:
        connect(server)
    for words in (
        "pbx (127.0.0.1:",
        "secret is wrong",
        "no such user",
        "deny/permit",
        "Authentication failed",
    ):
        assert words in str(caught.value)
    assert SECRET not in str(caught.value)
    assert server.connections == 1


def test_the_secret_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of a session is logged at any level, not even when it breaks with an action under way."""
    caplog.set_level(logging.DEBUG)
    action = Action("UpdateConfig", (("Value-000000", SECRET),))
    with serving(answering(hang_up=True)) as server:
        ami = connect(server)
        with pytest.raises(Unreachable) as caught:
            ami.send(action)
    assert SECRET not in caplog.text + str(caught.value) + repr(ami)
    assert not [record for record in caplog.records if record.name.startswith("panoramisk")]


def silent(line: Line, notes: list[Any]) -> None:
    notes.append(line.receive())


def greets_only(line: Line, notes: list[Any]) -> None:
    line.connection.sendall(GREETING)
    line.wait_for_the_end()


def hangs_up(line: Line, notes: list[Any]) -> None:
    pass


@pytest.mark.parametrize(
    ("script", "reason", "seconds"),
    [
        (silent, "no AMI greeting came: is this the AMI port", 2),
        (greets_only, "does not answer the login", 2),
        (hangs_up, "the line went down", 60),
    ],
)
def test_a_server_that_does_not_go_on_is_unreachable(
    script: Callable[[Line, list[Any]], None], reason: str, seconds: float
) -> None:
    """A server that is silent, greets only or hangs up ends in Unreachable, with how far it got."""
    with serving(script) as server, pytest.raises(Unreachable, match=reason):
        connect(server, timeout=seconds)


def test_no_server_at_all_is_unreachable() -> None:
    """A port where nobody listens is Unreachable."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable, match="no connection"):
            Ami.connect(name="pbx", host="127.0.0.1", port=unused.getsockname()[1], user="x", secret=SECRET)


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", b"Asterisk Call Manager/" + b"9" * 9999])
def test_another_kind_of_server_is_not_told_the_secret(greeting: bytes) -> None:
    """What does not greet as AMI is Malformed, and gets no login."""

    def script(line: Line, notes: list[Any]) -> None:
        line.connection.sendall(greeting)
        notes.append(line.receive())

    with serving(script) as server, pytest.raises(Malformed, match="is this the AMI port"):
        connect(server)
    assert [note for note in server.notes if note != "cut off"] in ([], [{}])


def test_a_server_without_tls_is_unreachable_by_tls() -> None:
    """Asked for TLS, a plain AMI port gets no login: the failure is named."""
    with serving(greets_only) as server, pytest.raises(Unreachable, match="TLS could not be agreed on"):
        connect(server, tls=ssl.create_default_context())


def test_a_login_cannot_carry_a_second_action() -> None:
    """A secret with a line break is refused before anything is connected."""
    with pytest.raises(Malformed, match="the value of Secret holds a line break"):
        Ami.connect(name="pbx", host="127.0.0.1", port=1, user="x", secret="a\r\n\r\nAction: Ping")


def test_an_answer_that_does_not_come_ends_the_session() -> None:
    """An action without an answer in time is Unreachable, what it did is unknown, and the session is over."""
    with serving(answering()) as server:
        ami = connect(server)
        with pytest.raises(Unreachable, match=r"pbx .*UpdateConfig was not answered within 0.2 s"):
            ami.send(Action("UpdateConfig"), timeout=0.2)
        with pytest.raises(Unreachable, match="the session was closed: UpdateConfig was not answered"):
            ami.send(PING)
        ami.close()


def test_a_change_is_never_sent_again() -> None:
    """A line that goes down after a change was sent leaves one connection and one change on the server."""
    with serving(answering(hang_up=True)) as server:
        ami = connect(server)
        with pytest.raises(Unreachable, match="whether the last action was carried out is unknown"):
            ami.send(Action("UpdateConfig", (("SrcFilename", "x.conf"),)))
    assert (server.connections, [note["Action"] for note in server.notes]) == (1, ["UpdateConfig"])


@pytest.mark.parametrize(
    "lines",
    [
        (
            "Response: Success",
            "ActionID: {id}",
            "EventList: start",
            "",
            "Event: AorList",
            "ActionID: {id}",
            "",
            "",
        ),
        ("Response: Success", "ActionID: {id}", "Message: cut in the mid"),
    ],
)
def test_an_answer_that_breaks_off_is_no_answer(lines: tuple[str, ...]) -> None:
    """A connection that ends in the middle of a list or of a message is Unreachable, not a short list."""
    with serving(answering(*lines, hang_up=True)) as server:
        ami = connect(server)
        with pytest.raises(Unreachable, match="the line went down"):
            ami.send(Action("PJSIPShowAors"))


def test_a_session_that_broke_between_two_actions_says_so() -> None:
    """A server that goes away while nobody asks is Unreachable at the next action."""

    def script(line: Line, _: list[Any]) -> None:
        line.let_in()

    with serving(script) as server:
        ami = connect(server)
        threading.Event().wait(0.1)
        with pytest.raises(Unreachable):
            ami.send(PING)


def endless(first: str, repeated: bytes) -> Callable[[Line, list[Any]], None]:
    """Answers an action with `first` and then goes on for ever; notes how many bytes it got rid of."""

    def script(line: Line, notes: list[Any]) -> None:
        line.let_in()
        number = line.receive()["ActionID"]
        line.connection.sendall(first.format(id=number).encode())
        more = repeated.replace(b"{id}", number.encode())
        for round_ in count(1):
            notes[:] = [len(more) * round_]
            line.connection.sendall(more)

    return script


def buffered_by_the_system() -> int:
    """Bytes that may be under way on a connection: what Linux lets a reader and a writer buffer."""
    limits = [Path(f"/proc/sys/net/ipv4/tcp_{end}mem").read_text(encoding="ascii") for end in "rw"]
    return sum(int(limit.split()[-1]) for limit in limits)


EVENTS = (
    b"Event: AorList\r\nActionID: {id}\r\nObjectName: "
    + b"7" * 400
    + b"\r\nEmpty: "
    + b"8" * 400
    + b"\r\n\r\n"
) * 60


@pytest.mark.parametrize(
    ("first", "repeated", "reason"),
    [
        ("Response: Success\r\nMessage: ", b"x" * 65536, "a message of over"),
        ("Response: Success\r\nActionID: {id}\r\nEventList: start\r\n\r\n", EVENTS, "PJSIPShowAors is over"),
        ("", b"Event: Newchannel\r\nUniqueid: 1\r\n\r\n" * 1000, "without end that nobody asked for"),
    ],
)
def test_a_server_that_never_ends_is_cut_off(first: str, repeated: bytes, reason: str) -> None:
    """An endless line, an endless list and endless events are Malformed after a bounded number of bytes."""
    with serving(endless(first, repeated)) as server:
        ami = connect(server)
        with pytest.raises(Malformed, match=reason):
            ami.send(Action("PJSIPShowAors"), timeout=60)
    (taken,) = [note for note in server.notes if note != "cut off"]
    assert taken < LARGEST_REPLY + LARGEST_MESSAGE + buffered_by_the_system() + 1024 * 1024


def test_text_that_is_not_utf8_is_malformed() -> None:
    """GBK bytes end the session with a reason, they are neither dropped nor guessed at."""

    def script(line: Line, _: list[Any]) -> None:
        line.let_in()
        number = line.receive()["ActionID"]
        line.send("Response: Success", f"ActionID: {number}", "Message: 张三", encoding="gbk")
        line.wait_for_the_end()

    with serving(script) as server, connect(server) as ami:
        with pytest.raises(Malformed, match="not UTF-8"):
            ami.send(PING)
        with pytest.raises(Unreachable, match="the session was closed"):
            ami.send(PING)


def test_closing_twice_does_no_harm() -> None:
    """A session may be closed more than once, and says so when it is used afterwards."""
    with serving(answering()) as server:
        ami = connect(server)
        ami.close()
        ami.close()
        with pytest.raises(Unreachable, match="the session was closed"):
            ami.send(PING)
