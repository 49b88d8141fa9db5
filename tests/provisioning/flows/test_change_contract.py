"""A change of a recorded contract: what it would do, with ports and passwords, and recording just that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from provisioning.core.contract import Contract, ContractVersion
from provisioning.core.cycle import Cycle
from provisioning.core.site import Iad, Ims, Seat
from provisioning.flows.change_contract import Proposal, propose_change, record_change
from provisioning.flows.errors import ChangedMeanwhile, FlowError
from provisioning.flows.ports import Ledger

TODAY = date(2025, 9, 10)


class Book:
    """A ledger of contract versions and the operator's passwords."""

    def __init__(self, *contracts: Contract, passwords: Mapping[str, str] | None = None) -> None:
        self.kept = [ContractVersion(contract=c, number=1, effective=c.term.first) for c in contracts]
        self.passwords = passwords or {}
        self.closed: Cycle | None = None

    def versions(self, contract: str | None = None) -> tuple[ContractVersion, ...]:
        return tuple(v for v in self.kept if contract in (None, v.contract.id))

    def bill(self, contract: str, cycle: Cycle) -> object:
        return self.closed if cycle == self.closed else None

    def ims_passwords(self, contract: str) -> Mapping[str, str]:
        return self.passwords

    def record_versions(
        self,
        additions: Sequence[tuple[Contract, date]],
        *,
        new_secret: Callable[[], str],
        at: datetime,
        who: str,
        expected: Mapping[str, Sequence[ContractVersion]],
        from_file: bool,
        remade: Sequence[str],
        renumbered: Mapping[str, str],
    ) -> tuple[ContractVersion, ...]:
        assert not from_file
        for id, known in expected.items():
            if tuple(known) != self.versions(id)[-len(known) :]:
                raise ChangedMeanwhile(id)
        first = additions[0][1]
        self.kept = [v for v in self.kept if v.contract.id not in remade or v.effective <= first]
        number = len(self.kept) + 1
        made = [
            ContractVersion(contract=c, number=number + n, effective=day)
            for n, (c, day) in enumerate(additions)
        ]
        self.kept += made
        return tuple(made)


@pytest.fixture
def contract(make: SimpleNamespace) -> Contract:
    """A site with two IADs of four ports each, and three seats on their ports."""
    seats = (
        Seat(long_number="08702120001", short_number="6001", iad="iad-1", port=1),
        Seat(long_number="08702120002", short_number="6002", iad="iad-1", port=2),
        Seat(long_number="08702120003", short_number="6003", iad="iad-2", port=1),
    )
    made: Contract = make.contract(seats=seats, main_number="08702120001")
    iads = (Iad(name="iad-1", model="grandstream-ht814"), Iad(name="iad-2", model="grandstream-ht814"))
    return replace(made, site=replace(made.site, iads=iads))


def proposed(book: Book, text: str, **more: object) -> Proposal:
    return propose_change(
        "zhaotong",
        "change.csv",
        read=lambda path, limit: text.encode(),
        ledger=cast(Ledger, book),
        today=TODAY,
        **more,
    )


def recorded(book: Book, proposal: Proposal) -> ContractVersion:
    done = record_change(
        proposal,
        ledger=cast(Ledger, book),
        now=datetime(2025, 9, 10, tzinfo=UTC),
        who="clerk",
        new_secret=lambda: "x" * 24,
    )
    return done.recorded[0]


def told(proposal: Proposal) -> list[tuple[str, str, dict[str, tuple[str | None, str | None]]]]:
    return [
        (one.action, one.long_number, {v.column: (v.before, v.after) for v in one.values})
        for one in proposal.changes
    ]


def test_nobody_moves_when_a_seat_goes(contract: Contract) -> None:
    """A removed seat frees its port for the new one; the others stay, and so it is recorded."""
    book = Book(contract)
    proposal = proposed(book, "long_number,操作\n08702120001,删除\n08702120009,增加\n")
    assert told(proposal) == [
        (
            "remove",
            "08702120001",
            {"short_number": ("6001", None), "iad": ("iad-1", None), "port": ("1", None)},
        ),
        ("add", "08702120009", {"iad": (None, "iad-1"), "port": (None, "1")}),
    ]
    version = recorded(book, proposal)
    assert version.contract == proposal.contract
    assert (version.effective, proposal.which) == (TODAY, "today")


