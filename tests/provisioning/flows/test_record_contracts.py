"""Recording contracts: from which day each version counts, and what was already so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import pytest

from provisioning.core.contract import (
    Billing,
    Contract,
    ContractVersion,
    Customer,
    Operator,
    Payer,
    Policy,
    Stated,
    Term,
)
from provisioning.core.site import Iad, Seat, Site
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Ledger
from provisioning.flows.record_contracts import Recorded, record_contracts

FIRST, LAST, TODAY = date(2025, 7, 1), date(2026, 6, 30), date(2025, 9, 15)


class Book:
    """A ledger of contract versions only."""

    def __init__(self) -> None:
        self.kept: list[ContractVersion] = []
        self.passwords: dict[str, Mapping[str, str]] = {}
        self.files: dict[str, Contract] = {}

    def filed(self, contract: str) -> Contract | None:
        return self.files.get(contract)

    def ims_passwords(self, contract: str) -> Mapping[str, str]:
        return self.passwords.get(contract, {})

    def versions(self, contract: str | None = None) -> tuple[ContractVersion, ...]:
        return tuple(v for v in self.kept if contract in (None, v.contract.id))

    def record_versions(
        self,
        additions: Sequence[tuple[Contract, date]],
        *,
        new_secret: Callable[[], str],
        at: datetime,
        who: str,
        ims_passwords: Mapping[str, Mapping[str, str]],
        expected: Mapping[str, Sequence[ContractVersion]],
    ) -> tuple[ContractVersion, ...]:
        assert {id: tuple(known) for id, known in expected.items()} == {
            c.id: self.versions(c.id)[-1:] for c, _ in additions
        }
        self.files |= {c.id: c for c, _ in additions}
        self.passwords |= ims_passwords
        made = []
        for contract, day in additions:
            former = self.versions(contract.id)
            if former and former[-1].contract == contract:
                continue
            made.append(ContractVersion(contract=contract, number=len(former) + 1, effective=day))
            self.kept.append(made[-1])
        return tuple(made)


@pytest.fixture
def contract() -> Contract:
    return Contract(
        id="zhaotong-2025",
        customer=Customer(name="某办公室"),
        operator=Operator(name="某运营商"),
        term=Term(first=FIRST, last=LAST),
        billing=Billing(starts=FIRST),
        recurring=(),
        once=(),
        stated=Stated(),
        calls=None,
        messages=None,
        payers=(),
        policy=Policy(),
        site=Site(name="zhaotong", area_code="0870", seats=(Seat(long_number="08702120001"),)),
    )


def recorded(book: Book, *contracts: Contract, **more: Any) -> Recorded:
    return record_contracts(
        contracts,
        ledger=cast(Ledger, book),
        today=TODAY,
        now=datetime(2025, 9, 15, tzinfo=UTC),
        who="clerk",
        new_secret=lambda: "x" * 24,
        **more,
    )


def test_a_first_version_begins_with_the_term(contract: Contract) -> None:
    """A contract recorded late counts from its term's first day all the same."""
    done = recorded(Book(), contract)
    assert [(v.number, v.effective) for v in done.recorded] == [(1, FIRST)]
    assert done.unchanged == ()


def test_a_later_version_begins_today(contract: Contract) -> None:
    """A change to a contract counts from today on, never backwards by itself."""
    book = Book()
    recorded(book, contract)
    done = recorded(book, replace(contract, customer=Customer(name="另一办公室")))
    assert [(v.number, v.effective) for v in done.recorded] == [(2, TODAY)]


def test_a_next_term_begins_when_it_begins(contract: Contract) -> None:
    """A version for a term that is still to come does not cut the running one short."""
    book = Book()
    recorded(book, contract)
    coming = Term(first=date(2026, 7, 1), last=date(2027, 6, 30))
    done = recorded(book, replace(contract, term=coming))
    assert [v.effective for v in done.recorded] == [date(2026, 7, 1)]


def test_the_next_contract_of_a_site_moves_no_telephone(contract: Contract) -> None:
    """Under a new contract's id the seats stay on the ports they had under the one before it."""
    book = Book()
    iads = (Iad(name="iad-1", model="grandstream-gxw4224", mac="c0:74:ad:00:00:01"),)
    seats = tuple(Seat(long_number=f"0870212000{n}") for n in range(1, 6))
    at = replace(contract, site=replace(contract.site, iads=iads, seats=seats))
    left = replace(at.site, seats=(seats[0], *seats[2:]))
    recorded(book, at)
    recorded(book, replace(at, site=left))
    coming = replace(at, id="zhaotong-2026", term=Term(first=date(2026, 7, 1), last=date(2027, 6, 30)))
    [version] = recorded(book, replace(coming, site=left)).recorded
    assert [seat.port for seat in version.contract.site.seats] == [1, 3, 4, 5]


def test_a_day_that_is_given_counts(contract: Contract) -> None:
    """--from says for all contracts from which day they count."""
    done = recorded(Book(), contract, effective=date(2025, 8, 1))
    assert [v.effective for v in done.recorded] == [date(2025, 8, 1)]


def test_what_was_so_already_is_told(contract: Contract) -> None:
    """A contract that has not changed is named as such, beside those recorded."""
    book = Book()
    recorded(book, contract)
    other = replace(contract, id="other-2025")
    done = recorded(book, contract, other)
    assert [v.contract.id for v in done.recorded] == ["other-2025"]
    assert done.unchanged == ("zhaotong-2025",)


