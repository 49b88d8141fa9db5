"""However a workbook is made, reading it ends soon, in bounded memory, and in a problem at most."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.core.problem import Problem
from provisioning.intake import compound_file
from provisioning.intake.compound_file import CompoundFile
from provisioning.intake.number_rows import Rows, sheet_rows
from provisioning.intake.wrong import Wrong
from provisioning.intake.zip_parts import MAX_KEPT, MAX_UNPACKED, Parts

Book = Callable[..., bytes]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
NUMBERS = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>长号</t></is></c></row>'
    '<row r="2"><c r="A2" t="inlineStr"><is><t>08702120001</t></is></c></row>'
).encode()
MEGABYTE = 1024 * 1024


def relations(**targets: str) -> bytes:
    each = (
        f'<Relationship Id="{kind}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for kind, target in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}">{"".join(each)}</Relationships>'.encode()


def xlsx(rows: Iterable[bytes], strings: bytes = b"") -> bytes:
    """A workbook by hand, its only sheet of these rows below one number."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", relations(officeDocument="xl/workbook.xml"))
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            '<sheet name="S" sheetId="1" r:id="worksheet"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", relations(worksheet="sheet.xml", sharedStrings="strings.xml")
        )
        archive.writestr("xl/strings.xml", f'<sst xmlns="{MAIN}">'.encode() + strings + b"</sst>")
        with archive.open("xl/sheet.xml", "w", force_zip64=True) as sheet:
            sheet.write(f'<worksheet xmlns="{MAIN}"><sheetData>'.encode() + NUMBERS)
            for row in rows:
                sheet.write(row)
            sheet.write(b"</sheetData></worksheet>")
    return made.getvalue()


def ods(body: str) -> bytes:
    """A workbook by hand, its only sheet of this body."""
    made = BytesIO()
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f"<office:document-content{names}><office:body><office:spreadsheet>"
            f'<table:table table:name="S">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return made.getvalue()


def ods_row(text: str, rows: int = 1, columns: int = 1, more: str = "") -> str:
    return (
        f'<table:table-row table:number-rows-repeated="{rows}"><table:table-cell office:value-type="string" '
        f'table:number-columns-repeated="{columns}"{more}><text:p>{text}</text:p></table:table-cell>'
        "</table:table-row>"
    )


def only(read: Rows) -> Problem:
    [problem] = read.problems
    return problem


BLANK_ROWS = (
    b'<row r="3" spans="1:5" s="1" customFormat="1">'
    + b"".join(b'<c r="%s3" s="1"/>' % column for column in (b"A", b"B", b"C", b"D", b"E"))
    + b"</row>"
) * 10_000

