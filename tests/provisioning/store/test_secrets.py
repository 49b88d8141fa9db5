"""Secrets stay where they belong: a canary is planted and looked for in everything that is shown."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event

from provisioning.flows.errors import FlowError
from provisioning.store import backup, upgrade
from provisioning.store.engine import make_engine
from provisioning.store.ledger import SqlLedger, open_ledger
from provisioning.store.verify import verify

CANARY = "CANARY"
JULY = date(2025, 7, 1)


def test_secrets_do_not_show_themselves(
    ledger: SqlLedger, sample: SimpleNamespace, add: Callable[..., Any]
) -> None:
    """Printing the secrets of a site tells how many there are; each is there when it is asked for."""
    add(ledger, (sample.contract(), JULY))
    secrets = ledger.secrets("zhaotong")
    assert CANARY in secrets["08702120001"]
    assert CANARY not in f"{secrets} {secrets!r} {ledger!r} {vars(ledger)!r}"


def test_a_failing_statement_shows_no_values(
    ledger: SqlLedger, sample: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    """When the secrets cannot be written, neither message, traceback nor log shows one."""

    @event.listens_for(ledger._engine, "before_cursor_execute", retval=True)
    def spoiled(_c: Any, _cur: Any, statement: str, parameters: Any, _ctx: Any, _many: Any) -> Any:
        return statement.replace("INTO sip_secret", "INTO nowhere"), parameters

    with caplog.at_level(logging.DEBUG), pytest.raises(FlowError) as caught:
        ledger.record_versions(
            [(sample.contract(), JULY)], new_secret=lambda: CANARY, at=sample.now, who=sample.who
        )
    shown = "".join(traceback.format_exception(caught.value))
    assert CANARY not in shown + str(caught.value) + caplog.text
    assert ledger.versions() == ()


def test_statement_logs_show_no_values(
    ledger: SqlLedger, sample: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    """Even with SQLAlchemy's own log turned on, no secret is in it."""
    with caplog.at_level(logging.DEBUG, logger="sqlalchemy"):
        ledger.record_versions(
            [(sample.contract(), JULY)], new_secret=lambda: CANARY, at=sample.now, who=sample.who
        )
    assert "sip_secret" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "CANARY",
        "mysql://clerk:CANARY@127.0.0.1/ledger",
        "postgresql+psycopg://clerk:CANARY@127.0.0.1:1/ledger",
        "postgresql+psycopg://clerk:CANARY@127.0.0.1:CANARY/ledger",
        "postgresql+psycopg://clerk:CANARY@127.0.0.1:1/ledger?sslmode=nonsense",
        "postgresql+psycopg://clerk@127.0.0.1:1/ledger?password=CANARY",
        "postgresql+nodriver://clerk:CANARY@127.0.0.1/ledger",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
    ],
)
@pytest.mark.parametrize("use", [open_ledger, upgrade.upgrade, upgrade.current, verify, backup.backup])
def test_no_url_is_repeated_with_its_password(
    use: Callable[..., Any], url: str, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is wrong with the ledger's URL, the message is clear and holds no password."""
    arguments = (tmp_path / "backup",) if use is backup.backup else ()
    with pytest.raises(FlowError) as caught:
        use(url, *arguments)
    assert CANARY not in "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "ledger" in str(caught.value) or "pg_dump" in str(caught.value)


def test_the_engine_hides_the_password() -> None:
    """Printing an engine, or a ledger, shows the database without its password."""
    engine = make_engine("postgresql+psycopg://clerk:CANARY@127.0.0.1/ledger")
    assert CANARY not in f"{engine!r} {engine.url} {SqlLedger(engine)!r}"
    assert "clerk" in repr(SqlLedger(engine))
