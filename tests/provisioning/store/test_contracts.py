"""Contract versions, and the numbers they give validity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine, insert, select, text

from provisioning.core.contract import Contract, Customer
from provisioning.core.document import from_document
from provisioning.flows.errors import FlowError
from provisioning.store.ledger import SqlLedger
from provisioning.store.tables import audit, bill, rated_call
from provisioning.store.verify import verify

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
    """A contract equal to its latest version, from that version's day on, is left alone."""
    add(ledger, (sample.contract(), JULY))
    assert add(ledger, (sample.contract(), JULY)) == ()
    assert len(ledger.versions()) == 1


def test_the_same_contract_moves_to_another_day(ledger: SqlLedger, sample: SimpleNamespace, add: Add) -> None:
    """A version recorded from a wrong day is moved by recording it again: earlier, later, numbers too."""
    add(ledger, (sample.contract(), JULY))
    grown = sample.contract(seats=("08702120001", "08702120002", "08702120003"))
    for moved in (AUGUST, SEPTEMBER, date(2025, 7, 2)):
        (version,) = add(ledger, (grown, moved))
        assert (version.number, version.effective) == (2, moved)
        assert ledger.versions()[1:] == (version,)
        assert days(ledger, "08702120003", moved) == (moved, LAST)
        assert days(ledger, "08702120003", date.fromordinal(moved.toordinal() - 1)) is None
        assert days(ledger, "08702120001", moved) == (JULY, LAST)


@pytest.mark.parametrize("day", [SEPTEMBER, AUGUST])
def test_the_latest_version_is_corrected(
    ledger: SqlLedger, sample: SimpleNamespace, add: Add, day: date
) -> None:
    """A changed contract from the latest version's day, or an earlier one, takes that version's place."""
    add(ledger, (sample.contract(), JULY))
    add(ledger, (sample.contract(seats=("08702120009",)), SEPTEMBER))
    (version,) = add(ledger, (sample.contract(rate="0.07"), day))
    assert (version.number, version.effective) == (2, day)
    assert [one.effective for one in ledger.versions()] == [JULY, day]
    assert days(ledger, "08702120009", SEPTEMBER) is None
    assert days(ledger, "08702120001", SEPTEMBER) == (JULY, LAST)


def test_only_the_latest_version_is_replaced(ledger: SqlLedger, sample: SimpleNamespace, add: Add) -> None:
    """No version can begin on or before the day of the last but one; the first day that would do is told."""
    add(ledger, (sample.contract(), JULY))
    add(ledger, (sample.contract(rate="0.07"), AUGUST))
    for rate in ("0.07", "0.08"):
        with pytest.raises(FlowError, match=r"version 1 is in force from 2025-07-01 .*2025-07-02 to"):
            add(ledger, (sample.contract(rate=rate), JULY))
    assert [one.effective for one in ledger.versions()] == [JULY, AUGUST]


def test_moving_a_version_is_no_by_the_way(ledger: SqlLedger, sample: SimpleNamespace, add: Add) -> None:
    """A day given for new contracts does not move one that is recorded so already: it is told instead."""
    add(ledger, (sample.contract(), JULY))
    new = sample.contract("new-2025", seats=("08702990001",), site="new")
    with pytest.raises(FlowError, match=r"zhaotong-2025: recorded so already, as version 1 from 2025-07-01"):
        add(ledger, (sample.contract(), AUGUST), (new, AUGUST))
    assert [one.effective for one in ledger.versions()] == [JULY]


@pytest.mark.parametrize(
    ("day", "renewal", "told"),
    [
        (date(2025, 6, 30), 0, "Give a day from 2025-07-01 to 2025-12-31"),
        (date(2026, 1, 1), 0, "Give a day from 2025-07-01 to 2025-12-31"),
        (date(2025, 6, 30), 6, "Give a day from 2025-07-01 on"),
    ],
)
def test_a_version_is_in_force_from_its_day(
    ledger: SqlLedger, sample: SimpleNamespace, add: Add, day: date, renewal: int, told: str
) -> None:
    """A version that would begin outside its own term is refused, with the days that would do."""
    with pytest.raises(FlowError, match=f"never be in force.*{told}"):
        add(ledger, (sample.contract(renewal=renewal), day))
    assert ledger.versions() == ()


def close(url: str, cycle: str, contract: str = "zhaotong-2025") -> None:
    engine = create_engine(url)
    at = datetime.fromisoformat("2025-11-20T08:00:00+00:00")
    row = {"contract": contract, "cycle": cycle, "document": {}, "sha256": "", "calls": 0}
    with engine.begin() as connection:
        connection.execute(insert(bill).values(**row, calls_amount=Decimal(0), closed_at=at, closed_by="law"))
    engine.dispose()


