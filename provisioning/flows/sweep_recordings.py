"""Takes recordings into the ledger, removes those that are due, and sees that none is lost (录音清理).

Safe to run twice, and at any time: a recording is taken up when its call is over; one that is due is first
marked as removed, then deleted, and one that is marked and still there is deleted by the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from provisioning.core.contract import ContractVersion
from provisioning.core.recording import Recording, contract_at, keep_until, place_of
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Progress

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BROKEN_OFF = 4 * 3600
"""Seconds without a word after which a recording that was never finished is taken as it is (断电)."""
LEAST_FREE = 0.1
"""Share of the disk below which somebody has to make room: on a full one calls are refused."""
LEAST_LOST, SHARE_LOST = 10_000, 0.02
"""Milliseconds and share of a call's talk that have to be missing before a recording is called too short."""
TOLD_FOR = timedelta(days=3)
"""How long after a recording was taken up it is told that it is too short: nobody can mend it."""
TOGETHER = 200
"""Recordings that are written into the ledger at once."""


class File(Protocol):
    """A recording on disk; see pbx.live.recordings."""

    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def modified(self) -> float: ...
    @property
    def whole(self) -> bool: ...
    @property
    def milliseconds(self) -> int: ...
    @property
    def note(self) -> Mapping[str, str]: ...


class Folder(Protocol):
    """The folder in which a switch records."""

    def files(self) -> Iterable[File]: ...
    def loose_notes(self) -> Iterable[tuple[str, float]]: ...
    def read(self, path: str) -> bytes: ...
    def digest(self, path: str) -> bytes: ...
    def remove(self, path: str) -> None: ...
    def free(self) -> float:
        """Which share of its disk is free."""
        ...


class Book(Protocol):
    """What the ledger knows of recordings."""

    def versions(self, contract: str | None = None) -> tuple[ContractVersion, ...]: ...

    def recordings_of(self, switch: str) -> Mapping[str, Recording]:
        """All recordings of a switch by path, removed ones too."""
        ...

    def take_recordings(self, found: Sequence[Recording], *, at: datetime, who: str) -> None:
        """Records them; one whose path is there already stays as it is."""
        ...

    def mark_due(self, switch: str, today: date, *, at: datetime, who: str) -> tuple[Recording, ...]:
        """Marks what is due and not held as removed, and says which they are."""
        ...

    def spoken(self, switch: str, since: datetime) -> Iterable[tuple[str, int, int]]:
        """Of those taken up since then whose record is collected: path, milliseconds, those of the talk."""
        ...

    def count_due(self, switch: str, today: date) -> int:
        """How many of a switch's recordings are due on that day and not marked as removed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a run found: paths of recordings. `unfinished` are calls that are still up; `nobodys` are taken up
    and never removed, for no contract says how long; `strange` are files that no call of ours made; `short`
    are those of the last days that miss some of their call."""

    switch: str
    taken: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    held: int = 0
    kept: int = 0
    bytes: int = 0
    unfinished: int = 0
    empty: int = 0
    nobodys: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    free: float = 1.0
    """Which share of the disk is free."""

    @property
    def is_sound(self) -> bool:
        """Whether every recording that should be there is, as it was."""
        return not self.missing and not self.altered


def sweep(
    book: Book,
    folder: Folder,
    switch: str,
    *,
    now: datetime,
    today: date,
    who: str,
    verify: bool = False,
    progress: Progress | None = None,
) -> Swept:
    """One run over a switch's recordings. With `verify` each file is read and compared with its hash.

    FlowError where the folder cannot be read or written.
    """
    try:
        return _sweep(book, folder, switch, now, today, who, verify, progress)
    except OSError as fault:
        where = fault.filename or "the folder of recordings"
        raise FlowError(
            f"switch {switch}: {where}: {fault.strerror}; see `recordings` of [switches.{switch}]"
        ) from fault


