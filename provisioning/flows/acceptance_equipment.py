"""What test calls are made with: the telephones, the far end, the clock, as protocols (验收设备)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pbx.trial import Desk, Measured, TrialCall


class Instrument(Protocol):
    """Test telephones: softphones, or SIPp where there are none (测试话机)."""

    @property
    def name(self) -> str: ...
    @property
    def hears(self) -> bool:
        """Whether it measures voice, and not only how a call goes."""
        ...

    def sign_on(self, desk: Desk) -> int:
        """Registers a telephone until the end; the SIP code of the answer, 0 for none."""
        ...

    def make(self, call: TrialCall) -> Measured: ...

    def await_call(self, called: Desk, *, within: float, seconds: float) -> Measured:
        """Waits for a call that a person makes to a telephone that is signed on."""
        ...


class Exchange(Protocol):
    """Makes many calls at once (多路同呼)."""

    def at_once(self, calls: Sequence[TrialCall], *, per_second: float, hold: float) -> tuple[int, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What the engineer has with him.

    `sip` is where the seats register; `outside` a telephone of the operator's that we play, `number` that of
    one in somebody's hand, `answers` numbers that answer by themselves. `ask` says to a person what to do.
    """

    instrument: Callable[[], AbstractContextManager[Instrument]]
    exchange: Callable[[], AbstractContextManager[Exchange]] | None
    sip: str
    outside: Desk | None = None
    number: str | None = None
    answers: tuple[str, ...] = ()
    ask: Callable[[str], None]
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
