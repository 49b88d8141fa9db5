"""Rating what is collected, through a ledger in memory."""

from __future__ import annotations

from collections import Counter

from provisioning.flows import rate_calls as flow
from provisioning.flows.rate_calls import rate_calls


class Book:
    """A ledger of records and verdicts only."""

    def __init__(self, versions, records):
        self._versions = tuple(versions)
        self.records = dict(enumerate(records))
        self.verdicts = {}
        self.transactions = []

    def versions(self):
        return self._versions

    def to_rate(self, *, again):
        settled = (
            () if again else [key for key, call in self.verdicts.items() if call.outcome in ("rated", "free")]
        )
        yield from [(key, cdr) for key, cdr in self.records.items() if key not in settled]

    def testimonies(self, records):
        return {}

    def save_rated(self, rated):
        saved = list(rated)
        self.transactions.append(len(saved))
        self.verdicts.update((number, call) for number, _, call in saved)

    def outcome_counts(self):
        return Counter(call.outcome for call in self.verdicts.values())


def records(make):
    unanswered = make.cdr(disposition="NO ANSWER")
    stranger = make.cdr(accountcode="", src="13900139000")
    return [make.cdr(), make.cdr(dst="6002"), unanswered, stranger, make.cdr(billsec=9)]


def test_each_record_gets_its_verdict(make) -> None:
    """Of five records one is charged, two are free, one is nobody's and one contradicts itself."""
    found = rate_calls(Book([make.version()], records(make)))
    assert found.document() == {"rated": 1, "free": 2, "unrated": 1, "review": 1}
    assert (found.looked_at, found.complete) == (5, False)


def test_a_second_run_counts_the_whole_ledger(make) -> None:
    """What has no price stays counted every night, though nothing new was collected."""
    book = Book([make.version()], records(make))
    first = rate_calls(book)
    second = rate_calls(book)
    assert second.document() == first.document()
    assert second.looked_at == 2


def test_again_looks_at_all(make) -> None:
    """Rating again gives every record the same verdict, looking at each of them."""
    book = Book([make.version()], records(make))
    rate_calls(book)
    before = dict(book.verdicts)
    assert rate_calls(book, again=True).looked_at == 5
    assert book.verdicts == before


def test_an_unrated_call_is_rated_once_its_contract_is_known(make) -> None:
    """A call of a contract recorded later is charged by the next run."""
    book = Book([], [make.cdr()])
    assert rate_calls(book).unrated == 1
    book._versions = (make.version(),)
    found = rate_calls(book)
    assert found.document() == {"rated": 1, "free": 0, "unrated": 0, "review": 0}
    assert found.complete


def test_many_records_are_saved_some_at_a_time(make) -> None:
    """More records than go into one transaction are saved in several, and none is lost."""
    book = Book([make.version()], [make.cdr()] * (flow.CHUNK + 1))
    told = []
    found = rate_calls(book, progress=lambda text, done=None, total=None: told.append(done))
    assert book.transactions == [flow.CHUNK, 1]
    assert told == [flow.CHUNK, flow.CHUNK + 1]
    assert found.rated == flow.CHUNK + 1


def test_nothing_to_rate_is_no_fault(make) -> None:
    """An empty ledger is rated at once, with all counts 0."""
    book = Book([], [])
    assert rate_calls(book).document() == {"rated": 0, "free": 0, "unrated": 0, "review": 0}
    assert book.transactions == []
