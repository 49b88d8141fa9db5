"""How long `check` takes to read a contract with 50,000 seats, beside the bare cost of reading the same rows.

    .venv/bin/python tests/benchmarks/bench_sheets.py [SEATS]

The sheet has the columns 长号 短号 姓名 部门 备注. "check" is everything from the bytes of the files to the
contract: reading, each cell's value, all rules. The bare cost is python-calamine's own for the workbook, and
csv.reader's for the text, in the same run and in turn; the figures are medians. The aim is under 2 s.
"""

from __future__ import annotations

import csv
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO, StringIO

import xlsxwriter
from python_calamine import CalamineWorkbook

from provisioning.flows.check_contracts import check

RUNS = 5
CONTRACT = """contract: long-2025
customer: {name: 某单位}
operator: {name: 某运营商}
term: {from: 2025-07-01, to: 2025-12-31}
calls:
  increment: 60
  rates: {internal: "0", local: "0.06", domestic: "0.06", service: "0.06", hmt: closed, international: closed}
  incoming: "0"
site:
  name: long
  area_code: "0870"
  numbers: SHEET
  ims: {domain: ims.example.net, proxy: "sip:127.0.0.1:5070"}
"""


def rows(seats: int) -> Iterator[list[str]]:
    yield ["长号", "短号", "姓名", "部门", "备注"]
    for n in range(seats):
        yield [
            f"0870{2_000_000 + n}",
            str(600_000 + n),
            f"用户{n}",
            f"部门{n % 40}",
            "值班室" if n % 3 else "",
        ]


def as_xlsx(seats: int) -> bytes:
    made = BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    sheet = book.add_worksheet("号码")
    for number, row in enumerate(rows(seats)):
        for column, text in enumerate(row):
            if text:
                sheet.write_string(number, column, text)
    book.close()
    return made.getvalue()


def as_csv(seats: int) -> bytes:
    made = StringIO()
    csv.writer(made).writerows(rows(seats))
    return made.getvalue().encode("utf-8-sig")


def checked(name: str, sheet: bytes, seats: int) -> None:
    def read(path: str, limit: int) -> bytes:
        return (sheet if path == name else CONTRACT.replace("SHEET", name).encode())[:limit]

    reading = check(["contract.yaml"], read)
    if reading.problems or reading.seats != seats:
        raise SystemExit(f"not read: {reading.problems[:3]}")


def by_calamine(sheet: bytes) -> None:
    for _ in CalamineWorkbook.from_filelike(BytesIO(sheet)).get_sheet_by_index(0).iter_rows():
        pass


def by_csv(sheet: bytes) -> None:
    for _ in csv.reader(StringIO(sheet.decode("utf-8-sig"))):
        pass


def timed(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    seats = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    for name, sheet, bare, library in (
        ("numbers.xlsx", as_xlsx(seats), by_calamine, "calamine alone"),
        ("numbers.csv", as_csv(seats), by_csv, "csv.reader alone"),
    ):
        whole_check = partial(checked, name, sheet, seats)
        pairs = [(timed(whole_check), timed(partial(bare, sheet))) for _ in range(RUNS)]
        whole, alone = (statistics.median(times) for times in zip(*pairs, strict=True))
        print(
            f"{name:14}{seats:7} seats{len(sheet) / 1e6:6.1f} MB   check{whole:6.2f} s   "
            f"{library}{alone:6.2f} s   {whole / alone:5.1f} x"
        )


if __name__ == "__main__":
    main()