def test_a_renewal_follows_the_ended_term(contract: Contract) -> None:
    """A contract whose term has ended goes on the day after it, not on the day somebody records that."""
    ended = replace(contract, term=Term(first=date(2024, 7, 1), last=date(2025, 6, 30)))
    for first, begins in (
        (ended.term.first, date(2025, 7, 1)),
        (date(2025, 7, 1), date(2025, 7, 1)),
        (date(2025, 8, 1), date(2025, 8, 1)),
    ):
        book = Book()
        recorded(book, ended)
        done = recorded(book, replace(ended, term=Term(first=first, last=date(2026, 6, 30))))
        assert [v.effective for v in done.recorded] == [begins]
        assert str(begins) in done.notes[0]


def test_a_contract_that_renews_itself_has_not_ended(contract: Contract) -> None:
    """A term that is renewed until ended is changed from today on, whatever its stated last day."""
    book = Book()
    renewing = replace(contract, term=Term(first=date(2024, 7, 1), last=date(2025, 6, 30), renewal_months=12))
    recorded(book, renewing)
    done = recorded(book, replace(renewing, customer=Customer(name="另一办公室")))
    assert [v.effective for v in done.recorded] == [TODAY]


def test_a_version_still_to_come_is_corrected_on_its_day(contract: Contract) -> None:
    """Without --from a correction does not bring a coming change forward to today."""
    book = Book()
    coming = date(2025, 12, 1)
    recorded(book, contract)
    recorded(book, replace(contract, customer=Customer(name="另一办公室")), effective=coming)
    done = recorded(book, replace(contract, customer=Customer(name="第三办公室")))
    assert [v.effective for v in done.recorded] == [coming]


def test_the_day_taken_is_told(contract: Contract) -> None:
    """A later version says which day was taken where none was given; a first one needs no word."""
    book = Book()
    assert recorded(book, contract).notes == ()
    (note,) = recorded(book, replace(contract, customer=Customer(name="另一办公室"))).notes
    assert note.startswith("zhaotong-2025: version 2 takes effect on 2025-09-15, today")
    given = replace(contract, customer=Customer(name="第三办公室"))
    assert recorded(book, given, effective=date(2025, 10, 1)).notes == ()


def test_an_unchanged_contract_is_given_its_own_day(contract: Contract) -> None:
    """What was so already is recorded from the day it stands from, so that nothing is moved by itself."""
    asked: list[date] = []

    class Asked(Book):
        def record_versions(
            self, additions: Sequence[tuple[Contract, date]], **more: Any
        ) -> tuple[ContractVersion, ...]:
            asked.extend(day for _, day in additions)
            return super().record_versions(additions, **more)

    book = Asked()
    recorded(book, contract, effective=date(2025, 8, 1))
    assert recorded(book, contract).unchanged == ("zhaotong-2025",)
    assert asked == [date(2025, 8, 1), date(2025, 8, 1)]


def test_a_day_against_the_clause_is_refused_unless_forced(contract: Contract) -> None:
    """--from a day that term.changes_by does not allow records nothing; with --force it does."""
    book = Book()
    clause = replace(contract, term=replace(contract.term, changes_by=15))
    recorded(book, clause)
    changed = replace(clause, customer=Customer(name="另一办公室"))
    with pytest.raises(FlowError, match=r"term\.changes_by: 15"):
        recorded(book, changed, effective=date(2025, 9, 20))
    assert len(book.kept) == 1
    done = recorded(book, changed, effective=date(2025, 9, 20), force=True)
    assert [v.effective for v in done.recorded] == [date(2025, 9, 20)]


def test_a_file_that_is_out_of_date_is_refused(contract: Contract) -> None:
    """Changed numbers that the file does not know stay: it may not bring the main number and payers back."""
    book = Book()
    old, new = "08702120001", "08702120009"
    filed = replace(
        contract,
        site=replace(contract.site, main_number=old),
        payers=(Payer(seat=old, way="share", share=Decimal("0.5")),),
    )
    recorded(book, filed)
    site = replace(filed.site, main_number=new, seats=(Seat(long_number=new),))
    changed = replace(filed, site=site, payers=(replace(filed.payers[0], seat=new),))
    book.kept.append(ContractVersion(contract=changed, number=2, effective=TODAY))
    with pytest.raises(FlowError) as refused:
        recorded(book, replace(filed, customer=Customer(name="另一办公室")))
    for said in (f"{old}, removed since", f"{new}, added since", f"be {old} again", "payers", "--force"):
        assert said in str(refused.value)
    assert len(book.kept) == 2
    assert recorded(book, changed).unchanged == (contract.id,)
    done = recorded(book, filed)
    assert [change.action for change in done.changes[contract.id]] == ["remove", "add"]


def test_the_day_of_the_clause_is_told(contract: Contract) -> None:
    """Without --from a change takes the first day its clause allows, and the note names the clause."""
    book = Book()
    clause = replace(contract, term=replace(contract.term, changes_by=15))
    recorded(book, clause)
    done = recorded(book, replace(clause, customer=Customer(name="另一办公室")))
    assert [v.effective for v in done.recorded] == [date(2025, 10, 1)]
    assert "term.changes_by: 15" in done.notes[0]


def test_passwords_go_to_the_ledger_and_not_into_words(contract: Contract) -> None:
    """The operator's passwords are recorded, also for an unchanged contract; the note only counts them."""
    book = Book()
    given = {contract.id: {"08702120001": "geheim-1"}}
    first = recorded(book, contract, ims_passwords=given)
    assert book.passwords == given
    assert first.notes == (
        "zhaotong-2025: the operator's password of 1 number is new or another one, and recorded.",
    )
    again = recorded(book, contract, ims_passwords=given)
    assert (again.unchanged, again.notes) == (("zhaotong-2025",), ())
    (note,) = recorded(book, contract, ims_passwords={contract.id: {"08702120001": "geheim-2"}}).notes
    assert "recorded so already" in note
    assert "geheim" not in repr((first, again, note))
