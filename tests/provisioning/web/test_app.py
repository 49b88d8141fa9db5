"""From outside, whatever is wrong is the same 404; what is right is handed out once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from uvicorn import Server

from provisioning.flows.errors import LedgerUnavailable
from provisioning.flows.ports import HandedOut, Offer
from provisioning.web import server as serving
from provisioning.web.app import Desk
from provisioning.web.server import server

from .hours import Hours

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
TOKEN = "T0kenOfTheFirstDevice123"
OVER = "T0kenOfTheExpiredOne1234"
NAME = "cfgc074ad000001.xml"
AGENT = "Grandstream Model HW GXW4248 V1.0 SW 1.0.5.2 DevId c074ad000001"
RIGHT = f"/iad/{TOKEN}/{NAME}"


class Grandstream:
    def sent_by(self, user_agent: str) -> str | None:
        return user_agent.rpartition("DevId ")[2] if user_agent.startswith("Grandstream") else None


def waiting(minutes: int = 30) -> Offer:
    return Offer(
        site="zhaotong",
        iad="iad-1",
        model="grandstream-gxw4248",
        mac="c0:74:ad:00:00:01",
        file_name=NAME,
        content=b"<gs_provision>Secret1</gs_provision>",
        document={},
        until=NOW + timedelta(minutes=minutes),
    )


@dataclass
class Book:
    """A ledger in memory, which can break."""

    offers: dict[str, Offer] = field(default_factory=lambda: {TOKEN: waiting(), OVER: waiting(-1)})
    trail: list[Mapping[str, Any]] = field(default_factory=list)
    broken: Exception | None = None
    calls: int = 0

    def device_at(self, token: str) -> tuple[str, str] | None:
        self.calls += 1
        if self.broken is not None:
            raise self.broken
        return ("zhaotong", "iad-1") if token in (TOKEN, OVER) else None

    def handed_out(self, site: str) -> Mapping[str, HandedOut]:
        one = HandedOut(site=site, iad="iad-1", document={}, digest="", how="fetched", at=NOW)
        return {"iad-1": one}

    def offer(self, offers: object, *, at: datetime, who: str) -> None: ...

    def offered(self, token: str) -> Offer | None:
        return self.offers.get(token)

    def take(
        self, token: str, *, at: datetime, detail: Mapping[str, Any], seen: Offer | None = None
    ) -> Offer | None:
        return self.offers.pop(token, None)

    def audit(self, **kept: Any) -> None:
        if self.broken is not None:
            raise self.broken
        self.trail.append(kept)


@dataclass
class House:
    """A server that runs, seen from outside and from inside."""

    book: Book
    told: list[str]
    port: int
    runs: Server
    hours: Hours

    def line(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def served(self) -> bool:
        """Whether anybody is connected."""
        return bool(self.runs.server_state.connections)

    def say(self, text: bytes) -> bytes:
        """Sends these bytes; all that comes back until the other end is silent."""
        with self.line() as line:
            line.sendall(text)
            answer = b""
            while some := line.recv(65536):
                answer += some
        return answer

    def ask(self, path: str, *, agent: str = AGENT, method: str = "GET", more: str = "") -> bytes:
        head = f"{method} {path} HTTP/1.1\r\nHost: prov.example.net\r\nUser-Agent: {agent}\r\n{more}\r\n"
        return self.say(head.encode("latin-1"))

    def reasons(self, count: int) -> list[str]:
        """The reasons written down so far, once there are that many."""
        wait_until(lambda: len(self.book.trail) >= count)
        return [one["detail"]["reason"] for one in self.book.trail]


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def undated(answer: bytes) -> bytes:
    """The answer without its Date."""
    lines = answer.split(b"\r\n")
    dates = [line for line in lines if line.startswith(b"date: ")]
    assert len(dates) == 1
    return answer.replace(dates[0] + b"\r\n", b"", 1)


@pytest.fixture
def desk() -> Desk:
    return Desk(ledger=Book(), family_of=lambda model: Grandstream(), clock=lambda: NOW, tell=print)


@pytest.fixture
def house(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    hours = Hours(monkeypatch)
    book, told = Book(), list[str]()
    desk.ledger, desk.tell = book, told.append
    runs = server(desk)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=runs.run, kwargs={"sockets": [listener]})
    thread.start()
    wait_until(lambda: runs.started)
    yield House(book, told, listener.getsockname()[1], runs, hours)
    runs.should_exit = True
    thread.join(60)
    desk.workers.shutdown()
    assert not thread.is_alive()


NOT_FOUND = (
    b"HTTP/1.1 404 Not Found\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n"
    b"connection: close\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n\r\nnot found\n"
)


def test_the_device_gets_its_file(house: House) -> None:
    """The device's own request gets the file, which nobody on the way may keep; it is told without token."""
    answer = house.ask(RIGHT)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert body == b"<gs_provision>Secret1</gs_provision>"
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 200 OK"
    assert b"cache-control: no-store" in lines
    assert b"content-type: text/xml" in lines
    assert not [line for line in lines if line.lower().startswith((b"server:", b"etag:", b"last-modified:"))]
    wait_until(lambda: house.told == ["zhaotong/iad-1 has its file, fetched from 127.0.0.1"])
    assert undated(house.ask(RIGHT)) == NOT_FOUND
    assert house.reasons(1) == ["taken"]


