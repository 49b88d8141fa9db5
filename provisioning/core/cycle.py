"""Billing cycles: calendar months of Asia/Shanghai; records themselves are in GMT (账期)."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China Standard Time. Fixed at +08:00 since 1991, so no time-zone table has to be read from disk."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def shanghai_time(microseconds: int) -> datetime:
    """The wall time in Shanghai of an instant given in microseconds since 1970 GMT."""
    return (_EPOCH + timedelta(microseconds=microseconds)).astimezone(SHANGHAI)


def shanghai_day(microseconds: int) -> date:
    """The day in Shanghai on which that instant falls."""
    return shanghai_time(microseconds).date()


@dataclass(frozen=True, slots=True, order=True)
class Cycle:
    """One calendar month, written 2025-07."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1990 <= self.year <= 9998 and 1 <= self.month <= 12):
            raise ValueError(f"not a month: {self.year}-{self.month}")

    @classmethod
    def parse(cls, text: str) -> Cycle:
        """From "2025-07"; ValueError for anything else."""
        found = re.fullmatch(r"([0-9]{4})-([0-9]{2})", text)
        if not found:
            raise ValueError(f"not a billing cycle: {text!r}; write it as 2025-07")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> Cycle:
        return cls(day.year, day.month)

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        return date(self.year, self.month, self.days)

    @property
    def end(self) -> int:
        """The instant at which it is over in Shanghai, in microseconds since 1970 GMT."""
        midnight = datetime.combine(self.last + timedelta(days=1), time(), SHANGHAI)
        return (midnight - _EPOCH) // timedelta(microseconds=1)

    @property
    def days(self) -> int:
        return calendar.monthrange(self.year, self.month)[1]

    def next(self) -> Cycle:
        return Cycle(self.year + self.month // 12, self.month % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"
