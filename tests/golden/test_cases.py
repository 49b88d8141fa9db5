"""The golden cases: contract file, number sheet and call records go in, verdicts and bills come out."""

from __future__ import annotations

import csv
import io
import json
import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from pbx import cdr_csv, cdr_json
from provisioning.charging.bill import make_bill
from provisioning.charging.directory import Directory
from provisioning.charging.rating import rate_call
from provisioning.core.call import Outcome
from provisioning.core.contract import ContractVersion
from provisioning.core.cycle import Cycle, shanghai_time
from provisioning.intake.contract_file import SheetFile, open_contract, read_contracts

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/contract.yaml"))
BILLS = sorted(HERE.glob("*/bill-*.json"))
REWRITE = "SEATLINE_REWRITE_GOLDEN"
COLUMNS = ("answered", "src", "dst", "seconds", "outcome", "contract", "seat", "zone", "amount", "reason")


def versions_of(case: Path) -> tuple[ContractVersion, ...]:
    file = open_contract("contract.yaml", (case / "contract.yaml").read_bytes())
    if file.sheet_named is not None:
        content = (case / file.sheet_named).read_bytes()
        file = file.with_sheet(SheetFile(name=file.sheet_named, content=content))
    reading = read_contracts([file])
    assert reading.problems == ()
    (contract,) = reading.contracts
    return (ContractVersion(contract=contract, number=1, effective=contract.term.first),)


def records_of(case: Path):
    """The union of both files by key, in call order; a record with microseconds takes the other's place."""
    found = {}
    for name, parse in (("Master.csv", cdr_csv.parse), ("seatline.json", cdr_json.parse)):
        path = case / name
        for line in path.read_bytes().splitlines() if path.exists() else ():
            record = parse(line)
            found[record.uniqueid, record.sequence] = record
    return sorted(found.values(), key=lambda record: (record.answer or record.start, record.uniqueid))


def rated_of(case: Path):
    directory = Directory(versions_of(case))
    return [(record, rate_call(record, directory)) for record in records_of(case)]


def bill_of(case: Path, cycle: Cycle):
    calls = [call for _, call in rated_of(case) if call.cycle == cycle and call.contract is not None]
    return make_bill(versions_of(case), cycle, calls).document()


def verdicts(case: Path) -> str:
    """calls.csv: a line for each record, for reading and for comparing."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for record, call in rated_of(case):
        answered = shanghai_time(record.answer).replace(tzinfo=None) if record.answer is not None else ""
        lasted = record.end - record.answer if record.answer is not None else 0
        seconds = timedelta(microseconds=lasted).total_seconds()
        of_call = (call.outcome, call.contract, call.seat, call.zone, call.amount, call.reason)
        rows.writerow((answered, record.src, record.dst, seconds, *of_call))
    return text.getvalue()


def pretty(document) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def agrees(expected: Path, found: str) -> None:
    """Compares with the file of the case, or writes it when asked to."""
    if os.environ.get(REWRITE):
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_record_has_its_verdict(case: Path) -> None:
    """Each record of a case has the owner, the zone, the price and the reason that its calls.csv says."""
    agrees(case / "calls.csv", verdicts(case))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_verdicts_are_counted(case: Path) -> None:
    """The verdicts of a case are as many of each kind as its rate.json says."""
    outcomes = [call.outcome for _, call in rated_of(case)]
    agrees(case / "rate.json", pretty({outcome.value: outcomes.count(outcome) for outcome in Outcome}))


@pytest.mark.parametrize("bill", BILLS, ids=lambda bill: f"{bill.parent.name}-{bill.stem}")
def test_each_bill_is_as_it_should_be(bill: Path) -> None:
    """The bill of a case and cycle is, to the fen and the letter, the one in its folder."""
    agrees(bill, pretty(bill_of(bill.parent, Cycle.parse(bill.stem.removeprefix("bill-")))))


def recurring(case: str, cycle: str) -> Decimal:
    document = bill_of(HERE / case, Cycle.parse(cycle))
    return sum((Decimal(line["amount"]) for line in document["recurring"]), Decimal(0))


def charged(case: str) -> list[tuple[str, str]]:
    """The charged calls of a case: when answered in Shanghai, and the price."""
    return [
        (f"{shanghai_time(record.answer):%Y-%m-%d %H:%M:%S}", str(call.amount))
        for record, call in rated_of(HERE / case)
        if call.outcome is Outcome.RATED
    ]


def test_zhaotong_costs_what_its_paper_says() -> None:
    """Zhaotong's 69 seats and lines cost 8156.00 a month and 48936.00 in its six months, then nothing."""
    months = [recurring("zhaotong", f"2025-{month:02d}") for month in range(7, 13)]
    assert months == [Decimal("8156.00")] * 6
    assert sum(months) == Decimal("48936.00")
    assert recurring("zhaotong", "2025-06") == recurring("zhaotong", "2026-01") == 0


def test_the_last_second_of_july_is_july() -> None:
    """A call answered at 2025-07-31 23:59:59 in Shanghai is on July's bill, the next second on August's."""
    cycles = {
        f"{shanghai_time(record.answer):%m-%d %H:%M:%S}": str(call.cycle)
        for record, call in rated_of(HERE / "zhaotong")
        if record.answer is not None
    }
    assert (cycles["07-31 23:59:59"], cycles["08-01 00:00:00"]) == ("2025-07", "2025-08")


def test_jilin_charges_started_minutes_from_august_on() -> None:
    """12393's calls of July are free as trial use; from August 61 s cost 0.12 and 60 s cost 0.06."""
    assert charged("jilin")[:2] == [("2025-08-01 00:00:00", "0.12"), ("2025-08-01 09:00:00", "0.06")]


def test_kizilsu_charges_a_second_as_a_minute() -> None:
    """A family call of one second costs 0.15, and the service 138237.00 once, in June 2024."""
    assert charged("kizilsu")[0] == ("2025-07-01 19:00:00", "0.15")
    assert [bill_of(HERE / "kizilsu", Cycle(2024, month))["amount"] for month in (5, 6, 7)] == [
        "0.00",
        "138237.00",
        "0.00",
    ]