def test_what_is_billed_stays(
    full_ledger_url: str, ledger: SqlLedger, sample: SimpleNamespace, add: Add
) -> None:
    """No version begins in or before a closed cycle, and none billed there changes; the open day is told."""
    add(ledger, (sample.contract(), JULY))
    close(full_ledger_url, "2025-07")
    close(full_ledger_url, "2025-08")
    open_day = "Give a day from 2025-09-01 to 2025-12-31"
    for day in (date(2025, 7, 15), AUGUST, date(2025, 8, 31)):
        with pytest.raises(FlowError, match=f"bill of 2025-08 is closed.*never be billed. {open_day}"):
            add(ledger, (sample.contract(rate="0.07"), day))
    with pytest.raises(
        FlowError, match=f"recorded so already.*cannot be moved.*version 1.*stays.*{open_day}"
    ):
        add(ledger, (sample.contract(), SEPTEMBER))
    other = sample.contract("other-2025", seats=("08702990001",), site="other")
    add(ledger, (other, AUGUST))
    add(ledger, (sample.contract(rate="0.07"), SEPTEMBER))
    assert [version.effective for version in ledger.versions("zhaotong-2025")] == [JULY, SEPTEMBER]
    close(full_ledger_url, "2025-09")
    with pytest.raises(FlowError, match=r"2025-10-01 to 2025-12-31"):
        add(ledger, (sample.contract(rate="0.08"), SEPTEMBER))


def test_a_corrected_version_rates_its_calls_anew(
    full_ledger_url: str, ledger: SqlLedger, sample: SimpleNamespace, add: Add
) -> None:
    """The next rate takes up the contract's calls from the first changed day on, and no earlier ones."""
    add(ledger, (sample.contract(), JULY))
    ledger.store(sample.batch(sample.record(1), sample.record(2)), at=sample.now)
    numbers = [number for number, *_ in ledger.to_rate(again=False)]
    engine = create_engine(full_ledger_url)
    with engine.begin() as connection:
        for number, day in zip(numbers, (date(2025, 7, 9), AUGUST), strict=True):
            kept = {"record": number, "day": day, "contract": "zhaotong-2025"}
            rated = {
                "outcome": "rated",
                "reason": "",
                "microseconds": 1,
                "increments": 1,
                "amount": Decimal(1),
            }
            connection.execute(insert(rated_call).values(**kept, **rated))
        connection.execute(text("UPDATE call_record SET settled = true"))
    engine.dispose()
    add(ledger, (sample.contract(rate="0.07"), AUGUST))
    assert [number for number, *_ in ledger.to_rate(again=False)] == numbers[1:]
    add(ledger, (sample.contract(rate="0.07"), date(2025, 7, 9)))
    assert [number for number, *_ in ledger.to_rate(again=False)] == numbers


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


@pytest.mark.parametrize("mine", ["long", "second", "main"])
@pytest.mark.parametrize("theirs", ["long", "second", "main"])
def test_a_number_has_one_owner_in_whatever_role(
    ledger: SqlLedger, sample: SimpleNamespace, add: Add, mine: str, theirs: str
) -> None:
    """A long, second or main number of one contract is none of another's on the same days, but later."""
    add(ledger, (holding(sample, "one", theirs), JULY))
    with pytest.raises(FlowError) as caught:
        add(ledger, (holding(sample, "other", mine), JULY))
    assert str(caught.value).count("08702129999") == 1
    roles = {
        "second": " (second number of 08702130001) belongs to contract one",
        "main": "08702129999 belongs to contract one",
        "long": "08702129999 belongs to contract one",
    }
    assert roles[mine] in str(caught.value)
    assert (" (second number of 08702120001)." in str(caught.value)) == (theirs == "second")
    next_year = (date(2026, 1, 1), date(2026, 12, 31))
    add(ledger, (holding(sample, "other", mine, next_year), next_year[0]))


def holding(sample: SimpleNamespace, name: str, role: str, term: tuple[date, date] = (JULY, LAST)) -> Any:
    """A contract that has the number 08702129999 in that role."""
    first = "08702120001" if name == "one" else "08702130001"
    second = "08702129999" if role == "second" else None
    seats = [sample.seat(long_number=first, second_number=second)]
    if role == "long":
        seats.append(sample.seat(long_number="08702129999"))
    made = sample.contract(name, seats=seats, site=name, term=term)
    return replace(made, site=replace(made.site, main_number="08702129999")) if role == "main" else made