HOSTILE: Mapping[str, tuple[str | None, Callable[[], bytes]]] = {
    "a million blank rows": (None, lambda: xlsx([BLANK_ROWS] * 105)),
    "a million blank rows, ods": (
        None,
        lambda: ods(
            ods_row("长号")
            + ods_row("08702120001")
            + '<table:table-row table:number-rows-repeated="1048573">'
            '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
        ),
    ),
    "more than is unpacked": ("workbook-too-large", lambda: xlsx([b" " * MEGABYTE] * 520)),
    "more than is kept": ("workbook-too-large", lambda: xlsx([b" " * MEGABYTE] * 140)),
    "the last cell there is": (
        "sheet-too-large",
        lambda: xlsx([b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>']),
    ),
    "the last cell there is, named by counting": (
        "sheet-too-large",
        lambda: xlsx([b'<row r="1048575"/><row>' + b"<c/>" * 16383 + b"<c><v>1</v></c></row>"]),
    ),
    "a million numbers": (
        "too-many-cells",
        lambda: xlsx([b'<row r="3"><c r="A3"><v>1</v></c><c r="B3"><v>1</v></c></row>' * 10_000] * 52),
    ),
    "a million numbers, counted": (
        "too-many-cells",
        lambda: xlsx([b"<row><c><v>1</v></c><c><v>1</v></c></row>" * 10_000] * 52),
    ),
    "one text in every cell": (
        "too-much-text",
        lambda: xlsx(
            [b'<row r="3"><c r="A3" t="s"><v>0</v></c></row>' * 20_000],
            b"<si><t>" + b"x" * 30_000 + b"</t></si>",
        ),
    ),
    "one text in every cell, ods": (
        "too-much-text",
        lambda: ods(ods_row("x" * 30_000, rows=20_000)),
    ),
    "a row as often as there can be, ods": (
        "too-many-cells",
        lambda: ods(ods_row("x", rows=1_048_576, columns=5)),
    ),
    "more rows than there are numbers for, ods": ("too-much-text", lambda: ods(ods_row("x", rows=10**18))),
    "a formula in all cells, ods": (
        "too-many-cells",
        lambda: ods(ods_row("x", rows=1_048_576, columns=16384, more=' table:formula="of:=1"')),
    ),
    "a cell far to the right, ods": (
        "sheet-too-large",
        lambda: ods(
            '<table:table-row><table:table-cell table:number-columns-repeated="16383"/>'
            '<table:table-cell office:value-type="string"/></table:table-row>' + ods_row("x", rows=1000)
        ),
    ),
    "a table that never ends, ods": (
        "workbook-broken",
        lambda: changed(ods(ods_row("x")), "content.xml", b"</table:table>", b"</table:teble>"),
    ),
    "merged beyond counting": (
        "too-many-cells",
        lambda: changed(
            xlsx([]),
            "xl/sheet.xml",
            b"</sheetData>",
            b"</sheetData><mergeCells>" + b'<mergeCell ref="A1:A1048576"/>' * 100 + b"</mergeCells>",
        ),
    ),
    "as many texts as it says": (
        None,
        lambda: changed(
            xlsx([]), "xl/strings.xml", b"<sst ", b'<sst count="4000000000" uniqueCount = "4000000000" '
        ),
    ),
}


def changed(book: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """The workbook with a piece of one part replaced."""
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(book)) as archive, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as again:
        for name in archive.namelist():
            content = archive.read(name)
            assert name != part or old in content
            again.writestr(name, content.replace(old, new) if name == part else content)
    return made.getvalue()


_MEASURE = """
import sys
from pathlib import Path
from provisioning.intake.number_rows import sheet_rows
def peak():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024
content = Path(sys.argv[1]).read_bytes()
before = peak()
read = sheet_rows("numbers.xlsx", content)
print([p.code for p in read.problems if p.code != "named-otherwise"], len(read.rows), peak() - before)
"""


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_workbook_is_bounded(case: str, tmp_path: Path) -> None:
    """A file of a few hundred KB that claims or unpacks to gigabytes takes less than 400 MB, and ends."""
    code, made = HOSTILE[case]
    file = tmp_path / "numbers"
    file.write_bytes(made())
    measured = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(file)], capture_output=True, text=True, check=True, timeout=120
    )
    problems, rest = measured.stdout.strip().rsplit("]", 1)
    rows, grown = map(int, rest.split())
    assert problems == (f"['{code}'" if code else "[")
    assert rows == (0 if code else 1)
    assert grown < 400


def with_record(stream: bytes, kind: int, change: bytes, at: int = 0) -> bytes:
    """The stream of an .xls with some bytes of its first record of that kind changed."""
    where = 0
    while (found := struct.unpack_from("<HH", stream, where))[0] != kind:
        where += 4 + found[1]
    where += 4 + at
    return stream[:where] + change + stream[where + len(change) :]


@pytest.mark.parametrize(
    ("kind", "change", "at", "outcome"),
    [
        (0x0200, b"\xff\xff\xff\xf0\xff\xff\xff\xff\x00\x00\xff\xff", 0, "[] 4"),
        (0x00FC, b"\xff\xff\xff\x7f", 4, "['workbook-broken'] 0"),
    ],
    ids=["how far it reaches", "how many texts"],
)
def test_an_xls_that_claims_more_than_it_has(
    kind: int, change: bytes, at: int, outcome: str, sheets: Path, tmp_path: Path
) -> None:
    """What a sheet says of its own size is set right before the library reserves memory for it."""
    stream = with_record(CompoundFile((sheets / "annex.xls").read_bytes()).read("Workbook"), kind, change, at)
    file = tmp_path / "numbers"
    file.write_bytes(compound_file.packed("Workbook", stream))
    measured = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(file)], capture_output=True, text=True, check=True, timeout=120
    )
    assert measured.stdout.startswith(outcome)


def test_blank_rows_cost_next_to_nothing(tmp_path: Path) -> None:
    """A million rows that hold a format only are never in memory together: less than 64 MB for 190 MB."""
    file = tmp_path / "numbers"
    file.write_bytes(xlsx([BLANK_ROWS] * 105))
    measured = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(file)], capture_output=True, text=True, check=True, timeout=120
    )
    assert int(measured.stdout.split()[-1]) < 64


