"""GET /iad/<token>/<file name>, and /metrics. Whatever is wrong looks alike from outside (取文件).

A request is answered first and written down afterwards, so that the time it takes tells nothing of why it was
refused. Nothing is told before its answer is on its way either: a terminal that is gone, or blocked, must not
cost a device the file that was just taken for it. Tokens stand in addresses: nothing here logs an address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Protocol, TypeVar

from starlette.background import BackgroundTask
from starlette.requests import Request as WebRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from provisioning.flows.errors import FlowError
from provisioning.flows.hand_out import FamilyOf, Request, Windows, fetch
from provisioning.flows.odd_fetch import ALERT, Budget, OddFetch, Trail, alarm, write_down
from provisioning.flows.ports import Offer

CONTENT_TYPES: Mapping[str, str] = {
    "xml": "text/xml",
    "cfg": "text/plain",
    "ini": "text/plain",
    "txt": "text/plain",
}
"""By the ending of the file's name; any other is application/octet-stream."""
EVERY_ANSWER: Mapping[str, str] = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "connection": "close",
}
BETWEEN_COMPLAINTS = timedelta(minutes=1)
"""How often the terminal is told that the ledger cannot be asked."""
LONGEST_PATH = 512
"""Characters of an address of ours, and more."""
THREADS = 4
"""How many questions the ledger is asked at once."""

_T = TypeVar("_T")


class Ledger(Windows, Trail, Protocol):
    """What of the ledger is needed here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The figures for Prometheus, and the networks from which they may be seen (监控指标)."""

    read: Callable[[], bytes]
    content_type: str
    networks: tuple[str, ...]

    def is_for(self, host: str) -> bool:
        """Whether somebody at that address may see them; an IPv4 address may come as IPv6."""
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        known = tuple(ip_network(network) for network in self.networks)
        return any((mapped or address) in network for network in known)


@dataclass(kw_only=True)
class Desk:
    """Where files are handed out: the world it needs, and its memory of what it told lately.

    `tell` writes a line for whoever runs the server; it is called by the event loop's thread only, so it
    should not wait (voice.py). `workers` are the threads that talk with the ledger.
    """

    ledger: Ledger
    family_of: FamilyOf
    clock: Callable[[], datetime]
    tell: Callable[[str], None]
    workers: Executor = field(default_factory=lambda: ThreadPoolExecutor(THREADS))
    who: str = "seatline serve"
    budget: Budget = field(default_factory=Budget)
    metrics: Metrics | None = None
    complained: datetime | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; nothing that goes wrong in here looks different from outside."""
        request = WebRequest(scope, receive)
        try:
            if request.method == "GET" and scope["path"] == "/healthz":
                answer = await self._health()
            elif request.method == "GET" and scope["path"] == "/metrics" and self._may_see(request):
                answer = await self._metrics()
            else:
                answer = await self._hand_out(request)
        except Exception as fault:  # a stranger learns nothing of it, the operator does
            self._complain(fault)
            answer = not_found()
        await answer(scope, receive, send)

    async def _hand_out(self, request: WebRequest) -> Response:
        asked = _asked(request)
        now = self.clock()
        found = await self._ask(lambda: fetch(self.ledger, asked, now=now, family_of=self.family_of))
        if isinstance(found, OddFetch):
            return not_found(BackgroundTask(self._note, found, now))
        told = f"{found.site}/{found.iad} has its file, fetched from {asked.remote}"
        return _file(found, BackgroundTask(self._note_fetched, told))

    async def _note_fetched(self, told: str) -> None:
        self._say(told)

    async def _note(self, odd: OddFetch, now: datetime) -> None:
        """Tells and writes down what was odd, as far as the budget allows."""
        left_out = self.budget.admits(odd, now)
        if left_out is None:
            return
        if alert := alarm(odd, left_out):
            self._say(f"{ALERT}{alert}")
        try:
            await self._ask(lambda: write_down(self.ledger, odd, left_out=left_out, at=now, who=self.who))
        except Exception as fault:  # it was told already
            self._complain(fault)

    async def _health(self) -> Response:
        """Whether the ledger can be asked."""
        try:
            await self._ask(lambda: self.ledger.device_at(""))
        except Exception as fault:  # whatever it is, we are not well
            self._complain(fault)
            return _plain(503, "the ledger cannot be asked\n")
        return _plain(200, "ok\n")

    def _may_see(self, request: WebRequest) -> bool:
        """Whether /metrics is there for whoever asks; to anybody else it is not found, like all the rest."""
        if self.metrics is None or request.client is None:
            return False
        return self.metrics.is_for(request.client.host)

    async def _metrics(self) -> Response:
        assert self.metrics is not None
        try:
            content = await self._ask(self.metrics.read)
        except Exception as fault:  # whoever may see them may know that there are none
            self._complain(fault)
            return _plain(503, "the ledger cannot be asked\n")
        return Response(content, headers={**EVERY_ANSWER, "content-type": self.metrics.content_type})

    async def _ask(self, question: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self.workers, question)

    def _complain(self, fault: Exception) -> None:
        """Tells of a fault, once a minute. What is no fault of ours to word is told by its kind alone."""
        now = self.clock()
        if self.complained is not None and timedelta(0) <= now - self.complained < BETWEEN_COMPLAINTS:
            return
        self.complained = now
        self._say(f"{ALERT}nothing can be handed out: {_told(fault)}")

    def _say(self, text: str) -> None:
        """Tells; where nobody can be told any more, the file is handed out all the same."""
        with suppress(OSError, ValueError):
            self.tell(text)


def not_found(after: BackgroundTask | None = None) -> Response:
    """The one answer to all that is wrong."""
    return _plain(404, "not found\n", after)


def _plain(status: int, text: str, after: BackgroundTask | None = None) -> Response:
    return Response(
        text, status_code=status, headers={**EVERY_ANSWER, "content-type": "text/plain"}, background=after
    )


def _file(offer: Offer, after: BackgroundTask) -> Response:
    ending = offer.file_name.rpartition(".")[2]
    kind = CONTENT_TYPES.get(ending, "application/octet-stream")
    return Response(offer.content, headers={**EVERY_ANSWER, "content-type": kind}, background=after)


def _asked(request: WebRequest) -> Request:
    """Token and name out of the address; any other address has the token of nobody."""
    path: str = request.scope["path"]
    parts = path.split("/") if len(path) <= LONGEST_PATH else []
    right = len(parts) == 4 and parts[:2] == ["", "iad"]
    return Request(
        token=parts[2] if right else "",
        file_name=parts[3] if right else "",
        user_agent=request.headers.get("user-agent", ""),
        remote=request.client.host if request.client is not None else "unknown",
        method=request.method,
    )


def _told(fault: Exception) -> str:
    return str(fault) if isinstance(fault, FlowError) else type(fault).__name__
