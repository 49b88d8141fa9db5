"""A recorded call: where it lies, what proves it unchanged, how long it is kept (通话录音)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from provisioning.core.contract import Contract, ContractVersion, version_in_force
from provisioning.core.cycle import SHANGHAI

_PATH = re.compile(r"(?P<site>[a-z0-9-]{1,40})/[0-9]{8}/(?P<uniqueid>[A-Za-z0-9._-]{1,120})\.wav")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recorded call, as dialplans/recording.conf made it and the ledger knows it (录音).

    `path` is below the switch's folder of recordings, `<site>/<day>/<unique id>.wav`; the unique id is that
    of its call record. `keep_until` is the last day on which it is kept, None where no contract says how
    long; `held` why it is kept beyond, None where it is not. `sha256` and `size` (bytes) are of the file
    as it was found.
    """

    switch: str
    path: str
    uniqueid: str
    site: str
    contract: str | None
    seat: str
    started: datetime
    milliseconds: int
    size: int
    sha256: bytes
    keep_until: date | None
    held: str | None = None
    removed_at: datetime | None = None
    id: int | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{3,12}", self.seat):
            raise ValueError(f"not a long number: {self.seat!r}")
        if self.started.tzinfo is None:
            raise ValueError("a recording begins at a moment of a known zone")
        if len(self.sha256) != 32:
            raise ValueError("a SHA-256 has 32 bytes")

    @property
    def day(self) -> date:
        """The day on which it was made, in Shanghai."""
        return self.started.astimezone(SHANGHAI).date()

    def is_due(self, today: date) -> bool:
        """Whether it is to be removed: its last day is over and nobody holds it (到期)."""
        return (
            self.removed_at is None
            and self.held is None
            and self.keep_until is not None
            and self.keep_until < today
        )


def place_of(path: str) -> tuple[str, str] | None:
    """The site and the unique id that a path of a recording tells; None for any other path."""
    found = _PATH.fullmatch(path)
    return (found["site"], found["uniqueid"]) if found else None


def keep_until(day: date, keep_days: int) -> date:
    """The last day on which a recording of that day is kept: so many whole days after its own."""
    return day + timedelta(days=keep_days)


def contract_at(versions: Iterable[ContractVersion], site: str, day: date) -> Contract | None:
    """The contract in force at a site on a day, by whose word its calls are recorded and kept."""
    by_contract: dict[str, list[ContractVersion]] = {}
    for version in versions:
        by_contract.setdefault(version.contract.id, []).append(version)
    in_force = (version_in_force(of_one, day) for of_one in by_contract.values())
    found = (one.contract for one in in_force if one is not None and one.contract.site.name == site)
    return next(found, None)
