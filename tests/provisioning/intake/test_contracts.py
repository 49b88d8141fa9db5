"""The schema serves all five real contracts, and a contract is read as exactly what its file says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from provisioning.core.contract import (
    Allowance,
    Contract,
    Due,
    LateFee,
    Payer,
    Policy,
    Prorate,
    Recurring,
    Zone,
)
from provisioning.core.document import from_document, to_document
from provisioning.core.site import (
    Iad,
    Ims,
    NumberIn,
    NumbersOut,
    Seat,
    SessionTimers,
    ShortNumbers,
    VoiceLine,
)
from provisioning.intake.contract_file import Reading

ReadTexts = Callable[[Mapping[str, str | bytes]], Reading]
DEMO = Path(__file__).parents[3] / "docker" / "demo"


def folder(path: Path) -> dict[str, str | bytes]:
    return {file.name: file.read_bytes() for file in sorted(path.iterdir()) if file.is_file()}


def test_the_demo_contracts_are_read(read: ReadTexts) -> None:
    """The three contracts of the demo have 69, 1 and 12 seats and no error."""
    reading = read(folder(DEMO))
    assert reading.problems == ()
    assert {c.site.name: len(c.site.seats) for c in reading.contracts} == {
        "zhaotong": 69,
        "jilin": 1,
        "kizilsu": 12,
    }
    assert reading.seats == 82


def test_the_sample_contracts_are_read(contracts: Path, read: ReadTexts) -> None:
    """A voice line on a trunk with a GBK list, and members the group pays for, fit the schema too."""
    reading = read(folder(contracts))
    assert reading.problems == ()
    ordos, wulate, zhaotong = reading.contracts
    assert len(ordos.site.seats) == 21
    assert ordos.site.seats[0].extra == {"序号": "1"}
    assert ordos.recurring[0].prorate is Prorate.ONCE
    assert ordos.billing.starts == date(2025, 10, 1)
    assert wulate.site.seats == ()
    assert [payer.way for payer in wulate.payers] == ["amount", "share", "items", "fixed"]
    assert wulate.payers[2] == Payer(seat="13800138003", way="items", items=("package",))
    assert zhaotong.site.ims_user("08702120001") == "+868702120001"


def test_the_example_of_the_design_is_read(contracts: Path, read: ReadTexts) -> None:
    """The example that explains the contract file, with 69 number rows, has no error."""
    reading = read(folder(contracts.parent / "example"))
    assert reading.problems == ()
    assert reading.seats == 69
    assert {warning.code for warning in reading.warnings} == {
        *("feature-without-data", "not-charged-yet", "number-unusual", "too-few-ports"),
        "switchboard-without-operators",
    }


@pytest.fixture(scope="module")
def zhaotong(sample: str, read: ReadTexts) -> Contract:
    [contract] = read({"zhaotong.yaml": sample}).contracts
    return contract


def test_terms_and_billing_are_read_exactly(zhaotong: Contract) -> None:
    """Days, shares and choices of the file are those of the contract."""
    assert zhaotong.id == "zhaotong-2025"
    assert zhaotong.customer.group_code == "8700000001"
    assert (zhaotong.term.first, zhaotong.term.last) == (date(2025, 7, 1), date(2025, 12, 31))
    assert (zhaotong.term.renewal_months, zhaotong.term.notice_days) == (0, 30)
    billing = zhaotong.billing
    assert billing.due == Due(days=30)
    assert billing.late_fee == LateFee(rate=Decimal("0.003"), per="day", of="arrears")
    assert (billing.payment, billing.invoice_every_months, billing.rounding) == ("prepaid", 6, "call")
    assert (billing.reconcile_within, billing.keep_months) == (Decimal("0.05"), 6)


def test_fees_are_read_exactly(zhaotong: Contract) -> None:
    """Amounts are the decimals as written; seats in service are a quantity of None, no quantity is 1."""
    assert zhaotong.recurring[2] == Recurring(
        item="seat", name="座机", quantity=None, unit=Decimal("24.00"), tax=Decimal("0.09")
    )
    assert zhaotong.recurring[3].quantity == Decimal(1)
    assert (zhaotong.stated.month, zhaotong.stated.term) == (Decimal("6572.00"), Decimal("39432.00"))
    assert zhaotong.once == ()


def test_tariff_and_policy_are_read_exactly(zhaotong: Contract) -> None:
    """A closed zone has the rate None, hours are minutes after midnight."""
    calls = zhaotong.calls
    assert calls is not None
    assert calls.rates == {
        Zone.INTERNAL: Decimal(0),
        Zone.LOCAL: Decimal("0.06"),
        Zone.DOMESTIC: Decimal("0.06"),
        Zone.SERVICE: Decimal("0.06"),
        Zone.HMT: None,
        Zone.INTERNATIONAL: None,
    }
    assert calls.allowance == Allowance(minutes=1300, per="seat", zones=(Zone.LOCAL, Zone.DOMESTIC))
    assert zhaotong.policy == Policy(
        hours=(480, 1140),
        calls_per_number_per_day=500,
        calls_per_callee_per_day=10,
        recording_keep_days=30,
        max_call_seconds=900,
    )
    assert zhaotong.messages is not None
    assert (zhaotong.messages.price, zhaotong.messages.signature) == (Decimal("0.04"), "吉林医保")


def test_the_site_is_read_exactly(zhaotong: Contract) -> None:
    """Seats, lines, devices and the operator's IMS are those of the file."""
    site = zhaotong.site
    assert site.seats[1] == Seat(
        long_number="08702120002", short_number="6002", iad="iad-1", port=2, mobile="13800138000"
    )
    assert site.seats[2].features == ("fax", "video")
    assert site.seats[2].allowed == ("6001", "01085200000")
    assert site.short_numbers == ShortNumbers(digits=4, first="6")
    assert site.voice_lines == (VoiceLine(bandwidth="100M", count=1, concurrent_calls=30),)
    assert site.iads == (Iad(name="iad-1", model="grandstream-gxw4248", mac="c0:74:ad:00:00:01"),)
    assert site.ims == Ims(
        domain="ims.example.net",
        proxy="sip:127.0.0.1:5070",
        auth_user="86{area}{local}@{domain}",
        realm="ims.example.net",
        expires=600,
        reliable="required",
        session_timers=SessionTimers(use="required", expires=1200, least=120),
        identity="ppi",
        user_phone=False,
        numbers_out=NumbersOut(
            fixed="0{area}{local}",
            mobile="{number}",
            service="{area}{number}",
            emergency="+86{number}",
            international="+{abroad}",
        ),
        numbers_in=(NumberIn(begins="9", becomes=""), NumberIn(begins="17951", becomes="+86")),
    )
    assert len(site.features) == 9