def test_a_move_to_another_iad_takes_its_lowest_free_port(contract: Contract) -> None:
    """Another IAD without a port: the seat gets the lowest free port there, which is shown beforehand."""
    proposal = proposed(Book(contract), "long_number,接入设备\n08702120002,iad-2\n")
    moved = {"iad": ("iad-1", "iad-2"), "port": ("2", "2")}
    assert told(proposal) == [("change", "08702120002", moved)]
    assert proposal.contract is not None
    assert [(seat.iad, seat.port) for seat in proposal.contract.site.seats] == [
        *(("iad-1", 1), ("iad-2", 2), ("iad-2", 1)),
    ]


def test_more_seats_than_ports_are_told(contract: Contract) -> None:
    """Seats that find no port are warned of; more seats that name one IAD than it has ports are refused."""
    numbers = [f"0870212001{n}" for n in range(6)]
    proposal = proposed(Book(contract), "\n".join(["long_number", *numbers]) + "\n")
    (warning,) = [one for one in proposal.warnings if one.code == "too-few-ports"]
    assert str(warning.place) == "zhaotong version 1"
    said = [f"{number},iad-1" for number in numbers]
    refused = proposed(Book(contract), "\n".join(["long_number,iad", *said]) + "\n")
    assert refused.contract is None
    assert [problem.code for problem in refused.problems] == ["iad-overfull"]


def test_a_contract_recorded_meanwhile_is_not_overwritten(contract: Contract) -> None:
    """When the ledger has moved since the change was shown, nothing is recorded."""
    book = Book(contract)
    proposal = proposed(book, "long_number,姓名\n08702120001,张某\n")
    book.kept.append(ContractVersion(contract=contract, number=2, effective=TODAY))
    with pytest.raises(ChangedMeanwhile):
        recorded(book, proposal)
    assert len(book.kept) == 2


def coming(book: Book, contract: Contract, day: date = date(2025, 12, 1)) -> None:
    """Adds a version that is still to come."""
    book.kept.append(ContractVersion(contract=contract, number=len(book.kept) + 1, effective=day))


def with_seats(contract: Contract, *seats: Seat) -> Contract:
    return replace(contract, site=replace(contract.site, seats=seats))


def test_a_change_is_carried_into_a_version_to_come(contract: Contract) -> None:
    """A change from today on stands in the version to come too, a new seat on the same port in both."""
    book = Book(contract)
    first, *rest = contract.site.seats
    coming(book, with_seats(contract, replace(first, name="王某"), *rest))
    text = "long_number,姓名\n08702120002,张某\n08702120009,李某\n"
    proposal = proposed(book, text, effective=TODAY)
    recorded(book, proposal)
    assert [version.effective for version in book.kept] == [date(2025, 7, 1), TODAY, date(2025, 12, 1)]
    names = [[seat.name for seat in version.contract.site.seats] for version in book.kept]
    assert names == [[None] * 3, [None, "张某", None, "李某"], ["王某", "张某", None, "李某"]]
    places = {version.contract.site.seats[-1].port for version in book.kept[1:]}
    assert places == {3}


def test_a_change_brought_forward_leaves_nothing_to_come(contract: Contract) -> None:
    """Where the version to come is just what a change makes from today on, there is one version of it."""
    book = Book(contract)
    first, *rest = contract.site.seats
    coming(book, with_seats(contract, replace(first, name="王某"), *rest))
    proposal = proposed(book, "long_number,姓名\n08702120001,王某\n", effective=TODAY)
    assert proposal.carried == ()
    recorded(book, proposal)
    assert [version.effective for version in book.kept] == [date(2025, 7, 1), TODAY]


def test_a_seat_that_goes_later_does_not_come_back(contract: Contract) -> None:
    """A change of a seat that a version to come removes is refused: carried on, it would add the seat."""
    book = Book(contract)
    coming(book, with_seats(contract, *contract.site.seats[1:]))
    with pytest.raises(FlowError, match=r"version 2, still to come from 2025-12-01 on, has 08702120001"):
        proposed(book, "long_number,姓名\n08702120001,张某\n", effective=TODAY)


def test_what_is_wrong_in_a_version_to_come_is_told(contract: Contract) -> None:
    """A short number that a version to come gives to another seat is a problem of that version."""
    book = Book(contract)
    more = Seat(long_number="08702120008", short_number="6009", iad="iad-2", port=2)
    coming(book, with_seats(contract, *contract.site.seats, more))
    proposal = proposed(book, "long_number,short_number\n08702120009,6009\n", effective=TODAY)
    assert proposal.contract is None
    assert {problem.code for problem in proposal.problems} == {"duplicate-short-number"}


