"""One AMI session with a switch, on panoramisk: every answer within a deadline, nothing twice (AMI 会话).

Of panoramisk 1.4 this stands on Manager (opening the connection, login, sending), AMIProtocol and Action
(ids and futures). Three of its parts are replaced, because they lose or repeat things: its reading of bytes
(drops characters split across packets), its messages (one dict each: the order of GetConfig's lines and
repeated headers suffer) and its reconnecting (sends unanswered changes again). Here a session that breaks
stays broken: the caller opens another one and reads back what really happened.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections import deque
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from types import TracebackType
from typing import Any, TypeVar

from panoramisk import Manager
from panoramisk.actions import Action as PanoramiskAction
from panoramisk.ami_protocol import AMIProtocol

from pbx.action import Action, Reply
from pbx.errors import Malformed, Refused, SwitchError, Unreachable
from pbx.wire import Headers, Incoming, first_of_each

LARGEST_REPLY = 16 * 1024 * 1024
"""Bytes of one reply with all its events; PJSIPShowAors of 10,000 seats is about 6 MB."""
MOST_UNASKED = 1000
"""Messages nobody asked for between two answers; we log in with events off, so hardly one is normal."""
MOST_EVENTS = 100_000
"""Events kept for who listens and does not take them."""
PIPELINED = 32
"""Actions under way at once in `send_all`."""

_T = TypeVar("_T")

_silent = logging.getLogger("pbx.live.ami.panoramisk")
_silent.disabled = True  # panoramisk logs whole actions at INFO, secrets and all


class Ami:
    """A session with one switch, synchronous: it satisfies `Switch` of the flows (交换机会话).

    Not for several threads. Whoever opens it closes it, best by `with`. After Unreachable or Malformed the
    session is closed and only says so: whether the last action was carried out is for a read-back to see.
    """

    def __init__(self, name: str, address: str, loop: asyncio.AbstractEventLoop, session: _Session) -> None:
        self.name = name
        self._address = address
        self._loop = loop
        self._session = session
        self._fault: SwitchError | None = None

    @classmethod
    def connect(
        cls,
        *,
        name: str,
        host: str,
        port: int,
        user: str,
        secret: str,
        timeout: float = 5.0,
        tls: ssl.SSLContext | None = None,
        events: str = "off",
    ) -> Ami:
        """Opens a session and logs in, all within `timeout` seconds. `events` names the classes of events
        that are wanted, like "cdr"; `hear` has them, as far as the user may read them.

        Raises Refused when the login is turned down, Unreachable when nobody answers (in time), Malformed
        when what answers does not speak AMI.
        """
        Action("Login", (("Username", user), ("Secret", secret)))  # nothing in them can be a second header
        loop = asyncio.new_event_loop()
        session = _Session(
            host=host,
            port=port,
            username=user,
            secret=secret,
            ssl=tls,
            events=events,
            loop=loop,
            log=_silent,
            protocol_factory=_Protocol,
            forgetable_actions=_EveryAction(),
        )
        ami = cls(name, f"{host}:{port}", loop, session)
        try:
            ami._run(session.open(timeout))
        except SwitchError as fault:
            ami.close()
            raise type(fault)(f"{name} ({host}:{port}): {fault}") from None
        except BaseException:
            ami.close()
            raise
        return ami

    @property
    def certified_until(self) -> datetime | None:
        """The last moment of the certificate that the switch has shown; None without TLS."""
        shown = self._session.certificate()
        if shown is None:
            return None
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)

    def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
        """Sends one action and returns its whole answer, with the events of a list; "Response: Error" too.

        Raises Unreachable when the answer is not complete within `timeout` seconds or the line goes down,
        Malformed when it cannot be read.
        """
        return self.send_all([action], timeout=timeout)[0]

    def send_all(self, actions: Iterable[Action], *, timeout: float = 10.0) -> list[Reply]:
        """Sends many actions, some of them ahead of the answers, and returns the answers in order.

        The switch carries them out one after another, also when one of them is answered with Error, so this
        is for reading and for staging. `timeout` is for each answer, counted from the one before.
        """
        if self._fault is not None:
            raise Unreachable(f"{self.name} ({self._address}): the session was closed: {self._fault}")
        return self._within(self._session.exchange(actions, timeout))

    def hear(self, timeout: float) -> list[dict[str, str]]:
        """The events that came since the last time, at once or as soon as there is one; none after `timeout`
        seconds of silence. Raises as `send` does: what the switch told meanwhile is lost."""
        if self._fault is not None:
            raise Unreachable(f"{self.name} ({self._address}): the session was closed: {self._fault}")
        return self._within(self._session.hear(timeout))

    def _within(self, work: Coroutine[Any, Any, _T]) -> _T:
        """What the session gives; a fault closes it."""
        try:
            return self._run(work)
        except SwitchError as fault:
            self._fault = fault
            self.close()
            raise type(fault)(f"{self.name} ({self._address}): {fault}") from None

    def close(self) -> None:
        """Ends the session; more than once does no harm."""
        if self._fault is None:
            self._fault = Unreachable("by us")
        if not self._loop.is_closed():
            self._run(self._session.end())
            self._loop.close()

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return self._loop.run_until_complete(work)

    def __enter__(self) -> Ami:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Ami({self.name!r}, {self._address!r})"


class _EveryAction:
    """What panoramisk may forget when a connection ends: everything, so that nothing is ever sent again."""

    def __contains__(self, name: object) -> bool:
        return True


class _Session(Manager):  # type: ignore[misc]  # panoramisk has no types
    """panoramisk's Manager without its pinger, its replay and its reconnecting."""

    _opened: _Protocol | None = None

    async def open(self, timeout: float) -> None:
        """Connects, waits for the greeting, logs in."""
        stage = "no connection (is the address right, does manager.conf say enabled = yes, a firewall?)"
        try:
            async with asyncio.timeout(timeout):
                opening = self.connect()
                _, protocol = await opening
                self._opened = protocol
                stage = "connected, but no AMI greeting came: is this the AMI port?"
                await protocol.greeted
                stage = "it greets as AMI but does not answer the login"
                super().connection_made(opening)
                protocol.fail_if_broken()
                reply = await self.authenticated_future
        except TimeoutError:
            raise Unreachable(f"{stage} (waited {timeout:g} s)") from None
        except ssl.SSLCertVerificationError as fault:
            raise Unreachable(f"TLS could not be agreed on: {fault.verify_message}") from None
        except ssl.SSLError as fault:
            raise Unreachable(f"TLS could not be agreed on: {fault.reason}") from None
        except OSError as fault:
            raise Unreachable(f"no connection: {_why(fault)}") from None
        if not reply.ok:
            raise Refused(
                f"login of {self.config['username']!r} refused ({reply.message or 'no reason given'}): "
                "the secret is wrong, manager.conf has no such user, or its deny/permit lines do not admit "
                "our address (the switch does not tell which)"
            )

    async def exchange(self, actions: Iterable[Action], timeout: float) -> list[Reply]:
        """The replies in order, with up to PIPELINED actions ahead of them."""
        waiting = iter(actions)
        under_way = [self._launch(action) for action in islice(waiting, PIPELINED)]
        replies: list[Reply] = []
        while under_way:
            sent = under_way.pop(0)
            try:
                async with asyncio.timeout(timeout):
                    replies.append(await sent.future)
            except TimeoutError:
                raise Unreachable(
                    f"{sent.name} was not answered within {timeout:g} s; whether it was done is unknown"
                ) from None
            under_way.extend(self._launch(action) for action in islice(waiting, 1))
        return replies

    async def hear(self, timeout: float) -> list[dict[str, str]]:
        """The events that nobody has had yet; waits for the first."""
        protocol = self.protocol
        if not protocol.heard:
            protocol.fail_if_broken()
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await protocol.hears.wait()
        if not protocol.heard:
            protocol.fail_if_broken()
        some = list(protocol.heard)
        protocol.heard.clear()
        protocol.hears.clear()
        return some

    def certificate(self) -> dict[str, Any] | None:
        """What the other end has shown of itself, checked."""
        transport = getattr(self._opened, "transport", None)
        told: dict[str, Any] | None = transport.get_extra_info("peercert") if transport else None
        return told or None

    def _launch(self, action: Action) -> _Exchange:
        self.protocol.fail_if_broken()
        exchange = _Exchange(action)
        self.send_action(exchange)
        return exchange

    async def end(self) -> None:
        self.close()
        if self._opened is not None:
            self._opened.close()
        for _ in range(3):  # after Ctrl-C; now and then asyncio swallows a cancelling, and waits on for ever
            unfinished = asyncio.all_tasks() - {asyncio.current_task()}
            if not unfinished:
                break
            for task in unfinished:
                task.cancel()
            ended, _left = await asyncio.wait(unfinished, timeout=0.5)
            for task in ended:
                if not task.cancelled():
                    task.exception()  # it is retrieved, so nobody complains of it
        await asyncio.sleep(0)  # the transport closes its socket in the loop's next round

    def connection_made(self, opening: asyncio.Future[Any]) -> None:
        """Waits: `open` lets panoramisk go on (and send the secret) only after an AMI greeting."""
        if not opening.cancelled():
            opening.exception()

    def login(self, future: asyncio.Future[Reply]) -> bool:
        self.authenticated = not future.cancelled() and not future.exception() and future.result().ok
        if self.pinger is not None:
            self.pinger.cancel()
        return self.authenticated

    def connection_lost(self, exc: Exception | None) -> None:
        """No connecting again: a session that broke stays broken."""

    async def send_awaiting_actions(self, *_: object) -> None:
        """Nothing is sent twice."""