def test_a_contract_survives_the_ledger(zhaotong: Contract) -> None:
    """A contract that was read becomes a document and the same contract again."""
    assert from_document(Contract, to_document(zhaotong)) == zhaotong


def test_what_the_file_leaves_out_has_a_default(sample: str, read: ReadTexts) -> None:
    """A contract needs only its parties, term and site; charging then starts with the term."""
    lines = sample.splitlines(keepends=True)
    kept = "".join(lines[:4]) + "site:\n  name: z\n  area_code: '0870'\n  numbers:\n"
    kept += "    - {long_number: '08702120001'}\n"
    reading = read({"a.yaml": kept})
    assert reading.problems == ()
    [contract] = reading.contracts
    assert contract.billing.starts == date(2025, 7, 1)
    assert contract.calls is None
    assert {warning.code for warning in reading.warnings} == {"calls-not-priced", "no-ims"}


@pytest.fixture(scope="module")
def members(contracts: Path) -> str:
    return (contracts / "wulate.yaml").read_text(encoding="utf-8")


def test_members_need_no_numbers(members: str, read: ReadTexts) -> None:
    """Where the group only pays for its members' mobiles, numbers may be empty or left out."""
    for text in (members, members.replace("  numbers: []\n", "")):
        reading = read({"a.yaml": text})
        assert reading.problems == ()
        assert reading.contracts[0].site.seats == ()


EMPTY = [
    ("no-numbers", "  numbers: []", "{item: seat, name: 座机, quantity: 170", "a fee is charged by seats"),
    ("no-numbers", "  numbers: []", "{item: package, name: 集团套餐, quantity: seats", "charged by seats"),
    ("missing-key", "", "{item: package, name: 集团套餐, quantity: seats", "under site"),
]


@pytest.mark.parametrize(("code", "numbers", "fee", "told"), EMPTY)
def test_seats_that_are_charged_have_numbers(
    code: str, numbers: str, fee: str, told: str, members: str, read: ReadTexts
) -> None:
    """A contract with a fee by seats is not read without number rows, and is told what [] is for."""
    text = members.replace("  numbers: []", numbers).replace(
        "{item: package, name: 集团套餐, quantity: 170", fee
    )
    [problem] = [p for p in read({"a.yaml": text}).problems if p.code == code]
    assert told in problem.message
    assert "payers" in problem.hint


