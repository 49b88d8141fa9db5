"""Contract versions, and the numbers they give validity."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from provisioning.flows.errors import FlowError
from provisioning.store.ledger import SqlLedger

JULY, AUGUST, SEPTEMBER = date(2025, 7, 1), date(2025, 8, 1), date(2025, 9, 1)
LAST = date(2025, 12, 31)
Add = Callable[..., Any]


def days(ledger: SqlLedger, number: str, on: date) -> tuple[date, date | None] | None:
    found = [held for held in ledger.look_up(number, on) if held.long_number == number]
    return (found[0].since, found[0].until) if found else None


def test_a_version_comes_back_as_it_was(ledger: SqlLedger, sample: SimpleNamespace, add: Add) -> None:
    """What was recorded is read back equal, with number and day."""
    seat = sample.seat(long_number="08702120001", short_number="6001", name="张三", extra={"楼层": "3F"})
    contract = sample.contract(seats=(seat,))
    (recorded,) = add(ledger, (contract, JULY))
    assert (recorded.number, recorded.effective) == (1, JULY)
    assert ledger.versions() == (recorded,) == ledger.versions(contract.id)
    assert ledger.versions("unknown") == ()


def test_the_same_contract_again_records_nothing(
    ledger: SqlLedger, sample: SimpleNamespace, add: Add
) -> None:
    """A contract equal to its latest version is left alone, whatever the day."""
    add(ledger, (sample.contract(), JULY))
    assert add(ledger, (sample.contract(), JULY)) == ()
    assert add(ledger, (sample.contract(), AUGUST)) == ()
    assert len(ledger.versions()) == 1


def test_versions_are_ordered(ledger: SqlLedger, sample: SimpleNamespace, add: Add) -> None:
    """Versions come by contract, then number."""
    b = sample.contract("b-2025", seats=("08702130001",), site="b")
    a = sample.contract("a-2025", seats=("08702140001",), site="a")
    add(ledger, (b, JULY), (a, JULY))
    add(ledger, (sample.contract("b-2025", seats=("08702130002",), site="b"), AUGUST))
    assert [(v.contract.id, v.number) for v in ledger.versions()] == [
        ("a-2025", 1),
        ("b-2025", 1),
        ("b-2025", 2),
    ]


@pytest.mark.parametrize("day", [JULY, date(2025, 6, 1)])
def test_a_version_begins_after_the_former_one(
    ledger: SqlLedger, sample: SimpleNamespace, add: Add, day: date
) -> None:
    """A changed contract cannot begin on or before its latest version's day."""
    add(ledger, (sample.contract(), JULY))
    with pytest.raises(FlowError, match=r"zhaotong-2025: version 1 is in force from 2025-07-01.*--from"):
        add(ledger, (sample.contract(rate="0.07"), day))
    assert len(ledger.versions()) == 1


def test_unchanged_seats_keep_their_stretch(ledger: SqlLedger, sample: SimpleNamespace, add: Add) -> None:
    """A version that changes one seat starts a stretch for that one only, and ends one that is gone."""
    add(ledger, (sample.contract(seats=("08702120001", "08702120002", "08702120003")), JULY))
    renamed = sample.seat(long_number="08702120002", name="李四")
    add(ledger, (sample.contract(seats=("08702120001", renamed, "08702120004")), AUGUST))
    assert days(ledger, "08702120001", AUGUST) == (JULY, LAST)
    assert days(ledger, "08702120002", date(2025, 7, 31)) == (JULY, date(2025, 7, 31))
    assert days(ledger, "08702120002", AUGUST) == (AUGUST, LAST)
    assert days(ledger, "08702120003", AUGUST) is None
    assert days(ledger, "08702120004", date(2025, 7, 31)) is None
    assert days(ledger, "08702120004", AUGUST) == (AUGUST, LAST)


def test_a_renewed_contract_has_no_last_day(ledger: SqlLedger, sample: SimpleNamespace, add: Add) -> None:
    """Numbers of a contract that renews itself are held until further notice."""
    add(ledger, (sample.contract(renewal=6), JULY))
    assert days(ledger, "08702120001", date(2099, 1, 1)) == (JULY, None)


def test_a_longer_term_continues_the_stretch(ledger: SqlLedger, sample: SimpleNamespace, add: Add) -> None:
    """A prolonged term moves the last day and leaves the first."""
    add(ledger, (sample.contract(), JULY))
    add(ledger, (sample.contract(term=(JULY, date(2026, 6, 30))), AUGUST))
    assert days(ledger, "08702120001", date(2026, 6, 30)) == (JULY, date(2026, 6, 30))
    assert days(ledger, "08702120001", date(2026, 7, 1)) is None


def test_a_new_term_without_a_gap_continues(ledger: SqlLedger, sample: SimpleNamespace, add: Add) -> None:
    """A next term that follows at once keeps the stretch; one after a pause begins another."""
    add(ledger, (sample.contract(), JULY))
    next_year = (date(2026, 1, 1), date(2026, 12, 31))
    add(ledger, (sample.contract(term=next_year), next_year[0]))
    assert days(ledger, "08702120001", date(2026, 5, 1)) == (JULY, date(2026, 12, 31))
    later = (date(2027, 2, 1), date(2027, 12, 31))
    add(ledger, (sample.contract(term=later), later[0]))
    assert days(ledger, "08702120001", date(2027, 1, 15)) is None
    assert days(ledger, "08702120001", date(2027, 2, 1)) == later