class _Exchange(PanoramiskAction):  # type: ignore[misc]  # panoramisk has no types
    """An action under way: its headers in their order, and its answer as far as it has come."""

    def __init__(self, action: Action) -> None:
        super().__init__({"Action": action.name})
        self.name = action.name
        self._headers = action.headers
        self._response: Headers | None = None
        self._events: list[dict[str, str]] = []
        self._size = 0

    def __str__(self) -> str:
        headers = (("Action", self.name), ("ActionID", self.id), *self._headers)
        return "".join(f"{key}: {value}\r\n" for key, value in headers) + "\r\n"

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def add_message(self, headers: Headers, size: int = 0) -> bool:
        """Takes a message of the answer; true when the answer is complete."""
        self._size += size
        if self._size > LARGEST_REPLY:
            raise Malformed(f"the answer to {self.name} is over {LARGEST_REPLY} bytes")
        fields = first_of_each(headers)
        if self._response is None:
            self._response = headers
            complete = not _is(fields, "start")
        else:
            self._events.append(fields)
            complete = _is(fields, "complete")
            if _is(fields, "cancelled"):
                raise Malformed(f"the list of {self.name} was broken off by the switch")
        if complete and not self.future.done():
            self.future.set_result(self._reply())
        return complete

    def _reply(self) -> Reply:
        lines = tuple(pair for pair in self._response or () if pair[0] not in ("Response", "ActionID"))
        return Reply(first_of_each(self._response or []), lines, tuple(self._events))


