"""What becomes of a contract's latest version when the contract is recorded again (版本接续).

Pure: what stands in the ledger in, what to write or what is in the way out. `contracts.py` uses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from provisioning.core.contract import Contract
from provisioning.core.cycle import Cycle

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A version as it stands in the ledger: its number, and the day from which it counts."""

    number: int
    effective: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to write: a version with that number, and the first day on which anything becomes different.

    `replaces` is the version in whose place it comes; None for one that follows it.
    """

    number: int
    effective: date
    changed_from: date
    replaces: Standing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the ledger has of a contract: its last two versions, and the last cycle with a closed bill."""

    latest: Standing | None = None
    former: Standing | None = None
    closed: Cycle | None = None


def step(contract: Contract, effective: date, past: Past, *, same: bool) -> Step | str | None:
    """What recording the contract from that day on writes; None for nothing, a text for what is in the way.

    A content that differs and begins later follows the latest version. Any other takes the latest one's
    place: corrected on the same day, begun earlier, or, with the `same` content, moved to another day. What
    a closed bill has charged stays as it is, so does every version but the latest.
    """
    latest = past.latest
    if latest is not None and same and effective == latest.effective:
        return None
    replaced = latest if latest is not None and (same or effective <= latest.effective) else None
    in_the_way = _in_the_way(contract, effective, past, replaced)
    if in_the_way is not None and same and latest is not None:
        return (
            f"contract {contract.id}: recorded so already, as version {latest.number} from "
            f"{latest.effective} on, and cannot be moved to {effective}: {in_the_way} "
            "Without --from it is left as it is."
        )
    if in_the_way is not None:
        return f"contract {contract.id}: {in_the_way}"
    if replaced is not None:
        changed_from = min(effective, replaced.effective)
        return Step(number=replaced.number, effective=effective, changed_from=changed_from, replaces=replaced)
    number = 1 if latest is None else latest.number + 1
    return Step(number=number, effective=effective, changed_from=effective)


def _in_the_way(contract: Contract, effective: date, past: Past, replaced: Standing | None) -> str | None:
    """Why nothing can begin on that day, and which day would do; None when nothing is in the way."""
    term = contract.term
    if not term.covers(effective):
        return (
            f"its term runs from {term.first} to {term.last}, so a version that begins on {effective} would "
            f"never be in force. {_would_do(contract, past)}"
        )
    first_open = _first_open(past)
    if first_open is not None and effective < first_open:
        return (
            f"its bill of {past.closed} is closed, and a version from {effective} on would never be billed. "
            f"{_would_do(contract, past)}"
        )
    if replaced is not None and first_open is not None and replaced.effective < first_open:
        return (
            f"its bill of {past.closed} is closed, so version {replaced.number}, in force from "
            f"{replaced.effective} on, stays as it is; only a changed contract can follow it. "
            f"{_would_do(contract, past)}"
        )
    if replaced is not None and past.former is not None and effective <= past.former.effective:
        return (
            f"version {past.former.number} is in force from {past.former.effective} on; another version "
            f"cannot begin on {effective}. {_would_do(contract, past)}"
        )
    return None


def _first_open(past: Past) -> date | None:
    return None if past.closed is None else past.closed.next().first


def _would_do(contract: Contract, past: Past) -> str:
    """The days on which a version of the contract can begin."""
    term = contract.term
    days = [term.first]
    first_open = _first_open(past)
    if first_open is not None:
        days.append(first_open)
    if past.former is not None:
        days.append(past.former.effective + _DAY)
    first = max(days)
    if term.renewal_months:
        return f"Give a day from {first} on with --from."
    if term.last < first:
        return f"No day of its term is open from {first} on: if the term was prolonged, say so in the file."
    if term.last == first:
        return f"Give {first} with --from."
    return f"Give a day from {first} to {term.last} with --from."