def test_a_predecessor_may_come_after_its_successor(
    full_ledger_url: str, ledger: SqlLedger, sample: SimpleNamespace, add: Add
) -> None:
    """A contract that ends before another begins clashes with it in nothing, recorded in any order."""
    following = sample.contract("zhaotong-2026", term=(date(2026, 1, 1), date(2026, 12, 31)))
    add(ledger, (following, date(2026, 1, 1)))
    add(ledger, (sample.contract(), JULY))
    assert [held.contract for held in ledger.look_up("08702120001", LAST)] == ["zhaotong-2025"]
    assert verify(full_ledger_url) == []


def test_a_moved_version_clashes_with_who_has_the_number_meanwhile(
    ledger: SqlLedger, sample: SimpleNamespace, add: Add
) -> None:
    """A version that gives a number up cannot be put off beyond the day another contract has it from."""
    without = sample.contract(seats=("08702120002",))
    taker = sample.contract("taker-2025", seats=("08702120001",), site="taker")
    add(ledger, (sample.contract(), JULY))
    add(ledger, (without, AUGUST), (taker, AUGUST))
    with pytest.raises(FlowError, match="08702120001 belongs to contract taker-2025"):
        add(ledger, (without, SEPTEMBER))
    add(ledger, (without, date(2025, 7, 15)))


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


def test_a_number_of_another_customer_gets_a_new_secret(
    ledger: SqlLedger, sample: SimpleNamespace, add: Add
) -> None:
    """The former customer's secret opens nothing once the number passes on; it is changed only then."""
    add(ledger, (sample.contract(), JULY))
    first = dict(ledger.secrets("zhaotong"))
    taker = sample.contract("taker-2025", seats=("08702120001", "08702990001"), site="taker")
    taker = replace(taker, customer=Customer(name="另一办公室"))
    add(ledger, (taker, SEPTEMBER), (sample.contract(seats=("08702120002",)), SEPTEMBER))
    second = dict(ledger.secrets("taker"))
    assert second["08702120001"] != first["08702120001"]
    assert ledger.secrets("zhaotong")["08702120002"] == first["08702120002"]
    add(ledger, (taker, SEPTEMBER))
    add(ledger, (replace(taker, customer=Customer(name="第三办公室")), SEPTEMBER))
    assert dict(ledger.secrets("taker")) == second
    add(ledger, (replace(taker, site=replace(taker.site, seats=taker.site.seats[1:])), date(2025, 10, 1)))
    add(ledger, (sample.contract(), date(2025, 10, 1)))
    assert ledger.secrets("zhaotong")["08702120001"] not in (
        first["08702120001"],
        second["08702120001"],
    )


def test_a_customers_next_contract_keeps_the_secrets(
    ledger: SqlLedger, sample: SimpleNamespace, add: Add
) -> None:
    """A contract that follows another of the same customer leaves its telephones as they are."""
    add(ledger, (sample.contract(), JULY))
    first = dict(ledger.secrets("zhaotong"))
    next_year = (date(2026, 1, 1), date(2026, 12, 31))
    add(ledger, (sample.contract("zhaotong-2026", term=next_year), next_year[0]))
    assert dict(ledger.secrets("zhaotong")) == first


def test_the_audit_keeps_what_was_replaced(
    full_ledger_url: str, ledger: SqlLedger, sample: SimpleNamespace, add: Add
) -> None:
    """The audit has the replaced version whole, with its day, beside what took its place."""
    add(ledger, (sample.contract(), JULY))
    add(ledger, (sample.contract(rate="0.07"), AUGUST))
    engine = create_engine(full_ledger_url)
    with engine.begin() as connection:
        rows = list(connection.execute(select(audit.c.event, audit.c.detail).order_by(audit.c.id)))
    assert [row.event for row in rows] == ["contract-recorded"] * 2
    add(ledger, (sample.contract(rate="0.08"), AUGUST))
    with engine.begin() as connection:
        *_, last = connection.execute(select(audit.c.event, audit.c.detail).order_by(audit.c.id))
    engine.dispose()
    assert last.event == "contract-replaced"
    former = last.detail["former"]
    assert from_document(Contract, former["document"]) == sample.contract(rate="0.07")
    assert (last.detail["version"], former["effective"], former["recorded_by"]) == (
        2,
        "2025-08-01",
        sample.who,
    )
    assert "CANARY" not in str(last.detail)


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