def test_two_contracts_cannot_have_one_number(ledger: SqlLedger, sample: SimpleNamespace, add: Add) -> None:
    """All numbers another contract has in the same days are listed, the site too, and nothing is recorded."""
    add(ledger, (sample.contract(), JULY))
    good = sample.contract("good-2025", seats=("08702990001",), site="good")
    clash = sample.contract("other-2025", seats=("08702120002", "08702120001", "08702120009"))
    with pytest.raises(FlowError) as caught:
        add(ledger, (good, JULY), (clash, JULY))
    told = str(caught.value)
    assert "08702120001 belongs to contract zhaotong-2025 from 2025-07-01 to 2025-12-31" in told
    assert "08702120002 belongs to contract zhaotong-2025" in told
    assert "the site zhaotong belongs to contract zhaotong-2025" in told
    assert "08702120009" not in told
    assert "Nothing was recorded" in told
    assert [version.contract.id for version in ledger.versions()] == ["zhaotong-2025"]
    assert ledger.look_up("08702990001", AUGUST) == ()


def test_two_new_contracts_clash_once(ledger: SqlLedger, sample: SimpleNamespace, add: Add) -> None:
    """Two contracts added together are told of a common number once, not from both sides."""
    one = sample.contract("one", seats=("08702120001",), site="one")
    other = sample.contract("other", seats=("08702120001",), site="other")
    with pytest.raises(FlowError) as caught:
        add(ledger, (one, JULY), (other, JULY))
    assert str(caught.value).count("08702120001") == 1
    assert ledger.versions() == ()


def test_a_number_moves_on_a_day(ledger: SqlLedger, sample: SimpleNamespace, add: Add) -> None:
    """A number given up by one contract is another's from that day on, in one command, in any order."""
    add(ledger, (sample.contract(), JULY))
    without = sample.contract(seats=("08702120002",))
    taker = sample.contract("taker-2025", seats=("08702120001",), site="taker")
    add(ledger, (taker, SEPTEMBER), (without, SEPTEMBER))
    (before,) = ledger.look_up("08702120001", date(2025, 8, 31))
    (after,) = ledger.look_up("08702120001", SEPTEMBER)
    assert (before.contract, before.until) == ("zhaotong-2025", date(2025, 8, 31))
    assert (after.contract, after.since) == ("taker-2025", SEPTEMBER)


def test_a_site_is_free_when_its_contract_is_over(
    ledger: SqlLedger, sample: SimpleNamespace, add: Add
) -> None:
    """The next contract of a customer may keep site and numbers, once the former one has ended."""
    add(ledger, (sample.contract(), JULY))
    following = sample.contract("zhaotong-2026", term=(date(2026, 1, 1), date(2026, 12, 31)))
    add(ledger, (following, date(2026, 1, 1)))
    (held,) = ledger.look_up("08702120001", date(2026, 1, 1))
    assert held.contract == "zhaotong-2026"


def test_each_seat_gets_one_secret(ledger: SqlLedger, sample: SimpleNamespace, add: Add) -> None:
    """A seat keeps the secret it got first; only new numbers get one."""
    add(ledger, (sample.contract(), JULY))
    first = dict(ledger.secrets("zhaotong"))
    assert set(first) == {"08702120001", "08702120002"}
    assert len(set(first.values())) == 2
    add(ledger, (sample.contract(seats=("08702120001", "08702120003")), AUGUST))
    second = dict(ledger.secrets("zhaotong"))
    assert second["08702120001"] == first["08702120001"]
    assert set(second) == {"08702120001", "08702120002", "08702120003"}
    assert dict(ledger.secrets("nowhere")) == {}


def test_lost_secrets_are_made_again(
    full_ledger_url: str, ledger: SqlLedger, sample: SimpleNamespace, add: Add
) -> None:
    """Recording an unchanged contract makes the secrets that are missing."""
    add(ledger, (sample.contract(), JULY))
    engine = create_engine(full_ledger_url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM sip_secret WHERE long_number = '08702120002'"))
    engine.dispose()
    assert add(ledger, (sample.contract(), JULY)) == ()
    assert set(ledger.secrets("zhaotong")) == {"08702120001", "08702120002"}


def test_recording_is_audited(
    full_ledger_url: str, ledger: SqlLedger, sample: SimpleNamespace, add: Add
) -> None:
    """The audit says who recorded which version and when, without any secret."""
    add(ledger, (sample.contract(), JULY))
    engine = create_engine(full_ledger_url)
    with engine.begin() as connection:
        (row,) = connection.execute(text("SELECT who, event, subject, detail FROM audit"))
    engine.dispose()
    assert row[:3] == ("clerk@office", "contract-recorded", "zhaotong-2025")
    assert "CANARY" not in str(row[3])


def test_a_big_contract(ledger: SqlLedger, sample: SimpleNamespace, add: Add) -> None:
    """Thousands of seats are recorded, found and given secrets like a few."""
    numbers = [f"0870{2000000 + n}" for n in range(2500)]
    add(ledger, (sample.contract(seats=numbers), JULY))
    add(ledger, (sample.contract(seats=numbers[:-1], rate="0.07"), AUGUST))
    assert days(ledger, numbers[0], AUGUST) == (JULY, LAST)
    assert days(ledger, numbers[-1], AUGUST) is None
    assert len(ledger.secrets("zhaotong")) == 2500
