"""What the flows ask of the outside world, as protocols; `wiring` plugs in the real things."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # only words here: whoever asks for one port should not have to load them all
    from pbx.action import Action, Reply
    from pbx.cdr import Cdr
    from pbx.cdr_plain import Plain
    from provisioning.charging.doubt import Testimony
    from provisioning.compliance.made import MadeCall
    from provisioning.core.call import RatedCall
    from provisioning.core.contract import Contract, ContractVersion
    from provisioning.core.cycle import Cycle
    from provisioning.core.dispute import CallFound, Dispute
    from provisioning.core.status import ClosedNumber, Complaint, Stop

RecordKey = tuple[str, int]
"""A call record within its switch: (uniqueid, sequence)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Who has a number, and since when (查号结果). `until` is the last day, None while it goes on."""

    long_number: str
    short_number: str | None
    name: str | None
    department: str | None
    site: str
    contract: str
    iad: str | None
    port: int | None
    remark: str | None
    since: date
    until: date | None
    mobile: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """How far one file of call records has been read, and how to know it again (采集进度).

    The next byte to read is `offset`; `prefix_sha256` is the digest of the first `prefix_length` bytes
    (at most 4096) and `tail_sha256` that of the last ones before `offset` (at most 256): they tell a grown
    file from a replaced one and from one that was cut; `inode` finds it after a rename.
    """

    switch: str
    path: str
    inode: int
    offset: int
    prefix_length: int
    prefix_sha256: str
    tail_sha256: str
    device: int = 0
    """Its disk; 0 where nobody can tell, as of `born`, when it was made: for naming what became of it."""
    born: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """What the ledger already has under a record's key: enough to tell a replay from a conflict."""

    record: Cdr
    seen: frozenset[str]
    """The kinds of source it was read from: "json" (cdr_custom), "csv" (Master.csv), "sql" (a table)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLine:
    """A line that is not billed but kept, with its raw bytes: broken, or in conflict (隔离话单)."""

    offset: int
    raw: bytes
    code: str
    reason: str
    key: RecordKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a batch was read from: the bytes from one place of its source up to its new offset (批次清单).

    `sha256` is their digest, `counts` says how many of their lines became what (admit_records.Verdict).
    """

    offset: int
    sha256: bytes
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one transaction of collecting writes: records and the offset they advance, all or nothing."""

    source: SourceState
    kind: str = ""
    """The kind of source: "csv", "json" or "sql"; empty: what the records themselves look like."""
    manifest: Manifest | None = None
    """None where there are no bytes to be told: a table."""
    new: tuple[Cdr, ...] = ()
    upgraded: tuple[Cdr, ...] = ()
    """Records known so far only with whole seconds, now with microseconds: they replace the former."""
    witnessed: tuple[tuple[RecordKey, str], ...] = ()
    """Records seen again in another kind of source: (key, kind)."""
    held: tuple[HeldLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainBatch:
    """What one transaction of the quick way writes: lines that are plainly records, as they were read."""

    source: SourceState
    kind: str
    manifest: Manifest
    lines: Sequence[bytes]
    plain: Plain
    """Their keys and beginnings, in the same order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBill:
    contract: str
    cycle: Cycle
    document: Mapping[str, Any]
    """The bill exactly as `bill --json` prints it."""
    closed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSecret:
    """What of an IAD is secret besides its lines: the token of its address, its web page's password."""

    token: str = field(repr=False)
    admin_password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOut:
    """The newest file of an IAD that left the house, carried or fetched (已下发的IAD文件).

    `document` is the device without any secret, to say what a new file changes; `digest` that of the
    file's bytes, secrets and all. `how` is "carried" or "fetched".
    """

    site: str
    iad: str
    document: Mapping[str, Any]
    digest: str
    how: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A file that a device may fetch once, until a time (待取文件). `content` holds secrets."""

    site: str
    iad: str
    model: str
    mac: str | None
    file_name: str
    content: bytes = field(repr=False)
    document: Mapping[str, Any]
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """What a resumption did, as it was before: stops it ended, stops to come it took back (复机)."""

    ended: tuple[Stop, ...]
    taken_back: tuple[Stop, ...]


class Ledger(Protocol):
    """The book: contracts and their versions, numbers over time, call records, bills, audit (台账).

    Each method is one transaction. Raises `LedgerUnavailable` (flows/errors.py) when the database cannot
    be reached or is busy, `LedgerOutdated` when its migrations are not applied.
    """

    def versions(self, contract: str | None = None) -> tuple[ContractVersion, ...]:
        """All versions, by contract id, then number."""
        ...

    def record_versions(
        self,
        additions: Sequence[tuple[Contract, date]],
        *,
        new_secret: Callable[[], str],
        at: datetime,
        who: str,
        ims_passwords: Mapping[str, Mapping[str, str]] = {},
        expected: Mapping[str, Sequence[ContractVersion]] = {},
        from_file: bool = True,
        remade: Collection[str] = (),
        renumbered: Mapping[str, str] = {},
    ) -> tuple[ContractVersion, ...]:
        """Records each contract as its next version from that day on, with the validity of its numbers
        and a SIP secret for each seat that has none yet: all of them or none.

        `ims_passwords` are the operator's, by contract and long number; numbers it does not name keep
        theirs. They are recorded also for a contract that stands so already. `expected` are the newest
        versions of a contract as the caller looked at them, none for a new one: ChangedMeanwhile where
        they are not those any more. `from_file` says that the contracts are what their files say, see
        `filed`. Of a contract in `remade` all versions from after its first day here make way for those
        given, in the order of their days. `renumbered` are the seats of the first contract that get another
        number on its day, the one so far to the new one: their stops go on under it."""
        ...

    def filed(self, contract: str) -> Contract | None:
        """What the contract's file said when it was recorded last, whatever changed since by other ways."""
        ...

    def ims_passwords(self, contract: str) -> Mapping[str, str]:
        """The operator's passwords of a contract by long number (a trunk: by the number it registers).
        Never shown."""
        ...

    def device_secrets(
        self, site: str, iads: Sequence[str], *, new_secret: Callable[[], str], at: datetime
    ) -> Mapping[str, DeviceSecret]:
        """The secrets of a site's IADs by name; those that have none yet get them."""
        ...

    def handed_out(self, site: str) -> Mapping[str, HandedOut]:
        """What left the house last, by IAD; also of IADs the site no longer has, until `forget_iad`."""
        ...

    def record_handed_out(self, files: Sequence[HandedOut], *, who: str) -> None: ...

    def forget_iads(self, site: str, iads: Sequence[str], *, at: datetime, who: str) -> None:
        """The IADs are gone from the site: their tokens and offers too."""
        ...

    def offer(self, offers: Sequence[Offer], *, at: datetime, who: str) -> None:
        """Opens the window of each: one fetch, until its time; a former offer of the same IAD is closed."""
        ...

    def device_at(self, token: str) -> tuple[str, str] | None:
        """The site and the IAD whose address has that token, offer or not; None where nobody's has."""
        ...

    def offered(self, token: str) -> Offer | None:
        """The offer at the address with that token, whether its time has come or not; None where there is
        none, or it was fetched."""
        ...

    def open_offers(self, site: str, *, at: datetime) -> Mapping[str, datetime]:
        """The IADs of a site that may fetch at that moment, and until when."""
        ...

    def renew_iads(
        self,
        site: str,
        iads: Sequence[str],
        long_numbers: Sequence[str],
        *,
        new_secret: Callable[[], str],
        at: datetime,
        who: str,
    ) -> None:
        """Gives these IADs another token and web password, and these numbers another SIP secret: whoever
        knows the former ones knows nothing any more. Offers of these IADs are closed."""
        ...

    def rename_iads(self, site: str, names: Mapping[str, str], *, at: datetime, who: str) -> None:
        """What is kept of IADs goes on under their new names, by the former ones; two may change names.
        Offers of these IADs are closed."""
        ...

    def take(
        self, token: str, *, at: datetime, detail: Mapping[str, Any], seen: Offer | None = None
    ) -> Offer | None:
        """Fetches an offer, once: it is gone afterwards and stands as handed out. None where somebody was
        quicker, its time is over, or it is not the one that was `seen` any more."""
        ...

    def secrets(self, site: str) -> Mapping[str, str]:
        """SIP secret by long number. For the switch's configuration only; never shown."""
        ...

    def look_up(self, text: str, on: date, *, limit: int = 50) -> tuple[Holding, ...]: ...

    def source(self, switch: str, path: str) -> SourceState | None: ...

    def sources_of_others(self, switch: str) -> tuple[SourceState, ...]:
        """How far the files of every other switch have been read."""
        ...

    def collected_switches(self) -> frozenset[str]:
        """The names of all switches whose files have been read."""
        ...

    def stored(self, switch: str, keys: Sequence[RecordKey]) -> Mapping[RecordKey, StoredRecord]: ...

    def store(self, batch: Batch, *, at: datetime) -> tuple[HeldLine, ...]:
        """Writes the batch; returns which of its records were held instead: upgrades of a call on a closed
        bill ("bill-closed"), new ones that are in the ledger as another switch's ("other-switch")."""
        ...

    def store_plain(self, batch: PlainBatch, *, at: datetime) -> Mapping[str, int] | None:
        """Writes all of it with its offset, and tells how many lines were "new", "witnessed" or "replay"; or
        nothing, and None, where somebody has to look carefully: at a call that is known otherwise, or that
        another switch may have."""
        ...

    def held_count(self) -> int:
        """How many lines are held and wait for somebody to decide."""
        ...

    def seen_counts(self, switch: str) -> Mapping[frozenset[str], int]:
        """How many records of a switch were seen in just these kinds of source: what one of them lost."""
        ...

    def to_rate(self, *, again: bool) -> Iterator[tuple[int, Cdr]]:
        """Records by id, in the order of their start: those without a verdict and those unrated or in
        review; with `again`, all but those on a closed bill. None whose price a dispute keeps."""
        ...

    def testimonies(self, records: Sequence[int]) -> Mapping[int, Testimony]:
        """What is known of these records beside themselves; those of which nothing is are left out."""
        ...

    def save_rated(self, rated: Iterable[tuple[int, Cdr, RatedCall]]) -> None:
        """Writes each verdict with the record it was made from; where that has changed since, the verdict
        is dropped and the record waits for the next run."""
        ...

    def unsettled_calls(self, contract: str, until: Cycle) -> int:
        """How many answered calls up to the end of that cycle have no verdict, or one from before their
        record changed, and may be the contract's."""
        ...

    def rated_calls(self, contract: str, cycle: Cycle) -> tuple[tuple[int, RatedCall], ...]:
        """The contract's calls of that cycle in call order (answer, uniqueid, sequence), with record id."""
        ...

    def late_calls(self, contract: str, before: Cycle) -> tuple[tuple[int, RatedCall], ...]:
        """Rated calls of cycles already closed that stand on no closed bill: the next bill adjusts."""
        ...

    def outcome_counts(self) -> Mapping[str, int]:
        """How many records by outcome, over the whole ledger."""
        ...

    def made_calls(self, first: int, until: int) -> tuple[MadeCall, ...]:
        """All rated records that began from the one instant (in microseconds) up to the other, in order."""
        ...

    def earliest_collected(self, since: datetime) -> int | None:
        """When the earliest call began of those collected from that moment on, in microseconds."""
        ...

    def unpriced(self, *, limit: int = 20) -> tuple[tuple[Cdr, RatedCall], ...]:
        """The newest unrated records and those in review, to be shown."""
        ...

    def bill(self, contract: str, cycle: Cycle) -> StoredBill | None: ...

    def close_bill(
        self,
        bill: StoredBill,
        *,
        calls: Sequence[int],
        amount: Decimal,
        who: str,
        credits: Mapping[int, Decimal] = {},
    ) -> None:
        """Stores the bill for good and marks the records on it, whose exact prices together are `amount`,
        and the disputes whose credits stand on it.

        FlowError when that is not so any more: the bill was made from something that has changed."""
        ...

    def disputes(self, contract: str | None = None) -> tuple[Dispute, ...]:
        """The disputes of one contract or of all, closed ones too, in the order they were opened."""
        ...

    def calls_found(self, contract: str, cycle: Cycle) -> tuple[CallFound, ...]:
        """The same calls as `rated_calls`, each with its record's key and the bill it stands on."""
        ...

    def removed_count(self, contract: str, cycle: Cycle) -> int:
        """How many of a contract's records of that month are gone, because their time was over."""
        ...

    def record_applied(
        self, *, site: str, switch: str, digest: str, plan: Mapping[str, Any], at: datetime, who: str
    ) -> None: ...

    def stops(self, contract: str | None = None) -> tuple[Stop, ...]:
        """All stops of one contract or of all, also those that are over, by their beginning."""
        ...

    def stop(self, made: Stop, *, at: datetime, who: str) -> None: ...

    def resume(self, contract: str, seat: str | None, moment: datetime, *, at: datetime, who: str) -> Resumed:
        """From that moment on the seat, or with None the contract as a whole, is not stopped any more: its
        stops end, those that would begin later are taken back. What was closed stays closed."""
        ...

    def close_numbers(
        self,
        numbers: Sequence[ClosedNumber],
        made: Stop,
        additions: Sequence[tuple[Contract, date]],
        *,
        new_secret: Callable[[], str],
        at: datetime,
        who: str,
        expected: Mapping[str, Sequence[ContractVersion]],
        remade: Collection[str],
    ) -> tuple[ContractVersion, ...]:
        """Records the contract without these numbers as `record_versions` does, stops them until the switch
        knows, and lets nobody have them before they are free: all of it or nothing."""
        ...

    def closed_numbers(self, contract: str | None = None) -> tuple[ClosedNumber, ...]:
        """The numbers that one contract or all gave back, also those that are free again."""
        ...

    def register_complaint(
        self, made: Complaint, stopped: Stop | None, *, at: datetime, who: str
    ) -> None: ...

    def complaints(
        self, contract: str | None = None, *, since: datetime | None = None
    ) -> tuple[Complaint, ...]:
        """The complaints about one contract's numbers or all, by when they were received."""
        ...

    def audit(
        self, *, event: str, subject: str, detail: Mapping[str, Any], at: datetime, who: str
    ) -> None: ...

    def last_audited(self, event: str) -> datetime | None:
        """When such an event was noted last."""
        ...

    def audited_since(self, event: str, since: datetime) -> int:
        """How many such events were noted from that moment on."""
        ...


class Switch(Protocol):
    """An AMI session with a switch: one action, its answer, within a deadline (交换机).

    Raises Refused (login), Unreachable (no answer in time: whether it acted is unknown), Malformed.
    An answer "Response: Error" is a Reply, not an exception: the caller knows what it means.
    """

    name: str

    def send(self, action: Action, *, timeout: float = 10.0) -> Reply: ...

    def send_all(self, actions: Iterable[Action], *, timeout: float = 10.0) -> list[Reply]:
        """Sends many actions, some ahead of the answers; all are carried out in order, whatever the answers
        say. `timeout` is for each answer, counted from the one before."""
        ...

    def close(self) -> None: ...


class Lock(Protocol):
    """At most one writer: enters or raises `LockHeld` with owner and time."""

    def held(self, name: str) -> AbstractContextManager[None]: ...


class Progress(Protocol):
    """Talk for a person waiting, on stderr."""

    def __call__(self, text: str, done: int | None = None, total: int | None = None) -> None: ...
