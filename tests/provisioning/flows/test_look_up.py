"""The helpdesk's answer, as lookup --json prints it."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest

from provisioning.flows.errors import FlowError
from provisioning.flows.look_up import look_up
from provisioning.flows.ports import Holding, Ledger

HELD = Holding(
    long_number="08702120001",
    short_number="6001",
    name="张三",
    department="办公室",
    site="zhaotong",
    contract="zhaotong-2025",
    iad="iad-1",
    port=3,
    remark=None,
    since=date(2025, 7, 1),
    until=None,
    mobile="13800138000",
)


class Book:
    """A ledger that knows one seat, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, date]] = []

    def look_up(self, text: str, on: date, *, limit: int = 50) -> tuple[Holding, ...]:
        self.asked.append((text, on))
        return (HELD,)


def asked(text: str, **more: Any) -> tuple[list[dict[str, Any]], list[tuple[str, date]]]:
    book = Book()
    return look_up(text, ledger=cast(Ledger, book), today=date(2025, 9, 15), **more), book.asked


def test_the_answer_has_the_fields_of_lookup_json() -> None:
    """A find is told with these twelve fields, in this order, days as text."""
    ((answer,), _) = asked("6001")
    assert list(answer.items()) == [
        ("long_number", "08702120001"),
        ("short_number", "6001"),
        ("name", "张三"),
        ("department", "办公室"),
        ("site", "zhaotong"),
        ("contract", "zhaotong-2025"),
        ("iad", "iad-1"),
        ("port", 3),
        ("remark", None),
        ("since", "2025-07-01"),
        ("until", None),
        ("registered", None),
    ]


def test_today_unless_another_day_is_given() -> None:
    """Without a day the question is about today."""
    assert asked("6001")[1] == [("6001", date(2025, 9, 15))]
    assert asked("6001", on=date(2025, 1, 2))[1] == [("6001", date(2025, 1, 2))]


@pytest.mark.parametrize("text", ["", "  ", "\t"])
def test_a_question_needs_a_text(text: str) -> None:
    """An empty text is told, not answered with everybody."""
    with pytest.raises(FlowError, match="lookup needs"):
        asked(text)
