"""Contracts checked together do not own the same thing, and all problems of all files are told at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from provisioning.intake.contract_file import Reading

ReadTexts = Callable[[Mapping[str, str | bytes]], Reading]


@pytest.fixture
def other(sample: str) -> str:
    """A second contract that shares nothing with the sample but its short numbers."""
    return (
        sample.replace("zhaotong", "qujing").replace("0870212", "0874312").replace('"0870"', '"0874"')
    ).replace("c0:74:ad:00:00:01", "c0:74:ad:00:00:99")


def found(reading: Reading) -> list[tuple[str, str]]:
    return [(problem.code, str(problem.place)) for problem in reading.problems]


def test_contracts_may_share_short_numbers(sample: str, other: str, read: ReadTexts) -> None:
    """Two contracts that share only short numbers are both read."""
    reading = read({"a.yaml": sample, "b.yaml": other})
    assert found(reading) == []
    assert [contract.id for contract in reading.contracts] == ["zhaotong-2025", "qujing-2025"]
    assert reading.seats == 6


@pytest.mark.parametrize(
    ("code", "old", "new", "place"),
    [
        ("number-in-two-contracts", '"08743120002"', '"08702120003"', "b.yaml:45:21"),
        ("number-in-two-contracts", '"08743120000"', '"08702120003"', "b.yaml:48:16"),
        ("site-in-two-contracts", "name: qujing\n", "name: zhaotong\n", "b.yaml:41:9"),
        ("mac-in-two-contracts", "c0:74:ad:00:00:99", "c0:74:ad:00:00:01", "b.yaml:51:57"),
        ("duplicate-contract", "contract: qujing-2025", "contract: zhaotong-2025", "b.yaml:1:11"),
    ],
)
def test_one_thing_in_two_contracts(
    code: str, old: str, new: str, place: str, sample: str, other: str, read: ReadTexts
) -> None:
    """A number, a site, a device or a contract's name stands in one file only; the message names both."""
    reading = read({"a.yaml": sample, "b.yaml": other.replace(old, new, 1)})
    assert found(reading) == [(code, place)]
    assert "a.yaml:" in reading.problems[0].message
    assert reading.contracts == ()


def test_a_version_beside_itself_is_one_problem(sample: str, read: ReadTexts) -> None:
    """The same contract in two files is told once, not once for each of its numbers."""
    assert found(read({"a.yaml": sample, "b.yaml": sample})) == [("duplicate-contract", "b.yaml:1:11")]


def test_all_problems_of_all_files_at_once(sample: str, other: str, read: ReadTexts) -> None:
    """Syntax, schema, rows, sums and files that are not there are told together, in order."""
    bad = sample.replace("  - {item: line-30m,", "  - {itm: x, item: line-30m,").replace(
        '"08702120002"', "8702120002"
    )
    bad = bad.replace('term: "39432.00"', 'term: "1.00"').replace("to: 2025-12-31", "to: 2025-12-32")
    start, end = other.index("    - {long"), other.index("  short_numbers:")
    with_sheet = other[:start].rstrip() + " b.csv\n" + other[end:]
    reading = read(
        {
            "a.yaml": bad,
            "b.yaml": with_sheet,
            "b.csv": "long_number,短号\n08743120001,110\n08743120001,6001\n8.7E+10,6001\n",
            "c.yaml": "a: [",
            "d.yaml": sample.replace("numbers:\n", "nombres:\n"),
        }
    )
    assert found(reading) == [
        ("bad-date", "a.yaml:4:30"),
        ("unknown-key", "a.yaml:16:6"),
        ("number-not-text", "a.yaml:45:21"),
        ("short-number-collides", "b.csv:2:13"),
        ("duplicate-long-number", "b.csv:3:1"),
        ("scientific-notation", "b.csv:4:1"),
        ("duplicate-short-number", "b.csv:4:9"),
        ("yaml-syntax", "c.yaml:1:5"),
        ("duplicate-contract", "d.yaml:1:11"),
        ("missing-key", "d.yaml:41:3"),
        ("unknown-key", "d.yaml:43:3"),
    ]
    assert reading.contracts == ()


def test_files_that_are_not_there(sample: str, read: ReadTexts) -> None:
    """A missing contract file is a problem beside those of the others."""
    from provisioning.flows.check_contracts import check

    def nothing(path: str, limit: int) -> bytes:
        raise {"a.yaml": FileNotFoundError(2, "no"), "b.yaml": IsADirectoryError(21, "no")}.get(
            path, PermissionError(13, "Permission denied")
        )

    reading = check(["a.yaml", "b.yaml", "c.yaml", "a.yaml"], nothing)
    assert found(reading) == [
        ("file-missing", "a.yaml"),
        ("file-unreadable", "b.yaml"),
        ("file-unreadable", "c.yaml"),
    ]
    assert "Permission denied" in reading.problems[2].message


def test_a_sheet_is_looked_for_beside_its_contract(sample: str, read: ReadTexts) -> None:
    """A sheet's name is relative to the file that names it; .. and absolute names are the user's own."""
    start, end = sample.index("    - {long"), sample.index("  short_numbers:")
    rows = "long_number\n08702120001\n08702120002\n08702120003\n"
    for name, at in (("n.csv", "in/n.csv"), ("../n.csv", "in/../n.csv"), ("/n.csv", "/n.csv")):
        text = sample[:start].rstrip() + f" {name}\n" + sample[end:]
        reading = read({"in/a.yaml": text, at: rows})
        assert found(reading) == []
        assert reading.seats == 3