def test_what_follows_a_changed_number_is_told(contract: Contract) -> None:
    """The main number follows a number change, and the change says so."""
    proposal = proposed(Book(contract), "long_number,原号码\n08702120009,08702120001\n")
    assert told(proposal) == [("change", "08702120009", {})]
    assert proposal.changes[0].former == "08702120001"
    assert proposal.followed == ("main number: 08702120001 -> 08702120009",)


def test_a_number_without_the_operators_password_is_told(contract: Contract) -> None:
    """Where passwords are in the ledger, a number that registers and has none is named: a new one, a
    second one, the main number of a switchboard."""
    ims = Ims(domain="ims.example.net", proxy="sip:127.0.0.1:5070")
    with_ims = replace(contract, site=replace(contract.site, ims=ims))
    known = {seat.long_number: "geheim" for seat in contract.site.seats}
    text = "long_number\n08702120009\n"
    (note,) = proposed(Book(with_ims, passwords=known), text).notes
    assert "08702120009" in note
    assert "geheim" not in note
    assert proposed(Book(with_ims), text).notes == ()
    board = replace(
        with_ims, site=replace(with_ims.site, features=("switchboard",), main_number="08702120000")
    )
    text = "long_number,第二号码\n08702120003,08702120031\n"
    (note,) = proposed(Book(board, passwords=known), text).notes
    assert "08702120000, 08702120031" in note
    trunk = replace(contract, site=replace(contract.site, ims=replace(ims, register="trunk")))
    assert proposed(Book(trunk, passwords=known), text).notes == ()


def test_a_contract_that_has_ended_holds_no_number(contract: Contract) -> None:
    """A number of another contract in force is refused; one of a contract that is over may be taken."""
    other = replace(
        contract,
        id="other",
        site=replace(
            contract.site, name="other", main_number=None, iads=(), seats=(Seat(long_number="08702120009"),)
        ),
    )
    text = "long_number\n08702120009\n"
    refused = proposed(Book(contract, other), text)
    assert [problem.code for problem in refused.problems] == ["number-in-two-contracts"]
    over = replace(other, term=replace(other.term, first=date(2024, 1, 1), last=date(2024, 12, 31)))
    assert proposed(Book(contract, over), text).problems == ()


def test_the_day_must_do(contract: Contract) -> None:
    """A day before the version that is changed is refused; so is one against the clause, unless forced."""
    text = "long_number,姓名\n08702120001,张某\n"
    with pytest.raises(FlowError, match="in force from 2025-07-01 on"):
        proposed(Book(contract), text, effective=date(2025, 6, 1), force=True)
    clause = replace(contract, term=replace(contract.term, changes_by=15))
    assert proposed(Book(clause), text).effective == date(2025, 10, 1)
    with pytest.raises(FlowError, match=r"changes_by: 15"):
        proposed(Book(clause), text, effective=date(2025, 9, 20))
    assert proposed(Book(clause), text, effective=date(2025, 9, 20), force=True).problems == ()


def test_a_file_that_is_not_there_is_a_problem(contract: Contract) -> None:
    """A missing sheet is told like any problem; an unknown contract is one clear message."""

    def missing(path: str, limit: int) -> bytes:
        raise FileNotFoundError(2, "No such file or directory")

    book = cast(Ledger, Book(contract))
    (problem,) = propose_change("zhaotong", "none.csv", read=missing, ledger=book, today=TODAY).problems
    assert problem.code == "file-missing"
    with pytest.raises(FlowError, match="no contract other"):
        propose_change("other", "none.csv", read=missing, ledger=book, today=TODAY)


def test_a_change_that_comes_to_nothing_is_refused_before_it_is_recorded(contract: Contract) -> None:
    """--dry-run refuses the days that recording refuses: behind the term, in a month with a closed bill."""
    book, text = Book(contract), "长号,姓名\n08702120001,张某\n"
    after = contract.term.last + timedelta(days=1)
    with pytest.raises(FlowError, match="never be in force"):
        proposed(book, text, effective=after)
    book.closed = Cycle.of(TODAY)
    with pytest.raises(FlowError, match="never be billed"):
        proposed(book, text, effective=TODAY)
    assert proposed(book, "长号,短号\n08702120001,6001\n", effective=TODAY).changes == ()
