"""Rates what is collected: each record gets its verdict and its price, written to the ledger (批价)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from pbx.cdr import Cdr
from provisioning.charging.directory import Directory
from provisioning.charging.doubt import Testimony
from provisioning.charging.rating import rate_call
from provisioning.core.call import Outcome, RatedCall
from provisioning.flows.ports import Ledger, Progress

CHUNK = 2000
"""Verdicts written in one transaction: a run broken off keeps what it has done, the next one goes on."""


Testimonies = Callable[[Sequence[int]], Mapping[int, Testimony]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """How many records of the whole ledger have which verdict after the run, whenever they got it.

    Not of this run alone: a call without owner or price is counted every night until somebody mends it.
    `looked_at` is how many records this run rated, anew or for the first time.
    """

    rated: int
    free: int
    unrated: int
    review: int
    looked_at: int

    @property
    def complete(self) -> bool:
        """Whether every call has an owner and a price and none waits for a person."""
        return self.unrated == 0 and self.review == 0

    def document(self) -> dict[str, int]:
        """As `rate --json` prints it."""
        return {"rated": self.rated, "free": self.free, "unrated": self.unrated, "review": self.review}


def rate_calls(ledger: Ledger, *, again: bool = False, progress: Progress | None = None) -> Verdicts:
    """Rates all records without a final verdict; with `again` all that stand on no closed bill.

    Safe to run twice: a verdict depends on the record and the contracts alone. Calls on a closed bill keep
    theirs for ever, disputed ones until that is decided. A record that is collected anew while this runs is
    left to the next run.
    """
    directory = Directory(ledger.versions())
    waiting = ledger.to_rate(again=again)
    looked_at = 0
    while chunk := list(_verdicts(waiting, directory, ledger.testimonies)):
        ledger.save_rated(chunk)
        looked_at += len(chunk)
        if progress is not None:
            progress("rating calls", looked_at)
    counts = ledger.outcome_counts()
    return Verdicts(
        rated=counts.get(Outcome.RATED, 0),
        free=counts.get(Outcome.FREE, 0),
        unrated=counts.get(Outcome.UNRATED, 0),
        review=counts.get(Outcome.REVIEW, 0),
        looked_at=looked_at,
    )


def _verdicts(
    waiting: Iterator[tuple[int, Cdr]], directory: Directory, testimonies: Testimonies
) -> Iterator[tuple[int, Cdr, RatedCall]]:
    some = list(islice(waiting, CHUNK))
    known = testimonies([record for record, _ in some])
    for record, cdr in some:
        told = known.get(record, _NOTHING)
        waived = told.why if told.billed is False else None
        yield record, cdr, rate_call(cdr, directory, doubt=told.doubt(cdr), waived=waived)


_NOTHING = Testimony()