def test_a_contract_without_seats_and_payers_is_refused(members: str, read: ReadTexts) -> None:
    """Nobody is served by a contract that has neither numbers nor payers."""
    text = members[: members.index("payers:")] + members[members.index("site:") :]
    [problem] = read({"a.yaml": text}).problems
    assert (problem.code, problem.message) == (
        "no-numbers",
        "site.numbers is empty, and there are no payers either",
    )


def test_a_missing_site_is_explained(members: str, read: ReadTexts) -> None:
    """Whoever leaves out the site is told what a members' contract writes there."""
    [problem] = read({"a.yaml": members[: members.index("site:")]}).problems
    assert problem.code == "missing-key"
    assert "numbers: []" in problem.hint


def test_an_empty_sheet_is_no_contract(sample: str, read: ReadTexts) -> None:
    """A sheet of a header alone is refused, also when something is odd in the header."""
    start, end = sample.index("    - {long"), sample.index("  short_numbers:")
    text = sample[:start].rstrip() + " n.csv\n" + sample[end:]
    reading = read({"a.yaml": text, "n.csv": "long_number,short_nmber\n"})
    assert [problem.code for problem in reading.problems] == ["no-numbers"]


def test_a_files_name_cannot_break_the_line(sample: str, read: ReadTexts) -> None:
    """A line break in the name of a file is shown written out."""
    reading = read({"a\nb.yaml": sample.replace("to: 2025-12-31", "to: 2025-12-32")})
    assert {problem.place.file for problem in reading.problems} == {"a<U+000A>b.yaml"}


BLANKS = [
    ('total: "4860.00"', 'total: " 4860.00 "'),
    ("to: 2025-12-31", "to: '2025-12-31 '"),
    ("operator: {name: 中国移动云南昭通分公司}", "operator:\n  name: |\n    中国移动云南昭通分公司"),
    ('short_number: "6002"', 'short_number: " 6002"'),
]


@pytest.mark.parametrize(("old", "new"), BLANKS)
def test_blanks_around_a_value_are_nothing(old: str, new: str, sample: str, read: ReadTexts) -> None:
    """Ordinary blanks and line ends around a value are left out without a word."""
    assert sample.count(old) == 1
    plain, blank = read({"a.yaml": sample}), read({"a.yaml": sample.replace(old, new)})
    assert blank.contracts == plain.contracts
    assert [w.message for w in blank.warnings] == [w.message for w in plain.warnings]


def test_a_wrong_reference_is_told_where_it_is_used(sample: str, read: ReadTexts) -> None:
    """A value that is wrong only where * refers to it is a problem there."""
    text = sample.replace("name: 昭通某办公室", "name: &n 昭通某办公室").replace(
        "payment: prepaid", "payment: *n"
    )
    [problem] = read({"a.yaml": text}).problems
    assert (problem.code, problem.place.line, problem.place.column) == ("bad-choice", 7, 12)


def test_a_site_without_ims_is_told(sample: str, read: ReadTexts) -> None:
    """A site that has seats and no way to the operator gives a warning."""
    text = "".join(line for line in sample.splitlines(keepends=True) if not line.startswith("  ims:"))
    reading = read({"a.yaml": text})
    assert reading.problems == ()
    assert "no-ims" in {warning.code for warning in reading.warnings}


def test_rows_written_in_the_file_keep_extra_keys(sample: str, read: ReadTexts) -> None:
    """A row in the contract file may have keys of the user's own, and Chinese ones."""
    text = sample.replace('short_number: "6002"', '对应短号码: "6002", 房间: "301"')
    reading = read({"a.yaml": text})
    assert reading.problems == ()
    seat = reading.contracts[0].site.seats[1]
    assert (seat.short_number, dict(seat.extra)) == ("6002", {"房间": "301"})


@pytest.mark.parametrize("term", ["78864.00", "65720.00"])
def test_a_trial_may_or_may_not_be_in_the_stated_term(term: str, sample: str, read: ReadTexts) -> None:
    """With a trial the paper's total counts the months of the term or only the charged ones."""
    text = sample.replace("to: 2025-12-31", "to: 2026-06-30").replace(
        "starts: 2025-07-01", "starts: 2025-09-01"
    )
    assert read({"a.yaml": text.replace("39432.00", term)}).problems == ()
