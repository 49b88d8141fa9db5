"""A number sheet to fill in: what is written is read back, as a contract's rows and as a change."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.core.site import Seat, ShortNumbers
from provisioning.documents.number_sheet import number_sheet
from provisioning.flows.lay_out_sheet import Outline
from provisioning.intake import change_sheet, schema
from provisioning.intake.kinds import FEATURES
from provisioning.intake.number_rows import sheet_rows
from provisioning.intake.recorded import seat as seat_of

FULL = Seat(
    long_number="08702120001",
    short_number="6001",
    remark="=1+1",
    name="张某",
    department="办公室, 二楼",
    iad="iad-1",
    port=24,
    mobile="13800138000",
    second_number="08702120009",
    features=("fax", "video"),
    changed_to="08702120008",
    allowed=("01085200000", "6002"),
    mobile_short="6801",
    further=("13900138001", "6002"),
    ring_order="in-order",
    forward_always="13900138001",
    forward_busy="6002",
    forward_no_answer="13900138003",
    forward_unreachable="01085200000",
    zones=("+international", "-domestic"),
    extra={"房间": "301", "工位号": "@SUM(A1)", "备用": "-"},
)
PLAIN = Seat(long_number="12393")


def outline(*seats: Seat, **more: object) -> Outline:
    return Outline(contract="zhaotong-2025", customer="某办公室", seats=seats, **more)


def read_back(content: bytes) -> tuple[Seat, ...]:
    rows = sheet_rows("numbers.xlsx", content)
    assert rows.problems == ()
    return tuple(map(seat_of, rows.rows))


def parts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml")}


@pytest.mark.parametrize("changes", [False, True])
def test_every_column_is_read_back(changes: bool) -> None:
    """All columns, those of unknown headers too, come back as they were; nothing is a formula or a number."""
    content = number_sheet(outline(FULL, PLAIN, changes=changes))
    assert read_back(content) == (FULL, PLAIN)
    sheet = parts(content)["xl/worksheets/sheet1.xml"]
    assert "<f>" not in sheet
    cells = re.findall(r"<c [^>]*>", sheet)
    assert cells
    assert all('t="s"' in cell or cell.endswith("/>") for cell in cells)


@pytest.mark.parametrize("count", [0, 69, 1000])
def test_as_many_seats_as_there_are(count: int) -> None:
    """No seat, an office and a large site are written and read back."""
    seats = tuple(Seat(long_number=f"0870{2120000 + n}", short_number=str(6000 + n)) for n in range(count))
    content = number_sheet(outline(*seats, short_numbers=ShortNumbers(digits=4, first="6")))
    if seats:
        assert read_back(content) == seats
    else:
        assert [problem.code for problem in sheet_rows("n.xlsx", content).problems] == ["no-numbers"]


def test_a_sheet_for_changes_is_read_as_a_change() -> None:
    """With --change it has 操作 and 原号码; as it is written it asks for nothing but what is so already."""
    asked = change_sheet.read("n.xlsx", number_sheet(outline(FULL, PLAIN, changes=True)))
    assert asked.problems == ()
    assert [(entry.operation, entry.former) for entry in asked.entries] == [(None, None)] * 2
    assert seat_of(asked.entries[1].row) == PLAIN
    strings = parts(number_sheet(outline(PLAIN, changes=True)))["xl/sharedStrings.xml"]
    assert ">操作<" in strings
    assert ">原号码<" in strings
    assert ">操作<" not in parts(number_sheet(outline(PLAIN)))["xl/sharedStrings.xml"]


def test_what_may_be_typed_is_offered_and_checked() -> None:
    """IADs and features are lists, ports and numbers have their rules, and all columns are Text."""
    content = number_sheet(
        outline(
            PLAIN,
            short_numbers=ShortNumbers(digits=4, first="67"),
            iads=("iad-1", "iad-2"),
            most_ports=48,
            changes=True,
        )
    )
    sheet = parts(content)["xl/worksheets/sheet1.xml"]
    assert '"iad-1,iad-2"' in sheet
    assert f'"{",".join(FEATURES)}"' in sheet
    assert '"增加,删除,变更"' in sheet
    assert "LEN(B3)=4" in sheet
    assert "&lt;=48" in sheet
    assert 'state="frozen"' in sheet
    assert "<autoFilter" in sheet
    assert 'numFmtId="49"' in parts(content)["xl/styles.xml"]  # the format Text


@pytest.mark.parametrize("changes", [False, True])
def test_the_header_stays_in_sight(changes: bool) -> None:
    """The rows down to the header, and the first column, are frozen; what scrolls begins with a seat."""
    book = parts(number_sheet(outline(FULL, PLAIN, changes=changes)))
    sheet = book["xl/worksheets/sheet1.xml"]
    (pane,) = re.findall(r"<pane [^>]*>", sheet)
    said = dict(re.findall(r'(\w+)="([^"]*)"', pane))
    header = int(said["ySplit"])
    assert (said["state"], said["xSplit"], said["topLeftCell"]) == ("frozen", "1", f"B{header + 1}")
    strings = re.findall(r"<t[^>]*>([^<]*)</t>", book["xl/sharedStrings.xml"])

    def first_column(row: int) -> str:
        (index,) = re.findall(rf'<c r="A{row}"[^>]*><v>([0-9]+)</v>', sheet)
        return strings[int(index)]

    assert schema.HEADERS[first_column(header)] == "long_number"
    assert first_column(header + 1) == FULL.long_number


def test_many_iads_are_offered_from_a_hidden_sheet() -> None:
    """A list too long for a rule stands in a hidden sheet, which does not confuse reading."""
    names = tuple(f"iad-{n:04}" for n in range(300))
    content = number_sheet(outline(PLAIN, iads=names))
    assert "lists!$A$1:$A$300" in parts(content)["xl/worksheets/sheet1.xml"]
    assert read_back(content) == (PLAIN,)


def test_the_instructions_name_no_column() -> None:
    """No line of the instructions can be taken for a header, and they are the second sheet that is seen."""
    book = parts(number_sheet(outline(PLAIN, changes=True)))
    assert re.findall(r'<sheet name="([^"]*)"', book["xl/workbook.xml"]) == ["长短号变更明细", "填写说明"]
    page = book["xl/worksheets/sheet2.xml"]
    strings = re.findall(r"<t[^>]*>([^<]*)</t>", book["xl/sharedStrings.xml"])
    lines = [strings[int(index)] for index in re.findall(r"<v>([0-9]+)</v>", page)]
    assert len(lines) == 9
    assert not any(line in schema.HEADERS for line in lines)


def test_the_same_sheet_has_the_same_bytes() -> None:
    """Written twice, a sheet is the same file: no clock is in it."""
    assert number_sheet(outline(FULL)) == number_sheet(outline(FULL))


TEXTS = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"], exclude_characters="\u00a0\u00ad"),
    min_size=1,
    max_size=12,
).map(str.strip)


@settings(max_examples=60)
@given(TEXTS.filter(bool), TEXTS.filter(bool))
def test_any_text_is_read_back(remark: str, other: str) -> None:
    """Whatever a remark or an own column says, formulas and marks included, comes back as it was."""
    seat = Seat(long_number="08702120001", remark=remark, extra={"房间": other})
    rows = sheet_rows("n.xlsx", number_sheet(outline(seat)))
    assert [seat_of(row) for row in rows.rows] == [seat]


def test_columns_of_ones_own_that_would_ask_for_something_are_left_out_of_a_change() -> None:
    """A contract's own 原号码, 原短号 and 操作 are kept, but do not stand in a sheet of changes."""
    own = {"原号码": "08703120001", "原短号": "8001", "操作": "见注", "房间": "301"}
    seat = Seat(long_number="08702120001", short_number="6001", extra=own)
    assert read_back(number_sheet(outline(seat))) == (seat,)
    asked = change_sheet.read("n.xlsx", number_sheet(outline(seat, changes=True)))
    assert asked.problems == ()
    (entry,) = asked.entries
    assert (entry.operation, entry.former, entry.former_short) == (None, None, None)
    assert dict(entry.row.extra) == {"房间": "301"}
