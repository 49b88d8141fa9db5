"""One writer at a time on a switch, from whatever machine: a token in the switch's AstDB (交换机锁)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who writes: the person, the machine and process, and a token nobody else has.

    `host` tells this machine, as long as it runs, from any other: never a host's name alone, which two
    machines may share.
    """

    who: str
    host: str
    pid: int
    token: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9-]{4,40}", self.token):
            raise ValueError(f"not a token: {self.token!r}")


@dataclass(frozen=True, slots=True)
class _Token:
    """A token as it stands on the switch. One that cannot be read has no times: it counts, and stays."""

    name: str
    said: str
    """Who it is and since when, to be shown."""
    host: str = ""
    pid: int = 0
    since: datetime | None = None
    renewed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchLock:
    """The lock of one switch. `alive` tells whether a process of this machine still runs.

    All times are the switch's own: the clocks of two machines may be far apart.
    """

    switch: Switch
    owner: Owner
    pause: Callable[[float], None]
    alive: Callable[[int], bool]

    @contextmanager
    def held(self) -> Iterator[Callable[[], None]]:
        """Enters and gives a way to say that we are still at it; or LockHeld with the other's name and time.

        Each who wants to enter writes a token of its own and looks whether others are there: so two can both
        step back, but never both enter. Of two that come at once the earlier one enters. A token whose
        process on this machine is gone, or that nobody renewed for ten minutes, is taken away.
        """
        since = self._now()
        self._write(since, since)
        try:
            waited = 0.0
            while other := self._other():
                earlier = other.since is None or (other.since, other.name) < (since, self.owner.token)
                if waited >= GIVE_WAY or earlier:
                    raise LockHeld(f"{self.switch.name} is being changed by {other.said}")
                self.pause(_STEP)
                waited += _STEP
            yield partial(self._renew, since)
        finally:
            with suppress(SwitchError):  # the line is down: the token goes stale by itself
                self._remove(self.owner.token)

    def _now(self) -> datetime:
        """What time it is on the switch."""
        told = self.switch.send(Action("Ping")).fields.get("Timestamp", "")
        try:
            return _EPOCH + timedelta(seconds=float(told))
        except (ValueError, OverflowError):
            raise FlowError(f"{self.switch.name} does not tell its time (Ping: {told!r})") from None

    def _renew(self, since: datetime) -> None:
        self._write(since, self._now())

    def _write(self, since: datetime, renewed: datetime) -> None:
        value = json.dumps(
            {
                "who": self.owner.who,
                "host": self.owner.host,
                "pid": self.owner.pid,
                "since": since.isoformat(),
                "renewed": renewed.isoformat(),
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
        others = [token for token in self._tokens() if token.name != self.owner.token]
        if not others:
            return None
        now, still = self._now(), []
        for token in others:
            gone = token.host == self.owner.host and not self.alive(token.pid)
            if gone or (token.renewed is not None and now - token.renewed > STALE_AFTER):
                self._remove(token.name)
            else:
                still.append(token)
        return min(still, key=lambda one: (one.since or _BEFORE_ALL, one.name), default=None)

    def _tokens(self) -> Iterator[_Token]:
        reply = self.switch.send(Action("DBGetTree", (("Family", FAMILY),)))
        for event in reply.events:
            name = event.get("Key", "").removeprefix(f"/{FAMILY}/")
            if name and "Val" in event:
                yield _read(name, event["Val"])


def _read(name: str, text: str) -> _Token:
    try:
        value = json.loads(text)
        since, renewed = (datetime.fromisoformat(value[key]) for key in ("since", "renewed"))
        who, host, pid = value["who"], value["host"], value["pid"]
        readable = since.tzinfo and renewed.tzinfo and isinstance(host, str) and type(pid) is int
    except (ValueError, KeyError, TypeError):
        readable = False
    if not readable:
        return _Token(
            name,
            f"somebody whose note {_plain(name)!r} cannot be read; if nobody is at it, take the note away on "
            f"the switch: asterisk -rx 'database del {FAMILY} {_plain(name)}'",
        )
    begun = since.isoformat(" ", "seconds")
    said = f"{_plain(who)} (process {pid}) since {begun}; try again when it is done"
    return _Token(name, said, host, pid, since, renewed)


def _plain(text: object) -> str:
    """A text from elsewhere, without what a terminal would obey."""
    return "".join(char for char in str(text) if char.isprintable())