def test_whatever_is_wrong_is_the_same_answer(house: House) -> None:
    """Every wrong request gets the same bytes, whatever is wrong with it, but for the Date."""
    wrong = [
        house.ask(f"/iad/{TOKEN}/cfgc074ad000002.xml"),
        house.ask(f"/iad/{TOKEN}/"),
        house.ask(f"/iad/{TOKEN}"),
        house.ask(f"/iad/{TOKEN}/{NAME}/"),
        house.ask(f"/iad/{TOKEN}/{NAME}%00"),
        house.ask(f"/iad/{TOKEN}/../{TOKEN}/{NAME}"),
        house.ask(f"/iad/{TOKEN}/..%2f{NAME}"),
        house.ask(f"//iad/{TOKEN}/{NAME}"),
        house.ask(f"/IAD/{TOKEN}/{NAME}"),
        house.ask(f"/iad/{TOKEN.lower()}/{NAME}"),
        house.ask(f"/iad/{'x' * 4000}/{NAME}"),
        house.ask("/iad/%ff%fe/x"),
        house.ask(f"/iad/c074ad000001/{NAME}"),
        house.ask(f"/{NAME}"),
        house.ask("/"),
        house.ask("/healthz/"),
        house.ask("/healthz", method="POST"),
        house.ask(f"/iad/{OVER}/{NAME}"),
        house.ask(RIGHT, agent="curl/8.5"),
        house.ask(RIGHT, agent=AGENT.replace("000001", "000002")),
        house.ask(RIGHT, agent=""),
        house.ask(RIGHT, method="POST", more="Content-Length: 3\r\n\r\nabc"),
        house.ask(RIGHT, method="PUT", more="Content-Length: 0\r\n"),
        house.ask(RIGHT, method="OPTIONS"),
        house.ask(RIGHT, method="BREW"),
        house.ask(f"http://prov.example.net/iad/{TOKEN}/{NAME}"),
        house.ask("http://prov.example.net/"),
        house.ask("*", method="OPTIONS"),
        house.ask("prov.example.net:443", method="CONNECT"),
        house.ask(RIGHT, more="Connection: Upgrade\r\nUpgrade: websocket\r\n", agent="curl/8.5"),
    ]
    assert {undated(answer) for answer in wrong} == {NOT_FOUND}
    assert undated(house.ask(RIGHT, method="HEAD")) == NOT_FOUND.removesuffix(b"not found\n")
    assert house.ask(RIGHT).startswith(b"HTTP/1.1 200 OK")


def test_headers_of_proxies_are_not_believed(house: House) -> None:
    """The address that is written down is the other end's, not one that a header claims."""
    house.ask(RIGHT, agent="curl", more="X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n")
    house.reasons(1)
    assert house.book.trail[0]["detail"] == {
        "reason": "wrong-user-agent",
        "remote": "127.0.0.1",
        "user_agent": "curl",
    }


def test_nothing_that_is_told_or_written_holds_a_secret(house: House) -> None:
    """Neither the terminal nor the audit sees token, file name or content."""
    house.ask(RIGHT, agent="curl")
    house.ask(RIGHT)
    house.ask(RIGHT)
    house.reasons(2)
    kept = repr(house.book.trail) + repr(house.told)
    assert TOKEN not in kept
    assert NAME not in kept
    assert "Secret1" not in kept


def test_an_odd_fetch_is_told_and_written_down(house: House) -> None:
    """A wrong request sets off an alarm and leaves a line in the audit, by device."""
    house.ask(RIGHT, agent=AGENT.replace("000001", "000002"))
    assert house.reasons(1) == ["wrong-mac"]
    assert house.book.trail[0]["event"] == "iad-odd-fetch"
    assert house.book.trail[0]["subject"] == "zhaotong/iad-1"
    assert house.told[0].startswith("ALERT odd fetch, device zhaotong/iad-1, from 127.0.0.1")


def test_a_flood_is_counted_and_not_written(house: House) -> None:
    """Of a scanner's many requests a few are written down; the answers stay the same."""
    answers = {undated(house.ask(f"/iad/{n:024}/cfg.xml")) for n in range(40)}
    assert answers == {NOT_FOUND}
    assert house.reasons(5) == ["unknown-token"] * 5
    assert len(house.told) == 5
    assert house.book.calls == 40


