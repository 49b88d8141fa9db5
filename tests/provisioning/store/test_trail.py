"""The audit and the applied plans."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from provisioning.flows.errors import FlowError
from provisioning.store.ledger import open_ledger


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(statement))]
    engine.dispose()
    return found


def document(value: Any) -> Any:
    """JSON comes as text from SQLite and as itself from PostgreSQL."""
    return json.loads(value) if isinstance(value, str) else value


def test_an_event_is_noted(full_ledger_url: str, sample: Any) -> None:
    """The audit keeps what happened to what, by whom and when."""
    with open_ledger(full_ledger_url) as ledger:
        ledger.audit(
            event="applied", subject="昭通", detail={"n": 1, "名": ["x"]}, at=sample.now, who=sample.who
        )
    ((at, who, event, subject, detail),) = rows(
        full_ledger_url, "SELECT at, who, event, subject, detail FROM audit"
    )
    assert (who, event, subject) == (sample.who, "applied", "昭通")
    assert document(detail) == {"n": 1, "名": ["x"]}
    assert at == "2025-11-20T08:00:00.123456+00:00"


def test_events_are_counted_from_a_moment_on(full_ledger_url: str, sample: Any) -> None:
    """Events of that name at that moment and after it are counted, and nothing else."""
    with open_ledger(full_ledger_url) as ledger:
        assert ledger.audited_since("odd", sample.now) == 0
        for event, days in (("odd", -1), ("odd", 0), ("odd", 2), ("even", 1)):
            at = sample.now + timedelta(days=days)
            ledger.audit(event=event, subject="s", detail={}, at=at, who="w")
        assert ledger.audited_since("odd", sample.now) == 2
        assert ledger.last_audited("odd") == sample.now + timedelta(days=2)


def test_an_applied_plan_is_kept(full_ledger_url: str, sample: Any) -> None:
    """An applied plan is kept whole, and the audit has a line of it."""
    plan = {"changes": [{"action": "add", "name": "seat-08702120001"}], "add": 1}
    with open_ledger(full_ledger_url) as ledger:
        ledger.record_applied(
            site="zhaotong", switch="pbx", digest="ab" * 32, plan=plan, at=sample.now, who=sample.who
        )
    ((site, switch, stored),) = rows(full_ledger_url, "SELECT site, switch, plan FROM applied_plan")
    assert (site, switch, document(stored)) == ("zhaotong", "pbx", plan)
    assert rows(full_ledger_url, "SELECT event, subject FROM audit") == [("plan-applied", "zhaotong")]


def test_chinese_is_stored_readable(full_ledger_url: str, sample: Any) -> None:
    """A person who opens the database sees Chinese, not escapes."""
    with open_ledger(full_ledger_url) as ledger:
        ledger.audit(event="e", subject="s", detail={"名": "办公室"}, at=sample.now, who="w")
    ((stored,),) = rows(full_ledger_url, "SELECT CAST(detail AS TEXT) FROM audit")
    assert "办公室" in stored


def test_a_detail_that_is_no_json_is_refused(full_ledger_url: str, sample: Any) -> None:
    """A value that JSON cannot hold is an error before anything is written."""
    with open_ledger(full_ledger_url) as ledger, pytest.raises((FlowError, TypeError)):
        ledger.audit(event="e", subject="s", detail={"x": object()}, at=sample.now, who="w")
    assert rows(full_ledger_url, "SELECT * FROM audit") == []
