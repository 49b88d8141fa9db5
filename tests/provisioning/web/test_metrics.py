"""/metrics is there for whom it is, and for nobody else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioning.flows.errors import LedgerUnavailable
from provisioning.web.app import Desk, Metrics

FIGURES = b"seatline_nightly_exit_code 0.0\n"


def read() -> bytes:
    return FIGURES


def broken() -> bytes:
    raise LedgerUnavailable("ledger x: cannot be reached")


class Nobody:
    """A ledger in which no device has an address."""

    def device_at(self, token: str) -> None:
        return None

    def audit(self, **kept: Any) -> None: ...


def ask(host: str, metrics: Metrics | None, method: str = "GET") -> tuple[int, bytes, list[str]]:
    """The answer to somebody at that address, and what was told of it."""
    told: list[str] = []
    ledger: Any = Nobody()
    family: Any = None
    desk = Desk(
        ledger=ledger, family_of=family, clock=lambda: datetime(2026, 1, 5, tzinfo=UTC), tell=told.append,
        metrics=metrics,
    )  # fmt: skip
    answer: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        answer.append(message)

    scope = {
        "type": "http", "method": method, "path": "/metrics", "headers": [], "client": (host, 40000),
        "query_string": b"", "http_version": "1.1",
    }  # fmt: skip
    asyncio.run(desk(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in answer)
    return answer[0]["status"], body, told


def figures(*networks: str, fails: bool = False) -> Metrics:
    return Metrics(read=broken if fails else read, content_type="text/plain", networks=networks)


@pytest.mark.parametrize(
    ("host", "networks", "seen"),
    [
        ("127.0.0.1", ("127.0.0.1/32",), True),
        ("192.0.2.7", ("127.0.0.1/32", "192.0.2.0/24"), True),
        ("::ffff:192.0.2.7", ("192.0.2.0/24",), True),
        ("2001:db8::7", ("2001:db8::/64",), True),
        ("198.51.100.7", ("127.0.0.1/32", "192.0.2.0/24"), False),
        ("2001:db8:0:1::7", ("2001:db8::/64", "192.0.2.0/24"), False),
        ("127.0.0.1", (), False),
        ("unknown", ("0.0.0.0/0",), False),
    ],
)
def test_from_where_metrics_are_seen(host: str, networks: tuple[str, ...], seen: bool) -> None:
    """The networks of the settings see the figures; to anybody else there is nothing at that address."""
    status, body, _ = ask(host, figures(*networks))
    assert (status, body) == ((200, FIGURES) if seen else (404, b"not found\n"))


def test_nobody_sees_what_is_not_there() -> None:
    """Without the setting there is nothing, and whoever writes instead of reading gets nothing."""
    assert ask("127.0.0.1", None)[0] == 404
    assert ask("127.0.0.1", figures("127.0.0.1/32"), "POST")[0] == 404


def test_a_ledger_out_of_reach() -> None:
    """Whoever may see them is told that there are none now; whoever runs the server, why."""
    status, body, told = ask("127.0.0.1", figures("127.0.0.1/32", fails=True))
    assert (status, body) == (503, b"the ledger cannot be asked\n")
    assert "cannot be reached" in told[0]
