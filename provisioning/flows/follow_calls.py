"""A live view of the calls that end, over AMI, and what of it the ledger has by now (实时话单).

It is quick and nothing else: AMI tells each call once, in whole seconds, and to nobody while nobody listens.
So it never makes a record; a call that it saw and that no record came of is reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from pbx.cdr_event import NAME, SeenCall, parse
from pbx.errors import Malformed
from provisioning.flows.errors import LedgerUnavailable
from provisioning.flows.reconcile_sources import shown

MOST_UNKEPT = 10_000
"""Calls that wait in memory while the ledger cannot be reached."""


class ViewBook(Protocol):
    """What the ledger keeps of the view."""

    def note_seen(self, switch: str, calls: Sequence[SeenCall], *, at: datetime) -> None: ...

    def recorded(self, switch: str, keys: Iterable[tuple[str, int]]) -> frozenset[tuple[str, int]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the view stands to the ledger: calls seen in all, how many have a record, which have none yet."""

    seen: int
    recorded: int
    waiting: tuple[tuple[str, SeenCall], ...]
    unkept: int
    """Seen, but not written down: the ledger could not be reached."""

    def said(self) -> str:
        """In one sentence."""
        text = f"{self.seen} calls seen, {self.recorded} of them are in the ledger"
        if self.waiting:
            text += f", {len(self.waiting)} not yet: `seatline collect` fetches their records"
        if self.unkept:
            text += f"; {self.unkept} could not be written down, the ledger is out of reach"
        return text

    def document(self) -> dict[str, Any]:
        """As --json prints it."""
        return {
            "event": "standing",
            "seen": self.seen,
            "recorded": self.recorded,
            "waiting": [f"{switch}/{call.uniqueid}#{call.key[1]}" for switch, call in self.waiting],
            "unkept": self.unkept,
        }


@dataclass(slots=True)
class View:
    """The calls seen in this run, by switch and key; those with a record are only counted."""

    seen: int = 0
    recorded: int = 0
    _waiting: dict[tuple[str, tuple[str, int]], SeenCall] = field(default_factory=dict)
    _unkept: list[tuple[str, SeenCall]] = field(default_factory=list)
    _lost: int = 0

    def take(
        self, switch: str, events: Iterable[Mapping[str, str]], book: ViewBook, *, at: datetime
    ) -> tuple[list[SeenCall], list[str]]:
        """The calls among these events, kept in the ledger, and what was wrong with the others."""
        calls: list[SeenCall] = []
        wrong: list[str] = []
        for fields in events:
            if fields.get("Event") != NAME:
                continue
            try:
                calls.append(parse(fields, heard=int(at.timestamp()) * 1_000_000))
            except Malformed as fault:
                wrong.append(f"{switch}: {fault}")
        for call in calls:
            self.seen += (switch, call.key) not in self._waiting
            self._waiting[switch, call.key] = call
        room = MOST_UNKEPT - len(self._unkept)
        self._unkept.extend((switch, call) for call in calls[:room])
        self._lost += max(0, len(calls) - room)
        self.keep(book, at=at)
        return calls, wrong

    def keep(self, book: ViewBook, *, at: datetime) -> None:
        """Writes down what is not written down yet, if the ledger can be reached now."""
        try:
            for switch in {switch for switch, _ in self._unkept}:
                book.note_seen(switch, [call for name, call in self._unkept if name == switch], at=at)
        except LedgerUnavailable:
            return
        self._unkept.clear()

    def standing(self, book: ViewBook) -> Standing:
        """Asks the ledger which of the calls it has by now."""
        try:
            for switch in {switch for switch, _ in self._waiting}:
                keys = [key for name, key in self._waiting if name == switch]
                for key in book.recorded(switch, keys):
                    del self._waiting[switch, key]
                    self.recorded += 1
        except LedgerUnavailable:
            pass
        waiting = tuple((switch, call) for (switch, _), call in self._waiting.items())
        unkept = len(self._unkept) + self._lost
        return Standing(seen=self.seen, recorded=self.recorded, waiting=waiting, unkept=unkept)


def row_of(switch: str, call: SeenCall) -> tuple[str, ...]:
    """A call as the table shows it."""
    return (switch, shown(call.began) or "", call.src, call.dst, call.disposition, f"{call.billsec} s")


def document_of(switch: str, call: SeenCall) -> dict[str, Any]:
    """A call as --json prints it, one line each."""
    return {
        "event": "call",
        "switch": switch,
        "uniqueid": call.uniqueid,
        "sequence": call.sequence,
        "linkedid": call.linkedid,
        "src": call.src,
        "dst": call.dst,
        "began": shown(call.began),
        "duration": call.duration,
        "billsec": call.billsec,
        "disposition": call.disposition,
    }
