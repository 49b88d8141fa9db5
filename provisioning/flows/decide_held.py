"""Lines in quarantine: looked at, tried again, billed after all or never, as a person decides (隔离话单处理).

A line is open until somebody, or a retry, has decided. Nothing is ever removed: what is decided of a line is
added to its decisions, and the audit has who and why. Never do two payloads of one key stand in the ledger:
one that is released takes the place of the other, which is kept in quarantine instead. What stands on a
closed bill is not touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pbx.cdr import FIELDS, BrokenRecord, Cdr, agrees, differences
from pbx.cdr_lines import Line, Reading, parse, readings
from provisioning.flows.admit_records import admit
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Batch, RecordKey, SourceState, StoredRecord


class State(StrEnum):
    """What has become of a line in quarantine."""

    OPEN = "open"
    """Nobody has decided yet."""
    ADMITTED = "admitted"
    """A retry could read it: it is a call record now."""
    KNOWN = "known"
    """A retry found its call in the ledger: there is nothing to add."""
    RELEASED = "released"
    """A person chose it: it is the call record of its key."""
    REPLACED = "replaced"
    """It was the call record of its key until a person chose another."""
    VOIDED = "voided"
    """A person decided that it is never billed."""


BILLED = frozenset((State.ADMITTED, State.RELEASED))
"""States of a line that is a call record: the ledger has it, quarantine has only its history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided of a line, by whom and why (处理意见)."""

    state: State
    why: str
    at: datetime
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A line in quarantine, and what was decided of it last (隔离话单)."""

    id: int
    switch: str
    path: str
    offset: int
    raw: bytes
    code: str
    reason: str
    key: RecordKey | None
    held_at: datetime
    state: State = State.OPEN

    @property
    def record(self) -> Cdr | None:
        """The call record it is, read strictly; None where it is none."""
        try:
            return parse(self.raw)
        except BrokenRecord:
            return None

    @property
    def is_cut_off(self) -> bool:
        """Whether its end is lost: even where it reads as a record, its last number may have had more."""
        return self.code == "torn" and not self.raw.startswith(b"{")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines are meant: those of all these that are said."""

    ids: tuple[int, ...] = ()
    switch: str | None = None
    code: str | None = None
    path: str | None = None
    decided: bool = False
    """Those that are decided, too; those named by their ids come in any case."""
    limit: int | None = None

    @property
    def is_narrow(self) -> bool:
        return bool(self.ids or self.switch or self.code or self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The call record that the ledger has under a line's key."""

    id: int
    switch: str
    record: Cdr
    bill: str | None
    """The closed bill it stands on, None where it stands on none."""
    dispute: int | None = None
    """The dispute about it that is open, or whose credit is on no closed bill yet; None if none is."""


def in_its_place(found: Sequence[Standing], switch: str, record: Cdr) -> Standing | None:
    """Of the records under its key the one whose place a record takes: its switch's own, whatever it says,
    or another switch's that tells the same call. Another call of another switch has nothing to do with it."""
    own = next((one for one in found if one.switch == switch), None)
    return own or next((one for one in found if agrees(one.record, record)), None)


