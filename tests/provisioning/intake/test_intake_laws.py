"""Laws of the intake: any text gives contracts or problems, and one broken thing is never let through."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.intake.contract_file import Reading
from provisioning.intake.number_rows import sheet_rows

ReadTexts = Callable[[Mapping[str, str | bytes]], Reading]

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

PIECES = st.sampled_from(
    [
        *("contract: x", "site:", "  numbers:", "- ", "{", "}", "[", "]", ": ", ", ", "\n", "\n  ", '"', "'"),
        *("#", "|", "&a ", "*a", "!t ", "!!", "<<", "?", "0870", "2025-07-01", "seats", "\t", "\r", "\\"),
        *("%", "---\n", "~", "长"),
    ]
)


def sound(reading: Reading) -> None:
    """Either contracts or problems, each problem whole."""
    assert bool(reading.problems) != bool(reading.contracts)
    for problem in (*reading.problems, *reading.warnings):
        assert problem.code
        assert problem.message
        assert problem.hint
        assert problem.place.file
        (problem.message + problem.hint + str(problem.place)).encode()  # no lone surrogates
        assert not set(problem.message + problem.hint) & set("\0\n\r\x1b")


@quick
@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=30).map(lambda p: "".join(p).encode())))
def test_any_file_is_read_or_refused(read: ReadTexts, content: bytes) -> None:
    """Any bytes as a contract file give contracts or problems, never a fault."""
    sound(read({"x.yaml": content}))


@quick
@given(st.data())
def test_a_mutated_contract_is_read_or_refused(read: ReadTexts, sample: str, data: st.DataObject) -> None:
    """A good contract with pieces cut out, doubled or replaced is read or refused with reasons."""
    start = data.draw(st.integers(0, len(sample)))
    end = data.draw(st.integers(start, min(len(sample), start + 40)))
    text = sample[:start] + data.draw(st.one_of(PIECES, st.text(max_size=5))) + sample[end:]
    sound(read({"x.yaml": text.encode("utf-8", errors="surrogatepass")}))


@quick
@given(st.data())
def test_a_cut_line_is_never_half_read(read: ReadTexts, sample: str, data: st.DataObject) -> None:
    """Leaving out any line of a good contract gives a contract or a problem."""
    lines = sample.splitlines(keepends=True)
    gone = data.draw(st.integers(0, len(lines) - 1))
    sound(read({"x.yaml": "".join(lines[:gone] + lines[gone + 1 :])}))


CELLS = st.one_of(
    st.sampled_from(
        ["long_number", "IMS固话号码", "备注", "08702120001", "6001", "甲方", '"', '""', "8E+10", "1"]
    ),
    st.text(max_size=6),
)


@quick
@given(st.lists(st.lists(CELLS, max_size=5), max_size=6), st.sampled_from(",;\t"), st.booleans())
def test_any_sheet_is_read_or_refused(table: list[list[str]], delimiter: str, header: bool) -> None:
    """Any table as a number sheet gives rows or problems, and every row its place."""
    lines = [delimiter.join(row) for row in table]
    text = "\n".join((["long_number" + delimiter + "备注"] if header else []) + lines)
    read = sheet_rows("n.csv", text.encode("utf-8", errors="surrogatepass"))
    assert read.rows or read.problems
    for row in read.rows:
        assert row.line >= 1
        assert "long_number" in row.values or "long_number" in row.faulty or read.problems


@quick
@given(st.binary(max_size=300))
def test_any_bytes_are_a_sheet_or_a_problem(content: bytes) -> None:
    """Any bytes as a number sheet give rows or problems, never a fault."""
    read = sheet_rows("n.csv", content)
    assert read.rows or read.problems


@quick
@given(
    st.lists(st.integers(0, 9999), min_size=1, max_size=12),
    st.permutations(["long_number", "short_number", "remark", "房间"]),
)
def test_order_of_columns_does_not_matter(numbers: list[int], header: list[str]) -> None:
    """A sheet with its columns in any order gives the same rows; a number twice is always found."""
    rows = [
        {"long_number": f"0870212{n:04}", "short_number": f"6{n:04}", "remark": "备注", "房间": str(n)}
        for n in numbers
    ]
    lines = [",".join(header)] + [",".join(row[name] for name in header) for row in rows]
    read = sheet_rows("n.csv", "\n".join(lines).encode())
    assert read.problems == ()
    assert [row.get("long_number") for row in read.rows] == [row["long_number"] for row in rows]
    assert [row.extra["房间"] for row in read.rows] == [row["房间"] for row in rows]


@quick
@given(first=st.integers(0, 2), second=st.integers(0, 2))
def test_a_number_twice_is_always_found(read: ReadTexts, sample: str, first: int, second: int) -> None:
    """Whichever seat takes another's number, exactly that is told."""
    names = [f'"0870212000{n}"' for n in (1, 2, 3)]
    text = sample.replace("long_number: " + names[first], "long_number: " + names[second], 1)
    codes = {problem.code for problem in read({"x.yaml": text}).problems} - {
        "payer-without-seat"
    }  # whose seat is gone
    assert codes == (set() if first == second else {"duplicate-long-number"})