class _Protocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """panoramisk's protocol with its own reading: whole messages, strict UTF-8, bounded memory."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._incoming = Incoming()
        self._unasked = 0
        self.heard: deque[dict[str, str]] = deque()
        self.hears = asyncio.Event()
        self._fault: SwitchError | None = None

    def send(self, data: Any, as_list: bool = False) -> asyncio.Future[Reply]:
        if not isinstance(data, _Exchange):  # panoramisk's own Login
            headers = dict(data)
            data = _Exchange(Action(headers.pop("Action"), tuple(headers.items())))
        self.responses[data.id] = data
        for piece in self._pieces(str(data).encode()):
            self.transport.write(piece)
        future: asyncio.Future[Reply] = data.future
        return future

    def _pieces(self, message: bytes) -> list[bytes]:
        """The message whole; over TLS line by line, a record each.

        Asterisk takes at most 1024 bytes of a record and then waits for the socket, not for the rest of the
        record that OpenSSL already holds (manager.c, get_input): a longer one is never answered.
        """
        if self.transport.get_extra_info("ssl_object") is None:
            return [message]
        return message.splitlines(keepends=True)

    def data_received(self, data: bytes) -> None:
        try:
            for headers, size in self._incoming.receive(data):
                self._take(headers, size)
        except Malformed as fault:
            self._break(fault)
        if self._incoming.version and not self.greeted.done():
            self.greeted.set_result(None)

    def _take(self, headers: Headers, size: int) -> None:
        number = next((value for key, value in headers if key == "ActionID"), None)
        exchange = self.responses.get(number)
        if number is None and self.responses and headers[:1] and headers[0][0] == "Response":
            exchange = next(iter(self.responses.values()))  # it could not read our message, nor its id
        if exchange is None and self.config["events"] != "off" and headers[:1] and headers[0][0] == "Event":
            if len(self.heard) >= MOST_EVENTS:
                raise Malformed(f"over {MOST_EVENTS} events that nobody has taken")
            self.heard.append(first_of_each(headers))
            self.hears.set()
        elif exchange is None:
            self._unasked += 1
            if self._unasked > MOST_UNASKED:
                raise Malformed("it sends messages without end that nobody asked for")
        elif exchange.add_message(headers, size):
            self._unasked = 0
            del self.responses[exchange.id]

    def fail_if_broken(self) -> None:
        if self._fault is not None:
            raise self._fault

    def connection_lost(self, exc: Exception | None) -> None:
        self._break(Unreachable("the line went down; whether the last action was carried out is unknown"))

    def close(self) -> None:
        self._break(Unreachable("the session was closed"))

    def _break(self, fault: SwitchError) -> None:
        """Hangs up; all that wait for an answer get the fault instead."""
        if self._fault is None:
            self._fault = fault
        self.closed = True
        self.hears.set()
        self._incoming.forget()
        waiting = [self.greeted, *(exchange.future for exchange in self.responses.values())]
        self.responses.clear()
        for future in waiting:
            if not future.done():
                future.set_exception(self._fault)
                future.exception()  # whoever waits still gets it; asyncio need not complain if nobody does
        self.transport.abort()


def _why(fault: OSError) -> str:
    """The system's own word, in the place of asyncio's "Connect call failed ('127.0.0.1', 5038)"."""
    if fault.errno is not None and str(fault.strerror).startswith("Connect call failed"):
        return os.strerror(fault.errno)
    return fault.strerror or str(fault)


def _is(fields: dict[str, str], state: str) -> bool:
    return fields.get("EventList", "").lower() == state