def test_of_many_at_once_one_gets_the_file(house: House) -> None:
    """When a file is asked for twenty times at once, one request gets it."""
    answers: list[bytes] = []
    threads = [threading.Thread(target=lambda: answers.append(house.ask(RIGHT))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer[:12] for answer in answers) == [b"HTTP/1.1 200"] + [b"HTTP/1.1 404"] * 19


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (LedgerUnavailable("the ledger is busy"), "the ledger is busy"),
        (KeyError(TOKEN), "KeyError"),
    ],
)
def test_a_broken_ledger_is_nobodys_business_outside(house: House, broken: Exception, said: str) -> None:
    """While the ledger cannot be asked, outsiders see the same 404, /healthz 503, and we are told once."""
    house.book.broken = broken
    assert undated(house.ask(RIGHT)) == NOT_FOUND
    assert undated(house.ask(f"/iad/{TOKEN}x/{NAME}")) == NOT_FOUND
    assert house.ask("/healthz").startswith(b"HTTP/1.1 503")
    assert house.told == [f"ALERT nothing can be handed out: {said}"]
    house.book.broken = None
    assert house.ask("/healthz").startswith(b"HTTP/1.1 200")
    assert house.ask(RIGHT).startswith(b"HTTP/1.1 200")


def test_an_audit_that_cannot_be_written_is_told(house: House) -> None:
    """An odd fetch is told also when the ledger does not take it."""
    house.book.audit = lambda **_: (_ for _ in ()).throw(LedgerUnavailable("full"))
    assert undated(house.ask(RIGHT, agent="curl")) == NOT_FOUND
    wait_until(lambda: len(house.told) == 2)
    assert house.told[0].startswith("ALERT odd fetch")
    assert house.told[1] == "ALERT nothing can be handed out: full"


def test_requests_are_bounded(house: House) -> None:
    """A request whose head goes on for more than 8 KiB is none; a long address is the address of nobody."""
    assert house.say(b"GET /iad/" + b"x" * 9000).startswith(b"HTTP/1.1 400")
    assert house.say(f"GET {RIGHT} HTTP/1.1\r\nX: {'x' * 9000}".encode()).startswith(b"HTTP/1.1 400")
    assert undated(house.ask("/iad/" + "x" * 6000)) == NOT_FOUND
    assert house.say(b"\x16\x03\x01\x02\x00\x01").startswith(b"HTTP/1.1 400")


def test_every_connection_is_closed_after_its_answer(house: House) -> None:
    """A connection serves one request: what is sent behind it is not read."""
    twice = f"GET {RIGHT} HTTP/1.1\r\nHost: x\r\nUser-Agent: curl\r\nConnection: keep-alive\r\n\r\n" * 2
    assert house.say(twice.encode()).count(b"HTTP/1.1") == 1


def test_whoever_says_nothing_is_left(house: House) -> None:
    """A connection on which no whole request comes is cut: it cannot keep a place."""
    with house.line() as line:
        line.sendall(b"GET /iad/")
        wait_until(house.served)
        house.hours.pass_by(serving.REQUEST_SECONDS)
        assert line.recv(1) == b""


def test_whoever_does_not_read_is_left(house: House) -> None:
    """A connection whose answer is not read to its end is cut after its time."""
    big = waiting()
    house.book.offers[TOKEN] = Offer(
        **{name: getattr(big, name) for name in ("site", "iad", "model", "mac", "file_name", "document")},
        content=b"x" * 50_000_000,
        until=big.until,
    )
    with house.line() as line:
        line.sendall(f"GET {RIGHT} HTTP/1.1\r\nHost: x\r\nUser-Agent: {AGENT}\r\n\r\n".encode())
        got = len(line.recv(1))

        def left() -> bool:
            house.hours.pass_by(serving.REQUEST_SECONDS)
            return not house.served()

        wait_until(left)
        try:
            while some := line.recv(1_000_000):
                got += len(some)
        except ConnectionResetError:
            pass
    assert 0 < got < 50_000_000


def test_a_terminal_that_is_gone_costs_no_device_its_file(
    house: House, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody can be told any more, the file that was taken is handed out all the same."""

    def gone(_: str) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(desk, "tell", gone)
    assert house.ask(RIGHT, agent="curl").startswith(b"HTTP/1.1 404")
    assert house.ask(RIGHT).endswith(b"<gs_provision>Secret1</gs_provision>")


def test_the_file_is_on_its_way_before_anybody_is_told(
    house: House, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device does not wait for the terminal: its answer is whole before a line is written."""
    got = threading.Event()
    monkeypatch.setattr(desk, "tell", lambda _: house.told.append("late" if got.wait(60) else "early"))
    with house.line() as line:
        line.sendall(f"GET {RIGHT} HTTP/1.1\r\nHost: x\r\nUser-Agent: {AGENT}\r\n\r\n".encode())
        answer = b""
        while not answer.endswith(b"</gs_provision>"):
            answer += line.recv(65536)
        got.set()
    wait_until(lambda: house.told == ["late"])
