"""Runs the application on one address until it is told to stop (HTTP 服务)."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import signal
import socket
import ssl
from asyncio import Transport
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from provisioning.flows.errors import FlowError
from provisioning.flows.odd_fetch import ALERT
from provisioning.web.app import Desk
from provisioning.web.gate import Door, Gate
from provisioning.web.voice import Voice

REQUEST_SECONDS = 10.0
"""Whoever connects has asked by then."""
CONNECTION_SECONDS = 60.0
"""Whoever asked has read the answer by then."""
LARGEST_HEAD = 8 * 1024
"""Bytes of a request's address and headers."""
HANDSHAKE_SECONDS = 10.0
"""Whoever connects has agreed on TLS by then; only afterwards his request is waited for."""
BACKLOG = 64
GRACE_SECONDS = 10


class Impatient(H11Protocol):
    """uvicorn's HTTP without its patience: it would wait for ever for a request, and for a slow reader."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._timer = self.loop.call_later(REQUEST_SECONDS, self._asked)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def _asked(self) -> None:
        if self.cycle is None:
            self.transport.abort()
        else:
            self._timer = self.loop.call_later(CONNECTION_SECONDS - REQUEST_SECONDS, self.transport.abort)


class Loop(asyncio.SelectorEventLoop):
    """asyncio's loop with less patience for a handshake than its minute, which uvicorn has no option for."""

    async def create_server(self, *arguments: Any, **options: Any) -> asyncio.Server:
        if options.get("ssl") is not None:
            options["ssl_handshake_timeout"] = HANDSHAKE_SECONDS
        return await super().create_server(*arguments, **options)


class Quiet(logging.Handler):
    """What asyncio would log, with a whole traceback each time: a line a minute, of no content."""

    def __init__(self, voice: Voice) -> None:
        super().__init__()
        self._voice = voice
        self._last: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if self._last is not None and record.created - self._last < 60:
            return
        self._last = record.created
        kind = record.exc_info[0] if record.exc_info else None
        self._voice(f"{ALERT}the server itself: {kind.__name__ if kind else record.levelname.lower()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where is listened, and how: in clear on this machine, anywhere with a certificate and its key."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    plain_http: bool = False

    def check(self) -> None:
        """FlowError when passwords would cross a network in clear and nobody said that this is meant."""
        if not (self.certificate or self.plain_http or _is_loopback(self.host)):
            raise FlowError(
                f"listening on {self.host} without a certificate sends passwords in clear: set certificate "
                "and key under [serve] in seatline.toml, or say --plain-http where devices know nothing else"
            )

    def tls(self) -> ssl.SSLContext | None:
        """What proves to devices who we are; FlowError for files that do not serve."""
        if self.certificate is None or self.key is None:
            return None
        return _tls_context(self.certificate, self.key)

    def listener(self) -> socket.socket:
        """A socket bound to the address; FlowError says what is in the way."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
            family, _, _, _, address = found[0]
            return socket.create_server(address[:2], family=family)
        except OSError as fault:
            why = fault.strerror or str(fault)
            raise FlowError(f"cannot listen on {self.host} port {self.port}: {why}") from None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"


def serve_desk(desk: Desk, place: Place) -> None:
    """Serves until SIGTERM or SIGINT, lets answers under way be finished, and tells what it left untold.

    For a process of its own: SIGTERM is the wanted end, not a fault.
    """
    place.check()
    tls = place.tls()
    voice = Voice(desk.tell)
    desk.tell = voice
    log = logging.getLogger("asyncio")
    log.handlers, log.propagate = [Quiet(voice)], False
    try:
        with Door(place.listener(), Gate(voice)) as listener:
            signal.signal(signal.SIGTERM, _leave)  # uvicorn stops by it, then raises it once more
            voice(f"handing out IAD files on {place}")
            try:
                server(desk, tls=tls).run(sockets=[listener])
            finally:
                left_out = desk.budget.left_out
                voice("stopped" + (f"; {left_out} more odd fetches were only counted" if left_out else ""))
    finally:
        voice.finish()


def server(desk: Desk, *, tls: ssl.SSLContext | None = None) -> Server:
    """A server without access log (tokens stand in addresses), Server header or trust in proxies' headers."""
    options: dict[str, Any] = {}
    if tls is not None:
        options["ssl_context_factory"] = lambda _config, _default: tls
    return Server(
        Config(
            desk,
            http=Impatient,
            ws="none",
            lifespan="off",
            loop=f"{__name__}:{Loop.__name__}",
            backlog=BACKLOG,
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=LARGEST_HEAD,
            timeout_keep_alive=1,
            timeout_graceful_shutdown=GRACE_SECONDS,
            **options,
        )
    )


def _leave(*_: object) -> None:
    raise SystemExit(0)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except FileNotFoundError:
        missing = next((file for file in (certificate, key) if not file.exists()), certificate)
        raise FlowError(f"{missing}: no such file; [serve] names certificate and key") from None
    except ssl.SSLError as fault:
        why = (fault.reason or "not a certificate and its key").lower().replace("_", " ")
        raise FlowError(f"{certificate} and {key} do not serve: {why}") from None
    except OSError as fault:
        raise FlowError(f"{certificate} or {key} cannot be read: {fault.strerror}") from None
    except ValueError as fault:
        raise FlowError(f"{key}: {fault}") from None
    return context


def _no_password() -> str:
    raise ValueError("the key has a password; give one without")
