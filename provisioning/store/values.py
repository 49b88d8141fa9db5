"""How the core's values lie in a column: exact amounts, instants, and bytes' digests (列类型)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

ROW_ID = BigInteger().with_variant(Integer, "sqlite")
"""A row's own number; SQLite counts up by itself only for INTEGER."""


class Exact(TypeDecorator[Decimal]):
    """A Decimal as plain digits ("0.060"), the same on every database: no float on the way, no exponent."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Instant(TypeDecorator[datetime]):
    """An instant as GMT text that sorts in time ("2025-07-31T15:59:59.000000+00:00").

    Refuses a time without its zone, because nobody could say which instant it is.
    """

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else _gmt(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


@lru_cache(maxsize=16)
def _gmt(value: datetime) -> str:
    """The text of an instant; a batch of records asks thousands of times for the same one."""
    if value.tzinfo is None:
        raise ValueError("the ledger needs times with their zone")
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def sha256(raw: bytes) -> bytes:
    """The digest that proves a stored line unchanged."""
    return hashlib.sha256(raw).digest()
