"""Sample contracts for the intake's tests, and a way to read texts as if they were files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter

from provisioning.flows.check_contracts import check
from provisioning.intake.contract_file import Reading

ReadTexts = Callable[[Mapping[str, str | bytes]], Reading]
MakeBook = Callable[..., bytes]


def make_book(sheets: Mapping[str, Mapping[str, object]], **options: Mapping[str, object]) -> bytes:
    """An .xlsx workbook by XlsxWriter: values by cell ("A3") or range ("A3:B4", merged) for each sheet.

    Text is written as text, numbers as numbers, ("=...", result) as a formula. `shown` says of a sheet
    "hide" or "very_hidden", `hidden_rows` which rows of it are hidden.
    """
    made = BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for name, cells in sheets.items():
        sheet = book.add_worksheet(name)
        if name in options.get("shown", {}):
            getattr(sheet, str(options["shown"][name]))()
        for row in options.get("hidden_rows", {}).get(name, ()):
            sheet.set_row(row - 1, None, None, {"hidden": True})
        for place, value in cells.items():
            if ":" in place:
                sheet.merge_range(place, value)
            elif isinstance(value, str):
                sheet.write_string(place, value)
            elif isinstance(value, bool):
                sheet.write_boolean(place, value)
            elif isinstance(value, date):
                sheet.write_datetime(place, value, day)
            elif isinstance(value, tuple):
                formula, result = value
                array = formula.startswith("{")
                (sheet.write_array_formula if array else sheet.write_formula)(place, formula, None, result)
            else:
                sheet.write_number(place, value)
    book.close()
    return made.getvalue()


def read_texts(files: Mapping[str, str | bytes]) -> Reading:
    """Checks the .yaml files of a folder in memory; the others are there to be referred to."""

    def read(path: str, limit: int) -> bytes:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory")
        content = files[path]
        return (content if isinstance(content, bytes) else content.encode())[:limit]

    return check([name for name in files if name.endswith(".yaml")], read)


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The folder of sample contracts."""
    return Path(__file__).parent / "contracts"


@pytest.fixture(scope="session")
def sample(contracts: Path) -> str:
    """A contract that uses every key of the contract file but those of `promises`, and has no error."""
    return (contracts / "zhaotong.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def promises() -> str:
    """A contract with every feature and rule, and seats that use them; nothing is wrong or odd in it."""
    return (Path(__file__).parent / "promises/zhaotong.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def sheets() -> Path:
    """The folder of workbooks that other programs wrote."""
    return Path(__file__).parent / "sheets"


@pytest.fixture(scope="session")
def book() -> MakeBook:
    return make_book


@pytest.fixture(scope="session")
def read() -> ReadTexts:
    return read_texts
