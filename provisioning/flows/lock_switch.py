"""One writer at a time on a switch, from whatever machine: a token in the switch's AstDB (交换机锁)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from pbx.action import Action
from pbx.errors import SwitchError
from provisioning.flows.errors import FlowError, LockHeld
from provisioning.flows.ports import Switch

FAMILY = "seatline/lock"
STALE_AFTER = timedelta(minutes=10)
"""A token older than this belongs to nobody any more; a writer at work renews its own."""
GIVE_WAY = 2.0
"""Seconds the earlier of two that came at the same time waits for the other to step back."""
_STEP = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who writes: the person, the machine and process, and a token nobody else has."""

    who: str
    host: str
    pid: int
    token: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9-]{4,40}", self.token):
            raise ValueError(f"not a token: {self.token!r}")


@dataclass(frozen=True, slots=True)
class _Token:
    """A token as it stands on the switch."""

    name: str
    who: str
    host: str
    pid: int
    since: datetime
    renewed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchLock:
    """The lock of one switch. `alive` tells whether a process of this machine still runs."""

    switch: Switch
    owner: Owner
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    alive: Callable[[int], bool]

    @contextmanager
    def held(self) -> Iterator[Callable[[], None]]:
        """Enters and gives a way to say that we are still at it; or LockHeld with the other's name and time.

        Each who wants to enter writes a token of its own and looks whether others are there: so two can both
        step back, but never both enter. Of two that come at once the earlier one enters. A token whose
        process on this machine is gone, or that nobody renewed for ten minutes, is taken away.
        """
        since = self.clock()
        self._write(since)
        try:
            waited = 0.0
            while other := self._other():
                if waited >= GIVE_WAY or (other.since, other.name) < (since, self.owner.token):
                    raise LockHeld(
                        f"{self.switch.name} is being changed by {other.who} (process {other.pid} on "
                        f"{other.host}) since {other.since.isoformat(' ', 'seconds')}; "
                        "try again when it is done"
                    )
                self.pause(_STEP)
                waited += _STEP
            yield partial(self._write, since)
        finally:
            with suppress(SwitchError):  # the line is down: the token goes stale by itself
                self._remove(self.owner.token)

    def _write(self, since: datetime) -> None:
        value = json.dumps(
            {
                "who": self.owner.who,
                "host": self.owner.host,
                "pid": self.owner.pid,
                "since": since.isoformat(),
                "renewed": self.clock().isoformat(),
            }
        )
        reply = self.switch.send(
            Action("DBPut", (("Family", FAMILY), ("Key", self.owner.token), ("Val", value)))
        )
        if not reply.ok:
            raise FlowError(
                f"{self.switch.name}: the lock cannot be written to the switch's database: {reply.message}; "
                "the AMI user needs write=system,config"
            )

    def _remove(self, token: str) -> None:
        self.switch.send(Action("DBDel", (("Family", FAMILY), ("Key", token))))

    def _other(self) -> _Token | None:
        """The earliest of the others that are still at it; those that are not are cleared away."""
        others: list[_Token] = []
        for token in self._tokens():
            if token.name == self.owner.token:
                continue
            gone = token.host == self.owner.host and not self.alive(token.pid)
            if gone or self.clock() - token.renewed > STALE_AFTER:
                self._remove(token.name)
            else:
                others.append(token)
        return min(others, key=lambda token: (token.since, token.name), default=None)

    def _tokens(self) -> Iterator[_Token]:
        reply = self.switch.send(Action("DBGetTree", (("Family", FAMILY),)))
        for event in reply.events:
            name = event.get("Key", "").removeprefix(f"/{FAMILY}/")
            if not name or "Val" not in event:
                continue
            try:
                value = json.loads(event["Val"])
                since, renewed = (datetime.fromisoformat(value[key]) for key in ("since", "renewed"))
                yield _Token(name, value["who"], value["host"], value["pid"], since, renewed)
            except (ValueError, KeyError, TypeError):
                self._remove(name)  # none of ours