def _sweep(
    book: Book,
    folder: Folder,
    switch: str,
    now: datetime,
    today: date,
    who: str,
    verify: bool,
    progress: Progress | None,
) -> Swept:
    versions = book.versions()
    known = book.recordings_of(switch)
    on_disk = {file.path: file for file in folder.files()}
    new, empty, unfinished, strange = _sorted_out(on_disk.values(), known, now)
    taken: list[Recording] = []
    for file in new:
        if progress is not None:
            progress("taking up recordings", len(taken) + 1, len(new))
        made = _recording(switch, file, folder.digest(file.path), versions)
        if made is None:
            strange.append(file.path)
        else:
            taken.append(made)
    for start in range(0, len(taken), TOGETHER):
        book.take_recordings(taken[start : start + TOGETHER], at=now, who=who)
    due = book.mark_due(switch, today, at=now, who=who)
    gone = {one.path for one in due} | {path for path, one in known.items() if one.removed_at is not None}
    for path in sorted(gone):
        if path in on_disk:
            folder.remove(path)
    for file in empty:
        folder.remove(file.path)
    for path, written in folder.loose_notes():
        if now.timestamp() - written > BROKEN_OFF:
            folder.remove(path)
    kept = [one for one in (*known.values(), *taken) if one.path not in gone]
    missing, altered = _compared(kept, on_disk, folder, verify, progress)
    return Swept(
        switch=switch,
        taken=tuple(one.path for one in taken),
        removed=tuple(one.path for one in due),
        held=sum(one.held is not None for one in kept),
        kept=len(kept),
        bytes=sum(one.size for one in kept),
        unfinished=unfinished,
        empty=len(empty),
        nobodys=tuple(one.path for one in kept if one.keep_until is None),
        strange=tuple(strange),
        missing=missing,
        altered=altered,
        short=_short(book.spoken(switch, now - TOLD_FOR)),
        free=folder.free(),
    )


def _sorted_out(
    files: Iterable[File], known: Mapping[str, Recording], now: datetime
) -> tuple[list[File], list[File], int, list[str]]:
    """What is new and whole, what has no voice in it, how many are unfinished, what is none of ours."""
    new, empty, unfinished, strange = [], [], 0, []
    for file in files:
        quiet = now.timestamp() - file.modified > BROKEN_OFF
        if file.path in known:
            continue
        if place_of(file.path) is None:
            strange.append(file.path)
        elif file.milliseconds == 0 and quiet:
            empty.append(file)
        elif file.whole or (quiet and file.milliseconds):
            new.append(file)
        else:
            unfinished += 1
    return new, empty, unfinished, strange


def _recording(
    switch: str, file: File, sha256: bytes, versions: Iterable[ContractVersion]
) -> Recording | None:
    """What the ledger gets to know of a file; None for one without the note of a call of ours."""
    place, seat = place_of(file.path), file.note.get("seat", "")
    started = file.note.get("started", "")
    if place is None or not seat.isdecimal() or not started.isdecimal():
        return None
    site, uniqueid = place
    try:
        begun = _EPOCH + timedelta(seconds=int(started))
        made = Recording(
            switch=switch,
            path=file.path,
            uniqueid=uniqueid,
            site=site,
            contract=None,
            seat=seat,
            started=begun,
            milliseconds=file.milliseconds,
            size=file.size,
            sha256=sha256,
            keep_until=None,
        )
    except (ValueError, OverflowError):
        return None
    return _kept(made, versions)


def _kept(made: Recording, versions: Iterable[ContractVersion]) -> Recording:
    """The same with the contract that says how long it is kept, where one does."""
    contract = contract_at(versions, made.site, made.day)
    if contract is None:
        return made
    days = contract.policy.recording_keep_days
    until = keep_until(made.day, days) if days is not None else None
    return replace(made, contract=contract.id, keep_until=until)


def _compared(
    kept: Iterable[Recording],
    on_disk: Mapping[str, File],
    folder: Folder,
    verify: bool,
    progress: Progress | None,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What should be there and is not, and what is not as it was."""
    missing, altered = [], []
    for one in kept:
        if verify and progress is not None:
            progress("comparing recordings with their hashes")
        file = on_disk.get(one.path)
        if file is None:
            missing.append(one.path)
        elif file.size != one.size or (verify and folder.digest(one.path) != one.sha256):
            altered.append(one.path)
    return tuple(missing), tuple(altered)


def _short(spoken: Iterable[tuple[str, int, int]]) -> tuple[str, ...]:
    """The paths of those that miss some of the talk: on a disk that fills up a recording just ends."""
    return tuple(
        path
        for path, recorded, talk in spoken
        if talk - recorded >= LEAST_LOST and talk - recorded >= talk * SHARE_LOST
    )


def lines_of(swept: Swept) -> Iterator[str]:
    """What a person has to look at, a line each."""
    told = (
        (swept.missing, "{path} is gone before its time: nobody but seatline may delete there"),
        (swept.altered, "{path} is not what was recorded: somebody has written there since"),
        (swept.short, "{path} is shorter than its call: was the disk full, or the switch ended in it?"),
        (swept.nobodys, "{path} is kept for ever: no contract in force then says for how long"),
        (swept.strange, "{path} is no recording of ours: it stays where it is"),
    )
    for paths, text in told:
        yield from (f"{swept.switch}: {text.format(path=path)}" for path in paths)
    if swept.free < LEAST_FREE:
        yield (
            f"{swept.switch}: only {swept.free:.0%} of the disk is free: on a full one calls that have to be "
            "recorded are refused; make room"
        )
