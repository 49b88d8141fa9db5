"""A worksheet says of each port what to type, and of an unused one that it is disabled."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from pbx.iad.device import Device, Label, Line, Port, Server
from provisioning.documents.iad_worksheet import HEADINGS, as_page, as_workbook, rows

AWKWARD = '=HYPERLINK("http://x")<script>&\'张'
LINES = (
    Line(user="+868702120001", auth_user="+868702120001@ims.example.net", password="Secret1"),
    Line(user="08702120003", auth_user="seat-08702120003", password="0123456789012345678", untouched=True),
    Line(user="08702120004", auth_user="seat-08702120004", password="1e5", display=AWKWARD, t38=True),
)
DEVICE = Device(
    name="iad-1",
    model="huawei-iad1224",
    mac="00:11:22:33:44:5a",
    server=Server(domain="ims.example.net", proxy="192.0.2.10:5070", expires=1800, reliable="supported"),
    ports=(
        Port(number=1, line=LINES[0]),
        Port(number=2),
        Port(number=3, line=LINES[1]),
        Port(number=4, line=LINES[2]),
    ),
    settings={"caller_id": "fsk"},
    admin_password="Admin1",
)


class Cells(HTMLParser):
    """The cells of a page's table, row by row, and every tag and attribute there is."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self._in_cell = False
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        self._in_cell = tag == "td"

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def test_a_port_in_use_says_all_there_is_to_type() -> None:
    """The row of a port in use has number, display, domain, digest user, password, proxy, expiry, fax."""
    assert rows(DEVICE)[0] == (
        *(
            "1",
            "启用 enabled",
            "",
            "",
            "",
            "+868702120001",
            "",
            "ims.example.net",
            "+868702120001@ims.example.net",
        ),
        *("Secret1", "192.0.2.10:5070", "1800", "透传 pass-through"),
    )
    assert [row[-1] for row in rows(DEVICE)] == ["透传 pass-through", "", "传真/POS专线 fax, POS", "T.38"]


def test_an_unused_port_is_disabled_and_shows_nothing_else() -> None:
    """An unused port has a row with its number that says disabled."""
    assert rows(DEVICE)[1] == ("2", "停用 disabled", *[""] * 11)


def test_the_workbook_holds_the_rows_as_text() -> None:
    """A number, a password of digits and a formula are texts in the workbook, to the last character."""
    sheets = CalamineWorkbook.from_filelike(BytesIO(as_workbook(DEVICE)))
    read = sheets.get_sheet_by_name("IAD").to_python(skip_empty_area=False)
    assert "iad-1  huawei-iad1224  MAC 00:11:22:33:44:5a" in read[0][0]
    assert read[1] == [f"{chinese} {english}" for chinese, english, _ in HEADINGS]
    assert [tuple(row) for row in read[2:]] == list(rows(DEVICE))
    advice = "\n".join(row[0] for row in sheets.get_sheet_by_name("说明").to_python())
    assert "caller_id: fsk" in advice
    assert "Admin1" in advice


def test_the_page_holds_the_same_rows() -> None:
    """The page to print has the rows of the workbook, to the last character."""
    assert [tuple(row) for row in Cells(as_page(DEVICE)).rows[1:]] == list(rows(DEVICE))


def test_the_page_fetches_and_runs_nothing() -> None:
    """Whatever a name holds, the page has no tag but its own, and nothing that loads anything."""
    page = Cells(as_page(replace(DEVICE, name=AWKWARD)))
    assert set(page.tags) == {
        *("html", "head", "meta", "title", "style", "body", "h1", "p", "table", "thead", "tbody", "tr"),
        *("th", "br", "td", "ul", "li"),
    }
    assert set(page.attributes) <= {"lang", "charset", "http-equiv", "content", "class"}
    assert b"url(" not in as_page(DEVICE)
    assert b"default-src 'none'" in as_page(DEVICE)


@pytest.mark.parametrize("write", [as_workbook, as_page])
def test_the_same_device_gives_the_same_bytes(write: object) -> None:
    """A worksheet made twice is the same file: its digest says whether anything changed."""
    assert callable(write)
    assert write(DEVICE) == write(DEVICE)


def test_a_port_says_whose_telephone_it_is() -> None:
    """Who wires the ports reads short number, name and department, in both papers; an unused one has none."""
    labels = {
        1: Label(short_number="6001", name="张伟", department="总务处"),
        2: Label(short_number="6002", name="nobody"),
    }
    made = rows(DEVICE, labels)
    assert made[0][:6] == ("1", "启用 enabled", "6001", "张伟", "总务处", "+868702120001")
    assert set(made[1][2:]) == {""}
    assert [tuple(row) for row in Cells(as_page(DEVICE, labels)).rows[1:]] == list(made)
    sheets = CalamineWorkbook.from_filelike(BytesIO(as_workbook(DEVICE, labels)))
    read = sheets.get_sheet_by_name("IAD").to_python(skip_empty_area=False)
    assert [tuple(row) for row in read[2:]] == list(made)