def test_a_declared_size_is_not_believed() -> None:
    """A part that says it is small is unpacked no further than the budget, nor one that says it is huge."""
    honest = xlsx([b" " * MEGABYTE] * 140)
    size = (140 * MEGABYTE).to_bytes(4, "little")[1:]  # the size in the list of contents ends in these bytes
    assert size in honest
    liar = honest.replace(size, (0).to_bytes(3, "little"))
    assert only(sheet_rows("numbers.xlsx", liar)).code in ("workbook-too-large", "workbook-broken")


def test_all_parts_share_one_budget() -> None:
    """Many parts that are each within bounds are not together, even if they are the same bytes."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(6):
            archive.writestr(f"{number}", b" " * (MAX_KEPT // 4))
    parts = Parts(made.getvalue())
    for number in range(4):
        assert len(parts.read(f"{number}")) == MAX_KEPT // 4
    with pytest.raises(Wrong, match="unpacked"):
        parts.read("4")
    assert MAX_KEPT < MAX_UNPACKED


def test_a_list_of_contents_without_end_is_not_read() -> None:
    """A zip file of a hundred thousand parts is refused before its list of contents is read."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"xl/{number:060}", b"")
    problem = only(sheet_rows("numbers.xlsx", made.getvalue()))
    assert problem.code == "workbook-too-large"


def test_the_longest_list_there_may_be_is_read(book: Book) -> None:
    """Fifty thousand seats with twelve columns stay within all bounds."""
    cells = b"".join(b'<c r="%c3" t="s"><v>0</v></c>' % (66 + n) for n in range(11))
    rows = (
        b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>0870%07d</t></is></c>%s</row>'
        % (n, n, 2_100_000 + n, cells.replace(b'3"', b'%d"' % n))
        for n in range(3, 50_002)
    )
    read = sheet_rows("numbers.xlsx", xlsx(rows, "<si><t>备注</t></si>".encode()))
    assert read.problems == ()
    assert len(read.rows) == 50_000


@pytest.mark.parametrize("name", ["faults.xls", "faults.ods", "faults-libreoffice.xlsx", "annex.xls"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_damaged_workbook_is_read_or_refused(name: str, seed: int) -> None:
    """Whatever bytes are wrong in a workbook, there are rows or problems, and never an exception."""
    content = damaged((Path(__file__).parent / "sheets" / name).read_bytes(), random.Random(seed))
    read = sheet_rows(name, content)
    assert read.rows or read.problems
    assert all(problem.hint for problem in read.problems)


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The file with some bytes changed; of a zip in one of its parts, of an .xls in its stream."""
    if content.startswith(compound_file.SIGNATURE):
        return compound_file.packed("Workbook", _spoilt(CompoundFile(content).read("Workbook"), chance))
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as archive, zipfile.ZipFile(made, "w") as again:
        names = [name for name in archive.namelist() if archive.getinfo(name).file_size]
        spoilt = chance.choice(names)
        for name in names:
            part = archive.read(name)
            again.writestr(name, _spoilt(part, chance) if name == spoilt else part)
    return made.getvalue()


def _spoilt(part: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(part)
    for _ in range(chance.choice((1, 2, 8))):
        at = chance.randrange(len(spoilt))
        spoilt[at : at + chance.choice((0, 1, 4))] = chance.choice(
            (b"\xff", b"\0", b"\xff\xff\xff\x7f", b"9")
        )
    return bytes(spoilt)


def test_a_sector_chain_in_a_circle_is_a_broken_file(sheets: Path) -> None:
    """An .xls file whose sectors follow one another for ever is refused, not followed."""
    content = bytearray((sheets / "annex.xls").read_bytes())
    table = (int.from_bytes(content[76:80], "little") + 1) * 512
    first = int.from_bytes(content[48:52], "little")
    content[table + 4 * first : table + 4 * first + 4] = first.to_bytes(4, "little")
    with pytest.raises(Wrong, match="damaged"):
        CompoundFile(bytes(content))


def test_what_the_library_raises_is_a_problem(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception of the library, and a panic, which is none of Exception, never reach the user."""

    class Panic(BaseException):
        pass

    for fault in (ValueError("no"), Panic("range end index 2 out of range")):

        def fail(*_: object, fault: BaseException = fault) -> None:
            raise fault

        monkeypatch.setattr(
            "provisioning.intake.workbook.CalamineWorkbook.from_filelike", fail, raising=False
        )
        assert only(sheet_rows("numbers.xlsx", book({"号码": {"A1": "长号"}}))).code == "workbook-broken"
