"""Finds recordings, hands one out, holds them in a dispute: nobody gets at one without a line in the audit
(录音调取).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from provisioning.core.recording import Recording, place_of
from provisioning.flows.errors import FlowError
from provisioning.flows.sweep_recordings import Book as SweepBook
from provisioning.flows.sweep_recordings import Folder

LISTED, SHOWN, FETCHED, ALTERED = (
    "recordings-listed",
    "recording-shown",
    "recording-fetched",
    "recording-found-altered",
)
"""The audit's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which recordings are meant: those of all these that are said. `removed` ones only when asked for."""

    ids: tuple[int, ...] = ()
    site: str | None = None
    seat: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    held: bool = False
    removed: bool = False

    @property
    def is_narrow(self) -> bool:
        """Whether it says which recordings, and not just all there are."""
        return bool(self.ids or self.seat or self.site)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """A recording and what its call record says of caller and called; None while that is not collected."""

    recording: Recording
    src: str | None
    dst: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A line of the audit about a recording."""

    at: datetime
    who: str
    event: str
    why: str


class Book(Protocol):
    """What the ledger knows of recordings, for people who ask."""

    def find_recordings(self, wanted: Wanted) -> tuple[RecordedCall, ...]: ...

    def recording_accesses(self, recording: int) -> tuple[Access, ...]: ...

    def note_recordings(
        self, recordings: Sequence[int], event: str, why: str, *, at: datetime, who: str
    ) -> None: ...

    def hold_recordings(
        self, recordings: Sequence[int], why: str | None, *, at: datetime, who: str
    ) -> tuple[int, ...]: ...

    def audit(
        self, *, event: str, subject: str, detail: Mapping[str, Any], at: datetime, who: str
    ) -> None: ...


class RecordingBook(Book, SweepBook, Protocol):
    """All that the ledger knows of recordings."""


def listed(book: Book, wanted: Wanted, *, at: datetime, who: str) -> tuple[RecordedCall, ...]:
    """The recordings that are wanted; the audit says who looked, and for whose."""
    found = book.find_recordings(wanted)
    detail: dict[str, object] = {"found": len(found)}
    detail |= {key: value for key, value in (("seat", wanted.seat), ("site", wanted.site)) if value}
    book.audit(event=LISTED, subject="recordings", detail=detail, at=at, who=who)
    return found


def shown(book: Book, id: int, *, at: datetime, who: str) -> tuple[RecordedCall, tuple[Access, ...]]:
    """One recording and all that was ever done with it. FlowError where there is none."""
    call = _one(book, id)
    before = book.recording_accesses(id)
    book.note_recordings((id,), SHOWN, "", at=at, who=who)
    return call, before


def fetched(book: Book, folder: Folder, id: int, why: str, *, at: datetime, who: str) -> bytes:
    """A recording as it was made, for somebody who says why he wants it.

    The audit has it before he does. FlowError where it is gone, or is not what was recorded any more.
    """
    if not why.strip():
        raise FlowError("say why the recording is wanted: --why TEXT; it stands in the audit")
    recording = _one(book, id).recording
    if recording.removed_at is not None:
        raise FlowError(
            f"recording {id} was removed on {recording.removed_at:%Y-%m-%d}: it was kept until "
            f"{recording.keep_until}"
        )
    if place_of(recording.path) is None:
        raise FlowError(f"recording {id} has a path that no switch of ours makes: {recording.path}")
    book.note_recordings((id,), FETCHED, why, at=at, who=who)
    try:
        content = folder.read(recording.path)
    except FileNotFoundError:
        raise FlowError(
            f"recording {id}: {recording.path} is not there any more, though nobody removed it by seatline"
        ) from None
    except OSError as fault:
        raise FlowError(f"recording {id}: {recording.path} cannot be read: {fault.strerror}") from fault
    if hashlib.sha256(content).digest() != recording.sha256:
        book.note_recordings((id,), ALTERED, why, at=at, who=who)
        raise FlowError(
            f"recording {id}: {recording.path} is not what was recorded: its SHA-256 is another; it is not "
            "handed out as one"
        )
    return content


def held(
    book: Book, wanted: Wanted, why: str | None, *, at: datetime, who: str
) -> tuple[tuple[RecordedCall, ...], tuple[int, ...]]:
    """Holds the recordings that are wanted in a dispute, or with `why` None lets go of them (争议保留).

    Says which were meant, and which of them that changed. FlowError where nobody said which, or
    there are none.
    """
    if not wanted.is_narrow:
        raise FlowError("say which recordings are meant: their ids, or --seat, or --site")
    if why is not None and not why.strip():
        raise FlowError("say why they are held: --why TEXT")
    found = book.find_recordings(wanted)
    known = {one.recording.id for one in found}
    if lost := [str(id) for id in wanted.ids if id not in known]:
        raise FlowError(f"no such recording, or it was removed: {', '.join(lost)}; nothing was changed")
    if not found:
        raise FlowError("no recording is like that; nothing was changed")
    ids = tuple(one.recording.id for one in found if one.recording.id is not None)
    return found, book.hold_recordings(ids, why, at=at, who=who)


def switch_of(book: Book, id: int) -> str:
    """The switch that made a recording. FlowError where there is none."""
    return _one(book, id).recording.switch


def _one(book: Book, id: int) -> RecordedCall:
    found = book.find_recordings(Wanted(ids=(id,), removed=True))
    if not found:
        raise FlowError(f"there is no recording {id}; `seatline recording list` shows which there are")
    return found[0]