class QuarantineBook(Protocol):
    """The ledger, as far as quarantine needs it. Each method is one transaction."""

    def held_lines(self, wanted: Wanted) -> tuple[Held, ...]: ...

    def held_total(self, wanted: Wanted) -> int: ...

    def decisions_of(self, line: int) -> tuple[Decision, ...]: ...

    def standing(self, switch: str, key: RecordKey) -> tuple[Standing, ...]:
        """What the ledger has under that key, of whatever switch: this switch's first."""
        ...

    def stored(self, switch: str, keys: Sequence[RecordKey]) -> Mapping[RecordKey, StoredRecord]: ...

    def admit_held(self, line: Held, batch: Batch, decision: Decision) -> State:
        """Writes what a line was found to hold, and the decision, if nothing of it is held again; the state
        it has then."""
        ...

    def release_held(self, line: Held, record: Cdr, decision: Decision) -> None:
        """Makes the line's record that of its key; what stood there before is kept in quarantine."""
        ...

    def void_held(self, lines: Sequence[Held], decision: Decision) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A line with all that is known of it, and how it differs from what the ledger has under its key."""

    line: Held
    decisions: tuple[Decision, ...]
    standing: Standing | None
    differing: tuple[str, ...]


def shown(book: QuarantineBook, number: int) -> Shown:
    """One line, for a person who is to decide."""
    line = _line(book, number)
    record = line.record
    found = None
    if record is not None:
        found = in_its_place(book.standing(line.switch, _key(record)), line.switch, record)
    differing = () if record is None or found is None else differences(found.record, record)
    return Shown(line=line, decisions=book.decisions_of(number), standing=found, differing=differing)


def retry(book: QuarantineBook, wanted: Wanted, *, at: datetime, who: str) -> Counter[State]:
    """Reads the open lines once more, as after an upgrade of seatline or of the ledger: what is a call record
    now becomes one, by the same rules as in collecting. How many became what; open ones stay as they are."""
    done: Counter[State] = Counter()
    for line in _some(book, wanted):
        if line.state is not State.OPEN:
            continue
        done[_retried(book, line, at=at, who=who)] += 1
    return done


def _retried(book: QuarantineBook, line: Held, *, at: datetime, who: str) -> State:
    found = [] if line.is_cut_off else _readings(line)
    records = [one.result for one in found if isinstance(one.result, Cdr)]
    if not records:
        return State.OPEN
    kind = "json" if line.raw[:1] == b"{" or records[0].exact else "csv"
    known = book.stored(line.switch, tuple({_key(record) for record in records}))
    batch, _ = admit(found, kind, known, _place(line))
    added = bool(batch.new or batch.upgraded)
    decision = Decision(
        state=State.ADMITTED if added else State.KNOWN, why="read again by retry", at=at, who=who
    )
    return book.admit_held(line, batch, decision)


def _readings(line: Held) -> list[Reading]:
    """What the line is read as today, torn parts and glued records told apart."""
    kinds = ("json", "csv") if line.raw[:1] == b"{" else ("csv", "json")
    whole = Line(line.offset, line.raw, line.offset + len(line.raw) + 1)
    for kind in kinds:
        found = list(readings([whole], kind, finished=True))
        if any(isinstance(one.result, Cdr) for one in found):
            return found
    return []


def _place(line: Held) -> SourceState:
    """Where the line came from. It moves no offset: only switch, path and place are taken from it."""
    return SourceState(
        switch=line.switch,
        path=line.path,
        inode=0,
        offset=line.offset,
        prefix_length=0,
        prefix_sha256="",
        tail_sha256="",
    )


def release(book: QuarantineBook, number: int, why: str, *, at: datetime, who: str) -> Held:
    """Makes this line the call record of its key, in the place of another there. Twice changes nothing.

    FlowError where it is no record, or what stands there is on a closed bill or disputed.
    """
    line = _line(book, number)
    record = line.record
    if not line.raw:
        raise FlowError(f"line {number}: its text was removed when its time was over")
    if record is None:
        raise FlowError(
            f"line {number} is no call record ({line.reason}): there is nothing to be billed. Void it, or "
            "retry it after an upgrade of seatline"
        )
    standing = in_its_place(book.standing(line.switch, _key(record)), line.switch, record)
    if standing is not None and standing.switch == line.switch and standing.record.raw == line.raw:
        return line
    if standing is not None:
        check_free(number, standing)
    _check_why(why)
    book.release_held(line, record, Decision(state=State.RELEASED, why=why, at=at, who=who))
    return _line(book, number)


def check_free(number: int, standing: Standing) -> None:
    """FlowError where what stands in the place of a line must stay there."""
    if standing.bill is not None:
        raise FlowError(
            f"line {number}: the call stands on the closed bill {standing.bill}, which stays as it is. Void "
            "the line; what was billed too much is a matter for `seatline dispute`"
        )
    if standing.dispute is not None:
        raise FlowError(
            f"line {number}: dispute {standing.dispute} is about the call; its record and its price stay as "
            f"they are until that is closed (`seatline dispute close {standing.dispute}`) and a credit is on "
            "a closed bill"
        )


def void(book: QuarantineBook, wanted: Wanted, why: str, *, at: datetime, who: str) -> tuple[Held, ...]:
    """Decides that these lines are never billed. What is decided so already stays as it is.

    FlowError, and nothing is done, where one of them is a call record by now.
    """
    _check_why(why)
    lines = _some(book, wanted)
    billed = [str(line.id) for line in lines if line.state in BILLED]
    if billed:
        raise FlowError(
            f"{_named(billed)} a call record by decision: quarantine has only the history. If another "
            "payload of the same key is the right one, release that"
        )
    open_ = tuple(line for line in lines if line.state is State.OPEN)
    if open_:
        book.void_held(open_, Decision(state=State.VOIDED, why=why, at=at, who=who))
    return open_


def _some(book: QuarantineBook, wanted: Wanted) -> tuple[Held, ...]:
    lines = book.held_lines(wanted)
    _check_known(wanted.ids, (line.id for line in lines))
    return lines


def _line(book: QuarantineBook, number: int) -> Held:
    return _some(book, Wanted(ids=(number,)))[0]


def _check_known(asked: Collection[int], found: Iterable[int]) -> None:
    missing = sorted(set(asked) - set(found))
    if missing:
        names = ", ".join(map(str, missing))
        raise FlowError(f"no line {names} is in quarantine; `seatline quarantine list --all` has all of them")


def _check_why(why: str) -> None:
    if not why.strip():
        raise FlowError("say with --why what the decision rests on; it stands in the audit")


def _named(numbers: Sequence[str]) -> str:
    return f"line {numbers[0]} is" if len(numbers) == 1 else f"each of the lines {', '.join(numbers)} is"


def _key(record: Cdr) -> RecordKey:
    return record.uniqueid, record.sequence


def readable_raw(raw: bytes) -> str:
    """The bytes of a line as text that can do no harm on a screen: what cannot be shown is written \\x1b."""
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def fields_of(record: Cdr) -> Mapping[str, str | int | None]:
    """All fields by Asterisk's names, times in microseconds."""
    return {name: getattr(record, name) for name in FIELDS}
